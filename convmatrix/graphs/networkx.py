"""A table of a graph as a graph of NetworkX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convmatrix.graphs.table import GraphTable, Names, as_list

if TYPE_CHECKING:
    from networkx import DiGraph

__all__ = ["to_networkx"]


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
            (name,), (values,) = fields, columns
            data: list[dict[str, Any]] = [{name: value} for value in values]
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
