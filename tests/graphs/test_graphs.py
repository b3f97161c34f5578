"""Connectivity as graphs: queries, views, lazy graphs, streamed files, counts and drawings."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from itertools import product
from math import prod

import networkx as nx
import numpy as np
import pytest
from scipy.io import mmread

import convmatrix as cm
from convmatrix.graphs.lazy import LazyDiGraph, LazyMultiDiGraph
from convmatrix.writers import write_graph

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


# -------------------------------------------------------------------------------- queries


@pytest.mark.parametrize("name", MAPS)
def test_queries_against_the_pattern(name):
    maps = [MAPS[name]] + ([MAPS[name].T] if name in LINEAR else [])
    for a in maps:
        matrix, inputs, outputs = counted(a), elements(a.in_shape), elements(a.out_shape)
        for j, element in enumerate(inputs):
            reached = [outputs[r] for r in np.flatnonzero(matrix[:, j])]
            assert a.reach(element) == reached
            for r in range(0, len(outputs), 3):
                assert a.path_count(element, outputs[r]) == matrix[r, j]
        some = outputs[:: max(1, len(outputs) // 3)]
        rows = matrix[[outputs.index(e) for e in some]].sum(axis=0)
        assert a.reach(some, back=True) == [inputs[c] for c in np.flatnonzero(rows)]
        assert a.reach([]) == []


def test_queries_go_where_no_pattern_could():
    deep = cm.sequential(*(cm.conv2d(8, 8, 3, padding=1) for _ in range(8))).on(2000, 2000)
    assert deep.path_count((0, 1000, 1000), (0, 1000, 1000)) > 10**12
    assert len(deep.reach((0, 1000, 1000), back=True)) == 8 * 17 * 17


@pytest.mark.parametrize("ask", ["reach", "inputs_of", "outputs_of"])
@pytest.mark.parametrize("element", [(0, 5, 0), (1, 0, 0), (0, 5), (0, -6, 0), (0, 0.5, 0), "abc"])
def test_elements_that_are_not_there(ask, element):
    with pytest.raises(cm.ShapeError, match="element"):
        getattr(MAPS["figure"], ask)(element)


# ------------------------------------------------------------------------------ NetworkX


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


# --------------------------------------------------------------------------------- lazy


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


# --------------------------------------------------------------------------------- files


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


@pytest.mark.parametrize("view", ["bipartite", "layered"])
@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("name", MAPS)
def test_files_read_back_equal(tmp_path, name, kind, view):
    a, path = MAPS[name], tmp_path / f"g.{kind}"
    if kind == "dot" and a.nnz > 300:
        return  # pydot takes seconds
    write_graph(a, path, view=view)
    graph, back = a.to_networkx(view), READERS[kind](path)
    assert set(back) == set(graph)
    plain = [Counter((u, v, d["tap"]) for u, v, d in g.edges(data=True)) for g in (graph, back)]
    assert plain[0] == plain[1]
    if "weight" in next(iter(graph.edges(data=True)))[2]:
        weights = [sorted((u, v, d["tap"], d["weight"]) for u, v, d in g.edges(data=True))
                   for g in (graph, back)]  # fmt: skip
        assert weights[0] == weights[1]
    if kind != "dot":
        for node, data in graph.nodes(data=True):
            assert data.items() <= back.nodes[node].items()


@pytest.mark.parametrize("view", ["channels", "axis"])
@pytest.mark.parametrize("kind", READERS)
def test_other_views_read_back(tmp_path, kind, view):
    a, path = MAPS["grouped"], tmp_path / f"g.{kind}"
    if kind == "dot" and view == "channels":
        return
    write_graph(a, path, view=view)
    graph, back = a.to_networkx(view), READERS[kind](path)
    assert sorted(back.edges()) == sorted(graph.edges())


@pytest.mark.parametrize("name", MAPS)
def test_matrix_market_is_the_matrix(tmp_path, name):
    a, path = MAPS[name], tmp_path / "g.mtx"
    collides = a.pattern.collides
    if collides:
        with pytest.raises(cm.GeometryError, match="merge=True"):
            write_graph(a, path)
        assert not path.exists()
    write_graph(a, path, merge=collides)
    found = mmread(path).toarray()
    weighted = "weight" in next(iter(a.to_networkx().edges(data=True)))[2]
    expected = a.to_dense().astype(float) if weighted else counted(a)
    np.testing.assert_allclose(found.astype(float), expected, rtol=1e-15)


@pytest.mark.parametrize("name", MAPS)
def test_parquet_has_every_edge(tmp_path, name):
    pq = pytest.importorskip("pyarrow.parquet")
    a, path = MAPS[name], tmp_path / "g.parquet"
    write_graph(a, path)
    table = pq.read_table(path)
    pattern = a.pattern
    columns = ("target_index", "source_index", "tap")
    found = sorted(zip(*(table[c].to_pylist() for c in columns), strict=True))
    assert found == sorted(zip(pattern.rows.tolist(), pattern.indices.tolist(),
                               pattern.tap.tolist(), strict=True))  # fmt: skip
    assert table.schema.metadata[b"in_shape"].decode() == "x".join(map(str, a.in_shape))
    write_graph(a, path, view="layered")
    layered = pq.read_table(path)
    assert layered.num_rows == a.to_networkx("layered").number_of_edges()


def test_parquet_holds_the_taps_of_deep_stacks(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    deep = cm.sequential(*(cm.conv1d(8, 8, 3),) * 4, cm.conv1d(8, 1, 3)).on(11)
    write_graph(deep.T, tmp_path / "g.parquet", window=[(0, 1)])
    taps = pq.read_table(tmp_path / "g.parquet")["tap"].to_pylist()
    assert max(taps) > 2**31


def test_compressed_windowed_and_small_files(tmp_path):
    a = MAPS["figure"]
    write_graph(a, tmp_path / "g.csv.gz")
    lines = gzip.decompress((tmp_path / "g.csv.gz").read_bytes()).decode().splitlines()
    assert lines[0] == "source,target,tap"
    assert len(lines) == 1 + a.nnz
    first = (tmp_path / "g.csv.gz").read_bytes()
    write_graph(a, tmp_path / "g.csv.gz")
    assert (tmp_path / "g.csv.gz").read_bytes() == first, "no time of writing in it"
    write_graph(a, tmp_path / "w.graphml", window=[(0, 1), (1, 3)])
    part = nx.read_graphml(tmp_path / "w.graphml")
    whole = a.to_networkx()
    expected = whole.subgraph({"y_0_0_1", "y_0_0_2"} | set(whole.predecessors("y_0_0_1"))
                              | set(whole.predecessors("y_0_0_2")))  # fmt: skip
    assert set(part) == set(expected)
    assert edges_of(part) == edges_of(expected)
    for kind in ("mmd", "tex"):
        write_graph(a, tmp_path / f"g.{kind}")
        text = (tmp_path / f"g.{kind}").read_text()
        assert text.count("-->" if kind == "mmd" else "\\draw") == a.nnz
        with pytest.raises(cm.TooLargeError, match=r"window=\["):
            write_graph(cm.conv2d(1, 1, 3).on(40, 40), tmp_path / f"large.{kind}")
        assert not (tmp_path / f"large.{kind}").exists()
    for window in ([(0, 9), (0, 1)], [(0, 1)], [(1, 1), (0, 1)], "ab", 3):
        with pytest.raises(cm.GeometryError, match="window"):
            write_graph(a, tmp_path / "g.csv", window=window)
    with pytest.raises(cm.GeometryError, match="bipartite"):
        write_graph(a, tmp_path / "g.csv", window=[(0, 1), (0, 1)], view="layered")
    with pytest.raises(cm.GeometryError, match="one matrix"):
        write_graph(MAPS["stack"], tmp_path / "g.mtx", view="layered")


def test_files_are_written_in_blocks(tmp_path, monkeypatch):
    from convmatrix.graphs import table as views
    from convmatrix.graphs import views as graphs

    monkeypatch.setattr(graphs, "BLOCK", 7)
    monkeypatch.setattr(views, "BLOCK", 5)
    monkeypatch.setattr(views.Names, "MOST", 3)
    for name, kind in product(("figure", "grouped", "colliding"), READERS):
        write_graph(MAPS[name], tmp_path / f"g.{kind}")
        back = READERS[kind](tmp_path / f"g.{kind}")
        assert set(back) == set(MAPS[name].to_networkx())
        assert back.number_of_edges() == MAPS[name].nnz
    write_graph(MAPS["figure"], tmp_path / "g.csv", window=[(0, 3), (0, 3)])
    write_graph(MAPS["figure"], tmp_path / "g.gexf", window=[(0, 3), (0, 3)])
    assert (tmp_path / "g.gexf").read_text().count("<node ") == 25 + 9


def test_memory_does_not_grow_with_the_edges(tmp_path, monkeypatch):
    import tracemalloc

    from convmatrix.graphs import table as views
    from convmatrix.graphs import views as graphs

    monkeypatch.setattr(graphs, "BLOCK", 1 << 13)
    monkeypatch.setattr(views.Names, "MOST", 100)
    peaks = []
    for size in (20, 40):
        a = cm.conv2d(4, 4, 5, padding=2).on(size, size)
        write_graph(a, tmp_path / "g.csv")
        tracemalloc.start()
        write_graph(a, tmp_path / "g.csv")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0], "four times the edges"


def test_gexf_and_graphml_keep_to_their_schemas(tmp_path):
    """The elements, in order, and the attributes that the schemas ask for."""
    import xml.etree.ElementTree as ET

    for name in ("figure", "colliding"):
        write_graph(MAPS[name], tmp_path / "g.gexf")
        root = ET.parse(tmp_path / "g.gexf").getroot()
        space = "{http://www.gexf.net/1.2draft}"
        assert (root.tag, root.get("version")) == (f"{space}gexf", "1.2")
        assert [child.tag for child in root] == [f"{space}meta", f"{space}graph"]
        graph = root[1]
        assert [c.tag.removeprefix(space) for c in graph] == ["attributes"] * 2 + ["nodes", "edges"]
        declared = {a.get("id"): a.get("type") for a in graph.iter(f"{space}attribute")}
        assert set(declared.values()) <= {"long", "double", "string"}
        used = {v.get("for") for v in graph.iter(f"{space}attvalue")}
        assert used == set(declared)
        edges = graph[3]
        ids = [edge.get("id") for edge in edges]
        assert len(set(ids)) == len(ids) == int(edges.get("count"))
        nodes = {node.get("id") for node in graph[2]}
        assert all(edge.get("source") in nodes and edge.get("target") in nodes for edge in edges)

        write_graph(MAPS[name], tmp_path / "g.graphml")
        root = ET.parse(tmp_path / "g.graphml").getroot()
        space = "{http://graphml.graphdrawing.org/xmlns}"
        order = [child.tag.removeprefix(space) for child in root]
        assert order == ["key"] * (len(order) - 1) + ["graph"]
        keys = {key.get("id"): (key.get("for"), key.get("attr.type")) for key in root[:-1]}
        for element in root[-1]:
            for data in element.findall(f"{space}data"):
                assert keys[data.get("key")][0] == element.tag.removeprefix(space)
        tags = [child.tag.removeprefix(space) for child in root[-1]]
        assert tags == sorted(tags, key=["data", "node", "edge"].index)


# -------------------------------------------------------------------------- connectivity


@pytest.mark.parametrize("name", MAPS)
def test_connectivity_counts_the_pattern(name):
    a = MAPS[name]
    found, matrix = cm.connectivity(a), counted(a)
    assert (found.reads.reshape(-1) == matrix.sum(axis=1)).all()
    assert (found.feeds.reshape(-1) == matrix.sum(axis=0)).all()
    assert found.dead_inputs == [e for e, n in zip(elements(a.in_shape), matrix.sum(axis=0),
                                                   strict=True) if n == 0]  # fmt: skip
    middle = (0, *(n // 2 for n in a.out_shape[1:]))
    seen = a.reach(middle, back=True)
    for j, (first, last) in enumerate(found.field):
        assert (min(e[1 + j] for e in seen), max(e[1 + j] for e in seen)) == (first, last)
    box = prod(last - first + 1 for first, last in found.field)
    assert found.unseen == pytest.approx(1 - len({e[1:] for e in seen}) / box)
    json.dumps(found.to_dict())
    assert "connections" in str(found)


def test_checkerboards_are_where_the_stride_does_not_divide_the_kernel():
    for k, s in product(range(1, 7), range(1, 4)):
        found = cm.connectivity(cm.conv_transpose1d(1, 1, k, stride=s), 24)
        assert found.uniform == (k % s == 0), (k, s)
    assert cm.connectivity(cm.conv_transpose2d(1, 1, 3, stride=2), 8, 8).inside == (1, 2, 4)
    assert cm.connectivity(cm.conv_transpose2d(1, 1, 4, stride=2), 8, 8).inside == (4,)


def test_dead_inputs_and_gridding():
    skipping = cm.connectivity(cm.conv1d(1, 1, 2, stride=3), 12)
    assert skipping.dead_inputs == [(0, 2), (0, 5), (0, 8), (0, 11)]
    assert skipping.coverage == pytest.approx(8 / 12)
    dilated = cm.sequential(*(cm.conv2d(1, 1, 3, dilation=2) for _ in range(3)))
    found = cm.connectivity(dilated, 32, 32)
    assert [last - first + 1 for first, last in found.field] == [13, 13]
    assert found.unseen == pytest.approx(1 - 49 / 169)
    growing = cm.sequential(*(cm.conv2d(1, 1, 3, dilation=d) for d in (1, 2, 5)))
    assert cm.connectivity(growing, 40, 40).unseen == 0, "hybrid dilation leaves no holes"


@pytest.mark.parametrize("stack", [
    [(3, 2, 1, 1), (3, 1, 0, 2), (2, 2, 0, 1)], [(5, 1, 2, 1), (3, 3, 1, 1)], [(1, 2, 0, 1)],
])  # fmt: skip
def test_receptive_fields_by_reach_are_the_closed_form(stack):
    layer = cm.sequential(*(cm.conv1d(1, 1, k, stride=s, padding=p, dilation=d)
                            for k, s, p, d in stack))  # fmt: skip
    (closed,) = cm.receptive_field(layer)
    bound = layer.on(120)
    ends = [bound.reach((0, o), back=True) for o in range(bound.out_shape[1])]
    middle = len(ends) // 2
    assert ends[middle][-1][1] - ends[middle][0][1] + 1 == closed.size
    assert ends[middle + 1][0][1] - ends[middle][0][1] == closed.stride
    assert ends[middle][0][1] == middle * closed.stride - closed.padding


# ------------------------------------------------------------------------------ drawings


def test_drawings_of_graphs(tmp_path):
    mpl = pytest.importorskip("matplotlib")
    mpl.use("Agg")
    from convmatrix import draw

    a = MAPS["figure"]
    names = {"input": {(0, 0, 0): "a", (0, 1, 1): "d"}, "output": {(0, 0, 0): "1"}}
    ax = draw.draw_grids(a, names=names)
    assert len(ax.collections[0].get_segments()) == 1 + 4, "a reaches 1 output, d reaches 4"
    assert {t.get_text() for t in ax.texts} == {"a", "d", "1"}
    assert len(draw.draw_grids(a.T).collections[0].get_segments()) == a.nnz
    layered = draw.draw_graph(MAPS["stack"], view="layered")
    edges = MAPS["stack"].to_networkx("layered").number_of_edges()
    assert len(layered.collections[0].get_segments()) == edges
    counts = draw.draw_counts(cm.connectivity(cm.conv_transpose2d(1, 1, 3, stride=2), 3, 3).reads)
    assert Counter(t.get_text() for t in counts.texts)["4"] == 4
    stack = cm.sequential(cm.conv2d(1, 1, 3), cm.conv2d(1, 1, 3)).on(9, 9)
    field = draw.draw_receptive_field(stack, (0, 2, 2))
    (box,) = field.patches
    assert (box.get_xy(), box.get_width(), box.get_height()) == ((1.5, 1.5), 5, 5)
    large = cm.conv2d(1, 1, 3).on(100, 100)
    for make in (draw.draw_graph, draw.draw_grids):
        with pytest.raises(cm.TooLargeError, match=r"window=\["):
            make(large)
    small = draw.draw_graph(large, window=[(0, 2), (0, 2)])
    assert len(small.collections[0].get_segments()) == 4 * 9
    for kind in ("svg", "png"):
        write_graph(large, tmp_path / f"w.{kind}", window=[(0, 2), (0, 2)])
    with pytest.raises(cm.GeometryError, match="one channel"):
        draw.draw_grids(MAPS["grouped"])


# --------------------------------------------------------------------------- command line


def run(*arguments):
    from click.testing import CliRunner

    from convmatrix.cli import cli

    return CliRunner().invoke(cli, ["graph", *map(str, arguments)], standalone_mode=False)


FIGURE = ("--kernel", 3, "--stride", 2, "--padding", 1, "--input", "5x5")


def test_the_verb(tmp_path):
    assert run(*FIGURE, "--from", "0,1,1").stdout.splitlines() == [
        "0,0,0 tap 8", "0,0,1 tap 6", "0,1,0 tap 2", "0,1,1 tap 0"
    ]  # fmt: skip
    data = json.loads(run(*FIGURE, "--to", "y_0_0_0", "--json").stdout)
    assert data["to"] == [0, 0, 0]
    assert data["links"][0] == {"element": [0, 0, 0], "tap": 4}
    both = run(*FIGURE, "--from", "0,0,0", "--to", "0,2,2")
    assert (both.return_value, both.stdout) == (1, "0 paths\n")
    assert run(*FIGURE, "--from", "0,1,1", "--to", "0,1,1").return_value == 0
    assert "x_0 → y_0 tap 1" in run(*FIGURE, "--view", "axis").stdout
    assert run(*FIGURE, "--lazy").stdout == run(*FIGURE).stdout
    assert "9 elements" not in run(*FIGURE, "--window", "0:1x0:1").stdout
    assert len(run(*FIGURE, "--window", "0:1x0:1").stdout.splitlines()) == 4
    stats = json.loads(run(*FIGURE, "--stats", "--json").stdout)
    assert (stats["connections"], stats["dead_inputs"]) == (49, 0)
    view = json.loads(run(*FIGURE, "--view", "channels", "--json").stdout)
    assert view["edges"] == [{"source": "x_0", "target": "y_0", "connections": 49}]
    result = run(*FIGURE, "--view", "layered", "-o", tmp_path / "g.dot.gz")
    assert "49 edges" in result.stderr
    for options, kind in [
        (("--from", "0,9,9"), cm.ShapeError), (("--from", "a,b"), cm.GeometryError),
        (("--window", "0-3"), cm.GeometryError), (("-o", tmp_path / "g.foo"), cm.FileError),
        (("--view", "tree"), cm.GeometryError), (("--format", "csv.gz", "-o", "-"), cm.FileError),
    ]:  # fmt: skip
        assert isinstance(run(*FIGURE, *options).exception, kind), options


# --------------------------------------------------- found by hostile readers and by mutants


def test_path_counts_beyond_64_bits_are_exact():
    deep = cm.sequential(*(cm.conv1d(1, 1, 3, padding=1) for _ in range(45))).on(60)
    middle = deep.path_count((0, 30), (0, 30))
    assert middle > 2**63
    rows = np.eye(60, dtype=object)
    step = sum(np.eye(60, k=k, dtype=int) for k in (-1, 0, 1)).astype(object)
    for _ in range(45):
        rows = rows.dot(step)
    assert (deep.nnz, middle) == (rows.sum(), rows[30, 30])
    found = cm.connectivity(deep)
    assert found.to_dict()["connections"] == deep.nnz
    assert found.reads[0].tolist() == rows.sum(axis=1).tolist()
    assert cm.cost(deep.layer, 60).exact_macs == 45 * 178
    assert deep.to_networkx("layered").number_of_edges() == 45 * 178


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


def test_unsigned_and_large_weights_stay_what_they_are(tmp_path):
    big = 2**63 + 1
    for array in (np.array([[[big, 3]]], np.uint64), np.array([[[2**70, 3]]], object)):
        a = cm.conv1d(1, 1, 2, weight=array).on(3)
        expected = sorted([*array.ravel().tolist()] * 2)
        for lazy in (False, True):
            edges = a.to_networkx(lazy=lazy).edges(data="weight")
            assert sorted(weight for *_, weight in edges) == expected
        write_graph(a, tmp_path / "a.json")
        read = json.loads((tmp_path / "a.json").read_text())["edges"]
        assert sorted(edge["weight"] for edge in read) == expected
        for kind in ("parquet", "mtx"):
            if kind == "parquet":
                pytest.importorskip("pyarrow")
            with pytest.raises(cm.GeometryError, match="beyond 64 bits"):
                write_graph(a, tmp_path / f"a.{kind}")
            assert not (tmp_path / f"a.{kind}").exists()


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: cm.conv1d(1, 1, 3, stride=2).on(17).T, (1, 2)),
        (lambda: cm.sequential(cm.conv1d(1, 1, 3, stride=2),
                               cm.conv_transpose1d(1, 1, 3, stride=2)).on(35), (3, 6)),
        (lambda: cm.conv_transpose1d(1, 1, 3, stride=2).on(17) @ cm.conv1d(1, 1, 3, stride=2).on(35), (3, 6)),  # noqa: E501
        (lambda: cm.conv2d(1, 1, 3).on(9, 9).T, (9,)),
        (lambda: cm.sequential(cm.conv1d(1, 1, 4, stride=2),
                               cm.conv_transpose1d(1, 1, 4, stride=2)).on(34), (8,)),
    ],
)  # fmt: skip
def test_checkerboards_of_transposed_and_composed_maps(make, expected):
    assert cm.connectivity(make()).inside == expected


def test_drawings_may_be_compressed(tmp_path):
    pytest.importorskip("matplotlib")
    write_graph(MAPS["figure"], tmp_path / "a.svg.GZ")
    assert b"<svg" in gzip.decompress((tmp_path / "a.svg.GZ").read_bytes())


def test_merged_entries_are_one_a_place(tmp_path):
    a = cm.sequential(cm.conv1d(1, 4, 5, padding=2), cm.conv1d(4, 1, 5, padding=2)).on(1000)
    write_graph(a, tmp_path / "a.mtx", merge=True)
    lines = (tmp_path / "a.mtx").read_text().splitlines()[2:]
    places = [tuple(line.split()[:2]) for line in lines]
    assert len(places) == len(set(places))
    np.testing.assert_array_equal(mmread(tmp_path / "a.mtx").toarray(), counted(a))


def test_edge_ids_of_graphml_are_unique(tmp_path):
    write_graph(MAPS["colliding"], tmp_path / "a.graphml")
    import re

    ids = re.findall(r'<edge id="([^"]*)"', (tmp_path / "a.graphml").read_text())
    assert len(ids) == len(set(ids)) == MAPS["colliding"].nnz


def test_channels_that_meet_nowhere_have_no_edge():
    nothing = cm.conv1d(1, 1, 1, stride=10, padding=5).on(1)
    assert nothing.nnz == 0
    assert not nothing.to_networkx("channels").edges
    assert "sees nothing" in str(cm.connectivity(nothing))


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


def test_a_deep_weighted_stack_weighs_its_lazy_edges():
    one = np.full((1, 1, 3), 2)
    deep = cm.sequential(*(cm.conv1d(1, 1, 3, padding=1, weight=one) for _ in range(45))).on(1)
    ((*_, data),) = deep.to_networkx(lazy=True).edges(data=True)
    assert data["weight"] == 2**45


@pytest.mark.parametrize("given", [3.5, None, "0,1", [None]])
def test_reach_asks_for_elements(given):
    with pytest.raises(cm.ShapeError, match="an element is"):
        MAPS["figure"].reach(given)


def test_arguments_are_checked(tmp_path):
    a = MAPS["figure"]
    with pytest.raises(cm.GeometryError, match="write_graph takes a map"):
        write_graph(a.layer, tmp_path / "a.csv")
    with pytest.raises(cm.GeometryError, match="connectivity takes a layer"):
        cm.connectivity(5)
    for path in (3, "a\0.csv", "x" * 300 + ".csv"):
        with pytest.raises(cm.FileError):
            write_graph(a, path)
    with pytest.raises(cm.FileError, match="a format's name"):
        write_graph(a, tmp_path / "a.csv", format=3)
    for window in ([(0.9, 1.9), (0, 1)], ["01", "12"]):
        with pytest.raises(cm.GeometryError, match="a window is a"):
            write_graph(a, tmp_path / "a.csv", window=window)
    assert ("x_0_0_" + "9" * 5000) not in a.to_networkx(lazy=True)


def test_a_small_window_is_found_output_by_output(tmp_path):
    a = cm.conv2d(2, 2, 3, padding=1, weight=rng.integers(1, 9, (2, 2, 3, 3))).on(30, 30)
    write_graph(a, tmp_path / "a.json", window=[(3, 4), (0, 2)])
    read = nx.node_link_graph(json.loads((tmp_path / "a.json").read_text()), edges="edges")
    inside = {f"y_{c}_3_{x}" for c in range(2) for x in range(2)}
    whole = a.to_networkx()
    expected = {(u, v): d for u, v, d in whole.in_edges(inside, data=True)}
    assert {(u, v): d for u, v, d in read.edges(data=True)} == expected
    assert set(read) == inside | {u for u, _ in expected}


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


def test_layered_drawings_are_counted_by_their_edges(tmp_path):
    pytest.importorskip("matplotlib")
    deep = cm.sequential(*(cm.conv1d(1, 1, 3, padding=1) for _ in range(7))).on(10)
    assert deep.nnz > 16_000
    write_graph(deep, tmp_path / "a.svg", view="layered")


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


def test_a_lazy_multigraph_counts_as_the_stored_one():
    a = cm.conv2d(1, 1, 3, padding=1, padding_mode="circular").on(2, 2)
    lazy, stored = (a.to_networkx(lazy=x) for x in (True, False))
    for u in stored:
        assert len(lazy[u]) == len(stored[u])
        for v in stored:
            assert lazy.number_of_edges(u, v) == stored.number_of_edges(u, v)


def test_layered_parquet_is_the_layered_graph(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    a = MAPS["stack"]
    write_graph(a, tmp_path / "a.parquet", view="layered")
    rows = pq.read_table(tmp_path / "a.parquet").to_pylist()
    shapes = {"x": a.in_shape, "h1": (2, 5), "y": a.out_shape}

    def name(letter, flat):
        return "_".join([letter, *map(str, np.unravel_index(flat, shapes[letter]))])

    found = {
        (name(r["from"], r["source_index"]), name(r["to"], r["target_index"]), r["tap"])
        for r in rows
    }
    assert found == {(r["source"], r["target"], r["tap"]) for r in rows}
    assert found == set(a.to_networkx("layered").edges(data="tap"))


def test_the_verb_refuses_what_it_would_drop(tmp_path):
    from click.testing import CliRunner

    from convmatrix.cli import cli

    def message(*words):
        return str(CliRunner().invoke(cli, ["graph", *words]).exception)

    out = str(tmp_path / "a.csv")
    for words in (["--from", "0,1,1"], ["--to", "0,1,1"], ["--stats"]):
        assert f"{words[0]} prints; leave -o and --window out" in message(*words, "-o", out)
    assert "takes an element of the side x" in message("--from", "y_0_0_0")
    assert "takes an element of the side y" in message("--to", "x_0_0_0")
    turned = ["--kind", "conv_transpose", "--input", "3x3"]
    assert "takes an element of the side y" in message(*turned, "--from", "x_0_0_0")
    done = CliRunner().invoke(cli, ["graph", "--kernel", "1", "--padding", "3", "--window",
                                    "0:1x0:1", "-o", out])  # fmt: skip
    assert "0 edges" in done.stderr
