"""A layer of a model's file on the command line, against ONNX Runtime."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.sparse import csr_array

import convmatrix as cm

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

rng = np.random.default_rng(0)
WEIGHTS = {"image": rng.normal(size=(3, 2, 3, 2)), "line": rng.normal(size=(2, 1, 3)),
           "odd\x1bname": rng.normal(size=(1, 1, 2, 2))}  # fmt: skip
BIAS = rng.normal(size=3).astype(np.float32)
GEOMETRY = {"image": {"strides": [2, 1], "pads": [1, 0, 1, 1]}, "line": {"dilations": [2]}}


@pytest.fixture
def run(run):
    """The command, in a folder with the models."""
    nodes, kept = [], [numpy_helper.from_array(BIAS, "b")]
    for name, weight in WEIGHTS.items():
        kept.append(numpy_helper.from_array(weight.astype(np.float32), f"w {name}"))
        inputs = [f"x {name}", f"w {name}", *["b"] * (name == "image")]
        nodes.append(
            helper.make_node("Conv", inputs, [f"y {name}"], name=name, **GEOMETRY.get(name, {}))
        )
    ends = {side: [helper.make_tensor_value_info(f"{side} {n}", TensorProto.FLOAT, ["n"] * w.ndim)
                   for n, w in WEIGHTS.items()] for side in "xy"}  # fmt: skip
    graph = helper.make_graph(nodes, "g", ends["x"], ends["y"], kept)
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), "m.onnx")

    return run


def expected(name, x):
    """ONNX Runtime's output of a layer, for `(channels, *size)`."""
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession("m.onnx", providers=["CPUExecutionProvider"])
    feeds = {f"x {n}": np.zeros((1, w.shape[1], *[9] * (w.ndim - 2)), np.float32)
             for n, w in WEIGHTS.items()}  # fmt: skip
    feeds[f"x {name}"] = x[None].astype(np.float32)
    return session.run([f"y {name}"], feeds)[0][0]


@pytest.mark.parametrize("via", ["dense", "matrix"])
@pytest.mark.parametrize(("name", "shape"), [("image", (2, 8, 7)), ("line", (1, 9))])
def test_apply(run, name, shape, via):
    x = rng.normal(size=shape)
    np.save("x.npy", x)
    status, _, err = run("apply", "x.npy", "--model", "m.onnx", "--layer", name, "--via", via, "-o",
                         "y.npy")  # fmt: skip
    assert (status, err) == (0, "")
    np.testing.assert_allclose(np.load("y.npy"), expected(name, x), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "size", "shape"),
    [("image", "7", (2, 7, 7)), ("image", "8x6", (2, 8, 6)), ("line", "9", (1, 9))],
)
def test_matrix(run, name, size, shape):
    status, out, err = run("matrix", "m.onnx", "--layer", name, "--input", size, "--json")
    assert (status, err) == (0, "")
    told = json.loads(out)
    matrix = csr_array((told["data"], told["indices"], told["indptr"]), told["shape"])
    x = rng.normal(size=shape)
    y = expected(name, x)
    linear = (matrix @ x.ravel()).reshape(y.shape)
    bias = BIAS[:, None, None] if name == "image" else 0
    np.testing.assert_allclose(linear + bias, y, atol=1e-5)


def test_graph_and_explore(run):
    words = ("m.onnx", "--layer", "image", "--input", "32")
    layer = cm.read_layers("m.onnx")[0].layer()
    bound = layer.on(32, 32)
    status, out, _ = run("graph", *words, "--json")
    assert (status, len(json.loads(out)["edges"])) == (0, bound.nnz)
    status, out, err = run("explore", *words, "--json")
    told = json.loads(out)
    assert (status, err) == (0, "")
    assert (told["in_shape"], told["out_shape"]) == ([2, 32, 32], list(bound.out_shape))
    assert list(expected("image", np.zeros((2, 32, 32))).shape) == told["out_shape"]
    assert "conv2d(2, 3, (3, 2), stride=(2, 1)" in told["text"]


def test_a_layer_is_named_as_the_list_shows_it(run):
    status, _, err = run("matrix", "m.onnx")
    shown = "odd\\x1bname"
    assert (status, shown in err) == (2, True)
    by_list = run("matrix", "m.onnx", "--layer", shown, "--json")
    assert by_list == run("matrix", "m.onnx", "--layer", "odd\x1bname", "--json")
    assert by_list[0] == 0


def test_elements_are_counted_from_the_end_too(run):
    """Negative indices mean what they mean in Python."""
    for option, last in (("--from", "0,4,4"), ("--to", "0,2,2")):
        status, out, _ = run("graph", f"{option}=-1,-1,-1")
        assert (status, out) == run("graph", option, last)[:2]
        assert status == 0
    assert run("graph", "--input", 5, "--from=-1,-1") == run("graph", "--input", 5, "--from", "0,4")
