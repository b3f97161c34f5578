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


# ------------------------------------------------------------------------- more known kernels

a, b, c, d = sympy.symbols("a b c d")
p, q = sympy.symbols("p q", positive=True)
V = np.array([1.0, 2.0, 4.0])
RANK_TWO_CUBE = np.multiply.outer(np.eye(2, dtype=int), [1, 2])

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


# ------------------------------------------------------------------------------------ symbols


def test_symbols_by_the_polynomials_that_must_vanish():
    verdict = cm.separability([[a, b], [c, d]])
    assert (verdict.separable, verdict.exact, verdict.rank) == (None, True, None)
    assert verdict.conditions == (a * d - b * c,)
    assert verdict.minor.value == a * d - b * c
    assert np.isnan(verdict.distance)
    assert "separable where  a*d - b*c = 0" in str(verdict)
    assert cm.separability([[a * c, a * d], [b * c, b * d]]).separable
    assert cm.separability([[(a + b) ** 2, a + b], [a + b, 1]]).separable
    assert cm.separability([[sympy.sin(a) ** 2 + sympy.cos(a) ** 2, 1], [1, 1]]).separable


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        ([[p, -q], [q, p]], False),  # p² + q² is positive
        ([[p, q], [q, p]], None),
        ([[a, 1], [0, 1]], None),
        ([[p, 1], [0, 1]], False),
        ([[1, a, a], [1, 0, 1]], False),  # a = 0 and a = 1
        ([[a, 0, 0], [0, 0, 0]], True),
        ([[0, a], [b, 0]], None),
        ([[a**2 + 1, 0], [0, 1]], None),  # a may be i
        ([[sympy.Symbol("r", real=True) ** 2 + 1, 0], [0, 1]], False),
        ([[sympy.Symbol("z", zero=True), 1], [0, 1]], True),
    ],
    ids=str,
)
def test_symbols_under_assumptions(kernel, expected):
    verdict = cm.separability(kernel)
    assert verdict.separable is expected
    assert (verdict.factors is None) == (not expected)
    if expected:
        product = outer(verdict.factors)
        assert all(
            sympy.simplify(x - y) == 0
            for x, y in zip(product.flat, np.array(kernel).flat, strict=True)
        )


@given(st.data())
def test_conditions_vanish_exactly_where_the_kernel_is_separable(data):
    entry = st.sampled_from([0, 1, -1, a, b, a * b, a + 1, b - a])
    kernel = np.array([[data.draw(entry) for _ in range(3)] for _ in range(2)], object)
    verdict = cm.separability(kernel)
    for x in range(-1, 2):
        for y in range(-1, 2):
            values = {a: x, b: y}
            numbers = [[int(sympy.sympify(v).subs(values)) for v in row] for row in kernel]
            rank = sympy.Matrix(numbers).rank()
            if verdict.separable is not None:
                assert (rank <= 1) == verdict.separable
            elif rank <= 1:
                assert all(sympy.sympify(e).subs(values) == 0 for e in verdict.conditions)
            else:
                assert any(sympy.sympify(e).subs(values) != 0 for e in verdict.conditions)


# ----------------------------------------------------------------------- stacks and more axes


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


def test_axes_that_split_off():
    plane = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    for kind in (int, float, object):
        video = np.multiply.outer([1, 2, 1], plane).astype(kind)
        verdict = cm.separability(video)
        assert (verdict.separable, verdict.split_axes, verdict.partition) == (
            False,
            (0,),
            ((0,), (1, 2)),
        )
        time, space = verdict.split()
        assert np.allclose(np.multiply.outer(time, space).astype(float), video.astype(float))
        assert verdict.ranks == (1, 2, 2)
        layer = verdict.layer(padding=1, stride=(2, 1, 1))
        whole = cm.conv3d(1, 1, 3, padding=1, stride=(2, 1, 1), weight=video[None, None])
        off = layer.on(4, 5, 5).to_dense() - whole.on(4, 5, 5).to_dense()
        assert np.abs(off).max() <= (0 if kind is not float else 1e-14)
    pair = np.multiply.outer(plane, plane)
    assert cm.separability(pair).partition == ((0, 1), (2, 3))
    assert cm.separability(pair.swapaxes(1, 2)).partition == ((0, 2), (1, 3))
    assert cm.separability(RANK_TWO_CUBE).partition == ((0, 1), (2,))
    assert cm.separability(a * RANK_TWO_CUBE).partition == ((0, 1), (2,))


# --------------------------------------------------------------------- rank, terms and layers


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


# ------------------------------------------------------------------------------ the channels


@given(st.data())
def test_depthwise_separable_layers_are_found_and_equal(data):
    out, inn, multiplier = (data.draw(st.integers(1, 3)) for _ in range(3))
    kernel = tuple(data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    made = cm.depthwise_separable(
        inn, out, kernel, multiplier=multiplier,
        depthwise_weight=rng.integers(-3, 4, (inn * multiplier, 1, *kernel)),
        pointwise_weight=rng.integers(-3, 4, (out, inn * multiplier, *(1,) * len(kernel))),
    )  # fmt: skip
    impulse = made.on(*kernel).to_dense().reshape(out, inn, *kernel)
    for weight in (impulse, impulse.astype(float)):
        verdict = cm.depthwise_separability(weight, multiplier=multiplier)
        assert verdict.separable
        assert verdict.exact == (weight.dtype.kind == "i")
        matrix = verdict.layer(padding=1).on(*(n + 1 for n in kernel)).to_dense()
        whole = getattr(cm, f"conv{len(kernel)}d")(inn, out, kernel, weight=weight, padding=1)
        expected = whole.on(*(n + 1 for n in kernel)).to_dense()
        if verdict.exact:
            assert (matrix == expected).all()
        else:
            assert np.allclose(matrix, expected, rtol=0, atol=1e-10)
        least = cm.depthwise_separability(weight, multiplier=verdict.least_multiplier)
        assert least.separable
        tables = np.moveaxis(weight.reshape(out, inn, -1), 1, 0)
        assert verdict.ranks.tolist() == [np.linalg.matrix_rank(t) for t in tables]


def test_the_best_depthwise_separable_approximation():
    rng = np.random.default_rng(5)
    weight = rng.standard_normal((8, 3, 3, 3))
    verdict = cm.depthwise_separability(weight, multiplier=2)
    assert not verdict.separable
    approximated = verdict.layer().on(3, 3).to_dense().reshape(weight.shape)
    off = np.linalg.norm(approximated - weight) / np.linalg.norm(weight)
    assert off == pytest.approx(verdict.distance)
    rounded = cm.depthwise_separability(np.round(10 * weight).astype(int), multiplier=2)
    assert rounded.exact
    assert not rounded.separable
    assert 0.1 < rounded.distance < 0.9
    assert cm.depthwise_separability(weight, multiplier=2, tolerance=0.9).separable
    assert "least multiplier 8" in str(verdict)
    for bad in (0, True, 1.5):
        with pytest.raises(cm.WeightError, match="multiplier"):
            cm.depthwise_separability(weight, multiplier=bad)


def test_channel_groups_of_grouped_layers():
    rng = np.random.default_rng(6)
    conv = cm.conv2d(6, 12, 3, groups=3, weight=rng.integers(1, 5, (12, 2, 3, 3)))
    dense = np.zeros((12, 6, 3, 3), int)
    for g in range(3):
        dense[4 * g : 4 * g + 4, 2 * g : 2 * g + 2] = conv.weight[4 * g : 4 * g + 4]
    found = cm.channel_groups(dense)
    assert (found.count, found.in_order, found.equal) == (3, 3, True)
    assert (found.layer(padding=1).weight == conv.weight).all()
    order_in, order_out = rng.permutation(6), rng.permutation(12)
    shuffled = dense[np.ix_(order_out, order_in)]
    mixed = cm.channel_groups(shuffled)
    assert mixed.count == 3
    assert sorted(len(i) for i, _ in mixed.groups) == [2, 2, 2]
    whole = cm.conv2d(6, 12, 3, padding=1, weight=shuffled).on(3, 3).to_dense()
    assert (mixed.layer(padding=1).on(3, 3).to_dense() == whole).all()
    import networkx as nx

    assert len(list(nx.connected_components(mixed.graph))) == 3


def test_channel_groups_of_other_layers():
    depthwise = cm.channel_groups(np.eye(4).reshape(4, 4, 1, 1))
    assert (depthwise.count, depthwise.in_order) == (4, 4)
    assert cm.channel_groups(np.ones((2, 3, 1))).count == 1
    uneven = np.zeros((3, 3, 1))
    uneven[0, 0] = uneven[1:, 1:] = 1
    found = cm.channel_groups(uneven)
    assert found.groups == (((0,), (0,)), ((1, 2), (1, 2)))
    assert found.in_order == 1
    with pytest.raises(cm.WeightError, match="different sizes"):
        found.layer()
    dead = np.zeros((2, 2, 1))
    dead[0, 0] = 1
    assert cm.channel_groups(dead).groups == (((0,), (0,)), ((1,), ()), ((), (1,)))
    leaky = np.eye(2).reshape(2, 2, 1) + 1e-6
    assert cm.channel_groups(leaky).count == 1
    assert cm.channel_groups(leaky, tolerance=1e-5).count == 2
    assert cm.channel_groups(np.array([[[a], [0]], [[0], [b]]])).count == 2


# ------------------------------------------------------------------------------ named kernels


def test_named_kernels_are_what_others_make():
    from scipy import ndimage

    impulse = np.zeros((7, 7))
    impulse[3, 3] = 1
    for axis in (0, 1):
        for name in ("sobel", "prewitt"):
            response = getattr(ndimage, name)(impulse, axis=axis, mode="constant")
            kernel = getattr(cm.kernels, name)(axis)
            assert (response[2:5, 2:5] == kernel[::-1, ::-1]).all(), name
    assert (ndimage.laplace(impulse, mode="constant")[2:5, 2:5] == cm.kernels.laplacian()).all()
    assert cm.kernels.sobel(0, ndim=3).shape == (3, 3, 3)
    cv2 = pytest.importorskip("cv2")
    row = cv2.getGaussianKernel(5, 1.2)
    assert np.allclose(cm.kernels.gaussian(5, 1.2), row @ row.T)
    theta, psi = 0.3, 0.2
    ours = cm.kernels.gabor(9, 2.0, theta, 5.0, 0.7, psi)
    assert np.allclose(ours, cv2.getGaborKernel((9, 9), 2.0, theta, 5.0, 0.7, psi)[::-1, ::-1])


@pytest.mark.parametrize("name", cm.kernels.NAMES)
def test_every_named_kernel_is_finite_and_converts(name):
    kernel = cm.kernels.named(name)
    assert kernel.ndim == 2
    assert kernel.dtype in (object, np.int64, np.float64)
    single = cm.kernels.NAMES[name](dtype=np.float32)
    assert np.isfinite(single).all()
    sums = {"box": 1, "gaussian": 1, "unsharp": 1, "sharpen": 1, "motion": 1, "identity": 1,
            "emboss": 1, "gabor": None}  # fmt: skip
    if sums.get(name, 0) is not None:
        assert float(kernel.sum()) == pytest.approx(sums.get(name, 0), abs=1e-12)


def test_kernels_say_what_they_take():
    assert cm.kernels.motion(5, 30).sum() == pytest.approx(1)
    for call, word in [
        (lambda: cm.kernels.box(0), "size"), (lambda: cm.kernels.unsharp(4), "odd"),
        (lambda: cm.kernels.gaussian(3, -1), "positive"), (lambda: cm.kernels.roberts(2), "0 or 1"),
        (lambda: cm.kernels.laplacian(5), "4 or 8"), (lambda: cm.kernels.sobel(2), "axis"),
        (lambda: cm.kernels.named("sobol"), "sobel"),
        (lambda: cm.kernels.named("box:x"), "numbers"),
    ]:  # fmt: skip
        with pytest.raises(cm.ConvMatrixError, match=word):
            call()


# -------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("kernel", "options", "word"),
    [
        ([], {}, "at least one element"),
        (np.zeros((0, 3)), {}, "at least one element"),
        ([[1, 2], [3]], {}, "rectangular"),
        ([1, 2, 3], {}, "two or more"),
        ([[1.0, np.nan], [1, 2]], {}, "finite"),
        ([[1.0, np.inf], [1, 2]], {}, "finite"),
        ([["x", 1], [1, 1]], {}, "decimal string"),
        (np.array([["1/0", 1], [1, 1]], object), {}, "finite"),
        (np.array([[None, 1], [1, 1]], object), {}, "decimal string"),
        ([[1, 2], [2, 4]], {"tolerance": -1}, "tolerance"),
        ([[1, 2], [2, 4]], {"tolerance": "x"}, "tolerance"),
        ([[1, 2], [2, 4]], {"exact": "no"}, "exact"),
        ([[1j, 2], [2, 4]], {"exact": True}, "real"),
        ([[1, 2], [2, 4]], {"axes": (0,)}, "two or more"),
        ([[1, 2], [2, 4]], {"axes": (0, 5)}, "two or more"),
        ([[a, 2], [2, 4]], {"exact": False}, "symbols"),
        (np.array(["2020-01-01"], "M8[D]").reshape(1, 1), {}, "numbers"),
    ],
    ids=str,
)  # fmt: skip
def test_bad_kernels_are_one_clear_line(kernel, options, word):
    with pytest.raises(cm.WeightError, match=word) as error:
        cm.separability(kernel, **options)
    assert "\n" not in str(error.value)


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


# ------------------------------------------------- found by a hostile reader, each once wrong

root, imaginary = sympy.sqrt(2), sympy.I


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


def json_of(verdict):
    import json

    return json.loads(json.dumps(verdict.to_dict(), allow_nan=False))


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


def test_functions_whose_product_is_nothing():
    x, n = sympy.Symbol("x", real=True), sympy.Symbol("n", integer=True)
    plus, minus = x + sympy.Abs(x), x - sympy.Abs(x)
    assert cm.separability(np.diag([plus, minus, minus])).separable is None
    sign = (-1) ** n
    assert cm.separability(np.diag([1 + sign, 1 - sign, 1 - sign])).separable is None
    assert cm.separability([[plus, 2 * plus], [1, 2]]).separable


def test_symbols_that_are_nothing():
    z = sympy.Symbol("z", zero=True)
    for kernel, expected in [([[z, 1], [1, a]], False), ([[z, 0], [0, a]], True),
                             ([[z * a, z], [z, 1]], True)]:  # fmt: skip
        assert cm.separability(kernel).separable is expected, kernel


def test_a_hard_system_is_left_undecided_quickly():
    import time

    x, y, z = sympy.symbols("x y z")
    kernel = [[sympy.expand((i * x + j * y + z + 1) ** 5 + i * j) for j in range(3)]
              for i in range(3)]  # fmt: skip
    start = time.perf_counter()
    assert cm.separability(kernel).separable is None
    assert time.perf_counter() - start < 20


def test_what_is_no_number():
    for kernel in (sympy.Matrix(sympy.MatrixSymbol("M", 2, 2)), [[sympy.zoo * a, 1], [1, 1]],
                   [[sympy.Symbol("n", commutative=False), 1], [1, 1]]):  # fmt: skip
        with pytest.raises(cm.WeightError, match="SymPy expression"):
            cm.separability(kernel)


def test_decimals_in_mixed_kernels():
    tenth = Fraction(1, 10)
    assert cm.separability([[tenth, 0.1], [0.1, tenth]], exact="decimal").separable
    verdict = cm.separability([[0.1, a], [0.2, 2 * a]], exact="decimal")
    assert (outer(verdict.factors) == [[tenth, a], [2 * tenth, 2 * a]]).all()


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


def test_tolerances_of_exact_weights():
    exact = np.array([[100, 1], [1, 100]])[..., None]
    for weight in (exact, exact.astype(float), exact.astype(object) / Fraction(3)):
        found = cm.channel_groups(weight, tolerance=0.1)
        assert (found.count, found.graph.number_of_edges()) == (2, 2)
        assert cm.channel_groups(weight).count == 1
    linear = cm.channel_groups(np.eye(2))
    assert (linear.layer().on(1).to_dense() == np.eye(2)).all()


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


def test_kernels_at_the_edges_of_what_they_take():
    assert cm.kernels.gaussian(4, 1e-2).sum() == pytest.approx(1)
    assert cm.kernels.box(np.int8(12))[0, 0] == Fraction(1, 144)
    assert cm.kernels.gaussian(np.int8(9)).sum() == 1
    for call in (lambda: cm.kernels.gaussian(3, 1e-200), lambda: cm.kernels.motion(5, np.nan),
                 lambda: cm.kernels.sobel(0.5), lambda: cm.kernels.gaussian(3, "x"),
                 lambda: cm.kernels.box(10**8), lambda: cm.kernels.unsharp(5, "x"),
                 lambda: cm.kernels.motion(5, np.inf)):  # fmt: skip
        with pytest.raises(cm.GeometryError):
            call()


# ------------------------------------------------------------- what mutants of the code would do


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


def test_ranks_where_remainders_mislead():
    assert cm.separability(2_147_483_629 * np.eye(9, dtype=int)).rank == 9
    assert cm.separability(np.diag([1] * 8 + [0])).rank == 8


def test_factors_have_the_first_entry_s_sign_in_the_first():
    for kernel, left, right in (
        ([[-1, 2], [2, -4]], [-1, 2], [1, -2]),
        ([[0, 2], [0, 4]], [2, 4], [0, 1]),
    ):
        assert [f.tolist() for f in cm.separability(kernel).factors] == [left, right]


def test_zero_kernels_split_and_roots_do():
    nothing = sympy.Symbol("z", zero=True)
    for zero in (np.zeros((2, 3), int), np.zeros((2, 3)), np.full((2, 3), nothing)):
        assert [part.tolist() for part in cm.separability(zero).split()] == [[0] * 2, [0] * 3]
    assert cm.separability(sympy.sqrt(2) * RANK_TWO_CUBE).partition == ((0, 1), (2,))


def test_what_a_depthwise_verdict_says():
    weight = -2 * np.stack([np.eye(3, dtype=int), np.ones((3, 3), int)], axis=1)
    for kind in (int, float):  # channels of ranks 3 and 1
        verdict = cm.depthwise_separability(weight.astype(kind), multiplier=2)
        assert (verdict.separable, verdict.exact) == (False, kind is int)
        assert verdict.multiplications() == (3 * 2 * 3, 4 * (3 + 3))
        assert verdict.to_dict() == {
            "separable": False, "exact": kind is int, "multiplier": 2, "least_multiplier": 3,
            "ranks": [3, 1], "distance": pytest.approx(np.sqrt(1 / 12)), "method": verdict.method,
        }  # fmt: skip
        matrix = verdict.layer().on(3).to_dense().reshape(weight.shape)
        off = np.linalg.norm(matrix - weight) / np.linalg.norm(weight)
        assert off == pytest.approx(verdict.distance)
    assert cm.depthwise_separability(weight, multiplier=3).distance == 0
    assert "tolerance 6.7e-16" in cm.depthwise_separability(np.ones((3, 7, 3))).method


def test_depthwise_verdicts_of_any_scale():
    weight = np.random.default_rng(0).standard_normal((4, 2, 3))
    distance = cm.depthwise_separability(weight).distance
    for scale in (1e200, 1e-200):
        assert cm.depthwise_separability(scale * weight).distance == pytest.approx(distance)
    assert cm.depthwise_separability(weight[:1], tolerance=0).separable
    single = cm.depthwise_separability(weight.astype(np.float32))
    assert single.depthwise.dtype == single.pointwise.dtype == np.float32
    weight[:, 1] *= 1e-20
    assert cm.depthwise_separability(weight).ranks.tolist() == [3, 3]


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: cm.depthwise_separability(np.ones((2, 2))), "three or more"),
        (
            lambda: cm.depthwise_separability(np.ones((2, 2, 2)), tolerance=-1),
            "tolerance must be 0 or more",
        ),
        (
            lambda: cm.depthwise_separability(np.ones((2, 2, 2)), tolerance="x"),
            "tolerance must be 0 or more",
        ),
        (lambda: cm.depthwise_separability([[[a]]]), "needs numbers"),
        (lambda: cm.channel_groups(np.ones((2, 2)), tolerance=1), "0 <= tolerance < 1"),
        (lambda: cm.channel_groups([1]), "two or more"),
    ],
)
def test_channels_say_what_they_take(call, word):
    with pytest.raises(cm.WeightError, match=word):
        call()


def test_channel_groups_in_halves_with_a_bias():
    """Two groups in order, four between permutations; the bias is of the last layer."""
    weight = np.kron(np.eye(2, dtype=int), np.eye(2, dtype=int)[::-1])[..., None]
    found = cm.channel_groups(weight)
    assert (found.count, found.in_order, found.equal) == (4, 2, True)
    plain = cm.conv1d(4, 4, 1, weight=weight, bias=[1, 2, 3, 4])
    x = np.arange(8.0).reshape(4, 2)
    assert (found.layer(bias=[1, 2, 3, 4])(x) == plain(x)).all()


def test_channel_groups_by_size_and_scale():
    assert cm.channel_groups(-np.ones((2, 2))).groups == (((0, 1), (0, 1)),)
    leaky = 1e-9 * (np.eye(2) + 1e-3)
    assert cm.channel_groups(leaky, tolerance=1e-2).count == 2
    assert cm.channel_groups(leaky, tolerance=1e-4).count == 1
    graph = cm.channel_groups(np.array([[1, 1e-3, 0], [0, 0, 0]])).graph
    assert set(graph) == {("in", 0), ("in", 1), ("in", 2), ("out", 0), ("out", 1)}
    assert graph.number_of_edges() == 2
    uneven = np.zeros((3, 2))
    uneven[0, 0] = uneven[1:, 1] = 1
    assert not cm.channel_groups(uneven).equal
    three = np.zeros((4, 12))  # three blocks, but three does not divide four
    for o in range(3):
        three[o, 4 * o : 4 * o + 4] = 1
    assert cm.channel_groups(three).in_order == 1


def test_channel_groups_print():
    many = str(cm.channel_groups(np.eye(11))).splitlines()
    assert many[1] == "  inputs 0 → outputs 0"
    assert (len(many), many[-1]) == (10, "  and 3 more")
    assert len(str(cm.channel_groups(np.eye(9))).splitlines()) == 10
    every = np.zeros((18, 2))
    every[::2, 0] = 1
    lines = str(cm.channel_groups(every)).splitlines()
    assert lines[1] == "  inputs 0 → outputs 0, 2, 4, 6, 8, 10, 12, 14, …"
    assert lines[2] == "  inputs 1 → outputs none"


def test_entries_of_every_kind():
    third = np.longdouble(1) / 3
    verdict = cm.separability(np.full((2, 2), third), exact=True)
    assert verdict.factors[0].tolist() == [Fraction(*third.as_integer_ratio())] * 2
    assert cm.separability(np.array([[np.True_, 1], [1, 1]], object)).separable
    assert cm.separability([[a, 1], [1, 1]], exact="decimal").separable is None
    with pytest.raises(cm.WeightError, match="finite number"):
        cm.separability([[sympy.oo, 1], [1, 1]])
    root = sympy.sqrt(2) + sympy.sqrt(3)
    assert cm.separability([[root**2, 1], [5 + 2 * sympy.sqrt(6), 1]]).separable


def test_default_tolerances():
    eps = np.finfo(float).eps
    assert cm.separability(np.ones((2, 7))).tolerance == 7 * eps
    assert cm.separability(np.ones((2, 7, 2, 3)), axes=(2, 3)).tolerance == 3 * eps
    assert cm.separability(np.ones((2, 3), np.longdouble)).tolerance == 3 * eps
    assert cm.separability(np.ones((3, 2), "f4")).tolerance == 3 * np.finfo("f4").eps
    for kernel in ([[1.0, 2.0]], [[0.0, 0.0], [0.0, 0.0]]):
        assert cm.separability(kernel, tolerance=0).separable
        assert cm.separability([kernel], axes=(1, 2), tolerance=0).separable.all()


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


def test_an_axis_of_length_one_always_splits_off():
    assert cm.separability(np.eye(2)[None], tolerance=0).partition == ((0,), (1, 2))


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


def test_a_layer_has_its_bias_once():
    kernel = np.outer([1, 2], [3, 4])
    x = np.arange(9).reshape(1, 3, 3)
    whole = cm.conv2d(1, 1, 2, weight=kernel[None, None], bias=[5])
    assert (cm.separability(kernel).layer(bias=[5])(x) == whole(x)).all()


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


def test_minors_through_an_entry_that_is_never_zero_are_enough():
    assert cm.separability([[a, b, c], [1, a, b]]).conditions == (a**2 - b, a * b - c)
    assert len(cm.separability([[a, b, c], [d, a, b]]).conditions) == 3


def test_cubes_of_symbols():
    cube = outer([np.array(v) for v in ([a, b], [c, d], [p, q, 2 * q])])
    verdict = cm.separability(cube)
    assert [f.tolist() for f in verdict.factors] == [[a, b], [c, d], [p, q, 2 * q]]
    plane = np.array([[1, 2], [3, 4]])
    assert cm.separability(np.multiply.outer([1, a], plane)).separable is False
    assert cm.separability(np.multiply.outer([a, b], [[a, b], [b, a]])).separable is None


def test_what_a_verdict_on_symbols_knows():
    verdict = cm.separability([[a * c, a * d], [b * c, b * d]])
    assert [f.tolist() for f in verdict.factors] == [[a, b], [c, d]]
    assert (verdict.minor, verdict.rank, verdict.distance) == (None, None, 0)
    assert cm.separability([[p, a * p], [q, a * q]]).rank == 1
    nothing = sympy.Symbol("z", zero=True)
    assert cm.separability([[nothing, nothing], [nothing, nothing]]).rank == 0
    never = cm.separability([[1, a, 0], [1, 0, p]])
    assert (never.separable, never.minor.value, never.rank) == (False, p, None)
    assert never.to_dict()["distance"] is None


def test_conditions_and_factors_in_their_simplest_form():
    assert cm.separability([[1, a, a], [b, 1, 1]]).conditions == (a * b - 1,)
    wave = cm.separability([[sympy.sin(a), 1], [b, 1]])
    assert wave.separable is None
    assert [abs(e.subs({a: 0, b: 3})) for e in wave.conditions] == [3]
    n = sympy.Symbol("n", nonzero=True)
    assert cm.separability([[n, -n], [p, q]]).separable is False  # n (p + q)
    for kernel, left, right in (
        ([[-a * c, a * d], [-b * c, b * d]], [-a, -b], [c, -d]),
        ([[a**2 - b**2, a - b], [c * (a + b), c]], [a - b, c], [a + b, 1]),
    ):
        found = [f.tolist() for f in cm.separability(kernel).factors]
        assert [[sympy.factor(v) for v in f] for f in found] == [left, right]
        assert found[1] == right
    twice = cm.separability([[a, 2 * a], [b, 2 * b]]).to_dict()
    assert twice["factors"] == [["a", "b"], [1, 2]]
    assert twice["separable"] is True


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


def test_verdicts_in_text():
    depends = cm.separability([[a, b], [c, d]])
    assert "distance" not in str(depends)
    assert depends.to_dict()["conditions"] == ["a*d - b*c"]
    assert "distance" in str(cm.separability(ONE_ULP))
    assert "distance" not in str(cm.separability(np.ones((2, 2))[:, :1]))
    video = str(cm.separability(np.multiply.outer([1, 2], np.eye(2, dtype=int))))
    assert "of the unfolding along axis 1 have" in video
    assert "\n  splits off  axes 0\n" in video
    assert "unfolding" not in str(cm.separability(np.eye(2)))
    assert "ᵀ" not in str(cm.separability(np.ones((2, 2, 2))))
    for rows, lines in ((5, 8), (6, 8)):
        table = [
            [1, *sympy.symbols("s:2")],
            *np.reshape(sympy.symbols(f"t:{3 * rows - 3}"), (-1, 3)),
        ]
        text = str(cm.separability([list(row) for row in table]))
        assert text.count(" = 0\n") == lines
        assert ("  and 2 more\n" in text) == (" more" in text) == (rows > 5)


def test_a_stack_in_text_and_data():
    import json

    for kind in (int, float, Fraction):
        stack = np.array([[[kind(1), kind(0)], [kind(0), kind(1)]], [[kind(1)] * 2] * 2])
        verdict = cm.separability(stack, axes=(1, 2))
        assert repr(verdict).startswith("Separability(1 of 2 kernels separable, shape=(2,), exact=")
        data = json.loads(json.dumps(verdict.to_dict()))
        assert (data["shape"], data["separable"], data["rank"]) == ([2], [False, True], [2, 1])
        assert data["distance"] == pytest.approx([np.sqrt(0.5), 0])


def test_options_of_a_verdict():
    assert cm.separability(np.ones((2, 2)), tolerance=0).tolerance == 0
    for axes in ((0, 0), (0, -3), 1):
        with pytest.raises(cm.WeightError, match="two or more different axes"):
            cm.separability(np.ones((2, 2, 2)), axes=axes)
    roots = cm.separability([[sympy.I, 1], [1, 1]])
    assert roots.singular_values == pytest.approx(np.sqrt([2 + np.sqrt(2), 2 - np.sqrt(2)]))
    assert roots.errors[0] == pytest.approx(roots.distance)


# ------------------------------------------------------------------ kernels, number by number


def test_kernels_number_by_number():
    k, f = cm.kernels, Fraction
    assert k.scharr(0).tolist() == [[-3, -10, -3], [0, 0, 0], [3, 10, 3]]
    assert k.prewitt(-2).tolist() == k.prewitt(0).tolist() == [[-1] * 3, [0] * 3, [1] * 3]
    assert [k.roberts(d).tolist() for d in (0, 1)] == [[[1, 0], [0, -1]], [[0, 1], [-1, 0]]]
    assert k.laplacian(8).tolist() == [[1, 1, 1], [1, -8, 1], [1, 1, 1]]
    assert k.sharpen().tolist() == [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]
    assert k.emboss().tolist() == [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]
    assert k.laplacian(6, ndim=3)[1].tolist() == [[0, 1, 0], [1, -6, 1], [0, 1, 0]]
    assert k.laplacian(26, ndim=3)[0].tolist() == [[1] * 3] * 3
    assert k.laplacian(2, ndim=1).tolist() == [1, -2, 1]
    assert k.identity(5, ndim=1).tolist() == [0, 0, 1, 0, 0]
    assert k.box(2, ndim=3).tolist() == [[[f(1, 8)] * 2] * 2] * 2
    assert k.gaussian(4, ndim=1).tolist() == [f(1, 8), f(3, 8), f(3, 8), f(1, 8)]
    assert k.unsharp(3, 2).tolist()[1] == [f(-1, 4), f(5, 2), f(-1, 4)]
    assert k.unsharp(3, 1, 2.0)[0, 0] == -k.gaussian(3, 2.0)[0, 0]
    assert k.gaussian(2, 0.7, ndim=3) == pytest.approx(np.full((2, 2, 2), 1 / 8))
    assert (k.sobel(dtype="f4").dtype, k.box(dtype=float).dtype) == (np.float32, float)
    assert k.named("gaussian:5:1.2").tolist() == k.gaussian(5, 1.2).tolist()
    assert k.named("gaussian:5:1e0").tolist() == k.gaussian(5, 1.0).tolist()
    assert k.named("sobel:0").tolist() == k.sobel(0).tolist()


def test_laplacian_of_gaussian_and_gabor():
    log = cm.kernels.log(5, 0.8)
    y, x = np.indices((5, 5)) - 2
    bell = np.exp(-(x * x + y * y) / 1.28)
    expected = bell / bell.sum() * (x * x + y * y - 1.28) / 0.8**4
    assert np.allclose(log, expected - expected.mean())
    assert np.allclose(cm.kernels.log(4), cm.kernels.log(4)[::-1, ::-1])
    gabor = cm.kernels.gabor(5, 2.0, 0.3, 4.0, 0.5, 0.2)
    across, along = x * np.cos(0.3) + y * np.sin(0.3), y * np.cos(0.3) - x * np.sin(0.3)
    bell = np.exp(-(across**2 + along**2 / 4) / 8)
    assert np.allclose(gabor, bell * np.cos(np.pi / 2 * across + 0.2))
    assert np.allclose(cm.kernels.gabor(5)[:, 2], np.exp(-np.square([-2, -1, 0, 1, 2]) / 32))


def test_motion_at_any_angle():
    f, motion = Fraction(1, 3), cm.kernels.motion
    assert motion(3, 45).tolist() == [[0, 0, f], [0, f, 0], [f, 0, 0]]
    assert motion(3, 135).tolist() == motion(3, -45).tolist() == motion(3, 45)[::-1].tolist()
    assert motion(3, 180).tolist() == motion(3).tolist() == [[0] * 3, [f] * 3, [0] * 3]
    steep = motion(5, 60)
    assert np.allclose(steep, motion(5, 30).T), "up to the right, both"
    assert np.allclose(steep, steep[::-1, ::-1])
    assert steep[1, 3] > steep[1, 1] == 0, "counterclockwise from the right"
    assert not steep[0].any(), "no longer than its size"
    assert steep[1, 2] == pytest.approx(steep[2, 2] / 2), "half a tap from the line"


def test_more_that_kernels_say():
    for call, word in [
        (lambda: cm.kernels.identity(4), "odd"), (lambda: cm.kernels.gabor(4), "odd"),
        (lambda: cm.kernels.motion(4), "odd"), (lambda: cm.kernels.box(True), "size"),
        (lambda: cm.kernels.gaussian(3, 0), "positive"),
        (lambda: cm.kernels.gabor(3, wavelength=-1), "positive"),
        (lambda: cm.kernels.sobel(-3), "axis"),
        (lambda: cm.kernels.laplacian(8, ndim=3), "6 or 26"),
        (lambda: cm.kernels.named("box:0"), "1 or more"),
        (lambda: cm.kernels.named("box:1:2:3"), "numbers"),
    ]:  # fmt: skip
        with pytest.raises(cm.ConvMatrixError, match=word):
            call()


def test_factors_of_a_stack_with_no_separable_kernel():
    none = cm.separability(np.eye(2)[None], axes=(1, 2))
    assert all(np.isnan(f).all() for f in none.factors)


def test_a_layer_that_splits_partly_has_its_bias_once():
    video = np.multiply.outer([1, 2], np.eye(2, dtype=int))
    x = np.arange(27).reshape(1, 3, 3, 3)
    whole = cm.conv3d(1, 1, 2, weight=video[None, None], bias=[5])
    assert (cm.separability(video).layer(bias=[5])(x) == whole(x)).all()


def test_depthwise_of_huge_integers():
    verdict = cm.depthwise_separability(10**400 * np.eye(2, dtype=object)[:, None])
    assert not verdict.separable


def test_a_stack_is_no_layer():
    stack = cm.separability(np.ones((2, 3, 3)), axes=(1, 2))
    with pytest.raises((TypeError, cm.WeightError), match="one kernel"):
        stack.layer()


def test_errors_of_a_stack():
    stack = cm.separability(np.ones((2, 3, 3)), axes=(1, 2))
    with pytest.raises(TypeError, match="one kernel"):
        _ = stack.errors
