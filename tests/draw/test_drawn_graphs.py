"""Maps drawn: grids, graphs, counts and receptive fields."""

from __future__ import annotations

import gzip
from collections import Counter

import pytest
from graph_cases import MAPS

import convmatrix as cm
from convmatrix.writers import write_graph


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


def test_drawings_may_be_compressed(tmp_path):
    pytest.importorskip("matplotlib")
    write_graph(MAPS["figure"], tmp_path / "a.svg.GZ")
    assert b"<svg" in gzip.decompress((tmp_path / "a.svg.GZ").read_bytes())


def test_layered_drawings_are_counted_by_their_edges(tmp_path):
    pytest.importorskip("matplotlib")
    deep = cm.sequential(*(cm.conv1d(1, 1, 3, padding=1) for _ in range(7))).on(10)
    assert deep.nnz > 16_000
    write_graph(deep, tmp_path / "a.svg", view="layered")
