"""Arrays as people have them: lists, NumPy's, PyTorch's tensors and parameters; and half precision.

float16 and bfloat16 are too coarse to add up in (and BLAS has neither): they are computed in
float32, and a result is rounded to them once, at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from convmatrix.errors import ConvMatrixError, ShapeError, WeightError
from convmatrix.typing import Array

__all__ = [
    "as_array",
    "as_numpy",
    "by_float32",
    "came_as",
    "frozen",
    "into",
    "result_dtype",
    "rounded_once",
    "same",
]


HALF = np.dtype(np.float16)


def as_numpy(value: Any, error: type[ConvMatrixError] = WeightError) -> Array:
    """What is like an array as one: a tensor without its gradient, from wherever it is; types that
    NumPy has not (bfloat16, float8) as float32. `error` where its numbers cannot be had, or some
    are masked."""
    if isinstance(value, (list, tuple)) and any(_is_special(v) for v in value):
        value = [as_numpy(v, error) for v in value]
    if hasattr(value, "detach"):
        value = _of_tensor(value, error)
    elif _is_special(value) and np.any(value.mask):
        raise error(
            f"expected an array of numbers, got one with {np.sum(value.mask)} masked; put numbers "
            f"in their place, e.g. x.filled(0)"
        )
    array = np.asarray(value)
    return array.astype(np.float32) if array.dtype.isbuiltin == 2 else array


def _is_special(value: Any) -> bool:
    """Whether NumPy alone would refuse it (a tensor) or drop a part of it (a mask)."""
    return hasattr(value, "detach") or (hasattr(value, "mask") and hasattr(value, "filled"))


def _of_tensor(tensor: Any, error: type[ConvMatrixError]) -> Array:
    try:
        try:
            array: Array = tensor.numpy(force=True)
        except TypeError:  # a dtype that NumPy has not
            array = (tensor.cfloat() if tensor.is_complex() else tensor.float()).numpy(force=True)
    except (TypeError, ValueError, RuntimeError):
        raise error(
            f"expected an array of numbers, got the tensor {tensor!r:.60}; make it a dense one"
        ) from None
    return array


def as_array(x: Any) -> Array:
    """The input of a layer as an array of numbers, or `ShapeError`."""
    if type(x) is np.ndarray and x.dtype.kind in "fiuc":
        return x
    try:
        array = as_numpy(x, ShapeError)
    except ShapeError:
        raise
    except (ValueError, TypeError, RuntimeError):
        raise ShapeError(f"expected a rectangular array of numbers, got {x!r:.60}") from None
    if array.dtype.kind == "O" and any(v is None or isinstance(v, str) for v in array.flat):
        raise ShapeError(f"expected an array of numbers, got {x!r:.60}")
    return array


def frozen(array: Array) -> Array:
    """The array, read-only. What is made of it (a reshaped one, say) holds the array behind it, so
    that this one, which other things go with, lives no longer than who holds it."""
    array.flags.writeable = False
    return array.view()


def into(out: Array | None, y: Array) -> Array:
    """`y`, or `out` with `y` in it."""
    if out is None:
        return y
    if not isinstance(out, np.ndarray) or (out.shape, out.dtype) != (y.shape, y.dtype):
        raise ShapeError(
            f"out must be an array of shape {y.shape} and dtype {y.dtype}, got "
            f"{getattr(out, 'shape', type(out).__name__)} {getattr(out, 'dtype', '')}"
        )
    out[...] = y
    return out


def same(a: Any, b: Any) -> bool:
    """Whether two arguments are of one type and equal, arrays by their elements."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    return type(a) is type(b) and bool(a == b)


def came_as(given: Any, array: Array) -> np.dtype[Any]:
    """The dtype of what became an array: bfloat16 where that was an array's."""
    kind: np.dtype[Any] = given.dtype if isinstance(given, np.ndarray) else array.dtype
    return kind


def rounded_once(
    work: Callable[[Array], Array],
    array: Array,
    kind: np.dtype[Any],
    weights: Callable[[], Iterable[Array | None]],
) -> Array:
    """`work(array)`, of an array that came as some kind: half precision is computed in float32, and
    the result is of that kind again unless a weight is of a wider one. bfloat16 weights are held
    as float32, so they never are."""
    if kind == array.dtype != HALF:
        return work(array)
    y = work(array.astype(np.float32) if kind == HALF else array)
    narrow = kind.name == "bfloat16" or (kind == HALF and _all_half(weights()))
    return y.astype(kind) if narrow and y.dtype == np.float32 else y


def _all_half(weights: Iterable[Array | None]) -> bool:
    """Whether no weight makes more than half precision of half precision."""
    return all(w is None or w.dtype == HALF or w.dtype.kind in "biu" for w in weights)


def result_dtype(weight: Array, x: Array) -> np.dtype[Any]:
    """What a weight times an array is: NumPy's answer, but a whole weight leaves floats alone."""
    whole = weight.dtype.kind in "biu" and x.dtype.kind in "fc"
    return x.dtype if whole else np.result_type(weight, x)


def by_float32(work: Callable[[Array], Array], x: Array, dtype: np.dtype[Any]) -> Array:
    """`work(x)`, whose result has a dtype: where that is half precision, computed in float32."""
    return work(x) if dtype != HALF else work(x.astype(np.float32)).astype(HALF)
