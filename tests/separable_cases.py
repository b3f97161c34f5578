"""Kernels and helpers that the tests of separability share."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import reduce

import numpy as np
import sympy

g = np.exp(-(np.linspace(-2, 2, 5) ** 2))

ONE_ULP = np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])

ONE_ULP[1, 1] = np.nextafter(ONE_ULP[1, 1], 9)


def outer(factors):
    return reduce(np.multiply.outer, factors)


def check_certificate(kernel, verdict):
    """Verify factors or minor without the code that found them."""
    array = np.asarray(kernel)
    if verdict.separable:
        product = outer([f.astype(complex) for f in verdict.factors])
        scale = np.abs(array.astype(complex)).max() or 1
        numbers = np.array([[complex(Fraction(v)) if isinstance(v, str) else complex(v)
                             for v in row] for row in array.reshape(len(array), -1)])  # fmt: skip
        scale = np.abs(numbers).max() or 1
        assert np.abs(product.reshape(numbers.shape) - numbers).max() <= 1e-6 * scale
        return
    m = verdict.minor
    table = np.moveaxis(array, m.axis, 0).reshape(array.shape[m.axis], -1)
    (a, b), (c, d) = (
        [
            Fraction(v) if isinstance(v, (str, float)) else v
            for v in table[r, list(m.columns)].tolist()
        ]
        for r in m.rows
    )
    assert m.value != 0 != a * d - b * c
    if verdict.exact or isinstance(a, complex):
        assert a * d - b * c == m.value
    else:
        assert abs(a * d - b * c - Fraction(m.value)) <= Fraction(1, 2**51) * (
            abs(a * d) + abs(b * c)
        )


a, b, c, d = sympy.symbols("a b c d")

RANK_TWO_CUBE = np.multiply.outer(np.eye(2, dtype=int), [1, 2])

root, imaginary = sympy.sqrt(2), sympy.I


def json_of(verdict):

    return json.loads(json.dumps(verdict.to_dict(), allow_nan=False))
