"""Baked pages, pictures, text in the terminal, the widget and the command."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import convmatrix as cm
from convmatrix.explorer.describe import describe
from convmatrix.explorer.live import view
from convmatrix.explorer.page import baked, key, page
from convmatrix.explorer.presets import PRESETS
from convmatrix.explorer.state import DEFAULTS, understand
from convmatrix.explorer.still import still
from convmatrix.explorer.text import text


def test_baked_answers_have_the_presets_and_their_neighbours():
    answers = baked({"stride": "2"})
    for preset in PRESETS:
        assert answers[key({**DEFAULTS, **preset["state"]})]["ok"]
    for change in (
        {"stride": "3", "kernel": "2", "padding": "1"},
        {"padding_mode": "circular", "stride": "2"},
    ):
        assert key({**DEFAULTS, **change}) in answers
    wrong = answers[key({**DEFAULTS, "groups": "2", "stride": "2"})]
    assert "must divide" in wrong["error"]


def test_a_page_escapes_what_it_holds():
    text = page({"kind": "own", "input": "4"}, cm.conv1d(1, 1, 2))
    assert text.count("</script>") == 3
    assert "default-src 'none'" in text


def test_maps_have_a_still_picture():
    bound = cm.conv2d(1, 1, 3, stride=2, padding=1).on(5, 5)
    assert bound._repr_html_().count("<rect") == 50
    assert "<svg" not in still(cm.conv2d(1, 1, 3).on(300, 300))
    n = cm.symbols("n")
    assert "conv1d" in still(cm.conv1d(1, 1, 3).on(n))
    assert bound.to_html().startswith("<!doctype html>")


def test_entries_connections_and_paths_have_their_own_names():
    stack = cm.sequential(cm.conv1d(1, 1, 3), cm.conv1d(1, 1, 3)).on(8)
    assert 'aria-label="matrix 4×8, 20 entries, 36 paths, a colour a tap"' in still(stack)
    assert "7 entries, 9 connections" in still(
        cm.conv1d(1, 1, 3, padding=1, padding_mode="replicate").on(3)
    )
    for shown in (stack, stack.layer):
        told = describe(shown) if shown is stack else describe(shown, 8)
        assert (told["entries"], told["paths"], told["layer_connections"]) == (20, 36, [18, 12])
        assert told["density"] == 20 / 32


def test_a_transposed_layer_reads_the_right_way_round():
    told = view({"kind": "conv_transpose", "stride": "2", "input": "3x3"})
    assert told["in_shape"] == [1, 3, 3]
    assert told["out_shape"] == [1, 7, 7]
    relation = "axis 0: i = 2·o + t, 0 ≤ t < 3, inputs 0 ≤ o < 3, outputs 0 ≤ i < 7"
    assert told["relations"][0] == relation


def test_text_draws_every_preset():
    for preset in PRESETS:
        asked = understand(preset["state"])
        drawn = text(describe(asked.map, of=asked.layer))
        assert drawn.startswith("input ")
        widths = {len(line) for line in drawn.split("matrix")[1].splitlines()[1:]}
        assert len(widths) <= 1


def test_text_draws_large_matrices_in_dots():
    drawn = text(describe(cm.conv1d(1, 1, 3, padding=1), 1000))
    lines = drawn.split("dots where entries are\n")[1].splitlines()
    assert all(set(line.strip()) <= set(map(chr, range(0x2800, 0x2900))) for line in lines)
    assert max(map(len, lines)) <= 102


def test_the_widget_answers():
    pytest.importorskip("anywidget")
    shown = cm.conv2d(1, 1, 3, stride=2, padding=1).on(5, 5).widget()
    assert shown.view["shape"] == [9, 25]
    shown.state = {**shown.state, "stride": "1"}
    assert shown.view["shape"] == [25, 25]
    shown.state = {"stride": "0"}
    assert not shown.view["ok"]
    shown.question = {"stride": "2"}
    assert shown.proof["verdict"] == "proved"
    own = (cm.conv2d(1, 1, 3).on(4, 4).T @ cm.conv2d(1, 1, 3).on(4, 4)).widget()
    assert own.view["shape"] == [16, 16]


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_a_bare_install_writes_the_page(missing, tmp_path, monkeypatch):
    from click.testing import CliRunner

    from convmatrix.cli import cli

    monkeypatch.chdir(tmp_path)
    for loaded in {missing, *(m for m in sys.modules if m.startswith(f"{missing}."))}:
        monkeypatch.setitem(sys.modules, loaded, None)
    done = CliRunner().invoke(cli, ["explore", "--no-browser", "--stride", "2"])
    assert done.exit_code == 0, done.output
    assert "pip install '.[explore]'" in done.stderr
    written = (tmp_path / "convmatrix-explorer.html").read_text("utf-8")
    assert '"stride": "2"' in written
    done = CliRunner().invoke(cli, ["explore", "--port", "0"])
    assert "pip install '.[explore]'" in str(done.exception)


def test_a_layer_of_a_model(tmp_path):
    onnx = pytest.importorskip("onnx")
    from click.testing import CliRunner
    from onnx import TensorProto, helper

    from convmatrix.cli import cli

    weight = np.random.default_rng(0).standard_normal((4, 2, 3, 3)).astype(np.float32)
    node = helper.make_node(
        "Conv", ["x", "w"], ["y"], name="stem", strides=[2, 1], pads=[1, 0, 2, 1], group=1,
        dilations=[1, 2],
    )  # fmt: skip
    graph = helper.make_graph(
        [node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 8, 9])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(weight, "w")],
    )  # fmt: skip
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph), path)

    def run(*words):
        return CliRunner().invoke(cli, ["explore", str(path), *words, "--input", "8x9", "--json"])

    told = json.loads(run("--layer", "stem").stdout)
    torch = pytest.importorskip("torch")
    layer = torch.nn.Conv2d(2, 4, 3, stride=(2, 1), dilation=(1, 2))
    padded = torch.nn.functional.pad(torch.zeros(1, 2, 8, 9), (0, 1, 1, 2))
    assert told["out_shape"] == list(layer(padded).shape[1:])
    assert json.loads(run().stdout)["in_shape"] == [2, 8, 9]
    wrong = run("--layer", "steam")
    assert wrong.exit_code
    assert "has no layer called steam; choose one with --layer NAME: stem (standard 2→4, 3×3)" in (
        str(wrong.exception)
    )


def test_a_layer_of_a_torch_module():
    torch = pytest.importorskip("torch")
    made = torch.nn.Sequential(
        torch.nn.Conv2d(2, 4, 3, stride=2, padding=(1, 2), padding_mode="reflect"),
        torch.nn.ConvTranspose2d(4, 2, 3, stride=2, output_padding=1, groups=2),
    )
    x = torch.randn(1, 2, 9, 10)
    for one, module in zip(cm.read_layers(made), made, strict=True):
        layer = one.layer()
        expected = module(x)
        got = layer(x.detach().numpy())
        np.testing.assert_allclose(got, expected.detach().numpy(), atol=1e-5)
        x = module(x)
