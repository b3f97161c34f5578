"""`convmatrix separable` over a model."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
from model_cases import ARRAYS, run

import convmatrix as cm


def test_the_verb_over_a_model(tmp_path):
    np.savez(tmp_path / "m.npz", **ARRAYS)
    result = run("separable", tmp_path / "m.npz")
    assert result.return_value == 0
    assert "first.weight" in result.stdout
    assert "30 kernels, 0 exactly separable, 6 to rounding; 1 layers" in result.stdout
    data = json.loads(run("separable", tmp_path / "m.npz", "--json").stdout)
    assert [layer["kernels"] for layer in data["layers"]] == [24, 6]
    table = run("separable", tmp_path / "m.npz", "--csv", "-").stdout
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["name"] for row in rows] == ["first.weight", "second.weight"]
    result = run("separable", tmp_path / "m.npz", "--plot", tmp_path / "m.svg")
    assert "<svg" in (tmp_path / "m.svg").read_text()
    assert isinstance(run("separable", tmp_path / "no.npz").exception, cm.FileError)


def test_the_verb_over_a_kernel(tmp_path):
    assert run("separable", "sobel").return_value == 0
    assert run("separable", "laplacian:8").return_value == 1
    assert isinstance(run("separable", "sobol").exception, cm.WeightError)
    data = json.loads(run("separable", "gaussian:5", "--json").stdout)
    assert data["factors"][1] == [1, 4, 6, 4, 1]
    np.save(tmp_path / "k.npy", [[0.1, 0.3], [0.3, 0.9]])
    assert run("separable", tmp_path / "k.npy", "--exact").return_value == 1
    assert run("separable", tmp_path / "k.npy", "--decimal").return_value == 0
    for kernel in ("sobel", "laplacian", "log:5:0.8"):
        run("separable", kernel, "--plot", tmp_path / "k.png")
        assert (tmp_path / "k.png").read_bytes()[:4] == b"\x89PNG"
    assert isinstance(run("separable", "sobel", "--csv", "-").exception, cm.GeometryError)
    assert isinstance(run("separable", "sobel", "--plot", "k.jpg").exception, cm.FileError)


def test_the_verb_checks_before_it_works(tmp_path):
    np.savez(tmp_path / "m.npz", **ARRAYS)
    result = run("separable", tmp_path / "m.npz", "--csv", tmp_path / "t.csv", "--plot", "p.jpg")
    assert isinstance(result.exception, cm.FileError)
    assert not (tmp_path / "t.csv").exists()
    assert isinstance(run("separable", tmp_path / "m.npz", "--exact").exception, cm.GeometryError)
    assert isinstance(run("separable", "sobel", "--plot", "-").exception, cm.FileError)
    assert run("separable", "; ".join(["1 " * 60] * 60)).return_value == 0


def test_options_of_the_verb(tmp_path):
    bent = "[[1.0, 1.0], [1.0, 1.001]]"
    assert run("separable", bent).return_value == 1
    assert run("separable", bent, "--tol", "0.01").return_value == 0
    assert "rows (0, 1)" in run("separable", "1 2; 2 5").stdout
    np.savez(tmp_path / "m.npz", w=np.array(json.loads(bent))[None, None])
    for options, found in ((), 0), (("--tol", "0.01"), 1):
        data = run("separable", tmp_path / "m.npz", "--json", *options).stdout
        assert json.loads(data)["numerically"] == found
    result = run("separable", tmp_path / "m.npz", "--csv", tmp_path / "m.csv")
    assert (tmp_path / "m.csv").read_text().startswith("name,kind,shape")
    assert result.stdout.startswith("layer")
    assert run("separable", tmp_path / "m.npz", "--csv", "-").stdout.count("\n") == 2
    result = run("separable", tmp_path / "m.npz", "--plot", tmp_path / "m.png")
    assert (tmp_path / "m.png").read_bytes()[:4] == b"\x89PNG"
    assert (result.return_value, result.stderr.splitlines()[-1]) == (
        0, f"wrote {tmp_path / 'm.png'}"
    )  # fmt: skip
    np.save(tmp_path / "k.npy", [[0.1, 0.3], [0.3, 0.9]])
    for options, exact in ((), False), (("--decimal",), True), (("--exact",), True):
        data = json.loads(run("separable", tmp_path / "k.npy", "--json", *options).stdout)
        assert (data["exact"], data["separable"]) == (exact, options != ("--exact",))


def test_a_model_shows_its_progress(tmp_path):
    np.savez(tmp_path / "m.npz", w=np.ones((2, 2, 3, 3)))
    result = run("separable", tmp_path / "m.npz")
    assert "testing layers" in result.stderr
    assert "testing layers" not in result.stdout
