"""What a verdict is good for: factors, sums, layers in series, Kronecker products."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from separable_cases import check_certificate, outer

import convmatrix as cm


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


@given(st.data())
def test_rank_factors_are_exact_and_least(data):
    m, n, r = (data.draw(st.integers(1, 5)) for _ in range(3))
    entry = st.integers(-4, 4)
    left = np.array([[data.draw(entry) for _ in range(r)] for _ in range(m)], object)
    right = np.array([[data.draw(entry) for _ in range(n)] for _ in range(r)], object)
    kernel = left @ right
    if data.draw(st.booleans()):
        kernel = kernel * Fraction(1, data.draw(st.integers(2, 6)))
    verdict = cm.separability(kernel.reshape(m, n) if min(m, n) > 1 else np.atleast_2d(kernel))
    columns, rows = verdict.rank_factors()
    assert verdict.rank == columns.shape[1] == len(rows)
    assert verdict.rank == sympy.Matrix(verdict.kernel.tolist()).rank()
    assert (columns @ rows == verdict.kernel).all() if verdict.rank else not verdict.kernel.any()
    if all(isinstance(v, int) for v in verdict.kernel.flat):
        assert all(isinstance(v, int) for f in (columns, rows) for v in f.flat)


def test_ranks_of_larger_matrices():
    rng = np.random.default_rng(4)
    full = rng.integers(-9, 10, (30, 40))
    assert cm.separability(full).rank == 30
    low = rng.integers(-9, 10, (30, 12)) @ rng.integers(-9, 10, (12, 40))
    assert cm.separability(low).rank == 12
    assert cm.separability(low.astype(object) * 10**25).rank == 12
    roots = np.array([[sympy.sqrt(2), 2], [1, sympy.sqrt(2)], [1, 1]], object)
    verdict = cm.separability(roots)
    columns, rows = verdict.rank_factors()
    assert verdict.rank == columns.shape[1] == 2
    assert all(sympy.simplify(v) == 0 for v in (columns @ rows - roots).flat)


@pytest.mark.parametrize("geometry", [{}, {"stride": 2, "padding": 1}, {"padding": "same"},
                                      {"dilation": (1, 2), "padding": 2,
                                       "padding_mode": "circular"}], ids=str)  # fmt: skip
def test_terms_add_up_to_the_kernel(geometry):
    for kernel in (cm.kernels.laplacian(8), cm.kernels.emboss(), cm.kernels.log(5, 0.8)):
        verdict = cm.separability(kernel)
        whole = cm.conv2d(1, 1, kernel.shape, weight=kernel[None, None], **geometry).on(7, 6)
        total = sum(term.on(7, 6).to_scipy() for term in verdict.terms(**geometry))
        off = np.abs((total - whole.to_scipy()).toarray()).max()
        assert off == 0 if verdict.exact else off <= 1e-14
        assert len(verdict.terms()) == verdict.rank
    gauss = cm.separability(cm.kernels.gabor(7, theta=0.4))
    one = gauss.terms(1)[0].on(7, 7).to_dense().reshape(7, 7)
    norm = np.linalg.norm(gauss.kernel)
    assert np.linalg.norm(one - gauss.kernel) / norm == pytest.approx(gauss.errors[0])
    assert gauss.errors[0] == pytest.approx(gauss.distance)
    assert gauss.errors[1] < 1e-12
    assert (gauss.multiplications(), gauss.multiplications(2), gauss.break_even) == (49, 28, 3)


KRONECKER = [
    {}, {"stride": (2, 3), "padding": 1}, {"padding": (2, 0), "dilation": 2},
    {"padding": 1, "padding_mode": "circular"}, {"padding": 2, "padding_mode": "reflect"},
    {"padding": "same"}, {"padding": "causal"},
]  # fmt: skip


@pytest.mark.parametrize("geometry", KRONECKER, ids=str)
def test_the_matrix_is_a_kronecker_product(geometry):
    kernel = np.outer([3, 0, 5], [1, 2, 3])
    verdict = cm.separability(kernel)
    whole = cm.conv2d(1, 1, 3, weight=kernel[None, None], **geometry).on(6, 7)
    column, row = verdict.kronecker(6, 7, **geometry)
    assert (np.kron(column.to_dense(), row.to_dense()) == whole.to_dense()).all()
    assert column.nnz * row.nnz == whole.nnz, "weights that are 0 are connections still"
    assert (verdict.layer(**geometry).on(6, 7).to_dense() == whole.to_dense()).all()
    cube = np.multiply.outer(kernel, [1, -1])
    maps = cm.separability(cube).kronecker((4, 3, 3))
    whole = cm.conv3d(1, 1, (3, 3, 2), weight=cube[None, None]).on(4, 3, 3)
    assert (reduce(np.kron, [m.to_dense() for m in maps]) == whole.to_dense()).all()


def test_ranks_where_remainders_mislead():
    assert cm.separability(2_147_483_629 * np.eye(9, dtype=int)).rank == 9
    assert cm.separability(np.diag([1] * 8 + [0])).rank == 8


def test_factors_have_the_first_entry_s_sign_in_the_first():
    for kernel, left, right in (
        ([[-1, 2], [2, -4]], [-1, 2], [1, -2]),
        ([[0, 2], [0, 4]], [2, 4], [0, 1]),
    ):
        assert [f.tolist() for f in cm.separability(kernel).factors] == [left, right]


def test_an_axis_of_length_one_always_splits_off():
    assert cm.separability(np.eye(2)[None], tolerance=0).partition == ((0,), (1, 2))


def test_a_layer_has_its_bias_once():
    kernel = np.outer([1, 2], [3, 4])
    x = np.arange(9).reshape(1, 3, 3)
    whole = cm.conv2d(1, 1, 2, weight=kernel[None, None], bias=[5])
    assert (cm.separability(kernel).layer(bias=[5])(x) == whole(x)).all()


def test_errors_of_exact_kernels_end_in_zeros():
    assert cm.separability([[3, 6, 9], [4, 8, 12], [5, 10, 15]]).errors == (0, 0, 0)
    assert cm.separability(cm.kernels.laplacian(8)).errors[1:] == (0, 0)
    assert cm.separability(np.zeros((2, 2), int)).errors == (0, 0)
    assert cm.separability(np.zeros((2, 2))).errors == (0, 0)


def test_terms_of_exact_kernels_are_exact_from_the_rank_on():
    verdict = cm.separability([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    for r in (2, np.int64(3)):
        terms = verdict.terms(r)
        total = sum(term.on(3, 3).to_dense() for term in terms)
        assert (len(terms), total.dtype.kind) == (2, "i")
        assert total.reshape(3, 3).tolist() == verdict.kernel.tolist()
    with pytest.raises(cm.WeightError, match="number of terms"):
        verdict.terms(1.5)
    kernel = np.random.default_rng(9).standard_normal((2, 3))
    columns, rows = cm.separability(kernel).rank_factors()
    assert np.allclose(columns @ rows, kernel)


def test_a_layer_that_splits_partly_has_its_bias_once():
    video = np.multiply.outer([1, 2], np.eye(2, dtype=int))
    x = np.arange(27).reshape(1, 3, 3, 3)
    whole = cm.conv3d(1, 1, 2, weight=video[None, None], bias=[5])
    assert (cm.separability(video).layer(bias=[5])(x) == whole(x)).all()
