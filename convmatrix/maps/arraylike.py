"""A map where NumPy and SciPy expect an array: its entries, and the dense matrix."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.errors import ArgumentError, OutsideError, ShapeError
from convmatrix.leaf import Leaf
from convmatrix.limits import check_memory
from convmatrix.maps.shaped import Shaped, require_linear, require_numbers, require_weights
from convmatrix.maps.viewed import Viewed
from convmatrix.pattern import index_dtype
from convmatrix.shapes import ravel, unravel
from convmatrix.typing import Array
from convmatrix.walk import Elements, walk

if TYPE_CHECKING:
    pass

__all__ = ["ArrayLike"]

Places = int | range | Array
"""One row or column, or several."""


class ArrayLike(Viewed):
    """What makes a map pass for a matrix.

    `A[i]`, `A[i, j]`, `A[2:5, ::2]` are what the dense matrix would give, found from the relation:
    of the matrix only the rows (or columns) that are asked for are made. `np.asarray(A)` is the
    dense matrix, `scipy.sparse.linalg.aslinearoperator(A)` the map as an operator.
    """

    ndim = 2
    __array_ufunc__ = None  # so that `x @ A` asks the map

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise ArgumentError("the dense matrix of a map is a new array; leave copy=False out")
        return np.asarray(self.toarray(), dtype)

    def toarray(self) -> Array:
        """The dense matrix, by SciPy's name for it."""
        return self.to_dense()

    def __len__(self) -> int:
        require_numbers(self, "count its rows")
        index_dtype(self.shape[0])  # Python's len() holds no more
        return int(self.shape[0])

    def __bool__(self) -> bool:
        return True  # a map is there, whatever its size

    def __getitem__(self, key: Any) -> Any:
        require_linear(self, "matrix")
        require_numbers(self, "read its entries")
        require_weights(self, "an entry of the matrix")
        keys = key if isinstance(key, tuple) else (key,)
        if len(keys) > 2:
            raise ShapeError(f"a matrix has rows and columns, got {len(keys)} indices; use A[i, j]")
        rows, columns = (
            _places(k, n, name)
            for k, n, name in zip(
                (*keys, slice(None), slice(None))[:2], self.shape, ("row", "column"), strict=True
            )
        )
        return _entries(self, rows, columns)


def _places(key: Any, size: int, name: str) -> Places:
    """The rows or columns that an index means, as NumPy understands it."""
    if isinstance(key, slice):
        try:
            return range(size)[key]
        except (TypeError, ValueError):
            raise ShapeError(f"a slice of {name}s needs integers, got {key!r}") from None
    try:
        return _inside(operator.index(key), size, name)
    except TypeError:
        pass
    array = np.asarray(key if key is not ... else range(size))
    if array.dtype.kind == "b" and array.shape == (size,):
        return np.flatnonzero(array)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ShapeError(
            f"{name}s are an integer, a slice, or a list of integers, got {key!r:.60}; for more, "
            f"A.to_scipy()"
        )
    return np.array([_inside(int(i), size, name) for i in array])


def _inside(i: int, size: int, name: str) -> int:
    if not -size <= i < size:
        raise OutsideError(f"{name} {i} is not in a matrix of {size} {name}s; use 0 to {size - 1}")
    return i % size


def _entries(a: Shaped, rows: Places, columns: Places) -> Any:
    if _count(columns) < _count(rows):
        return np.transpose(_entries(a.T, columns, rows))
    if isinstance(rows, int) and isinstance(columns, int):
        return _row(a, rows).get(columns, a.dtype.type(0))
    check_memory(8 * _count(rows) * _count(columns), "these rows and columns")
    several = range(columns, columns + 1) if isinstance(columns, int) else columns
    if isinstance(rows, int):
        return _picked(a, rows, several)
    if isinstance(rows, np.ndarray) and isinstance(columns, np.ndarray):
        if len(rows) != len(columns):
            raise ShapeError(
                f"lists of rows and columns go in pairs, got {len(rows)} and {len(columns)}; for "
                f"a block use A[rows][:, columns]"
            )
        pairs = zip(rows, columns, strict=True)
        return np.array([_row(a, i).get(j, 0) for i, j in pairs], a.dtype)
    table = np.array([_picked(a, i, several) for i in rows], a.dtype)
    return table.reshape(len(rows), *(() if isinstance(columns, int) else (len(columns),)))


def _count(places: Places) -> int:
    if isinstance(places, range):  # len() of one may pass 64 bits
        return max(0, -((places.start - places.stop) // places.step))
    return 1 if isinstance(places, int) else len(places)


def _picked(a: Shaped, i: int, columns: range | Array) -> Array:
    """Some entries of a row."""
    row = _row(a, i)
    if isinstance(columns, np.ndarray) or columns != range(a.shape[1]):
        return np.array([row.get(j, 0) for j in columns], a.dtype)
    dense = np.zeros(a.shape[1], a.dtype)
    dense[list(row)] = list(row.values())
    return dense


def _row(a: Shaped, i: int) -> dict[int, Any]:
    """A row of the matrix by its columns, carried back from its output element to the input."""
    dtype = a.dtype

    def moved(leaf: Leaf, _: int) -> Callable[[Any, int], Any]:
        values = leaf.numbers(dtype).reshape(-1)
        return lambda value, tap: value * values[tap]

    start = {unravel(int(i), a.out_shape): dtype.type(1)}
    found = walk(a.diagram.T, start, Elements(moved)).items()
    return {int(ravel(element, a.in_shape)): value for element, value in found}
