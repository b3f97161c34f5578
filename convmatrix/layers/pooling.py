"""Average and max pooling."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from convmatrix.errors import GeometryError, TooLargeError
from convmatrix.layers.arguments import Padding, exact, flag, padding_pairs, per_axis, per_channel
from convmatrix.layers.base import ChannelwiseLayer
from convmatrix.layers.calling import public
from convmatrix.layers.convolution import pad_axis
from convmatrix.relation import Axis, Index, is_symbolic
from convmatrix.stencil import Factors, Geometry, Stencil
from convmatrix.typing import Array, Recipe

__all__ = ["AveragePool", "MaxPool", "avg_pool", "max_pool"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Pool(ChannelwiseLayer):
    """A window that slides over each channel by itself."""

    kernel_size: tuple[Index, ...]
    stride: tuple[Index, ...]
    padding: Padding = ()
    dilation: tuple[Index, ...] = ()
    ceil_mode: bool = False

    def _recipe(self, maker: str, **more: Any) -> Recipe:
        keywords = {
            "stride": (self.stride, self.kernel_size),
            "padding": (self.padding, 0),
            "dilation": (self.dilation, 1),
            "ceil_mode": (self.ceil_mode, False),
        }
        return maker, (self.kernel_size,), {**keywords, **more, **self._common()}

    def axes(self, size: tuple[Index, ...]) -> tuple[tuple[Axis, ...], tuple[Axis, ...]]:
        """The axes with the padding as given, and with what `ceil_mode` adds behind it."""
        given = []
        for j, n in enumerate(size):
            bare = Axis(n, self.kernel_size[j], self.stride[j], self.dilation[j])
            given.append(pad_axis(bare, self.padding, j))
        if self.ceil_mode and any(is_symbolic(axis.room, axis.stride) for axis in given):
            raise GeometryError("ceil_mode needs the size in numbers; without it, symbols will do")
        axes = tuple(map(_ceil, given) if self.ceil_mode else given)
        for j, axis in enumerate(axes):
            axis.check(f"axis {j}")
        return tuple(given), axes


MOST_ROWS = 1 << 22
"""So many outputs have a divisor of their own, at most."""


def _ceil(axis: Axis) -> Axis:
    """Enough trailing padding for a last, partial window, unless it starts in the padding."""
    outputs = -(-axis.room // axis.stride) + 1
    if axis.source(outputs - 1, 0) >= axis.size:
        outputs -= 1
    if outputs <= max(0, axis.outputs):
        return axis
    return replace(axis, after=axis.after + axis.stride * (outputs - 1) - axis.room)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AveragePool(Pool):
    """The mean of each window; made by `avg_pool`."""

    count_include_pad: bool = True
    divisor_override: int | None = None

    def recipe(self) -> Recipe:
        return self._recipe(
            "avg_pool",
            count_include_pad=(self.count_include_pad, True),
            divisor_override=(self.divisor_override, None),
        )

    def bind(self, size: tuple[Index, ...]) -> Stencil:
        given, axes = self.axes(size)
        factors = tuple(
            self._factors(j, declared, axis)
            for j, (declared, axis) in enumerate(zip(given, axes, strict=True))
        )
        return Stencil(axes, self.in_channels, self.in_channels, self.in_channels, factors)

    def _factors(self, j: int, declared: Axis, axis: Axis) -> Factors:
        if self.divisor_override is not None:
            return ((Fraction(1, self.divisor_override if j == 0 else 1),) * axis.kernel,)
        if is_symbolic(axis.kernel, axis.room):
            padded = (axis.before, axis.after) != (0, 0) and not self.count_include_pad
            if padded or is_symbolic(axis.kernel):
                raise GeometryError(
                    "avg_pool with symbols has its kernel in numbers, and counts its padding if "
                    "there is any; give the size in numbers"
                )
            return ((Fraction(1, axis.kernel),) * axis.kernel,)
        if self.count_include_pad:
            low, high = -declared.before, declared.size + declared.after
        else:
            low, high = 0, declared.size
        if low == axis.first and axis.source(axis.outputs - 1, axis.kernel - 1) < high:
            return ((Fraction(1, axis.kernel),) * axis.kernel,)
        if axis.outputs > MOST_ROWS:
            raise TooLargeError(
                f"avg_pool with {axis.outputs} outputs an axis has a divisor for each, more than "
                f"the {MOST_ROWS} that are listed; count padding, or use a smaller input"
            )
        counted = replace(axis, size=high - low, before=axis.before + low)
        counts = [max(1, len(counted.live(o))) for o in range(axis.outputs)]
        rows = {count: (Fraction(1, count),) * axis.kernel for count in set(counts)}
        return tuple(rows[count] for count in counts)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MaxPool(Pool):
    """The largest element of each window; made by `max_pool`. It has connections, no matrix."""

    def recipe(self) -> Recipe:
        return self._recipe("max_pool")

    @property
    def is_linear(self) -> bool:
        return False

    def nonlinear(self, geometry: Geometry, x: Array) -> Array:
        from convmatrix.dense import max_pool

        assert isinstance(geometry, Stencil)
        return max_pool(geometry, x)

    def bind(self, size: tuple[Index, ...]) -> Stencil:
        _, axes = self.axes(size)
        ones = tuple(((Fraction(1),) * axis.kernel,) for axis in axes)
        return Stencil(axes, self.in_channels, self.in_channels, self.in_channels, ones)


def _window(
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: Any,
    ndim: Any,
    channels: Any,
) -> dict[str, Any]:
    """The fields of a `Pool`."""
    common = per_channel(ndim, channels, kernel_size, stride, padding)
    spatial = common["spatial"]
    kernel = per_axis(kernel_size, spatial, "kernel_size")
    return {
        **common,
        "kernel_size": kernel,
        "stride": kernel if stride is None else per_axis(stride, spatial, "stride"),
        "padding": padding_pairs(padding, spatial),
        "dilation": per_axis(dilation, spatial, "dilation"),
        "ceil_mode": flag(ceil_mode, "ceil_mode"),
    }  # fmt: skip


@public
def avg_pool(
    kernel_size: Any,
    *,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    ndim: int | None = None,
    channels: int | None = None,
) -> AveragePool:
    """Average pooling, channel by channel; names and defaults are PyTorch's `AvgPool2d`.

    Parameters
    ----------
    kernel_size, stride, padding, dilation
        An int or one an axis; `stride` None means `kernel_size`.
    ceil_mode
        Let a last window hang over the end, unless it would start in the trailing padding.
    count_include_pad
        Divide by the window's size, padding included, rather than by its real elements.
    divisor_override
        Divide by this instead.
    ndim, channels
        2 and 1 where nothing else says so; on an array the array's channels.

    >>> avg_pool(2, ndim=1).on(4).to_dense()
    array([[0.5, 0.5, 0. , 0. ],
           [0. , 0. , 0.5, 0.5]])
    """
    window = _window(kernel_size, stride, padding, dilation, ceil_mode, ndim, channels)
    divisor = None if divisor_override is None else exact(divisor_override, "divisor_override")
    if divisor == 0:
        raise GeometryError("divisor_override must not be 0; leave it out for the window's size")
    counted = flag(count_include_pad, "count_include_pad")
    return AveragePool(**window, count_include_pad=counted, divisor_override=divisor)


@public
def max_pool(
    kernel_size: Any,
    *,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    ndim: int | None = None,
    channels: int | None = None,
) -> MaxPool:
    """Max pooling: it has a connectivity pattern and a graph, but it is no matrix.

    Parameters as in `avg_pool`.

    >>> max_pool(2, ndim=1)([[1, 4, 2, 3]])
    array([[4, 3]])
    """
    return MaxPool(**_window(kernel_size, stride, padding, dilation, ceil_mode, ndim, channels))
