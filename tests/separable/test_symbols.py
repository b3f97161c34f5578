"""Kernels with symbols: the conditions under which they are separable."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from separable_cases import ONE_ULP, RANK_TWO_CUBE, a, b, c, d, outer

import convmatrix as cm

p, q = sympy.symbols("p q", positive=True)


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


def test_zero_kernels_split_and_roots_do():
    nothing = sympy.Symbol("z", zero=True)
    for zero in (np.zeros((2, 3), int), np.zeros((2, 3)), np.full((2, 3), nothing)):
        assert [part.tolist() for part in cm.separability(zero).split()] == [[0] * 2, [0] * 3]
    assert cm.separability(sympy.sqrt(2) * RANK_TWO_CUBE).partition == ((0, 1), (2,))


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
