"""Connectivity as NetworkX graphs, in four views."""

from __future__ import annotations

from collections import Counter
from itertools import product

import networkx as nx
import numpy as np
import pytest
from graph_cases import LINEAR, MAPS, counted, edges_of, elements

import convmatrix as cm
from convmatrix.writers import write_graph


@pytest.mark.parametrize("name", LINEAR)
def test_the_transposes_graph_is_the_graph_reversed(name):
    a = MAPS[name]
    for view in ("bipartite", "layered"):
        graph, turned = a.to_networkx(view), a.T.to_networkx(view)
        assert set(graph) == set(turned)
        assert edges_of(turned) == edges_of(graph.reverse())
    assert nx.is_isomorphic(a.T.to_networkx("channels"), a.to_networkx("channels").reverse())


@pytest.mark.parametrize("name", MAPS)
def test_elements_and_paths(name):
    a, graph = MAPS[name], MAPS[name].to_networkx()
    pattern = a.pattern
    start, end = ("y", "x") if name == "transposed" else ("x", "y")
    assert graph.number_of_edges() == a.nnz
    assert len(graph) == sum(a.shape)
    source, sink = elements(a.in_shape), elements(a.out_shape)
    expected = Counter(
        ("_".join(map(str, (start, *source[i]))), "_".join(map(str, (end, *sink[o]))), t)
        for o, i, t in zip(pattern.rows, pattern.indices, pattern.tap.tolist(), strict=True)
    )
    assert Counter((u, v, d["tap"]) for u, v, d in graph.edges(data=True)) == expected
    assert graph.is_multigraph() == pattern.collides
    assert nx.is_bipartite(graph)
    for node, data in graph.nodes(data=True):
        letter, channel, *position = node.split("_")
        side = "input" if letter == start else "output"
        assert data == {"side": side, "channel": int(channel), "bipartite": int(letter == end),
                        "position": ",".join(position)}  # fmt: skip


@pytest.mark.parametrize("name", MAPS)
def test_layers_have_the_same_paths(name):
    a, graph = MAPS[name], MAPS[name].to_networkx("layered")
    assert nx.is_directed_acyclic_graph(graph)
    order = list(nx.topological_sort(graph))
    names = [["_".join(map(str, (s, *e))) for e in elements(shape)]
             for s, shape in zip("yx" if name == "transposed" else "xy",
                                 (a.in_shape, a.out_shape), strict=True)]  # fmt: skip
    matrix = counted(a)
    for j in range(0, len(names[0]), 3):
        paths = Counter({names[0][j]: 1})
        for node in order:
            for _, after in graph.out_edges(node):
                paths[after] += paths[node]
        assert [paths[end] for end in names[1]] == matrix[:, j].tolist()
    for u, v in graph.edges():
        assert graph.nodes[u]["layer"] < graph.nodes[v]["layer"]
    assert nx.multipartite_layout(graph, subset_key="layer")


def test_weights_of_layers_multiply_to_the_matrix():
    for name in ("stack", "weighted network"):
        a = MAPS[name]
        graph = a.to_networkx("layered")
        values = Counter()
        start = "_".join(map(str, ("x", *elements(a.in_shape)[1])))
        values[start] = 1
        for node in nx.topological_sort(graph):
            for _, after, data in graph.out_edges(node, data=True):
                values[after] += values[node] * data["weight"]
        ends = ["_".join(map(str, ("y", *e))) for e in elements(a.out_shape)]
        assert [values[end] for end in ends] == pytest.approx(a.to_dense()[:, 1].tolist())


def test_channels_show_groups():
    grouped = cm.conv2d(6, 9, 3, groups=3).on(5, 5).to_networkx("channels")
    assert sorted(map(len, nx.weakly_connected_components(grouped))) == [5, 5, 5]
    assert {d["connections"] for *_, d in grouped.edges(data=True)} == {81}
    net = cm.depthwise_separable(3, 2, 3, padding=1).on(4, 4)
    graph = net.to_networkx("channels")
    assert graph.number_of_edges() == 3 + 6
    assert {d["layer"] for _, d in graph.nodes(data=True)} == {0, 1, 2}
    shuffled = MAPS["shuffle"].to_networkx("channels")
    assert sorted((u, v) for u, v in shuffled.edges()) == [
        ("x_0", "y_0"), ("x_1", "y_2"), ("x_2", "y_1"), ("x_3", "y_3")
    ]  # fmt: skip
    stacked = MAPS["network"].to_networkx("channels")
    assert sorted(u for u, v in stacked.edges() if v == "y_0")


def test_a_convolution_is_the_product_of_its_axes_and_channels():
    a = cm.conv2d(4, 2, (3, 2), stride=(2, 1), padding=(1, 0), groups=2).on(5, 4)
    rows, columns = (a.to_networkx("axis", axis=axis) for axis in (0, 1))
    channels = a.to_networkx("channels")
    found = {
        (f"x_{c[2:]}_{r[2:]}_{s[2:]}", f"y_{o[2:]}_{u[2:]}_{v[2:]}")
        for (c, o), (r, u), (s, v) in product(channels.edges, rows.edges, columns.edges)
    }
    assert found == set(a.to_networkx().edges())
    assert a.to_networkx("axis", axis=-1).edges(data=True)


def test_views_say_what_they_are_for():
    a = MAPS["figure"]
    for call, word in [
        (lambda: a.to_networkx("tree"), "bipartite"),
        (lambda: a.to_networkx("axis", axis=2), "axis"),
        (lambda: a.to_networkx("channels", lazy=True), "lazy"),
        (lambda: cm.pixel_shuffle(2, channels=4).on(2, 2).to_networkx("axis"), "between axes"),
    ]:
        with pytest.raises(cm.GeometryError, match=word):
            call()


def doubled():
    graph = nx.DiGraph()
    graph.add_nodes_from(["p", "q"])
    graph.add_node("s", layer=cm.conv1d(1, 1, 1, weight=[[[3]]]))
    graph.add_edges_from([("p", "q"), ("p", "s"), ("q", "s")])
    return cm.network(graph).on(2)


def test_paths_that_share_all_taps_are_not_merged_in_silence():
    a = doubled()
    assert (a.nnz, a.to_dense().tolist()) == (4, [[6, 0], [0, 6]])
    for lazy in (False, True):
        with pytest.raises(cm.GeometryError, match="use view='layered'"):
            a.to_networkx(lazy=lazy)
    assert a.to_networkx("layered").number_of_edges() == 2 + 2 + 2 + 2
    for name in ("network", "stacked", "weighted network"):
        assert not MAPS[name].diagram.doubles


def test_complex_weights_beside_a_skip_are_all_text(tmp_path):
    graph = nx.DiGraph()
    graph.add_node("a", layer=cm.conv1d(1, 1, 1, weight=[[[1 + 2j]]]))
    graph.add_node("b")
    graph.add_node("s")
    graph.add_edges_from([("a", "s"), ("b", "s")])
    a = cm.network(graph).on(2)
    weights = {type(w) for *_, w in a.to_networkx("layered").edges(data="weight")}
    assert weights == {str}
    if pytest.importorskip("pyarrow"):
        write_graph(a, tmp_path / "a.parquet", view="layered")


def test_weights_that_no_float_holds_are_text():
    from fractions import Fraction

    import sympy

    for values in ([1 + 2j, Fraction(1, 3)], [sympy.I, 3], [10**400, Fraction(1, 2)]):
        a = cm.conv1d(1, 1, 2, weight=np.array([[values]], object)).on(3)
        graph = a.to_networkx()
        texts = {str(float(v)) if type(v) is Fraction else str(v) for v in values}
        assert {w for *_, w in graph.edges(data="weight")} == texts
        assert dict(a.to_networkx(lazy=True).edges) == dict(graph.edges)


def test_axes_count_from_behind():
    a = cm.conv2d(1, 1, (2, 3)).on(5, 5)
    for axis in (0, 1):
        edges = [set(a.to_networkx("axis", axis=i).edges) for i in (axis, axis - 2)]
        assert edges[0] == edges[1]


def test_the_transposes_axis_is_the_axis_reversed():
    for a in (MAPS["figure"], MAPS["transposed"], MAPS["network"]):
        back = {(v, u) for u, v in a.to_networkx("axis").edges()}
        assert set(a.T.to_networkx("axis").edges()) == back if a.is_linear else True


def test_a_transposed_layer_inside_of_a_network_along_an_axis():
    graph = nx.DiGraph()
    graph.add_node("up", layer=cm.conv_transpose1d(1, 1, 3, stride=2))
    graph.add_node("next", layer=cm.conv1d(1, 1, 2))
    graph.add_edge("up", "next")
    a = cm.network(graph).on(4)
    projected = {
        tuple("_".join([n.split("_")[0], n.split("_")[2]]) for n in (u, v))
        for u, v, *_ in a.to_networkx("layered").edges
    }
    assert {(u, v) for u, v, *_ in a.to_networkx("axis").edges} == projected


def joined():
    """Branches joined by a node without a layer."""
    graph = nx.DiGraph()
    graph.add_node("near", layer=cm.conv1d(1, 2, 1))
    graph.add_node("far", layer=cm.conv1d(1, 1, 3, padding=1))
    graph.add_node("both", join="concat")
    graph.add_edges_from([("near", "both"), ("far", "both")])
    return cm.network(graph).on(5)


@pytest.mark.parametrize("name", [*MAPS, "joined", "pixels"])
def test_channels_count_the_layered_edges(name):
    own = {"joined": joined, "pixels": lambda: cm.pixel_shuffle(2, channels=4).on(2, 2)}
    a = MAPS[name] if name in MAPS else own[name]()
    edges = Counter(
        tuple("_".join(n.split("_")[:2]) for n in (u, v))
        for u, v, *_ in a.to_networkx("layered").edges
    )
    found = Counter()
    for u, v, count in a.to_networkx("channels").edges(data="connections"):
        found[u, v] += count
    assert found == edges


def test_spaces_between_are_numbered_in_order():
    graph = cm.sequential(*(cm.conv1d(1, 1, 2),) * 3).on(6).to_networkx("layered")
    layers = {name.split("_")[0]: data["layer"] for name, data in graph.nodes(data=True)}
    assert layers == {"x": 0, "h1": 1, "h2": 2, "y": 3}
