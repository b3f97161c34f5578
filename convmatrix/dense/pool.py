"""The largest element of each window: not linear, so outside the matrix, but it runs."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from convmatrix.errors import ShapeError
from convmatrix.stencil import Stencil
from convmatrix.typing import Array

__all__ = ["max_pool"]


def max_pool(stencil: Stencil, x: Array) -> Array:
    """`(batch, channels, *size)` → `(batch, channels, *outputs)`.

    NaN wins, as in PyTorch; a window of padding alone gives the dtype's least value (-inf).
    """
    if x.dtype.kind == "c":
        raise ShapeError("complex numbers have no largest one; use x.real, x.imag or abs(x)")
    least: Any = -np.inf if x.dtype.kind in "fO" else x.dtype.kind != "b" and np.iinfo(x.dtype).min
    best = np.full((*x.shape[:2], *stencil.out_shape[1:]), least, x.dtype)
    for taps in product(*map(range, stencil.kernel)):
        part, live = x, np.ones((), bool)
        for j, (axis, t) in enumerate(zip(stencil.axes, taps, strict=True)):
            reads = axis.read(np.arange(axis.outputs), t)
            inside = axis.inside(reads)
            part = np.take(part, np.where(inside, reads, 0), axis=2 + j)
            live = live & inside.reshape([-1 if i == j else 1 for i in range(len(stencil.axes))])
        best = np.where(live, np.maximum(best, part), best)
    return best
