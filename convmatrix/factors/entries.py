"""Sparse matrices as entries with numbers of any kind, so that fractions stay exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.typing import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Entries", "block_diagonal", "dense_entries", "multiplied", "permuted", "picking"]


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """A sparse matrix as its entries, with numbers of any kind."""

    shape: tuple[int, int]
    rows: Array
    columns: Array
    values: Array

    @property
    def T(self) -> Entries:
        """Rows and columns exchanged."""
        return Entries(self.shape[::-1], self.columns, self.rows, self.values)

    def times_identity(self, n: int) -> Entries:
        """The Kronecker product with an identity of size n: the same for n things side by side."""
        step = np.arange(n)
        rows, columns = ((x[:, None] * n + step).reshape(-1) for x in (self.rows, self.columns))
        shape = self.shape[0] * n, self.shape[1] * n
        return Entries(shape, rows, columns, np.repeat(self.values, n))

    def to_scipy(self) -> csr_array:
        """In floating point (integers stay integers)."""
        from scipy.sparse import coo_array

        whole = all(isinstance(v, (int, np.integer)) for v in self.values)
        numbers = self.values.astype(np.int64 if whole else np.complex128 if any(
            isinstance(v, complex) for v in self.values) else np.float64)  # fmt: skip
        return coo_array((numbers, (self.rows, self.columns)), shape=self.shape).tocsr()

    def to_sympy(self) -> Any:
        """In SymPy: fractions stay exact."""
        from sympy import ImmutableSparseMatrix

        from convmatrix.views.symbols import to_expression

        entries: dict[tuple[int, int], Any] = {}
        for r, c, v in zip(self.rows.tolist(), self.columns.tolist(), self.values, strict=True):
            entries[r, c] = entries.get((r, c), 0) + to_expression(v)
        return ImmutableSparseMatrix(*self.shape, entries)


def dense_entries(matrix: Array) -> Entries:
    """All entries of an array, zeros left out."""
    rows, columns = np.nonzero(matrix)
    return Entries(matrix.shape, rows, columns, matrix[rows, columns].astype(object))


def block_diagonal(blocks: Sequence[Entries]) -> Entries:
    """A block-diagonal matrix."""
    none = np.empty(0, np.int64)
    blocks = [*blocks, Entries((0, 0), none, none, np.empty(0, object))]
    down = np.cumsum([0, *(b.shape[0] for b in blocks)])
    right = np.cumsum([0, *(b.shape[1] for b in blocks)])
    return Entries(
        (int(down[-1]), int(right[-1])),
        np.concatenate([b.rows + r for b, r in zip(blocks, down[:-1], strict=True)]),
        np.concatenate([b.columns + c for b, c in zip(blocks, right[:-1], strict=True)]),
        np.concatenate([b.values for b in blocks]),
    )


def picking(sources: Array, length: int) -> Entries:
    """Row i is the element `sources[i]` of `length`."""
    rows = np.arange(sources.size)
    return Entries(
        (sources.size, length), rows, sources.reshape(-1), np.array([1] * rows.size, object)
    )


def permuted(pick: Entries, inner: Entries) -> Entries:
    """A permutation applied to the rows of a matrix."""
    place = np.empty(pick.shape[1], np.int64)
    place[pick.columns] = pick.rows
    return Entries(inner.shape, place[inner.rows], inner.columns, inner.values)


def multiplied(a: Entries, b: Entries) -> Entries:
    """The product, entry by entry: exact numbers stay exact."""
    by_row: dict[int, list[tuple[int, Any]]] = {}
    for r, c, v in zip(b.rows.tolist(), b.columns.tolist(), b.values, strict=True):
        by_row.setdefault(r, []).append((c, v))
    total: dict[tuple[int, int], Any] = {}
    for r, k, v in zip(a.rows.tolist(), a.columns.tolist(), a.values, strict=True):
        for c, w in by_row.get(k, ()):
            total[r, c] = total.get((r, c), 0) + v * w
    places = np.array(list(total), np.int64).reshape(-1, 2)
    values = np.empty(len(total), object)
    values[:] = list(total.values())
    return Entries((a.shape[0], b.shape[1]), places[:, 0], places[:, 1], values)
