"""The channels: layers that are depthwise-separable or grouped."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from separable_cases import a, b

import convmatrix as cm


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


def test_tolerances_of_exact_weights():
    exact = np.array([[100, 1], [1, 100]])[..., None]
    for weight in (exact, exact.astype(float), exact.astype(object) / Fraction(3)):
        found = cm.channel_groups(weight, tolerance=0.1)
        assert (found.count, found.graph.number_of_edges()) == (2, 2)
        assert cm.channel_groups(weight).count == 1
    linear = cm.channel_groups(np.eye(2))
    assert (linear.layer().on(1).to_dense() == np.eye(2)).all()


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


def test_depthwise_of_huge_integers():
    verdict = cm.depthwise_separability(10**400 * np.eye(2, dtype=object)[:, None])
    assert not verdict.separable
