"""Files: what is written reads back as it was, and is complete or not there at all."""

from __future__ import annotations

import csv
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from graph_cases import READERS
from scipy.io import mmread
from scipy.sparse import load_npz

import convmatrix as cm
from convmatrix.graphs import FORMATS
from convmatrix.writers import GRAPH_FORMATS, MATRIX_FORMATS, write_graph, write_matrix
from convmatrix.writers.arrays import write_array

W = np.array([[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]])
PLAIN = cm.conv2d(1, 1, 3, stride=2, padding=1).on(5, 5)
SIMPLE = cm.conv2d(1, 1, 3, stride=2, padding=1, weight=W).on(5, 5)
COLLIDING = cm.conv2d(1, 1, 3, padding=1, padding_mode="replicate", weight=W / 8).on(3, 2)
MAPS = {"plain": PLAIN, "simple": SIMPLE, "transposed": SIMPLE.T, "colliding": COLLIDING}


def edges(graph):
    return sorted((a, b, d["tap"], d.get("weight")) for a, b, d in graph.edges(data=True))


@pytest.mark.parametrize("name", MAPS)
def test_csv_reads_back(tmp_path, name):
    a, path = MAPS[name], tmp_path / "graph.csv"
    write_graph(a, path)
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["source", "target", "tap", *(["weight"] if a.has_weights else [])]
    read = sorted((r[0], r[1], int(r[2]), float(r[3]) if a.has_weights else None) for r in rows)
    assert read == edges(a.to_networkx())


@pytest.mark.parametrize("name", ["simple", "transposed", "colliding"])
def test_matrix_reads_back(tmp_path, name):
    a, dense = MAPS[name], MAPS[name].to_dense()
    for kind, read in {
        "npz": lambda p: load_npz(p).toarray(),
        "mtx": lambda p: mmread(p).toarray(),
        "npy": lambda p: np.load(p, allow_pickle=False),
    }.items():
        path = tmp_path / f"matrix.{kind}"
        write_matrix(a, path)
        back = read(path)
        assert back.dtype == dense.dtype, kind
        np.testing.assert_array_equal(back, dense, err_msg=kind)
    assert len(list(tmp_path.iterdir())) == 3


def test_tex_has_the_symbols_or_the_numbers(tmp_path):
    path = tmp_path / "matrix.tex"
    write_matrix(cm.conv1d(1, 1, 3).on(4), path)
    text = path.read_text("utf-8")
    assert all(text.count(f"w[0,0,{t}]") == 2 for t in range(3)), text
    assert text.startswith(r"\left[\begin{matrix}")
    assert text.endswith("\n")
    write_matrix(cm.conv1d(1, 1, 3, weight=[[[11, 22, 33]]]).on(4), path)
    text = path.read_text("utf-8")
    assert "w" not in text
    assert text.count("22") == 2


@pytest.mark.parametrize("write", [write_matrix, write_graph])
def test_pictures(tmp_path, write):
    for kind, first in {"svg": b"<?xml", "png": b"\x89PNG"}.items():
        path = tmp_path / f"picture.{kind}"
        write(SIMPLE, path)
        assert path.read_bytes().startswith(first)


def test_format_goes_before_the_suffix(tmp_path):
    path = tmp_path / "file.txt"
    write_matrix(SIMPLE, path, format="npy")
    np.testing.assert_array_equal(np.load(path), SIMPLE.to_dense())
    write_graph(SIMPLE, path, format="CSV")
    assert path.read_text().startswith("source,target,tap,weight")
    write_graph(SIMPLE, tmp_path / "GRAPH.GML")
    assert nx.read_gml(tmp_path / "GRAPH.GML").number_of_edges() == SIMPLE.nnz


def fail_half_way(*arguments, **keywords):
    """Write a little where there is a file, then find the disk full."""
    for argument in arguments:
        if hasattr(argument, "write"):
            argument.write(b"half")
    raise OSError(28, "No space left on device")


FAILING = [
    *(("write_graph", f"g.{k}", ("dict", k)) for k in ("graphml", "gexf", "gml", "json", "cyjs")),
    ("write_graph", "g.csv", ("dict", "csv")),
    ("write_graph", "g.svg", ("attribute", "convmatrix.draw.save")),
    ("write_matrix", "m.npz", ("attribute", "scipy.sparse.save_npz")),
    ("write_matrix", "m.mtx", ("attribute", "scipy.io.mmwrite")),
    ("write_matrix", "m.npy", ("attribute", "numpy.save")),
    ("write_matrix", "m.png", ("attribute", "convmatrix.draw.save")),
]


@pytest.mark.parametrize("old", [b"old contents", None], ids=["over a file", "a new file"])
@pytest.mark.parametrize(("verb", "name", "broken"), FAILING, ids=[name for _, name, _ in FAILING])
def test_failing_half_way_leaves_everything_as_it_was(
    tmp_path, monkeypatch, verb, name, broken, old
):
    path = tmp_path / name
    if old is not None:
        path.write_bytes(old)
    before = sorted(tmp_path.iterdir())
    how, what = broken
    if how == "dict":
        monkeypatch.setitem(FORMATS, what, fail_half_way)
    else:
        monkeypatch.setattr(what, fail_half_way)
    with pytest.raises(cm.FileError) as caught:
        {"write_graph": write_graph, "write_matrix": write_matrix}[verb](SIMPLE, path)
    assert str(caught.value) == f"cannot write {path}: No space left on device; nothing was written"
    assert sorted(tmp_path.iterdir()) == before
    if old is not None:
        assert path.read_bytes() == old


@pytest.mark.parametrize("error", [RuntimeError("bug"), KeyboardInterrupt()], ids=["bug", "Ctrl-C"])
def test_nothing_is_left_of_an_interrupted_file(tmp_path, monkeypatch, error):
    def interrupted(graph, file):
        file.write(b"half")
        raise error

    path = tmp_path / "g.gml"
    path.write_bytes(b"old")
    monkeypatch.setitem(FORMATS, "gml", interrupted)
    with pytest.raises(type(error)):
        write_graph(SIMPLE, path)
    assert [p.name for p in tmp_path.iterdir()] == ["g.gml"]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("write", [write_matrix, write_graph])
def test_unknown_formats(tmp_path, write):
    known = ", ".join(MATRIX_FORMATS if write is write_matrix else GRAPH_FORMATS)
    for name, given, said in [
        ("a.foo", None, f"the suffix of {tmp_path / 'a.foo'}"),
        ("a", None, f"the suffix of {tmp_path / 'a'}"),
        ("a.npz", "bar", "format='bar'"),
    ]:
        with pytest.raises(cm.FileError) as caught:
            write(SIMPLE, tmp_path / name, format=given)
        assert str(caught.value) == (
            f"{said} names no format that can be written; use one of {known}"
        )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path):
    path = tmp_path / "none" / "m.npz"
    with pytest.raises(cm.FileError) as caught:
        write_matrix(SIMPLE, path)
    assert str(caught.value) == (
        f"cannot write {path}: No such file or directory; choose another folder"
    )


def test_matrix_market_without_numbers_is_a_pattern(tmp_path):
    write_matrix(PLAIN, tmp_path / "m.mtx")
    assert " pattern " in (tmp_path / "m.mtx").read_text().partition("\n")[0]
    places = np.zeros(PLAIN.shape)
    places[PLAIN.pattern.rows, PLAIN.pattern.indices] = 1
    np.testing.assert_array_equal(mmread(tmp_path / "m.mtx").toarray(), places)


def test_what_cannot_be_written_makes_no_file(tmp_path):
    for kind in ("npz", "npy"):
        with pytest.raises(cm.WeightError):
            write_matrix(PLAIN, tmp_path / f"m.{kind}")
    for kind in MATRIX_FORMATS[:4]:
        with pytest.raises(cm.NotLinearError):
            write_matrix(cm.max_pool(2).on(4, 4), tmp_path / f"m.{kind}")
    with pytest.raises(cm.TooLargeError):
        write_graph(cm.avg_pool(2).on(400, 400), tmp_path / "g.svg")
    assert list(tmp_path.iterdir()) == []


def test_images(tmp_path):
    from PIL import Image

    for shape in [(1, 3, 4), (3, 3, 4)]:
        y = np.linspace(-20, 280, int(np.prod(shape))).reshape(shape)
        write_array(y, tmp_path / "y.png")
        back = np.asarray(Image.open(tmp_path / "y.png"))
        back = back[None] if back.ndim == 2 else np.moveaxis(back, -1, 0)
        np.testing.assert_array_equal(back, np.clip(np.rint(y), 0, 255))
    for name, shape in [("y.foo", (1, 2, 2)), ("z.png", (2, 2, 2)), ("z.png", (2, 2))]:
        with pytest.raises(cm.FileError, match=r"suffix of an image|1 or 3 channels, got shape \("):
            write_array(np.zeros(shape), tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == ["y.png"]


@pytest.mark.parametrize("kind", READERS)
def test_exact_weights_in_a_graph(tmp_path, kind):
    half = cm.conv1d(1, 1, 2, weight=np.array([[[Fraction(1, 2), 1]]])).on(3)
    write_graph(half, tmp_path / f"g.{kind}")
    weights = {t: w for _, _, t, w in edges(READERS[kind](tmp_path / f"g.{kind}"))}
    assert {t: float(Fraction(str(w))) for t, w in weights.items()} == {0: 0.5, 1: 1}


def test_devices_and_pipes_are_written_to_and_not_replaced(tmp_path):
    import os
    import stat
    import threading

    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_graph(SIMPLE, pipe)
    reader.join(10)
    assert len(read[0].splitlines()) == 1 + SIMPLE.nnz
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    if os.path.exists("/dev/full") and stat.S_ISCHR(os.stat("/dev/full").st_mode):
        with pytest.raises(cm.FileError, match="No space left"):
            write_graph(SIMPLE, "/dev/full", format="csv")
        assert stat.S_ISCHR(os.stat("/dev/full").st_mode)
