"""Convolution and transposed convolution: the layers that have a weight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convmatrix.errors import GeometryError
from convmatrix.layers.arguments import (
    Padding,
    count,
    flag,
    frozen_array,
    known_mode,
    padding_pairs,
    per_axis,
)
from convmatrix.layers.arrays import by_float32, result_dtype
from convmatrix.layers.base import AdjointLayer, ElementaryLayer
from convmatrix.layers.remembered import geometry_at
from convmatrix.relation import Axis, Index, is_symbolic, same_padding
from convmatrix.stencil import Stencil
from convmatrix.typing import Array, Recipe

if TYPE_CHECKING:
    from convmatrix.dense import Choice

__all__ = ["Convolution", "ConvolutionTranspose", "conv", "conv_transpose", "pad_axis"]


def pad_axis(axis: Axis, padding: Padding, j: int) -> Axis:
    """Axis `j` with its padding filled in: its pair, or a word resolved at the axis' size."""
    if not isinstance(padding, str):
        before, after = padding[j]
    else:
        reach = axis.span - 1
        before, after = {"valid": (0, 0), "full": (reach, reach), "causal": (reach, 0)}.get(
            padding, (0, 0)
        )
        if padding.startswith("same"):
            total = same_padding(
                axis.size, kernel=axis.kernel, stride=axis.stride, dilation=axis.dilation
            )
            small, large = total // 2, total - total // 2
            before, after = (small, large) if padding == "same" else (large, small)
    return replace(axis, before=before, after=after)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Convolution(ElementaryLayer):
    """A convolution in 1, 2 or 3 dimensions; made by `conv1d`, `conv2d`, `conv3d` and friends.

    Its weight has the layout `(out_channels, in_channels / groups, *kernel_size)`.
    """

    in_channels: int
    out_channels: int
    kernel_size: tuple[Index, ...]
    stride: tuple[Index, ...]
    padding: Padding
    dilation: tuple[Index, ...]
    groups: int = 1
    padding_mode: str = "zeros"
    flip: bool = False
    weight: Array | None = None
    bias: Array | None = None

    @property
    def ndim(self) -> int:
        return len(self.kernel_size)

    @property
    def weight_shape(self) -> tuple[Index, ...]:
        return (self.out_channels, self.in_channels // self.groups, *self.kernel_size)

    def recipe(self) -> Recipe:
        return (
            f"conv{self.ndim}d",
            (self.in_channels, self.out_channels, self.kernel_size),
            {**self.shared(), "flip": (self.flip, False), "bias": (self.bias, None)},
        )

    def shared(self) -> dict[str, tuple[Any, Any]]:
        """The arguments that a convolution and its transpose share, with their defaults."""
        return {
            "stride": (self.stride, 1),
            "padding": (self.padding, 0),
            "dilation": (self.dilation, 1),
            "groups": (self.groups, 1),
            "padding_mode": (self.padding_mode, "zeros"),
            "weight": (self.weight, None),
        }

    @property
    def keeps_channels(self) -> bool:
        """Whether every channel keeps to itself, so that one spatial kernel can serve them all."""
        return bool(self.in_channels == self.out_channels == self.groups)

    def with_weight(self, weight: Any) -> Self:
        alike = self.kernel_size if self.keeps_channels else ()
        return replace(self, weight=frozen_array(weight, self.weight_shape, "weight", alike=alike))

    def bind(self, size: tuple[Index, ...]) -> Stencil:
        axes = []
        for j, n in enumerate(size):
            bare = Axis(
                n,
                self.kernel_size[j],
                self.stride[j],
                self.dilation[j],
                mode=self.padding_mode,
                flip=self.flip,
            )
            axis = pad_axis(bare, self.padding, j)
            axis.check(f"axis {j}")
            axes.append(axis)
        return Stencil(tuple(axes), self.in_channels, self.out_channels, self.groups)

    def run(self, x: Array, choice: Choice | None = None) -> Array:
        if self.bias is None:
            return self._linear(x, choice)
        return with_bias(partial(self._linear, choice=choice), self, x)

    def _linear(self, x: Array, choice: Choice | None) -> Array:
        """The map of its size applied; floats go to the dense path without one being made."""
        from convmatrix import dense

        weight, ndim = self.weight, self.ndim
        floats = weight is not None and weight.dtype.kind in "fc" and x.dtype.kind in "fc"
        if not floats or (choice and choice.method == "sparse"):
            return ElementaryLayer.run(self, x, choice)
        geometry = geometry_at(self, x.shape[-ndim:])
        batch, inner = x.shape[: -ndim - 1], x.shape[-ndim - 1 :]
        y: Array = dense.forward(geometry, weight, x.reshape(prod(batch), *inner), choice)
        return y.reshape(*batch, *y.shape[1:])


def with_bias(
    linear: Callable[[Array], Array], layer: Convolution | ConvolutionTranspose, x: Array
) -> Array:
    """`linear(x)` plus one bias a channel, in the dtype of that where it holds the bias' kind."""
    bias = layer.bias
    if bias is None or layer.weight is None:
        return linear(x)

    def shifted(x: Array) -> Array:
        y, column = linear(x), bias.reshape(-1, *(1,) * layer.ndim)
        if np.can_cast(bias.dtype, y.dtype, "same_kind"):
            column = column.astype(y.dtype)
        return np.asarray(y + column)

    return by_float32(shifted, x, result_dtype(layer.weight, x))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ConvolutionTranspose(AdjointLayer):
    """The adjoint of the convolution that it holds; made by `conv_transpose1d`, `2d`, `3d`.

    Its weight is that convolution's: `(in_channels, out_channels / groups, *kernel_size)` seen
    from here.
    """

    conv: Convolution
    output_padding: tuple[Index, ...]
    bias: Array | None = None

    @property
    def of(self) -> Convolution:
        return self.conv

    @property
    def groups(self) -> int:
        """Groups of channels, as in the held convolution."""
        return self.conv.groups

    @property
    def weight(self) -> Array | None:
        """The held convolution's weight."""
        return self.conv.weight

    def recipe(self) -> Recipe:
        return (
            f"conv_transpose{self.ndim}d",
            (self.in_channels, self.out_channels, self.conv.kernel_size),
            {
                **self.conv.shared(),
                "output_padding": (self.output_padding, 0),
                "bias": (self.bias, None),
            },
        )

    def with_weight(self, weight: Any) -> Self:
        return replace(self, conv=self.conv.with_weight(weight))

    def adjoint_of(self, size: tuple[Index, ...]) -> tuple[Convolution, tuple[Index, ...]]:
        """The convolution whose outputs have `size`, and its input size.

        `output_padding` inputs lie beyond the last window's reach. From `stride` on they would
        make room for one more window, so the trailing padding shrinks by as many strides.
        """
        conv = self.conv
        sizes, pads = [], []
        for j, outputs in enumerate(size):
            k, s, d = conv.kernel_size[j], conv.stride[j], conv.dilation[j]
            extra = self.output_padding[j]
            axis = pad_axis(Axis(outputs * s, k, s, d), conv.padding, j)
            n = axis.source(outputs - 1, k - 1) + 1 - axis.after
            if isinstance(conv.padding, str) and conv.padding.startswith("same"):
                n = axis.size
            after = axis.after - s * (extra // s)
            if not is_symbolic(n) and n + extra < 1:
                raise GeometryError(
                    f"the output would have {n + extra} elements on axis {j}; "
                    f"use less padding than {(axis.before, axis.after)} or a larger input"
                )
            sizes.append(n + extra)
            pads.append((axis.before, after))
        return replace(conv, padding=tuple(pads), bias=None), tuple(sizes)

    def run(self, x: Array, choice: Choice | None = None) -> Array:
        return with_bias(partial(AdjointLayer.run, self, choice=choice), self, x)


# ---------------------------------------------------------------------------- the makers


def conv(
    ndim: int,
    in_channels: Any,
    out_channels: Any,
    kernel_size: Any,
    *,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: Any = 1,
    padding_mode: str = "zeros",
    flip: bool = False,
    weight: Any = None,
    bias: Any = None,
) -> Convolution:
    """A convolution in `ndim` dimensions: the one recipe behind every maker of one."""
    channels_in, channels_out = (
        count(in_channels, "in_channels"),
        count(out_channels, "out_channels"),
    )
    layer = Convolution(
        channels_in,
        channels_out,
        per_axis(kernel_size, ndim, "kernel_size"),
        per_axis(stride, ndim, "stride"),
        padding_pairs(padding, ndim),
        per_axis(dilation, ndim, "dilation"),
        _groups(groups, channels_in, channels_out),
        known_mode(padding_mode),
        flag(flip, "flip"),
        None,
        None if bias is None else frozen_array(bias, (channels_out,), "bias"),
    )
    return layer if weight is None else layer.with_weight(weight)


def conv_transpose(
    ndim: int,
    in_channels: Any,
    out_channels: Any,
    kernel_size: Any,
    *,
    output_padding: Any = 0,
    bias: Any = None,
    **geometry: Any,
) -> ConvolutionTranspose:
    """A transposed convolution in `ndim` dimensions, holding the convolution it is adjoint to."""
    channels = count(in_channels, "in_channels"), count(out_channels, "out_channels")
    _groups(geometry.get("groups", 1), *channels)  # the names as the person gave them
    held = conv(ndim, out_channels, in_channels, kernel_size, **geometry)
    extra = per_axis(output_padding, ndim, "output_padding", least=0)
    for e, s, d in zip(extra, held.stride, held.dilation, strict=True):
        if not is_symbolic(e, s, d) and e >= max(s, d):
            raise GeometryError(
                f"output_padding must be smaller than stride or dilation, got {e} with stride={s}, "
                f"dilation={d}; use at most {max(s, d) - 1}"
            )
    if isinstance(held.padding, str) and held.padding.startswith("same") and any(extra):
        raise GeometryError(
            f"padding={held.padding!r} makes the output stride × input, so output_padding must be "
            f"0, got {output_padding!r}; give the padding in numbers instead"
        )
    shift = None if bias is None else frozen_array(bias, (held.in_channels,), "bias")
    return ConvolutionTranspose(held, extra, shift)


def _groups(value: Any, channels_in: int, channels_out: int) -> int:
    groups: int = count(value, "groups")
    for name, channels in (("in_channels", channels_in), ("out_channels", channels_out)):
        if channels % groups:
            shared = [
                g
                for g in range(1, min(channels_in, channels_out) + 1)
                if channels_in % g == 0 == channels_out % g
            ]
            raise GeometryError(
                f"groups={groups} must divide {name}={channels}; use {_choices(shared)}"
            )
    return groups


def _choices(values: list[int]) -> str:
    return " or ".join([", ".join(map(str, values[:-1])), str(values[-1])]).removeprefix(" or ")
