"""Matrices and patterns, carried along a map's diagram."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.diagram import Diagram
from convmatrix.errors import TooLargeError
from convmatrix.leaf import Leaf
from convmatrix.maps.counting import entries_of
from convmatrix.pattern import Pattern, index_dtype, pattern_of
from convmatrix.relation import Index
from convmatrix.typing import Array
from convmatrix.walk import Piece, inside, tiled, walk

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["matrix_of", "pattern_along"]

Shape = tuple[Index, ...]


class _Matrices:
    """The matrix from the input to where it stands, in canonical CSR; None is the identity."""

    def __init__(self, diagram: Diagram, dtype: np.dtype[Any], *, counted: bool) -> None:
        self.diagram, self.dtype, self.counted = diagram, dtype, counted
        self.columns = prod(diagram.in_shape)

    def through(self, leaf: Leaf, value: csr_array | None, back: bool, digit: int) -> csr_array:
        from convmatrix.views import matrix

        own = matrix.assemble(leaf.bound, leaf.numbers(self.dtype))
        own = matrix.transpose(own) if back else own
        return own if value is None else matrix.compose(value, own, self._entries(digit))

    def _entries(self, digit: int) -> int | None:
        """How many entries the matrix has behind a leaf, where counting that pays."""
        if not self.counted:
            return None
        target = next(step.target for step in self.diagram.steps if step.digit == digit)
        return entries_of(self.diagram.until(target))

    def joined(self, pieces: list[Piece], shape: Shape) -> csr_array:
        from convmatrix.views import matrix

        parts = [
            matrix.identity(self.columns, self.dtype) if p.value is None else p.value
            for p in pieces
        ]
        known = dict(zip(map(id, pieces), parts, strict=True))
        ordered = tiled(pieces, shape)
        if ordered is not None:
            return matrix.stack([known[id(piece)] for piece in ordered])
        inner, placed = prod(shape[1:]), []
        for piece, part in zip(pieces, parts, strict=True):
            here, there = inside(piece, shape)
            rows = part[here.start * inner : here.stop * inner]
            placed.append(matrix.framed(rows, there.start * inner, prod(shape)))
        return matrix.add(placed)


def matrix_of(diagram: Diagram, dtype: np.dtype[Any], *, counted: bool) -> csr_array:
    """The matrix in canonical CSR, structural zeros kept; `counted` where it is worth counting its
    entries before it is built."""
    from convmatrix.views.matrix import identity

    found = walk(diagram, None, _Matrices(diagram, dtype, counted=counted))
    return identity(prod(diagram.in_shape), dtype) if found is None else found


class _Patterns:
    """The paths from the input to where they stand; None is the identity."""

    def __init__(self, diagram: Diagram) -> None:
        self.counts, self.weights = diagram.tap_counts, diagram.weights
        self.untouched, self.size = diagram.untouched, prod(diagram.in_shape)

    def identity(self) -> Pattern:
        places = np.arange(self.size + 1)
        taps = np.full(self.size, self.untouched)
        return Pattern(places, places[:-1], taps, (self.size, self.size), self.counts)

    def through(self, leaf: Leaf, value: Pattern | None, back: bool, digit: int) -> Pattern:
        first, each = self.weights[digit]
        own = pattern_of(leaf.bound)
        own = own.T if back else own
        if value is None and len(self.counts) == 1 and not first:
            return own
        if value is None:
            taps = own.tap.astype(np.int64) - first
            taps *= each
            taps += self.untouched
            return Pattern(own.indptr, own.indices, taps, own.shape, self.counts)
        return own.after(value, first, each)

    def joined(self, pieces: list[Piece], shape: Shape) -> Pattern:
        inner, rows, indices, taps = prod(shape[1:]), [], [], []
        for piece in pieces:
            pattern = self.identity() if piece.value is None else piece.value
            here, there = inside(piece, shape)
            low, high = here.start * inner, here.stop * inner
            part = slice(pattern.indptr[low], pattern.indptr[high])
            rows.append(pattern.rows[part] + (there.start - here.start) * inner)
            indices.append(pattern.indices[part])
            taps.append(pattern.tap[part])
        arrays = np.concatenate(rows), np.concatenate(indices), np.concatenate(taps)
        return _sorted(*arrays, prod(shape), self)


def _sorted(rows: Array, indices: Array, taps: Array, count: int, of: _Patterns) -> Pattern:
    order = np.lexsort((taps, indices, rows))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=count))])
    kind = index_dtype(count, of.size, len(rows))
    return Pattern(
        indptr.astype(kind), indices[order].astype(kind), taps[order], (count, of.size), of.counts
    )


def pattern_along(diagram: Diagram) -> Pattern:
    """The triples of all paths from the input to the output."""
    counts = diagram.tap_counts
    if prod(counts) > np.iinfo(np.int64).max:
        raise TooLargeError(
            f"the paths of {len(counts)} layers have {prod(counts):.3g} tap combinations, more "
            f"than 64 bits hold; take a part of the network, or use to_scipy()"
        )
    carrier = _Patterns(diagram)
    found: Pattern | None = walk(diagram, None, carrier)
    return carrier.identity() if found is None else found
