"""Hard pairs of maps whose kernels have values, by hand, and where they first differ."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from oracles.valued import vector as kernel

import convmatrix as cm
from convmatrix.proof import Certificate
from convmatrix.proof.engines import decide


def letters(name, k=3):
    return cm.weight_symbols(name, (1, 1, k))


def layer(weight, n, **options):
    """A convolution by the library; a number stands for as many free weights."""
    if isinstance(weight, int):
        return cm.conv1d(1, 1, weight, **options).on(n)
    return cm.conv1d(1, 1, weight.shape[-1], weight=weight, **options).on(n)


n, m, s, d, p, q = cm.symbols("n m s d p q")
a, b, c = cm.weight_symbols("x", (3,))
W = cm.weight_symbols("w2", (1, 1, 2))[0, 0]


def both(*weights):
    """Two output channels of two taps."""
    weight = np.reshape(np.array(weights, object), (2, 1, 2))
    return cm.conv1d(1, 2, 2, stride=s, padding=((0, 1),), weight=weight).on(n)


CIRCLE, MIRROR, REPEAT = ({"padding_mode": x} for x in ("circular", "reflect", "replicate"))
ALL_ZERO, BOX = kernel(0, 0), kernel(1, 1, 1)

HARD = {
    # name: (left, right, the verdict)
    "a symmetric kernel and its flip": (
        layer(kernel(1, 2, 1), n, padding=p, stride=s),
        layer(kernel(1, 2, 1), n, padding=p, stride=s, flip=True), True,
    ),
    "an antisymmetric kernel and its flip": (
        layer(kernel(1, 0, -1), n, padding=p), layer(kernel(1, 0, -1), n, padding=p, flip=True),
        {"n": 1, "p": 2},
    ),
    "the same weights, padded on the other side": (
        layer(BOX, n, padding=((p, q),)), layer(BOX, n, padding=((q, p),)),
        {"n": 1, "p": 0, "q": 3},
    ),
    "only zeros": (layer(ALL_ZERO, n), layer(kernel(0), n - 1), {"n": 2}),
    "only zeros, the same sizes": (
        layer(kernel(0, 0, 0), n, padding=1, stride=s), layer(kernel(0), n, stride=s), True,
    ),
    "zeros around one weight": (
        layer(kernel(0, 7, 0), n, padding=p + 1), layer(kernel(7), n, padding=p), True,
    ),
    "a difference of a sum": (
        layer(kernel(1, -1), n - 1) @ layer(kernel(1, 1), n), layer(kernel(1, 0, -1), n), True,
    ),
    "a sum of a difference, strided": (
        layer(kernel(1, 1), n - 1, stride=s) @ layer(kernel(1, -1), n),
        layer(kernel(1, -1), n, dilation=2, stride=s), True,
    ),
    "channels that cancel": (
        cm.pointwise(2, 1, ndim=1, weight=np.array([[[1], [-1]]])).on((n - 1) // s + 1)
        @ both(a, b, a, b),
        layer(ALL_ZERO, n, stride=s, padding=((0, 1),)), True,
    ),
    "channels that do not quite cancel": (
        cm.pointwise(2, 1, ndim=1, weight=np.array([[[1], [-1]]])).on((n - 1) // s + 1)
        @ both(a, b, a, c),
        layer(ALL_ZERO, n, stride=s, padding=((0, 1),)), {"n": 2, "s": 1},
    ),
    "channels in the other order": (
        cm.conv1d(1, 2, 1, weight=np.array([[[1]], [[2]]])).on(n),
        cm.conv1d(1, 2, 1, weight=np.array([[[2]], [[1]]])).on(n), {"n": 1},
    ),
    "axes exchanged": (
        cm.conv2d(1, 1, 2, padding=((0, 1),) * 2, weight=np.array([[[[1, 2], [3, 4]]]])).on(n, m),
        cm.conv2d(1, 1, 2, padding=((0, 1),) * 2, weight=np.array([[[[1, 3], [2, 4]]]])).on(n, m),
        {"m": 1, "n": 2},
    ),
    "dead taps of one element": (
        layer(kernel(5, 1, 7), 1, padding=1, stride=s),
        layer(kernel(0, 1, 0), 1, padding=1, stride=s),
        True,
    ),
    "taps of one element that padding wakes": (
        layer(kernel(5, 1, 7), 1, padding=p), layer(kernel(0, 1, 0), 1, padding=p), {"p": 2},
    ),
    "a dilation as wide as the input": (
        layer(kernel(5, 1, 7), d, padding=d, dilation=d),
        layer(kernel(0, 1, 0), d, padding=d, dilation=d),
        True,
    ),
    "a dilation that just reaches": (
        layer(kernel(5, 1, 7), d + 1, padding=d, dilation=d),
        layer(kernel(0, 1, 0), d + 1, padding=d, dilation=d), {"d": 1},
    ),
    "a stride wider than the kernel, cropped": (
        layer(kernel(5, 1, 7), n, padding=((-1, -1),), stride=s + 3),
        layer(kernel(5, 1, 7), n - 2, stride=s + 3) @ cm.pad(((-1, -1),), ndim=1).on(n), True,
    ),
    "a circle of one element sums": (
        layer(kernel(1, 2), 1, padding=((p, 1),), **CIRCLE),
        layer(kernel(2, 1), 1, padding=((p, 1),), **CIRCLE), True,
    ),
    "a circle of two does not": (
        layer(kernel(1, 2), n, padding=((0, 1),), **CIRCLE),
        layer(kernel(2, 1), n, padding=((0, 1),), **CIRCLE), {"n": 2},
    ),
    "once around the circle": (
        layer(kernel(a, b), n, padding=((0, n),), dilation=n, **CIRCLE),
        layer(kernel(a + b), n), True,
    ),
    "twice around the circle, cancelled": (
        layer(kernel(3, -1, -2), n, padding=((n, n),), dilation=n, **CIRCLE),
        layer(kernel(0), n), True,
    ),
    "once around the circle is not in place": (
        layer(kernel(a, b), n, padding=((0, n - 1),), dilation=n - 1, **CIRCLE),
        layer(kernel(a + b), n), {"n": 2},
    ),
    "one element repeated": (
        layer(kernel(1, 2), 1, padding=p, dilation=d, **REPEAT),
        layer(kernel(3), 1, padding=((p, p - d),), **REPEAT), True,
    ),
    "two elements repeated": (
        layer(kernel(1, 2), n, padding=((0, 1),), **REPEAT),
        layer(kernel(3), n, **REPEAT), {"n": 2},
    ),
    "a mirror looks the same from both sides": (
        layer(kernel(4, 1, 2), 2, padding=((1, 1),), stride=s, **MIRROR),
        layer(kernel(3, 1, 3), 2, padding=((1, 1),), stride=s, **MIRROR), True,
    ),
    "a mirror and a repetition": (
        layer(kernel(1, 1, 0), n, padding=1, **MIRROR),
        layer(kernel(1, 1, 0), n, padding=1, **REPEAT),
        {"n": 2},
    ),
    "padding that the kernel does not see": (
        layer(kernel(0, 1, 0), n, padding=1, **MIRROR),
        layer(kernel(0, 1, 0), n, padding=1, **REPEAT),
        True,
    ),
    "free weights and symbols of their names": (
        layer(3, n, padding=p, stride=s), layer(letters("w"), n, padding=p, stride=s), True,
    ),
    "free weights and the same symbols, flipped": (
        layer(3, n, padding=p), layer(letters("w"), n, padding=p, flip=True), {"n": 1, "p": 2},
    ),
    "free weights and their symbols turned and flipped": (
        layer(3, n, padding=p), layer(letters("w")[..., ::-1], n, padding=p, flip=True), True,
    ),
    "free weights and other symbols": (
        layer(2, n, stride=s), layer(letters("v", 2), n, stride=s), {"n": 2, "s": 1},
    ),
    "free weights and fewer symbols": (
        layer(3, n, padding=1), layer(letters("w", 2), n, padding=((1, 0),)), {"n": 2},
    ),
    "two free kernels and symbols of their names": (
        layer(2, n - 1) @ layer(2, n),
        layer(letters("w2", 2), n - 1) @ layer(letters("w1", 2), n), True,
    ),
    "a free kernel after given weights": (
        layer(2, n - 1) @ layer(kernel(1, -1), n),
        layer(kernel(W[0], W[1] - W[0], -W[1]), n), True,
    ),
    "free weights transposed": (layer(3, n, stride=2).T, layer(letters("w"), n, stride=2).T, True),
    "a square of a sum": (
        layer(kernel(a, b), n - 1) @ layer(kernel(a, b), n),
        layer(kernel(a * a, 2 * a * b, b * b), n),
        True,
    ),
    "a square of a sum without the middle": (
        layer(kernel(a, b), n - 1) @ layer(kernel(a, b), n), layer(kernel(a * a, a * b, b * b), n),
        {"n": 3},
    ),
    "a square of a tap": (
        layer(kernel(a + b), n) @ layer(kernel(a + b), n),
        layer(kernel(a * a + 2 * a * b + b * b), n), True,
    ),
    "a square of a tap without the middle": (
        layer(kernel(a + b), n) @ layer(kernel(a + b), n),
        layer(kernel(a * a + a * b + b * b), n), {"n": 1},
    ),
    "groups keep to themselves": (
        cm.conv1d(2, 2, 1, groups=2, weight=np.ones((2, 1, 1), int)).on(n),
        cm.pointwise(2, 2, ndim=1, weight=np.eye(2, dtype=int)[..., None]).on(n), True,
    ),
    "groups do not all read the first": (
        cm.conv1d(2, 2, 1, groups=2, weight=np.ones((2, 1, 1), int)).on(n),
        cm.pointwise(2, 2, ndim=1, weight=np.array([[[1], [0]], [[1], [0]]])).on(n), {"n": 1},
    ),
    "third by third": (
        layer(kernel(*[Fraction(1, 3)] * 3), n, stride=s),
        cm.avg_pool(3, stride=s, ndim=1).on(n), True,
    ),
    "a third in floats": (
        layer(kernel(*[1 / 3] * 3), n, stride=s), cm.avg_pool(3, stride=s, ndim=1).on(n), True,
    ),
    "nearly a third": (
        layer(kernel(*[Fraction(333, 1000)] * 3), n, stride=s),
        cm.avg_pool(3, stride=s, ndim=1).on(n),
        {"n": 3, "s": 1},
    ),
    "more digits than floats have": (
        layer(kernel(2**53), n, stride=s), layer(kernel(2**53 + 1), n, stride=s),
        {"n": 1, "s": 1},
    ),
    "bytes that would overflow": (
        layer(np.full((1, 1, 1), 200, np.uint8), n) @ layer(np.full((1, 1, 1), 200, np.uint8), n),
        layer(kernel(40_000), n), True,
    ),
    "a transposed layer and its construction": (
        cm.conv_transpose1d(1, 1, 3, stride=s, weight=np.array([[[1, 2, 3]]])).on(n),
        cm.conv1d(1, 1, 3, padding=2, weight=np.array([[[3, 2, 1]]])).on(s * (n - 1) + 1)
        @ cm.zero_insert(s, ndim=1).on(n), True,
    ),
    "a transposed layer, the flip forgotten": (
        cm.conv_transpose1d(1, 1, 3, stride=s, weight=np.array([[[1, 2, 3]]])).on(n),
        cm.conv1d(1, 1, 3, padding=2, weight=np.array([[[1, 2, 3]]])).on(s * (n - 1) + 1)
        @ cm.zero_insert(s, ndim=1).on(n), {"n": 1, "s": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HARD)
def test_hard_cases(name):
    left, right, expected = HARD[name]
    proof = cm.prove_equal(left, right)
    assert proof.holds is (expected is True), proof
    if expected is True:
        assert Certificate.from_json(proof.certificate.to_json()).check()
        assert proof.to_dict()["holds"] is True
    else:
        assert proof.counterexample.geometry == expected
        assert proof.counterexample.replay().differs


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (layer(ALL_ZERO, n, stride=s), layer(kernel(5, 5), n, stride=s), True),
        (layer(kernel(0, 1, 0), n, padding=1), layer(kernel(1), n), {"n": 2}),
        (layer(kernel(1, -1), n, dilation=2), layer(kernel(1, 0, -1), n), {"n": 3}),
        (layer(kernel(1, -1), n - 1) @ layer(kernel(1, 1), n), layer(BOX, n), True),
        (layer(kernel(0, 0), n), layer(2, n), True),
        (layer(kernel(0), n), cm.pad(0, ndim=1).on(n), True),
    ],
    ids=["zeros", "zeros around", "zeros between", "cancelled", "free", "nothing"],
)
def test_connected_by_zeros(left, right, expected, monkeypatch):
    pytest.importorskip("islpy")  # two of them have no certificate
    monkeypatch.setattr(decide, "PATIENCE", 0.2)
    proof = cm.prove_equal(left, right, level="connectivity")
    assert proof.holds is (expected is True), proof
    if expected is not True:
        assert proof.counterexample.geometry == expected


def test_weights_that_no_proof_takes():
    with pytest.raises(cm.ProofError, match="real weights"):
        cm.prove_equal(layer(kernel(1j), n), layer(kernel(1j), n))
    with pytest.raises(cm.ProofError, match=r"polynomial in its symbols, got 1/x\[0\]"):
        cm.prove_equal(layer(kernel(1 / a), n), layer(kernel(1 / a), n))
