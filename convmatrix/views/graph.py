"""The connectivity as a NetworkX graph of elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.pattern import Pattern
from convmatrix.stencil import Element, unravel

if TYPE_CHECKING:
    from networkx import DiGraph

__all__ = ["element_graph", "node_id"]


def node_id(side: str, element: Element) -> str:
    """A node's id: a letter for the space it lives in, then its coordinates.

    Underscores only, so that GraphML, GEXF, GML and DOT read it back as it was.

    >>> node_id("x", (0, 1, 2))
    'x_0_1_2'
    """
    return "_".join([side, *map(str, element)])


def element_graph(
    pattern: Pattern,
    in_shape: tuple[int, ...],
    out_shape: tuple[int, ...],
    weights: Sequence[Any] | None = None,
    sides: tuple[str, str] = ("x", "y"),
) -> DiGraph:
    """A directed graph from input elements to output elements, isolated elements included.

    Nodes carry `side` ("input" or "output"), `bipartite` (0 or 1), `channel` and `position`
    ("row,column"); edges carry `tap`, and `weight` where there is one. It is a `MultiDiGraph`
    keyed by tap where two taps of one output meet on one input. All attributes are built-in
    scalars, so every writer of NetworkX takes them.
    """
    import networkx as nx

    graph = nx.MultiDiGraph() if pattern.collides else nx.DiGraph()
    graph.graph.update(
        in_shape="x".join(map(str, in_shape)), out_shape="x".join(map(str, out_shape))
    )
    names = []
    for letter, side, shape in zip(sides, ("input", "output"), (in_shape, out_shape), strict=True):
        elements = [unravel(i, shape) for i in range(int(np.prod(shape)))]
        names.append([node_id(letter, e) for e in elements])
        graph.add_nodes_from(
            (
                name,
                {
                    "side": side,
                    "bipartite": int(side == "output"),
                    "channel": e[0],
                    "position": ",".join(map(str, e[1:])),
                },
            )
            for name, e in zip(names[-1], elements, strict=True)
        )
    edges = zip(pattern.indices.tolist(), pattern.rows.tolist(), pattern.tap.tolist(), strict=True)
    attributes: list[dict[str, Any]] = [{"tap": t} for t in pattern.tap.tolist()]
    if weights is not None:
        for attribute, weight in zip(attributes, weights, strict=True):
            attribute["weight"] = weight
    inputs, outputs = names
    if graph.is_multigraph():
        graph.add_edges_from(
            (inputs[i], outputs[o], t, attribute)
            for (i, o, t), attribute in zip(edges, attributes, strict=True)
        )
    else:
        graph.add_edges_from(
            (inputs[i], outputs[o], attribute)
            for (i, o, _), attribute in zip(edges, attributes, strict=True)
        )
    return graph
