"""A map as a matrix: of numbers, sparse or dense, of symbols, or an operator."""

from __future__ import annotations

from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.errors import WeightError
from convmatrix.layers.arrays import as_numpy, came_as, rounded_once
from convmatrix.limits import check_memory
from convmatrix.maps.carried import along, matrix_of
from convmatrix.maps.connected import Connected
from convmatrix.maps.memory import Need, matrix_need
from convmatrix.maps.shaped import require_linear, require_numbers, require_weights
from convmatrix.shapes import times
from convmatrix.typing import Array
from convmatrix.views.values import as_plain, edge_values, sparse_dtype, symbol_values

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import LinearOperator
    from sympy import ImmutableSparseMatrix

__all__ = ["Viewed"]


class Viewed(Connected):
    """The matrix in its forms, one short method each."""

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
