"""Drawings asked for with the wrong thing, of the wrong size, or with names that are none."""

from __future__ import annotations

import pytest

import convmatrix as cm

pytest.importorskip("matplotlib")
draw = cm.draw
A = cm.conv2d(1, 1, 3).on(5, 5)


def test_a_picture_of_a_matrix_beyond_memory_is_refused_before_it_is_built():
    with pytest.raises(cm.TooLargeError, match=r"the picture of the matrix would .*smaller input"):
        draw.draw_matrix(cm.conv2d(1, 1, 3).on(10**4, 10**4))


@pytest.mark.parametrize("ask", [draw.draw_separable, draw.draw_singular_values])
def test_a_kernel_is_no_verdict(ask):
    with pytest.raises(cm.GeometryError, match=r"takes a verdict, got \[\[1\]\]; make one: separ"):
        ask([[1]])


def test_energies_are_of_a_report():
    with pytest.raises(cm.GeometryError, match="takes what network_separability gives, got 3"):
        draw.draw_energies(3)


@pytest.mark.parametrize("names", [{"inputs": {(0, 0, 0): "a"}}, 3, {(0, 0, 0): "a"}], ids=str)
@pytest.mark.parametrize("ask", [draw.draw_figure, draw.draw_grids])
def test_names_are_by_side(ask, names):
    with pytest.raises(cm.GeometryError, match="names are by side"):
        ask(A, names=names)
