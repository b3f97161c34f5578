"""A state is words: layers as words and back, what is no state, commands and Python."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

import convmatrix as cm
from convmatrix.explorer.live import start, view, vocabulary
from convmatrix.explorer.presets import PRESETS
from convmatrix.explorer.spelling import command, python, state_of
from convmatrix.explorer.state import field_of, understand
from convmatrix.words import KINDS, USES

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
