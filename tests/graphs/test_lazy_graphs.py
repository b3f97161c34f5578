"""Graphs that store nothing are the graphs that store everything."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from graph_cases import LINEAR, MAPS, edges_of

import convmatrix as cm
from convmatrix.graphs.lazy import LazyDiGraph, LazyMultiDiGraph


@pytest.mark.parametrize("view", ["bipartite", "layered"])
@pytest.mark.parametrize("name", MAPS)
def test_a_lazy_graph_is_the_graph(name, view):
    for a in [MAPS[name]] + ([MAPS[name].T] if name in LINEAR else []):
        graph, lazy = a.to_networkx(view), a.to_networkx(view, lazy=True)
        assert isinstance(lazy, (LazyDiGraph, LazyMultiDiGraph))
        assert dict(lazy.nodes(data=True)) == dict(graph.nodes(data=True))
        assert len(lazy) == len(graph)
        assert lazy.number_of_edges() == lazy.size() == graph.number_of_edges()
        assert edges_of(lazy) == edges_of(graph)
        for node in list(graph)[::5]:
            assert sorted(lazy.successors(node)) == sorted(graph.successors(node))
            assert sorted(lazy.predecessors(node)) == sorted(graph.predecessors(node))
            assert lazy.degree(node) == graph.degree(node)
            assert nx.descendants(lazy, node) == nx.descendants(graph, node)
        assert edges_of(lazy.copy()) == edges_of(graph)
        assert type(lazy.copy()) in (nx.DiGraph, nx.MultiDiGraph)
        some = list(graph)[::3]
        assert edges_of(lazy.subgraph(some)) == edges_of(graph.subgraph(some))
        assert lazy.subgraph(some).number_of_edges() == graph.subgraph(some).number_of_edges()
        assert edges_of(lazy.reverse()) == edges_of(graph.reverse())
        assert nx.to_undirected(lazy).number_of_nodes() == len(graph)


def test_a_lazy_graph_of_a_thousand_million_edges():
    a = cm.conv2d(16, 16, 3, padding=1).on(700, 700)
    graph = a.to_networkx(lazy=True)
    assert graph.number_of_edges() == a.nnz > 10**9
    for element in [(0, 0, 0), (3, 350, 699), (15, 699, 699)]:
        node = "_".join(map(str, element))
        assert [*graph.successors(f"x_{node}")] == [
            "_".join(map(str, ("y", *e))) for e, _ in a.outputs_of(element)
        ]
        assert {u: d["tap"] for u, d in graph.pred[f"y_{node}"].items()} == {
            "_".join(map(str, ("x", *e))): t for e, t in a.inputs_of(element)
        }
    deep = cm.sequential(*(cm.conv2d(1, 1, 3, padding=1),) * 5).on(20_000, 20_000)
    layers = deep.to_networkx("layered", lazy=True)
    path = nx.shortest_path(layers, "x_0_500_500", "y_0_504_497")
    assert len(path) == 6
    assert not nx.has_path(layers, "x_0_500_500", "y_0_506_500")


def test_a_lazy_graph_cannot_be_changed_or_asked_for_others():
    graph = MAPS["figure"].to_networkx(lazy=True)
    for change in (lambda: graph.add_node("z"), lambda: graph.add_edge("x_0_0_0", "y_0_0_0"),
                   lambda: graph.remove_node("x_0_0_0"), graph.clear):  # fmt: skip
        with pytest.raises(nx.NetworkXError, match="lazy"):
            change()
    for node in ("x_0_5_0", "x_0_0", "z_0_0_0", "x_00_0_0", "x_0_0_-1", 3, "x_0_0_٣", ""):
        assert node not in graph
        with pytest.raises(nx.NetworkXError):
            graph.successors(node)
    assert graph.has_edge("x_0_0_0", "y_0_0_0")
    assert not graph.has_edge("x_0_0_0", "y_0_2_2")
    assert graph.number_of_edges("x_0_0_0", "y_0_0_0") == 1


def test_a_deep_weighted_stack_weighs_its_lazy_edges():
    one = np.full((1, 1, 3), 2)
    deep = cm.sequential(*(cm.conv1d(1, 1, 3, padding=1, weight=one) for _ in range(45))).on(1)
    ((*_, data),) = deep.to_networkx(lazy=True).edges(data=True)
    assert data["weight"] == 2**45


def test_algorithms_may_make_graphs_from_a_lazy_one():
    lazy, stored = (MAPS["figure"].to_networkx(lazy=x) for x in (True, False))
    assert dict(nx.compose(lazy, lazy).edges) == dict(stored.edges)
    assert nx.relabel_nodes(lazy, str.upper).number_of_edges() == stored.number_of_edges()
    assert nx.to_dict_of_dicts(lazy) == nx.to_dict_of_dicts(stored)
    assert "y_0_0_0" in str(lazy.adj["x_0_1_1"])
    with pytest.raises(TypeError):
        lazy.nodes["x_0_0_0"]["foo"] = 1
    with pytest.raises(TypeError):
        lazy["x_0_1_1"]["y_0_0_0"]["tap"] = 99


def test_a_lazy_multigraph_counts_as_the_stored_one():
    a = cm.conv2d(1, 1, 3, padding=1, padding_mode="circular").on(2, 2)
    lazy, stored = (a.to_networkx(lazy=x) for x in (True, False))
    for u in stored:
        assert len(lazy[u]) == len(stored[u])
        for v in stored:
            assert lazy.number_of_edges(u, v) == stored.number_of_edges(u, v)
