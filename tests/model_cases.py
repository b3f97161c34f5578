"""Files of small models, and the table that is made of them."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from convmatrix.cli import cli

rng = np.random.default_rng(0)
STANDARD = rng.standard_normal((6, 4, 3, 3)).astype(np.float32)
DEPTHWISE = np.einsum("ci,cj->cij", *rng.standard_normal((2, 6, 5))).astype(np.float32)[:, None]
POINTWISE = np.ones((8, 6, 1, 1), np.float32)
ARRAYS = {"first.weight": STANDARD, "second.weight": DEPTHWISE, "third.weight": POINTWISE}


def run(*arguments):
    return CliRunner().invoke(cli, [str(a) for a in arguments], standalone_mode=False)


def weight(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def onnx_file(folder, arrays, *nodes, extra=()):
    """A model's file: stored arrays, and nodes `(kind, inputs, output, attributes)`."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    made = [helper.make_node(k, i, [o], name=o, **a) for k, i, o, a in nodes]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [*made, *extra], "g", [value("x", TensorProto.FLOAT, None)],
        [value(nodes[-1][2], TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.save(model, folder / "m.onnx")
    return folder / "m.onnx"
