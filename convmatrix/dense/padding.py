"""Padding an array along one axis as its relation says, and the adjoint of that."""

from __future__ import annotations

from typing import Any

import numpy as np

from convmatrix.relation import Axis
from convmatrix.typing import Array

__all__ = ["extend", "extend_adjoint"]


def extend(x: Array, axes: tuple[Axis, ...], fill: Any = 0) -> Array:
    """`x` with its last axes padded (or cropped, where negative); `fill` goes with ``zeros``."""
    for j, axis in enumerate(axes, start=x.ndim - len(axes)):
        if axis.before == 0 == axis.after:
            continue
        if axis.mode == "zeros":
            x = _surround(x, j, axis, fill)
        else:
            places = np.arange(-axis.before, axis.size + axis.after)
            x = np.take(x, axis.fold(places), axis=j)
    return x


def _surround(x: Array, j: int, axis: Axis, fill: Any) -> Array:
    start, stop = max(0, -axis.before), axis.size - max(0, -axis.after)
    core = x[(*(slice(None),) * j, slice(start, max(start, stop)))]
    before, after = max(0, axis.before), max(0, axis.after)
    shape = list(core.shape)
    shape[j] += before + after
    result = np.full(shape, fill, x.dtype)
    result[(*(slice(None),) * j, slice(before, before + core.shape[j]))] = core
    return result


def extend_adjoint(y: Array, axes: tuple[Axis, ...]) -> Array:
    """The transpose of `extend`: what was padded is added back to the input it came from."""
    for j, axis in enumerate(axes, start=y.ndim - len(axes)):
        if axis.before == 0 == axis.after:
            continue
        places = np.arange(-axis.before, axis.size + axis.after)
        folded = axis.fold(places)
        live = axis.inside(folded)
        shape = list(y.shape)
        shape[j] = axis.size
        result = np.zeros(shape, y.dtype)
        moved = np.moveaxis(result, j, 0)
        np.add.at(moved, folded[live], np.moveaxis(y, j, 0)[live])
        y = result
    return y
