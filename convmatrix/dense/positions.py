"""A stencil with a weight for each output position: a pass a tap, since nothing is shared."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod

import numpy as np

from convmatrix.stencil import Stencil
from convmatrix.typing import Array

__all__ = ["gather", "scatter"]


def gather(stencil: Stencil, weight: Array, x: Array) -> Array:
    """`(batch, in_channels, *size)` → `(batch, out_channels, *outputs)`."""
    groups, each = stencil.groups, stencil.group_channels
    flat = x.reshape(len(x), groups, 1, each, -1)
    total = np.zeros((len(x), groups, stencil.out_channels // groups, _places(stencil)), x.dtype)
    for places, reads, tap in _taps(stencil, weight):
        total[..., places] += (flat[..., reads] * tap).sum(axis=3)
    return total.reshape(len(x), *stencil.out_shape)


def scatter(stencil: Stencil, weight: Array, y: Array) -> Array:
    """The transpose of `gather`."""
    groups, each = stencil.groups, stencil.group_channels
    flat = y.reshape(len(y), groups, stencil.out_channels // groups, 1, -1)
    total = np.zeros((len(y), *stencil.in_shape), y.dtype)
    target = np.moveaxis(total.reshape(len(y), groups, each, -1), -1, 0)
    for places, reads, tap in _taps(stencil, weight):
        part = (flat[..., places] * tap).sum(axis=2)
        np.add.at(target, reads, np.moveaxis(part, -1, 0))
    return total


def _places(stencil: Stencil) -> int:
    return prod(stencil.out_shape[1:])


def _taps(stencil: Stencil, weight: Array) -> Iterator[tuple[Array, Array, Array]]:
    """For each tap: the output positions where it reads an input, that input's position, and the
    weights `(groups, out_channels/groups, group_channels, positions)` of these."""
    groups, each, taps = stencil.groups, stencil.group_channels, prod(stencil.kernel)
    shaped = weight.reshape(groups, stencil.out_channels // groups, -1, each, taps)
    for number, t in enumerate(product(*map(range, stencil.kernel))):
        reads, live = np.zeros((), np.int64), np.ones((), bool)
        for axis, tap in zip(stencil.axes, t, strict=True):
            along = axis.read(np.arange(axis.outputs), tap)
            reads = reads[..., None] * axis.size + along
            live = live[..., None] & axis.inside(along)
        places = np.flatnonzero(live)
        yield places, reads.reshape(-1)[places], np.moveaxis(shaped[..., number], 2, 3)[..., places]
