"""Trained models: biases and layouts are kept, no file takes more time or memory than due."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from bounds import peak_of, within

import convmatrix as cm
from convmatrix.readers.layouts import layout_of

rng = np.random.default_rng(0)


def weight(*shape):
    return rng.standard_normal(shape).astype(np.float32)


# ------------------------------------------------------------------------------------ biases


def torch_modules():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    return {
        "plain": torch.nn.Conv2d(1, 2, 3),
        "standard": torch.nn.Conv2d(3, 2, 3),
        "strided": torch.nn.Conv2d(4, 6, (3, 5), stride=2, padding=(1, 2), dilation=(2, 1)),
        "grouped": torch.nn.Conv2d(4, 6, 3, groups=2, padding="same"),
        "without": torch.nn.Conv2d(2, 3, 3, bias=False),
        "circular": torch.nn.Conv1d(2, 3, 3, padding=1, padding_mode="circular"),
        "transposed": torch.nn.ConvTranspose2d(6, 4, 3, stride=2, groups=2, output_padding=1),
        "volume": torch.nn.Conv3d(2, 3, 2),
    }


@pytest.mark.parametrize("name", list(torch_modules()) if pytest.importorskip("torch") else [])
def test_a_module_s_layer_gives_its_output(name):
    import torch

    module = torch_modules()[name]
    ((layer),) = cm.read_layers(module)
    x = torch.randn(2, module.in_channels, *(9,) * (module.weight.ndim - 2))
    expected = module(x).detach().numpy()
    np.testing.assert_allclose(layer.layer()(x.numpy()), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["standard", "without", "transposed", "volume"])
def test_a_state_dict_s_layer_has_its_bias(tmp_path, name):
    import torch

    module = torch_modules()[name]
    plain = {"weight": module.weight} | ({"bias": module.bias} if module.bias is not None else {})
    x = torch.randn(2, module.in_channels, *(9,) * (module.weight.ndim - 2))
    run = type(module).forward
    if name == "transposed":  # a state dict knows no stride
        module.stride, module.output_padding = (1, 1), (0, 0)
    expected = run(module, x).detach().numpy()
    torch.save(module.state_dict(), tmp_path / "m.pt")
    arrays = {f"net.0.{n}": value.detach().numpy() for n, value in plain.items()}
    np.savez(tmp_path / "m.npz", **arrays)
    for source in (plain, module.state_dict(), tmp_path / "m.pt", arrays, tmp_path / "m.npz"):
        (layer,) = cm.read_layers(source)
        assert layer.transposed == (name == "transposed")
        np.testing.assert_allclose(layer.layer()(x.numpy()), expected, rtol=1e-4, atol=1e-5)


def test_a_layer_of_one_channel_can_be_said_to_be_one():
    import torch

    module = torch_modules()["plain"]
    (layer,) = cm.read_layers(module.state_dict())
    assert layer.kind == "depthwise"
    x = weight(1, 1, 6, 6)
    expected = module(torch.from_numpy(x)).detach().numpy()
    found = replace(layer, groups=1).layer()(x)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_an_onnx_node_s_layer_has_its_bias(tmp_path):
    _, graph = onnx_graph()
    ort = pytest.importorskip("onnxruntime")
    arrays = {"w": weight(6, 2, 3, 3), "b": weight(6), "u": weight(6, 2, 2, 2), "c": weight(4)}
    path = graph(
        tmp_path, arrays,
        ("Conv", ["x", "w", "b"], "y", {"group": 2, "pads": [1, 0, 2, 1], "strides": [1, 2]}),
        ("ConvTranspose", ["y", "u", "c"], "z", {"group": 2, "strides": [2, 2]}),
    )  # fmt: skip
    x = weight(1, 4, 8, 8)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    first, second = (one.layer() for one in cm.read_layers(path))
    expected = session.run(None, {"x": x})[0]
    np.testing.assert_allclose(second(first(x)), expected, rtol=1e-4, atol=1e-5)


def test_a_bias_that_fits_nothing_is_named():
    with pytest.warns(UserWarning, match=r"net\.weight: left out its bias of 5 numbers"):
        (layer,) = cm.read_layers({"net.weight": weight(4, 3, 3, 3), "net.bias": weight(5)})
    assert layer.bias is None
    for other in ("bias", "next.bias", "net.weight.bias"):
        (layer,) = cm.read_layers({"net.weight": weight(4, 3, 3, 3), other: weight(4)})
        assert layer.bias is None
    with pytest.raises(cm.WeightError, match=r"net\.bias has nan or inf"):
        cm.read_layers({"net.weight": weight(4, 3, 3, 3), "net.bias": np.full(4, np.nan)})


# ----------------------------------------------------------------------------------- layouts


@pytest.mark.parametrize(
    ("name", "shape", "order", "kind", "told"),
    [
        ("conv/kernel:0", (3, 3, 16, 32), "HWIO", "conv", "by its name"),
        ("conv2d_1/kernel", (5, 5, 1, 8), "HWIO", "conv", "by its name"),
        ("params/Conv_0/kernel", (1, 1, 64, 64), "HWIO", "conv", "by its name"),
        ("conv1d/kernel:0", (7, 32, 64), "HWIO", "conv", "by its name"),
        ("conv3d.kernel", (3, 3, 3, 8, 16), "HWIO", "conv", "by its name"),
        ("a/depthwise_kernel:0", (3, 3, 16, 2), "HWIO", "depthwise", "by its name"),
        ("a/pointwise_kernel:0", (1, 1, 32, 8), "HWIO", "conv", "by its name"),
        ("depthwise_conv2d/kernel", (3, 3, 16, 1), "HWIO", "depthwise", "by its name"),
        ("conv2d_transpose/kernel:0", (2, 2, 8, 16), "HWIO", "transpose", "by its name"),
        ("arr_0", (3, 3, 16, 32), "HWIO", "conv", "by its shape"),
        ("conv.weight", (3, 3, 64, 64), "HWIO", "conv", "by its shape"),
        ("w", (1, 1, 32, 64), "HWIO", "conv", "by its shape"),
        ("kernel", (32, 16, 3, 3), "OIHW", "conv", "assumed"),
        ("conv.weight", (32, 16, 3, 3), "OIHW", "conv", ""),
        ("conv.weight", (3, 3, 3, 3), "OIHW", "conv", ""),
        ("conv1_weight", (8, 3, 7, 1), "OIHW", "conv", ""),
        ("w", (3, 3, 3, 3), "OIHW", "conv", "assumed"),
        ("w", (1, 1, 31, 31), "OIHW", "conv", "assumed"),
        ("w", (64, 3, 224), "OIHW", "conv", "assumed"),
        ("patch.weight", (768, 3, 16, 16), "OIHW", "conv", ""),
    ],
)  # fmt: skip
def test_layouts_are_told_by_names_and_shapes(name, shape, order, kind, told):
    assert layout_of(name, shape) == (order, kind, told)
    for given in ("OIHW", "HWIO"):
        assert layout_of(name, shape, given) == (given, kind, "")


def test_keras_weights_are_the_layers_that_they_are():
    """Against PyTorch, with the kernels moved to its order by hand."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    arrays = {
        "conv/kernel:0": weight(3, 5, 4, 6), "conv/bias:0": weight(6),
        "depthwise_conv2d/depthwise_kernel:0": weight(3, 3, 4, 2),
        "depthwise_conv2d/bias:0": weight(8),
        "separable/depthwise_kernel:0": weight(3, 3, 4, 1),
        "separable/pointwise_kernel:0": weight(1, 1, 4, 7), "separable/bias:0": weight(7),
        "conv2d_transpose/kernel:0": weight(3, 3, 5, 4), "conv2d_transpose/bias:0": weight(5),
    }  # fmt: skip
    layers = {one.name: one.layer() for one in cm.read_layers(arrays)}
    x = weight(2, 4, 8, 8)
    tensor = {name: torch.from_numpy(array) for name, array in arrays.items()}
    given, last = torch.from_numpy(x), (3, 2, 0, 1)
    deep = tensor["depthwise_conv2d/depthwise_kernel:0"].permute(2, 3, 0, 1).reshape(8, 1, 3, 3)
    expected = {
        "conv/kernel:0": functional.conv2d(
            given, tensor["conv/kernel:0"].permute(last), tensor["conv/bias:0"]
        ),
        "depthwise_conv2d/depthwise_kernel:0": functional.conv2d(
            given, deep, tensor["depthwise_conv2d/bias:0"], groups=4
        ),
        "separable/depthwise_kernel:0": functional.conv2d(
            given, tensor["separable/depthwise_kernel:0"].permute(2, 3, 0, 1), groups=4
        ),
        "separable/pointwise_kernel:0": functional.conv2d(
            given, tensor["separable/pointwise_kernel:0"].permute(last), tensor["separable/bias:0"]
        ),
        "conv2d_transpose/kernel:0": functional.conv_transpose2d(
            given, tensor["conv2d_transpose/kernel:0"].permute(last),
            tensor["conv2d_transpose/bias:0"],
        ),
    }  # fmt: skip
    assert layers.keys() == expected.keys()
    for name, y in expected.items():
        np.testing.assert_allclose(layers[name](x), y.numpy(), rtol=1e-4, atol=1e-4, err_msg=name)


def test_the_table_names_the_layout(tmp_path):
    hwio, oihw = weight(3, 3, 4, 16), weight(16, 4, 3, 3)
    np.savez(tmp_path / "m.npz", **{"conv/kernel:0": hwio, "b": hwio, "c": oihw, "d.weight": oihw})
    layers = cm.read_layers(tmp_path / "m.npz")
    assert [one.weight.shape for one in layers] == [oihw.shape] * 4
    text = str(cm.network_separability(layers))
    assert text.splitlines()[-1] == (
        "layout: HWIO by its name (1 layers), HWIO by its shape (1 layers), OIHW assumed (1 "
        "layers); layout='OIHW' or 'HWIO' (--layout) says it instead."
    )
    (turned,) = cm.read_layers({"c": oihw}, layout="HWIO")
    assert (turned.weight.shape, turned.layout) == ((3, 3, 16, 4), "")
    assert "layout" not in str(cm.network_separability([turned]))
    table = list(csv.DictReader(io.StringIO(cm.network_separability(layers).to_csv())))
    assert [row["layout"] for row in table] == [
        "HWIO by its name", "HWIO by its shape", "OIHW assumed", ""
    ]  # fmt: skip
    command = [sys.executable, "-m", "convmatrix", "separable", tmp_path / "m.npz", "--layout"]
    said = subprocess.run([*command, "hwio"], capture_output=True, text=True, check=True).stdout
    assert "layout" not in said
    assert "3×3×16×4" in said
    with pytest.raises(cm.WeightError, match="layout must be one of OIHW, HWIO, got 'NCHW'"):
        cm.read_layers({"c": oihw}, layout="NCHW")


# -------------------------------------------------------------------------------------- ONNX


def onnx_graph():
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    def graph(folder, arrays, *nodes, extra=()):
        """A model's file: stored arrays, and nodes `(kind, inputs, output, attributes)`."""
        made = [helper.make_node(k, i, [o], name=o, **a) for k, i, o, a in nodes]
        value = helper.make_tensor_value_info
        built = helper.make_graph(
            [*made, *extra], "g", [value("x", TensorProto.FLOAT, None)],
            [value(nodes[-1][2], TensorProto.FLOAT, None)],
            [numpy_helper.from_array(array, name) for name, array in arrays.items()],
        )  # fmt: skip
        model = helper.make_model(built, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 9
        path = folder / "m.onnx"
        onnx.save(model, path)
        return path

    return onnx, graph


def test_a_tensor_read_many_times_is_made_once(tmp_path):
    _, graph = onnx_graph()
    one = np.ones((1, 1, 1, 1), np.float32)
    chain = [("DequantizeLinear", [f"t{j}", f"t{j}"], f"t{j + 1}", {}) for j in range(200)]
    path = graph(tmp_path, {"t0": one}, *chain, ("Conv", ["x", "t200"], "y", {}))
    with within(5):
        (layer,) = cm.read_layers(path)
    assert layer.weight.tolist() == [[[[1]]]]


def test_tensors_passed_on_any_number_of_times(tmp_path):
    _, graph = onnx_graph()
    kernel = weight(2, 1, 3, 3)
    chain = [("Identity", [f"t{j}"], f"t{j + 1}", {}) for j in range(5000)]
    path = graph(tmp_path, {"t0": kernel}, *chain, ("Conv", ["x", "t5000"], "y", {}))
    with within(5):
        (layer,) = cm.read_layers(path)
    np.testing.assert_array_equal(layer.weight, kernel)


def test_tensors_that_need_themselves(tmp_path):
    _, graph = onnx_graph()
    path = graph(
        tmp_path, {"s": weight(1)}, ("Identity", ["b"], "a", {}), ("Identity", ["a"], "b", {}),
        ("DequantizeLinear", ["c", "s"], "c", {}), ("Conv", ["x", "a"], "y", {}),
        ("Conv", ["x", "c"], "z", {}),
    )  # fmt: skip
    with pytest.warns(UserWarning, match="left out y, z"), within(5), pytest.raises(cm.WeightError):
        cm.read_layers(path)


def test_a_scale_makes_no_weight_larger(tmp_path):
    _, graph = onnx_graph()
    path = graph(
        tmp_path, {"w": weight(1, 1, 1, 1), "s": weight(1000)},
        ("DequantizeLinear", ["w", "s"], "big", {"axis": 0}), ("Conv", ["x", "big"], "y", {}),
    )  # fmt: skip
    with pytest.raises(cm.FileError, match=r"a scale of shape \(1000,\) fits no axis of a weight"):
        cm.read_layers(path)


def test_a_computed_bias_is_named(tmp_path):
    _, graph = onnx_graph()
    path = graph(
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
    _, graph = onnx_graph()
    attributes, said = ODD[name]
    path = graph(tmp_path, {"w": weight(2, 1, 3, 3)}, ("Conv", ["x", "w"], "y", attributes))
    with pytest.raises(cm.FileError) as caught:
        cm.read_layers(path)
    assert str(caught.value).startswith(f"cannot read y of {path}: {said}")


def test_an_output_shape_is_no_padding(tmp_path):
    _, graph = onnx_graph()
    nodes = ("ConvTranspose", ["x", "w"], "y", {"output_shape": [9, 9]})
    with pytest.raises(cm.FileError, match="its output_shape sets a padding that depends on"):
        cm.read_layers(graph(tmp_path, {"w": weight(2, 1, 3, 3)}, nodes))


ODD_WEIGHTS = {
    "number": np.float32(1), "line": weight(3), "table": weight(3, 3), "six": weight(*(1,) * 6),
    "nothing": weight(0, 1, 3, 3), "texts": np.array([[[["a"]]]], object),
    "flags": np.ones((1, 1, 3, 3), bool),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD_WEIGHTS)
def test_weights_that_are_no_convolution_s(tmp_path, name):
    _, graph = onnx_graph()
    path = graph(tmp_path, {"w": np.array(ODD_WEIGHTS[name])}, ("Conv", ["x", "w"], "y", {}))
    with pytest.raises(cm.FileError, match=r"cannot read y of .*: its weight has shape"):
        cm.read_layers(path)
    if name not in ("texts", "flags"):
        with pytest.raises(cm.WeightError, match="a convolution's weight has shape"):
            cm.TrainedLayer("w", ODD_WEIGHTS[name][..., :0] if name == "six" else ODD_WEIGHTS[name])


def test_a_convolution_without_its_weight(tmp_path):
    _, graph = onnx_graph()
    with pytest.raises(cm.FileError, match="Conv takes an input and a weight, and has 1"):
        cm.read_layers(graph(tmp_path, {}, ("Conv", ["x"], "y", {})))


@pytest.mark.parametrize("attribute", ["pads", "strides", "dilations", "output_padding"])
def test_numbers_that_no_array_has(tmp_path, attribute):
    _, graph = onnx_graph()
    count = 4 if attribute == "pads" else 2
    kind = "ConvTranspose" if attribute == "output_padding" else "Conv"
    for value in (2**62, -(2**62), 2**31):
        node = (kind, ["x", "w"], "y", {attribute: [value] * count})
        path = graph(tmp_path, {"w": weight(2, 1, 3, 3)}, node)
        with pytest.raises(cm.FileError, match=f"{attribute} must be {count} integers below"):
            cm.read_layers(path)
    node = (kind, ["x", "w"], "y", {attribute: [-1] * count})
    (layer,) = cm.read_layers(graph(tmp_path, {"w": weight(2, 1, 3, 3)}, node))
    if attribute != "pads":  # which may cut
        with pytest.raises(cm.GeometryError, match=r"(stride|dilation|output_padding) must be"):
            layer.layer()


# ------------------------------------------------------------------------------------ memory


def test_what_is_no_weight_is_not_read(tmp_path):
    path = tmp_path / "m.npz"
    np.savez_compressed(path, w=weight(4, 3, 3, 3), big=np.zeros(300_000_000, np.uint8))
    assert path.stat().st_size < 400_000
    peak, error = peak_of("", f"cm.read_layers({str(path)!r})")
    assert (error, peak < 50 << 20) == ("", True)


def test_archives_that_would_fill_the_memory(tmp_path):
    path = tmp_path / "m.npz"
    np.savez_compressed(path, w=np.zeros((300, 1000, 10, 100), np.uint8))
    peak, error = peak_of("", f"cm.read_layers({str(path)!r})")
    assert error.startswith(f"TooLargeError: {path} has 2")
    assert "and would take 600,000,000 when read; if you trust it, load it" in error
    assert peak < 50 << 20


def test_tensors_that_repeat_themselves(tmp_path):
    torch = pytest.importorskip("torch")
    path = tmp_path / "m.pt"
    torch.save({"w": torch.zeros(1).expand(1000, 1000, 30, 30)}, path)
    with pytest.raises(cm.TooLargeError, match=r"would take 7,200,000,000 when read"):
        cm.read_layers(path)


def test_the_work_on_a_layer_is_bounded(monkeypatch):
    layers = cm.read_layers({"w.weight": weight(64, 64, 5, 5)})
    peak, error = peak_of(
        "w = np.random.default_rng(0).standard_normal((512, 512, 3, 3)).astype(np.float16)\n"
        "layers = cm.read_layers({'w.weight': w})",
        "cm.network_separability(layers)",
    )
    assert (error, peak <= 1.3 * 24 * 512 * 512 * 9) == ("", True)
    monkeypatch.setattr("convmatrix.limits.SMALL", 0)
    monkeypatch.setattr("convmatrix.limits.available_memory", lambda: 2 << 20)
    with pytest.raises(cm.TooLargeError, match=r"testing w\.weight would take 0\.0 GB"):
        cm.network_separability(layers)


def test_headers_that_lie(tmp_path):
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }"
    for shape, said in {
        "2, 1, 3, 3": "says it holds 72 bytes of numbers, and holds 8",
        f"{2**40}, 1, 1": "bytes of numbers, and holds 8",
        "-1, 1, 2": "its shape is",
    }.items():
        text = (header % shape).ljust(117) + "\n"
        data = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + bytes(8)
        with zipfile.ZipFile(tmp_path / "m.npz", "w") as archive:
            archive.writestr("w.npy", data)
        with pytest.raises(cm.FileError, match=said):
            cm.read_layers(tmp_path / "m.npz")


def test_safetensors_read_their_convolutions_alone(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    numpy.save_file({"w": weight(4, 3, 3, 3), "b": weight(10)}, tmp_path / "m.safetensors")
    assert [one.name for one in cm.read_layers(tmp_path / "m.safetensors")] == ["w"]
    tensors = {"w": torch.ones(4, 3, 3, 3), "half": torch.ones(10, dtype=torch.bfloat16)}
    save_file(tensors, tmp_path / "m.safetensors")
    assert [one.name for one in cm.read_layers(tmp_path / "m.safetensors")] == ["w"]


def test_bfloat16_is_read_as_float32(tmp_path):
    torch = pytest.importorskip("torch")
    save_file = pytest.importorskip("safetensors.torch").save_file
    tensor = torch.from_numpy(weight(4, 3, 3, 3)).to(torch.bfloat16)
    more = {"a": torch.ones(5, dtype=torch.float64), "z": torch.ones(3, dtype=torch.int8)}
    save_file({"w": tensor, "b": tensor[:2].clone(), **more}, tmp_path / "m.safetensors")
    torch.save({"w": tensor}, tmp_path / "m.pt")
    for path in (tmp_path / "m.safetensors", tmp_path / "m.pt"):
        layer = next(one for one in cm.read_layers(path) if one.name == "w")
        assert layer.weight.dtype == np.float32
        np.testing.assert_array_equal(layer.weight, tensor.float().numpy())


@pytest.mark.parametrize("kind", ["BFLOAT16", "FLOAT16", "FLOAT8E4M3FN", "DOUBLE"])
def test_onnx_s_types_of_numbers(tmp_path, kind):
    onnx, _ = onnx_graph()
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


def test_networks_are_of_trained_layers():
    for given in ("m.onnx", [weight(1, 1, 3, 3)], [cm.conv2d(1, 1, 3)]):
        with pytest.raises(cm.WeightError, match="network_separability takes what read_layers"):
            cm.network_separability(given)


# ------------------------------------------------------------------------------------- names


def test_names_are_shown_and_not_obeyed(tmp_path):
    pytest.importorskip("matplotlib").use("Agg")
    from convmatrix.draw import draw_energies

    names = ["\x1b]0;owned\a\x1b[2Jw", "two\nlines", "turn\u202eed", "=1+1", "@SUM(A1)", "$a^{b$"]
    layers = cm.read_layers({name: weight(8, 3, 3, 3) for name in names})
    report = cm.network_separability(layers)
    text = str(report)
    for name in names[:3]:
        assert name not in text
        assert name.encode("unicode_escape").decode() in text
    assert len(text.splitlines()) == len(str(cm.network_separability(layers[:1])).splitlines()) + 5
    rows = list(csv.reader(io.StringIO(report.to_csv())))
    assert [row[0] for row in rows[1:]] == [
        r"\x1b]0;owned\x07\x1b[2Jw", r"two\nlines", r"turn\u202eed", "'=1+1", "'@SUM(A1)", "$a^{b$"
    ]  # fmt: skip
    assert [row["name"] for row in report.to_dict()["layers"]] == names
    draw_energies(report).figure.canvas.draw()
    with pytest.raises(cm.WeightError, match=r"^the weight \\x1b has nan or inf"):
        cm.read_layers({"\x1b": np.full((1, 1, 3, 3), np.nan)})


def test_json_has_names_that_no_terminal_obeys(tmp_path):
    name = "a\x1b[31m\x9bz\u202e卷"
    np.savez(tmp_path / "m.npz", **{name: weight(4, 3, 3, 3)})
    command = [sys.executable, "-m", "convmatrix", "separable", str(tmp_path / "m.npz"), "--json"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.rstrip("\n").isprintable()
    assert "卷" in said
    assert json.loads(said)["layers"][0]["name"] == name


def test_warnings_are_one_line_on_the_command_line(tmp_path):
    _, graph = onnx_graph()
    path = graph(
        tmp_path, {"w": weight(2, 2, 3, 3)}, ("Relu", ["w"], "v", {}),
        ("Conv", ["x", "w"], "y", {}), ("Conv", ["y", "v"], "z", {}),
    )  # fmt: skip
    command = [sys.executable, "-m", "convmatrix", "separable", str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert said.splitlines()[0] == (
        "convmatrix: warning: m.onnx: left out z (1 layers), whose weights the model computes as "
        "it runs"
    )
