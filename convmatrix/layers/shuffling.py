"""Layers that move every element elsewhere: channel and pixel shuffles."""

from __future__ import annotations

from dataclasses import dataclass

from convmatrix.errors import GeometryError
from convmatrix.layers.arguments import (
    axes_count,
    count,
)
from convmatrix.layers.base import AdjointLayer, ElementaryLayer
from convmatrix.layers.calling import public
from convmatrix.relation import Index
from convmatrix.stencil import Rearrangement
from convmatrix.typing import Recipe

__all__ = [
    "ChannelShuffle",
    "PixelShuffle",
    "PixelUnshuffle",
    "channel_shuffle",
    "pixel_shuffle",
    "pixel_unshuffle",
]


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
    def of(self) -> PixelUnshuffle:
        return self.unshuffle

    def recipe(self) -> Recipe:
        own = {"channels": (self.in_channels, None), "ndim": (self.ndim, 2)}
        return "pixel_shuffle", (self.unshuffle.factor,), own

    def adjoint_of(self, size: tuple[Index, ...]) -> tuple[PixelUnshuffle, tuple[Index, ...]]:
        """The unshuffling that gives blocks of this size."""
        return self.unshuffle, tuple(n * self.unshuffle.factor for n in size)


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
