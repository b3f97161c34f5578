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
        assert (verdict.separable, verdict.split_axes, verdict.parts) == (
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
    assert cm.separability(pair).parts == ((0, 1), (2, 3))
    assert cm.separability(pair.swapaxes(1, 2)).parts == ((0, 2), (1, 3))
    assert cm.separability(RANK_TWO_CUBE).parts == ((0, 1), (2,))
    assert cm.separability(a * RANK_TWO_CUBE).parts == ((0, 1), (2,))


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
    assert cm.depthwise_separability(weight, multiplier=2, tol=0.9).separable
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
    assert cm.channel_groups(leaky, tol=1e-5).count == 2
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
        ([[1, 2], [2, 4]], {"tol": -1}, "tol"),
        ([[1, 2], [2, 4]], {"tol": "x"}, "tol"),
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
    for ask in ("conditions", "ranks", "parts"):
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
    with pytest.raises(cm.WeightError, match="1e308"):
        cm.depthwise_separability(weight)


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
        found = cm.channel_groups(weight, tol=0.1)
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
