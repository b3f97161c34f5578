"""Layers whose coefficients are fixed: average pools, resizes, padding, samples and zeros put in.

A coefficient of theirs is a product of one factor an axis (`Stencil.factors`), and every channel is
treated alike. So the layer goes axis by axis, tap by tap: along an axis of k taps its cost is k
multiplications an element, whatever the other axes' kernels are. There is nothing to choose, and
nothing is kept between calls. The factors are fractions and become what the array holds: exact in
an array of Python's numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from convmatrix.relation import Axis
from convmatrix.resize import ResizeAxis
from convmatrix.stencil import Factors, Stencil
from convmatrix.typing import Array

__all__ = ["gather", "scatter", "taken"]


def gather(stencil: Stencil, x: Array) -> Array:
    """`(batch, channels, *size)` → `(batch, channels, *outputs)`."""
    assert stencil.factors is not None
    for j, (axis, rows) in enumerate(zip(stencil.axes, stencil.factors, strict=True), start=2):
        table = _factors(rows, x.dtype)
        shape = [*x.shape]
        shape[j] = axis.outputs
        total = np.zeros(shape, x.dtype)
        for t in range(axis.kernel):
            part, live = taken(x, j, axis, t)
            part = part * _along(np.broadcast_to(table[:, t], (axis.outputs,)), j, x.ndim)
            total += part if live.all() else np.where(live, part, 0)
        x = total
    return x


def scatter(stencil: Stencil, y: Array) -> Array:
    """The transpose of `gather`: `(batch, channels, *outputs)` → `(batch, channels, *size)`."""
    assert stencil.factors is not None
    for j, (axis, rows) in enumerate(zip(stencil.axes, stencil.factors, strict=True), start=2):
        table = _factors(rows, y.dtype)
        shape = [*y.shape]
        shape[j] = axis.size
        total = np.zeros(shape, y.dtype)
        target = np.moveaxis(total, j, 0)
        for t in range(axis.kernel):
            reads = axis.read(np.arange(axis.outputs), t)
            live = axis.inside(reads)
            part = y * _along(np.broadcast_to(table[:, t], (axis.outputs,)), j, y.ndim)
            np.add.at(target, reads[live], np.moveaxis(part, j, 0)[live])
        y = total
    return y


def taken(x: Array, j: int, axis: Axis | ResizeAxis, t: int) -> tuple[Array, Array]:
    """What all outputs read through tap `t` along axis `j` of an array, and (shaped to go with
    that) which of them read an input; the others' values mean nothing."""
    reads = axis.read(np.arange(axis.outputs), t)
    live = axis.inside(reads)
    return np.take(x, np.where(live, reads, 0), axis=j), _along(live, j, x.ndim)


def _factors(rows: Factors, dtype: np.dtype[Any]) -> Array:
    """The coefficients in the array's own arithmetic: exact where it is exact."""
    if dtype.kind == "O":
        return np.array(rows, object)
    return np.array([[float(f) for f in row] for row in rows]).astype(dtype)


def _along(vector: Array, j: int, ndim: int) -> Array:
    """A vector along axis `j` of so many."""
    return vector.reshape([-1 if i == j else 1 for i in range(ndim)])
