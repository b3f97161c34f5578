"""The connectivity of a map as a graph, in four views: elements, layers, channels, one axis."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.diagram import Diagram, Step
from convmatrix.errors import GeometryError
from convmatrix.graphs.table import Edges, GraphTable, Space
from convmatrix.graphs.weights import edge_columns, edge_fields, weight_kind
from convmatrix.graphs.window import Window, windowed
from convmatrix.layers.calling import is_one_of
from convmatrix.leaf import Leaf
from convmatrix.limits import check_memory
from convmatrix.relation import Axis
from convmatrix.resize import ResizeAxis
from convmatrix.shapes import times
from convmatrix.stencil import Stencil, read_channel
from convmatrix.triples import axis_rows, blocks_of, pattern_of
from convmatrix.typing import Array

if TYPE_CHECKING:
    from convmatrix.maps.base import Map

__all__ = ["VIEWS", "bipartite_table", "graph_table", "layered_table", "spaces_of"]


VIEWS = ("bipartite", "layered", "channels", "axis")

BLOCK = 1 << 15
"""Edges listed at a time, about."""


def graph_table(
    a: Map, view: str = "bipartite", axis: int = 0, window: Window | None = None
) -> GraphTable:
    """The graph of a view of a map, or its part in a window of outputs, `(start, stop)` an axis.

    >>> import convmatrix as cm
    >>> a = cm.conv1d(1, 1, 2).on(5)
    >>> graph_table(a).count, graph_table(a, window=[(0, 2)]).count
    (8, 4)
    """
    if not is_one_of(view, VIEWS):
        raise GeometryError(f"view must be one of {', '.join(VIEWS)}, got {view!r}")
    if view == "bipartite":
        table = bipartite_table(a)
        return table if window is None else windowed(table, a, window)
    if view == "axis":
        table = _axis(a.diagram, axis)
    else:
        table = layered_table(a) if view == "layered" else _channels(a.diagram)
    if window is not None:
        raise GeometryError(
            f"a window is for view 'bipartite', got {view!r}; leave one of them out"
        )
    return table


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


def _connected(diagram: Diagram, spaces: tuple[Space, ...]) -> Iterator[tuple[Step, Space, Space]]:
    """Every step with the spaces that it connects."""
    for step in diagram.steps:
        yield step, spaces[step.source], spaces[step.target]


def _parallel(diagram: Diagram) -> bool:
    """Whether two steps connect the same spaces."""
    pairs = [(step.source, step.target) for step in diagram.steps]
    return len(set(pairs)) < len(pairs)


def _shapes(a: Map) -> dict[str, str]:
    return {"in_shape": times(a.in_shape, "x"), "out_shape": times(a.out_shape, "x")}


def bipartite_table(a: Map, multi: bool | None = None) -> GraphTable:
    """Elements of input and output; an edge a path."""
    diagram = a.diagram
    if diagram.doubles:
        raise GeometryError(
            "two paths of this network pass the same layers with the same taps, so that no edge of "
            "view 'bipartite' tells them apart; use view='layered'"
        )
    letters = diagram.letters
    space = Space(letters[diagram.input], "input", a.in_shape, 0)
    target = Space(letters[diagram.output], "output", a.out_shape, 1)
    kind = weight_kind(diagram)

    def edges() -> Iterator[Edges]:
        for rows, columns, tap in a.blocks(BLOCK):
            yield Edges(space, target, columns, rows, edge_columns(diagram, kind, tap))

    return GraphTable(
        (space, target), edges, edge_fields(kind), a.collides if multi is None else multi, a.nnz,
        attributes=_shapes(a),
    )  # fmt: skip


def layered_table(a: Map) -> GraphTable:
    """Elements of every space between the layers; an edge a connection of one layer."""
    diagram = a.diagram
    spaces = spaces_of(diagram, diagram.shapes)
    layers = [None if step.leaf is None else Diagram.of(step.leaf) for step in diagram.steps]
    kinds = [weight_kind(layer) for layer in layers if layer is not None]
    order = ("long", "double", "string")
    kind = max(kinds, key=order.index) if kinds and None not in kinds else None

    def edges() -> Iterator[Edges]:
        for layer, (step, source, target) in zip(layers, _connected(diagram, spaces), strict=True):
            for sources, targets, tap in _step_blocks(step, source, target):
                yield Edges(source, target, sources, targets, edge_columns(layer, kind, tap))

    multi = _parallel(diagram) or any(leaf.geometry.collides for leaf in diagram.leaves)
    count = sum(_step_count(*step) for step in _connected(diagram, spaces))
    return GraphTable(
        _ordered(spaces), edges, edge_fields(kind), multi, count, layered=True,
        attributes=_shapes(a),
    )  # fmt: skip


def _step_blocks(step: Step, source: Space, target: Space) -> Iterator[tuple[Array, Array, Array]]:
    """The edges of a step between two spaces: sources, targets and taps."""
    if step.leaf is None:
        flat = np.arange(source.size)
        yield _kept(step, source, target, flat, flat, np.zeros(len(flat), np.int64))
        return
    for rows, columns, taps in blocks_of(step.leaf.geometry, BLOCK):
        ends = (rows, columns) if step.back else (columns, rows)
        yield _kept(step, source, target, *ends, taps)


def _kept(
    step: Step, source: Space, target: Space, taken: Array, given: Array, taps: Array
) -> tuple[Array, Array, Array]:
    """Of what a leaf takes and gives, what is inside the spaces that its step connects."""
    sources = taken - step.enters * prod(source.shape[1:]) if step.leaf is not None else taken
    shift = step.exits if step.leaf is not None else step.enters
    targets = given + shift * prod(target.shape[1:])
    if _is_whole(step, source, target):
        return sources, targets, taps
    here = (sources >= 0) & (sources < source.size) & (targets >= 0) & (targets < target.size)
    return sources[here], targets[here], taps[here]


def _is_whole(step: Step, source: Space, target: Space) -> bool:
    """Whether a step connects its spaces whole: nothing is shifted, and nothing left out."""
    shapes = (target.shape, source.shape) if step.leaf is None else step.leaf.ends(step.back)
    return (step.enters, step.exits, *shapes) == (0, 0, source.shape, target.shape)


def _step_count(step: Step, source: Space, target: Space) -> int:
    if step.leaf is not None and _is_whole(step, source, target):
        return step.leaf.geometry.nnz
    return sum(len(ends) for ends, _, _ in _step_blocks(step, source, target))


def _channels(diagram: Diagram) -> GraphTable:
    """Channels of every space; an edge where a channel is read, with how many connections."""
    spaces = spaces_of(diagram, [shape[:1] for shape in diagram.shapes])

    def edges() -> Iterator[Edges]:
        for step, source, target in _connected(diagram, spaces):
            pairs = _channel_pairs(step, diagram)
            sources, targets, counts = _kept(step, source, target, *pairs)
            here = counts > 0
            yield Edges(source, target, sources[here], targets[here], [counts[here]])

    count = sum(len(e.sources) for e in edges())
    fields = (("connections", "long"),)
    return GraphTable(_ordered(spaces), edges, fields, _parallel(diagram), count, layered=True)


def _channel_pairs(step: Step, diagram: Diagram) -> tuple[Array, Array, Array]:
    """Channels that a step takes and gives, and how many connections each pair of them has."""
    if step.leaf is None:
        width, *size = diagram.shapes[step.source]
        channels = np.arange(width)
        return channels, channels, np.full(width, prod(size))
    geometry = step.leaf.geometry
    if isinstance(geometry, Stencil):
        many = geometry.out_channels * geometry.group_channels
        check_memory(64 * many, f"a graph of {many} pairs of channels", "fewer channels")
        width = geometry.out_channels // geometry.groups
        o, c = (x.reshape(-1) for x in np.indices((geometry.out_channels, geometry.group_channels)))
        inputs, outputs = read_channel(o, c, width, geometry.group_channels), o
        counts = np.full(len(o), prod(axis.pairs for axis in geometry.axes))
    else:
        pattern, inner = pattern_of(geometry), prod(geometry.out_shape[1:])
        pairs = np.stack([pattern.indices // prod(geometry.in_shape[1:]), pattern.rows // inner])
        (inputs, outputs), counts = np.unique(pairs, axis=1, return_counts=True)
    return (outputs, inputs, counts) if step.back else (inputs, outputs, counts)


def _axis(diagram: Diagram, axis: int) -> GraphTable:
    """Coordinates along one axis: a convolution's graph is the product of its axes' and of its
    channels'."""
    ndim = len(diagram.shapes[0]) - 1
    if not isinstance(axis, (int, np.integer)) or not -ndim <= axis < ndim:
        raise GeometryError(f"axis must be one of the {ndim} spatial axes, got {axis!r}")
    along = int(axis) % ndim
    spaces = spaces_of(diagram, [(s[1 + along],) for s in diagram.shapes], has_channel=False)
    count = sum(_axis_count(step, along, x.size) for step, x, _ in _connected(diagram, spaces))

    def edges() -> Iterator[Edges]:
        for step, source, target in _connected(diagram, spaces):
            for sources, targets, tap in _axis_triples(step, along, source.size):
                yield Edges(source, target, sources, targets, [tap])

    collides = any(_axis_of(leaf, along).collides for leaf in diagram.leaves)
    return GraphTable(
        _ordered(spaces), edges, edge_fields(None), collides or _parallel(diagram), count,
        layered=True,
    )  # fmt: skip


def _axis_of(leaf: Leaf, axis: int) -> Axis | ResizeAxis:
    """The relation of a layer along an axis."""
    if not isinstance(leaf.geometry, Stencil):
        raise GeometryError(
            f"{leaf.typed.name} moves elements between axes, so it has no graph of one axis; use "
            f"view='bipartite'"
        )
    return leaf.geometry.axes[axis]


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
