"""Whatever a state asks for takes seconds and megabytes, or is refused in a line at once.

States are answered in children of one process, each with the address space and processor time that
the live page gives a question.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys

import numpy as np
import pytest

import convmatrix as cm
from convmatrix.explorer.describe import number
from convmatrix.explorer.live import start, view
from convmatrix.explorer.nursery import MEMORY
from convmatrix.words import KINDS

SECONDS = 5
"""Of processor time, a third of which is ample on a machine that is not busy."""

PROGRAM = f"""
import gc, json, os, resource, sys
from convmatrix.explorer.live import answered, proof_for, view
from convmatrix.explorer.nursery import _limit
view({{}}), proof_for({{}})
gc.collect(), gc.freeze()
for line in sys.stdin:
    sys.stdout.flush()
    if os.fork():
        if os.wait()[1]:
            print(json.dumps([False, "it died", {SECONDS}]))
        continue
    resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
    _limit({MEMORY})
    state, proof = json.loads(line)
    ok, text = answered(json.dumps(state).encode(), proof=proof)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    print(json.dumps([ok, json.loads(text).get("error") or "", used]), flush=True)
    os._exit(0)
"""


def answers(questions):
    """Whether each was well answered, the error, and processor seconds."""
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=600, check=True,
        input="".join(json.dumps(question) + "\n" for question in questions),
    )  # fmt: skip
    return [json.loads(line) for line in told.stdout.splitlines()]


def within_bounds(question, answer):
    """Nothing ended by a limit, nor by an error that nobody foresaw."""
    _, error, used = answer
    assert used < SECONDS, question
    assert "it died" not in error, question
    assert "cannot be shown" not in error, question
    assert "are available" not in error, question  # a refusal of its own, before memory is asked


def fractions(side, digits):
    numbers = (f"{7 * n + 1}/{10**digits - n}" for n in range(1, side * side + 1))
    return {"kernel": f"{side}", "input": f"{side}x{side}", "weight": " ".join(numbers)}


DEAR = [
    {"kernel": "120", "input": "120x120"},
    {"kernel": "120", "input": "1x5", "padding": "119"},
    {"kernel": "64", "input": "3x2", "padding": "63"},
    {"kernel": "180", "input": "180x180"},
    {"kernel": "999999", "input": "9999999"},
    {"kernel": "9999", "input": "50", "padding": "9998"},
    {"kernel": "7", "stride": "9999999", "padding": "6", "input": "30000",
     "in_channels": "120", "out_channels": "120", "groups": "120"},
    {"kind": "zero_insert", "stride": "99999999", "input": "5"},
    {"kind": "conv_transpose", "input": "4x5", "padding": "4", "dilation": "1000"},
    {"kind": "conv_transpose", "input": "1000x1000", "stride": "900"},
    {"kind": "depthwise", "input": "1x1x1", "kernel": "4", "padding": "8x777x777"},
    {"kind": "depthwise", "input": "16x8", "kernel": "16x8", "padding": "31x30000"},
    {"kind": "depthwise", "input": "4x4x4", "kernel": "7x100x1", "padding": "6x99x0",
     "in_channels": "1000"},
    {"kind": "pointwise", "input": "7x7", "padding": "777x5", "groups": "1000",
     "in_channels": "1000", "out_channels": "1000"},
    {"kind": "pointwise", "input": "3x3x3", "padding": "7x1x500", "in_channels": "999999"},
    {"kind": "spatially_separable", "input": "2000", "kernel": "2000", "in_channels": "500"},
    {"kind": "avg_pool", "input": "3", "kernel": "30000", "padding": "causal"},
    {"kind": "avg_pool", "input": "99999999", "kernel": "99999999"},
    {"kind": "avg_pool", "input": "2x2", "kernel": "1000", "padding": "999"},
    {"kind": "max_pool", "input": "100x8", "kernel": "777", "padding": "776"},
    {"kind": "upsample", "input": "99999", "padding_mode": "linear"},
    {"kind": "upsample", "input": "9999999"},
    {"kind": "upsample", "input": "8", "scale": "99999.9"},
    {"kind": "relu", "input": "5000x5000", "window": "0:1x0:5000x0:5000"},
    fractions(60, 12), fractions(30, 40),
    {"kernel": "1", "input": "1", "weight": "9" * 4000, "x": "9" * 4000},
]  # fmt: skip


@pytest.fixture(scope="module")
def dear():
    return answers([(state, False) for state in DEAR])


@pytest.mark.parametrize("place", range(len(DEAR)), ids=lambda n: str(DEAR[n])[:60])
def test_what_was_dear_is_bounded(dear, place):
    within_bounds(DEAR[place], dear[place])


COUNTS = [1, 2, 3, 5, 8, 16, 50, 64, 120, 777, 2000, 9999, 60000, 99999, 10**6 - 1, 99999999]


def a_state(rng):
    """Any words that a page could send, the numbers small or absurd."""

    def count():
        return rng.choice(COUNTS if rng.random() < 0.4 else COUNTS[:6])

    axes = rng.choice([1, 2, 2, 3])
    state = {"kind": rng.choice(list(KINDS)), "input": "x".join(str(count()) for _ in range(axes))}
    for word in ("kernel", "stride", "padding", "dilation", "output_padding"):
        if rng.random() < 0.4:
            state[word] = "x".join(str(count()) for _ in range(rng.choice([1, axes])))
    for word in ("in_channels", "out_channels", "groups"):
        if rng.random() < 0.3:
            state[word] = str(count())
    odd = {
        "padding_mode": ["circular", "reflect", "replicate", "linear", "\ud800"],
        "padding": ["same", "full", "causal", "1:2x3:4", "-1", "x"],
        "scale": ["1.5", "0.1", "99999.9", "nan", "1e9"],
        "weight": ["1", "1/3 2; 3 4", "9" * 5000, "1 | 2", "nan", "1e999", "\x00"],
        "window": ["0:1x0:8x0:8", "0:99999x0:9", "::", "0:1"],
        "flip": ["1"],
    }
    for word, values in odd.items():
        if rng.random() < 0.12:
            state[word] = rng.choice(values)
    return state


def test_any_words_are_answered_within_bounds():
    rng = random.Random(14)
    questions = [(a_state(rng), rng.random() < 0.15) for _ in range(200)]
    told = answers(questions)
    assert len(told) == len(questions)
    for question, answer in zip(questions, told, strict=True):
        within_bounds(question, answer)
    assert sum(ok for ok, _, _ in told) > 40  # it asks for what can be shown, too


def test_a_weight_that_is_held_already_may_be_large():
    weight = np.ones((512, 512, 3, 3), np.float32)
    state, own = start(cm.conv2d(512, 512, 3, weight=weight), 7, 7)
    assert view(state, own)["out_shape"] == [512, 5, 5]
    assert (
        "is resized"
        in view({"kind": "own", "input": "99999"}, cm.upsample(scale_factor=2, ndim=1))["error"]
    )


def test_integers_too_long_to_be_written_are_rounded():
    assert number(10**4000) == "1" + "0" * 4000
    assert number(-3 * 10**5000) == "-3.00000e+5000"
