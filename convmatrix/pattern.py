"""A bound layer's triples (output element, tap, input element) as CSR arrays.

The pattern is structural: it says who is connected to whom and through which tap, whatever the
weights are, so a zero weight is still a connection. Where a padding mode folds two taps onto one
input, a row holds that input twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from convmatrix.errors import TooLargeError
from convmatrix.limits import check_memory
from convmatrix.typing import Array

__all__ = ["BLOCK", "SCRATCH", "Pattern", "index_dtype", "row_starts"]


BLOCK = 1 << 18
"""Triples listed at a time, about: few enough to stay in a processor's cache."""
SCRATCH = 100 * BLOCK
"""The bytes that listing them takes."""

INT32, INT64 = 2**31 - 1, 2**63 - 1


def index_dtype(*sizes: int) -> type[np.signedinteger[Any]]:
    """int32 while every number fits in it, else int64; `TooLargeError` where that does not do."""
    if max(sizes) > INT64:
        raise TooLargeError(
            f"{max(sizes)} elements, connections or taps are more than 64-bit indices tell apart; "
            f"use A.nnz, A.inputs_of(...) or A.outputs_of(...), which list nothing"
        )
    return np.int32 if max(sizes) <= INT32 else np.int64


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """Triples as CSR arrays: row `r` (flat output element) reads `indices[j]` through `tap[j]`
    for `j` from `indptr[r]` to `indptr[r + 1]`, in the order of the inputs.

    Attributes
    ----------
    indptr, indices, tap
        Integer arrays of lengths `shape[0] + 1`, `nnz`, `nnz`.
    shape
        `(output elements, input elements)`.
    tap_counts
        How many taps each layer has, in order of application. A composite's tap is a flat index
        into this shape: `np.unravel_index(tap, tap_counts)` gives the tap of each layer.

    >>> import convmatrix as cm
    >>> pattern = cm.conv1d(1, 1, 3, padding=1).on(3).pattern
    >>> pattern.indptr, pattern.indices, pattern.tap
    (array([0, 2, 5, 7]...), array([0, 1, 0, 1, 2, 1, 2]...), array([1, 2, 0, 1, 2, 0, 1]...))
    """

    indptr: Array
    indices: Array
    tap: Array
    shape: tuple[int, int]
    tap_counts: tuple[int, ...] = (1,)

    @property
    def nnz(self) -> int:
        """How many triples there are."""
        return len(self.indices)

    @property
    def rows(self) -> Array:
        """The output element of every triple."""
        outputs = np.arange(self.shape[0], dtype=self.indices.dtype)
        return np.repeat(outputs, np.diff(self.indptr))

    @property
    def collides(self) -> bool:
        """Whether some output reads one input through two taps."""
        same = self.indices[1:] == self.indices[:-1]
        starts = self.indptr[(self.indptr > 0) & (self.indptr < self.nnz)]
        same[starts - 1] = False  # the last of a row and the first of the next
        return bool(same.any())

    @property
    def T(self) -> Pattern:
        """The same triples with output and input exchanged."""
        if self.nnz < BLOCK:  # not worth loading SciPy
            order = np.argsort(self.indices, kind="stable")
            counts = np.bincount(self.indices, minlength=self.shape[1])
            start = row_starts(counts, self.indptr.dtype)
            turned_shape = self.shape[::-1]
            return Pattern(start, self.rows[order], self.tap[order], turned_shape, self.tap_counts)
        from scipy.sparse import csr_array

        # SciPy's change of format keeps the order of the rows within a column, as this must
        turned = csr_array((self.tap, self.indices, self.indptr), self.shape).tocsc()
        kind = self.indices.dtype
        return Pattern(
            turned.indptr.astype(kind, copy=False), turned.indices.astype(kind, copy=False),
            turned.data, self.shape[::-1], self.tap_counts,
        )  # fmt: skip

    def frozen(self) -> Pattern:
        """The same pattern, its arrays no longer writable."""
        for array in (self.indptr, self.indices, self.tap):
            array.flags.writeable = False
        return self

    def blocks(self, most: int) -> Iterator[tuple[Array, Array, Array]]:
        """The triples `(rows, columns, taps)`, so many at a time."""
        for low in range(0, self.nnz, most):
            here = slice(low, min(low + most, self.nnz))
            places = np.arange(here.start, here.stop, dtype=self.indptr.dtype)
            rows = np.searchsorted(self.indptr, places, "right") - 1
            yield rows.astype(self.indices.dtype), self.indices[here], self.tap[here]

    def after(self, first: Pattern, least: int, each: int) -> Pattern:
        """The paths through `first` and then this layer, whose tap t adds `(t - least) * each` to a
        path's packed tap."""
        reach = np.diff(first.indptr)[self.indices]
        ends = row_starts(reach, np.int64)
        starts, shape = ends[self.indptr], (self.shape[0], first.shape[1])
        kind = index_dtype(*shape, int(ends[-1]))
        check_memory(
            int(ends[-1]) * (np.dtype(kind).itemsize + 8), f"a pattern of {ends[-1]} paths"
        )
        indices, tap = np.empty(ends[-1], kind), np.empty(ends[-1], np.int64)
        low = 0
        while low < shape[0]:  # as many rows at a time as make a block of paths
            high = max(low + 1, int(np.searchsorted(starts, starts[low] + BLOCK, "right")) - 1)
            steps = slice(self.indptr[low], self.indptr[high])
            here = slice(starts[low], starts[high])
            rows = np.repeat(np.arange(high - low), np.diff(starts[low : high + 1]))
            inner = np.arange(here.start, here.stop) + np.repeat(
                first.indptr[self.indices[steps]] - ends[steps], reach[steps]
            )
            added = (self.tap[steps].astype(np.int64) - least) * each
            taps = first.tap[inner] + np.repeat(added, reach[steps])
            columns = first.indices[inner]
            order = np.lexsort((taps, columns, rows))
            indices[here], tap[here] = columns[order], taps[order]
            low = high
        return Pattern(starts.astype(kind), indices, tap, shape, first.tap_counts)

    def __repr__(self) -> str:
        return f"Pattern({self.nnz} triples, shape={self.shape}, tap_counts={self.tap_counts})"


def row_starts(counts: Array, kind: Any) -> Array:
    """Where each row begins, and the last one ends, of rows of so many entries."""
    indptr = np.zeros(len(counts) + 1, kind)
    np.cumsum(counts, out=indptr[1:])
    return indptr
