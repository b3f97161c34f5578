"""Receptive fields: of long periods, of branches, against what the graph reaches."""

from __future__ import annotations

import random
from fractions import Fraction

import networkx as nx
import pytest
from bounds import within

import convmatrix as cm
from convmatrix.analysis import fields


def random_layer(rng):
    kernel, stride, dilation = rng.randint(1, 5), rng.randint(1, 4), rng.randint(1, 3)
    padding = rng.randint(0, 2)
    if rng.random() < 0.5:
        return cm.conv1d(1, 1, kernel, stride=stride, dilation=dilation, padding=padding)
    return cm.conv_transpose1d(1, 1, kernel, stride=stride, dilation=dilation)


def widest(layer, size):
    """The widest field of an output, by following the graph, away from the borders."""
    a = layer.on(size)
    found = []
    for o in range(a.out_shape[1]):
        seen = [i for _, i in a.reach((0, o), back=True)]
        if seen and seen[0] > 40 and seen[-1] < size - 40:
            found.append(seen[-1] - seen[0] + 1)
    return max(found)


def random_stack(seed):
    rng = random.Random(seed)
    return cm.sequential(*(random_layer(rng) for _ in range(rng.randint(1, 3))))


@pytest.mark.parametrize("seed", range(25))
def test_fields_are_what_the_graph_reaches(seed):
    stack = random_stack(seed)
    (field,) = cm.receptive_field(stack)
    assert field.size >= widest(stack, 160)
    assert field.size == widest(stack, 160) or has_gaps(stack)


def test_the_first_outputs_that_see_an_input_have_the_largest_fields(monkeypatch):
    compared = 0
    for seed in range(200):
        stack = random_stack(seed)
        (field,) = cm.receptive_field(stack)
        if field.stride.numerator < field.stride.denominator:
            with monkeypatch.context() as patch:
                patch.setattr(fields, "MOST_FIELDS", field.stride.numerator)
                assert cm.receptive_field(stack) == (field,)
            compared += 1
    assert compared > 40


def has_gaps(stack):
    """Whether zeros inserted between elements hide ends of an interval."""
    return any(isinstance(part, cm.ConvolutionTranspose) for part in stack.parts)


def test_fields_of_huge_strides_are_answered_at_once():
    with within(2):
        (field,) = cm.receptive_field(cm.zero_insert(10**9, ndim=1, channels=1), 5)
        assert (field.size, field.stride) == (1, Fraction(1, 10**9))
        up = cm.conv_transpose1d(1, 1, 3 * 10**8, stride=10**8)
        assert cm.receptive_field(up, 5)[0].size == 3
        stack = cm.sequential(cm.conv1d(1, 1, 5, stride=3), up, cm.conv1d(1, 1, 3, stride=7))
        assert cm.receptive_field(stack, 50)[0].size == 3 * 3 + 5  # 3·10⁸ + 2 taps: 4 inputs
        far = cm.sequential(cm.sample(10**9 + 7, ndim=1), cm.zero_insert(10**9, ndim=1))
        with pytest.raises(cm.TooLargeError, match="repeats after 1000000000 outputs and"):
            cm.receptive_field(far, 10**10)


def residual(stride):
    graph = nx.DiGraph()
    graph.add_node("a", layer=cm.conv2d(4, 4, 3, stride=stride, padding=1))
    graph.add_node("b", layer=cm.conv2d(4, 4, 3, padding=1))
    graph.add_node("skip", layer=cm.conv2d(4, 4, 1, stride=stride))
    graph.add_edges_from([("a", "b"), ("b", "sum"), ("skip", "sum")])
    return cm.network(graph)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("stride", [1, 2])
def test_fields_of_branches_hold_all_of_theirs(stride, transposed):
    net = residual(stride)
    a = net.on(32, 32).T if transposed else net.on(32, 32)
    for axis, field in enumerate(cm.receptive_field(a)):
        middle = (0, *(n // 2 for n in a.out_shape[1:]))
        seen = [e[1 + axis] for e in a.reach(middle, back=True)]
        assert field.stride == (Fraction(1, stride) if transposed else stride)
        if not transposed:
            assert field.size == max(seen) - min(seen) + 1 == 3 + 2 * stride
            first = middle[1 + axis] * field.stride - field.padding
            assert (first, first + field.size - 1) == (min(seen), max(seen))
    assert cm.receptive_field(net) == cm.receptive_field(net.on(64, 64))


def test_branches_of_unequal_strides_have_no_one_field():
    graph = nx.DiGraph()
    graph.add_node("half", layer=cm.conv1d(1, 1, 3, stride=2, padding=1))
    graph.add_node("crop", layer=cm.pad(((0, -5),), ndim=1))
    graph.add_edges_from([("half", "sum"), ("crop", "sum")])
    with pytest.raises(cm.GeometryError, match="branches of strides 2 and 1 meet"):
        cm.receptive_field(cm.network(graph), 10)
