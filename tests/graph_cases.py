"""Maps of every kind, and what their graphs are compared by."""

from __future__ import annotations

import json
from collections import Counter
from itertools import product

import networkx as nx
import numpy as np
import pytest

import convmatrix as cm

rng = np.random.default_rng(0)


def branching(weighted=False):
    """A network with a stacked branch, an added one and layers of every kind."""
    graph = nx.DiGraph()
    make = (lambda layer: layer.with_weight(rng.integers(1, 5, layer.weight_shape))) if weighted else (lambda x: x)  # noqa: E501 # fmt: skip
    graph.add_node("a", layer=make(cm.conv2d(2, 3, 3, padding=1)))
    graph.add_node("b", layer=make(cm.conv2d(2, 2, 1)))
    graph.add_node("c", layer=make(cm.conv2d(5, 2, 3, stride=2, padding=1)), join="concat")
    graph.add_node("d", layer=cm.sequential(make(cm.conv2d(2, 2, 1)), cm.avg_pool(2, channels=2)))
    graph.add_node("sum")
    graph.add_edges_from([("a", "c"), ("b", "c"), ("c", "sum"), ("d", "sum")])
    return cm.network(graph).on(4, 4)


def stacked():
    """Branches of different reach, stacked and read by groups that keep them apart."""
    graph = nx.DiGraph()
    graph.add_node("near", layer=cm.conv1d(1, 2, 1))
    graph.add_node("far", layer=cm.conv1d(1, 2, 3, padding=1))
    graph.add_node("groups", layer=cm.conv1d(4, 2, 1, groups=2), join="concat")
    graph.add_edges_from([("near", "groups"), ("far", "groups")])
    return cm.network(graph).on(5)


MAPS = {
    "figure": cm.conv2d(1, 1, 3, stride=2, padding=1).on(5, 5),
    "grouped": cm.conv2d(4, 2, (2, 3), groups=2, dilation=(1, 2),
                         weight=rng.integers(1, 9, (2, 2, 2, 3)) / 4).on(4, 6),
    "colliding": cm.conv2d(1, 2, 3, padding=1, padding_mode="circular",
                           weight=rng.random((2, 1, 3, 3))).on(2, 3),
    "transposed": cm.conv_transpose2d(2, 1, 3, stride=2, padding=1).on(3, 2),
    "stack": cm.sequential(cm.conv1d(1, 2, 3, padding=1, weight=rng.integers(1, 5, (2, 1, 3))),
                           cm.conv1d(2, 1, 2, weight=rng.integers(1, 5, (1, 2, 2)))).on(5),
    "shuffle": cm.channel_shuffle(2, channels=4).on(2, 2),
    "resize": cm.upsample(size=(5, 3), mode="bilinear").on(3, 2),
    "3-D": cm.conv3d(1, 2, 2).on(2, 3, 2),
    "network": branching(),
    "stacked": stacked(),
    "weighted network": branching(weighted=True),
    "pool": cm.max_pool(2, channels=2).on(4, 4),
}  # fmt: skip

LINEAR = [name for name in MAPS if name != "pool"]


def elements(shape):
    return list(product(*map(range, shape)))


def counted(a):
    """The pattern as a dense matrix of path counts."""
    matrix = np.zeros(a.shape, int)
    np.add.at(matrix, (a.pattern.rows, a.pattern.indices), 1)
    return matrix


def edges_of(graph):
    return Counter((u, v, d["tap"], d.get("weight")) for u, v, d in graph.edges(data=True))


def read_dot(path):
    pydot = pytest.importorskip("pydot")
    (found,) = pydot.graph_from_dot_data(path.read_text())
    graph = nx.nx_pydot.from_pydot(found)
    made = nx.MultiDiGraph()
    made.add_nodes_from(graph.nodes(data=True))
    for u, v, data in graph.edges(data=True):
        plain = {k: float(x.strip('"')) for k, x in data.items()}
        made.add_edge(u, v, **{**plain, "tap": int(plain["tap"])})
    return made


READERS = {
    "graphml": nx.read_graphml, "gexf": nx.read_gexf, "gml": nx.read_gml, "dot": read_dot,
    "json": lambda p: nx.node_link_graph(json.loads(p.read_text()), edges="edges"),
    "cyjs": lambda p: nx.cytoscape_graph(json.loads(p.read_text())),
}  # fmt: skip
