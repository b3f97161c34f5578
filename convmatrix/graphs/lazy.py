"""A read-only NetworkX graph that stores nothing: its adjacency is computed when it is read.

NetworkX reads a graph through three mappings: nodes to attributes, and nodes to their successors
and predecessors. Here they answer from the relation, so that a graph of 10⁹ edges takes no memory
and every algorithm that only reads runs on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from convmatrix.diagram import Diagram
from convmatrix.errors import GeometryError
from convmatrix.graphs.neighbours import Bundle, Links, ways_of
from convmatrix.graphs.table import BLOCK, GraphTable, Space, as_list
from convmatrix.graphs.views import bipartite_table, layered_table, spaces_of
from convmatrix.graphs.weights import edge_columns
from convmatrix.pattern import index_dtype
from convmatrix.stencil import Element

if TYPE_CHECKING:
    from convmatrix.maps.base import Map

__all__ = ["LazyDiGraph", "LazyMultiDiGraph", "lazy_graph"]

Weigh = Callable[[Any, int], Any]
"""The weight of a tap of a diagram, or None."""


class _Nodes(Mapping[str, Mapping[str, Any]]):
    """Every node and its attributes."""

    def __init__(self, table: GraphTable) -> None:
        self._table = table
        self._fields = [name for name, _ in table.node_fields]
        self._spaces = {space.letter: space for space in table.spaces}

    def find(self, name: object) -> tuple[Space, Element]:
        """The element that an id names, or `KeyError`."""
        if not isinstance(name, str):
            raise KeyError(name)
        letter, *parts = name.split("_")
        space = self._spaces.get(letter)
        if space is None or len(parts) != len(space.shape):
            raise KeyError(name)
        for part, size in zip(parts, space.shape, strict=True):
            plain = part.isdecimal() and part.isascii() and len(part) <= len(str(size))
            if not plain or (part[0] == "0" != part):
                raise KeyError(name)
            if int(part) >= size:
                raise KeyError(name)
        return space, tuple(map(int, parts))

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        space, element = self.find(name)
        values = space.attributes_of(element, self._table.layered)
        return MappingProxyType(dict(zip(self._fields, values, strict=True)))

    def __contains__(self, name: object) -> bool:
        try:
            self.find(name)
        except KeyError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        for space in self._table.spaces:
            for low in range(0, space.size, BLOCK):
                yield from space.names(np.arange(low, min(low + BLOCK, space.size)))

    def __len__(self) -> int:
        index_dtype(self._table.node_count)  # Python's len() holds no more
        return self._table.node_count


class _Neighbours(Mapping[str, Mapping[Any, Any]]):
    """The neighbours of one node, each with its edge's attributes (by key, if multiple)."""

    def __init__(self, bundles: list[Bundle], weigh: Weigh, multi: bool) -> None:
        self._bundles, self._weigh, self._multi = bundles, weigh, multi
        self._places: dict[str, list[tuple[int, int]]] | None = None

    def _found(self) -> dict[str, list[tuple[int, int]]]:
        """Where each neighbour is in the bundles."""
        if self._places is None:
            self._places = {}
            for b, (names, _, _) in enumerate(self._bundles):
                for j, name in enumerate(names):
                    self._places.setdefault(name, []).append((b, j))
        return self._places

    def _edge(self, b: int, j: int) -> Mapping[str, Any]:
        _, taps, of = self._bundles[b]
        tap = taps()[j]
        weight = self._weigh(of, tap)
        return MappingProxyType({"tap": tap} if weight is None else {"tap": tap, "weight": weight})

    def __getitem__(self, name: str) -> Mapping[Any, Any]:
        edges = [self._edge(*place) for place in self._found()[name]]
        return {edge["tap"]: edge for edge in edges} if self._multi else edges[0]

    def __contains__(self, name: object) -> bool:
        return name in self._found()

    def __iter__(self) -> Iterator[str]:
        if self._multi:
            return iter(self._found())
        return chain.from_iterable(names for names, _, _ in self._bundles)

    def copy(self) -> dict[str, Any]:
        """The neighbours and their edges, stored."""
        return dict(self)

    def __repr__(self) -> str:
        return repr(dict(self))

    def __len__(self) -> int:
        if self._multi:
            return len(self._found())
        return sum(len(names) for names, _, _ in self._bundles)


class _Adjacency(Mapping[str, _Neighbours]):
    """Every node and its neighbours in one direction."""

    def __init__(self, nodes: _Nodes, links: Links, weigh: Weigh, multi: bool) -> None:
        self._nodes, self._links, self._weigh, self._multi = nodes, links, weigh, multi

    def __getitem__(self, name: str) -> _Neighbours:
        space, element = self._nodes.find(name)
        return _Neighbours(self._links(space, element), self._weigh, self._multi)

    def __contains__(self, name: object) -> bool:
        return name in self._nodes

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)


def _frozen(name: str) -> Any:
    """A method that changes a graph: refused, but of the empty one that NetworkX makes to fill."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if "_count" in vars(self):
            raise nx.NetworkXError(
                "a lazy graph is computed from the layer and cannot be changed; use to_networkx() "
                "without lazy=True for one that can"
            )
        return getattr(super(_Lazy, self), name)(*args, **kwargs)

    return method


class _Lazy:
    """What both kinds share: where the mappings come from, and no changes."""

    def __init__(self, *parts: Any) -> None:
        super().__init__()
        if not parts:  # an empty one, for NetworkX to make a view of
            return
        graph: Any = self
        table, out, back, weigh, graph._again = parts
        nodes = _Nodes(table)
        graph.graph = dict(table.attributes)
        graph._node = nodes
        graph._adj = graph._succ = _Adjacency(nodes, out, weigh, table.multi)
        graph._pred = _Adjacency(nodes, back, weigh, table.multi)
        graph.__networkx_cache__ = {}
        graph._count = table.count

    def __reduce_ex__(self, protocol: Any) -> Any:
        """A copy is computed from the map as this one is."""
        kept = vars(self)
        if "_again" not in kept:
            return super().__reduce_ex__(protocol)
        return (*kept["_again"], {"graph": kept["graph"]})

    add_node, add_nodes_from = _frozen("add_node"), _frozen("add_nodes_from")
    remove_node, remove_nodes_from = _frozen("remove_node"), _frozen("remove_nodes_from")
    add_edge, add_edges_from = _frozen("add_edge"), _frozen("add_edges_from")
    add_weighted_edges_from = _frozen("add_weighted_edges_from")
    remove_edge, remove_edges_from = _frozen("remove_edge"), _frozen("remove_edges_from")
    update, clear, clear_edges = _frozen("update"), _frozen("clear"), _frozen("clear_edges")

    def number_of_edges(self, u: Any = None, v: Any = None) -> int:
        """How many edges there are, in all (nothing is counted) or from u to v."""
        graph: Any = self
        if "_count" not in vars(self):  # NetworkX's view of some nodes
            return int(super().number_of_edges(u, v))  # type: ignore[misc]
        if u is None:
            return int(graph._count)
        if not graph.has_edge(u, v):
            return 0
        return len(graph._adj[u][v]) if graph.is_multigraph() else 1

    def size(self, weight: str | None = None) -> Any:
        """How many edges there are; with `weight` their sum, which visits all."""
        if weight is None and "_count" in vars(self):
            return self.number_of_edges()
        return super().size(weight)  # type: ignore[misc]

    def to_directed_class(self) -> Any:
        """The kind of a copy: one that stores its edges."""
        return nx.MultiDiGraph if isinstance(self, nx.MultiDiGraph) else nx.DiGraph

    def to_undirected_class(self) -> Any:
        """The kind of an undirected copy."""
        return nx.MultiGraph if isinstance(self, nx.MultiDiGraph) else nx.Graph

    def reverse(self, copy: bool = True) -> Any:
        """The graph with its edges turned round: stored, or as a view."""
        graph: Any = self
        return self.copy().reverse(copy=False) if copy else nx.reverse_view(graph)

    def copy(self, as_view: bool = False) -> Any:
        """A graph that stores its edges, and can be changed; or a view, as of any graph."""
        graph: Any = self
        if as_view:
            return nx.graphviews.generic_graph_view(graph)
        stored = self.to_directed_class()()
        stored.graph.update(graph.graph)
        stored.add_nodes_from(graph.nodes(data=True))
        keys = {"keys": True} if graph.is_multigraph() else {}
        stored.add_edges_from(graph.edges(data=True, **keys))
        return stored


class LazyDiGraph(_Lazy, nx.DiGraph):  # type: ignore[misc]
    """A `DiGraph` that stores nothing."""


class LazyMultiDiGraph(_Lazy, nx.MultiDiGraph):  # type: ignore[misc]
    """A `MultiDiGraph` that stores nothing, keyed by tap."""


def lazy_graph(a: Map, view: str) -> LazyDiGraph | LazyMultiDiGraph:
    """The graph of a view of a map, which stores nothing."""
    if view not in ("bipartite", "layered"):
        raise GeometryError(f"a lazy graph is of view 'bipartite' or 'layered', got {view!r}")
    diagram = a.diagram
    if view == "bipartite":
        # paths of a composite may run in parallel: finding out would list them all
        table = bipartite_table(a, multi=len(diagram.leaves) > 1 or a.collides)
        spaces = table.spaces
    else:
        table = layered_table(a)
        spaces = spaces_of(diagram, diagram.shapes)
    ways = ways_of(diagram, spaces, whole=view == "bipartite")

    def out(space: Space, element: Element) -> list[Bundle]:
        return [forward(element) for source, _, forward, _ in ways if source == space]

    def back(space: Space, element: Element) -> list[Bundle]:
        return [backward(element) for _, target, _, backward in ways if target == space]

    kind = dict(table.fields).get("weight")

    def weigh(part: Diagram | None, tap: int) -> Any:
        _, *weights = edge_columns(part, kind, np.array([tap]))
        return as_list(weights[0])[0] if weights else None

    made = LazyMultiDiGraph if table.multi else LazyDiGraph
    return made(table, out, back, weigh, (lazy_graph, (a, view)))
