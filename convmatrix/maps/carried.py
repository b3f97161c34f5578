"""Arrays, counts of paths, matrices and patterns, carried along a map's diagram."""

from __future__ import annotations

from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix import dense
from convmatrix.dense import Choice
from convmatrix.diagram import Diagram
from convmatrix.errors import ShapeError, TooLargeError
from convmatrix.layers.arrays import as_array, by_float32, came_as, result_dtype, rounded_once
from convmatrix.leaf import Leaf
from convmatrix.limits import check_memory
from convmatrix.maps.counting import counts_of, entries_of, grid
from convmatrix.maps.shaped import Shaped, require_numbers, require_weights
from convmatrix.pattern import Pattern, index_dtype
from convmatrix.relation import Index
from convmatrix.triples import pattern_of
from convmatrix.typing import Array
from convmatrix.views.values import common_dtype
from convmatrix.walk import Arrays, Piece, inside, tiled, walk

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["along", "applied", "matrix_of", "paths", "pattern_along"]

Shape = tuple[Index, ...]


class _Matrices:
    """The matrix from the input to where it stands, in canonical CSR; None is the identity."""

    def __init__(self, diagram: Diagram, dtype: np.dtype[Any], *, counted: bool) -> None:
        self.diagram, self.dtype, self.counted = diagram, dtype, counted
        self.columns = prod(diagram.in_shape)

    def through(self, leaf: Leaf, value: csr_array | None, back: bool, digit: int) -> csr_array:
        from convmatrix.views import matrix

        own = matrix.assemble(leaf.geometry, leaf.numbers(self.dtype))
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
        self.counts, self.packing = diagram.tap_counts, diagram.packing
        self.untouched, self.size = diagram.untouched, prod(diagram.in_shape)

    def identity(self) -> Pattern:
        places = np.arange(self.size + 1)
        taps = np.full(self.size, self.untouched)
        return Pattern(places, places[:-1], taps, (self.size, self.size), self.counts)

    def through(self, leaf: Leaf, value: Pattern | None, back: bool, digit: int) -> Pattern:
        first, each = self.packing[digit]
        own = pattern_of(leaf.geometry)
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


def applied(a: Shaped, x: Any, choice: Choice | None = None) -> Array:
    """A map applied to an array `(*batch, *in_shape)`, by what was chosen."""
    require_numbers(a, "apply to an array")
    require_weights(a, "applying it to an array")
    array = as_array(x)
    lead = array.ndim - len(a.in_shape)
    if lead < 0 or array.shape[lead:] != a.in_shape:
        raise ShapeError(
            f"expected an array (*batch, {', '.join(map(str, a.in_shape))}), got shape "
            f"{array.shape}; bind the layer to that size, or reshape the array"
        )
    if array.dtype.kind not in "biufcO":
        raise ShapeError(f"expected an array of numbers, got dtype {array.dtype}")
    batch = array.shape[:lead]
    flat = array.reshape(prod(batch), *a.in_shape)
    walked = partial(along, a.diagram, choice=choice)
    y = rounded_once(walked, flat, came_as(x, array), a.weights)
    return y.reshape(*batch, *a.out_shape)


def along(diagram: Diagram, x: Array, choice: Choice | None = None) -> Array:
    """Carry an array `(batch, *in_shape)` to the output."""
    result: Array = walk(diagram, x, Arrays(partial(_through, choice)))
    return result


def _through(choice: Choice | None, leaf: Leaf, x: Array, back: bool) -> Array:
    if not leaf.layer.is_linear:
        return leaf.layer.nonlinear(leaf.geometry, x)
    if choice and choice.method == "sparse":
        return _by_matrix(leaf, x, back)
    return (dense.adjoint if back else dense.forward)(leaf.geometry, leaf.weight, x, choice)


def _by_matrix(leaf: Leaf, x: Array, back: bool) -> Array:
    """The sparse product itself, in the arithmetic of SciPy, in the dtype of the dense path."""
    from convmatrix.views.matrix import assemble

    matrix: Any = assemble(leaf.geometry, leaf.numbers(common_dtype([leaf])))
    matrix = matrix.T if back else matrix

    def product(x: Array) -> Array:
        return np.asarray((matrix @ x.reshape(len(x), -1).T).T).reshape(len(x), *leaf.ends(back)[1])

    dtype = x.dtype if leaf.weight is None else result_dtype(leaf.weight, x)
    y = by_float32(product, x, dtype)
    return y.astype(dtype, copy=False) if dtype.kind in "fc" else y


def paths(diagram: Diagram) -> Array:
    """How many paths end at each output `(*out_shape)`: int64, or Python's integers where 64 bits
    do not hold their sum."""
    largest = max(map(prod, diagram.shapes))
    check_memory(32 * largest, f"an array of the paths of {largest} elements")
    terms = counts_of(diagram)
    if terms is not None:
        return grid(terms, diagram.out_shape)
    shape = (1, *diagram.in_shape)
    about = float(walk(diagram, np.ones(shape), _COUNTS).sum())
    kind: Any = object if about > 2.0**62 else np.int64
    found: Array = walk(diagram, np.ones(shape, kind), _COUNTS)[0]
    return found


_COUNTS = Arrays(
    lambda leaf, counts, back: (dense.paths_adjoint if back else dense.paths)(leaf.geometry, counts)
)
