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
    groups, places = stencil.groups, prod(stencil.out_shape[1:])
    flat = _by_place(x, groups)
    total = np.zeros((places, groups, len(x), stencil.out_channels // groups), x.dtype)
    for outputs, inputs, tap in _taps(stencil, weight):
        total[outputs] += flat[inputs] @ tap
    return total.transpose(2, 1, 3, 0).reshape(len(x), *stencil.out_shape)


def scatter(stencil: Stencil, weight: Array, y: Array) -> Array:
    """The transpose of `gather`."""
    groups, places = stencil.groups, prod(stencil.in_shape[1:])
    flat = _by_place(y, groups)
    total = np.zeros((places, groups, len(y), stencil.group_channels), y.dtype)
    for outputs, inputs, tap in _taps(stencil, weight):
        np.add.at(total, inputs, flat[outputs] @ tap.swapaxes(-1, -2))
    return total.transpose(2, 1, 3, 0).reshape(len(y), *stencil.in_shape)


def _by_place(x: Array, groups: int) -> Array:
    """`(batch, channels, *size)` as `(places, groups, batch, channels/groups)`."""
    return x.reshape(len(x), groups, x.shape[1] // groups, -1).transpose(3, 1, 0, 2)


def _taps(stencil: Stencil, weight: Array) -> Iterator[tuple[Array, Array, Array]]:
    """For each tap: the output places where it reads an input, the places of these inputs, and the
    weights `(places, groups, in_channels/groups, out_channels/groups)` there."""
    groups, each = stencil.groups, stencil.out_channels // stencil.groups
    taps = prod(stencil.kernel)
    by_place = weight.reshape(groups, each, -1, stencil.group_channels, taps)
    for number, t in enumerate(product(*map(range, stencil.kernel))):
        inputs, live = np.zeros((), np.int64), np.ones((), bool)
        for axis, tap in zip(stencil.axes, t, strict=True):
            along = axis.read(np.arange(axis.outputs), tap)
            inputs = inputs[..., None] * axis.size + along
            live = live[..., None] & axis.inside(along)
        outputs = np.flatnonzero(live)
        yield (
            outputs,
            inputs.reshape(-1)[outputs],
            by_place[..., number].transpose(2, 0, 3, 1)[outputs],
        )
