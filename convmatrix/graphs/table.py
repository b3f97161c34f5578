"""Connectivity as graphs: what is in them, once, for NetworkX and for the files' writers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from convmatrix.pattern import index_dtype
from convmatrix.stencil import Element
from convmatrix.typing import Array

if TYPE_CHECKING:
    from networkx import DiGraph

__all__ = [
    "Edges", "GraphTable", "Names", "Space", "as_list", "as_objects", "node_id", "to_networkx",
]  # fmt: skip

BLOCK = 1 << 16
"""Nodes or edges listed at a time."""


def node_id(letter: str, element: Element) -> str:
    """A node's id: a letter for the space it lives in, then its coordinates.

    Underscores only, so that GraphML, GEXF, GML and DOT read it back as it was.

    >>> node_id("x", (0, 1, 2))
    'x_0_1_2'
    """
    return "_".join([letter, *map(str, element)])


@dataclass(frozen=True, slots=True)
class Space:
    """The elements `(*shape)` of one array: input, output, or between layers.

    `columns` names what the axes of `shape` are to a node: its channel, its position, or both.
    """

    letter: str
    side: str
    shape: tuple[int, ...]
    layer: int
    has_channel: bool = True

    @property
    def size(self) -> int:
        """How many elements there are."""
        return prod(self.shape)

    def names(self, flat: Array) -> list[str]:
        """The ids of elements given by flat index."""
        template = self.letter + "_%d" * len(self.shape)
        return [template % place for place in zip(*self._places(flat), strict=True)]

    def _places(self, flat: Array) -> list[list[int]]:
        """The coordinates of elements, an axis at a time."""
        index_dtype(self.size)  # more than can be told apart are refused
        return [places.tolist() for places in np.unravel_index(flat, self.shape)]

    def attributes(self, flat: Array, layered: bool) -> list[list[Any]]:
        """A list an attribute: side, bipartite or layer, and channel and position where it has
        them."""
        count = len(flat)
        rank = self.layer if layered else int(self.side == "output")
        found: list[list[Any]] = [[self.side] * count, [rank] * count]
        places = self._places(flat)
        if self.has_channel:
            found.append(places.pop(0))
        if places:
            template = ",".join(["%d"] * len(places))
            found.append([template % place for place in zip(*places, strict=True)])
        return found

    def attributes_of(self, element: Element, layered: bool) -> list[Any]:
        """The attributes of one element, of a space of any size."""
        one = replace(self, shape=tuple(i + 1 for i in element))  # where it is the last
        return [column[0] for column in one.attributes(np.array([one.size - 1]), layered)]


class Edges(NamedTuple):
    """Some edges between two spaces, by flat index, and an array (or list) for each attribute."""

    source: Space
    target: Space
    sources: Array
    targets: Array
    columns: list[Any]

    def names(self) -> tuple[list[str], list[str]]:
        """The ids of sources and of targets."""
        return self.source.names(self.sources), self.target.names(self.targets)


@dataclass(frozen=True, slots=True)
class GraphTable:
    """A graph as its spaces, and its edges some at a time.

    Attributes
    ----------
    spaces
        Where its nodes are.
    edges
        A function that lists all edges, some at a time.
    fields
        Name and type (``long``, ``double`` or ``string``) of each edge attribute; the first keys
        parallel edges.
    multi
        Whether there may be several edges from one node to another.
    count
        How many edges there are.
    layered
        Whether nodes carry `layer` instead of `bipartite`.
    attributes
        Of the graph itself.
    kept
        Of a part of a graph: the flat indices of its nodes, a space each.
    """

    spaces: tuple[Space, ...]
    edges: Callable[[], Iterator[Edges]]
    fields: tuple[tuple[str, str], ...]
    multi: bool
    count: int
    layered: bool = False
    attributes: dict[str, str] = field(default_factory=dict)
    kept: dict[Space, Array] | None = None

    @property
    def node_fields(self) -> tuple[tuple[str, str], ...]:
        """Name and type of each node attribute."""
        names = [("side", "string"), ("layer" if self.layered else "bipartite", "long")]
        space = self.spaces[0]
        if space.has_channel:
            names.append(("channel", "long"))
        if len(space.shape) > space.has_channel:
            names.append(("position", "string"))
        return tuple(names)

    @property
    def node_count(self) -> int:
        """How many nodes there are."""
        if self.kept is not None:
            return sum(map(len, self.kept.values()))
        return sum(space.size for space in self.spaces)

    def nodes(self) -> Iterator[tuple[list[str], list[list[Any]]]]:
        """Ids and attributes of all nodes, some at a time."""
        for space, flat in self.places():
            yield space.names(flat), space.attributes(flat, self.layered)

    def places(self) -> Iterator[tuple[Space, Array]]:
        """The nodes as flat indices, some at a time."""
        for space in self.spaces:
            kept = None if self.kept is None else self.kept[space]
            for low in range(0, space.size if kept is None else len(kept), BLOCK):
                high = min(low + BLOCK, space.size)
                yield space, np.arange(low, high) if kept is None else kept[low : low + BLOCK]

    def part(self, keep: Callable[[Edges], Array], ends: Callable[[Space], Array]) -> GraphTable:
        """The edges that `keep` is true of, with their ends, and the nodes `ends` of each space."""
        edges = []
        for block in self.edges():
            here = np.flatnonzero(keep(block))
            if len(here):
                columns = [
                    c[here] if isinstance(c, np.ndarray) else [c[j] for j in here]
                    for c in block.columns
                ]
                edges.append(Edges(block.source, block.target, block.sources[here],
                                   block.targets[here], columns))  # fmt: skip
        kept = {
            space: np.unique(np.concatenate([
                ends(space),
                *(e.sources for e in edges if e.source == space),
                *(e.targets for e in edges if e.target == space),
            ]).astype(np.int64))
            for space in self.spaces
        }  # fmt: skip
        count = sum(len(e.sources) for e in edges)
        return replace(self, edges=lambda: iter(edges), count=count, kept=kept)


def as_list(column: Any) -> list[Any]:
    """A column as built-in numbers."""
    found: list[Any] = column.tolist() if isinstance(column, np.ndarray) else column
    return found


def as_objects(texts: list[str]) -> Array:
    """Texts as an array, which picks many of them faster than a list does."""
    array = np.empty(len(texts), object)
    array[:] = texts
    return array


class Names:
    """The ids of spaces' elements inside a template, kept where that is not too much."""

    MOST = 1 << 17

    def __init__(self, spaces: Sequence[Space], template: str = "%s") -> None:
        self._template = template
        keep = sum(space.size for space in spaces) <= self.MOST
        every = spaces if keep else ()
        self._kept = {s: as_objects(self._made(s, np.arange(s.size))) for s in every}

    def _made(self, space: Space, flat: Array) -> list[str]:
        names = space.names(flat)
        return names if self._template == "%s" else [self._template % name for name in names]

    def of(self, space: Space, flat: Array) -> list[str]:
        """Those of elements given by flat index."""
        kept = self._kept.get(space)
        if kept is None:  # made for each that occurs
            occurring, flat = np.unique(flat, return_inverse=True)
            kept = as_objects(self._made(space, occurring))
        found: list[str] = kept[flat].tolist()
        return found


def to_networkx(table: GraphTable) -> DiGraph:
    """A `DiGraph`, or a `MultiDiGraph` keyed by the first edge attribute; isolated nodes included.

    All attributes are built-in scalars, so every writer of NetworkX takes them.
    """
    import networkx as nx

    graph: Any = nx.MultiDiGraph() if table.multi else nx.DiGraph()
    graph.graph.update(table.attributes)
    fields = [name for name, _ in table.node_fields]
    for names, columns in table.nodes():
        graph.add_nodes_from(
            (name, dict(zip(fields, values, strict=True)))
            for name, *values in zip(names, *columns, strict=True)
        )
    fields, names_of = [name for name, _ in table.fields], Names(table.spaces)
    for edges in table.edges():
        sources = names_of.of(edges.source, edges.sources)
        targets = names_of.of(edges.target, edges.targets)
        columns = [as_list(column) for column in edges.columns]
        if len(fields) == 1:
            data: list[dict[str, Any]] = [{fields[0]: value} for value in columns[0]]
        else:
            name, other = fields
            data = [{name: v, other: w} for v, w in zip(*columns, strict=True)]
        if table.multi:
            graph.add_edges_from(zip(sources, targets, columns[0], data, strict=True))
        else:  # what add_edges_from does, less what it checks: these nodes are there
            after, before = graph._succ, graph._pred
            for source, target, attributes in zip(sources, targets, data, strict=True):
                after[source][target] = before[target][source] = attributes
    return graph
