"""Options: each is read by the verb and the kind of layer that has it; others refuse it."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import fields

import numpy as np
import pytest
from cli.complaints import complains

import convmatrix as cm
from convmatrix import cli
from convmatrix.words import Options, option
from convmatrix.words.kinds import KINDS

NEEDS = {"upsample": ["--scale", "2"], "pixel_unshuffle": ["--scale", "2"],
         "pixel_shuffle": ["--scale", "2"], "channel_shuffle": ["--groups", "2"],
         "pad": ["--padding", "1"]}  # fmt: skip
"""What a kind cannot do without."""

VALUES = {
    "kernel": "2", "stride": "2", "padding": "1", "dilation": "2", "padding_mode": "circular",
    "in_channels": "4", "out_channels": "3", "groups": "1", "multiplier": "2", "weight": "1 2; 3 4",
    "flip": None, "output_padding": "0", "scale": "3", "size": "9x9", "align_corners": None,
    "ceil_mode": None, "count_include_pad": None, "divisor_override": "5",
}  # fmt: skip
"""A value of every option that a kind may have; None of a flag."""


def typed(word):
    value = VALUES[word]
    return [option(word), *([] if value is None else [value])]


def test_every_option_is_tried():
    assert set(VALUES) == {f.name for f in fields(Options)} - {"kind", "input", "bias"}


@pytest.mark.parametrize("kind", KINDS)
def test_an_option_that_a_kind_does_not_have_is_refused(run, kind):
    reads = KINDS[kind].reads
    for word in set(VALUES) - set(reads):
        for verb in ("explore", "matrix", "graph"):
            result = run(verb, "--kind", kind, "--input", "6x6", *NEEDS.get(kind, []), *typed(word))
            complains(result, f"--kind {kind} does not take {option(word)}, which is for ")
            assert all(option(own) in result[2] for own in reads if own != "bias")


MADE = [
    ("--flip --weight '1 2; 3 4' --input 3x3",
     cm.conv2d(1, 1, 2, flip=True, weight=[[[[1, 2], [3, 4]]]]), (3, 3)),
    ("--groups 2 --in-channels 2 --out-channels 4 --dilation 2x1 --padding 1:2x0",
     cm.conv2d(2, 4, 3, groups=2, dilation=(2, 1), padding=((1, 2), 0)), (5, 5)),
    ("--mode reflect --padding 1 --stride 2x1",
     cm.conv2d(1, 1, 3, padding=1, padding_mode="reflect", stride=(2, 1)), (5, 5)),
    ("--kind conv_transpose --stride 2 --output-padding 1 --input 3x3",
     cm.conv_transpose2d(1, 1, 3, stride=2, output_padding=1), (3, 3)),
    ("--kind depthwise --in-channels 2 --multiplier 3", cm.depthwise(2, 3, multiplier=3), (5, 5)),
    ("--kind depthwise --in-channels 2 --multiplier 2 --input 9",
     cm.depthwise(2, 3, multiplier=2, ndim=1), (9,)),
    ("--kind depthwise_separable --in-channels 2 --out-channels 3 --multiplier 2 --padding same",
     cm.depthwise_separable(2, 3, 3, multiplier=2, padding="same"), (5, 5)),
    ("--kind avg_pool --ceil-mode --kernel 2", cm.avg_pool(2, ceil_mode=True), (5, 5)),
    ("--kind avg_pool --padding 1 --no-count-include-pad",
     cm.avg_pool(3, padding=1, count_include_pad=False), (5, 5)),
    ("--kind avg_pool --padding 1 --count-include-pad", cm.avg_pool(3, padding=1), (5, 5)),
    ("--kind avg_pool --divisor-override 5 --stride 1",
     cm.avg_pool(3, stride=1, divisor_override=5), (5, 5)),
    ("--kind max_pool --ceil-mode --kernel 2 --in-channels 2",
     cm.max_pool(2, ceil_mode=True, channels=2), (5, 5)),
    ("--kind upsample --size 7x8", cm.upsample(size=(7, 8)), (5, 5)),
    ("--kind upsample --size 7 --mode nearest-exact",
     cm.upsample(size=7, mode="nearest-exact", ndim=2), (5, 5)),
    ("--kind upsample --scale 1.5 --mode bilinear --align-corners",
     cm.upsample(scale_factor=1.5, mode="bilinear", align_corners=True), (5, 5)),
    ("--kind upsample --scale 2x3 --padding-mode linear",
     cm.upsample(scale_factor=(2, 3), mode="linear"), (5, 5)),
    ("--kind pad --padding 1x0:2 --mode circular",
     cm.pad((1, (0, 2)), mode="circular"), (5, 5)),
    ("--kind channel_shuffle --groups 2 --in-channels 4",
     cm.channel_shuffle(2, channels=4), (5, 5)),
]  # fmt: skip


@pytest.mark.parametrize(("words", "layer", "size"), MADE, ids=[words for words, *_ in MADE])
def test_an_option_means_what_it_means_in_python(run, words, layer, size):
    """Wherever a kind has an option, the map is the one that the maker makes with it."""
    expected = layer.on(*size)
    status, out, err = run("explore", "--json", *shlex.split(words))
    assert (status, err) == (0, "")
    seen = json.loads(out)
    assert (seen["in_shape"], seen["out_shape"]) == (
        list(expected.in_shape), list(expected.out_shape)
    )  # fmt: skip
    assert seen["connections"]["indices"] == expected.pattern.indices.tolist()
    if expected.is_linear and all(leaf.is_numeric for leaf in expected.leaves):
        numbers = json.loads(run("matrix", "--json", *shlex.split(words))[1])["data"]
        dense = np.zeros(expected.shape)
        pattern = expected.pattern
        rows = np.repeat(np.arange(expected.shape[0]), np.diff(pattern.indptr))
        np.add.at(dense, (rows, pattern.indices), np.asarray(numbers, float))
        np.testing.assert_allclose(dense, expected.to_dense().astype(float))


def test_a_mode_that_a_kind_does_not_know_is_refused(run):
    complains(run("explore", "--kind", "upsample", "--scale", 2, "--mode", "mirror"),
              "upsample mode must be one of", "'mirror'")  # fmt: skip
    complains(run("explore", "--kind", "upsample", "--scale", 2, "--mode", "zeros"),
              "upsample mode must be one of", "'zeros'")  # fmt: skip
    complains(run("explore", "--kind", "upsample", "--scale", 2, "--size", 4), "--scale", "--size")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--kernel 3x3 --input 28", "--kernel 3x3 is for 2 axes, the input 28 has 1 axis; "),
        ("--stride 2x2x2 --input 9x9", "--stride 2x2x2 is for 3 axes, the input 9x9 has 2 axes; "),
        ("--padding 1:2 --input 9x9", "--padding 1:2 is for 1 axis, the input 9x9 has 2 axes; "),
        ("--weight '1 2 3' --input 9x9", "--kernel 1x3"),
    ],
)
def test_words_for_other_axes_than_the_inputs(run, words, said):
    complains(run("explore", *shlex.split(words)), said)


@pytest.mark.parametrize(
    "words",
    [
        "matrix --format npz",
        "matrix --json -o m.npz --weight '1 2' --kernel 1x2",
        "graph --format csv",
        "graph --axis 1",
        "graph --merge",
        "graph --lazy -o g.csv",
        "graph --lazy --window 0:2x0:2",
        "graph --stats --view layered",
        "graph --stats --from 0,0,0",
        "graph --from 0,0,0 --merge",
        "explore --text --json",
        "explore --port 80 --json",
        "explore --port 80 -o page.html",
        "prove --list --kernel 3",
        "prove --kernel 3",
        "prove --method search",
        "prove --all --stride 2",
        "prove --all -o proof.json",
        "prove sizes --list",
        "prove sizes --all",
        "separable sobel --exact --decimal",
        "apply x.npy --json -o -",
    ],
)
def test_an_option_that_would_do_nothing_is_refused(run, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.ones((1, 5, 5)))
    complains(run(*shlex.split(words)), "does nothing", "leave it out")
    assert [p.name for p in tmp_path.iterdir()] == ["x.npy"]


def test_help_is_in_groups_and_has_examples_that_run(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for verb, command in cli.cli.commands.items():
        told = run(verb, "--help")[1]
        options = [param for param in command.params if param.opts[0].startswith("-")]
        assert all(spelled in told for param in options for spelled in param.opts)
        assert ("The layer:" in told) == any("--kernel" in param.opts for param in options)
        for line in re.findall(r"^ +convmatrix (.*)$", told, re.M):
            if "model" not in line and ".npy" not in line and ".png" not in line:
                assert run(*shlex.split(line))[0] == 0, line
    assert {p.name for p in tmp_path.iterdir()} == {"sobel.npz", "graph.graphml", "proof.json"}
