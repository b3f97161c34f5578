"""The largest element of each window: not linear, so it has no matrix and no engine, but it runs.

All taps of the window in turn, each a pass over the outputs: as many comparisons as a window has
elements.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from convmatrix.dense.fixed import taken
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
        for j, (axis, t) in enumerate(zip(stencil.axes, taps, strict=True), start=2):
            part, inside = taken(part, j, axis, t)
            live = live & inside
        best = np.where(live, np.maximum(best, part), best)
    return best
