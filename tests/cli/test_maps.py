"""`explore`, `matrix` and `graph`: a map in the terminal and in files."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from cli.complaints import complains
from scipy.io import mmread
from scipy.sparse import load_npz

from convmatrix.words.kinds import KINDS
from convmatrix.writers import GRAPH_FORMATS, MATRIX_FORMATS

SOBEL = "1 0 -1; 2 0 -2; 1 0 -1"


def shell(*words, **options):
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "convmatrix", *words], capture_output=True, timeout=60, **options
    )


def test_explore(run):
    status, out, err = run("explore", "--stride", 2, "--padding", 1)
    assert (status, err) == (0, "")
    assert "output      1×3×3" in out
    assert "proved" in out
    status, out, err = run("explore", "--stride", 2, "--padding", 1, "--json")
    told = json.loads(out)
    assert (status, err, told["out_shape"], told["shape"]) == (0, "", [1, 3, 3], [9, 25])
    assert {"layer", "kind", "in_shape", "nnz", "density", "parameters", "macs", "exact_macs",
            "relations", "connections", "text"} <= set(told)  # fmt: skip
    assert len(told["connections"]["indices"]) == told["nnz"]


@pytest.mark.parametrize("size", ["5x5", "6", "5x4x3"])
def test_explore_page_is_self_contained(run, tmp_path, size):
    path = tmp_path / "page.html"
    status, _, err = run("explore", "--input", size, "-o", path)
    assert (status, err) == (0, f"wrote {path}\n")
    page = path.read_text("utf-8")
    assert page.lower().startswith("<!doctype html")
    assert set(re.findall(r"""\b(?:src|href)\s*=\s*["']?([^"'\s>]*)""", page)) == {"data:,"}
    assert not re.search(r"""url\(|@import|\bimport\s""", page)
    assert set(re.findall(r"https?://[^\s\"'<]*", page)) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(run, kind):
    more = {"upsample": ["--scale", 2], "pixel_unshuffle": ["--scale", 2],
            "pixel_shuffle": ["--scale", 2], "channel_shuffle": ["--groups", 2],
            "pad": ["--padding", 1]}.get(kind, [])  # fmt: skip
    if "out_channels" in KINDS[kind].uses:
        more += ["--out-channels", 4]
    words = ["--input", "4x4", "--in-channels", 4, *more]
    status, out, err = run("explore", "--kind", kind, "--json", *words)
    assert (status, err) == (0, "")
    assert json.loads(out)["in_shape"] == [4, 4, 4]
    assert run("explore", "--kind", kind.replace("_", "-"), "--json", *words)[1] == out


def test_matrix_in_the_terminal(run):
    assert run("matrix", "--input", 4)[1] == "w0 w1 w2  ·\n · w0 w1 w2\n"
    assert run("matrix", "--input", 4, "--weight", "1 1/2 -3")[1] == (
        "  1 1/2  -3   ·\n  ·   1 1/2  -3\n"
    )
    status, out, err = run("matrix", "--input", 4, "--weight", "1 2 -3", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out) == {
        "shape": [2, 4], "indptr": [0, 3, 6], "indices": [0, 1, 2, 1, 2, 3],
        "tap": [0, 1, 2, 0, 1, 2], "data": [1, 2, -3, 1, 2, -3],
    }  # fmt: skip
    replicate = ["--padding", 1, "--padding-mode", "replicate"]
    assert run("matrix", "--input", 1, *replicate)[1] == "w0+w1+w2\n"


@pytest.mark.parametrize("kind", MATRIX_FORMATS)
def test_matrix_files(run, tmp_path, kind):
    path = tmp_path / f"m.{kind}"
    status, out, err = run("matrix", "--input", 4, "--weight", "1 2 3", "-o", path)
    assert (status, out, err) == (0, "", f"wrote {path}: 2×4, 6 connections\n")
    assert path.stat().st_size
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "words", ["", "--stride 2 --padding 1", "--padding 1 --padding-mode replicate --input 2x2"]
)
def test_without_a_weight_mtx_holds_the_places(run, tmp_path, words):
    path = tmp_path / "m.mtx"
    status, out, _ = run("matrix", *words.split(), "-o", path)
    assert (status, out) == (0, "")
    assert path.read_text().startswith("%%MatrixMarket matrix coordinate pattern ")
    ones = run("matrix", *words.split(), "--weight", "1 1 1; 1 1 1; 1 1 1", "-o",
               tmp_path / "m.npz")  # fmt: skip
    assert ones[0] == 0
    there = load_npz(tmp_path / "m.npz").toarray() != 0
    np.testing.assert_array_equal(mmread(path).toarray() != 0, there)
    complains(run("matrix", "--kind", "max_pool", "-o", path), "not linear")


@pytest.mark.parametrize("weight", ["0.5 1 2", "[0.5, 1, 2]"])
def test_decimal_weights_make_a_file(run, tmp_path, weight):
    path = tmp_path / "m.npz"
    assert run("matrix", "--input", 4, "--weight", weight, "-o", path)[0] == 0
    assert load_npz(path).toarray().tolist() == [[0.5, 1, 2, 0], [0, 0.5, 1, 2]]


def test_json_has_the_numbers_of_a_decimal_weight(run):
    data = json.loads(run("matrix", "--input", 3, "--weight", "0.5 1 2", "--json")[1])["data"]
    assert data == [0.5, 1, 2]


def test_graph_in_the_terminal(run):
    assert run("graph", "--input", 3, "--kernel", 2)[1].splitlines() == [
        "x_0_0 → y_0_0 tap 0", "x_0_1 → y_0_0 tap 1", "x_0_1 → y_0_1 tap 0", "x_0_2 → y_0_1 tap 1",
    ]  # fmt: skip


def test_graph_json():
    done = shell("graph", "--input", "3", "--kernel", "2", "--json")  # its bytes go past capsys
    told = json.loads(done.stdout)
    assert (len(told["nodes"]), len(told["edges"]), done.stderr) == (5, 4, b"")


@pytest.mark.parametrize("kind", GRAPH_FORMATS)
def test_graph_files(run, tmp_path, kind):
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"g.{kind}"
    status, out, err = run("graph", "--input", 4, "-o", path)
    assert (status, out, err) == (0, "", f"wrote {path}: 6 elements, 6 connections\n")
    assert path.stat().st_size
    assert list(tmp_path.iterdir()) == [path]
