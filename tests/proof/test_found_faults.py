"""Faults of proofs that were found once."""

from __future__ import annotations

import numpy as np
import pytest

import convmatrix as cm


def test_a_shared_layer_is_one_kernel_beside_layers_with_weights_and_when_transposed():
    layer = cm.conv1d(1, 1, 3, padding=1)
    one = cm.pointwise(1, 1, ndim=1, weight=[[[1]]])
    assert cm.prove_equal(layer.on(5), one.on(5) @ layer.on(5))
    for maker in (cm.conv1d, cm.conv_transpose1d):
        a, b = (maker(1, 1, k, padding=((1, k - 2),), padding_mode="circular") for k in (3, 2))
        assert cm.prove_equal(a.on(6) @ b.on(6), b.on(6) @ a.on(6))


def test_a_divisor_that_may_be_below_one_is_refused():
    n, k = cm.symbols("n k")
    rest = n % (k - 3)
    left, right = (cm.pad(((r, 0),), ndim=1).on(n) for r in (rest, abs(rest)))
    with pytest.raises(cm.SymbolicError, match="a divisor that may be below 1"):
        cm.prove_equal(left, right)
    assert cm.prove_equal(*(cm.pad(((n % (k + 3), 0),), ndim=1).on(n) for _ in range(2)))


def test_given_kernels_are_compared_tap_by_tap():
    n = cm.symbols("n")
    a, b = (cm.conv1d(1, 1, 3, weight=[[w]]).on(n) for w in ([1, 2, 3], [1, 5, 7]))
    assert cm.prove_equal(a, b).holds is False
    assert cm.prove_equal(a, a).holds
    twice = cm.avg_pool(3, stride=1, ndim=1).on(n)
    assert cm.prove_equal(twice, cm.pad(((0, -2),), ndim=1).on(n)).holds is False


def test_strides_of_several_terms_and_sizes_that_only_simplify_to_be_equal():
    n, k, s = cm.symbols("n k s")
    for layer in (cm.zero_insert(s + 1, ndim=1), cm.conv_transpose1d(1, 1, 3, stride=s + 1)):
        assert cm.prove_equal(layer.on(n), layer.on(n))
    A = cm.conv1d(1, 1, k, stride=s).on(n)
    assert cm.prove_equal(A @ A.T, A @ cm.textbook_transpose(A.layer, n))


def test_connectivity_is_never_harder_than_weights():
    n, m, k, s, p = cm.symbols("n m k s p")
    A = cm.conv1d(1, 1, k, stride=s).on(n)
    assert cm.prove_equal((A.T @ A).T, A.T @ A, level="connectivity")
    plain, flipped = (
        cm.conv2d(1, 1, k, stride=s, padding=p, flip=flip).on(n, m) for flip in (False, True)
    )
    assert cm.prove_equal(plain, flipped, level="connectivity")
    assert cm.prove_equal(plain, flipped).level == "weights"


def test_a_shape_mismatch_replays_with_shapes():
    left, right = cm.conv2d(1, 1, (2, 1)).on(2, 2), cm.conv2d(1, 1, (1, 2)).on(2, 2)
    assert left.shape == right.shape
    assert cm.prove_equal(left, right).counterexample.replay().differs


def test_circular_padding_that_may_crop_is_left_out_of_the_scope():
    n, k, p = cm.symbols("n k p")
    layer = cm.pad(((k - p, 1),), mode="circular", ndim=1)
    assert "k - p ≥ 0" in cm.prove_equal(layer.on(n), layer.on(n)).scope


def test_weights_that_are_not_finite_or_mix_floats_with_symbols():
    import sympy

    n = cm.symbols("n")
    x = sympy.Symbol("x")

    def kernel(values, dtype=None):
        return cm.conv1d(1, 1, len(values), weight=np.array([[values]], dtype))

    for size in (3, n):
        with pytest.raises(cm.ProofError, match="a weight in a proof is finite"):
            cm.prove_equal(kernel([np.inf]).on(size), kernel([5.0]).on(size))
        almost = kernel([0.1 * x * 3], object).on(size), kernel([0.3 * x], object).on(size)
        assert cm.prove_equal(*almost), "equal up to rounding, in symbols as well"
    with pytest.raises(cm.ProofError, match="rational or floating-point numbers, got sqrt"):
        cm.prove_equal(*(kernel([sympy.sqrt(2)], object).on(n) for _ in range(2)))
    large = [kernel([10**30 + extra], object).on(2) for extra in (0, 1)]
    assert cm.prove_equal(*large).counterexample.replay().differs


def test_symbols_that_are_fixed_or_the_proofs_own_are_refused():
    k, s, o = cm.symbols("k s o")
    with pytest.raises(cm.ProofError, match="s is fixed, so p = k - s must not depend on it"):
        cm.prove("sizes", padding=k - s, stride=2)
    with pytest.raises(cm.ProofError, match="s is fixed, so dilation = s"):
        cm.prove_transpose(stride=2, dilation=s, padding=s)
    with pytest.raises(cm.ProofError, match="the proof of windows uses o itself"):
        cm.prove("windows", dilation=o)
    with pytest.raises(cm.ProofError, match="transpose has no input_size to fix"):
        cm.prove("transpose", input_size=5)


def test_expressions_keep_their_value_as_text():
    """Random SymPy expressions against their text, evaluated at random integers."""
    import random

    import sympy

    from convmatrix.proof.algebra.parsing import evaluate
    from convmatrix.proof.statements.data import expression_text

    rng = random.Random(0)
    symbols = cm.symbols("n m k s p")

    def expression(depth):
        if depth == 0:
            return rng.choice([*symbols, sympy.Integer(rng.randint(-3, 4))])
        a, b = expression(depth - 1), expression(depth - 1)
        kind = rng.choice(["+", "-", "*", "+", "*", "//", "mod", "max", "min", "abs"])
        positive = rng.choice([*symbols[:4], sympy.Integer(2), sympy.Integer(3)])
        return {
            "+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "//": lambda: a // positive,
            "mod": lambda: sympy.Mod(a, positive), "max": lambda: sympy.Max(a, b),
            "min": lambda: sympy.Min(a, b), "abs": lambda: abs(a),
        }[kind]()  # fmt: skip

    for e in (
        symbols[0] * symbols[1] + symbols[0] * symbols[2],
        symbols[3] * symbols[2] - symbols[3],
    ):
        assert "*" in expression_text(e)
    for _ in range(400):
        e = expression(rng.randint(1, 3))
        text = expression_text(e)
        for _ in range(3):
            values = {str(s): rng.randint(1, 7) for s in symbols}
            exact = e.subs({s: values[str(s)] for s in symbols})
            assert evaluate(text, values) == exact, (e, text, values)


def test_symbols_that_look_alike_are_told_apart():
    import sympy

    n = cm.symbols("n")
    options = {"integer": True, "nonnegative": True}
    for first, second in (
        (sympy.Dummy("d", **options), sympy.Dummy("d", **options)),
        (sympy.Symbol("a", **options), sympy.Symbol("a", even=True, **options)),
    ):
        with pytest.raises(cm.SymbolicError, match="two different symbols"):
            cm.prove_equal(cm.pad(first, ndim=1).on(n), cm.pad(second, ndim=1).on(n))
    for name in ("\u00b5", "lambda", "n'"):
        odd = sympy.Symbol(name, **options)
        with pytest.raises(cm.SymbolicError, match="a plain name"):
            cm.prove_equal(cm.pad(odd, ndim=1).on(n), cm.pad(odd, ndim=1).on(n))
    x, y = sympy.Symbol("x"), sympy.Symbol("x", positive=True)
    with pytest.raises(cm.ProofError, match="two different symbols are both named x"):
        cm.prove_equal(
            *(cm.conv1d(1, 1, 1, weight=np.array([[[v]]], object)).on(3) for v in (x, y))
        )


def test_floats_that_leave_their_range_and_infinities_in_object_arrays():
    n = cm.symbols("n")

    def c(*values, dtype=None):
        return cm.conv1d(1, 1, len(values), weight=np.array([[values]], dtype))

    for large, one in ((1e200, 1.0), (1e-200, 3e-200)):
        for size in (4, n):
            left, right = c(large).on(size), c(one).on(size)
            with pytest.raises(cm.ProofError, match="leave the range of floating point"):
                cm.prove_equal(left @ left, right @ left)
    assert cm.prove_equal(*(c(1e200).on(n) @ c(1e200).on(n) for _ in range(2)))
    for bad in (float("inf"), float("nan")):
        with pytest.raises(cm.ProofError, match="a weight in a proof is finite"):
            cm.prove_equal(c(bad, dtype=object).on(4), c(5.0).on(4))
    with pytest.raises(cm.GeometryError, match=r"a \(before, after\) pair"):
        cm.prove_transpose(padding=(0, 1, 2))


def forged(subject, change):
    """A certificate of an altered subject, made with our own tools."""
    from convmatrix.proof.engines.certify import certify
    from convmatrix.proof.statements.known import statement_of

    changed = change(subject)
    theorem = next(statement_of(changed).theorems())
    return certify(changed, theorem, 0, dict.fromkeys(changed["symbols"], 5))


def test_forged_subjects_are_rejected():
    n = cm.symbols("n")
    honest = cm.prove("sizes", kernel_size=3, stride=2, padding=1).certificate.data["subject"]
    layer = cm.conv1d(1, 1, 3, padding=1)
    turned = cm.conv1d(1, 1, 3, padding=1, flip=True)
    equal = cm.prove_equal(layer.on(n).T, turned.on(n)).certificate.data["subject"]
    changes = [
        (honest, lambda s: {**s, "fixed": {**s["fixed"], "p": -3}}),  # vacuous
        (honest, lambda s: {**s, "name": "transpose", "level": "weights", "fixed": {}}),  # empty
        (honest, lambda s: {**s, "level": "weights"}),
        (honest, lambda s: {**s, "fixed": {**s["fixed"], "zz": 5}}),
        (equal, lambda s: {**s, "left": {**s["left"], "named": True}}),
        (equal, lambda s: {**s, "level": "weights "}),
        (equal, lambda s: {**s, "symbols": {"": 0, **s["symbols"]}}),
        (equal, lambda s: {**s, "symbols": {"n": True}}),
    ]
    for subject, change in changes:
        with pytest.raises(cm.ProofError):
            cm.Certificate.from_json(forged(subject, change).to_json()).check()
