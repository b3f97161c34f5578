"""The connectivity of a map as a graph, in four views: elements, layers, channels, one axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.diagram import Stages, Step
from convmatrix.errors import GeometryError
from convmatrix.graphs.table import Edges, GraphTable, Space
from convmatrix.layers.calling import is_one_of
from convmatrix.limits import check_memory
from convmatrix.pattern import axis_rows
from convmatrix.relation import Axis
from convmatrix.resize import ResizeAxis
from convmatrix.shapes import ravel, times, unravel
from convmatrix.stencil import Stencil, read_channel
from convmatrix.typing import Array

if TYPE_CHECKING:
    from convmatrix.maps.base import Map

__all__ = ["VIEWS", "bipartite_table", "graph_table", "layered_table", "spaces_of", "window_table"]


VIEWS = ("bipartite", "layered", "channels", "axis")

BLOCK = 1 << 15
"""Edges listed at a time, about."""


def graph_table(a: Map, view: str = "bipartite", axis: int = 0) -> GraphTable:
    """The graph of a view of a map."""
    if not is_one_of(view, VIEWS):
        raise GeometryError(f"view must be one of {', '.join(VIEWS)}, got {view!r}")
    stages = a._stages()
    if view == "bipartite":
        return bipartite_table(a, stages)
    if view == "layered":
        return layered_table(a, stages)
    return _channels(stages) if view == "channels" else _axis(stages, axis)


def spaces_of(stages: Stages, shapes: Any, *, has_channel: bool = True) -> tuple[Space, ...]:
    """A space for each of the stages', in the order of their ranks."""
    ranks, letters = stages.ranks, stages.letters
    sides = {stages.input: "input", stages.output: "output"}
    return tuple(
        Space(letters[i], sides.get(i, "hidden"), tuple(shape), ranks[i], has_channel)
        for i, shape in enumerate(shapes)
    )


def _ordered(spaces: tuple[Space, ...]) -> tuple[Space, ...]:
    return tuple(sorted(spaces, key=lambda space: (space.layer, space.letter)))


def _shapes(a: Map) -> dict[str, str]:
    return {"in_shape": times(a.in_shape, "x"), "out_shape": times(a.out_shape, "x")}


def weight_kind(a: Map) -> str | None:
    """The type of a map's weights in a graph: None where there are none, or symbols."""
    if not (a.is_linear and all(leaf.is_numeric for leaf in a.leaves)):
        return None
    if a.dtype.kind == "O":
        values = [v for leaf in a.leaves for v in leaf.numbers(a.dtype).flat]
        if all(type(v) is int for v in values):
            return "long"
        # exact fractions become floats where one holds each, else everything is text
        return "double" if all(map(_is_real, values)) else "string"
    return "long" if a.dtype.kind in "biu" else "double" if a.dtype.kind == "f" else "string"


def _is_real(value: Any) -> bool:
    """Whether a float holds it, rounded."""
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _fields(kind: str | None) -> tuple[tuple[str, str], ...]:
    return (("tap", "long"), *(() if kind is None else (("weight", kind),)))


_DTYPES: dict[str, Any] = {"long": np.int64, "double": np.float64}


def _weights(a: Map | None, kind: str, tap: Array) -> Any:
    """The weights of some taps, of one type: an array, or a list of texts or large integers."""
    if a is None:
        return ["1"] * len(tap) if kind == "string" else np.ones(len(tap), _DTYPES[kind])
    values = a._edge_values(tap)
    large = values.dtype.kind == "u" and values.size and values.max() > np.iinfo(np.int64).max
    if values.dtype.kind in "iuf" and kind != "string" and not large:
        return values.astype(_DTYPES[kind], copy=False)
    weights = a._edge_weights(tap)
    if kind == "string":
        return [str(weight) for weight in weights]
    try:
        return np.array(weights, _DTYPES[kind])
    except OverflowError:
        return weights


def _columns(a: Map, kind: str | None, tap: Array) -> list[Any]:
    return [tap, *([] if kind is None else [_weights(a, kind, tap)])]


def bipartite_table(a: Map, stages: Stages, multi: bool | None = None) -> GraphTable:
    """Elements of input and output; an edge a path."""
    if a._doubles:
        raise GeometryError(
            "two paths of this network pass the same layers with the same taps, so that no edge of "
            "view 'bipartite' tells them apart; use view='layered'"
        )
    letters = stages.letters
    space = Space(letters[stages.input], "input", a.in_shape, 0)
    target = Space(letters[stages.output], "output", a.out_shape, 1)
    kind = weight_kind(a)

    def edges() -> Iterator[Edges]:
        for rows, columns, tap in a._blocks(BLOCK):
            yield Edges(space, target, columns, rows, _columns(a, kind, tap))

    return GraphTable(
        (space, target), edges, _fields(kind), a._collides if multi is None else multi, a.nnz,
        attributes=_shapes(a),
    )  # fmt: skip


def window_table(a: Map, inside: Array) -> GraphTable:
    """The part of the bipartite graph that ends in some outputs, found output by output."""
    table = bipartite_table(a, a._stages())
    space, target = table.spaces
    kind = weight_kind(a)
    rows, columns, taps = [], [], []
    for flat in inside.tolist():
        for element, tap in a._inputs_of(unravel(flat, a.out_shape)):
            rows.append(flat)
            columns.append(ravel(element, a.in_shape))
            taps.append(tap)
    ends = np.array(columns, np.int64), np.array(rows, np.int64)
    edges = Edges(space, target, *ends, _columns(a, kind, np.array(taps, np.int64)))
    return replace(
        table, edges=lambda: iter([edges]), count=len(rows),
        kept={space: np.unique(ends[0]), target: inside},
    )  # fmt: skip


def layered_table(a: Map, stages: Stages) -> GraphTable:
    """Elements of every space between the layers; an edge a connection of one layer."""
    spaces = spaces_of(stages, stages.shapes)
    kinds = [None if step.map is None else weight_kind(step.map) for step in stages.steps]
    weighted = all(
        k is not None for k, s in zip(kinds, stages.steps, strict=True) if s.map is not None
    )
    order = ("long", "double", "string")
    found = [k for k in kinds if k is not None]
    kind = max(found, key=order.index) if weighted and found else None

    def edges() -> Iterator[Edges]:
        for step in stages.steps:
            source, target = spaces[step.source], spaces[step.target]
            for sources, targets, tap in _step_blocks(step, spaces[step.read]):
                columns: list[Any] = [tap]
                if kind is not None:
                    columns.append(_weights(step.map, kind, tap))
                yield Edges(source, target, sources, targets, columns)

    pairs = [(step.source, step.target) for step in stages.steps]
    multi = len(set(pairs)) < len(pairs) or any(s.map is not None and s.map._collides
                                                for s in stages.steps)  # fmt: skip
    count = sum(_step_count(step, spaces[step.read]) for step in stages.steps)
    return GraphTable(
        _ordered(spaces), edges, _fields(kind), multi, count, layered=True, attributes=_shapes(a)
    )


def _step_blocks(step: Step, read: Space) -> Iterator[tuple[Array, Array, Array]]:
    """The edges of a step that reads a space: sources, targets and taps."""
    for inputs, outputs, tap in _step_triples(step, read):
        yield (outputs, inputs, tap) if step.turned else (inputs, outputs, tap)


def _step_triples(step: Step, read: Space) -> Iterator[tuple[Array, Array, Array]]:
    """What a step reads, what it writes, and the taps."""
    low = step.offset * prod(read.shape[1:])
    if step.map is None:
        flat = np.arange(read.size)
        yield flat, flat + low, np.zeros(len(flat), np.int64)
        return
    whole = tuple(step.map.in_shape) == read.shape
    for rows, columns, tap in step.map._blocks(BLOCK):
        if whole:
            yield columns, rows, tap
        else:
            here = (columns >= low) & (columns < low + read.size)
            yield columns[here] - low, rows[here], tap[here]


def _step_count(step: Step, read: Space) -> int:
    if step.map is None:
        return read.size
    if tuple(step.map.in_shape) == read.shape:
        return int(step.map.nnz)
    return sum(len(s) for s, _, _ in _step_triples(step, read))


def _channels(stages: Stages) -> GraphTable:
    """Channels of every space; an edge where a channel is read, with how many connections."""
    spaces = spaces_of(stages, [shape[:1] for shape in stages.shapes])

    def edges() -> Iterator[Edges]:
        for step in stages.steps:
            source, target = spaces[step.source], spaces[step.target]
            inputs, outputs, counts = _channel_pairs(step, stages)
            here = (inputs >= step.offset) & (inputs < step.offset + spaces[step.read].size)
            here &= counts > 0
            ends = inputs[here] - step.offset, outputs[here]
            first, last = ends[::-1] if step.turned else ends
            yield Edges(source, target, first, last, [counts[here]])

    count = sum(len(e.sources) for e in edges())
    pairs = [(step.source, step.target) for step in stages.steps]
    multi = len(set(pairs)) < len(pairs)
    return GraphTable(
        _ordered(spaces), edges, (("connections", "long"),), multi, count, layered=True
    )


def _channel_pairs(step: Step, stages: Stages) -> tuple[Array, Array, Array]:
    """Input and output channels that a step connects, and how many connections each pair has."""
    if step.map is None:
        channels = np.arange(stages.shapes[step.read][0])
        size = prod(stages.shapes[step.read][1:])
        return channels + step.offset, channels + step.offset, np.full(len(channels), size)
    leaf = step.map.leaves[0]
    forward, bound = step.map is leaf, leaf.bound
    if isinstance(bound, Stencil):
        many = bound.out_channels * bound.group_channels
        check_memory(64 * many, f"a graph of {many} pairs of channels", "fewer channels")
        width = bound.out_channels // bound.groups
        o, c = (x.reshape(-1) for x in np.indices((bound.out_channels, bound.group_channels)))
        inputs, outputs = read_channel(o, c, width, bound.group_channels), o
        counts = np.full(len(o), prod(axis.pairs for axis in bound.axes))
    else:
        pattern, inner = leaf.pattern, prod(bound.out_shape[1:])
        pairs = np.stack([pattern.indices // prod(bound.in_shape[1:]), pattern.rows // inner])
        (inputs, outputs), counts = np.unique(pairs, axis=1, return_counts=True)
    return (inputs, outputs, counts) if forward else (outputs, inputs, counts)


def _axis(stages: Stages, axis: int) -> GraphTable:
    """Coordinates along one axis: a convolution's graph is the product of its axes' and of its
    channels'."""
    ndim = len(stages.shapes[0]) - 1
    if not isinstance(axis, (int, np.integer)) or not -ndim <= axis < ndim:
        raise GeometryError(f"axis must be one of the {ndim} spatial axes, got {axis!r}")
    spaces = spaces_of(stages, [(s[1 + axis % ndim],) for s in stages.shapes], has_channel=False)

    along = axis % ndim
    counts = [_axis_count(step, along, spaces[step.read].size) for step in stages.steps]

    def edges() -> Iterator[Edges]:
        for step in stages.steps:
            source, target = spaces[step.source], spaces[step.target]
            for inputs, outputs, tap in _axis_triples(step, along, source.size):
                ends = (outputs, inputs) if step.turned else (inputs, outputs)
                yield Edges(source, target, *ends, [tap])

    pairs = [(step.source, step.target) for step in stages.steps]
    collides = any(_axis_of(step, along).collides for step in stages.steps if step.map is not None)
    return GraphTable(
        _ordered(spaces), edges, (("tap", "long"),), collides or len(set(pairs)) < len(pairs),
        sum(counts), layered=True,
    )  # fmt: skip


def _axis_of(step: Step, axis: int) -> Axis | ResizeAxis:
    """The relation of a step along an axis."""
    assert step.map is not None
    leaf = step.map.leaves[0]
    if not isinstance(leaf.bound, Stencil):
        raise GeometryError(
            f"{leaf.typed.name} moves elements between axes, so it has no graph of one axis; use "
            f"view='bipartite'"
        )
    return leaf.bound.axes[axis]


def _axis_count(step: Step, axis: int, size: int) -> int:
    return size if step.map is None else _axis_of(step, axis).pairs


def _axis_triples(step: Step, axis: int, size: int) -> Iterator[tuple[Array, Array, Array]]:
    """What a step reads along an axis, what it writes, and the taps."""
    if step.map is None:
        for low in range(0, size, BLOCK):
            places = np.arange(low, min(low + BLOCK, size))
            yield places, places, np.zeros(len(places), np.int64)
        return
    along = _axis_of(step, axis)
    for low in range(0, along.outputs, BLOCK):
        outputs = range(low, min(low + BLOCK, along.outputs))
        rows = axis_rows(along, outputs)
        written = np.repeat(np.arange(outputs.start, outputs.stop), rows.counts)
        ends = rows.reads, written
        yield (*(ends if step.map is step.map.leaves[0] else ends[::-1]), rows.taps)
