"""A map where NumPy and SciPy expect a matrix: entries, conversions, operators."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, cast

import numpy as np

from convmatrix.errors import ArgumentError, OutsideError, ShapeError
from convmatrix.layers.arrays import as_array
from convmatrix.leaf import Leaf
from convmatrix.limits import check_memory
from convmatrix.maps.refusals import require_linear, require_numbers, require_weights
from convmatrix.pattern import index_dtype
from convmatrix.shapes import ravel, unravel
from convmatrix.typing import Array
from convmatrix.walk import Elements, walk

if TYPE_CHECKING:
    from convmatrix.maps.base import Map

__all__ = ["ArrayLike"]

Places = int | range | Array
"""One row or column, or several."""


class ArrayLike:
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
        return _map(self).to_dense()

    def transpose(self) -> Map:
        """The transpose, by NumPy's name for it."""
        return _map(self).T

    @property
    def H(self) -> Map:
        """The conjugate transpose; of real weights the transpose itself.

        >>> import convmatrix as cm
        >>> cm.conv1d(1, 1, 2, weight=[1, 1j]).on(2).H.to_dense().ravel().tolist()
        [(1+0j), -1j]
        """
        a = _map(self)
        require_weights(a, "the conjugate transpose")
        if a.dtype.kind in "biuf":
            return a.T
        return a.T.with_weights([w if w is None else np.conj(w) for w in _weights(a.T)])

    # ------------------------------------------------------------------ SciPy's operators

    def matvec(self, v: Any) -> Array:
        """`A @ v`, as SciPy's iterative solvers call it."""
        return cast(Array, _map(self) @ v)

    def rmatvec(self, v: Any) -> Array:
        """`A.H @ v`."""
        return cast(Array, self.H @ v)

    def matmat(self, m: Any) -> Array:
        """`A @ m` of a matrix, a column at a time."""
        return cast(Array, _map(self) @ m)

    def __rmatmul__(self, other: Any) -> Any:
        return (_map(self).T @ as_array(other).T).T

    # ---------------------------------------------------------------------------- entries

    def __len__(self) -> int:
        a = _map(self)
        require_numbers(a, "count its rows")
        index_dtype(a.shape[0])  # Python's len() holds no more
        return int(a.shape[0])

    def __bool__(self) -> bool:
        return True  # a map is there, whatever its size

    def __getitem__(self, key: Any) -> Any:
        a = _map(self)
        require_linear(a, "matrix")
        require_numbers(a, "read its entries")
        require_weights(a, "an entry of the matrix")
        keys = key if isinstance(key, tuple) else (key,)
        if len(keys) > 2:
            raise ShapeError(f"a matrix has rows and columns, got {len(keys)} indices; use A[i, j]")
        rows, columns = (
            _places(k, n, name)
            for k, n, name in zip(
                (*keys, slice(None), slice(None))[:2], a.shape, ("row", "column"), strict=True
            )
        )
        return _entries(a, rows, columns)

    # --------------------------------------------------------------- what maps do not have

    def __add__(self, other: Any) -> NoReturn:
        raise ArgumentError(
            "maps have no + or -; add layers with cm.network (join='add'), or matrices: "
            "A.to_scipy() + B.to_scipy()"
        )

    def __mul__(self, other: Any) -> NoReturn:
        raise ArgumentError(
            "maps have no *, / or **; A @ B composes; to scale, give the layer other weights, or "
            "take the matrix: 2 * A.to_scipy()"
        )

    __radd__ = __sub__ = __rsub__ = __add__
    __rmul__ = __truediv__ = __rtruediv__ = __pow__ = __mul__

    def __neg__(self) -> NoReturn:
        self.__mul__(-1)


def _map(a: ArrayLike) -> Map:
    return cast("Map", a)


def _weights(a: Map) -> list[Array | None]:
    return [leaf.weight for leaf in a.leaves]


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


def _entries(a: Map, rows: Places, columns: Places) -> Any:
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


def _picked(a: Map, i: int, columns: range | Array) -> Array:
    """Some entries of a row."""
    row = _row(a, i)
    if isinstance(columns, np.ndarray) or columns != range(a.shape[1]):
        return np.array([row.get(j, 0) for j in columns], a.dtype)
    dense = np.zeros(a.shape[1], a.dtype)
    dense[list(row)] = list(row.values())
    return dense


def _row(a: Map, i: int) -> dict[int, Any]:
    """A row of the matrix by its columns, carried back from its output element to the input."""
    dtype = a.dtype

    def moved(leaf: Leaf, _: int) -> Callable[[Any, int], Any]:
        values = leaf.numbers(dtype).reshape(-1)
        return lambda value, tap: value * values[tap]

    start = {unravel(int(i), a.out_shape): dtype.type(1)}
    found = walk(a.diagram.T, start, Elements(moved)).items()
    return {int(ravel(element, a.in_shape)): value for element, value in found}
