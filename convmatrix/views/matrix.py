"""The matrix as a SciPy `csr_array`, assembled directly by index arithmetic."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.errors import WeightError
from convmatrix.limits import check_memory
from convmatrix.pattern import BLOCK, SCRATCH, index_dtype
from convmatrix.stencil import Geometry, Rearrangement
from convmatrix.triples import assembled, listed, pattern_of
from convmatrix.typing import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = [
    "add",
    "as_integers",
    "assemble",
    "compose",
    "framed",
    "identity",
    "number_dtype",
    "stack",
    "transpose",
]


def number_dtype(values: Array) -> np.dtype[Any]:
    """The dtype in which the matrix of these tap values is stored, or `WeightError`."""
    if values.dtype.kind == "O":
        raise WeightError(
            "a SciPy matrix holds machine numbers, the weight holds exact numbers or symbols; "
            "use A.to_sympy(), or give the weight as int or float"
        )
    return np.dtype(np.int64) if values.dtype.kind == "b" else values.dtype


def assemble(geometry: Geometry, values: Array) -> csr_array:
    """The matrix of an elementary layer: canonical CSR, structural zeros kept.

    `values` holds the value of each tap. Rows of one output channel are computed once; the other
    channels differ by an offset. Where taps collide the matrix adds them.
    """
    dtype = number_dtype(values)
    rows_columns = (prod(geometry.out_shape), prod(geometry.in_shape))
    kind = index_dtype(*rows_columns, geometry.nnz)
    check_memory(matrix_bytes(geometry, dtype.itemsize), "the matrix")
    if isinstance(geometry, Rearrangement):
        pattern = pattern_of(geometry)
        data = np.full(rows_columns[0], values.reshape(-1)[0], dtype)
        return _csr(data, pattern.indices, pattern.indptr, rows_columns)
    width, parts = listed(geometry, kind)
    data = np.empty((geometry.out_channels, width), dtype)
    flat = np.ascontiguousarray(values.reshape(-1), dtype)
    kernels = flat.reshape(geometry.out_channels, -1) if geometry.factors is None else flat[None]

    def told(here: slice, taps: Array) -> None:
        for row, kernel in zip(data, kernels, strict=False):
            np.take(kernel, taps, out=row[here], mode="clip")

    indptr, indices = assembled(geometry, kind, width, parts, told)
    data[len(kernels) :] = data[0]  # fixed coefficients are the same in every channel
    matrix = _csr(data.reshape(-1), indices, indptr, rows_columns, canonical=not geometry.collides)
    if geometry.collides:
        matrix.sum_duplicates()
    return matrix


def matrix_bytes(geometry: Geometry, size: int) -> int:
    """The memory that `assemble` takes, for values of `size` bytes."""
    rows, columns = prod(geometry.out_shape), prod(geometry.in_shape)
    index = np.dtype(index_dtype(rows, columns, geometry.nnz)).itemsize
    return (rows + 1) * index + geometry.nnz * (index + size) + SCRATCH


def as_integers(matrix: csr_array, dtype: np.dtype[Any]) -> csr_array:
    """A matrix of integers in another dtype, or `WeightError` where that does not hold them."""
    least, most = matrix.data.min(initial=0), matrix.data.max(initial=0)
    if least < np.iinfo(dtype).min or most > np.iinfo(dtype).max:
        raise WeightError(
            f"the entries run from {least} to {most}, which {dtype} does not hold; leave dtype out"
        )
    return _csr(matrix.data.astype(dtype), matrix.indices, matrix.indptr, matrix.shape)


def _csr(
    data: Array, indices: Array, indptr: Array, shape: tuple[int, int], *, canonical: bool = True
) -> csr_array:
    """A `csr_array` over these very arrays; SciPy would scan them to choose an index type."""
    from scipy.sparse import csr_array

    matrix = csr_array(shape, dtype=data.dtype)
    matrix.data, matrix.indices, matrix.indptr = data, indices, indptr
    matrix.has_sorted_indices = True
    matrix.has_canonical_format = canonical
    return matrix


def transpose(matrix: csr_array) -> csr_array:
    """The transposed matrix, in canonical CSR."""
    result = matrix.T.tocsr()
    result.sort_indices()
    return result


def compose(first: csr_array, then: csr_array, entries: int | None = None) -> csr_array:
    """`then @ first` in canonical CSR, structural zeros kept (SciPy's product drops them); of how
    many `entries`, where that is known."""
    product = then @ first
    product.sort_indices()
    if product.nnz == entries:
        return product
    check_memory(product.nnz * 8 + (then.nnz + first.nnz), "the structure of the matrix")
    structure = _there(then) @ _there(first)
    if structure.nnz == product.nnz:
        return product
    structure.sort_indices()
    data = np.zeros(structure.nnz, product.dtype)
    step = max(1, product.shape[0] * BLOCK // max(1, structure.nnz))
    for low in range(0, product.shape[0], step):
        keys, here = _keys(structure, low, low + step)
        held, there = _keys(product, low, low + step)
        data[here][np.searchsorted(keys, held)] = product.data[there]
    return _csr(data, structure.indices, structure.indptr, structure.shape)


def _there(matrix: csr_array) -> csr_array:
    """Where the matrix has entries: sums of True are True, they never wrap round to 0."""
    return _csr(np.ones(matrix.nnz, bool), matrix.indices, matrix.indptr, matrix.shape)


def _keys(matrix: csr_array, low: int, high: int) -> tuple[Array, slice]:
    """The flat place of every entry of some rows, and where they are stored."""
    start = matrix.indptr[low : high + 1].astype(np.int64)
    here = slice(int(start[0]), int(start[-1]))
    rows = np.repeat(np.arange(len(start) - 1, dtype=np.int64), np.diff(start))
    return rows * matrix.shape[1] + matrix.indices[here], here


def identity(n: int, dtype: np.dtype[Any]) -> csr_array:
    """The identity of size `n`."""
    kind = index_dtype(n)
    start = np.arange(n + 1, dtype=kind)
    return _csr(np.ones(n, dtype), start[:-1].copy(), start, (n, n))


def add(matrices: list[csr_array]) -> csr_array:
    """The sum in canonical CSR, structural zeros kept (SciPy's sum drops them)."""
    if len(matrices) == 1:
        return matrices[0]
    from scipy.sparse import coo_array

    parts = [m.tocoo() for m in matrices]
    rows, columns, data = (
        np.concatenate([getattr(p, name) for p in parts]) for name in ("row", "col", "data")
    )
    result = coo_array((data, (rows, columns)), shape=matrices[0].shape).tocsr()
    result.sum_duplicates()
    return result


def stack(matrices: list[csr_array]) -> csr_array:
    """The matrices below one another."""
    from scipy.sparse import vstack

    return matrices[0] if len(matrices) == 1 else vstack(matrices, format="csr")


def framed(matrix: csr_array, before: int, count: int) -> csr_array:
    """The matrix with rows of zeros above and below it: so many before, `count` in all."""
    after = count - before - matrix.shape[0]
    start = np.pad(matrix.indptr, (before, after), "edge")
    return _csr(matrix.data, matrix.indices, start, (count, matrix.shape[1]))
