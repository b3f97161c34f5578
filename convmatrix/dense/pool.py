"""The largest element of each window: not linear, so outside the matrix, but it runs."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from convmatrix.stencil import Stencil

__all__ = ["max_pool"]

Array = np.ndarray[Any, Any]


def max_pool(stencil: Stencil, x: Array) -> Array:
    """`(batch, channels, *size)` → `(batch, channels, *outputs)`; NaN wins, as in PyTorch."""
    best: Array | None = None
    seen = np.zeros(stencil.out_shape[1:], bool)
    for taps in product(*map(range, stencil.kernel)):
        part, live = x, np.ones((), bool)
        for j, (axis, t) in enumerate(zip(stencil.axes, taps, strict=True)):
            reads = axis.read(np.arange(axis.outputs), t)
            inside = axis.inside(reads)
            part = np.take(part, np.where(inside, reads, 0), axis=2 + j)
            live = live & inside.reshape([-1 if i == j else 1 for i in range(len(stencil.axes))])
        if best is None:
            best = part.copy()
        else:
            better = np.where(seen, np.maximum(best, part), part)
            best = np.where(live, better, best)
        seen = seen | live
    assert best is not None
    return best
