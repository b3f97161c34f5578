"""Graph files name elements alike, and those for Gephi and Pajek say where they lie."""

from __future__ import annotations

import csv
from itertools import combinations, pairwise
from xml.etree import ElementTree as ET

import networkx as nx
import numpy as np
import pytest

import convmatrix as cm
from convmatrix.writers import write_graph

rng = np.random.default_rng(0)
MAPS = {
    "figure": cm.conv2d(1, 1, 3, stride=2, padding=1).on(5, 5),
    "weights": cm.conv2d(2, 3, 2, weight=rng.standard_normal((3, 2, 2, 2))).on(4, 3),
    "line": cm.conv1d(2, 1, 3, padding=1, padding_mode="circular").on(2),
    "volume": cm.conv3d(1, 2, 2).on(3, 2, 4),
    "stack": cm.sequential(cm.conv2d(1, 2, 2), cm.conv2d(2, 1, 2)).on(4, 4),
}
VIEWS = [*((name, "bipartite", None) for name in MAPS), ("stack", "layered", None),
         ("figure", "channels", None), ("figure", "axis", None),
         ("figure", "bipartite", [(0, 1), (1, 3)])]  # fmt: skip
each_view = pytest.mark.parametrize(
    ("name", "view", "window"), VIEWS, ids=[f"{n}-{v}{'-window' * bool(w)}" for n, v, w in VIEWS]
)


def written(folder, kind, name, view, window):
    path = folder / f"g.{kind}"
    write_graph(MAPS[name], path, view=view, window=window)
    return path


def edges_of_csv(path):
    """Source, target and first attribute of every edge, as text."""
    with path.open(newline="") as file:
        return sorted(tuple(row[:3]) for row in list(csv.reader(file))[1:])


@each_view
def test_parquet_has_the_ids_of_the_other_formats(tmp_path, name, view, window):
    pq = pytest.importorskip("pyarrow.parquet")
    table = pq.read_table(written(tmp_path, "parquet", name, view, window))
    columns = [table.schema.names.index(c) for c in ("source", "target")]
    first = table.schema.names[4 if "from" not in table.schema.names else 6]
    found = zip(*(table[c].to_pylist() for c in ("source", "target", first)), strict=True)
    assert columns == [0, 1]
    stored = edges_of_csv(written(tmp_path, "csv", name, view, window))
    assert sorted((s, t, str(tap)) for s, t, tap in found) == stored


def test_parquet_as_a_graph_has_all_nodes(tmp_path):
    """As `nx.from_pandas_edgelist` takes it; numbers of both ends would be one space."""
    pq = pytest.importorskip("pyarrow.parquet")
    table = pq.read_table(written(tmp_path, "parquet", "figure", "bipartite", None))
    graph = nx.DiGraph(zip(table["source"].to_pylist(), table["target"].to_pylist(), strict=True))
    assert graph.number_of_nodes() == 25 + 9
    assert graph.number_of_edges() == MAPS["figure"].nnz
    assert set(graph) == set(MAPS["figure"].to_networkx())


def test_parquet_stores_each_id_once_a_group(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "g.parquet"
    write_graph(cm.conv2d(1, 1, 3, padding=1).on(150, 150), path)
    file = pq.ParquetFile(path)
    assert path.stat().st_size < 3.5 * file.metadata.num_rows
    group = file.metadata.row_group(0)
    assert "RLE_DICTIONARY" in group.column(0).encodings
    assert file.schema_arrow.field("source").type.value_type == "string"


def places(kind, path):
    """The places of a file's nodes, by a reader that we did not write."""
    if kind == "gexf":
        found = nx.read_gexf(path).nodes(data="viz")
        return {n: (viz["position"]["x"], viz["position"]["y"]) for n, viz in found}
    graph = nx.read_graphml(path) if kind == "graphml" else nx.read_pajek(path)
    return {n: (data["x"], data["y"]) for n, data in graph.nodes(data=True)}


@each_view
@pytest.mark.parametrize("kind", ["gexf", "graphml", "net"])
def test_places(tmp_path, kind, name, view, window):
    found = places(kind, written(tmp_path, kind, name, view, window))
    stored = edges_of_csv(written(tmp_path, "csv", name, view, window))
    assert {end for s, t, _ in stored for end in (s, t)} <= set(found)
    points = list(found.values())
    assert len(set(points)) == len(points)
    if kind == "net":
        assert all(0 <= v <= 1 for point in points for v in point)
        return
    nearest = min(np.hypot(a - c, b - d) for (a, b), (c, d) in combinations(points, 2))
    assert nearest == (80 if len(points) == 2 else 20)
    columns = {letter: [x for n, (x, _) in found.items() if n[0] == letter] for letter in "xhy"}
    order = [xs for xs in columns.values() if xs]
    assert all(max(left) < min(right) for left, right in pairwise(order))


def test_places_are_the_grid(tmp_path):
    found = places("gexf", written(tmp_path, "gexf", "weights", "bipartite", None))
    for (a, (x, y)), (b, (u, v)) in combinations(found.items(), 2):
        (letter, c, row, column), (other, k, down, right) = a.split("_"), b.split("_")
        if (letter, c) == (other, k):
            steps = int(right) - int(column), int(row) - int(down)
            assert (u - x, v - y) == (20 * steps[0], 20 * steps[1])


def test_gexf_declares_what_it_uses(tmp_path):
    root = ET.parse(written(tmp_path, "gexf", "figure", "bipartite", None)).getroot()
    place = root.find(".//{http://www.gexf.net/1.2draft/viz}position")
    assert set(place.attrib) == {"x", "y", "z"}
    root = ET.parse(written(tmp_path, "graphml", "figure", "bipartite", None)).getroot()
    keys = {k.get("attr.name"): (k.get("for"), k.get("attr.type")) for k in root if "key" in k.tag}
    assert keys["x"] == keys["y"] == ("node", "double")


@each_view
def test_pajek_reads_back(tmp_path, name, view, window):
    path = written(tmp_path, "net", name, view, window)
    back = nx.read_pajek(path)
    graph = nx.read_graphml(written(tmp_path, "graphml", name, view, window))
    first = next(iter(next(iter(graph.edges(data=True)))[2]))
    assert set(back) == set(graph)
    assert sorted((s, t, d["l"], d["weight"]) for s, t, d in back.edges(data=True)) == sorted(
        (s, t, str(d[first]), d.get("weight", 1)) for s, t, d in graph.edges(data=True)
    )


def test_pajek_holds_no_complex_weights(tmp_path):
    with pytest.raises(cm.GeometryError, match=r"complex weights do not go .* \.csv or \.json"):
        write_graph(cm.conv1d(1, 1, 1, weight=[[[1j]]]).on(2), tmp_path / "g.net")
    assert list(tmp_path.iterdir()) == []


def test_gv_is_dot(tmp_path):
    kinds = [written(tmp_path, kind, "weights", "bipartite", None) for kind in ("gv", "dot")]
    assert kinds[0].read_text() == kinds[1].read_text()
