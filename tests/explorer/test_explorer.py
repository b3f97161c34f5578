"""The explorer's Python side: states, descriptions, baked pages, the server, the terminal."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pytest

import convmatrix as cm
from convmatrix.explorer.describe import describe
from convmatrix.explorer.live import proof_for, start, view, vocabulary
from convmatrix.explorer.page import baked, key, page
from convmatrix.explorer.part import part_of
from convmatrix.explorer.presets import PRESETS
from convmatrix.explorer.spelling import command, python, state_of
from convmatrix.explorer.state import DEFAULTS, field_of, understand
from convmatrix.explorer.still import still
from convmatrix.explorer.text import text
from convmatrix.explorer.walks import walks
from convmatrix.words import KINDS, USES

# --------------------------------------------------------------------------------- states

LAYERS = [
    (cm.conv2d(1, 1, 3, stride=2, padding=1), (5, 5)),
    (cm.conv2d(2, 4, (3, 1), padding=((1, 2), (0, 0)), groups=2, flip=True), (6, 5)),
    (cm.conv1d(1, 1, 3, padding=((1, 2),), padding_mode="circular"), (7,)),
    (cm.conv3d(1, 2, 2, dilation=(1, 2, 1)), (3, 4, 3)),
    (cm.conv1d(1, 1, 2, padding="causal", dilation=4), (9,)),
    (cm.conv_transpose2d(2, 2, 3, stride=(2, 3), output_padding=(1, 2), groups=2), (3, 2)),
    (cm.conv2d(1, 1, 3, padding="same", weight=np.arange(9.0).reshape(1, 1, 3, 3) / 4), (5, 5)),
    (cm.conv2d(1, 1, 2, weight=[[[[1, -2], [3, 4]]]], bias=[5]), (4, 4)),
    (cm.avg_pool(2), (4, 4)),
    (cm.max_pool(3, stride=1), (4, 5)),
    (cm.pixel_shuffle(2, channels=4), (3, 3)),
    (cm.channel_shuffle(2, channels=4), (2, 2)),
    (cm.upsample(scale_factor=2), (3, 3)),
    (cm.relu(), (2, 2)),
]


@pytest.mark.parametrize(("layer", "size"), LAYERS, ids=str)
def test_layers_have_words_and_back(layer, size):
    state = state_of(layer, *size)
    assert state["kind"] != "own"
    asked = understand(state)
    bound = layer.on(*size)
    assert (asked.map.in_shape, asked.map.out_shape) == (bound.in_shape, bound.out_shape)
    for name in ("indptr", "indices", "tap"):
        np.testing.assert_array_equal(
            getattr(asked.map.pattern, name), getattr(bound.pattern, name)
        )
    if bound.is_linear and bound.has_weights:
        x = np.random.default_rng(0).standard_normal(bound.in_shape)
        np.testing.assert_allclose(asked.map(x).astype(float), bound(x), rtol=1e-12)


@pytest.mark.parametrize(
    "own",
    [
        cm.sequential(cm.conv2d(1, 1, 3), cm.relu()).on(5, 5),
        cm.conv2d(1, 1, 3, stride=2).on(6, 6).T,
        cm.avg_pool(3, stride=2, ceil_mode=True).on(6, 6),
        cm.conv2d(1, 1, 3).on(4, 4).T @ cm.conv2d(1, 1, 3).on(4, 4),
        cm.upsample(size=(5, 7)).on(3, 3),
        cm.conv2d(1, 1, 2, weight=[[[[1, float("nan")], [0, 1]]]]).on(3, 3),
    ],
    ids=str,
)
def test_layers_without_words_are_own(own):
    state, behind = start(own)
    assert state["kind"] == "own"
    told = view(state, behind)
    assert told["ok"], told
    assert told["shape"] == list(own.shape)
    json.dumps(told, allow_nan=False)
    assert "own" in vocabulary(behind)["kinds"]


def test_nan_weights_are_shown_and_do_not_break_json():
    told = view(*start(cm.conv1d(1, 1, 2, weight=[[[1.0, float("nan")]]]).on(3)))
    assert told["weights"][0]["values"] == ["1", "nan"]
    assert told["values"]["y"] == ["nan", "nan"]


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_use_what_they_say(kind):
    """A word that a kind does not use changes nothing; one that it uses may."""
    base = {"kind": kind, "in_channels": "4", "out_channels": "4", "groups": "2", "input": "6x6",
            "padding": "1", "scale": "2", "stride": "2"}  # fmt: skip
    other = {"kernel": "2", "stride": "3", "padding": "0", "dilation": "2", "groups": "1",
             "in_channels": "8", "out_channels": "8", "padding_mode": "circular",
             "output_padding": "1", "scale": "1", "flip": "1"}  # fmt: skip
    if kind == "upsample":
        other["padding_mode"] = "linear"
    before = understand(base).map

    def same(state):
        try:
            after = understand(state).map
        except cm.ConvMatrixError:
            return False
        if (after.in_shape, after.out_shape) != (before.in_shape, before.out_shape):
            return False
        return all(
            np.array_equal(getattr(before.pattern, n), getattr(after.pattern, n))
            for n in ("indptr", "indices", "tap")
        )

    for word, value in other.items():
        if word in USES[kind].split():
            continue
        assert same({**base, word: value}), word
    for word in set(USES[kind].split()) - {"weight"}:
        assert not same({**base, word: other[word]}), word


ERRORS = [
    ({"kernel": "9"}, "kernel does not fit on axis 0", "kernel"),
    ({"stride": "0"}, "stride must be at least 1, got 0", "stride"),
    ({"stride": "x"}, "stride takes a number or one an axis", "stride"),
    ({"groups": "2"}, "groups=2 must divide in_channels=1", "groups"),
    ({"groups": "1e3"}, "groups must be an integer, e.g. 2, got '1e3'", "groups"),
    ({"kind": "nonsense"}, "kind must be one of conv,", "kind"),
    ({"input": "5x5x5x5"}, "input takes 1 to 3 axes", "input"),
    ({"input": "0"}, "input size must be at least 1", "input"),
    ({"input": "99999x99999"}, "elements, the explorer takes 1,000,000,000", None),
    ({"kernel": "9999x9999", "input": "10000x10000"}, "weights, the explorer takes", "kernel"),
    ({"in_channels": "99999", "out_channels": "99999"}, "weights, the explorer takes", "kernel"),
    ({"weight": "1 2 3"}, "weight must have shape (1, 1, 3, 3), got (3,)", "weight"),
    ({"weight": "1 2 inf 4 5 6 7 8 9"}, "weight 2 is inf, which is no number", "weight"),
    ({"weight": "[[1, 2"}, "weight must be numbers", "weight"),
    ({"weight": "/etc/passwd"}, "weight must be numbers", "weight"),
    ({"weight": "1 | 2"}, "weight has 2 parts, this map 1 layers", "weight"),
    ({"x": "1 2"}, "x, the input, needs 25 numbers for shape (1, 5, 5), got 2", "x"),
    ({"u": "1 2"}, "u, the input of the transpose, needs 9 numbers", "u"),
    ({"window": "0:9"}, "window takes first:stop", "window"),
    ({"kernel": "3x" * 100}, "kernel may have 100 characters, got 200", "kernel"),
    ({"surprise": "1"}, "'surprise' is no word of a state; use kind", "kind"),
    ({"\ud800": "1"}, "is no word of a state", None),
    ({"weight": "1e5000 2 3 4 5 6 7 8 9"}, "weight must be numbers", "weight"),
    ({"x": "1e10000000"}, "x must be numbers", "x"),
    ({"x": "abc 2"}, "x 0 is 'abc', which is no number", "x"),
    ({"stride": "99999999999999999999"}, "stride takes numbers of up to 8 digits", "stride"),
    ({"padding": "99999999", "input": "3"}, "padding is 199,999,998", "padding"),
    ({"kind": "avg_pool", "kernel": "9999", "input": "10000x10000"}, "coefficients", None),
    ({"kind": "upsample", "input": "10000x10000", "padding_mode": "linear"}, "is resized", None),
    ({"stride": 1.5}, "stride must be text, got float", "stride"),
    ({"stride": None}, "stride must be text, got NoneType", "stride"),
    ({"kind": "own"}, "kind 'own' is a layer given from Python or a model", "kind"),
    ({"kind": "depthwise_separable", "input": "2000x2000"}, "a map of several layers", None),
    ({"input": "200x200", "window": "0:1x0:198x0:198"}, "the window has 39,204 outputs", "window"),
    ({"in_channels": "500", "input": "60x60", "window": "0:1x0:50x0:50"}, "too many", "window"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "message", "field"), ERRORS, ids=str)
def test_what_is_no_state_says_so_in_a_line(state, message, field):
    told = view(state)
    assert not told["ok"]
    assert message in told["error"]
    assert "\n" not in told["error"]
    assert "--" not in told["error"]
    assert field is None or told["field"] == field


@pytest.mark.parametrize(
    "state",
    [
        {"kernel": "1000", "input": "1000x1000"},
        {"kernel": "900x900", "input": "2000x2000"},
        {"kind": "max_pool", "kernel": "900", "input": "3000x3000"},
    ],
    ids=str,
)
def test_large_kernels_are_answered_at_once(state):
    begin = time.perf_counter()
    assert view(state)["ok"]
    assert time.perf_counter() - begin < 20  # it hung


def test_copied_python_keeps_asymmetric_padding():
    for state in (
        {"padding": "1:2x1:2"}, {"kind": "pad", "padding": "1:2x1:2"},
        {"padding": "1:0", "input": "6"}, {"kind": "conv_transpose", "padding": "0:1x0:1"},
    ):  # fmt: skip
        scope = {}
        asked = understand(state)
        exec(python(asked), scope)
        assert scope["A"].out_shape == asked.map.out_shape


def test_large_integers_stay_exact():
    big = 2**63
    told = view({"weight": f"{big} -1 0 0 0 0 0 0 0", "x": f"{2 * big - 1} -1" + " 0" * 23})
    assert told["weights"][0]["values"][:2] == [str(big), "-1"]
    assert told["values"]["x"][0] == str(2 * big - 1)
    assert told["values"]["y"][0] == str(big * (2 * big - 1) + 1)
    told = view({"weight": "1000000000000000000000000000001 1/2" + " 0" * 7})
    assert told["values"]["y"][0] == "1000000000000000000000000000002"
    told = view({"kind": "relu", "input": "3", "x": "123456789 1/3 -2"})
    assert told["values"]["y"] == ["123456789", "1/3", "0"]
    told = view({"kind": "max_pool", "input": "2", "kernel": "2", "padding": "1", "x": "-3 -1"})
    assert told["values"]["y"] == ["-3", "-1", "-1"]


def test_a_window_knows_what_lies_outside():
    told = view({"input": "1000x1000", "padding": "1", "in_channels": "2", "out_channels": "4"})
    bound = understand(told["state"]).map
    shown = told["connections"]["in"]
    shape = tuple(map(len, shown))
    for flat in (0, 1, 20, 150):
        place = np.unravel_index(flat, shape)
        element = tuple(axis[i] for axis, i in zip(shown, place, strict=True))
        assert told["overlap"]["all"][flat] == len(bound.outputs_of(element))


@pytest.mark.parametrize("given", [None, [], "x", 3])
def test_a_state_is_an_object(given):
    assert view(given)["error"].startswith("a state is an object of words")


def test_field_of_nothing():
    assert field_of("all is lost") is None


def test_no_file_is_read(tmp_path):
    place = tmp_path / "secret.npy"
    np.save(place, np.ones((3, 3)))
    assert not view({"weight": str(place)})["ok"]


def test_python_makes_the_map():
    states = [dict(preset["state"]) for preset in PRESETS]
    states += [{"weight": "1/3 2 0.5 4 5 6 7 8 9"}, {"kind": "own"}]
    for state in states:
        asked = understand(
            state, cm.conv1d(1, 1, 2).on(4).T if state.get("kind") == "own" else None
        )
        scope = {}
        exec(python(asked), scope)
        if "A" not in scope:
            assert state == {"kind": "own"}
            continue
        made = scope["A"]
        assert made.shape == asked.map.shape
        np.testing.assert_array_equal(made.pattern.tap, asked.map.pattern.tap)
        if state.get("weight"):
            assert made.to_sympy() == asked.map.to_sympy()


def test_commands_are_the_command_lines():
    import shlex

    from click.testing import CliRunner

    from convmatrix.cli import cli

    for preset in PRESETS:
        words = shlex.split(command(preset["state"]))
        done = CliRunner().invoke(
            cli, [*words[1:], "--kind", preset["state"].get("kind", "conv"), "--json"]
        )
        assert done.exit_code == 0, (words, done.output)
        bound = understand(preset["state"]).map
        if "stride" in preset["state"] or "pool" not in preset["state"].get("kind", ""):
            assert json.loads(done.stdout)["out_shape"] == list(bound.out_shape)


# ----------------------------------------------------------------------------- description


@pytest.mark.parametrize("preset", PRESETS, ids=lambda p: p["name"])
def test_described_values_are_the_matrix_times_the_input(preset):
    asked = understand(preset["state"])
    told = view(preset["state"])
    json.dumps(told, allow_nan=False)
    bound, values = asked.map, told["values"]
    x = np.arange(1.0, bound.shape[1] + 1).reshape(bound.in_shape)
    assert list(map(float, values["x"])) == x.ravel().tolist()
    expected = bound(x) if not bound.is_linear else bound.to_scipy().astype(float) @ x.ravel()
    np.testing.assert_allclose(list(map(_number, values["y"])), np.ravel(expected), rtol=1e-5)
    if bound.is_linear:
        u = np.arange(1.0, bound.shape[0] + 1)
        back = bound.T.to_scipy().astype(float) @ u
        np.testing.assert_allclose(list(map(_number, values["v"])), back, rtol=1e-5)


def _number(text):
    from fractions import Fraction

    return float(Fraction(text))


def test_given_values():
    told = view({"input": "4", "kernel": "2", "weight": "1 -1", "x": "1/2 0 3 1e2", "u": "1 2 3"})
    assert told["values"] == {
        "x": ["0.5", "0", "3", "100"], "y": ["0.5", "-3", "-97"],
        "u": ["1", "2", "3"], "v": ["1", "1", "1", "-3"],
    }  # fmt: skip


def test_size_formulas_hold():
    for preset in PRESETS:
        told = view(preset["state"])
        for line in [*told["sizes"], *told["sizes_back"]]:
            if "=" in line:
                left, right = line.replace("−", "-").replace("·", "*").split("=")
                right = right.replace("⌊", "(").replace("⌋", ")").replace("/", "//")
                assert int(left) == eval(right), line


def test_large_maps_show_a_window_that_is_the_relation():
    layer = cm.conv2d(8, 8, 3, stride=2, padding=1, dilation=2, groups=2)
    bound = layer.on(500, 400)
    told = describe(layer, 500, 400, window="5:6x10:14x20:23")
    shown = told["connections"]
    assert not shown["whole"]
    assert told["values"] is None
    row = 0
    for c in shown["out"][0]:
        for y in shown["out"][1]:
            for x in shown["out"][2]:
                place = shown["indptr"][row], shown["indptr"][row + 1]
                shape = [len(axis) for axis in shown["in"]]
                flats, taps = (shown[name][slice(*place)] for name in ("indices", "tap"))
                indices = zip(*np.unravel_index(flats, shape), strict=True)
                at = [
                    tuple(axis[i] for axis, i in zip(shown["in"], e, strict=True)) for e in indices
                ]
                reads = list(zip(at, taps, strict=True))
                assert sorted(reads) == sorted(bound.inputs_of((c, y, x)))
                row += 1
    assert row == 12


def test_windows_of_far_taps_leave_gaps_out():
    part = part_of(cm.conv2d(1, 1, 3, dilation=400).on(1000, 1000), "0:1x0:2x0:2")
    assert part.into[1] == (0, 1, 400, 401, 800, 801)
    assert len(part.indices) == 36


def test_an_output_that_reads_too_much_is_not_drawn():
    told = describe(cm.conv2d(100, 1, 50), 60, 60)
    assert told["connections"] is None
    assert told["nnz"] == 100 * 50 * 50 * 11 * 11
    assert "too many to draw" in text(told)


def test_a_million_cells_are_described_in_a_moment():
    start_time = time.perf_counter()
    told = view({"input": "1000x1000", "padding": "1", "in_channels": "3", "out_channels": "8"})
    assert told["ok"]
    assert time.perf_counter() - start_time < 20  # it hangs, or it does not


@pytest.mark.parametrize("preset", PRESETS, ids=lambda p: p["name"])
def test_walks_give_the_pattern(preset):
    """Window by window, the places that are elements are the pattern's, both ways."""
    bound = understand(preset["state"]).map
    found = walks(bound)
    if len(bound.leaves) > 1:
        return
    for walk, matrix in zip(("forward", "backward"), (bound, None), strict=True):
        if not found[walk]:
            continue
        (one,) = found[walk]
        if one.get("folds"):
            continue
        pattern = (matrix or bound.T).pattern
        for row, output in enumerate(np.ndindex(*one["out_shape"])):
            reads = [axis[o] for axis, o in zip(one["reads"], output[1:], strict=True)]
            places = [
                np.ravel_multi_index((c, *at), one["shape"])
                for c in one["channels"][output[0]]
                for at in np.stack(np.meshgrid(*reads, indexing="ij"), -1).reshape(-1, len(reads))
            ]
            elements = sorted(one["element"][p] for p in places if one["element"][p] >= 0)
            ends = slice(pattern.indptr[row], pattern.indptr[row + 1])
            assert elements == sorted(pattern.indices[ends].tolist())


def test_the_articles_textbook_view():
    """Zeros between the elements and one around: the article's second figure."""
    (walk,) = walks(cm.conv2d(1, 1, 3, stride=2, padding=1).on(5, 5))["backward"]
    assert walk["shape"] == [1, 7, 7]
    grid = np.array(walk["element"]).reshape(7, 7)
    assert grid[1::2, 1::2].tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert (grid[::2] == -1).all()
    kinds = np.array(walk["zero"]).reshape(7, 7)
    assert (kinds[1:6, 1:6] == [[0, 1, 0, 1, 0], [1] * 5] * 2 + [[0, 1, 0, 1, 0]]).all()
    assert (kinds[0] == 2).all()
    assert (kinds[:, -1] == 2).all()


def test_proof_for_a_state():
    assert proof_for({"stride": "2", "weight": "1 2 3"})["holds"]
    assert "about a convolution" in proof_for({"kind": "relu"})["error"]
    assert not proof_for({"stride": "0"})["ok"]


# ------------------------------------------------------------------------- page and pictures


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


# ----------------------------------------------------------------------------- the command line


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
