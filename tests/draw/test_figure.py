"""Goldens typed by hand: the article's figure (3×3, stride 2, padding 1, on 5×5)."""

from __future__ import annotations

import numpy as np
import pytest

import convmatrix as cm

CONV = cm.conv2d(1, 1, 3, stride=2, padding=1)
LETTERS = {"a": (0, 0, 0), "b": (0, 0, 1), "c": (0, 0, 2), "d": (0, 1, 1)}
NUMBERS = {"1": (0, 0, 0), "2": (0, 0, 1), "3": (0, 1, 0), "4": (0, 1, 1)}
FIGURE = {"a": "1", "b": "12", "c": "2", "d": "1234"}


def test_shapes():
    A = CONV.on(5, 5)
    assert (A.in_shape, A.out_shape, A.shape) == ((1, 5, 5), (1, 3, 3), (9, 25))
    assert A.nnz == 49


@pytest.mark.parametrize("letter", FIGURE)
def test_letters_meet_the_articles_numbers(letter):
    A = CONV.on(5, 5)
    meets = {NUMBERS[number] for number in FIGURE[letter]}
    assert {e for e, _ in A.outputs_of(LETTERS[letter])} == meets
    assert {e for e, _ in A.T.inputs_of(LETTERS[letter])} == meets
    graph = A.to_networkx()
    names = {"y_" + "_".join(map(str, e)) for e in meets}
    assert set(graph["x_" + "_".join(map(str, LETTERS[letter]))]) == names


def test_taps_of_the_first_outputs():
    A = CONV.on(5, 5)
    assert A.inputs_of((0, 0, 0)) == [
        ((0, 0, 0), 4),
        ((0, 0, 1), 5),
        ((0, 1, 0), 7),
        ((0, 1, 1), 8),
    ]
    assert A.outputs_of((0, 1, 1)) == [
        ((0, 0, 0), 8),
        ((0, 0, 1), 6),
        ((0, 1, 0), 2),
        ((0, 1, 1), 0),
    ]


def test_rows_of_the_matrix():
    w = np.arange(1, 10).reshape(1, 1, 3, 3)
    rows = CONV.with_weight(w).on(5, 5).to_dense()
    assert rows[0].tolist() == [5, 6, 0, 0, 0, 8, 9] + [0] * 18
    assert rows[1].tolist() == [0, 4, 5, 6, 0, 0, 7, 8, 9] + [0] * 16
    middle = [0] * 6 + [1, 2, 3, 0, 0, 4, 5, 6, 0, 0, 7, 8, 9] + [0] * 6
    assert rows[4].tolist() == middle
    assert rows[8].tolist() == [0] * 18 + [1, 2, 0, 0, 0, 4, 5]


def test_flip_by_hand():
    w = [[[1, 2, 3]]]
    assert cm.conv1d(1, 1, 3, weight=w, flip=True).on(4).to_dense().tolist() == [
        [3, 2, 1, 0],
        [0, 3, 2, 1],
    ]
    assert cm.conv1d(1, 1, 3, flip=True).on(3).inputs_of((0, 0)) == [
        ((0, 0), 2), ((0, 1), 1), ((0, 2), 0),
    ]  # fmt: skip


def test_transposed_by_hand():
    up = cm.conv_transpose1d(1, 1, 3, stride=2, padding=1, weight=[[[1, 2, 3]]])
    assert up.on(3).to_dense().tolist() == [
        [2, 0, 0],
        [3, 1, 0],
        [0, 2, 0],
        [0, 3, 1],
        [0, 0, 2],
    ]


def test_no_wrap_into_the_previous_row():
    """i = -1 is dropped before raveling: it is not the last element of the row above."""
    A = cm.conv2d(1, 1, 3, padding=1).on(3, 3)
    assert {e for e, _ in A.inputs_of((0, 1, 0))} == {(0, y, x) for y in range(3) for x in range(2)}


def test_weight_layouts():
    assert cm.conv2d(4, 6, (3, 5), groups=2).weight_shape == (6, 2, 3, 5)
    assert cm.conv_transpose2d(6, 4, (3, 5), groups=2).weight_shape == (6, 2, 3, 5)
    assert cm.depthwise(4, 3, multiplier=2).weight_shape == (8, 1, 3, 3)


def test_symbol_names():
    A = cm.conv1d(1, 1, 2).on(2)
    B = cm.conv1d(1, 1, 1).on(1)
    assert str(A.to_sympy()) == "Matrix([[w[0,0,0], w[0,0,1]]])"
    assert str((B @ A).to_sympy()) == "Matrix([[w1[0,0,0]*w2[0,0,0], w1[0,0,1]*w2[0,0,0]]])"
    assert str((A.T @ A).to_sympy()[0, 1]) == "w1[0,0,1]*w2[0,0,0]"


def test_padding_words():
    size = {w: cm.conv1d(1, 1, 4, stride=2, padding=w).output_size(7) for w in
            ("valid", "same", "same_lower", "full", "causal")}  # fmt: skip
    assert size == {"valid": (2,), "same": (4,), "same_lower": (4,), "full": (5,), "causal": (4,)}
    first = {w: cm.conv1d(1, 1, 4, padding=w).on(7).inputs_of((0, 0))[0] for w in
             ("same", "same_lower", "causal")}  # fmt: skip
    assert first == {"same": ((0, 0), 1), "same_lower": ((0, 0), 2), "causal": ((0, 0), 3)}


def test_output_padding_reaches_dilation_and_shrinks_the_trailing_padding():
    up = cm.conv_transpose1d(1, 1, 2, stride=1, dilation=3, output_padding=2)
    A = up.on(4)
    assert A.out_shape == (1, 9)
    conv, size = up.adjoint_of((4,))
    assert (conv.padding, size) == (((0, -2),), (9,))
    assert A.T.in_shape == (1, 9)
