"""Graphs as files, read back."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from itertools import product

import networkx as nx
import numpy as np
import pytest
from graph_cases import MAPS, READERS, counted, edges_of, rng
from scipy.io import mmread

import convmatrix as cm
from convmatrix.writers import write_graph

ADDED = {"label", "name", "value", "id", "key", "x", "y", "viz"}
"""What a format adds of its own."""


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
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert back.is_directed()
    if kind not in ("gexf", "dot"):  # which have their own rules for what is multiple
        assert back.is_multigraph() == graph.is_multigraph()
    if view == "bipartite":
        assert graph.is_multigraph() == a.collides
        assert (len(graph), back.number_of_edges()) == (sum(a.shape), a.nnz)
    plain = [Counter((u, v, d["tap"]) for u, v, d in g.edges(data=True)) for g in (graph, back)]
    assert plain[0] == plain[1]
    if "weight" in next(iter(graph.edges(data=True)))[2]:
        weights = [sorted((u, v, d["tap"], d["weight"]) for u, v, d in g.edges(data=True))
                   for g in (graph, back)]  # fmt: skip
        assert weights[0] == weights[1]
    if kind != "dot":
        for node, data in back.nodes(data=True):
            assert {k: v for k, v in data.items() if k not in ADDED} == graph.nodes[node]


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
