"""Reading trained models, the table of their kernels, and the command line over them."""

from __future__ import annotations

import csv
import io
import json
from importlib.metadata import PackageNotFoundError, files

import numpy as np
import pytest
from click.testing import CliRunner

import convmatrix as cm
from convmatrix.cli import cli
from convmatrix.readers.growth import first_line
from convmatrix.separable.network import TrainedLayer

rng = np.random.default_rng(0)
STANDARD = rng.standard_normal((6, 4, 3, 3)).astype(np.float32)
DEPTHWISE = np.einsum("ci,cj->cij", *rng.standard_normal((2, 6, 5))).astype(np.float32)[:, None]
POINTWISE = np.ones((8, 6, 1, 1), np.float32)
UP = rng.standard_normal((8, 3, 2, 2)).astype(np.float32)
ARRAYS = {"first.weight": STANDARD, "second.weight": DEPTHWISE, "third.weight": POINTWISE}


def trained_models():
    try:
        found = files("rapidocr-onnxruntime")
    except PackageNotFoundError:
        pytest.skip("needs the models of rapidocr-onnxruntime")
    return [str(f.locate()) for f in found if f.suffix == ".onnx"]


def run(*arguments):
    return CliRunner().invoke(cli, [str(a) for a in arguments], standalone_mode=False)


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


def test_exactly_separable_kernels_are_counted():
    whole = np.einsum("ci,cj->cij", [[1, 2, 3], [0, 5, 1]], [[1, 0, 2], [1, 1, 1]])[:, None]
    third = (whole / 3).astype(np.float64)
    for weight in (whole.astype(np.float32), whole.astype(np.float64), whole):
        row = cm.network_separability(cm.read_layers({"w": weight})).layers[0]
        assert (row.exactly, row.numerically) == (2, 2)
    row = cm.network_separability(cm.read_layers({"w": third})).layers[0]
    exact = [cm.separability(kernel[0], exact=True).separable for kernel in third]
    assert (row.exactly, row.numerically) == (sum(exact), 2)
    video = np.einsum("i,j,k->ijk", [1, 2], [1, 3], [1, 1])[None, None]
    row = cm.network_separability(cm.read_layers({"w": video.astype(float)})).layers[0]
    assert (row.exactly, row.numerically, row.rank) == (1, 1, 1)


@pytest.mark.parametrize("path", range(3))
def test_trained_networks(path):
    models = trained_models()
    pytest.importorskip("onnx")
    layers = cm.read_layers(models[path])
    report = cm.network_separability(layers)
    assert len(report.layers) + report.others == len(layers)
    for row in report.layers:
        layer = next(one for one in layers if one.name == row.name)
        ndim = len(layer.kernel)
        verdict = cm.separability(layer.weight, axes=tuple(range(-ndim, 0)))
        flat = layer.weight.reshape(-1, *layer.kernel)
        for j in range(0, len(flat), max(1, len(flat) // 5)):
            single = cm.separability(flat[j])
            assert verdict.separable.reshape(-1)[j] == single.separable
            assert verdict.distance.reshape(-1)[j] == pytest.approx(single.distance, abs=1e-7)
        assert row.numerically == verdict.separable.sum() >= row.exactly


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


def test_drawings():
    pytest.importorskip("matplotlib").use("Agg")
    from convmatrix import draw

    ax = draw.draw_separable(cm.separability([[3, 6, 9], [4, 8, 12], [5, 10, 15]]))
    texts = [t.get_text() for t in ax.texts]
    assert texts[:9] == ["3", "6", "9", "4", "8", "12", "5", "10", "15"]
    assert texts[9:] == ["=", "3", "4", "5", "×", "1", "2", "3"]
    assert "≈" in [t.get_text() for t in draw.draw_separable(cm.separability(np.eye(3))).texts]
    bars = draw.draw_singular_values(cm.separability(np.eye(4))).patches
    assert [bar.get_height() for bar in bars] == [1, 1, 1, 1]
    with pytest.raises(cm.GeometryError, match="two axes"):
        draw.draw_separable(cm.separability(np.ones((2, 2, 2))))


# ------------------------------------------------- found by a hostile reader, each once wrong


def test_layers_of_nothing_and_of_whole_numbers():
    empty = cm.network_separability([cm.TrainedLayer("zero", np.zeros((4, 3, 3, 3)))]).layers[0]
    assert (empty.rank, empty.multiplier, empty.exactly, empty.depthwise_error) == (1, 1, 12, 0)
    whole = np.array([[2**62, 2**62], [2**62 + 1, 2**62 + 2]])[None, None]
    row = cm.network_separability([cm.TrainedLayer("whole", whole)]).layers[0]
    assert (row.exactly, row.numerically) == (0, 1)
    complex_ = STANDARD + 1j * STANDARD[::-1]
    row = cm.network_separability([cm.TrainedLayer("complex", complex_)]).layers[0]
    assert row.depthwise_error == pytest.approx(cm.depthwise_separability(complex_).distance)
    huge = cm.network_separability([cm.TrainedLayer("huge", 1e200 * STANDARD.astype(float))])
    plain = cm.network_separability([cm.TrainedLayer("plain", STANDARD.astype(float))])
    assert huge.layers[0].rank == plain.layers[0].rank
    assert huge.layers[0].depthwise_error == pytest.approx(plain.layers[0].depthwise_error)


def test_tolerances_of_networks():
    layer = cm.TrainedLayer("w", np.einsum("ci,cj->cij", *np.ones((2, 8, 3)))[:, None])
    for tol in (-1, np.nan, "x"):
        with pytest.raises(cm.WeightError, match="tol"):
            cm.network_separability([layer], tol=tol)
    assert cm.network_separability([layer], tol=0).layers[0].exactly == 8


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


def test_the_verb_checks_before_it_works(tmp_path):
    np.savez(tmp_path / "m.npz", **ARRAYS)
    result = run("separable", tmp_path / "m.npz", "--csv", tmp_path / "t.csv", "--plot", "p.jpg")
    assert isinstance(result.exception, cm.FileError)
    assert not (tmp_path / "t.csv").exists()
    assert isinstance(run("separable", tmp_path / "m.npz", "--exact").exception, cm.GeometryError)
    assert isinstance(run("separable", "sobel", "--plot", "-").exception, cm.FileError)
    assert run("separable", "; ".join(["1 " * 60] * 60)).return_value == 0


def test_drawings_of_any_numbers():
    pytest.importorskip("matplotlib").use("Agg")
    import sympy

    from convmatrix import draw

    p = sympy.Symbol("p", positive=True)
    draw.draw_separable(cm.separability(np.array([[1, 1j], [1, 2]])))
    draw.draw_separable(cm.separability([[sympy.I, 1], [2, sympy.I]]))
    draw.draw_separable(cm.separability([[10**400, 10**400], [1, 1]]))
    draw.draw_singular_values(cm.separability(np.float16([[1, 2], [3, 4]])))
    with pytest.raises(cm.WeightError, match="symbols"):
        draw.draw_separable(cm.separability([[1, 0], [0, 1 + p]]))


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


def row_of(weight, groups=1, transposed=False, **options):
    layer = TrainedLayer("w", np.asarray(weight), groups, transposed)
    return cm.network_separability([layer], **options).layers[0]


def test_rank_keeps_99_percent_of_the_layer_s_energy():
    one = np.diag([10.0, 2, 0.1])[None, None]
    row = row_of(one)
    assert (row.rank, row.macs, row.macs_saved) == (2, 9, 0)
    assert row.energy == pytest.approx([100 / 104.01] * 5)
    assert row_of(np.diag([10.0, 0.9, 0])[None, None]).rank == 1
    loud = np.stack([np.eye(3), np.outer([-10.0, -10, 1], [1, 1, 1])])[:, None]
    assert row_of(loud).rank == row_of(loud.astype(np.float32)).rank == 1
    assert row_of([[-10 * np.eye(2)]]).rank == 2
    video = np.multiply.outer([1.0, 2], np.eye(3))
    assert (row_of([[video]]).rank, row_of([[video.T]]).rank) == (3, 3)
    assert row_of(np.ones((2, 3, 1, 4, 5)), tol=0.5).macs == 2 * 3 * 20


def test_tolerance_and_progress_of_a_network():
    bent = np.ones((3, 3)) + 1e-4 * np.eye(3)
    assert row_of([[bent]]).numerically == 0
    assert row_of([[bent]], tol=1e-3).numerically == 1
    assert row_of(np.ones((1, 1, 3, 3), np.uint8) * 200).numerically == 1
    seen = []
    layers = cm.read_layers({**ARRAYS, "row": np.ones((2, 2, 1, 7)), "line": np.ones((2, 2, 7))})
    report = cm.network_separability(layers, progress=lambda tested: seen.extend(tested) or tested)
    assert [layer.name for layer in seen] == ["first.weight", "second.weight"]
    assert report.others == 3
    assert [layer.kind for layer in layers[3:]] == ["standard"] * 2


def test_depthwise_error_and_multiplier_of_a_layer():
    basis = np.array([[[4.0, 0, 0, 0]], [[0, 0, 2, 0]], [[0, 1, 0, 0]]])  # σ = 4, 2, 1
    weight = np.concatenate([basis, basis], axis=1).reshape(3, 2, 2, 2)
    row = row_of(weight)
    assert (row.depthwise_error, row.multiplier) == (pytest.approx(np.sqrt(5 / 21)), 3)
    assert row_of(weight.astype(np.float16)).depthwise_error == pytest.approx(np.sqrt(5 / 21))
    turned = row_of(weight.swapaxes(0, 1), transposed=True)
    assert (turned.depthwise_error, turned.multiplier) == (row.depthwise_error, 3)
    assert turned.kind == "transposed"
    assert row_of(weight, groups=2).multiplier is None
    assert row_of(weight, groups=2).kind == "grouped"
    assert row_of(weight[:, :1]).depthwise_error is None
    assert row_of(weight[:1], transposed=True).depthwise_error is None
    assert row_of(weight[:1]).depthwise_error == pytest.approx(0, abs=1e-7)
    assert row_of(0 * weight).depthwise_error == 0
    for left, right in zip(*np.random.default_rng(0).standard_normal((2, 20, 12)), strict=True):
        outer = np.outer(left, right).reshape(12, 1, 3, 4) * np.ones((1, 2, 1, 1))
        assert 0 <= row_of(outer).depthwise_error < 1e-6


def test_exactly_separable_kernels_of_every_size():
    rounded = np.outer([1.0, 3], [1 / 3, 1 / 7])  # 3 * (1/3) rounds
    kernels = np.stack([rounded, np.outer([-1, 0.5], [0, -3]), np.zeros((2, 2))])[:, None]
    row = row_of(kernels)
    assert (row.exactly, row.numerically) == (2, 3)
    wide = np.outer([0, 0], [0.0, 0, 0]) + np.outer([0, -1], [0, 0, -5])
    assert row_of([[wide]]).exactly == row_of(np.float32([[wide]])).exactly == 1
    nearly = np.float32(np.outer([1, 3], np.float32([1 / 3, 1 / 7])))
    assert row_of(nearly[None, None]).exactly == cm.separability(nearly, exact=True).separable
    left, right = np.random.default_rng(0).random((2, 20, 3)).astype(np.float32)
    left[:, 0] = right[:, 0] = 0
    corners = -np.einsum("ni,nj->nij", left, right)  # all 0 or less, and rounded
    exact = [cm.separability(kernel, exact=True).separable for kernel in corners]
    assert row_of(corners[:, None]).exactly == sum(exact) < row_of(corners[:, None]).numerically
    assert row_of(np.float32(STANDARD)).exactly == 0
    cube = np.float32(np.einsum("i,j,k->ijk", [1, 2], [1, 3], [1, 1, 5]))
    assert row_of(cube[None, None]).exactly == 1


def test_a_network_in_text_and_tables():
    named = {"x" * 50: STANDARD, "second": DEPTHWISE, "few": np.ones((2, 2, 2, 2), np.float32)}
    report = cm.network_separability(cm.read_layers(named))
    long, second, few = report.layers
    head, *lines = str(report).splitlines()
    assert lines[0].startswith("…" + "x" * 39 + "  standard   6×4×3×3       24")
    assert head.split()[-2:] == ["saved", "depthwise"]
    assert lines[1].split()[-3:] == ["1", "60%", "–"]
    assert lines[2].split()[-2:] == ["0.00,", "×1"]
    low, middle, high = (long.energy[j] for j in (0, 2, 4))
    assert f"{middle:.1%} ({low:.0%}–{high:.0%})" in lines[0]
    total = report.to_dict()
    assert total["exactly"] == second.exactly + few.exactly < total["numerically"] == 10
    assert (total["macs"], total["macs_saved"]) == (24 * 9 + 6 * 25 + 16, 90)
    assert "together they save 24% of these layers' MACs" in str(report)
    table = list(csv.DictReader(io.StringIO(report.to_csv())))
    assert list(table[0])[6:11] == [f"energy_{q}" for q in (5, 25, 50, 75, 95)]
    assert [(r["macs"], r["macs_saved"], r["rank"]) for r in table[1:]] == [
        ("150", "90", "1"), ("16", "0", "1")
    ]  # fmt: skip


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


def test_dead_layers_need_one_term():
    layer = TrainedLayer("dead", np.zeros((4, 3, 3, 3)))
    row = cm.network_separability([layer]).layers[0]
    assert (row.rank, row.multiplier) == (1, 1)


def test_a_model_shows_its_progress(tmp_path):
    np.savez(tmp_path / "m.npz", w=np.ones((2, 2, 3, 3)))
    result = run("separable", tmp_path / "m.npz")
    assert "testing layers" in result.stderr
    assert "testing layers" not in result.stdout
