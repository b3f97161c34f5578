"""The transforms of Winograd's F(m, r), as exact fractions: m outputs of a kernel of r taps.

A correlation is the transpose of a product of polynomials, and Toom and Cook multiply polynomials
of degrees m - 1 and r - 1 by their values at n = m + r - 1 points: here as many of 0, 1, -1, 2, -2,
1/2, -1/2 as are needed, and infinity. Small points keep the rounding small.

Sources: S. Winograd, *Arithmetic Complexity of Computations*, 1980; A. Lavin and S. Gray,
arXiv:1509.09308, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import prod

__all__ = ["TILES", "Matrix", "transforms"]

Matrix = list[list[Fraction]]

TILES = (
    (2, 2), (3, 2), (4, 2), (2, 3), (3, 3), (4, 3), (6, 3), (2, 4), (3, 4), (2, 5), (3, 5), (4, 5),
    (2, 7),
)  # fmt: skip
"""The (outputs m, taps r) that are used: eight points at most, for more of them round too much."""
POINTS = tuple(map(Fraction, ("0", "1", "-1", "2", "-2", "1/2", "-1/2")))


@lru_cache(maxsize=len(TILES))
def transforms(m: int, r: int) -> tuple[Matrix, Matrix, Matrix]:
    """Aᵀ `(m, n)`, G `(n, r)` and Bᵀ `(n, n)`, so that Aᵀ[(G g) ∘ (Bᵀ d)] is the correlation of n
    inputs d with r taps g."""
    points = POINTS[: m + r - 2]
    others = [[q for q in points if q != p] for p in points]
    at = [[*(p**i for p in points), Fraction(i == m - 1)] for i in range(m)]
    g = [
        [p**k / prod(p - q for q in rest) for k in range(r)]
        for p, rest in zip(points, others, strict=True)
    ]
    g.append([Fraction(k == r - 1) for k in range(r)])
    return at, g, [_polynomial(roots, m + r - 1) for roots in (*others, points)]


def _polynomial(roots: Sequence[Fraction], length: int) -> list[Fraction]:
    """The coefficients of the product of all x - root, the constant one first."""
    found = [Fraction(1)] + [Fraction(0)] * (length - 1)
    for root in roots:
        shifted = [Fraction(0), *found[:-1]]
        found = [a - root * b for a, b in zip(shifted, found, strict=True)]
    return found
