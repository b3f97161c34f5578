"""Random command lines: each is answered, or refused in a line by an error that was foreseen, in
little time, and leaves no half of a file."""

from __future__ import annotations

import io
import json
import random
import re
import shlex
import sys
import warnings
from collections import Counter
from itertools import islice

import click
import matplotlib.pyplot as plt
import numpy as np
import pytest
from bounds import within
from PIL import Image

import convmatrix as cm
from convmatrix import cli
from convmatrix.errors import ConvMatrixError
from convmatrix.words.kinds import KINDS
from convmatrix.writers import GRAPH_FORMATS, MATRIX_FORMATS

LINES, PARTS, SEED, SECONDS = 1500, 6, 14, 6

HUGE = str(10**39)
ODD = [
    "", " ", "0", "-1", "1e400", "nan", "inf", "-0.5", HUGE, "9" * 5000, str(2**63), "é→ψ",
    "\x1b[2J", "\udcff", "0x2", "a\nb", "\ud800", "x" * 300, "1x", "x", ":", "1:2:3", ",",
    "-", "--", "-h", "null", "[[]]",
    "[" * 2000, '{"a": [1]}', "[[1, null]]", "folder", "none.npz", "none/x.npy", "junk.onnx", "١",
    "/dev/null", "../x", "~", "%s%n", "$HOME", "search", "1 2; 3", "True",
]  # fmt: skip
"""What no option is made for."""

COUNTS = ["1", "2", "2", "4", "6"]
AXES = ["1", "2", "3", *"12", *"12", "2x1", "1x2", "2x2x2", "1000", "1000000"]
SIZES = [
    "5",
    "6x6",
    "5x7",
    "9x9",
    "7x7",
    "4x4x4",
    "1x9",
    "28x28",
    "300",
    "3000x3000",
    "1000000x1000000",
]
MODES = ["zeros", "circular", "reflect", "replicate", "nearest", "nearest-exact", "linear"]
KERNELS = [
    "1 0 -1; 2 0 -2; 1 0 -1", "3 6 9; 4 8 12; 5 10 15", "1 2; 2 5", "1 2 1", "1/2 1/3",
    "[[1, 2.5]]", "sobel", "Sobel", "sobell", "gaussian:5", "gaussian:5:1.2", "gabor", "box:2",
    "gaussian:4097",
    "k.npy", "k.csv", "k.json", "f16.npy", "many.npy", "complex.npy", "words.npy", "empty.npy",
    "1 2 | 3 4", "1 | sobel",
]  # fmt: skip
MODELS = [
    *["m.npz", "two.npz", "m.onnx"] * 3,
    "junk.onnx",
    "junk.npz",
    "junk.pt",
    "junk.safetensors",
]
INPUTS = [*["grey.png", "colour.png", "deep.png", "x.npy"] * 3, "line.npy", "many.npy",
          "complex.npy", "empty.npy", "words.npy", "junk.npy", "junk.png", "f16.npy"]  # fmt: skip
ELEMENTS = ["0,0,0", "0,1,1", "x_0_1_1", "y_0_0_0", "0", "0,0", "-1,-1,-1", "9,9,9", "0_0"]
FORMATS = [*GRAPH_FORMATS, *MATRIX_FORMATS, "csv.gz", "html"]
FILES = [*(f"out.{kind}" for kind in FORMATS), *FORMATS, "-", "out.smt2", "none/out.npz"]

VALUES = {
    "kind": [*KINDS, "conv2d", "transposed", "conv-transpose"], "input": SIZES, "size": SIZES,
    "kernel": AXES, "stride": AXES, "dilation": AXES, "output_padding": ["0", "1", "1x0"],
    "padding": [*AXES, "same", "valid", "full", "causal", "same_lower", "1:2x0:1", "0:1"],
    "padding_mode": MODES, "in_channels": COUNTS, "out_channels": COUNTS, "groups": COUNTS,
    "multiplier": COUNTS, "divisor_override": COUNTS, "scale": ["2", "1.5", "2x3", "0.5", "1e9"],
    "weight": KERNELS, "bias": ["1", "0.5 1", "k.npy", "1 2; 3 4"], "output": FILES, "plot": FILES,
    "csv": FILES, "smtlib": FILES, "format": FORMATS, "view": ["bipartite", "layered", "channels",
    "axis"], "axis": ["0", "1", "2"], "window": ["0:2x0:2", "0:2", "1:3x0:1x0:1", "5:2x0:1"],
    "source": ELEMENTS, "sink": ELEMENTS, "model": MODELS, "layer": ["conv", "a", "b", "dense"],
    "port": ["0", "80"], "method": ["auto", "auto", "certificate", "presburger"],
    "name": list(cm.catalogue()),
    "certificate": ["proof.json", "proof.json", "torn.json", "x.npy", "m.npz"],
    "kernel_argument": [*KERNELS, *MODELS], "tol": ["0", "1e-6", "0.5"], "axes": ["-2,-1", "0,1"],
    "layout": ["OIHW", "HWIO", "CHW", "HWC", "NCHW", "HW", "L", "CDHW"],
    "clip": ["0:255", "0:1", "1:0"], "depth": ["1", "8", "16", "float"], "via": ["dense", "matrix"],
    "source_argument": INPUTS,
}  # fmt: skip
"""What the options and arguments are made for, by their names in Python."""

DEAR = ["prove_all"]
"""Options that are right and take their time; tried elsewhere."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Arrays, pictures, models and certificates, good and bad."""
    place = tmp_path_factory.mktemp("fuzz")
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(2, 7, 8)), "line": np.arange(9), "empty": np.ones((0, 3)),
              "many": rng.normal(size=(4, 2, 3, 3)), "k": np.outer([1, 2], [3, 4]),
              "f16": np.ones((3, 3), np.float16), "complex": np.eye(3) * 1j,
              "words": np.array([["a", "b"]])}  # fmt: skip
    for name, array in arrays.items():
        np.save(place / f"{name}.npy", array)
    np.savez(place / "m.npz", **{"conv.weight": arrays["many"]})
    np.savez(place / "two.npz", a=arrays["many"], b=np.ones((2, 1, 3), np.float32))
    for kind in ("npy", "png", "onnx", "npz", "pt", "safetensors"):
        (place / f"junk.{kind}").write_bytes(rng.bytes(300))
    (place / "k.csv").write_text("1,2\n3,4\n")
    (place / "k.json").write_text("[[1, 2], [2, 4]]")
    (place / "folder").mkdir()
    picture = rng.integers(0, 256, (6, 9, 3), dtype=np.uint8)
    Image.fromarray(picture).save(place / "colour.png")
    Image.fromarray(picture[..., 0]).save(place / "grey.png")
    Image.fromarray(picture[..., 0].astype(np.uint16) * 200).save(place / "deep.png")
    proof = cm.prove("sizes").certificate.to_json()
    (place / "proof.json").write_text(proof)
    (place / "torn.json").write_text(proof[: len(proof) // 2])
    if onnx := _onnx():
        (place / "m.onnx").write_bytes(onnx)
    return place


def _onnx():
    try:
        from onnx import TensorProto, helper, numpy_helper
    except ImportError:
        return None
    weight = numpy_helper.from_array(np.ones((2, 1, 3, 3), np.float32), "w")
    node = helper.make_node("Conv", ["x", "w"], ["y"], name="conv", strides=[2, 2])
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in "xy"]
    graph = helper.make_graph([node], "g", ends[:1], ends[1:], [weight])
    return helper.make_model(graph).SerializeToString()


VERBS = [verb for verb in cli.cli.commands if verb != "check"]


def value(rng, param, odd):
    """A value of an option or argument."""
    if rng.random() < odd:
        return rng.choice(ODD)
    own = f"{param.name}_argument" if isinstance(param, click.Argument) else param.name
    return rng.choice(VALUES[own if own in VALUES else param.name])


def command_line(rng):
    """A verb with some of its options; half of the lines are such that might be meant."""
    verb = rng.choice([*VERBS, *cli.cli.commands] * 9 + ["", "x", "-h"])
    if verb not in cli.cli.commands:
        return [verb]
    wild = rng.random() < 0.5
    words, kind = [verb], rng.choice(["conv"] * 9 + ["upsample"] * 2 + [*KINDS])
    own = {*KINDS[kind].reads, "input"}
    odd, foreign, likely = (0.15, 0.04, 0.2) if wild else (0.01, 0, 0.12)
    params = [p for p in cli.cli.commands[verb].params if p.name not in DEAR]
    rng.shuffle(params)
    for param in params:
        chance = likely if param.name in own or param.name not in GEOMETRY else foreign
        chance = SELDOM if (verb, param.name) in RARE else chance
        chance = 0.8 if param.name == "scale" and "scale" in own else chance
        if param.name == "kind" and kind != "conv" and verb in HAVE_KINDS:
            words += ["--kind", value(rng, param, 1) if rng.random() < 0.05 else kind]
        elif isinstance(param, click.Argument):
            if param.required or rng.random() < (0.9 if param.name == "name" else likely):
                words.append(value(rng, param, odd))
        elif rng.random() < chance:
            spelled = rng.choice([*param.opts, *param.secondary_opts])
            words += [spelled] if param.is_flag else [spelled, value(rng, param, odd)]
    if set(words) & {"-o", "--output", "--json"}:  # all of it is written, which may well take long
        words = [re.sub(r"(?<!\d)\d{4,9}(?!\d)", "99", word) for word in words]
    return words


SELDOM = 0.03
RARE = {("explore", "output"), ("graph", "axis"), ("graph", "merge"), ("separable", "csv"),
        ("separable", "layout"), ("prove", "show_list"), ("graph", "format"), ("matrix", "format"),
        *((verb, "layer") for verb in ("explore", "matrix", "graph", "apply")),
        *((verb, "model") for verb in ("explore", "matrix", "graph"))}  # fmt: skip
"""Options that belong to few lines; and a page, whose answers take some time."""

HAVE_KINDS = {"explore", "matrix", "graph", "apply", "prove"}
GEOMETRY = {"kind", "input", "kernel", "stride", "dilation", "padding", "padding_mode", "groups",
            "in_channels", "out_channels", "multiplier", "weight", "bias", "scale", "size",
            "output_padding", "flip", "align_corners", "ceil_mode", "count_include_pad",
            "divisor_override"}  # fmt: skip


def lines(part):
    """The command lines of a part."""
    rng = random.Random(SEED + part)
    return [command_line(rng) for _ in range(LINES // PARTS)]


def outcome(words, monkeypatch):
    """The exit status, below the net of `main` for what was not foreseen."""
    streams = {name: io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")
               for name in ("stdout", "stderr")}  # fmt: skip
    with monkeypatch.context() as patch, within(SECONDS, work=True):
        for name, stream in streams.items():
            patch.setattr(sys, name, stream)
        patch.setattr(sys, "stdin", io.StringIO("{}"))
        try:
            return cli._run([*words])
        except (click.ClickException, ConvMatrixError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            said = error.format_message() if isinstance(error, click.ClickException) else str(error)
            assert said.strip()
            return 2


def contents(place):
    return {p.name: p.read_bytes() for p in place.iterdir() if p.is_file()}


@pytest.mark.parametrize("part", range(PARTS))
def test_random_command_lines(folder, monkeypatch, part):
    from convmatrix.explorer import server
    from convmatrix.explorer.page import _states

    def serve(*_, **__):
        raise click.ClickException("the fuzz serves nothing")

    monkeypatch.chdir(folder)
    monkeypatch.setattr(server, "serve", serve)
    monkeypatch.setattr("webbrowser.open", lambda *_: True)
    monkeypatch.setattr(sys.modules[_states.__module__], "_states", lambda s: islice(_states(s), 1))
    statuses, before = Counter(), contents(folder)
    for words in lines(part):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                status = outcome(words, monkeypatch)
            except BaseException as error:
                raise AssertionError(f"{type(error).__name__} of {shlex.join(words)}") from error
        plt.close("all")
        assert status in (0, 1, 2), words
        statuses[status] += 1
        for name in set(contents(folder)) - set(before):
            assert status != 2, words
            assert whole(folder / name), words
            (folder / name).unlink()
        assert contents(folder) == before, words
    assert min(statuses[0], statuses[2]) > LINES / PARTS / 8, statuses


def whole(path):
    """Whether a file ends as one of its kind does, as far as that is seen from outside."""
    data = path.read_bytes()
    if data.startswith(b"{"):
        json.loads(data)
    ends = {b"<?xml": b">\n", b"<!doctype html": b"</html>\n", b"\x89PNG": b"IEND\xaeB`\x82"}
    end = next((end for start, end in ends.items() if data.startswith(start)), b"")
    return bool(data) and data.endswith(end) and not path.name.startswith(".")


def test_every_verb_and_option_is_tried():
    every = [words for part in range(PARTS) for words in lines(part)]
    assert len(every) == LINES
    tried = {(words[0], word) for words in every for word in words[1:]}
    for verb, command in cli.cli.commands.items():
        for param in command.params:
            if param.name not in DEAR and isinstance(param, click.Option):
                assert tried & {(verb, spelled) for spelled in param.opts}, (verb, param.name)
