"""Numbers that were rounded once: not separable as they are, and at which precision they are."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import reduce

import numpy as np
import pytest

import convmatrix as cm

x = np.arange(7) - 3
ROW = np.exp(-(x**2) / 3.0) / np.exp(-(x**2) / 3.0).sum()
GAUSS = np.outer(ROW, ROW)
DIRECT = np.exp(-np.add.outer(x**2, x**2).astype("f4") / np.float32(3))
NEAREST = {"float32": 24, "float16": 11, "bfloat16": 8}


def to_bits(kernel, bits):
    """Every entry to so many bits, written without the code that recognises them."""
    fraction, exponent = np.frexp(kernel)
    return np.ldexp(np.rint(np.ldexp(fraction, bits)), exponent - bits)


def to_digits(kernel, digits):
    return np.array([float(f"{v:.{digits - 1}e}") for v in kernel.flat]).reshape(kernel.shape)


ROUNDED = {
    "float32": lambda k: k.astype(np.float32).astype(float),
    "float16": lambda k: k.astype(np.float16).astype(float),
    "bfloat16": lambda k: to_bits(k, 8),
    "4 decimals": lambda k: np.round(k, 4),
    "6 decimals": lambda k: np.round(k, 6),
    "5 digits": lambda k: to_digits(k, 5),
}


@pytest.mark.parametrize("kernel", [
    GAUSS.astype(np.float32), DIRECT, DIRECT / DIRECT.sum(), -1e-9 * DIRECT, DIRECT[:, :2],
], ids=["product", "direct", "normed", "small", "narrow"])  # fmt: skip
def test_float32_through_json_is_separable_at_float32(kernel):
    assert cm.separability(kernel).holds_at == "float32"
    for stored in (
        np.array(json.loads(json.dumps(kernel.tolist()))),
        kernel.astype(str).astype(float),  # as float32 is printed
        np.vectorize(Fraction)(kernel.astype(float)),
    ):
        verdict = cm.separability(stored)
        assert (verdict.separable, verdict.holds_at) == (False, "float32")
        assert str(verdict).startswith("separable at float32 precision, not ")
        assert "holds_at='float32'" in repr(verdict)
        tolerance = float(str(verdict).partition("tolerance=")[2].split()[0])
        assert tolerance == pytest.approx(max(kernel.shape) * np.finfo(np.float32).eps, rel=0.06)
        again = cm.separability(stored, tolerance=tolerance)
        assert (again.separable, again.holds_at) == (True, "float32")
        assert len(again.factors) == 2


def test_a_condition_says_that_it_depends_on_the_precision():
    rounded = cm.separability(np.round(GAUSS, 4))
    with pytest.warns(
        UserWarning, match=r"^False, but .*\(4 decimals\); use tolerance=.* or \.holds_at"
    ):
        assert not rounded
    assert json.loads(json.dumps(rounded.to_dict()))["holds_at"] == "4 decimals"


@pytest.mark.parametrize("name", ROUNDED)
def test_rank_one_kernels_hold_at_what_they_were_rounded_to(name):
    rng = np.random.default_rng(1)
    for case in range(80):
        ndim = 3 if case % 4 == 3 else 2
        most = 32 if ndim == 2 else 7
        shape = (
            rng.integers(3, most, ndim) if case > 3 else [(3, 3), (3, 31), (31, 3), (31, 31)][case]
        )
        draw = rng.random if case % 2 else rng.standard_normal
        kernel = ROUNDED[name](reduce(np.multiply.outer, [0.2 + draw(n) for n in shape]))
        verdict = cm.separability(kernel)
        assert not verdict.separable
        found = verdict.holds_at
        if name[0].isdigit():  # several digits may say the same, and float32 has seven
            assert (found or "")[:1].isdigit() or found == "float32", (case, shape)
        else:
            assert found in (name, "float32"), (case, shape)
        assert cm.separability(
            kernel, tolerance=float(str(verdict).partition("tolerance=")[2].split()[0])
        )


@pytest.mark.parametrize("name", ROUNDED)
def test_rank_two_and_random_kernels_hold_at_nothing(name):
    rng = np.random.default_rng(2)
    for case in range(80):
        ndim = 3 if case % 4 == 3 else 2
        shape = rng.integers(3, 32 if ndim == 2 else 7, ndim)
        terms = [reduce(np.multiply.outer, [rng.standard_normal(n) for n in shape])
                 for _ in range(2)]  # fmt: skip
        for kernel in (sum(terms), rng.standard_normal(shape), terms[0] + 0.03 * terms[1]):
            verdict = cm.separability(ROUNDED[name](kernel))
            assert (verdict.separable, verdict.holds_at) == (False, None)
            assert str(verdict).startswith("not separable")


def test_two_by_two_kernels_of_few_digits_are_not_taken_for_separable():
    rng = np.random.default_rng(3)
    draws = rng.standard_normal((2000, 2, 2))
    assert not any(cm.separability(k).holds_at for k in draws)
    assert not any(cm.separability(ROUNDED["float32"](k)).holds_at for k in draws)
    few = [cm.separability(ROUNDED["float16"](k)).holds_at for k in draws]
    assert sum(map(bool, few)) <= 6, "about as often as chance says"
    assert not any(cm.separability(np.round(k, 1)).holds_at == "1 decimal" for k in draws)


@pytest.mark.parametrize("kernel", [
    [[100.0, 101], [101, 100]], [[1000.0, 1001, 1001], [1001, 1001, 1000], [1000, 1000, 1001]],
    np.array([[1000001.0, 1000002], [1000002, 1000003]]),
    1.0 + np.eye(31), 200.0 + np.eye(5), 127.0 + np.eye(31),
    200.0 + np.arange(961).reshape(31, 31) % 2,
], ids=str)  # fmt: skip
def test_integers_were_not_rounded(kernel):
    for given in (kernel, np.asarray(kernel).astype(object).astype(int)):
        verdict = cm.separability(given)
        assert (verdict.separable, verdict.holds_at) == (False, None)


def test_near_constant_kernels_are_judged_entry_by_entry():
    """Their norm is within the rounding, the entries are not."""
    rng = np.random.default_rng(4)
    for scale in (128, 1024):
        kernel = (100 + 4 * rng.integers(0, 2, (31, 31))) / scale
        assert cm.separability(kernel).holds_at is None


def test_the_precisions_of_what_is_separable():
    for dtype in (np.float32, np.float64, np.complex128):
        name = np.finfo(dtype).dtype.name
        assert cm.separability(np.ones((3, 3), dtype)).holds_at == name
    assert cm.separability(np.ones((3, 3), np.longdouble)).holds_at == "float64"
    assert cm.separability(np.ones((3, 3), int)).holds_at == "exact"
    assert cm.separability([["a", "b"], ["c", "1"]] and [[1, 2], [3, 4]]).holds_at is None
    bent = GAUSS + 1e-3 * np.eye(7) * np.pi
    loose = cm.separability(bent, tolerance=0.5)
    assert (loose.separable, loose.holds_at) == (True, None)
    assert cm.separability(GAUSS, exact=True).holds_at == "float64"
    assert str(cm.separability(GAUSS, exact=True)).startswith(
        "separable at float64 precision, not exactly: rows"
    )


def test_complex_kernels_and_bfloat16_in_float32():
    rng = np.random.default_rng(5)
    u, v = (rng.standard_normal(5) + 1j * rng.standard_normal(5) for _ in range(2))
    kernel = np.outer(u, v)
    assert cm.separability(kernel.astype(np.complex64).astype(complex)).holds_at == "float32"
    assert cm.separability(np.round(kernel, 4)).holds_at == "4 decimals"
    half = to_bits(np.outer(u.real, v.real), 8)
    assert cm.separability(half.astype(np.float32)).holds_at == "bfloat16"


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200, 1e300])
def test_scales_do_not_matter(scale):
    with np.errstate(all="raise", under="ignore"):
        verdict = cm.separability(to_digits(GAUSS * scale, 5))
        assert verdict.holds_at == "5 digits"
        assert cm.separability(scale * np.eye(2)).holds_at is None


def test_stacks_hold_kernel_by_kernel():
    rng = np.random.default_rng(6)
    kernels = np.stack([GAUSS, GAUSS.astype("f4"), np.round(GAUSS, 4), rng.random((7, 7)),
                        0 * GAUSS])  # fmt: skip
    verdict = cm.separability(kernels, axes=(1, 2))
    names = ["float64", "float32", "4 decimals", None, "float64"]
    assert verdict.separable.tolist() == [True, False, False, False, True]
    assert verdict.holds_at.tolist() == verdict.to_dict()["holds_at"] == names
    assert [verdict[j].holds_at for j in range(5)] == names
    line = str(verdict).splitlines()[1]
    assert line.startswith("  at the precision of their values  2 more (1 float32, 1 4 decimals)")
    tolerance = float(line.partition("tolerance=")[2])
    assert cm.separability(kernels, axes=(1, 2), tolerance=tolerance).separable.sum() == 4
    exact = cm.separability(np.vectorize(Fraction)(kernels), axes=(1, 2))
    assert exact.holds_at.tolist() == [*names[:4], "exact"]
    assert "precision" not in str(cm.separability(kernels[:1], axes=(1, 2)))


def test_a_tolerance_for_exact_numbers_is_used():
    nearly = [["1", "2"], ["2", "4.001"]]
    assert not cm.separability(nearly).separable
    verdict = cm.separability(nearly, tolerance=1e-3)
    assert (verdict.separable, verdict.exact, verdict.tolerance) == (True, False, 1e-3)
    assert cm.separability(nearly, tolerance=1e-6).separable is False
    assert cm.separability([nearly], axes=(1, 2), tolerance=1e-3).separable.all()
    assert cm.separability([[1, 2], [2, 4]], tolerance=0).exact, "nothing is allowed: exactly"
    import sympy

    with pytest.raises(cm.WeightError, match="tolerance needs numbers, the kernel has symbols"):
        cm.separability([[sympy.Symbol("a"), 1], [1, 1]], tolerance=0.1)
    with pytest.raises(cm.WeightError, match=r"exact=True leaves nothing to tolerance=0\.1"):
        cm.separability([[1.5, 1], [1, 1]], exact=True, tolerance=0.1)


# ----------------------------------------------------------------- weights without their axes


@pytest.mark.parametrize(("shape", "axes"), [
    ((32, 16, 3, 3), "axes=(-2, -1)"), ((4, 1, 3, 3), "axes=(-2, -1)"),
    ((64, 3, 7, 7), "axes=(-2, -1)"), ((8, 4, 1, 3), "axes=(-2, -1)"),
    ((3, 3, 16, 32), "axes=(0, 1)"), ((3, 3, 3, 64), "axes=(0, 1)"), ((3, 3, 8, 1), "axes=(0, 1)"),
    ((8, 4, 3, 3, 3), "axes=(-3, -2, -1)"), ((3, 3, 3, 4, 8), "axes=(0, 1, 2)"),
], ids=str)  # fmt: skip
def test_a_weight_is_not_judged_as_one_tensor(shape, axes):
    weight = np.random.default_rng(0).standard_normal(shape)
    whole = tuple(range(len(shape)))
    with pytest.raises(cm.ShapeError) as error:
        cm.separability(weight)
    assert axes in str(error.value)
    assert f"axes={whole}" in str(error.value)
    assert cm.separability(weight, axes=whole).separable is False
    assert "channels" not in str(cm.separability(weight, axes=whole))
    given = tuple(map(int, axes[6:-1].split(",")))
    assert cm.separability(weight, axes=given).shape


@pytest.mark.parametrize(
    "shape", [(2, 2, 2, 2), (3, 3, 3, 3), (3, 2, 1, 1), (2, 2, 3, 3), (2,) * 5]
)
def test_small_tensors_are_kernels_and_say_so(shape):
    tensor = np.random.default_rng(0).integers(-9, 9, shape)
    verdict = cm.separability(tensor)
    assert verdict.separable is False
    assert f"as one kernel of {len(shape)} axes; of a layer's weight axes=(-" in str(verdict)
    assert "axes" not in str(cm.separability(np.ones(shape))).replace("axes;", "")


def test_exact_numbers_beyond_floats_have_no_tolerance():
    for scale in (10**400, Fraction(1, 10**400)):
        with pytest.raises(cm.WeightError, match="beyond them; divide it"):
            cm.separability(np.array([[1, 2], [3, 4]], object) * scale, tolerance=0.1)
