"""Separability: verdicts known beforehand, and certificates checked on their own."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import convmatrix as cm

g = np.exp(-(np.linspace(-2, 2, 5) ** 2))
GAUSS = np.outer(g, g)
ONE_ULP = np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
ONE_ULP[1, 1] = np.nextafter(ONE_ULP[1, 1], 9)

KNOWN = {
    "article": ([[3, 6, 9], [4, 8, 12], [5, 10, 15]], True, 1),
    "sobel": ([[1, 0, -1], [2, 0, -2], [1, 0, -1]], True, 1),
    "prewitt": ([[1, 1, 1], [0, 0, 0], [-1, -1, -1]], True, 1),
    "box": (np.ones((5, 5)), True, 1),
    "binomial": (np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]), True, 1),
    "laplacian": ([[0, 1, 0], [1, -4, 1], [0, 1, 0]], False, 2),
    "roberts": ([[1, 0], [0, -1]], False, 2),
    "identity": (np.eye(4, dtype=int), False, 4),
    "zero": (np.zeros((3, 3), int), True, 0),
    "zero-float": (np.zeros((3, 3)), True, 0),
    "row": ([[1, 2, 3]], True, 1),
    "column": ([[1], [0], [3]], True, 1),
    "single": ([[7]], True, 1),
    "negative": ([[-1, 2], [2, -4]], True, 1),
    "leading-zeros": ([[0, 0], [0, 5]], True, 1),
    "gauss-float": (GAUSS, True, 1),
    "gauss-tiny": (GAUSS * 1e-200, True, 1),
    "gauss-huge": (GAUSS * 1e200, True, 1),
    "gauss-float32": (GAUSS.astype("f4"), True, 1),
    "one-ulp-off": (ONE_ULP, True, 1),
    "complex": (np.outer([1, 1j], [2, 1 - 1j]), True, 1),
    "complex-not": (np.array([[1, 1j], [1j, 1]]), False, 2),
    "fractions": ([[Fraction(1, 3), Fraction(1, 2)], [Fraction(2, 3), Fraction(1)]], True, 1),
    "decimals": ([["0.1", "0.2"], ["0.2", "0.4"]], True, 1),
    "decimals-not": ([["0.1", "0.2"], ["0.2", "0.41"]], False, 2),
    "roots": ([[sympy.sqrt(2), 2], [1, sympy.sqrt(2)]], True, 1),
    "huge": ([[10**40, 10**41], [10**39, 10**40]], True, 1),
    "huge-not": ([[10**40, 10**41], [10**39, 10**40 + 1]], False, 2),
    "rank-two": (np.add.outer([0, 1, 2], [0, 5, 7]), False, 2),
    "cube": (np.multiply.outer(np.outer([1, 2], [3, 4, 5]), [1, -1]), True, 1),
    "cube-not": (np.arange(8).reshape(2, 2, 2), False, None),
}


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
        [Fraction(v) if isinstance(v, str) else v for v in table[r, list(m.columns)].tolist()]
        for r in m.rows
    )
    assert a * d - b * c == m.value != 0


@pytest.mark.parametrize("name", KNOWN)
def test_known_kernels(name):
    kernel, separable, rank = KNOWN[name]
    if name.startswith(("complex", "decimals", "roots", "huge")):
        kernel = np.array(kernel)
    verdict = cm.separability(kernel)
    assert (verdict.separable, verdict.rank) == (separable, rank)
    assert (verdict.factors is None) == (verdict.minor is not None)
    if not name.startswith("roots"):
        check_certificate(kernel, verdict)


def test_article_exactly():
    verdict = cm.separability([[3, 6, 9], [4, 8, 12], [5, 10, 15]])
    assert [f.tolist() for f in verdict.factors] == [[3, 4, 5], [1, 2, 3]]
    assert all(type(v) is int for f in verdict.factors for v in f.tolist())
    assert verdict.exact
    assert verdict.distance == 0


def test_floats_as_binary_fractions_are_not_what_people_mean():
    verdict = cm.separability(GAUSS, exact=True)
    assert (verdict.separable, verdict.exact, verdict.rank) == (False, True, 3)
    assert verdict.distance < 1e-15
    assert "exact" in verdict.method
    assert "tolerance" in cm.separability(GAUSS).method


def test_tolerance_is_relative_and_the_callers_to_loosen():
    bent = GAUSS + 1e-6 * np.eye(5)
    assert not cm.separability(bent).separable
    assert not cm.separability(bent * 1e-12).separable, "no absolute tolerance"
    assert cm.separability(bent, tol=1e-5).separable
    assert 1e-8 < cm.separability(bent).distance < 1e-5


@given(st.data())
def test_exact_verdict_is_the_rank_of_every_unfolding(data):
    shape = data.draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    entries = st.integers(-2, 2)
    if data.draw(st.booleans()):
        kernel = outer(
            [np.array(data.draw(st.lists(entries, min_size=n, max_size=n))) for n in shape]
        )
    else:
        flat = data.draw(
            st.lists(entries, min_size=int(np.prod(shape)), max_size=int(np.prod(shape)))
        )
        kernel = np.array(flat).reshape(shape)
    ranks = [
        sympy.Matrix(np.moveaxis(kernel, j, 0).reshape(n, -1).tolist()).rank()
        for j, n in enumerate(shape)
    ]
    verdict = cm.separability(kernel)
    assert verdict.separable == (max(ranks) <= 1)
    assert cm.separability(kernel.astype(float)).separable == verdict.separable
    check_certificate(kernel, verdict)
    if len(shape) == 2:
        assert verdict.rank == ranks[0]


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 2), st.integers(0, 2), st.data())
def test_matrix_of_a_separable_kernel_is_the_product_of_its_passes(h, w, stride, padding, data):
    draw = lambda n: data.draw(st.lists(st.integers(-5, 5), min_size=n, max_size=n))  # noqa: E731
    kernel = np.outer(draw(h), draw(w))
    factors = cm.separability(kernel).factors
    geometry = {"stride": stride, "padding": padding}
    whole = cm.conv2d(1, 1, (h, w), weight=kernel[None, None], **geometry).on(5, 6)
    passes = cm.spatially_separable(1, 1, factors, **geometry).on(5, 6)
    np.testing.assert_array_equal(passes.to_dense(), whole.to_dense())


def test_verdict_is_plain_data():
    import json

    for kernel, _, _ in KNOWN.values():
        if np.asarray(kernel).dtype.kind != "c":
            json.dumps(cm.separability(kernel).to_dict())
