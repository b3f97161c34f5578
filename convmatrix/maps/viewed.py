"""A map as a matrix: of numbers, sparse or dense, of symbols, or an operator."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.errors import ArgumentError, OutsideError, ShapeError, WeightError
from convmatrix.layers.arrays import as_numpy, came_as, rounded_once
from convmatrix.leaf import Leaf
from convmatrix.limits import check_memory
from convmatrix.maps.carried import along, matrix_of
from convmatrix.maps.connected import Connected
from convmatrix.maps.memory import Need, matrix_need
from convmatrix.maps.shaped import Shaped, require_linear, require_numbers, require_weights
from convmatrix.pattern import index_dtype
from convmatrix.shapes import ravel, times, unravel
from convmatrix.typing import Array
from convmatrix.views.values import as_plain, edge_values, sparse_dtype, symbol_values
from convmatrix.walk import Elements, walk

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import LinearOperator
    from sympy import ImmutableSparseMatrix

__all__ = ["Viewed"]

Places = int | range | Array
"""One row or column, or several."""


class Viewed(Connected):
    """The matrix in its forms, one short method each, and what makes a map pass for one.

    `A[i]`, `A[i, j]`, `A[2:5, ::2]` are what the dense matrix would give, found from the relation:
    of the matrix only the rows (or columns) that are asked for are made. `np.asarray(A)` is the
    dense matrix, `scipy.sparse.linalg.aslinearoperator(A)` the map as an operator.
    """

    ndim = 2
    __array_ufunc__ = None  # so that `x @ A` asks the map

    def to_scipy(self, dtype: Any = None) -> csr_array:
        """The matrix as a canonical `scipy.sparse.csr_array`, structural zeros kept.

        Parameters
        ----------
        dtype
            What it holds, `A.dtype` by default: the weights' dtype, but int64 of integers, whose
            products would wrap round in a smaller one, and float32 of half precision, which SciPy
            has not. ``dtype="int8"`` takes less memory where the products are made elsewhere.

        Raises
        ------
        WeightError
            Where that dtype cannot hold the entries, or no sparse matrix.

        >>> import convmatrix as cm
        >>> A = cm.conv1d(1, 1, 2, weight=[[[1.0, -1.0]]]).on(3)
        >>> (A.to_scipy().T != A.T.to_scipy()).nnz
        0
        """
        require_linear(self, "SciPy matrix")
        require_numbers(self, "build its matrix")
        require_weights(self, "a SciPy matrix")
        kind = self.dtype if dtype is None else sparse_dtype(dtype)
        if kind != self.dtype and not np.can_cast(self.dtype, kind, "same_kind"):
            raise WeightError(
                f"the matrix holds {self.dtype}, which {kind} cannot; leave dtype out, "
                f"or convert the weight first"
            )
        if not self._is_small:
            need = self._matrix_need(max(kind.itemsize, self.dtype.itemsize))
            check_memory(need.peak, f"the matrix of {times(self.shape)}")
        if kind.kind in "iu" and kind != self.dtype:
            from convmatrix.views.matrix import as_integers

            return as_integers(self._matrix(self.dtype), kind)
        return self._matrix(kind)

    def _matrix_need(self, size: int) -> Need:
        return matrix_need(self.diagram, size)

    def _matrix(self, dtype: np.dtype[Any]) -> csr_array:
        return matrix_of(self.diagram, dtype, counted=not self._is_small)

    def to_dense(self) -> Array:
        """The matrix as a NumPy array; of objects where the weights are fractions or symbols."""
        require_linear(self, "dense matrix")
        require_numbers(self, "build its matrix")
        require_weights(self, "a dense matrix")
        whole = self.dtype.itemsize * prod(self.shape)
        if self.dtype.kind == "O":
            from convmatrix.views.symbols import dense_symbols, symbol_bytes

            check_memory(whole + symbol_bytes(self.nnz), "the dense matrix")
            return dense_symbols(self.to_sympy())
        need = self._matrix_need(self.dtype.itemsize)
        check_memory(max(need.peak, need.kept + whole), "the dense matrix")
        array: Array = self.to_scipy().toarray()
        return array

    def to_linear_operator(self) -> LinearOperator:
        """The map as a SciPy `LinearOperator`; `rmatvec` is Aᴴ; nothing is built."""
        from convmatrix.views.operator import operator

        require_linear(self, "linear operator")
        require_numbers(self, "make an operator")
        require_weights(self, "a linear operator")
        return operator(self.shape, self.dtype, self._flat, self._flat_adjoint)

    def _flat(self, v: Array) -> Array:
        """Apply to `(batch, elements)`."""
        flat = as_numpy(v).reshape(-1, *self.in_shape)
        y = rounded_once(partial(along, self.diagram), flat, came_as(v, flat), self.weights)
        return y.reshape(len(v), -1)

    def _flat_adjoint(self, v: Array) -> Array:
        """Apply the transpose to `(batch, elements)`."""
        flat = as_numpy(v).reshape(-1, *self.out_shape)
        x = rounded_once(partial(along, self.diagram.T), flat, came_as(v, flat), self.weights)
        return x.reshape(len(v), -1)

    def to_sympy(self) -> ImmutableSparseMatrix:
        """The matrix in SymPy: exact numbers, and symbols `w[...]` where a layer has no weight.

        >>> import convmatrix as cm
        >>> cm.conv1d(1, 1, 2).on(3).to_sympy()
        Matrix([
        [w[0,0,0], w[0,0,1],        0],
        [       0, w[0,0,0], w[0,0,1]]])
        """
        from convmatrix.views.symbols import symbol_bytes, symbol_matrix

        require_linear(self, "SymPy matrix")
        require_numbers(self, "list its pattern")
        check_memory(symbol_bytes(self.nnz), "the SymPy matrix")
        return symbol_matrix(self.pattern, symbol_values(self.diagram.leaves))

    def edge_weights(self, tap: Array | None = None) -> list[Any]:
        """The value of every triple (or of some taps) as a built-in real number, or as text where
        it is complex."""
        return as_plain(edge_values(self.diagram, self.pattern.tap if tap is None else tap))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise ArgumentError("the dense matrix of a map is a new array; leave copy=False out")
        return np.asarray(self.to_dense(), dtype)

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
