"""How many paths lead through a map, from its relations: arrays as large as one axis, not as all.

The ones that enter a convolution are a product over its axes, and so is what leaves it; where
branches meet products add up. Only layers that move elements between axes, and networks of very
many branches, need an array of all elements.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from convmatrix.diagram import Diagram
from convmatrix.errors import TooLargeError
from convmatrix.leaf import Leaf
from convmatrix.limits import check_memory
from convmatrix.relation import Axis
from convmatrix.resize import ResizeAxis
from convmatrix.stencil import Geometry, Rearrangement, Stencil
from convmatrix.typing import Array
from convmatrix.walk import Piece, every_stop, inside

__all__ = ["counts_everywhere", "counts_of", "entries_of", "grid", "total"]

Term = tuple[Array, ...]
"""Counts of paths that are a product: a vector for the channels and one for each axis."""
_Link = tuple[Stencil, bool]
"""A layer of a stack, and whether it is read forward."""

MOST_TERMS = 64
"""Above so many products an array of all elements is less work."""
MOST_STEPS = 1 << 26
"""So many outputs times taps along one axis are counted, at most: a second or two."""
MOST_PAIRS = 1 << 24
"""So many pairs along one axis are listed to tell distinct ones, at most."""
INT64 = 2.0**62


def counts_of(diagram: Diagram) -> list[Term] | None:
    """How many paths from the input end at each element of the output, as a sum of products; None
    where that is not less than an array of all."""
    found = counts_everywhere(diagram)
    return None if found is None else found.get(diagram.output, [])


def counts_everywhere(diagram: Diagram) -> dict[int, list[Term]] | None:
    """The same of every space on the way."""
    try:
        return every_stop(diagram, [_ones(diagram.in_shape)], _Terms(), keep=True)
    except _NoProductsError:
        return None


class _NoProductsError(Exception):
    """Counts that are no sum of a few products."""


class _Terms:
    """Counts as sums of products, carried along."""

    def through(self, leaf: Leaf, value: list[Term], back: bool, digit: int) -> list[Term]:
        return [_pushed(leaf.geometry, term, not back) for term in value]

    def joined(self, pieces: list[Piece], shape: Any) -> list[Term]:
        found = []
        for piece in pieces:
            here, there = inside(piece, shape)
            for channels, *along in piece.value:
                placed = np.zeros(shape[0], channels.dtype)
                placed[there] = channels[here]
                found.append((placed, *along))
        if len(found) > MOST_TERMS:
            raise _NoProductsError
        return found


def total(terms: list[Term]) -> int:
    """How many paths there are in all."""
    return sum(prod(int(vector.sum()) for vector in term) for term in terms)


def grid(terms: list[Term], shape: tuple[int, ...]) -> Array:
    """The counts of all elements: int64, or Python's integers where 64 bits do not hold them."""
    small = all(prod(float(v.max()) for v in term) * len(terms) < INT64 for term in terms)
    result = np.zeros(shape, np.int64 if small else object)
    for term in terms:
        result += reduce(np.multiply.outer, (v.astype(result.dtype, copy=False) for v in term))
    return result


def _ones(shape: tuple[int, ...]) -> Term:
    check_memory(16 * max(shape), f"counting along an axis of {max(shape)}")
    return tuple(np.ones(n, np.int64) for n in shape)


def _pushed(geometry: Geometry, term: Term, forward: bool) -> Term:
    """Counts carried through an elementary layer, or back through it."""
    channels, *along = term
    if isinstance(geometry, Rearrangement):
        return _shuffled(geometry, term, forward)
    width = (geometry.group_channels, geometry.out_channels // geometry.groups)
    reads, feeds = width if forward else width[::-1]
    sums = _wide(channels, reads).reshape(geometry.groups, reads).sum(axis=1)
    return (
        np.repeat(sums, feeds),
        *(_slid(a, v, forward) for a, v in zip(geometry.axes, along, strict=True)),
    )


def _shuffled(geometry: Rearrangement, term: Term, forward: bool) -> Term:
    """The same of a permutation of channels; no product where elements leave their place."""
    channels, *along = term
    kept = len(geometry.parts) - len(along)
    places = tuple(range(kept, len(geometry.parts)))
    if tuple(geometry.order[kept:]) != places or geometry.parts[kept:] != geometry.in_shape[1:]:
        raise _NoProductsError
    order, parts = geometry.order[:kept], geometry.parts[:kept]
    if forward:
        return (channels.reshape(parts).transpose(order).reshape(-1), *along)
    moved = channels.reshape([parts[j] for j in order])
    return (moved.transpose(np.argsort(order)).reshape(-1), *along)


def _slid(axis: Axis | ResizeAxis, vector: Array, forward: bool) -> Array:
    """Counts carried along one axis, tap by tap."""
    outputs = axis.outputs
    if outputs * axis.kernel > MOST_STEPS:
        raise TooLargeError(
            f"counting paths along an axis of {outputs} outputs and {axis.kernel} taps takes more "
            f"than the {MOST_STEPS} steps that it may; use a smaller input or kernel"
        )
    check_memory(32 * max(outputs, axis.size), f"counting along an axis of {outputs} outputs")
    vector = _wide(vector, axis.kernel if forward else axis.kernel * -(-outputs // axis.size))
    result = np.zeros(outputs if forward else axis.size, vector.dtype)
    for o, t in _reads(axis):
        reads = axis.read(o, t)
        live = axis.inside(reads)
        ends = np.broadcast_to(o, reads.shape)[live], reads[live]
        into, of = ends if forward else ends[::-1]
        np.add.at(result, into, vector[of])
    return result


def _reads(axis: Axis | ResizeAxis) -> Iterator[tuple[Any, Any]]:
    """Every output with every tap, as many at a time as the longer of both lists has."""
    outputs, taps = np.arange(axis.outputs), np.arange(axis.kernel)
    if len(outputs) >= len(taps):
        yield from ((outputs, t) for t in range(axis.kernel))
    else:
        yield from ((o, taps) for o in range(axis.outputs))


def _wide(vector: Array, terms: int) -> Array:
    """As Python's integers where a sum of so many might not fit into 64 bits."""
    if vector.dtype != object and float(vector.max(initial=0)) * terms >= INT64:
        return vector.astype(object)
    return vector


# ------------------------------------------------------------------------------- entries


def entries_of(diagram: Diagram) -> int | None:
    """How many distinct pairs of input and output are connected; None where they would have to be
    listed and are too many, or where ways part and meet."""
    only = diagram.only
    if only is not None and isinstance(only.geometry, Rearrangement):
        return only.geometry.nnz
    links = [
        (step.leaf.geometry, not step.back)
        for step in diagram.chain or ()
        if step.leaf is not None and isinstance(step.leaf.geometry, Stencil)
    ]
    if not links or len(links) < len(diagram.steps):
        return None
    ndim = len(diagram.in_shape) - 1
    counts = [_distinct_channels(links), *(_distinct(links, j) for j in range(ndim))]
    return None if None in counts else prod(n for n in counts if n is not None)


def _distinct_channels(links: list[_Link]) -> int | None:
    pairs = [(s.in_channels * s.out_channels) // s.groups for s, _ in links]
    if len(links) == 1 or max(pairs) > MOST_PAIRS:
        return pairs[0] if len(links) == 1 else None
    return _product([_blocks(*link) for link in links])


def _blocks(s: Stencil, forward: bool) -> Any:
    from scipy.sparse import csr_array, kron

    block = np.ones((s.out_channels // s.groups, s.group_channels))
    whole = kron(csr_array(np.eye(s.groups)), block, format="csr")
    return whole if forward else whole.T.tocsr()


def _distinct(links: list[_Link], j: int) -> int | None:
    axes = [stencil.axes[j] for stencil, _ in links]
    if len(links) == 1:
        return axes[0].entries
    if max(axis.outputs * axis.kernel for axis in axes) > MOST_PAIRS:
        return None
    return _product([_places(a, forward) for a, (_, forward) in zip(axes, links, strict=True)])


def _places(axis: Axis | ResizeAxis, forward: bool) -> Any:
    """The matrix of an axis, 1 where an output reads an input."""
    from scipy.sparse import coo_array

    o, t = np.indices((axis.outputs, axis.kernel)).reshape(2, -1)
    reads = axis.read(o, t)
    live = axis.inside(reads)
    matrix = coo_array(
        (np.ones(int(live.sum())), (o[live], reads[live])), shape=(axis.outputs, axis.size)
    ).tocsr()
    return matrix if forward else matrix.T.tocsr()


def _product(matrices: list[Any]) -> int | None:
    """How many places of a product are not 0, by products whose entries are made 1 again."""
    result = matrices[0]
    for then in matrices[1:]:
        rows = np.diff(result.indptr)
        if float(rows[then.indices].sum()) > MOST_PAIRS:
            return None
        result = then @ result
        result.data[:] = 1
    return int(result.nnz)
