"""Reading trained models: every kind of file, and what of it is a convolution."""

from __future__ import annotations

import numpy as np
import pytest
from model_cases import ARRAYS, DEPTHWISE, POINTWISE, STANDARD, rng, run

import convmatrix as cm
from convmatrix.readers.files import first_line

UP = rng.standard_normal((8, 3, 2, 2)).astype(np.float32)


def check(layers):
    assert [layer.kind for layer in layers] == ["standard", "depthwise", "1×1"]
    for layer, array in zip(layers, ARRAYS.values(), strict=True):
        assert (layer.weight == array).all()
    report = cm.network_separability(layers)
    assert report.others == 1
    first, second = report.layers
    assert (first.kernels, first.numerically, second.kernels, second.numerically) == (24, 0, 6, 6)
    assert first.energy == pytest.approx(
        np.quantile(1 - cm.separability(STANDARD, axes=(2, 3)).distance ** 2,
                    (0.05, 0.25, 0.5, 0.75, 0.95))
    )  # fmt: skip
    assert (second.rank, second.macs_saved) == (1, 6 * (25 - 10))
    assert second.depthwise_error is None
    assert first.depthwise_error == pytest.approx(cm.depthwise_separability(STANDARD).distance)


def test_npz(tmp_path):
    np.savez(tmp_path / "m.npz", **ARRAYS, bias=np.ones(3), matrix=np.ones((3, 4)))
    check(cm.read_layers(tmp_path / "m.npz"))


def test_a_mapping_and_what_is_no_convolution():
    check(
        cm.read_layers({**ARRAYS, "bias": np.ones(4), "step": 3, "mask": np.ones((1, 2, 3), bool)})
    )


def test_safetensors(tmp_path):
    pytest.importorskip("safetensors")
    from safetensors.numpy import save_file

    save_file(ARRAYS, tmp_path / "m.safetensors")
    check(cm.read_layers(tmp_path / "m.safetensors"))


def test_pytorch(tmp_path):
    torch = pytest.importorskip("torch")
    tensors = {name: torch.from_numpy(array) for name, array in ARRAYS.items()}
    for held in (tensors, {"state_dict": tensors, "epoch": 3}):
        torch.save(held, tmp_path / "m.pt")
        check(cm.read_layers(str(tmp_path / "m.pt")))
    half = cm.read_layers({"w": tensors["first.weight"].to(torch.bfloat16)})
    assert half[0].weight.dtype == np.float32
    module = torch.nn.Sequential(
        torch.nn.Conv2d(4, 6, 3, groups=2), torch.nn.ReLU(), torch.nn.ConvTranspose2d(6, 2, 2),
        torch.nn.Linear(3, 3),
    )  # fmt: skip
    layers = cm.read_layers(module)
    assert [(layer.kind, layer.groups) for layer in layers] == [("grouped", 2), ("transposed", 1)]
    (tmp_path / "bad.pt").write_bytes(b"no model")
    with pytest.raises(cm.FileError, match="PyTorch"):
        cm.read_layers(tmp_path / "bad.pt")


def onnx_model(constant, weight=STANDARD):
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    tensors = [numpy_helper.from_array(w, n) for n, w in
               {"w": weight, "u": UP, "d": DEPTHWISE, "p": POINTWISE}.items()]  # fmt: skip
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="first"),
        helper.make_node("Conv", ["a", "d"], ["b"], group=6),
        helper.make_node("Conv", ["b", "p"], ["c"]),
        helper.make_node("ConvTranspose", ["c", "u"], ["y"], strides=[2, 2]),
    ]
    if constant:
        nodes = [helper.make_node("Constant", [], [t.name], value=t) for t in tensors] + nodes
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g", [value("x", TensorProto.FLOAT, [1, 4, 16, 16])],
        [value("y", TensorProto.FLOAT, None)], [] if constant else tensors,
    )  # fmt: skip
    return onnx, helper.make_model(graph)


@pytest.mark.parametrize("constant", [True, False])
def test_onnx(tmp_path, constant):
    onnx, model = onnx_model(constant)
    onnx.save(model, tmp_path / "m.onnx")
    *layers, up = cm.read_layers(tmp_path / "m.onnx")
    check(layers)
    assert (up.kind, up.transposed, [layer.name for layer in layers]) == (
        "transposed", True, ["first", "d", "p"]
    )  # fmt: skip
    row = cm.network_separability([up]).layers[0]
    assert row.depthwise_error == pytest.approx(
        cm.depthwise_separability(UP.swapaxes(0, 1)).distance
    )


def test_onnx_with_its_weights_beside(tmp_path):
    onnx, model = onnx_model(False)
    place = tmp_path / "m.onnx"
    onnx.save(model, place, save_as_external_data=True, location="weights", size_threshold=0)
    check(cm.read_layers(place)[:3])
    (tmp_path / "weights").unlink()
    with pytest.raises(cm.FileError, match=r"m\.onnx"):
        cm.read_layers(place)


def test_files_that_are_no_model(tmp_path):
    for suffix, word in ((".onnx", "ONNX"), (".npz", "NumPy"), (".safetensors", "safetensors")):
        broken = tmp_path / f"broken{suffix}"
        broken.write_bytes(b"\x08\x01 not a model at all")
        with pytest.raises((cm.FileError, cm.MissingExtraError), match=f"(?i){word}") as error:
            cm.read_layers(broken)
        assert "\n" not in str(error.value)
    with pytest.raises(cm.FileError, match="no such file"):
        cm.read_layers(tmp_path / "none.npz")
    with pytest.raises(cm.FileError, match="suffix"):
        cm.read_layers("model.h5")
    np.savez(tmp_path / "empty.npz", bias=np.ones(3))
    with pytest.raises(cm.WeightError, match="no convolution"):
        cm.read_layers(tmp_path / "empty.npz")
    with pytest.raises(cm.WeightError, match=r"torch\.nn\.Module"):
        cm.read_layers(3)
    with pytest.raises(cm.WeightError, match="nan or inf"):
        cm.read_layers({"w": np.full((1, 1, 3, 3), np.nan)})
    with pytest.raises(cm.WeightError, match="nothing to separate"):
        cm.network_separability(cm.read_layers({"w": POINTWISE}))


def test_onnx_weights_through_other_nodes(tmp_path):
    onnx, model = onnx_model(False)
    from onnx import helper, numpy_helper

    graph = model.graph
    by_name = {t.name: t for t in graph.initializer}
    quantised = np.array([[[[3, 0], [1, 2]]]] * 2, np.int8).reshape(2, 1, 2, 2)
    graph.initializer.extend([
        numpy_helper.from_array(quantised, "q"),
        numpy_helper.from_array(np.float32([0.5, 2]), "s"),
        numpy_helper.from_array(np.int8([0, 1]), "z"),
    ])  # fmt: skip
    by_name["w"].name = "stored"
    graph.node.insert(0, helper.make_node("Identity", ["stored"], ["w"]))
    graph.node.insert(0, helper.make_node("DequantizeLinear", ["q", "s", "z"], ["dq"], axis=0))
    graph.node.insert(0, helper.make_node("Relu", ["u"], ["computed"]))
    graph.node.append(helper.make_node("Conv", ["x", "dq"], ["e"], name="quantised", group=2))
    graph.node.append(helper.make_node("Conv", ["x", "computed"], ["f"], name="computed"))
    onnx.save(model, tmp_path / "m.onnx")
    with pytest.warns(UserWarning, match="computed"):
        layers = cm.read_layers(tmp_path / "m.onnx")
    check(layers[:3])
    expected = (quantised - np.array([0, 1]).reshape(2, 1, 1, 1)) * np.array([0.5, 2]).reshape(
        2, 1, 1, 1
    )
    assert (layers[-1].weight == expected).all()
    assert layers[-1].kind == "depthwise"


class Module:
    """A `torch.nn.Module`, for those who have no PyTorch."""

    def __init__(self, **attributes):
        vars(self).update(attributes)

    def named_modules(self):
        conv = {"groups": 1, "transposed": False}
        yield "", self
        yield "bare", Module(**conv, weight=None)
        yield "norm", Module(groups=2, weight=np.ones(3))
        yield "other", Module(transposed=True, weight=np.ones((2, 2, 2)))
        yield "conv", Module(**conv, weight=STANDARD)
        yield "up", Module(groups=2, transposed=True, weight=UP)


def test_modules_that_are_convolutions():
    layers = cm.read_layers(Module())
    assert [(one.name, one.groups, one.transposed) for one in layers] == [
        ("conv", 1, False), ("up", 2, True)
    ]  # fmt: skip


def test_what_of_a_mapping_is_a_convolution():
    assert [one.name for one in cm.read_layers({"model": {"w": STANDARD}, "epoch": 3})] == ["w"]
    assert [one.name for one in cm.read_layers({"model": STANDARD})] == ["model"]
    arrays = {
        "line": np.ones((2, 1, 3)), "none": np.ones((0, 2, 3)), "six": np.ones((1,) * 6),
        "flags": np.ones((1, 1, 3), bool), "whole": np.ones((1, 1, 3, 3), np.uint8),
    }  # fmt: skip
    layers = cm.read_layers(arrays)
    assert [(one.name, one.groups, one.kind) for one in layers] == [
        ("line", 2, "depthwise"), ("whole", 1, "standard")
    ]  # fmt: skip
    with pytest.raises(cm.WeightError, match="w has nan or inf"):
        cm.read_layers({"w": np.full((1, 1, 3, 3), np.inf)})


def test_suffixes_in_capitals_and_files_that_are_empty(tmp_path):
    np.savez(tmp_path / "m.npz", **ARRAYS)
    check(cm.read_layers((tmp_path / "m.npz").rename(tmp_path / "M.NPZ")))
    assert run("separable", tmp_path / "M.NPZ").return_value == 0
    np.savez(tmp_path / "bad.npz", w=np.full((1, 1, 3, 3), np.nan))
    with pytest.raises(cm.WeightError, match="nan or inf"):
        cm.read_layers(tmp_path / "bad.npz")
    np.savez(tmp_path / "objects.npz", w=np.ones((1, 1, 3, 3), object))
    with pytest.raises(cm.FileError, match="NumPy"):
        cm.read_layers(tmp_path / "objects.npz")


def test_pytorch_files_hold_no_code(tmp_path):
    torch = pytest.importorskip("torch")
    torch.save({"w": torch.from_numpy(STANDARD)}, tmp_path / "m.pth")
    assert len(cm.read_layers(tmp_path / "m.pth")) == 1
    torch.save(torch.nn.Conv2d(1, 1, 3), tmp_path / "m.pt")
    with pytest.raises(cm.FileError, match="PyTorch"):
        cm.read_layers(tmp_path / "m.pt")


def test_errors_without_a_message_have_a_line():
    assert (first_line(EOFError()), first_line(ValueError("a\nb"))) == ("EOFError", "a")


def test_onnx_weights_that_are_computed(tmp_path):
    onnx, model = onnx_model(False)
    from onnx import helper

    model.graph.node.append(helper.make_node("Constant", [], ["f"], value_float=1.0))
    model.graph.node.append(helper.make_node("Conv", ["x", "f"], ["s"]))
    model.graph.node.append(helper.make_node("Conv", ["x", "v"], ["z"]))
    onnx.save(model, tmp_path / "m.onnx")
    with pytest.warns(UserWarning, match="2 layers"):
        assert len(cm.read_layers(tmp_path / "m.onnx")) == 4
