"""Layers whose outputs are one input each or none: pad, sample, zero_insert and relu."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from convmatrix.errors import GeometryError
from convmatrix.layers.arguments import (
    Padding,
    count,
    known_mode,
    padding_pairs,
    per_axis,
    per_channel,
)
from convmatrix.layers.base import AdjointLayer, ChannelwiseLayer
from convmatrix.layers.calling import public
from convmatrix.layers.series import Sequential, sequential
from convmatrix.relation import Axis, Index, is_symbolic
from convmatrix.stencil import Geometry, Stencil
from convmatrix.typing import Array, Recipe

__all__ = ["Pad", "ReLU", "Sample", "ZeroInsert", "pad", "relu", "sample", "zero_insert"]


def _pick(axes: tuple[Axis, ...], channels: int) -> Stencil:
    """Each output is one input."""
    for j, axis in enumerate(axes):
        axis.check(f"axis {j}")
    return Stencil(axes, channels, channels, channels, (((Fraction(1),),),) * len(axes))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Pad(ChannelwiseLayer):
    """Put elements around the input, or crop it where negative; made by `pad`."""

    padding: Padding
    mode: str = "zeros"

    def recipe(self) -> Recipe:
        return "pad", (self.padding,), {"mode": (self.mode, "zeros"), **self._common()}

    def bind(self, size: tuple[Index, ...]) -> Stencil:
        pairs = zip(size, self.padding, strict=True)
        axes = (Axis(n, before=p[0], after=p[1], mode=self.mode) for n, p in pairs)
        return _pick(tuple(axes), self.in_channels)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sample(ChannelwiseLayer):
    """Keep every `stride`-th element; made by `sample`."""

    stride: tuple[Index, ...]

    def recipe(self) -> Recipe:
        return "sample", (self.stride,), self._common()

    def bind(self, size: tuple[Index, ...]) -> Stencil:
        axes = (Axis(n, stride=s) for n, s in zip(size, self.stride, strict=True))
        return _pick(tuple(axes), self.in_channels)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ReLU(ChannelwiseLayer):
    """The non-linearity max(x, 0); made by `relu`. It has connections, no matrix."""

    @property
    def is_linear(self) -> bool:
        return False

    def nonlinear(self, geometry: Geometry, x: Array) -> Array:
        return np.maximum(x, 0)

    def recipe(self) -> Recipe:
        return "relu", (), self._common()

    def bind(self, size: tuple[Index, ...]) -> Stencil:
        return _pick(tuple(Axis(n) for n in size), self.in_channels)


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class ZeroInsert(AdjointLayer):
    """Put `stride - 1` zeros between elements: the transpose of `sample`; made by `zero_insert`."""

    sample: Sample

    @property
    def of(self) -> Sample:
        return self.sample

    def with_channels(self, channels: int) -> ZeroInsert:
        return ZeroInsert(sample=self.sample.with_channels(channels))

    def recipe(self) -> Recipe:
        return "zero_insert", *self.sample.recipe()[1:]

    def adjoint_of(self, size: tuple[Index, ...]) -> tuple[Sample, tuple[Index, ...]]:
        """The sampling whose last output is the last element of its input."""
        steps = zip(size, self.sample.stride, strict=True)
        return self.sample, tuple(Axis(m, stride=s).source(m - 1, 0) + 1 for m, s in steps)


@public
def pad(
    padding: Any, *, mode: str = "zeros", ndim: int | None = None, channels: int | None = None
) -> Pad | Sequential:
    """Padding as a layer of its own: each output is one input, or (``zeros``) none.

    `padding` is an int, one an axis, or a `(before, after)` pair an axis; negative crops. A
    circular padding that also crops wraps what the crop leaves, as PyTorch does.

    >>> pad(((1, 2),), mode="circular")([[1, 2, 3]])
    array([[3, 1, 2, 3, 1, 2]])
    """
    common, mode = per_channel(ndim, channels, padding), known_mode(mode)
    pairs = padding_pairs(padding, common["spatial"])
    if isinstance(pairs, str):
        raise GeometryError(
            f"pad takes numbers, got {pairs!r}; words belong to a layer with a kernel"
        )
    if mode == "circular" and any(is_symbolic(*pair) for pair in pairs):
        pairs = tuple(
            (count(a, "padding", least=0), count(b, "padding", least=0)) for a, b in pairs
        )
        return Pad(pairs, mode, **common)
    crop = tuple((min(0, a), min(0, b)) if mode == "circular" else (0, 0) for a, b in pairs)
    if any(a or b for a, b in crop) and any(a > 0 or b > 0 for a, b in pairs):
        wrap = tuple((max(0, a), max(0, b)) for a, b in pairs)
        return sequential(Pad(crop, "zeros", **common), Pad(wrap, mode, **common))
    return Pad(pairs, mode, **common)


@public
def sample(stride: Any, *, ndim: int | None = None, channels: int | None = None) -> Sample:
    """Keep every `stride`-th element, starting with the first.

    >>> sample(2, ndim=1)([[1, 2, 3, 4, 5]])
    array([[1, 3, 5]])
    """
    common = per_channel(ndim, channels, stride)
    return Sample(per_axis(stride, common["spatial"], "stride"), **common)


@public
def zero_insert(stride: Any, *, ndim: int | None = None, channels: int | None = None) -> ZeroInsert:
    """Put `stride - 1` zeros between neighbours: the transpose of `sample`.

    >>> zero_insert(2, ndim=1)([[1, 2, 3]])
    array([[1, 0, 2, 0, 3]])
    """
    return ZeroInsert(sample=sample(stride, ndim=ndim, channels=channels))


@public
def relu(*, ndim: int | None = None, channels: int | None = None) -> ReLU:
    """The non-linearity max(x, 0), so that a stack can be told from one matrix.

    >>> relu(ndim=1)([[-1, 2]])
    array([[0, 2]])
    """
    return ReLU(**per_channel(ndim, channels))
