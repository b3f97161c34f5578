"""Winograd's transforms, exactly."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from convmatrix.dense.winograd_tables import TRANSFORMS


@pytest.mark.parametrize(("m", "r"), TRANSFORMS)
def test_winograd_transforms_are_derived_again(m, r):
    """Toom and Cook at 0, 1, -1, 2, ...: AT evaluates, G divides by the products of differences,
    BT has the coefficients of the products; together they are the correlation, exactly."""
    half = Fraction(1, 2)
    points = [Fraction(p) for p in (0, 1, -1, 2, -2, half, -half)][: m + r - 2]
    n = m + r - 1

    def coefficients(roots):
        poly = [Fraction(1)]
        for root in roots:
            shifted = [Fraction(0), *poly]
            poly = [a - root * b for a, b in zip(shifted, [*poly, Fraction(0)], strict=True)]
        return poly + [Fraction(0)] * (n - len(poly))

    others = [[q for q in points if q != p] for p in points]
    at = [[*(p**i for p in points), Fraction(int(i == m - 1))] for i in range(m)]
    g = []
    for p, rest in zip(points, others, strict=True):
        scale = np.prod([p - q for q in rest], initial=Fraction(1))
        g.append([p**k / scale for k in range(r)])
    g.append([Fraction(int(k == r - 1)) for k in range(r)])
    bt = [*map(coefficients, others), coefficients(points)]
    assert TRANSFORMS[m, r] == tuple(tuple(map(tuple, matrix)) for matrix in (at, g, bt))
    for i, k, j in product(range(m), range(r), range(n)):
        total = sum(at[i][q] * g[q][k] * bt[q][j] for q in range(n))
        assert total == (j == i + k)
