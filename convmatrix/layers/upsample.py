"""Resizing by nearest neighbour or linear interpolation."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Any

from convmatrix.errors import GeometryError
from convmatrix.layers.arguments import (
    flag,
    per_axis,
    per_channel,
)
from convmatrix.layers.base import ChannelwiseLayer
from convmatrix.layers.calling import public
from convmatrix.limits import check_memory
from convmatrix.relation import Index, is_symbolic
from convmatrix.resize import RESIZE_MODES, ResizeAxis
from convmatrix.stencil import Stencil
from convmatrix.typing import Recipe

__all__ = ["Upsample", "upsample"]


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
        factors = tuple(axis.coefficients() if linear else ((Fraction(1),),) for axis in axes)
        channels = self.in_channels
        return Stencil(tuple(axes), channels, channels, channels, factors)


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
    common = per_channel(
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
