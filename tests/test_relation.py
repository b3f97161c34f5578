"""The relation runs unchanged on ints, arrays and symbols, and its folds are NumPy's paddings."""

from __future__ import annotations

import random

import numpy as np
import pytest
import sympy
from bounds import within
from hypothesis import given
from hypothesis import strategies as st

import convmatrix as cm
from convmatrix.errors import GeometryError
from convmatrix.relation import FOLDS, Axis, mirrored, same_padding, source

NUMPY_MODES = {"circular": "wrap", "reflect": "reflect", "replicate": "edge"}


@st.composite
def axes(draw):
    mode = draw(st.sampled_from(list(FOLDS)))
    n = draw(st.integers(1, 9))
    most = n - 1 if mode == "reflect" else 5
    axis = Axis(
        n, draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(1, 3)),
        draw(st.integers(-1, most)), draw(st.integers(-1, most)), mode, draw(st.booleans()),
    )  # fmt: skip
    try:
        axis.check("axis 0")
    except GeometryError:
        return Axis(n)
    return axis


@given(axes())
def test_ints_arrays_and_symbols_agree(axis):
    o, t = sympy.symbols("o t", integer=True)
    symbolic = axis.read(o, t)
    grid = axis.read(*np.ix_(np.arange(axis.outputs), np.arange(axis.kernel)))
    for i in range(axis.outputs):
        for j in range(axis.kernel):
            assert axis.read(i, j) == grid[i, j] == symbolic.subs({o: i, t: j})


@given(axes())
def test_axis_is_windows_of_the_padded_input(axis):
    """Against np.pad and plain slicing, without the relation's arithmetic."""
    inputs = np.arange(axis.size)
    cut = inputs[max(0, -axis.before) : axis.size - max(0, -axis.after)]
    pads = (max(0, axis.before), max(0, axis.after))
    if axis.mode == "zeros":
        padded = np.pad(cut, pads, constant_values=-1)
    else:
        whole = np.pad(inputs, pads, mode=NUMPY_MODES[axis.mode])
        padded = whole[max(0, -axis.before) : len(whole) - max(0, -axis.after)]
    windows = [
        padded[start : start + axis.span : axis.dilation]
        for start in range(0, len(padded) - axis.span + 1, axis.stride)
    ]
    assert axis.outputs == len(windows)
    for o, window in enumerate(windows):
        taps = window[::-1] if axis.flip else window
        assert axis.inputs_of(o) == sorted((i, t) for t, i in enumerate(taps.tolist()) if i >= 0)
    assert axis.pairs == sum(len(axis.inputs_of(o)) for o in range(axis.outputs))
    for i in range(axis.size):
        feeds = [(o, t) for o in range(axis.outputs) for j, t in axis.inputs_of(o) if j == i]
        assert axis.outputs_of(i) == sorted(feeds)


def test_symbolic_sizes_are_the_guides_formulas():
    n, k, s, p, d = cm.symbols("n k s p d")
    axis = Axis(n, k, s, d, p, p)
    assert sympy.simplify(axis.outputs - (sympy.floor((n + 2 * p - d * (k - 1) - 1) / s) + 1)) == 0
    assert source(1, 2, stride=s, dilation=d, before=p) == s + 2 * d - p
    assert mirrored(0, k) == k - 1
    assert Axis(n, 3, before=1, after=1).outputs == n
    total = same_padding(n, kernel=k, stride=s, dilation=d)
    assert total.subs({n: 7, k: 3, s: 2, d: 1}) == same_padding(7, kernel=3, stride=2, dilation=1)


def test_guards_are_nonnegative_exactly_on_connections():
    axis = Axis(5, 3, 2, 1, 1, 1)
    for o in range(-1, 4):
        for t in range(-1, 4):
            live = 0 <= o < 3 and 0 <= t < 3 and 0 <= axis.source(o, t) < 5
            assert all(g >= 0 for g in axis.guards(o, t)) == live


@pytest.mark.parametrize(
    ("n", "s", "k", "d"), [(5, 2, 3, 1), (6, 2, 3, 1), (7, 3, 2, 2), (4, 5, 3, 1)]
)
def test_same_padding_is_tensorflows(n, s, k, d):
    total = same_padding(n, kernel=k, stride=s, dilation=d)
    assert total == max(0, (-(-n // s) - 1) * s + d * (k - 1) + 1 - n)


@pytest.mark.parametrize("mode", ["zeros", "circular", "reflect", "replicate"])
def test_counts_in_closed_form_are_those_of_a_list(mode):
    rng = random.Random(mode)
    for _ in range(3_000):
        pads = [rng.randint(-2 if mode == "zeros" else 0, 9) for _ in range(2)]
        size, kernel, stride, dilation = (rng.randint(1, most) for most in (9, 7, 4, 4))
        axis = Axis(size, kernel, stride, dilation, *pads, mode, rng.random() < 0.5)
        try:
            axis.check("axis")
        except cm.GeometryError:
            continue
        reads = [[axis.read(o, t) for t in range(kernel)] for o in range(axis.outputs)]
        assert axis.pairs == sum(0 <= i < size for read in reads for i in read)
        if axis.folds:
            assert axis.collides == any(len(set(read)) < len(read) for read in reads), axis
        for i in range(size):
            listed = [(o, t) for o, read in enumerate(reads) for t, j in enumerate(read) if i == j]
            assert axis.outputs_of(i) == listed


@pytest.mark.parametrize("mode", ["zeros", "circular", "reflect", "replicate"])
def test_counts_of_huge_axes_are_answered_at_once(mode):
    with within(2):
        axis = Axis(10**20, 10**9, 10**6 + 3, 7, 10**8, 10**8, mode)
        assert axis.pairs > 10**20
        assert not axis.collides or mode in ("reflect", "replicate")
        assert Axis(10**20, 3, 1, 1, 10**12, 10**12, mode).outputs_of(10**19) == [
            (10**19 + 10**12 - t, t) for t in (2, 1, 0)
        ]
