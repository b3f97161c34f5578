"""Layers in a directed acyclic graph, and the map of one.

A network is a layer like any other: it binds to a size, has a matrix and a transpose. Where
branches meet they are added, or stacked along the channels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.dense import Choice
from convmatrix.diagram import Stages, Step
from convmatrix.errors import GeometryError, ShapeError, TooLargeError
from convmatrix.layers import Layer
from convmatrix.layers.base import by, listed_weights, placed
from convmatrix.layers.calling import is_one_of, public
from convmatrix.maps import LeafMap, Map, bind
from convmatrix.maps.counting import counts_of, total
from convmatrix.maps.intervals import most_entries
from convmatrix.maps.memory import Need, csr_bytes
from convmatrix.pattern import Pattern, index_dtype
from convmatrix.relation import Index
from convmatrix.stencil import Element, Link
from convmatrix.typing import Array, Recipe

if TYPE_CHECKING:
    from networkx import DiGraph
    from scipy.sparse import csr_array

__all__ = ["Network", "NetworkMap", "network"]


JOINS = ("add", "concat")
INPUT = -1
"""The predecessor of a node that reads the network's input."""


@dataclass(frozen=True, slots=True)
class Node:
    """A layer of a network, the nodes that it reads (by place), and how they are joined."""

    name: Any
    layer: Layer | None
    sources: tuple[int, ...]
    join: str = "add"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Network(Layer):
    """Layers in a directed acyclic graph, in an order of application; made by `network`."""

    nodes: tuple[Node, ...]
    in_channels: int
    out_channels: int
    ndim: int

    @property
    def parts(self) -> tuple[Layer, ...]:
        return tuple(part for node in self.nodes if node.layer for part in node.layer.parts)

    @property
    def is_linear(self) -> bool:
        return all(part.is_linear for part in self.parts)

    def recipe(self) -> Recipe:
        return "network", tuple(node.layer for node in self.nodes if node.layer), {}

    def with_weight(self, weight: Any) -> Network:
        """The same network with one weight for each layer that has one, in order."""
        return self.weighed(listed_weights(self, weight))

    def weighed(self, weights: Iterator[Any]) -> Network:
        nodes = (replace(n, layer=n.layer and n.layer.weighed(weights)) for n in self.nodes)
        return Network(tuple(nodes), self.in_channels, self.out_channels, self.ndim)

    def output_size(self, input_size: Any) -> tuple[Index, ...]:
        return self.on(input_size).out_shape[1:]

    def on(self, *size: Any) -> Map:
        sizes = self.sizes(*size)
        maps: list[Map | None] = []
        shapes: list[tuple[Index, ...]] = []
        for node in self.nodes:
            shape = _joined(node, [self._shape(shapes, sizes, source) for source in node.sources])
            with placed(f"node {node.name!r}"):
                maps.append(None if node.layer is None else bind(node.layer, shape[1:]))
            shapes.append(shape if node.layer is None else maps[-1].out_shape)  # type: ignore[union-attr]
        return NetworkMap(self, sizes, tuple(maps), tuple(shapes))

    def _shape(
        self, shapes: list[tuple[Index, ...]], size: tuple[Index, ...], source: int
    ) -> tuple[Index, ...]:
        return (self.in_channels, *size) if source == INPUT else shapes[source]

    def run(self, x: Array, choice: Choice | None = None) -> Array:
        results: list[Array] = []
        for node in self.nodes:
            y = _join(node, [x if s == INPUT else results[s] for s in node.sources], -self.ndim - 1)
            with placed(f"node {node.name!r}"):
                results.append(y if node.layer is None else by(node.layer, choice)(y))
        return results[-1]


def _joined(node: Node, shapes: list[tuple[Index, ...]]) -> tuple[Index, ...]:
    """The shape of what a node reads."""
    sizes = {shape[1:] for shape in shapes}
    channels = [shape[0] for shape in shapes]
    if len(sizes) > 1 or (node.join == "add" and len(set(channels)) > 1):
        raise GeometryError(
            f"node {node.name!r} joins branches of shapes {', '.join(map(str, shapes))} by "
            f"{node.join}; make their sizes equal, or use join='concat' to stack channels"
        )
    return (sum(channels) if node.join == "concat" else channels[0], *next(iter(sizes)))


def _join(node: Node, values: list[Array], axis: int) -> Array:
    if len(values) == 1:
        return values[0]
    return np.concatenate(values, axis=axis) if node.join == "concat" else np.asarray(sum(values))


class NetworkMap(Map):
    """A network at an input size.

    A tap of its pattern is a path's taps, packed: the digit of a layer that the path passes by is
    one more than the layer's last tap.
    """

    def __init__(
        self,
        layer: Network,
        size: tuple[Index, ...],
        maps: tuple[Map | None, ...],
        shapes: tuple[tuple[Index, ...], ...],
    ) -> None:
        self.layer = self.network = layer
        self.size, self.maps, self.shapes = size, maps, shapes

    @property
    def in_shape(self) -> tuple[Index, ...]:
        return (self.network.in_channels, *self.size)

    @property
    def out_shape(self) -> tuple[Index, ...]:
        return self.shapes[-1]

    @property
    def leaves(self) -> tuple[LeafMap, ...]:
        return tuple(leaf for m in self.maps if m is not None for leaf in m.leaves)

    def with_weights(self, weights: Sequence[Array | None]) -> Map:
        rest = iter(weights)
        maps = (m and m.with_weights([next(rest) for _ in m.leaves]) for m in self.maps)
        return NetworkMap(self.network, self.size, tuple(maps), self.shapes)

    def _name(self) -> str:
        return "network"

    def _forward(self, x: Array, choice: Choice | None = None) -> Array:
        results: list[Array] = []
        for node, inner in zip(self.network.nodes, self.maps, strict=True):
            y = _join(node, [x if s == INPUT else results[s] for s in node.sources], 1)
            results.append(y if inner is None else inner._forward(y, choice))
        return results[-1]

    def _adjoint(self, y: Array, choice: Choice | None = None) -> Array:
        return self._back(y, lambda inner, g: inner._adjoint(g, choice))

    def _paths(self, counts: Array, *, back: bool = False) -> Array:
        if back:
            return self._back(counts, lambda inner, g: inner._paths(g, back=True))
        results: list[Array] = []
        for node, inner in zip(self.network.nodes, self.maps, strict=True):
            arrived = [counts if s == INPUT else results[s] for s in node.sources]
            y = _join(node, arrived, 1)
            results.append(y if inner is None else inner._paths(y))
        return results[-1]

    def _back(self, y: Array, through: Any) -> Array:
        """Send `y` from the last node back to the input, through each layer's adjoint."""
        waiting: dict[int, Array] = {len(self.maps) - 1: y}
        for i in reversed(range(len(self.maps))):
            node, inner = self.network.nodes[i], self.maps[i]
            gradient = waiting[i] if inner is None else through(inner, waiting[i])
            start = 0
            for source in node.sources:
                part = gradient
                if node.join == "concat":
                    channels = self.in_shape[0] if source == INPUT else self.shapes[source][0]
                    part = gradient[:, start : start + channels]
                    start += channels
                waiting[source] = waiting[source] + part if source in waiting else part
        return waiting[INPUT]

    def _stages(self) -> Stages:
        shapes: list[tuple[Index, ...]] = [self.in_shape, *self.shapes]
        steps: list[Step] = []
        for i, (node, inner) in enumerate(zip(self.network.nodes, self.maps, strict=True)):
            parts = None if inner is None else inner._stages()
            into, single = i + 1, parts is None or len(parts.steps) == 1
            if not single:  # what the branches join to is a space of its own
                into = len(shapes)
                shapes.append(inner.in_shape)  # type: ignore[union-attr]
            for source, start in self._branches(i):
                shift = start if node.join == "concat" else 0
                steps.append(Step(source + 1, into, inner if single else None, shift))
            if parts is not None and not single:
                places = {parts.input: into, parts.output: i + 1}
                for j, shape in enumerate(parts.shapes):
                    if j not in places:
                        places[j] = len(shapes)
                        shapes.append(shape)
                steps += [
                    replace(step, read=places[step.read], written=places[step.written])
                    for step in parts.steps
                ]
        return Stages(tuple(shapes), tuple(steps), 0, len(self.maps))

    def _spread(self, counts: dict[Element, int], *, back: bool) -> dict[Element, int]:
        last = len(self.maps) - 1
        waiting: dict[int, dict[Element, int]] = {last if back else INPUT: counts}
        for i in reversed(range(len(self.maps))) if back else range(len(self.maps)):
            node, inner = self.network.nodes[i], self.maps[i]
            if back:
                arrived = waiting.get(i, {})
                arrived = arrived if inner is None else inner._spread(arrived, back=True)
            else:
                arrived = {}
            for source, start in self._branches(i):
                shift = start if node.join == "concat" else 0
                width = self._channels(source)
                held = waiting.setdefault(source, {})
                found, into = (arrived, held) if back else (held, arrived)
                for (channel, *rest), count in found.items():
                    c = channel - shift if back else channel + shift
                    if back and not 0 <= c < width:
                        continue
                    into[(c, *rest)] = into.get((c, *rest), 0) + count
            if not back:
                waiting[i] = arrived if inner is None else inner._spread(arrived, back=False)
        return waiting.get(INPUT if back else last, {})

    @property
    def _doubles(self) -> bool:
        """Whether two ways lead from one node to another past no layer, so that they add up."""
        nodes = self.network.nodes
        for start in range(-1, len(nodes)):
            ways = {start: 1}
            for i, (node, inner) in enumerate(zip(nodes, self.maps, strict=True)):
                if i <= start:
                    continue
                found = [ways[s] for s in node.sources if s in ways]
                count = (max(found) if node.join == "concat" else sum(found)) if found else 0
                if count > 1:
                    return True
                if count and inner is None:
                    ways[i] = count
        return False

    # ------------------------------------------------------------------------ connectivity

    @property
    def _tap_counts(self) -> tuple[int, ...]:
        return tuple(prod(leaf.bound.tap_shape) + 1 for leaf in self.leaves)

    def _needs(self, inner: list[Need], results: list[int]) -> Need:
        """The need of a walk that keeps the result at every node, and joins some of them."""
        joined = [
            sum(results[s] for s in node.sources if s != INPUT) * (len(node.sources) > 1)
            for node in self.network.nodes
        ]
        most = max(n.peak + 3 * j for n, j in zip(inner, joined, strict=True))
        return Need(sum(results) + most, results[-1])

    def _parts(self) -> Iterator[Stages]:
        """The stages from the input to the result of each node."""
        stages = self._stages()
        yield from (replace(stages, output=1 + i) for i in range(len(self.maps)))

    def _pattern_need(self) -> Need:
        inner = [Need(0, 0) if m is None else m._pattern_need() for m in self.maps]
        counts = [counts_of(part) for part in self._parts()]
        paths = [self.nnz if terms is None else total(terms) for terms in counts]
        need = self._needs(inner, [16 * n for n in paths])
        return Need(need.peak + 64 * max(paths), need.kept + sum(n.kept for n in inner))

    def _matrix_need(self, size: int) -> Need:
        inner = [Need(0, 0) if m is None else m._matrix_need(size) for m in self.maps]
        columns = prod(self.in_shape)
        results = [
            csr_bytes(prod(shape), columns, min(prod(shape) * columns, most_entries(part)), size)
            for shape, part in zip(self.shapes, self._parts(), strict=True)
        ]
        return self._needs(inner, results)

    def _pattern(self) -> Pattern:
        counts = self._tap_counts
        if prod(counts) > np.iinfo(np.int64).max:
            raise TooLargeError(
                f"the paths of {len(counts)} layers have {prod(counts):.3g} tap combinations, more "
                f"than 64 bits hold; take a part of the network, or use to_scipy()"
            )
        absent = prod(counts) - 1  # every digit says "passed by"
        elements = np.arange(prod(self.in_shape))
        start = np.append(elements, len(elements))
        whole = (len(elements), len(elements))
        identity = Pattern(start, elements, np.full(len(elements), absent), whole, counts)
        results: list[Pattern] = []
        for i, (node, inner) in enumerate(zip(self.network.nodes, self.maps, strict=True)):
            arrived = [identity if s == INPUT else results[s] for s in node.sources]
            joined = _merge(arrived, node.join)
            if inner is not None:
                joined = _through(joined, inner.pattern, self._step(i, inner.pattern.tap))
            results.append(joined)
        return results[-1]

    def _inputs_of(self, output: Element) -> list[Link]:
        absent = prod(self._tap_counts) - 1
        return sorted((e, absent + step) for e, step in self._read(len(self.maps) - 1, output))

    def _outputs_of(self, source: Element) -> list[Link]:
        absent = prod(self._tap_counts) - 1
        return sorted((e, absent + step) for e, step in self._feed(INPUT, source))

    def _read(self, i: int, element: Element) -> Iterator[Link]:
        """Every path back from an output element of node `i` to the input."""
        if i == INPUT:
            yield element, 0
            return
        inner, node = self.maps[i], self.network.nodes[i]
        links = [(element, 0)] if inner is None else inner._inputs_of(element)
        for (channel, *position), tap in links:
            for source, start in self._branches(i):
                width = self._channels(source)
                if node.join == "add" or start <= channel < start + width:
                    c = channel - start if node.join == "concat" else channel
                    for e, step in self._read(source, (c, *position)):
                        yield e, step + self._step(i, tap)

    def _feed(self, i: int, element: Element) -> Iterator[Link]:
        """Every path on from an output element of node `i` (or of the input) to the output."""
        if i == len(self.maps) - 1:
            yield element, 0
            return
        channel, *position = element
        for j, node in enumerate(self.network.nodes):
            for source, start in self._branches(j):
                if source != i:
                    continue
                arrived = (channel + (start if node.join == "concat" else 0), *position)
                inner = self.maps[j]
                for e, tap in [(arrived, 0)] if inner is None else inner._outputs_of(arrived):
                    for end, step in self._feed(j, e):
                        yield end, step + self._step(j, tap)

    def _branches(self, i: int) -> Iterator[tuple[int, int]]:
        """The sources of a node, each with the first channel of its place in a stack."""
        start = 0
        for source in self.network.nodes[i].sources:
            yield source, start
            start += self._channels(source)

    def _channels(self, source: int) -> int:
        return int(self.network.in_channels if source == INPUT else self.shapes[source][0])

    def _used(self, i: int) -> range:
        """The places of a node's leaves among all leaves."""
        before = sum(len(m.leaves) for m in self.maps[:i] if m is not None)
        here = self.maps[i]
        return range(before, before + (0 if here is None else len(here.leaves)))

    def _step(self, i: int, tap: Any) -> Any:
        """What a node's tap adds to a path's packed tap: its digits, instead of "passed by"."""
        inner, counts = self.maps[i], self._tap_counts
        if inner is None:
            return 0
        digits = np.unravel_index(tap, tuple(prod(leaf.bound.tap_shape) for leaf in inner.leaves))
        step = sum(
            (d - (counts[j] - 1)) * prod(counts[j + 1 :])
            for d, j in zip(digits, self._used(i), strict=True)
        )
        return step if isinstance(tap, np.ndarray) else int(step)

    def _matrix(self, dtype: np.dtype[Any]) -> csr_array:
        from convmatrix.views.matrix import add, compose, identity, stack

        one = identity(prod(self.in_shape), dtype)
        results: list[csr_array] = []
        for node, inner in zip(self.network.nodes, self.maps, strict=True):
            arrived = [one if s == INPUT else results[s] for s in node.sources]
            joined = stack(arrived) if node.join == "concat" else add(arrived)
            results.append(joined if inner is None else compose(joined, inner._matrix(dtype)))
        return results[-1]


def _merge(patterns: list[Pattern], join: str) -> Pattern:
    """Branches below one another (concat), or on top of one another (add)."""
    if len(patterns) == 1:
        return patterns[0]
    columns = patterns[0].shape[1]
    if join == "concat":
        offsets = np.cumsum([0, *(p.shape[0] for p in patterns)])
    else:
        offsets = np.zeros(len(patterns) + 1, np.int64)
    rows = np.concatenate([p.rows + o for p, o in zip(patterns, offsets, strict=False)])
    count = int(offsets[-1]) if join == "concat" else patterns[0].shape[0]
    indices = np.concatenate([p.indices for p in patterns])
    taps = np.concatenate([p.tap for p in patterns])
    return _sorted(rows, indices, taps, (count, columns), patterns[0].tap_counts)


def _through(first: Pattern, then: Pattern, step: Array) -> Pattern:
    """The paths of `first` continued through a layer, each triple adding its `step` to the tap."""
    bare = Pattern(then.indptr, then.indices, np.arange(then.nnz), then.shape, (then.nnz,))
    numbered = Pattern(first.indptr, first.indices, np.arange(first.nnz), first.shape, (first.nnz,))
    paths = bare.after(numbered)
    old, new = np.unravel_index(paths.tap, paths.tap_counts)
    taps = first.tap[old] + step[new]
    return _sorted(paths.rows, paths.indices, taps, paths.shape, first.tap_counts)


def _sorted(
    rows: Array, indices: Array, taps: Array, shape: tuple[int, int], counts: tuple[int, ...]
) -> Pattern:
    order = np.lexsort((taps, indices, rows))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=shape[0]))])
    kind = index_dtype(*shape, len(rows))
    return Pattern(indptr.astype(kind), indices[order].astype(kind), taps[order], shape, counts)


# ----------------------------------------------------------------------------- the maker


@public
def network(graph: DiGraph) -> Network:
    """Layers in a directed acyclic graph.

    Parameters
    ----------
    graph
        A NetworkX `DiGraph`. A node is a layer (also a stack or a network), or has one as its
        attribute ``layer``; a node without a layer only joins. Nodes without predecessors read
        the network's input, whose channels are those that the layers ask for (1 where all take any
        number: say it of one, `relu(channels=3)`); there is one node
        without successors, the output. Where several branches meet, the node's attribute
        ``join`` says how: ``add`` (default) or ``concat`` (channels, in the order of the edges).

    >>> import networkx as nx
    >>> import convmatrix as cm
    >>> graph = nx.DiGraph()
    >>> graph.add_node("conv", layer=cm.conv1d(1, 1, 3, padding=1, weight=[[[1, 2, 1]]]))
    >>> graph.add_edges_from([("in", "conv"), ("conv", "sum"), ("in", "sum")])
    >>> network(graph).on(3).to_dense()
    array([[3, 1, 0],
           [1, 3, 1],
           [0, 1, 3]])
    """
    import networkx as nx

    if not isinstance(graph, nx.DiGraph):
        raise GeometryError(f"network takes a networkx.DiGraph of layers, got {graph!r:.60}")
    if not nx.is_directed_acyclic_graph(graph) or not len(graph):
        raise GeometryError(
            "network takes a directed acyclic graph with at least one node; remove its cycles"
        )
    ends = [name for name in graph if graph.out_degree(name) == 0]
    if len(ends) != 1:
        raise GeometryError(f"network needs one output node, got {ends}; join them in one node")
    order = list(nx.topological_sort(graph))
    order.sort(key=lambda name: name == ends[0])
    place = {name: i for i, name in enumerate(order)}
    nodes = [
        Node(
            name,
            _layer_of(name, graph.nodes[name].get("layer")),
            tuple(place[p] for p in graph.predecessors(name)) or (INPUT,),
            _join_of(name, graph.nodes[name].get("join", "add")),
        )
        for name in order
    ]
    axes = {node.layer.ndim: node for node in reversed(nodes) if node.layer is not None}
    if len(axes) != 1:
        given = " and ".join(f"{n} (node {node.name!r})" for n, node in sorted(axes.items()))
        raise GeometryError(
            f"network needs layers with one number of axes, got "
            f"{given + '; see ndim=' if given else 'none; give a node one: add_node(.., layer=..)'}"
        )
    channels = _input_channels(nodes)
    fitted, outputs = _fitted(nodes, channels)
    return Network(fitted, channels, outputs, *axes)


def _fitted(nodes: list[Node], channels_in: int) -> tuple[tuple[Node, ...], int]:
    """The nodes, each layer with the channels that it reads, and the channels of the last."""
    fitted: list[Node] = []
    outputs: list[int] = []
    for node in nodes:
        arrived = [channels_in if s == INPUT else outputs[s] for s in node.sources]
        channels = sum(arrived) if node.join == "concat" else arrived[0]
        layer = node.layer
        if layer is not None:
            with placed(f"node {node.name!r}"):
                layer = layer.with_channels(channels)
        outputs.append(channels if layer is None else layer.out_channels)
        fitted.append(replace(node, layer=layer))
    return tuple(fitted), outputs[-1]


def _input_channels(nodes: list[Node]) -> int:
    """How many channels the input has: what the first layer that says so asks for, be it behind
    layers and joins that go with any number; 1 where none does.

    Along the way so many channels are `a·c + b`, where the input has `c`.
    """
    forms: list[tuple[int, int]] = []
    for node in nodes:
        arrived = [(1, 0) if s == INPUT else forms[s] for s in node.sources]
        a, b = arrived[0]
        if node.join == "concat":
            a, b = (sum(form[i] for form in arrived) for i in (0, 1))
        else:
            for other, more in arrived[1:]:
                if a != other and (more - b) % (a - other) == 0:
                    return max(1, (more - b) // (a - other))
        layer = node.layer
        if layer is not None and not layer.takes_channels:
            if a and layer.in_channels > b and (layer.in_channels - b) % a == 0:
                return int((layer.in_channels - b) // a)
            a, b = 0, layer.out_channels
        forms.append((a, b))
    return 1


def _join_of(name: Any, join: Any) -> str:
    if not is_one_of(join, JOINS):
        raise GeometryError(f"join of node {name!r} must be one of {JOINS}, got {join!r}")
    return str(join)


def _layer_of(name: Any, given: Any) -> Layer | None:
    layer = name if given is None and isinstance(name, Layer) else given
    if layer is not None and not isinstance(layer, Layer):
        raise ShapeError(f"the layer of node {name!r} must be a layer, got {layer!r:.60}")
    return layer
