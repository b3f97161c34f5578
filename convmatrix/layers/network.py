"""Layers in a directed acyclic graph.

A network is a layer like any other: it binds to a size, has a matrix and a transpose. Where
branches meet they are added, or stacked along the channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.diagram import Builder, Diagram
from convmatrix.errors import GeometryError, ShapeError
from convmatrix.layers.base import Layer, by
from convmatrix.layers.calling import is_one_of, public
from convmatrix.layers.composite import CompositeLayer, placed
from convmatrix.relation import Index
from convmatrix.typing import Array, Recipe

if TYPE_CHECKING:
    from networkx import DiGraph

    from convmatrix.dense import Choice

__all__ = ["Network", "network"]


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
class Network(CompositeLayer):
    """Layers in a directed acyclic graph, in an order of application; made by `network`."""

    nodes: tuple[Node, ...]
    in_channels: int
    out_channels: int
    ndim: int

    @property
    def parts(self) -> tuple[Layer, ...]:
        return tuple(part for node in self.nodes if node.layer for part in node.layer.parts)

    def recipe(self) -> Recipe:
        return "network", tuple(node.layer for node in self.nodes if node.layer), {}

    def weighed(self, weights: Iterator[Any]) -> Network:
        nodes = (replace(n, layer=n.layer and n.layer.weighed(weights)) for n in self.nodes)
        return Network(tuple(nodes), self.in_channels, self.out_channels, self.ndim)

    def output_size(self, input_size: Any) -> tuple[Index, ...]:
        return self.on(input_size).out_shape[1:]

    def diagram(self, size: tuple[Index, ...]) -> Diagram:
        shapes: list[tuple[Index, ...]] = [(self.in_channels, *size)]
        parts: list[Diagram | None] = []
        for node in self.nodes:
            shape = _joined(node, [shapes[source + 1] for source in node.sources])
            with placed(f"node {node.name!r}"):
                part = None if node.layer is None else node.layer.diagram(shape[1:])
            parts.append(part)
            shapes.append(shape if part is None else part.out_shape)
        built = Builder(*shapes)
        for i, (node, part) in enumerate(zip(self.nodes, parts, strict=True), start=1):
            branches, start = [], 0
            for source in node.sources:
                branches.append((source + 1, start))
                start += shapes[source + 1][0] if node.join == "concat" else 0
            built.fan(branches, part, i)
        return built.done(0, len(self.nodes))

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
