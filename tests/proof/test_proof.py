"""Proofs: what is true is proved, what is false is refuted at the right level and replayed."""

from __future__ import annotations

import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import convmatrix as cm
from convmatrix.proof import doors
from convmatrix.proof.statements import textbook, transpose
from convmatrix.relation import FOLDS

CONVS = {1: cm.conv1d, 2: cm.conv2d, 3: cm.conv3d}


@st.composite
def convolutions(draw, weighted=False):
    ndim = draw(st.integers(1, 3))
    few = st.integers(1, 3 if ndim < 3 else 2)
    groups = draw(st.integers(1, 2))
    mode = draw(st.sampled_from(list(FOLDS)))
    size = tuple(draw(st.integers(1, 6 if ndim < 3 else 4)) for _ in range(ndim))
    pads = tuple((draw(st.integers(-1, 3)), draw(st.integers(-1, 3))) for _ in range(ndim))
    layer = CONVS[ndim](
        groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2)),
        tuple(draw(few) for _ in range(ndim)), stride=tuple(draw(few) for _ in range(ndim)),
        dilation=tuple(draw(st.integers(1, 2)) for _ in range(ndim)), padding=pads,
        groups=groups, padding_mode=mode, flip=draw(st.booleans()),
    )  # fmt: skip
    try:
        layer.on(size)
    except cm.GeometryError:
        return CONVS[ndim](1, 1, 1), size
    return layer, size


@given(convolutions())
@settings(max_examples=150)
def test_transpose_is_the_textbook_construction(case):
    """For all weights by proof, and for random weights by the matrices themselves."""
    layer, size = case
    proof = cm.prove_transpose(layer, *size)
    assert proof.holds is True
    assert proof.level == "weights"
    w = np.random.default_rng(0).integers(-9, 10, layer.weight_shape)
    weighted = layer.with_weight(w)
    difference = weighted.on(size).T.to_scipy() != cm.textbook_transpose(weighted, *size).to_scipy()
    assert difference.nnz == 0


@given(convolutions(), st.data())
@settings(max_examples=100)
def test_verdict_is_what_the_matrices_say(case, data):
    """prove_equal against integer matrices with random weights, for a mutated layer."""
    layer, size = case
    change = data.draw(st.sampled_from(["none", "flip", "padding", "dilation", "mode"]))
    other = {
        "none": lambda: layer,
        "flip": lambda: replace(layer, flip=not layer.flip),
        "padding": lambda: replace(layer, padding=tuple((b, a) for a, b in layer.padding)),
        "dilation": lambda: replace(layer, dilation=tuple(3 - d for d in layer.dilation)),
        "mode": lambda: replace(layer, padding_mode="replicate"),
    }[change]()
    try:
        A, B = layer.on(size), other.on(size)
    except cm.GeometryError:
        return
    proof = cm.prove_equal(A, B)
    w = np.random.default_rng(1).integers(1, 10**6, layer.weight_shape)
    a, b = (m.layer.with_weight(w).on(size).to_scipy() for m in (A, B))
    assert proof.holds == (a.shape == b.shape and (a != b).nnz == 0)
    if not proof:
        assert proof.counterexample.replay().differs
        assert proof.counterexample.geometry["channels"] == layer.in_channels
        assert all(type(v) is int for v in proof.counterexample.geometry.values())


A = cm.conv1d(1, 1, 3, stride=2, padding=1, dilation=2).on(9)


@pytest.mark.parametrize(
    ("mutant", "level"),
    [
        (cm.conv1d(1, 1, 3, stride=2, padding=0, dilation=2), "size"),
        (cm.conv1d(1, 1, 3, stride=2, padding=((0, 2),), dilation=2), "connectivity"),
        (cm.conv1d(1, 1, 3, stride=2, padding=((0, 0),), dilation=1), "connectivity"),
        (cm.conv1d(1, 1, 3, stride=2, padding=1, dilation=2, flip=True), "weights"),
    ],
    ids=["pad-forgotten", "pad-off-by-one", "dilation-forgotten", "flip-forgotten"],
)
def test_mutants_are_refuted_at_their_level(mutant, level):
    B = mutant.on(9)
    proof = cm.prove_equal(A, B)
    assert (proof.holds, proof.level) == (False, level)
    assert proof.counterexample.replay().differs
    weaker = {"size": "size", "connectivity": "size", "weights": "connectivity"}[level]
    assert cm.prove_equal(A, B, level=weaker).holds is (level != "size")


def test_a_broken_textbook_is_refuted(monkeypatch):
    real = textbook.Convolution

    def forgetful(*args, **options):
        return real(*args, **{**options, "flip": not options["flip"]})

    monkeypatch.setattr(textbook, "Convolution", forgetful)
    monkeypatch.setattr(doors, "held_convolution", lambda layer, size: (layer, size))
    proof = cm.prove_transpose(cm.conv1d(1, 1, 3, padding=1), 5)
    assert (proof.holds, proof.level) == (False, "weights")


def test_counterexample_says_where_and_through_which_taps():
    B = cm.conv1d(1, 1, 3, stride=2, padding=1, dilation=2, flip=True).on(9)
    found = cm.prove_equal(A, B).counterexample
    assert (found.output, found.input, found.taps) == ((0, 0), (0, 3), ((2,), (0,)))
    assert found.to_dict()["geometry"] == {"channels": 1, "n": 9}
    assert found.expected != found.got


def test_symbols_shared_by_both_sides():
    w = cm.weight_symbols("w", (1, 1, 3))
    plain = cm.conv1d(1, 1, 3, padding=1).on(5)
    flipped = cm.conv1d(1, 1, 3, padding=1, flip=True, weight=w[..., ::-1]).on(5)
    assert cm.prove_equal(plain, flipped), "w[0,0,i] is the same symbol on both sides"
    turned = cm.conv1d(2, 3, 3, flip=True, weight=cm.weight_symbols("w", (2, 3, 3)).swapaxes(0, 1))
    assert turned.weight_shape == (3, 2, 3)


def test_depthwise_separable_is_one_convolution_for_all_weights():
    d, p = cm.weight_symbols("w1", (2, 1, 3, 3)), cm.weight_symbols("w2", (3, 2, 1, 1))
    whole = cm.conv2d(2, 3, 3, padding=1, weight=p * d.transpose(1, 0, 2, 3)).on(4, 4)
    assert cm.prove_equal(cm.depthwise_separable(2, 3, 3, padding=1).on(4, 4), whole)
    wrong = cm.conv2d(2, 3, 3, padding=1, weight=p * d.transpose(1, 0, 3, 2)).on(4, 4)
    proof = cm.prove_equal(cm.depthwise_separable(2, 3, 3, padding=1).on(4, 4), wrong)
    assert (proof.holds, proof.level) == (False, "weights")


def test_weights_may_be_sums_and_powers_of_symbols():
    a, b = sympy.symbols("a b")
    conv = cm.conv1d(1, 1, 2, weight=np.array([[[a + b, a - b]]], dtype=object)).on(2)
    product = cm.conv1d(1, 1, 1, weight=np.array([[[a - b]]], dtype=object)).on(1) @ conv
    expected = np.array([[[a**2 - b**2, a**2 - 2 * a * b + b**2]]], dtype=object)
    assert cm.prove_equal(product, cm.conv1d(1, 1, 2, weight=expected).on(2))


def test_transposition_reverses_products_and_a_layer_object_is_one_kernel():
    B = cm.conv1d(1, 2, 2).on(A.out_shape[1:])
    assert cm.prove_equal((B @ A).T, A.T @ B.T)
    assert cm.prove_equal((A.T @ A).T, A.T @ A)
    other = cm.conv1d(1, 1, 3, stride=2, padding=1, dilation=2).on(9)
    assert not cm.prove_equal((other.T @ A).T, other.T @ A), "two layers, two kernels"


def test_numbers_are_compared_exactly_where_exact_and_to_rounding_where_not():
    third = Fraction(1, 3)
    ones = cm.conv1d(1, 1, 3, weight=[[[1, 1, 1]]]).on(5)
    pool = cm.avg_pool(3, stride=1, ndim=1).on(5)
    thirds = cm.conv1d(1, 1, 3, weight=np.array([[[third] * 3]])).on(5)
    assert cm.prove_equal(pool, thirds)
    assert not cm.prove_equal(pool, ones)
    passes = cm.spatially_separable(1, 1, ([0.1, 0.7], [0.3, 0.9])).on(4, 4)
    whole = cm.conv2d(1, 1, 2, weight=np.outer([0.1, 0.7], [0.3, 0.9])[None, None]).on(4, 4)
    assert cm.prove_equal(passes, whole)
    nudged = np.outer([0.1, 0.7], [0.3, 0.9000001])[None, None]
    assert not cm.prove_equal(passes, cm.conv2d(1, 1, 2, weight=nudged).on(4, 4))


def test_bilinear_upsampling_is_a_transposed_convolution_but_for_the_border():
    up = cm.upsample(scale_factor=2, mode="linear", ndim=1).on(4)
    triangle = [[[Fraction(1, 4), Fraction(3, 4), Fraction(3, 4), Fraction(1, 4)]]]
    spread = cm.conv_transpose1d(1, 1, 4, stride=2, padding=1, weight=np.array(triangle)).on(4)
    proof = cm.prove_equal(up, spread)
    assert proof.counterexample.output == (0, 0), "the border differs"
    inside = cm.pad(-1, ndim=1)
    assert cm.prove_equal(inside.on(8) @ up, inside.on(8) @ spread)


def test_large_layers_are_proved_factor_by_factor():
    layer = cm.conv2d(64, 64, 3, padding=1)
    proof = cm.prove_transpose(layer, 56, 56)
    assert proof.holds is True
    assert "product of equals" in proof.method
    small = cm.conv2d(4, 2, 3, stride=2, padding=((1, 0), (2, 1)), groups=2, dilation=(1, 2))
    whole = transpose.transposed_at(small, (7, 8), "weights")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transpose, "MOST_TRIPLES", 10)
        parts = transpose.transposed_at(small, (7, 8), "weights")
    assert "product of equals" in parts.method
    assert "product of equals" not in whole.method
    assert parts.holds is whole.holds is True


def test_all_sizes_are_proved_with_a_certificate_that_checks():
    for proof in (cm.prove_transpose(), cm.prove_transpose(cm.conv2d(2, 2, 3))):
        assert proof.holds is True
        assert cm.Certificate.from_json(proof.certificate.to_json()).check()


def test_without_islpy_certificates_still_prove_and_the_fix_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "islpy", None)
    assert cm.prove_transpose(stride=2, dilation=3).holds
    with pytest.raises(cm.MissingExtraError, match=r"pip install '\.\[proof\]'"):
        cm.prove_transpose(stride=2, dilation=3, method="presburger")


def test_presburger_agrees_with_certificates():
    pytest.importorskip("islpy")
    n, k, p = cm.symbols("n k p")
    for stride, dilation in ((1, 1), (2, 3), (3, 2)):
        conv = cm.conv1d(1, 1, k, stride=stride, padding=p, dilation=dilation)
        for layer in (conv, replace(conv, padding=((p, 0),))):
            wrong = replace(layer, flip=True)
            for other, holds in ((layer, True), (wrong, False)):
                by_isl = cm.prove_equal(layer.on(n), other.on(n), method="presburger")
                by_steps = cm.prove_equal(layer.on(n), other.on(n))
                assert by_isl.holds is by_steps.holds is holds
                assert "Presburger" in by_isl.method
                if not holds:
                    found = by_isl.counterexample.geometry
                    assert found == by_steps.counterexample.geometry


def test_a_map_of_one_layer_may_stand_for_layer_and_size():
    n = cm.symbols("n")
    conv = cm.conv1d(1, 1, 3, stride=2)
    assert cm.prove_transpose(conv.on(5)).statement == cm.prove_transpose(conv, 5).statement
    assert cm.prove_transpose(conv.on(n)).holds
    with pytest.raises(cm.ProofError, match="the textbook construction is of a convolution"):
        cm.prove_transpose(conv.on(5).T @ conv.on(5))


def test_proof_is_plain_data_and_prints():
    proof = cm.prove_equal(A, cm.conv1d(1, 1, 3, stride=2, padding=1, dilation=2, flip=True).on(9))
    data = proof.to_dict()
    assert (data["holds"], data["level"]) == (False, "weights")
    assert data["counterexample"]["output"] == list(proof.counterexample.output)
    assert "on the left" in str(proof)
    assert proof.statement.count("flip=True") == 1, "the statement names both sides"


def test_networks_in_proofs():
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_node("a", layer=cm.conv1d(1, 1, 3, padding=1))
    graph.add_node("b", layer=cm.pointwise(1, 1, ndim=1))
    graph.add_edges_from([("a", "sum"), ("b", "sum")])
    w, v = cm.weight_symbols("w1", (1, 1, 3)), cm.weight_symbols("w2", (1, 1, 1))
    merged = w.copy()
    merged[0, 0, 1] += v[0, 0, 0]
    one = cm.conv1d(1, 1, 3, padding=1, weight=merged).on(5)
    assert cm.prove_equal(cm.network(graph).on(5), one), "parallel branches fold into one kernel"
