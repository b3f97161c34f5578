"""A layer at a size applied to arrays, forward or transposed: by what, and in which arithmetic.

A rearrangement moves elements, fixed coefficients go axis by axis (`fixed.py`), a weight goes to an
engine (`engine.py`) in the dtype of the result. Integers are exact: in float64, through BLAS, where
no sum can pass 2⁵³; else in int64, or refused where a sum may pass that, too. A result that is not
finite is computed again by a direct sum: tiles and transforms spread a NaN over their neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod

import numpy as np

from convmatrix.dense import positions
from convmatrix.dense.choice import AUTOMATIC, Choice
from convmatrix.dense.engine import engine
from convmatrix.dense.fixed import gather, scatter
from convmatrix.dense.problem import quietly
from convmatrix.errors import GeometryError, ShapeError
from convmatrix.layers.arrays import HALF, by_float32, result_dtype
from convmatrix.limits import check_memory
from convmatrix.stencil import Geometry, Rearrangement, Stencil
from convmatrix.typing import Array

__all__ = ["adjoint", "forward"]


EXACT_IN_FLOAT64 = 2**53
"""Up to here every integer is a float64."""
MOST_UNASKED = 1 << 26
"""Results with more elements ask whether there is memory for them."""


def forward(
    geometry: Geometry, weight: Array | None, x: Array, choice: Choice | None = None
) -> Array:
    """Apply the matrix: `(batch, *in_shape)` → `(batch, *out_shape)`, by what was chosen."""
    if isinstance(geometry, Rearrangement):
        return _moved(x, geometry.parts, geometry.order, geometry.out_shape)
    if weight is None:
        x = _scaled(geometry, x, adds=prod(geometry.kernel) > 1)
        return by_float32(partial(gather, geometry), x, x.dtype)
    return _in_common_arithmetic(geometry, weight, x, choice or AUTOMATIC, transposed=False)


def adjoint(
    geometry: Geometry, weight: Array | None, y: Array, choice: Choice | None = None
) -> Array:
    """Apply the transposed matrix: `(batch, *out_shape)` → `(batch, *in_shape)`."""
    if isinstance(geometry, Rearrangement):
        split = [geometry.parts[j] for j in geometry.order]
        return _moved(y, split, np.argsort(geometry.order).tolist(), geometry.in_shape)
    if weight is None:
        y = _scaled(geometry, y, adds=geometry.folds or prod(geometry.kernel) > 1)
        return by_float32(partial(scatter, geometry), y, y.dtype)
    return _in_common_arithmetic(geometry, weight, y, choice or AUTOMATIC, transposed=True)


def _moved(x: Array, parts: Sequence[int], order: Sequence[int], shape: Sequence[int]) -> Array:
    """Every example cut into parts, these put in another order, and made a shape of."""
    moved = x.reshape(len(x), *parts).transpose(0, *(1 + j for j in order))
    return np.ascontiguousarray(moved).reshape(len(x), *shape)


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
    if not stencil.shared and choice.method != "auto":
        raise GeometryError(
            f"method {choice.method!r} does not apply: each output position has a weight of its "
            f"own; use method='auto'"
        )
    exact = weight.dtype.kind in "biu" and x.dtype.kind in "biu"
    if not exact:
        dtype = result_dtype(weight, x)
        if dtype == HALF:
            return by_float32(
                lambda wide: _run(stencil, weight, wide, choice, transposed), x, dtype
            )
        return _run(stencil, weight, x.astype(dtype, copy=False), choice, transposed)
    terms = max(stencil.group_channels, stencil.out_channels) * prod(stencil.kernel)
    most = terms * _largest(weight) * _largest(x)
    if most < EXACT_IN_FLOAT64:
        exactly = _exact(choice, transposed)
        made = _run(stencil, weight, x.astype(np.float64), exactly, transposed)
        return made.astype(np.int64)
    if most > np.iinfo(np.int64).max:
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
    """By the engine of a choice; where that leaves what is not finite, by a direct sum, too."""
    if not len(x):
        return np.empty((0, *(stencil.in_shape if transposed else stencil.out_shape)), x.dtype)
    result = len(x) * prod(stencil.in_shape if transposed else stencil.out_shape)
    if result > MOST_UNASKED:
        check_memory(result * x.dtype.itemsize, "the result", "a smaller input or less padding")
    if not stencil.shared:
        wide = weight.astype(x.dtype, copy=False)
        return (positions.scatter if transposed else positions.gather)(stencil, wide, x)
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
    return quietly(lambda: bool(np.isfinite(np.dot(flat, flat)) or np.isfinite(flat.sum())))


def _largest(array: Array) -> int:
    """The largest |value|; 0 of none."""
    if not array.size:
        return 0
    return max(abs(int(array.max())), abs(int(array.min())))
