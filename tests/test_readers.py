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
        with pytest.raises((cm.FileError, cm.MissingExtraError), match=word) as error:
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
