"""Winograd's transforms, exactly."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from convmatrix.dense.winograd_transforms import TILES, transforms


@pytest.mark.parametrize(("m", "r"), TILES)
def test_winograd_transforms_are_the_correlation(m, r):
    at, g, bt = transforms(m, r)
    for i, k, j in product(range(m), range(r), range(m + r - 1)):
        total = sum(at[i][q] * g[q][k] * bt[q][j] for q in range(m + r - 1))
        assert total == (j == i + k)


def test_they_are_the_published_ones_but_for_signs():
    """F(2, 3) of Lavin and Gray, arXiv:1509.09308, section 4: what goes with one point may be
    scaled in two matrices by what cancels."""
    at = [[1, 1, 1, 0], [0, 1, -1, -1]]
    g = [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]
    bt = [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]]
    ours, theirs = (
        np.einsum("iq,qk,qj->qikj", *(np.array(matrix, float) for matrix in matrices))
        for matrices in (transforms(2, 3), (at, g, bt))
    )
    assert np.array_equal(ours, theirs)
