"""A stencil with fixed coefficients: one pass an axis, since they are products over the axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from convmatrix.relation import Axis
from convmatrix.resize import ResizeAxis
from convmatrix.stencil import Factors, Stencil
from convmatrix.typing import Array

__all__ = ["gather", "scatter"]


def gather(stencil: Stencil, x: Array) -> Array:
    """`(batch, channels, *size)` → `(batch, channels, *outputs)`."""
    assert stencil.factors is not None
    for j, (axis, rows) in enumerate(zip(stencil.axes, stencil.factors, strict=True), start=2):
        table = _factors(rows, x.dtype)
        shape = [*x.shape]
        shape[j] = axis.outputs
        total = np.zeros(shape, x.dtype)
        for t in range(axis.kernel):
            reads, live = _reads(axis, t)
            part = np.take(x, np.where(live, reads, 0), axis=j)
            part = part * _along(np.broadcast_to(table[:, t], (axis.outputs,)), j, x.ndim)
            total += part if live.all() else np.where(_along(live, j, x.ndim), part, 0)
        x = total
    return x


def scatter(stencil: Stencil, y: Array) -> Array:
    """The transpose of `gather`."""
    assert stencil.factors is not None
    for j, (axis, rows) in enumerate(zip(stencil.axes, stencil.factors, strict=True), start=2):
        table = _factors(rows, y.dtype)
        shape = [*y.shape]
        shape[j] = axis.size
        total = np.zeros(shape, y.dtype)
        target = np.moveaxis(total, j, 0)
        for t in range(axis.kernel):
            reads, live = _reads(axis, t)
            part = y * _along(np.broadcast_to(table[:, t], (axis.outputs,)), j, y.ndim)
            np.add.at(target, reads[live], np.moveaxis(part, j, 0)[live])
        y = total
    return y


def _reads(axis: Axis | ResizeAxis, t: int) -> tuple[Array, Array]:
    reads = axis.read(np.arange(axis.outputs), t)
    return reads, axis.inside(reads)


def _factors(rows: Factors, dtype: np.dtype[Any]) -> Array:
    """The coefficients in the array's own arithmetic: exact where it is exact."""
    if dtype.kind == "O":
        return np.array(rows, object)
    return np.array([[float(f) for f in row] for row in rows]).astype(dtype)


def _along(vector: Array, j: int, ndim: int) -> Array:
    return vector.reshape([-1 if i == j else 1 for i in range(ndim)])
