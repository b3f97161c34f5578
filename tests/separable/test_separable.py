"""Verdicts on one kernel known beforehand, and certificates checked on their own."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
import sympy
from separable_cases import (
    ONE_ULP,
    RANK_TWO_CUBE,
    a,
    check_certificate,
    g,
    imaginary,
    json_of,
    outer,
    root,
)

import convmatrix as cm

GAUSS = np.outer(g, g)


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
    assert cm.separability(bent, tolerance=1e-5).separable
    assert 1e-8 < cm.separability(bent).distance < 1e-5


def test_verdict_is_plain_data():

    for kernel, _, _ in KNOWN.values():
        if np.asarray(kernel).dtype.kind != "c":
            json.dumps(cm.separability(kernel).to_dict())


V = np.array([1.0, 2.0, 4.0])


MORE = {
    "matlab-gauss": (cm.kernels.gaussian(3, 0.5), True, 1),
    "matlab-logical": (np.ones((3, 4), bool), True, 1),
    "matlab-logical-not": (np.eye(3, dtype=bool), False, 3),
    "matlab-uint8": (np.full((2, 2), 255, np.uint8), True, 1),
    "scharr": (cm.kernels.scharr(), True, 1),
    "emboss": (cm.kernels.emboss(), False, 3),
    "sharpen": (cm.kernels.sharpen(), False, 2),
    "unsharp": (cm.kernels.unsharp(), False, 2),
    "laplacian-8": (cm.kernels.laplacian(8), False, 2),
    "gabor-slanted": (cm.kernels.gabor(9, theta=0.7), False, 2),
    "gabor-upright": (cm.kernels.gabor(9), True, 1),
    "motion-0": (cm.kernels.motion(5), True, 1),
    "motion-45": (cm.kernels.motion(5, 45), False, 5),
    "tiny": (np.outer(V, V) * 1e-12, True, 1),
    "large": (np.outer(V, V) * 1e12, True, 1),
    "tiny-not": (np.eye(3) * 1e-12, False, 3),
    "large-not": (np.eye(3) * 1e200, False, 3),
    "subnormal-not": (np.eye(2) * 5e-324, False, 2),
    "float16": (np.outer(V, V).astype(np.float16), True, 1),
    "long": (np.ones((1, 500)), True, 1),
    "symbols-zero": (np.array([[a - a, 0], [0, 0]]), True, 0),
    "numbers-in-sympy": (sympy.Matrix([[2, 4], [1, 2]]), True, 1),
}


@pytest.mark.parametrize("name", MORE)
def test_more_known_kernels(name):
    kernel, separable, rank = MORE[name]
    verdict = cm.separability(kernel)
    assert (verdict.separable, verdict.rank) == (separable, rank)
    check_certificate(kernel, verdict)


def test_float32_as_binary_fractions():
    kernel = np.outer(np.float32([1, 3]), np.float32([0.5, 0.25]))
    verdict = cm.separability(kernel, exact=True)
    assert verdict.separable
    assert verdict.exact
    assert [f.tolist() for f in verdict.factors] == [[Fraction(1, 4), Fraction(3, 4)], [2, 1]]


def test_floats_as_the_decimals_that_they_are_printed_as():
    kernel = [[0.1, 0.3], [0.3, 0.9]]
    assert not cm.separability(kernel, exact=True).separable
    assert cm.separability(kernel, exact="decimal").separable
    assert cm.separability(np.float32(kernel), exact="decimal").factors[1].tolist() == [1, 3]


def test_roots_do_not_make_floats_of_fractions():
    verdict = cm.separability([[3, 1, root]])
    assert (outer(verdict.factors) == np.array([[3, 1, root]])).all()
    assert not any(isinstance(v, float) for f in verdict.factors for v in f)
    kernel = np.array([[11, 3, 0], [99, 27, 0], [0, 0, root]], object)
    assert cm.separability(kernel).rank == 2
    left, right = cm.separability(kernel).rank_factors()
    assert all(sympy.simplify(v) == 0 for v in (left @ right - kernel).flat)
    assert cm.depthwise_separability(kernel.reshape(3, 1, 3), multiplier=2).separable
    odd = (3 + (1 + 3 * imaginary) * (1 - imaginary) + 1) / 7
    assert cm.separability([[odd, 1], [2 * odd, 2]]).factors is not None


def test_huge_numbers_stay_exact_and_print():
    assert not cm.separability([[2**63, -1], [2**63 + 1, -1]]).separable
    assert cm.separability([[2**63, -1], [2**64, -2]]).exact
    large = cm.separability([[10**5000, 1], [1, 1]])
    assert str(large)
    assert json_of(large)["minor"]["value"].startswith("0x")
    assert large.distance < 1e-9
    with pytest.raises(cm.WeightError, match="1e308"):
        large.terms(1)
    assert large.errors == (0, 0)
    tiny = cm.separability([[Fraction(1, 10**400), 0], [0, Fraction(1, 10**400)]])
    assert tiny.errors == pytest.approx((0.5**0.5, 0))
    assert cm.separability([[10**400 * root, 1], [1, 1]]).distance < 1e-9
    weight = np.array([[[10**400, 1], [1, 1]]], object).reshape(2, 1, 2)
    assert cm.depthwise_separability(weight).distance < 1e-9


def test_decimals_in_mixed_kernels():
    tenth = Fraction(1, 10)
    assert cm.separability([[tenth, 0.1], [0.1, tenth]], exact="decimal").separable
    verdict = cm.separability([[0.1, a], [0.2, 2 * a]], exact="decimal")
    assert (outer(verdict.factors) == [[tenth, a], [2 * tenth, 2 * a]]).all()


def test_tensors():
    torch = pytest.importorskip("torch")
    conv = torch.nn.Conv2d(2, 4, 3)
    assert cm.separability(conv.weight, axes=(-2, -1)).shape == (4, 2)
    assert cm.depthwise_separability(conv.weight).ranks.shape == (2,)
    assert cm.channel_groups(conv.weight.to(torch.bfloat16)).count == 1
    with torch.device("meta"):
        lazy = torch.nn.Conv2d(2, 4, 3)
    with pytest.raises(cm.WeightError, match="no array of numbers"):
        cm.read_layers(lazy)


def test_huge_exact_and_negative_kernels_have_a_distance():
    """Scaled by the largest size, not by the largest number."""
    for scale in (10**400, -(10**400)):
        kernel = np.diag([scale] * 3).astype(object)
        assert cm.separability(kernel).distance == pytest.approx(np.sqrt(2 / 3))
    assert cm.separability(-1e200 * np.eye(3)).distance == pytest.approx(np.sqrt(2 / 3))


def test_distance_of_complex_numbers_in_sympy():
    verdict = cm.separability([[sympy.I, 1], [1, 1]])
    assert (verdict.separable, verdict.rank) == (False, 2)
    assert verdict.distance == pytest.approx(np.sqrt((2 - np.sqrt(2)) / 4))


def test_no_cross_product_overflows():
    """Each of these is separable modulo 2**64."""
    for kernel in (2**32 * np.eye(2, dtype=int), -(2**32) * np.eye(2, dtype=int),
                   2**22 * RANK_TWO_CUBE):  # fmt: skip
        assert cm.separability(kernel).separable is False
        assert not cm.separability(kernel[None], axes=range(1, kernel.ndim + 1)).separable[0]


def test_numbers_in_text_and_data():
    halves = cm.separability([[Fraction(1, 2), 1], [Fraction(1, 2), 1]])
    assert halves.to_dict()["factors"] == [["1/2", "1/2"], [1, 2]]
    assert cm.separability([[Fraction(1, 2), 0], [0, 1]]).to_dict()["minor"]["value"] == "1/2"
    assert str(cm.separability(np.full((2, 1), 2 / 3))).startswith(
        "separable: [0.666667, 0.666667]ᵀ × [1]"
    )
    assert str(cm.separability([[2j / 3]])).startswith("separable: [0+0.666667j]ᵀ × [1+0j]")


def test_minors_of_floats_are_not_lost():
    plane = np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])
    minor = cm.separability(np.multiply.outer([1.0, 2, 1], plane)).minor
    assert minor.axis > 0
    assert abs(minor.value) >= 4
    for kernel, value in (-np.diag([0.0, 1, 1]), 1), ([[1.0, 1], [1, 0]], -1):
        assert cm.separability(kernel).minor.value == value


def test_options_of_a_verdict():
    assert cm.separability(np.ones((2, 2)), tolerance=0).tolerance == 0
    for axes in ((0, 0), (0, -3), 1):
        with pytest.raises(cm.WeightError, match="two or more different axes"):
            cm.separability(np.ones((2, 2, 2)), axes=axes)
    roots = cm.separability([[sympy.I, 1], [1, 1]])
    assert roots.singular_values == pytest.approx(np.sqrt([2 + np.sqrt(2), 2 - np.sqrt(2)]))
    assert roots.errors[0] == pytest.approx(roots.distance)
