"""Many kernels at once, against one by one."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
import sympy
from separable_cases import RANK_TWO_CUBE, a, b, c, d, json_of, outer

import convmatrix as cm


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (1, 4), (2, 2), (5, 5), (3, 2, 2), (7, 3)])
@pytest.mark.parametrize("dtype", ["f4", "f8", "c16"])
def test_a_stack_is_its_kernels_one_by_one(shape, dtype):
    rng = np.random.default_rng(1)
    stack = rng.standard_normal((4, 6, *shape)).astype(dtype)
    for j in range(6):  # separable, of rank 2, zero, nearly separable, and any
        stack[0, j] = outer([rng.standard_normal(n) for n in shape])
        stack[1, j] = outer([rng.standard_normal(n) for n in shape]) + stack[0, j]
        stack[2, j] = stack[0, j] + 1e-5 * stack[3, j]
    stack[3, 0] = 0
    verdict = cm.separability(stack, axes=tuple(range(-len(shape), 0)))
    assert verdict.separable.shape == verdict.rank.shape == verdict.distance.shape == (4, 6)
    assert verdict.separable[0].all()
    for i, j in np.ndindex(4, 6):
        single = cm.separability(stack[i, j])
        assert verdict.separable[i, j] == single.separable == verdict[i, j].separable
        assert verdict.rank[i, j] == max(single.ranks)
        assert abs(verdict.distance[i, j] - single.distance) < 1e-9
        if single.separable:
            product = outer([f[i, j] for f in verdict.factors])
            assert np.allclose(product, stack[i, j], rtol=0, atol=1e-5)
        else:
            assert all(np.isnan(f[i, j]).all() for f in verdict.factors)
        assert (verdict.minor[i, j] is None) == single.separable
        assert tuple(np.flatnonzero(verdict.split_axes[i, j])) == single.split_axes


def test_singular_values_of_many_kernels_against_lapack():
    rng = np.random.default_rng(2)
    stack = rng.standard_normal((5000, 3, 3)) * 10.0 ** rng.integers(-200, 200, (5000, 1, 1))
    stack[::7, 2] = stack[::7, 0] * (1 + 1e-9 * rng.standard_normal((715, 1)))
    stack[::11] = np.eye(3)
    found = cm.separability(stack, axes=(1, 2)).singular_values
    expected = np.linalg.svd(stack, compute_uv=False)
    assert (np.abs(found - expected) <= 1e-9 * expected[:, :1]).all()


def test_exact_stacks():
    stack = np.array([[[1, 2], [2, 4]], [[1, 0], [0, 1]], [[0, 0], [0, 0]], [[0, 3], [0, 6]]])
    for kernels in (stack, stack.astype(object) * 10**30, stack.astype(object) / Fraction(3)):
        verdict = cm.separability(kernels, axes=(-2, -1))
        assert verdict.exact
        assert verdict.separable.tolist() == [True, False, True, True]
        assert verdict.rank.tolist() == [1, 2, 0, 1]
        assert verdict.minor[1].value == kernels[1, 0, 0] ** 2
        assert (outer([f[3] for f in verdict.factors]) == kernels[3]).all()
    mixed = cm.separability(np.array([[[a, b], [a, b]], [[a, 1], [1, 1]]]), axes=(1, 2))
    assert mixed.separable.tolist() == [True, None]


def test_axes_may_be_anywhere():
    kernels = np.random.default_rng(3).integers(-2, 3, (3, 4, 3))  # the stack in the middle
    verdict = cm.separability(kernels, axes=(0, 2))
    assert verdict.shape == (4,)
    for j in range(4):
        assert verdict.separable[j] == cm.separability(kernels[:, j]).separable


def test_what_a_verdict_does_not_have():
    stack = cm.separability(np.ones((2, 3, 3)), axes=(1, 2))
    for ask in ("conditions", "ranks", "partition"):
        with pytest.raises(TypeError, match="one kernel"):
            getattr(stack, ask)
    with pytest.raises(TypeError, match="one kernel"):
        stack.terms()
    with pytest.raises(IndexError):
        stack[2]
    with pytest.raises(TypeError, match="only a stack"):
        cm.separability(np.ones((3, 3)))[0]
    with pytest.raises(cm.WeightError, match="two axes"):
        cm.separability(np.ones((2, 2, 2))).terms()
    with pytest.raises(cm.WeightError, match="symbols"):
        cm.separability([[a, b], [c, d]]).rank_factors()
    with pytest.raises(cm.WeightError, match="sum of separable layers"):
        cm.separability(np.eye(2)).layer()
    with pytest.raises(cm.WeightError, match="Kronecker"):
        cm.separability(np.eye(2)).kronecker(3, 3)
    with pytest.raises(cm.WeightError, match="1 or more"):
        cm.separability(np.eye(2)).terms(0)


@pytest.mark.parametrize("scale", [1e-200, 1, 1e200, np.longdouble("1e-4000"), np.float16(0.01)])
def test_scales_do_not_matter(scale):
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]) * scale
    verdict, plain = cm.separability(kernel), cm.separability(kernel[None], axes=(1, 2))
    assert not verdict.separable
    assert verdict.rank == plain.rank[0] == (3 if kernel.dtype == np.float16 else 2)
    assert verdict.errors[0] == pytest.approx(verdict.distance) == pytest.approx(0.1005, rel=0.01)
    assert plain.distance[0] == pytest.approx(verdict.distance)
    assert np.isfinite(verdict.singular_values).all()
    assert verdict.minor.value != 0
    if kernel.dtype == np.float64:
        assert len(verdict.terms()) == len(verdict.rank_factors()[1]) == 2
        row = cm.network_separability([cm.TrainedLayer("w", kernel[None, None])]).layers[0]
        assert (row.rank, row.numerically) == (2, 0)
    same = cm.separability(np.stack([np.ones((3, 3)) * scale]), axes=(1, 2))
    assert np.allclose((outer([f[0] for f in same.factors]) / scale).astype(float), 1, atol=1e-3)


def test_complex_numbers_of_any_size():
    c = 1.5e308 + 1.5e308j
    verdict = cm.separability(np.array([[c, 0], [0, c]]))
    assert (verdict.separable, verdict.rank) == (False, 2)
    assert cm.separability(np.array([[[c, 0], [0, c]]]), axes=(1, 2)).rank.tolist() == [2]
    assert cm.channel_groups(np.array([[[c], [0]], [[0], [c]]])).count == 2
    for scale in (1e-200, 1e200):
        value = cm.separability(np.array([[1, 0], [0, 1j]]) * scale).minor.value
        assert complex(sympy.N(value / Fraction(scale) ** 2)) == pytest.approx(1j)
        json_of(cm.separability(np.array([[1, 0], [0, 1j]]) * scale))


def test_nearly_equal_singular_values():
    kernel = np.outer([-2, -1, -1], [-2, -1, -1]) * 100 + np.eye(3)
    found = cm.separability(kernel[None], axes=(1, 2)).singular_values[0]
    assert found == pytest.approx(np.linalg.svd(kernel, compute_uv=False), rel=1e-9)
    rng = np.random.default_rng(7)
    left, right = (np.linalg.qr(rng.standard_normal((400, 3, 3)))[0] for _ in range(2))
    sizes = 10.0 ** -rng.uniform(0, 3, (400, 3))
    sizes[::2, 2] = sizes[::2, 1] * (1 + 1e-9 * rng.standard_normal(200))
    stack = left * np.sort(sizes)[:, None, ::-1] @ right
    found = cm.separability(stack, axes=(1, 2)).singular_values
    assert found == pytest.approx(np.linalg.svd(stack, compute_uv=False), rel=1e-8)


def test_stacks_of_kernels_that_are_all_inseparable():
    rng = np.random.default_rng(8)
    stack = cm.separability(rng.random((4, 3, 3)), axes=(1, 2))
    assert all(np.isnan(f).all() and f.shape == (4, 3) for f in stack.factors)
    for ask in (lambda: stack.errors, lambda: stack.terms(), lambda: stack.layer()):
        with pytest.raises((TypeError, cm.WeightError), match="one"):
            ask()
    with pytest.raises(cm.WeightError, match="Kronecker"):
        stack.kronecker(3, 3)


def test_later_changes_do_not_reach_a_verdict():
    kernels = np.ones((2, 2, 2))
    verdict = cm.separability(kernels, axes=(1, 2))
    kernels[0, 0, 0] = 5
    assert verdict[0].separable
    with pytest.raises(ValueError, match="read-only"):
        verdict.kernel[0, 0, 0] = 5


def test_default_tolerances():
    eps = np.finfo(float).eps
    assert cm.separability(np.ones((2, 7))).tolerance == 7 * eps
    assert cm.separability(np.ones((2, 7, 2, 3)), axes=(2, 3)).tolerance == 3 * eps
    assert cm.separability(np.ones((2, 3), np.longdouble)).tolerance == 3 * eps
    assert cm.separability(np.ones((3, 2), "f4")).tolerance == 3 * np.finfo("f4").eps
    for kernel in ([[1.0, 2.0]], [[0.0, 0.0], [0.0, 0.0]]):
        assert cm.separability(kernel, tolerance=0).separable
        assert cm.separability([kernel], axes=(1, 2), tolerance=0).separable.all()


@pytest.mark.parametrize("row", [[4, -1, -2], [-4, 1, 2], [1, -4, 2], [1, 4, -2]], ids=str)
def test_factors_of_floats_have_largest_entry_one(row):
    kernel = np.outer([1, 3], row).astype(np.float32)
    expected = np.divide(row, max(row, key=abs))
    for first, second in (
        cm.separability(kernel).factors,
        [f[0] for f in cm.separability(kernel[None], axes=(1, 2)).factors],
        [f[0] for f in cm.separability(kernel.T[None], axes=(2, 1)).factors],
    ):
        assert first.dtype == second.dtype == np.float32
        assert np.allclose(second, expected)
        assert np.allclose(np.outer(first, second), kernel)
    for factor in cm.separability(np.zeros((2, 3), "f4")).factors:
        assert factor.dtype == np.float32


def test_stacks_of_complex_kernels():
    rng = np.random.default_rng(7)
    stack = rng.standard_normal((5, 2, 3)) + 1j * rng.standard_normal((5, 2, 3))
    stack[0] = np.outer([1, 1j], [2, 1 - 1j, 3j])
    verdict = cm.separability(stack, axes=(1, 2))
    assert verdict.separable.tolist() == [True, *[False] * 4]
    assert np.allclose(np.outer(*(f[0] for f in verdict.factors)), stack[0])
    for j in range(5):
        assert verdict.distance[j] == pytest.approx(cm.separability(stack[j]).distance, abs=1e-12)


def test_stacks_of_special_kernels_do_not_warn():
    rng = np.random.default_rng(8)
    outers = np.einsum("ni,nj->nij", *rng.standard_normal((2, 200, 3)))
    turned = np.linalg.qr(rng.standard_normal((200, 3, 3)))[0]
    stack = np.concatenate([np.zeros((1, 3, 3)), np.eye(3)[None], outers, turned])
    with np.errstate(all="raise", under="ignore"):
        verdict = cm.separability(stack, axes=(1, 2))
        pairs = cm.separability(stack[:, :2], axes=(1, 2))
    assert verdict.rank.tolist() == [0, 3, *[1] * 200, *[3] * 200]
    assert pairs.rank.tolist() == [0, 2, *[1] * 200, *[2] * 200]


def test_tolerance_of_a_stack_is_relative_to_the_first_singular_value():
    bent = np.ones((4, 4)) + 0.1 * np.eye(4)  # σ₂/σ₁ = 0.024, the largest entry 1.1
    verdict = cm.separability(bent[None], axes=(1, 2), tolerance=0.05)
    assert (verdict.separable[0], verdict.rank[0]) == (True, 1)
    assert (verdict[0].separable, verdict[0].rank, verdict[0].tolerance) == (True, 1, 0.05)
    assert cm.separability(bent, tolerance=0.02).rank == 4


def test_stacks_with_symbols_have_factors_and_ranks_where_they_are_known():
    verdict = cm.separability(np.array([[[a, b], [a, b]], [[a, 1], [1, 1]]]), axes=(1, 2))
    assert [f[1].tolist() for f in verdict.factors] == [[None] * 2] * 2
    assert (outer([f[0] for f in verdict.factors]) == verdict.kernel[0]).all()
    assert verdict.rank.tolist() == [None, None]
    assert repr(verdict).startswith("Separability(1 of 2 kernels separable, shape=(2,)")


def test_kronecker_says_what_it_takes():
    with pytest.raises(cm.WeightError, match="give 2 sizes"):
        cm.separability(np.ones((2, 2))).kronecker(3)
    with pytest.raises(cm.WeightError, match="only a separable kernel's"):
        cm.separability(np.ones((2, 2, 2)), axes=(1, 2)).kronecker(3, 3)


def test_factors_of_odd_stacks():
    zero = cm.separability(np.zeros((2, 2, 3)), axes=(1, 2))
    assert not any(f.any() for f in zero.factors)
    half = cm.separability(np.ones((2, 2, 3), np.float16), axes=(1, 2))
    assert [f.dtype for f in half.factors] == [np.float16] * 2
    cube = cm.separability(RANK_TWO_CUBE[None].astype(float), axes=(1, 2, 3))
    assert not cube.separable[0]
    for kind in (int, Fraction):
        cubes = np.stack([RANK_TWO_CUBE.T, 0 * RANK_TWO_CUBE]) * kind(2)  # ranks 1, 2, 2
        exact = cm.separability(cubes, axes=(1, 2, 3))
        assert (exact.separable.dtype, exact.separable.tolist()) == (bool, [False, True])
        assert (exact.rank.dtype, exact.rank.tolist()) == (np.int64, [2, 0])
        assert [f[0].tolist() for f in exact.factors] == [[None] * 2] * 3


def test_pivots_of_exact_stacks():
    stack = np.array([-np.diag([0, 1, 1]), np.outer([0, 1, 2], [0, 0, -1])])
    assert cm.separability(stack, axes=(1, 2)).separable.tolist() == [False, True]
    assert cm.separability(stack[:, :2], axes=(1, 2)).separable.tolist() == [True, True]
    assert cm.separability([[[0, 0, 1], [0, 0, 2]]], axes=(1, 2)).separable.tolist() == [True]


def test_what_a_stack_does_not_have():
    stack = cm.separability(np.ones((2, 2, 2, 2)), axes=(1, 2, 3))
    with pytest.raises(IndexError, match="give 1 indices"):
        stack[0, 0]
    with pytest.raises(TypeError, match=r"no.* sequence"):
        list(stack)
    with pytest.raises(TypeError, match="one kernel"):
        stack.singular_values  # noqa: B018
    assert (stack.multiplications(), stack.multiplications(2), stack.break_even) == (8, 12, 1)
    assert cm.separability(np.ones((4, 4))).break_even == 1
    assert stack[-1].separable


def test_a_stack_in_text_and_data():

    for kind in (int, float, Fraction):
        stack = np.array([[[kind(1), kind(0)], [kind(0), kind(1)]], [[kind(1)] * 2] * 2])
        verdict = cm.separability(stack, axes=(1, 2))
        assert repr(verdict).startswith("Separability(1 of 2 kernels separable, shape=(2,), exact=")
        data = json.loads(json.dumps(verdict.to_dict()))
        assert (data["shape"], data["separable"], data["rank"]) == ([2], [False, True], [2, 1])
        assert data["distance"] == pytest.approx([np.sqrt(0.5), 0])


def test_factors_of_a_stack_with_no_separable_kernel():
    none = cm.separability(np.eye(2)[None], axes=(1, 2))
    assert all(np.isnan(f).all() for f in none.factors)


def test_a_stack_is_no_layer():
    stack = cm.separability(np.ones((2, 3, 3)), axes=(1, 2))
    with pytest.raises((TypeError, cm.WeightError), match="one kernel"):
        stack.layer()


def test_errors_of_a_stack():
    stack = cm.separability(np.ones((2, 3, 3)), axes=(1, 2))
    with pytest.raises(TypeError, match="one kernel"):
        _ = stack.errors
