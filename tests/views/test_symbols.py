"""Symbols as SymPy has them, and sizes that print simply."""

from __future__ import annotations

import pytest
import sympy

import convmatrix as cm
from convmatrix.shapes import simple_size


def test_one_name_is_one_symbol():
    n = cm.symbols("n")
    assert n == sympy.Symbol("n", integer=True, positive=True)
    assert cm.symbols("n,") == (n,)
    assert cm.symbols("n k") == cm.symbols("n, k") == (n, cm.symbols("k"))
    assert cm.conv1d(1, 1, 3).on(n).out_shape == (1, n - 2)


def test_which_may_be_0():
    assert [s.is_positive for s in cm.symbols("n p alpha output")] == [True, None, None, True]
    assert [s.is_positive for s in cm.symbols("n p alpha", nonnegative="n p")] == [None, None, True]
    for none in ("", [], ()):
        assert cm.symbols("p", nonnegative=none).is_positive
    for some in ("n, p", ["n", "p"], ("p n",), {"n", "p"}):
        found = cm.symbols("n p alpha", nonnegative=some)
        assert [s.is_positive for s in found] == [None, None, True]
    assert cm.symbols("x", nonnegative="x").is_nonnegative


@pytest.mark.parametrize(
    "call",
    [lambda: cm.symbols(""), lambda: cm.symbols(" , "), lambda: cm.symbols(3),
     lambda: cm.symbols("n", nonnegative="k"), lambda: cm.symbols("n", nonnegative=True),
     lambda: cm.symbols("n", nonnegative=["k"]), lambda: cm.symbols("n", nonnegative=[1]),
     lambda: cm.symbols("n", nonnegative=b"n")],
)  # fmt: skip
def test_what_symbols_take(call):
    with pytest.raises(cm.GeometryError, match="symbols takes names"):
        call()


@pytest.mark.parametrize("shape", [10**30, (10**4, 10**4), (1,) * 40])
def test_weight_symbols_have_a_bound(shape):
    with pytest.raises(cm.TooLargeError, match="weight_symbols makes at most 2,000,000 symbols"):
        cm.weight_symbols("w", shape)


N, M, S = cm.symbols("n m s")
SAME = cm.conv1d(1, 1, 3, stride=2, padding="same")
PRINTS = [
    (SAME.on(N), "<conv1d: 1×n → 1×ceiling(n/2), matrix ceiling(n/2)×n>"),
    (SAME.on(N).T, "1×ceiling(n/2) → 1×n"),
    (cm.sequential(SAME, SAME).on(N), "1×n → 1×ceiling(ceiling(n/2)/2)"),
    (cm.conv2d(1, 1, 3, stride=2, padding="same").on(N, M), "1×n×m → 1×ceiling(n/2)×ceiling(m/2)"),
    (cm.conv1d(1, 1, 3, stride=2, padding=1).on(N), "1×n → 1×ceiling(n/2)"),
    (cm.conv1d(1, 1, 3, padding=1).on(N), "1×n → 1×n"),
    (cm.conv1d(1, 1, 3, stride=S).on(N), "1×n → 1×(floor((n - 3)/s) + 1)"),
    (cm.conv_transpose1d(1, 1, 3, stride=2).on(N), "1×n → 1×(2*n + 1)"),
]


@pytest.mark.parametrize(("bound", "text"), PRINTS, ids=[text for _, text in PRINTS])
def test_sizes_print_simply(bound, text):
    assert text in repr(bound)


@pytest.mark.parametrize("stride", [2, 3, 5])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("padding", ["same", "valid", "full", 1])
def test_a_simple_size_is_the_size(stride, kernel, padding):
    layer = cm.conv1d(1, 1, kernel, stride=stride, padding=padding)
    size = layer.on(N).out_shape[1]
    twice = cm.sequential(layer, layer).on(N).out_shape[1]
    for n in range(2 * kernel * stride, 2 * kernel * stride + 7):
        assert simple_size(size).subs(N, n) == size.subs(N, n) == layer.output_size(n)[0]
        assert simple_size(twice).subs(N, n) == twice.subs(N, n)
