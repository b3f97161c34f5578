"""ONNX graphs, however their weights are made."""

from __future__ import annotations

import numpy as np
import pytest
from bounds import within
from model_cases import onnx_file, weight

import convmatrix as cm


def test_a_tensor_read_many_times_is_made_once(tmp_path):
    one = np.ones((1, 1, 1, 1), np.float32)
    chain = [("DequantizeLinear", [f"t{j}", f"t{j}"], f"t{j + 1}", {}) for j in range(200)]
    path = onnx_file(tmp_path, {"t0": one}, *chain, ("Conv", ["x", "t200"], "y", {}))
    with within(5):
        (layer,) = cm.read_layers(path)
    assert layer.weight.tolist() == [[[[1]]]]


def test_tensors_passed_on_any_number_of_times(tmp_path):
    kernel = weight(2, 1, 3, 3)
    chain = [("Identity", [f"t{j}"], f"t{j + 1}", {}) for j in range(5000)]
    path = onnx_file(tmp_path, {"t0": kernel}, *chain, ("Conv", ["x", "t5000"], "y", {}))
    with within(5):
        (layer,) = cm.read_layers(path)
    np.testing.assert_array_equal(layer.weight, kernel)


def test_tensors_that_need_themselves(tmp_path):
    path = onnx_file(
        tmp_path, {"s": weight(1)}, ("Identity", ["b"], "a", {}), ("Identity", ["a"], "b", {}),
        ("DequantizeLinear", ["c", "s"], "c", {}), ("Conv", ["x", "a"], "y", {}),
        ("Conv", ["x", "c"], "z", {}),
    )  # fmt: skip
    with pytest.warns(UserWarning, match="left out y, z"), within(5), pytest.raises(cm.WeightError):
        cm.read_layers(path)


def test_a_scale_makes_no_weight_larger(tmp_path):
    path = onnx_file(
        tmp_path, {"w": weight(1, 1, 1, 1), "s": weight(1000)},
        ("DequantizeLinear", ["w", "s"], "big", {"axis": 0}), ("Conv", ["x", "big"], "y", {}),
    )  # fmt: skip
    with pytest.raises(cm.FileError, match=r"a scale of shape \(1000,\) fits no axis of a weight"):
        cm.read_layers(path)


def test_a_computed_bias_is_named(tmp_path):
    path = onnx_file(
        tmp_path, {"w": weight(2, 1, 3, 3), "b": weight(2)}, ("Relu", ["b"], "c", {}),
        ("Conv", ["x", "w", "c"], "y\x1b[1m", {}),
    )  # fmt: skip
    with pytest.warns(UserWarning, match=r"left out the biases of y\\x1b\[1m \(1 layers\), which"):
        (layer,) = cm.read_layers(path)
    assert layer.bias is None


ODD = {
    "one pad": ({"pads": [1]}, "pads must be 4 integers below 2^31, got [1]"),
    "three pads": ({"pads": [1, 2, 3]}, "pads must be 4 integers below 2^31, got [1, 2, 3]"),
    "pads a number": ({"pads": 1}, "pads must be 4 integers below 2^31, got 1"),
    "pads floats": ({"pads": [1.5, 0.0, 0.0, 0.0]}, "pads must be 4 integers below 2^31, got [1.5"),
    "pads a text": ({"pads": "SAME"}, "pads must be 4 integers below 2^31, got b'SAME'"),
    "a stride": ({"strides": [2]}, "strides must be 2 integers below 2^31, got [2]"),
    "group a text": ({"group": "two"}, "group must be 1 integers below 2^31, got [b'two']"),
    "no group": ({"group": 0}, "group=0 must divide 2 channels"),
    "three groups": ({"group": 3}, "group=3 must divide 2 channels"),
    "auto_pad of bytes": ({"auto_pad": b"\xff\xfe"}, r"auto_pad must be NOTSET or one of"),
    "auto_pad a number": ({"auto_pad": 7}, "auto_pad must be NOTSET or one of"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_attributes(tmp_path, name):
    attributes, said = ODD[name]
    path = onnx_file(tmp_path, {"w": weight(2, 1, 3, 3)}, ("Conv", ["x", "w"], "y", attributes))
    with pytest.raises(cm.FileError) as caught:
        cm.read_layers(path)
    assert str(caught.value).startswith(f"cannot read y of {path}: {said}")


def test_an_output_shape_is_no_padding(tmp_path):
    nodes = ("ConvTranspose", ["x", "w"], "y", {"output_shape": [9, 9]})
    with pytest.raises(cm.FileError, match="its output_shape sets a padding that depends on"):
        cm.read_layers(onnx_file(tmp_path, {"w": weight(2, 1, 3, 3)}, nodes))


ODD_WEIGHTS = {
    "number": np.float32(1), "line": weight(3), "table": weight(3, 3), "six": weight(*(1,) * 6),
    "nothing": weight(0, 1, 3, 3), "texts": np.array([[[["a"]]]], object),
    "flags": np.ones((1, 1, 3, 3), bool),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD_WEIGHTS)
def test_weights_that_are_no_convolution_s(tmp_path, name):
    path = onnx_file(tmp_path, {"w": np.array(ODD_WEIGHTS[name])}, ("Conv", ["x", "w"], "y", {}))
    with pytest.raises(cm.FileError, match=r"cannot read y of .*: its weight has shape"):
        cm.read_layers(path)
    if name not in ("texts", "flags"):
        with pytest.raises(cm.WeightError, match="a convolution's weight has shape"):
            cm.TrainedLayer("w", ODD_WEIGHTS[name][..., :0] if name == "six" else ODD_WEIGHTS[name])


def test_a_convolution_without_its_weight(tmp_path):
    with pytest.raises(cm.FileError, match="Conv takes an input and a weight, and has 1"):
        cm.read_layers(onnx_file(tmp_path, {}, ("Conv", ["x"], "y", {})))


@pytest.mark.parametrize("attribute", ["pads", "strides", "dilations", "output_padding"])
def test_numbers_that_no_array_has(tmp_path, attribute):
    count = 4 if attribute == "pads" else 2
    kind = "ConvTranspose" if attribute == "output_padding" else "Conv"
    for value in (2**62, -(2**62), 2**31):
        node = (kind, ["x", "w"], "y", {attribute: [value] * count})
        path = onnx_file(tmp_path, {"w": weight(2, 1, 3, 3)}, node)
        with pytest.raises(cm.FileError, match=f"{attribute} must be {count} integers below"):
            cm.read_layers(path)
    node = (kind, ["x", "w"], "y", {attribute: [-1] * count})
    (layer,) = cm.read_layers(onnx_file(tmp_path, {"w": weight(2, 1, 3, 3)}, node))
    if attribute != "pads":  # which may cut
        with pytest.raises(cm.GeometryError, match=r"(stride|dilation|output_padding) must be"):
            layer.layer()


@pytest.mark.parametrize("kind", ["BFLOAT16", "FLOAT16", "FLOAT8E4M3FN", "DOUBLE"])
def test_onnx_s_types_of_numbers(tmp_path, kind):
    onnx = pytest.importorskip("onnx")
    from onnx import helper

    numbers = [1.0, -0.5, 2.0, 0.25]
    node = helper.make_node("Conv", ["x", "w"], ["y"])
    tensor = helper.make_tensor("w", getattr(onnx.TensorProto, kind), [1, 1, 2, 2], numbers)
    value = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in "xy"]
    onnx.save(
        helper.make_model(helper.make_graph([node], "g", value[:1], value[1:], [tensor])),
        tmp_path / "m.onnx",
    )
    (layer,) = cm.read_layers(tmp_path / "m.onnx")
    assert layer.weight.ravel().tolist() == numbers
    assert layer.layer()(np.ones((1, 1, 2, 2), np.float32)).ravel() == [sum(numbers)]
