"""The table of a model's kernels: ranks, energies, tolerances, drawings."""

from __future__ import annotations

import csv
import io
from importlib.metadata import PackageNotFoundError, files

import numpy as np
import pytest
from model_cases import ARRAYS, DEPTHWISE, STANDARD

import convmatrix as cm
from convmatrix.layers.trained import TrainedLayer


def trained_models():
    try:
        found = files("rapidocr-onnxruntime")
    except PackageNotFoundError:
        pytest.skip("needs the models of rapidocr-onnxruntime")
    return [str(f.locate()) for f in found if f.suffix == ".onnx"]


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
    for tolerance in (-1, np.nan, "x"):
        with pytest.raises(cm.WeightError, match="tolerance"):
            cm.network_separability([layer], tolerance=tolerance)
    assert cm.network_separability([layer], tolerance=0).layers[0].exactly == 8


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
    assert row_of(np.ones((2, 3, 1, 4, 5)), tolerance=0.5).macs == 2 * 3 * 20


def test_tolerance_and_progress_of_a_network():
    bent = np.ones((3, 3)) + 1e-4 * np.eye(3)
    assert row_of([[bent]]).numerically == 0
    assert row_of([[bent]], tolerance=1e-3).numerically == 1
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


def test_dead_layers_need_one_term():
    layer = TrainedLayer("dead", np.zeros((4, 3, 3, 3)))
    row = cm.network_separability([layer]).layers[0]
    assert (row.rank, row.multiplier) == (1, 1)
