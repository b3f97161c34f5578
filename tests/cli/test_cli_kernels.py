"""A kernel is written the same ways wherever one is taken."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from cli.complaints import complains

import convmatrix as cm

BINOMIAL = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
WAYS = {
    "inline": "1 2 1; 2 4 2; 1 2 1",
    "commas": "1, 2, 1; 2, 4, 2; 1, 2, 1",
    "JSON": "[[1,2,1],[2,4,2],[1,2,1]]",
    "k.npy": np.array(BINOMIAL),
    "k.json": json.dumps(BINOMIAL),
    "K.JSON": json.dumps(BINOMIAL),
    "k.csv": "1,2,1\n2,4,2\r\n1,2,1\n",
    "semicolons.csv": "1;2;1\n2;4;2\n1;2;1\n",
    "k.txt": "# binomial\n1 2 1\n2 4 2  # middle\n\n1\t2\t1",
    "line.txt": "1 2 1; 2 4 2; 1 2 1\n",
}


def given(way):
    """What is typed for a way, its file made."""
    if "." not in way:
        return WAYS[way]
    if way.endswith(".npy"):
        np.save(way, WAYS[way])
    else:
        with open(way, "w", encoding="utf-8", newline="") as file:
            file.write(WAYS[way])
    return way


@pytest.mark.parametrize("way", WAYS)
def test_a_kernel_is_taken_everywhere(run, way):
    kernel = given(way)
    status, out, _ = run("separable", kernel, "--json")
    assert (status, json.loads(out)["separable"]) == (0, True)
    expected = cm.conv2d(1, 1, 3, weight=[[BINOMIAL]]).on(5, 5)
    told = json.loads(run("matrix", "--weight", kernel, "--json")[1])
    assert told["data"] == expected.to_scipy().data.tolist()
    assert run("explore", "--weight", kernel)[0] == 0
    assert run("graph", "--weight", kernel, "-o", "g.csv")[0] == 0
    np.save("x.npy", np.eye(5))
    assert run("apply", "x.npy", "--weight", kernel, "-o", "y.npy")[0] == 0
    np.testing.assert_array_equal(np.load("y.npy")[None], expected(np.eye(5)[None]))


@pytest.mark.parametrize("name", ["sobel", "sobel:0", "laplacian", "gaussian:5", "box:3"])
def test_a_named_kernel_is_taken_everywhere(run, name):
    kernel = cm.kernels.named(name)
    layer = cm.conv2d(1, 1, kernel.shape, weight=kernel[None, None].astype(float))
    told = json.loads(run("matrix", "--weight", name, "--json", "--input", "7x7")[1])
    assert np.allclose(told["data"], layer.on(7, 7).to_scipy().data)
    assert run("separable", name)[0] in (0, 1)
    np.save("x.npy", np.arange(49.0).reshape(7, 7))
    assert run("apply", "x.npy", "--weight", name)[0] == 0


def test_numbers_of_a_text_are_exact(run):
    with open("k.csv", "w") as file:
        file.write("0.1,0.2\n1/3,2/3\n")
    assert run("separable", "k.csv")[0] == 0
    assert "1/3" in run("matrix", "--weight", "k.csv", "--input", "3x3")[1]


@pytest.mark.parametrize(
    ("kernel", "said"),
    [
        ("Sobell", "no kernel is called 'sobell'; did you mean 'sobel'?"),
        ("sobels", "no kernel is called 'sobels'; did you mean 'sobel'? "),
        ("gaussian:x", "gaussian takes numbers with colons between"),
        ("none.json", "no such file: none.json"),
        ("none.csv", "no such file: none.csv"),
        ("none.npy", "no such file: none.npy"),
        ("[" * 3000, "a kernel (weight) is rows like"),
        ("[" * 3000 + "]" * 3000, "a kernel (weight) is rows like"),
        ("9" * 5000, "a kernel (weight) is rows like"),
        ('{"a": [1]}', "a kernel (weight) is rows like"),
        ("bad.json", "a kernel (weight) is rows like"),
        ("bad.csv", "a kernel needs rows of equal length"),
        ("latin.txt", "cannot read latin.txt"),
    ],
)
def test_what_is_no_kernel_is_refused_in_a_line(run, kernel, said):
    for name, content in {
        "bad.json": b'{"a"',
        "bad.csv": b"1,2\n3\n",
        "latin.txt": b"\xff",
    }.items():
        with open(name, "wb") as file:
            file.write(content)
    complains(run("separable", kernel), said)
    complains(run("matrix", "--weight", kernel), said)


def test_a_model_is_no_kernel_of_a_layer(run):
    np.savez("m.npz", **{"conv.weight": np.ones((2, 1, 3, 3))})
    complains(run("matrix", "--weight", "m.npz"), "m.npz is a model", "--layer")


def test_many_kernels_in_one_array(run):
    weight = np.ones((4, 2, 3, 3))
    np.save("w.npy", weight)
    status, out, _ = run("separable", "w.npy", "--axes", "-2,-1", "--json")
    assert (status, np.all(json.loads(out)["separable"])) == (0, True)
    weight[1, 1, 0, 0] = 5
    np.save("w.npy", weight)
    status, out, _ = run("separable", "w.npy", "--axes", "2,3", "--json")
    assert (status, np.sum(json.loads(out)["separable"])) == (1, 7)
    complains(run("separable", "w.npy", "--axes", "y,x"), "--axes takes the axes of one kernel")
    complains(run("separable", "w.npy", "--axes", "7,8"), "ax")


def test_names_of_kernels_in_any_case(run):
    assert run("separable", "Sobel") == run("separable", "sobel")
    assert run("matrix", "--weight", "SOBEL") == run("matrix", "--weight", "sobel")


def test_separable_at_a_lower_precision_only(run):
    rows = np.random.default_rng(0).standard_normal((2, 5)).astype(np.float32)
    np.save("k.npy", np.outer(*rows).astype(float))  # was rounded to float32 once
    status, out, _ = run("separable", "k.npy")
    assert status == 1
    assert "tolerance=" not in out
    tolerance = re.search(r"--tol (\S+)", out)[1]
    assert run("separable", "k.npy", "--tol", tolerance)[0] == 0
    told = run("separable", "--help")[1]
    assert "lower precision" in " ".join(told.split())
    complains(run("separable", "k.npy", "--exact", "--tol", tolerance), "--tol does nothing")
