"""Which dense algorithm runs a bound layer, and in which arithmetic."""

from __future__ import annotations

from functools import partial
from math import prod

import numpy as np

from convmatrix.dense.choice import AUTOMATIC, Choice
from convmatrix.dense.engine import engine
from convmatrix.dense.fixed import gather, scatter
from convmatrix.errors import GeometryError, ShapeError
from convmatrix.layers.arrays import HALF, by_float32, result_dtype
from convmatrix.limits import check_memory
from convmatrix.stencil import Geometry, Rearrangement, Stencil
from convmatrix.typing import Array

__all__ = ["adjoint", "forward"]


EXACT_IN_FLOAT64 = 2**53
MOST_UNASKED = 1 << 26
"""Results with more elements ask whether there is memory for them."""


def forward(bound: Geometry, weight: Array | None, x: Array, choice: Choice | None = None) -> Array:
    """Apply the matrix: `(batch, *in_shape)` → `(batch, *out_shape)`, by what was chosen."""
    if isinstance(bound, Rearrangement):
        moved = x.reshape(len(x), *bound.parts).transpose(0, *(1 + j for j in bound.order))
        return np.ascontiguousarray(moved).reshape(len(x), *bound.out_shape)
    if weight is None:
        x = _scaled(bound, x, adds=prod(bound.kernel) > 1)
        return by_float32(partial(gather, bound), x, x.dtype)
    return _in_common_arithmetic(bound, weight, x, choice or AUTOMATIC, transposed=False)


def adjoint(bound: Geometry, weight: Array | None, y: Array, choice: Choice | None = None) -> Array:
    """Apply the transposed matrix: `(batch, *out_shape)` → `(batch, *in_shape)`."""
    if isinstance(bound, Rearrangement):
        split = tuple(bound.parts[j] for j in bound.order)
        back = np.argsort(bound.order)
        moved = y.reshape(len(y), *split).transpose(0, *(1 + j for j in back))
        return np.ascontiguousarray(moved).reshape(len(y), *bound.in_shape)
    if weight is None:
        y = _scaled(bound, y, adds=bound.folds or prod(bound.kernel) > 1)
        return by_float32(partial(scatter, bound), y, y.dtype)
    return _in_common_arithmetic(bound, weight, y, choice or AUTOMATIC, transposed=True)


def _scaled(stencil: Stencil, x: Array, *, adds: bool) -> Array:
    """Integers become float64 where a coefficient is a proper fraction, int64 where they add up."""
    if x.dtype.kind not in "biu":
        return x
    assert stencil.factors is not None
    if any(f.denominator != 1 for rows in stencil.factors for row in rows for f in row):
        return x.astype(np.float64)
    return x.astype(np.int64) if adds or x.dtype.kind == "b" else x


def _in_common_arithmetic(
    stencil: Stencil, weight: Array, x: Array, choice: Choice, *, transposed: bool
) -> Array:
    """Run in the dtype of the result; integers exactly, in float64 BLAS where that is exact."""
    exact = weight.dtype.kind in "biu" and x.dtype.kind in "biu"
    if not exact:
        dtype = result_dtype(weight, x)
        if dtype == HALF:
            return by_float32(
                lambda wide: _run(stencil, weight, wide, choice, transposed), x, dtype
            )
        return _run(stencil, weight, x.astype(dtype, copy=False), choice, transposed)
    terms = max(prod(stencil.tap_shape[1:]), stencil.out_channels * prod(stencil.kernel))
    bound = terms * _largest(weight) * _largest(x)
    if bound < EXACT_IN_FLOAT64:
        exactly = _exact(choice, transposed)
        made = _run(stencil, weight, x.astype(np.float64), exactly, transposed)
        return made.astype(np.int64)
    if bound > np.iinfo(np.int64).max:
        raise ShapeError(
            f"a sum of {terms} products of integers up to {_largest(weight)} and {_largest(x)} may "
            f"pass 64 bits; use x.astype(float), or x.astype(object) for exact integers of any size"
        )
    return _run(stencil, weight, x.astype(np.int64), choice, transposed)


def _exact(choice: Choice, transposed: bool) -> Choice:
    """The caller's choice, or the algorithm that sums integers in floats without rounding."""
    if choice.method in ("winograd", "lowrank", "fft"):
        raise GeometryError(
            f"method {choice.method!r} does not apply: it rounds, and integers are exact; "
            f"use method='auto'"
        )
    method = "fold" if transposed else "direct"
    return Choice(method if choice.method == "auto" else choice.method, choice.threads)


def _run(stencil: Stencil, weight: Array, x: Array, choice: Choice, transposed: bool) -> Array:
    if not len(x):
        return np.empty((0, *(stencil.in_shape if transposed else stencil.out_shape)), x.dtype)
    result = len(x) * prod(stencil.in_shape if transposed else stencil.out_shape)
    if result > MOST_UNASKED:
        check_memory(result * x.dtype.itemsize, "the result", "a smaller input or less padding")
    made, shape = engine(stencil, weight, len(x), x.dtype, choice, transposed=transposed)
    out = np.empty((len(x), *shape), x.dtype)
    made(x, out)
    if made.spreads and not _finite(out):
        direct = Choice("fold" if transposed else "direct", choice.threads)
        again, _ = engine(stencil, weight, len(x), x.dtype, direct, transposed=transposed)
        again(x, out)  # NaN and infinities are where a direct sum has them
    return out


def _finite(array: Array) -> bool:
    """Whether all are finite: the sum of squares, which BLAS is fast at, is; or, where that
    overflows, the sum."""
    flat = array.reshape(-1)
    if flat.size < 1 << 14:
        return bool(np.isfinite(flat.sum()))
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.dot(flat, flat)) or np.isfinite(flat.sum()))


def _largest(array: Array) -> int:
    if not array.size:
        return 0
    return max(abs(int(array.max())), abs(int(array.min())))
