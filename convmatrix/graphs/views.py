"""The connectivity of a map as a graph, in four views: elements, layers, channels, one axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.diagram import Diagram, Step
from convmatrix.errors import GeometryError
from convmatrix.graphs.table import Edges, GraphTable, Space
from convmatrix.layers.calling import is_one_of
from convmatrix.leaf import Leaf
from convmatrix.limits import check_memory
from convmatrix.pattern import axis_rows, blocks_of, pattern_of
from convmatrix.relation import Axis
from convmatrix.resize import ResizeAxis
from convmatrix.shapes import ravel, times, unravel
from convmatrix.stencil import Stencil, read_channel
from convmatrix.typing import Array
from convmatrix.views.values import as_plain, common_dtype, edge_values

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
    diagram = a.diagram
    if view == "bipartite":
        return bipartite_table(a, diagram)
    if view == "layered":
        return layered_table(a, diagram)
    return _channels(diagram) if view == "channels" else _axis(diagram, axis)


def spaces_of(diagram: Diagram, shapes: Any, *, has_channel: bool = True) -> tuple[Space, ...]:
    """A space for each of the diagram's, in the order of their ranks."""
    ranks, letters = diagram.ranks, diagram.letters
    sides = {diagram.input: "input", diagram.output: "output"}
    return tuple(
        Space(letters[i], sides.get(i, "hidden"), tuple(shape), ranks[i], has_channel)
        for i, shape in enumerate(shapes)
    )


def _ordered(spaces: tuple[Space, ...]) -> tuple[Space, ...]:
    return tuple(sorted(spaces, key=lambda space: (space.layer, space.letter)))


def _shapes(a: Map) -> dict[str, str]:
    return {"in_shape": times(a.in_shape, "x"), "out_shape": times(a.out_shape, "x")}


def weight_kind(diagram: Diagram) -> str | None:
    """The type of a map's weights in a graph: None where there are none, or symbols."""
    leaves = diagram.leaves
    if not all(leaf.layer.is_linear and leaf.is_numeric for leaf in leaves):
        return None
    dtype = common_dtype(leaves)
    if dtype.kind == "O":
        values = [v for leaf in leaves for v in leaf.numbers(dtype).flat]
        if all(type(v) is int for v in values):
            return "long"
        # exact fractions become floats where one holds each, else everything is text
        return "double" if all(map(_is_real, values)) else "string"
    return "long" if dtype.kind in "biu" else "double" if dtype.kind == "f" else "string"


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


def _weights(diagram: Diagram | None, kind: str, tap: Array) -> Any:
    """The weights of some taps, of one type: an array, or a list of texts or large integers."""
    if diagram is None:
        return ["1"] * len(tap) if kind == "string" else np.ones(len(tap), _DTYPES[kind])
    values = edge_values(diagram, tap)
    large = values.dtype.kind == "u" and values.size and values.max() > np.iinfo(np.int64).max
    if values.dtype.kind in "iuf" and kind != "string" and not large:
        return values.astype(_DTYPES[kind], copy=False)
    weights = as_plain(values)
    if kind == "string":
        return [str(weight) for weight in weights]
    try:
        return np.array(weights, _DTYPES[kind])
    except OverflowError:
        return weights


def _columns(a: Map, kind: str | None, tap: Array) -> list[Any]:
    return [tap, *([] if kind is None else [_weights(a.diagram, kind, tap)])]


def bipartite_table(a: Map, diagram: Diagram, multi: bool | None = None) -> GraphTable:
    """Elements of input and output; an edge a path."""
    if diagram.doubles:
        raise GeometryError(
            "two paths of this network pass the same layers with the same taps, so that no edge of "
            "view 'bipartite' tells them apart; use view='layered'"
        )
    letters = diagram.letters
    space = Space(letters[diagram.input], "input", a.in_shape, 0)
    target = Space(letters[diagram.output], "output", a.out_shape, 1)
    kind = weight_kind(a.diagram)

    def edges() -> Iterator[Edges]:
        for rows, columns, tap in a.blocks(BLOCK):
            yield Edges(space, target, columns, rows, _columns(a, kind, tap))

    return GraphTable(
        (space, target), edges, _fields(kind), a.collides if multi is None else multi, a.nnz,
        attributes=_shapes(a),
    )  # fmt: skip


def window_table(a: Map, inside: Array) -> GraphTable:
    """The part of the bipartite graph that ends in some outputs, found output by output."""
    table = bipartite_table(a, a.diagram)
    space, target = table.spaces
    kind = weight_kind(a.diagram)
    rows, columns, taps = [], [], []
    for flat in inside.tolist():
        for element, tap in a.inputs_of(unravel(flat, a.out_shape)):
            rows.append(flat)
            columns.append(ravel(element, a.in_shape))
            taps.append(tap)
    ends = np.array(columns, np.int64), np.array(rows, np.int64)
    edges = Edges(space, target, *ends, _columns(a, kind, np.array(taps, np.int64)))
    return replace(
        table, edges=lambda: iter([edges]), count=len(rows),
        kept={space: np.unique(ends[0]), target: inside},
    )  # fmt: skip


def layered_table(a: Map, diagram: Diagram) -> GraphTable:
    """Elements of every space between the layers; an edge a connection of one layer."""
    spaces = spaces_of(diagram, diagram.shapes)
    layers = [None if step.leaf is None else Diagram.of(step.leaf) for step in diagram.steps]
    kinds = [weight_kind(layer) for layer in layers if layer is not None]
    order = ("long", "double", "string")
    kind = max(kinds, key=order.index) if kinds and None not in kinds else None

    def edges() -> Iterator[Edges]:
        for step, layer in zip(diagram.steps, layers, strict=True):
            source, target = spaces[step.source], spaces[step.target]
            for sources, targets, tap in _step_blocks(step, source, target):
                columns: list[Any] = [tap]
                if kind is not None:
                    columns.append(_weights(layer, kind, tap))
                yield Edges(source, target, sources, targets, columns)

    pairs = [(step.source, step.target) for step in diagram.steps]
    multi = len(set(pairs)) < len(pairs) or any(leaf.bound.collides for leaf in diagram.leaves)
    count = sum(_step_count(s, spaces[s.source], spaces[s.target]) for s in diagram.steps)
    return GraphTable(
        _ordered(spaces), edges, _fields(kind), multi, count, layered=True, attributes=_shapes(a)
    )


Triples = Iterator[tuple[Array, Array, Array]]


def _step_blocks(step: Step, source: Space, target: Space) -> Triples:
    """The edges of a step between two spaces: sources, targets and taps."""
    if step.leaf is None:
        flat = np.arange(source.size)
        yield _kept(step, source, target, flat, flat, np.zeros(len(flat), np.int64))
        return
    for rows, columns, taps in blocks_of(step.leaf.bound, BLOCK):
        ends = (rows, columns) if step.back else (columns, rows)
        yield _kept(step, source, target, *ends, taps)


def _kept(
    step: Step, source: Space, target: Space, taken: Array, given: Array, taps: Array
) -> tuple[Array, Array, Array]:
    """Of what a leaf takes and gives, what is inside the spaces that its step connects."""
    sources = taken - step.enters * prod(source.shape[1:]) if step.leaf is not None else taken
    shift = step.leaves if step.leaf is not None else step.enters
    targets = given + shift * prod(target.shape[1:])
    if _is_whole(step, source, target):
        return sources, targets, taps
    here = (sources >= 0) & (sources < source.size) & (targets >= 0) & (targets < target.size)
    return sources[here], targets[here], taps[here]


def _is_whole(step: Step, source: Space, target: Space) -> bool:
    """Whether a step connects its spaces whole: nothing is shifted, and nothing left out."""
    shapes = (target.shape, source.shape) if step.leaf is None else step.leaf.ends(step.back)
    return (step.enters, step.leaves, *shapes) == (0, 0, source.shape, target.shape)


def _step_count(step: Step, source: Space, target: Space) -> int:
    if step.leaf is not None and _is_whole(step, source, target):
        return step.leaf.bound.nnz
    return sum(len(ends) for ends, _, _ in _step_blocks(step, source, target))


def _channels(diagram: Diagram) -> GraphTable:
    """Channels of every space; an edge where a channel is read, with how many connections."""
    spaces = spaces_of(diagram, [shape[:1] for shape in diagram.shapes])

    def edges() -> Iterator[Edges]:
        for step in diagram.steps:
            source, target = spaces[step.source], spaces[step.target]
            taken, given, counts = _channel_pairs(step, diagram)
            shift = step.leaves if step.leaf is not None else step.enters
            sources, targets = taken - step.enters * (step.leaf is not None), given + shift
            here = (sources >= 0) & (sources < source.size) & (counts > 0)
            here &= (targets >= 0) & (targets < target.size)
            yield Edges(source, target, sources[here], targets[here], [counts[here]])

    count = sum(len(e.sources) for e in edges())
    pairs = [(step.source, step.target) for step in diagram.steps]
    multi = len(set(pairs)) < len(pairs)
    return GraphTable(
        _ordered(spaces), edges, (("connections", "long"),), multi, count, layered=True
    )


def _channel_pairs(step: Step, diagram: Diagram) -> tuple[Array, Array, Array]:
    """Channels that a step takes and gives, and how many connections each pair of them has."""
    if step.leaf is None:
        width, *size = diagram.shapes[step.source]
        channels = np.arange(width)
        return channels, channels, np.full(width, prod(size))
    bound = step.leaf.bound
    if isinstance(bound, Stencil):
        many = bound.out_channels * bound.group_channels
        check_memory(64 * many, f"a graph of {many} pairs of channels", "fewer channels")
        width = bound.out_channels // bound.groups
        o, c = (x.reshape(-1) for x in np.indices((bound.out_channels, bound.group_channels)))
        inputs, outputs = read_channel(o, c, width, bound.group_channels), o
        counts = np.full(len(o), prod(axis.pairs for axis in bound.axes))
    else:
        pattern, inner = pattern_of(bound), prod(bound.out_shape[1:])
        pairs = np.stack([pattern.indices // prod(bound.in_shape[1:]), pattern.rows // inner])
        (inputs, outputs), counts = np.unique(pairs, axis=1, return_counts=True)
    return (outputs, inputs, counts) if step.back else (inputs, outputs, counts)


def _axis(diagram: Diagram, axis: int) -> GraphTable:
    """Coordinates along one axis: a convolution's graph is the product of its axes' and of its
    channels'."""
    ndim = len(diagram.shapes[0]) - 1
    if not isinstance(axis, (int, np.integer)) or not -ndim <= axis < ndim:
        raise GeometryError(f"axis must be one of the {ndim} spatial axes, got {axis!r}")
    spaces = spaces_of(diagram, [(s[1 + axis % ndim],) for s in diagram.shapes], has_channel=False)

    along = axis % ndim
    counts = [_axis_count(step, along, spaces[step.source].size) for step in diagram.steps]

    def edges() -> Iterator[Edges]:
        for step in diagram.steps:
            source, target = spaces[step.source], spaces[step.target]
            for sources, targets, tap in _axis_triples(step, along, source.size):
                yield Edges(source, target, sources, targets, [tap])

    pairs = [(step.source, step.target) for step in diagram.steps]
    collides = any(_axis_of(leaf, along).collides for leaf in diagram.leaves)
    return GraphTable(
        _ordered(spaces), edges, (("tap", "long"),), collides or len(set(pairs)) < len(pairs),
        sum(counts), layered=True,
    )  # fmt: skip


def _axis_of(leaf: Leaf, axis: int) -> Axis | ResizeAxis:
    """The relation of a layer along an axis."""
    if not isinstance(leaf.bound, Stencil):
        raise GeometryError(
            f"{leaf.typed.name} moves elements between axes, so it has no graph of one axis; use "
            f"view='bipartite'"
        )
    return leaf.bound.axes[axis]


def _axis_count(step: Step, axis: int, size: int) -> int:
    return size if step.leaf is None else _axis_of(step.leaf, axis).pairs


def _axis_triples(step: Step, axis: int, size: int) -> Iterator[tuple[Array, Array, Array]]:
    """The edges of a step along an axis: sources, targets and taps."""
    if step.leaf is None:
        for low in range(0, size, BLOCK):
            places = np.arange(low, min(low + BLOCK, size))
            yield places, places, np.zeros(len(places), np.int64)
        return
    along = _axis_of(step.leaf, axis)
    for low in range(0, along.outputs, BLOCK):
        outputs = range(low, min(low + BLOCK, along.outputs))
        rows = axis_rows(along, outputs)
        written = np.repeat(np.arange(outputs.start, outputs.stop), rows.counts)
        ends = rows.reads, written
        yield (*(ends[::-1] if step.back else ends), rows.taps)
