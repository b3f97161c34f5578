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
from bounds import peak_of
from model_cases import onnx_file, weight

import convmatrix as cm
from convmatrix.readers.layouts import layout_of


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
    ort = pytest.importorskip("onnxruntime")
    arrays = {"w": weight(6, 2, 3, 3), "b": weight(6), "u": weight(6, 2, 2, 2), "c": weight(4)}
    path = onnx_file(
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


def test_networks_are_of_trained_layers():
    for given in ("m.onnx", [weight(1, 1, 3, 3)], [cm.conv2d(1, 1, 3)]):
        with pytest.raises(cm.WeightError, match="network_separability takes what read_layers"):
            cm.network_separability(given)


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
    path = onnx_file(
        tmp_path, {"w": weight(2, 2, 3, 3)}, ("Relu", ["w"], "v", {}),
        ("Conv", ["x", "w"], "y", {}), ("Conv", ["y", "v"], "z", {}),
    )  # fmt: skip
    command = [sys.executable, "-m", "convmatrix", "separable", str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert said.splitlines()[0] == (
        "convmatrix: warning: m.onnx: left out z (1 layers), whose weights the model computes as "
        "it runs"
    )
