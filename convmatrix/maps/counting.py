"""How many paths lead through a map, from its relations: arrays as large as one axis, not as all.

The ones that enter a convolution are a product over its axes, and so is what leaves it; where
branches meet products add up. Only layers that move elements between axes, and networks of very
many branches, need an array of all elements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from convmatrix.diagram import Stages, Step, reversed_stages
from convmatrix.errors import TooLargeError
from convmatrix.limits import check_memory
from convmatrix.relation import Axis
from convmatrix.resize import ResizeAxis
from convmatrix.stencil import Bound, Rearrangement, Stencil
from convmatrix.typing import Array

__all__ = ["counts_of", "entries_of", "grid", "total"]

Term = tuple[Array, ...]
"""Counts of paths that are a product: a vector for the channels and one for each axis."""

MOST_TERMS = 64
"""Above so many products an array of all elements is less work."""
MOST_STEPS = 1 << 26
"""So many outputs times taps along one axis are counted, at most: a second or two."""
MOST_PAIRS = 1 << 24
"""So many pairs along one axis are listed to tell distinct ones, at most."""
INT64 = 2.0**62


def counts_of(stages: Stages, *, back: bool = False) -> list[Term] | None:
    """How many paths from the input end at each element of the output (or, `back`, the other way),
    as a sum of products; None where that is not less than an array of all."""
    way = reversed_stages(stages) if back else stages
    held: dict[int, list[Term]] = {way.input: [_ones(way.shapes[way.input])]}
    for step in way.steps:
        arrived = [_through(step, way, term) for term in held.get(step.source, ())]
        if any(term is None for term in arrived):
            return None
        there = held.setdefault(step.target, [])
        there += [term for term in arrived if term is not None]
        if len(there) > MOST_TERMS:
            return None
    return held.get(way.output, [])


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


def _through(step: Step, stages: Stages, term: Term) -> Term | None:
    """Counts carried along the edges of a step, from its source to its target."""
    channels, *along = term
    if step.map is None:
        leaf, forward, width = None, True, stages.shapes[step.written][0]
    else:
        leaf, width = step.map.leaves[0], step.map.in_shape[0]
        forward = (step.map is leaf) != step.turned
    if not step.turned and width != len(channels):  # a branch's place in the stack
        channels = _padded(channels, step.offset, int(width))
    if leaf is not None:
        moved = _pushed(leaf.bound, (channels, *along), forward)
        if moved is None:
            return None
        channels, *along = moved
    if step.turned:
        channels = channels[step.offset : step.offset + stages.shapes[step.read][0]]
    return (channels, *along)


def _padded(vector: Array, before: int, size: int) -> Array:
    padded = np.zeros(size, vector.dtype)
    padded[before : before + len(vector)] = vector
    return padded


def _pushed(bound: Bound, term: Term, forward: bool) -> Term | None:
    """Counts carried through an elementary layer, or back through it."""
    channels, *along = term
    if isinstance(bound, Rearrangement):
        return _shuffled(bound, term, forward)
    width = (bound.group_channels, bound.out_channels // bound.groups)
    reads, feeds = width if forward else width[::-1]
    sums = _wide(channels, reads).reshape(bound.groups, reads).sum(axis=1)
    return (
        np.repeat(sums, feeds),
        *(_slid(a, v, forward) for a, v in zip(bound.axes, along, strict=True)),
    )


def _shuffled(bound: Rearrangement, term: Term, forward: bool) -> Term | None:
    """The same of a permutation of channels; None where elements leave their place."""
    channels, *along = term
    kept = len(bound.parts) - len(along)
    places = tuple(range(kept, len(bound.parts)))
    if tuple(bound.order[kept:]) != places or bound.parts[kept:] != bound.in_shape[1:]:
        return None
    order, parts = bound.order[:kept], bound.parts[:kept]
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


@dataclass(frozen=True, slots=True)
class _Link:
    """A layer of a stack, read forward or turned round."""

    stencil: Stencil
    forward: bool


def entries_of(stages: Stages) -> int | None:
    """How many distinct pairs of input and output are connected; None where they would have to be
    listed and are too many, or where ways part and meet."""
    if len(stages.steps) == 1 and stages.steps[0].map is not None:
        bound = stages.steps[0].map.leaves[0].bound
        if isinstance(bound, Rearrangement):
            return bound.nnz
    links = _chain(stages)
    if links is None:
        return None
    ndim = len(stages.shapes[stages.input]) - 1
    counts = [_distinct_channels(links), *(_distinct(links, j) for j in range(ndim))]
    return None if None in counts else prod(n for n in counts if n is not None)


def _chain(stages: Stages) -> list[_Link] | None:
    """The layers in order of application, where each follows the one before and is a stencil."""
    links, place = [], stages.input
    for step in stages.steps:
        if step.map is None or step.source != place or step.offset:
            return None
        leaf = step.map.leaves[0]
        if not isinstance(leaf.bound, Stencil):
            return None
        links.append(_Link(leaf.bound, (step.map is leaf) != step.turned))
        place = step.target
    return links


def _distinct_channels(links: list[_Link]) -> int | None:
    pairs = [(s.in_channels * s.out_channels) // s.groups for s in (k.stencil for k in links)]
    if len(links) == 1 or max(pairs) > MOST_PAIRS:
        return pairs[0] if len(links) == 1 else None
    return _product([_blocks(link) for link in links])


def _blocks(link: _Link) -> Any:
    from scipy.sparse import csr_array, kron

    s = link.stencil
    block = np.ones((s.out_channels // s.groups, s.group_channels))
    whole = kron(csr_array(np.eye(s.groups)), block, format="csr")
    return whole if link.forward else whole.T.tocsr()


def _distinct(links: list[_Link], j: int) -> int | None:
    axes = [link.stencil.axes[j] for link in links]
    if len(links) == 1:
        return axes[0].entries
    if max(axis.outputs * axis.kernel for axis in axes) > MOST_PAIRS:
        return None
    return _product([_places(a, k.forward) for a, k in zip(axes, links, strict=True)])


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
