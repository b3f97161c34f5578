"""Layers that pick, place or move elements: pad, sample, zero_insert, upsample and shuffles."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Any

from convmatrix.errors import GeometryError
from convmatrix.layers.base import (
    AdjointLayer,
    ChannelwiseLayer,
    ElementaryLayer,
    Padding,
    axes_count,
    count,
    flag,
    padding_mode,
    padding_pairs,
    per_axis,
)
from convmatrix.layers.calling import public
from convmatrix.layers.pooling import spatial_axes
from convmatrix.layers.series import Sequential, sequential
from convmatrix.limits import check_memory
from convmatrix.relation import Axis, Index, is_symbolic
from convmatrix.resize import RESIZE_MODES, ResizeAxis
from convmatrix.stencil import Factors, Rearrangement, Stencil
from convmatrix.typing import Recipe

__all__ = [
    "ChannelShuffle",
    "Pad",
    "PixelShuffle",
    "PixelUnshuffle",
    "ReLU",
    "Sample",
    "Upsample",
    "ZeroInsert",
    "channel_shuffle",
    "pad",
    "pixel_shuffle",
    "pixel_unshuffle",
    "relu",
    "sample",
    "upsample",
    "zero_insert",
]

UNIT: Factors = ((Fraction(1),),)


def _pick(axes: tuple[Axis, ...], channels: int) -> Stencil:
    """Each output is one input."""
    for j, axis in enumerate(axes):
        axis.check(f"axis {j}")
    return Stencil(axes, channels, channels, channels, (UNIT,) * len(axes))


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

    def recipe(self) -> Recipe:
        return "relu", (), self._common()

    def bind(self, size: tuple[Index, ...]) -> Stencil:
        return _pick(tuple(Axis(n) for n in size), self.in_channels)


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class ZeroInsert(AdjointLayer):
    """Put `stride - 1` zeros between elements: the transpose of `sample`; made by `zero_insert`."""

    sample: Sample

    @property
    def ndim(self) -> int:
        return self.sample.ndim

    @property
    def in_channels(self) -> int:
        return self.sample.in_channels

    @property
    def out_channels(self) -> int:
        return self.sample.in_channels

    @property
    def takes_channels(self) -> bool:
        return self.sample.takes_channels

    def with_channels(self, channels: int) -> ZeroInsert:
        return ZeroInsert(sample=self.sample.with_channels(channels))

    def recipe(self) -> Recipe:
        return "zero_insert", *self.sample.recipe()[1:]

    def adjoint_of(self, size: tuple[Index, ...]) -> tuple[Sample, tuple[Index, ...]]:
        """The sampling whose last output is the last element of its input."""
        steps = zip(size, self.sample.stride, strict=True)
        return self.sample, tuple(Axis(m, stride=s).source(m - 1, 0) + 1 for m, s in steps)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Upsample(ChannelwiseLayer):
    """Resize by nearest neighbour or linear interpolation; made by `upsample`."""

    size: tuple[int, ...] | None
    scale_factor: tuple[float, ...] | None
    mode: str = "nearest"
    align_corners: bool = False

    def recipe(self) -> Recipe:
        own = {
            "size": (self.size, None),
            "scale_factor": (self.scale_factor, None),
            "mode": (self.mode, "nearest"),
            "align_corners": (self.align_corners, False),
        }
        return "upsample", (), {**own, **self._common()}

    def bind(self, size: tuple[Index, ...]) -> Stencil:
        if is_symbolic(*size):
            raise GeometryError(f"upsample needs a size in numbers, got {size}")
        axes = []
        for j, n in enumerate(size):
            scale = None if self.scale_factor is None else self.scale_factor[j]
            m = self.size[j] if self.size is not None else floor(n * (scale or 1))
            if m < 1:
                raise GeometryError(
                    f"upsample leaves no output on axis {j}: size {n} times scale_factor={scale}; "
                    f"use a scale_factor of at least {1 / n:g}"
                )
            check_memory(200 * m, f"an axis resized to {m} elements", "a smaller input")
            axes.append(ResizeAxis(n, m, self.mode, scale, self.align_corners))
        linear = self.mode == "linear"
        factors = tuple(axis.coefficients() if linear else UNIT for axis in axes)
        channels = self.in_channels
        return Stencil(tuple(axes), channels, channels, channels, factors)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ChannelShuffle(ElementaryLayer):
    """Interleave the channels of `groups` groups; made by `channel_shuffle`."""

    groups: int
    in_channels: int
    ndim: int = 2

    @property
    def out_channels(self) -> int:
        return self.in_channels

    def recipe(self) -> Recipe:
        own = {"channels": (self.in_channels, None), "ndim": (self.ndim, 2)}
        return "channel_shuffle", (self.groups,), own

    def bind(self, size: tuple[Index, ...]) -> Rearrangement:
        shape = (self.in_channels, *size)
        parts = (self.groups, self.in_channels // self.groups, *size)
        order = (1, 0, *range(2, len(parts)))
        return Rearrangement(shape, parts, order, shape)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PixelUnshuffle(ElementaryLayer):
    """Move each `factor`-block of pixels into channels; made by `pixel_unshuffle`."""

    factor: int
    in_channels: int
    ndim: int = 2

    @property
    def out_channels(self) -> int:
        return self.in_channels * int(self.factor**self.ndim)

    def recipe(self) -> Recipe:
        own = {"channels": (self.in_channels, None), "ndim": (self.ndim, 2)}
        return "pixel_unshuffle", (self.factor,), own

    def bind(self, size: tuple[Index, ...]) -> Rearrangement:
        r = self.factor
        for j, n in enumerate(size):
            if n % r:
                raise GeometryError(
                    f"pixel_unshuffle needs sizes that factor={r} divides, got {n} on axis {j}; "
                    f"use {' or '.join(str(m) for m in (n // r * r, n // r * r + r) if m)}"
                )
        small = tuple(n // r for n in size)
        parts = (self.in_channels, *(part for n in small for part in (n, r)))
        inner = tuple(range(2, len(parts), 2))
        order = (0, *inner, *(j - 1 for j in inner))
        out_shape = (self.out_channels, *small)
        return Rearrangement((self.in_channels, *size), parts, order, out_shape)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PixelShuffle(AdjointLayer):
    """Move channels into `factor`-blocks of pixels: the transpose of `pixel_unshuffle`."""

    unshuffle: PixelUnshuffle

    @property
    def ndim(self) -> int:
        return self.unshuffle.ndim

    @property
    def in_channels(self) -> int:
        return self.unshuffle.out_channels

    @property
    def out_channels(self) -> int:
        return self.unshuffle.in_channels

    def recipe(self) -> Recipe:
        own = {"channels": (self.in_channels, None), "ndim": (self.ndim, 2)}
        return "pixel_shuffle", (self.unshuffle.factor,), own

    def adjoint_of(self, size: tuple[Index, ...]) -> tuple[PixelUnshuffle, tuple[Index, ...]]:
        """The unshuffling that gives blocks of this size."""
        return self.unshuffle, tuple(n * self.unshuffle.factor for n in size)


# ---------------------------------------------------------------------------- the makers


def _common(ndim: int | None, channels: int | None, *values: Any) -> dict[str, Any]:
    return {
        "spatial": spatial_axes(ndim, *values),
        "channels": None if channels is None else count(channels, "channels"),
    }


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
    common, mode = _common(ndim, channels, padding), padding_mode(mode)
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
    common = _common(ndim, channels, stride)
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
    return ReLU(**_common(ndim, channels))


_NDIM_OF_MODE = {"bilinear": 2, "trilinear": 3}


@public
def upsample(
    *,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool = False,
    ndim: int | None = None,
    channels: int | None = None,
) -> Upsample:
    """Resize each channel, with coordinates as PyTorch's `Upsample` computes them.

    Parameters
    ----------
    size, scale_factor
        One of the two, an int (or float factor) or one an axis. Either may shrink.
    mode
        ``nearest``, ``nearest-exact``, ``linear``, ``bilinear`` (2-D) or ``trilinear`` (3-D).
    align_corners
        In the linear modes, let the first and last elements keep their places.

    >>> upsample(scale_factor=2, mode="linear", ndim=1)([[0.0, 4.0]])
    array([[0., 1., 3., 4.]])
    """
    kind = "linear" if isinstance(mode, str) and mode in _NDIM_OF_MODE else mode
    if not isinstance(kind, str) or kind not in RESIZE_MODES:
        known = (*RESIZE_MODES, *_NDIM_OF_MODE)
        raise GeometryError(f"upsample mode must be one of {known}, got {mode!r}")
    if (size is None) == (scale_factor is None):
        raise GeometryError(
            f"upsample takes size or scale_factor, one of the two, got size={size!r} and "
            f"scale_factor={scale_factor!r}"
        )
    if flag(align_corners, "align_corners") and kind != "linear":
        raise GeometryError(f"align_corners belongs to the linear modes, got mode={mode!r}")
    common = _common(
        _NDIM_OF_MODE.get(mode) if ndim is None else ndim, channels, size, scale_factor
    )
    spatial = common["spatial"]
    if _NDIM_OF_MODE.get(mode, spatial) != spatial:
        raise GeometryError(
            f"mode={mode!r} has {_NDIM_OF_MODE[mode]} axes, got {spatial}; use 'linear'"
        )
    sizes = None if size is None else per_axis(size, spatial, "size")
    scales = None if scale_factor is None else _scales(scale_factor, spatial)
    return Upsample(sizes, scales, kind, flag(align_corners, "align_corners"), **common)


def _scales(value: Any, ndim: int) -> tuple[float, ...]:
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * ndim
    try:
        scales = tuple(float(v) for v in values)
    except (TypeError, ValueError):
        scales = ()
    if len(scales) != ndim or not all(0 < v < float("inf") for v in scales):
        raise GeometryError(
            f"scale_factor must be a positive number or {ndim} of them, one an axis, got {value!r}"
        )
    return scales


@public
def channel_shuffle(groups: int, *, channels: int, ndim: int = 2) -> ChannelShuffle:
    """Interleave `groups` groups of channels, so that a next grouped layer mixes them.

    `channels` is the input's. Source: X. Zhang et al., *ShuffleNet*, arXiv:1707.01083.

    >>> channel_shuffle(2, channels=4, ndim=1)([[0], [1], [2], [3]]).ravel()
    array([0, 2, 1, 3])
    """
    g, c = count(groups, "groups"), count(channels, "channels")
    if c % g:
        raise GeometryError(f"groups={g} must divide channels={c}; use a divisor of {c}")
    return ChannelShuffle(g, c, axes_count(ndim))


@public
def pixel_unshuffle(factor: int, *, channels: int, ndim: int = 2) -> PixelUnshuffle:
    """Move each block of `factor` × `factor` pixels into channels (space to depth).

    `channels` is the input's.

    >>> pixel_unshuffle(2, channels=1, ndim=1)([[0, 1, 2, 3]])
    array([[0, 2],
           [1, 3]])
    """
    return PixelUnshuffle(count(factor, "factor"), count(channels, "channels"), axes_count(ndim))


@public
def pixel_shuffle(factor: int, *, channels: int, ndim: int = 2) -> PixelShuffle:
    """Move channels into blocks of `factor` × `factor` pixels (depth to space).

    `channels` is the input's. Source: W. Shi et al., arXiv:1609.05158, equation 4.

    >>> pixel_shuffle(2, channels=2, ndim=1)([[0, 2], [1, 3]])
    array([[0, 1, 2, 3]])
    """
    r, c, axes = count(factor, "factor"), count(channels, "channels"), axes_count(ndim)
    if c % r**axes:
        raise GeometryError(
            f"pixel_shuffle needs channels divisible by factor^{axes}={r**axes}, got {c}; "
            f"use {(c // r**axes or 1) * r**axes}"
        )
    return PixelShuffle(PixelUnshuffle(r, c // r**axes, axes))
