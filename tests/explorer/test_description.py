"""What the explorer tells of a map is the map's."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

import convmatrix as cm
from convmatrix.explorer.describe import describe
from convmatrix.explorer.live import proof_for, view
from convmatrix.explorer.part import part_of
from convmatrix.explorer.presets import PRESETS
from convmatrix.explorer.state import understand
from convmatrix.explorer.text import text
from convmatrix.explorer.walks import walks


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
