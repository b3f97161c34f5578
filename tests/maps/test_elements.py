"""The forms in which people name an element."""

from __future__ import annotations

import numpy as np
import pytest

import convmatrix as cm

ONE = cm.conv2d(1, 1, 3, stride=2, padding=1).on(5, 5)
TWO = cm.conv2d(2, 3, 3, padding=1).on(4, 4)
LINE = cm.conv1d(1, 1, 3).on(7)

SAME = [
    (ONE, (0, 1, 2), [(1, 2), (-1, 1, 2), (0, -2, -1), (-2, -1), 5, -4, np.int64(5), [0, 1, 2]]),
    (TWO, (2, 3, 1), [(-1, -1, 1), 45, -3, np.array([2, 3, 1])]),
    (LINE, (0, 4), [(4,), (-1,), 4, -1, (0, -1), (-1, -1)]),
]


@pytest.mark.parametrize(("a", "whole", "others"), SAME, ids=["one", "two", "line"])
def test_they_mean_the_same(a, whole, others):
    for given in others:
        assert a.inputs_of(given) == a.inputs_of(whole)
        assert a.T.outputs_of(given) == a.inputs_of(whole)
        assert a.reach(given, back=True) == a.reach(whole, back=True)
        (source, _), *_ = a.inputs_of(whole)
        assert a.path_count(source, given) == a.path_count(source, whole) == 1


def test_several_elements_may_be_named_in_several_ways():
    whole = ONE.reach([(0, 0, 0), (0, 4, 4)])
    assert ONE.reach([(0, 0), (-1, -1)]) == whole == ONE.reach([(0, 0, 0), (4, 4)])
    assert ONE.reach([]) == []


@pytest.mark.parametrize("given", [(3, 0), (0, -4, 0), (0, 0, 0, 0), (0,), (), (1, 0, 0)])
def test_what_is_outside_is_refused(given):
    for ask in (ONE.inputs_of, ONE.T.outputs_of, lambda e: ONE.reach(e or [()], back=True)):
        with pytest.raises(cm.ShapeError, match=r"is not in shape \(1, 3, 3\); use \(channel"):
            ask(given)


@pytest.mark.parametrize("given", [9, -10, 10**30])
def test_a_flat_index_outside_is_refused(given):
    with pytest.raises(cm.ShapeError, match=r"position\), or a flat index from 0 to 8$"):
        ONE.inputs_of(given)


def test_the_only_channel_of_several_is_not_guessed():
    with pytest.raises(cm.ShapeError, match="is not in shape"):
        TWO.inputs_of((1, 1))
