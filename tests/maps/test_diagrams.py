"""Diagrams: how they are put together, turned, cut, and what layers say of theirs."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from cases import LINEAR

import convmatrix as cm
from convmatrix.diagram import Builder, Step, chained

CONV = cm.conv1d(2, 3, 3, padding=1, weight=np.arange(18).reshape(3, 2, 3))
BACK = cm.conv_transpose1d(3, 2, 3, padding=1, weight=np.arange(18).reshape(3, 2, 3))


def joined(join):
    graph = nx.DiGraph()
    graph.add_node("a", layer=CONV)
    graph.add_node("b", join=join)
    graph.add_edges_from([("in", "a"), ("a", "b"), ("in", "c"), ("c", "b")])
    graph.nodes["c"]["layer"] = CONV
    return cm.network(graph).on(4)


@pytest.mark.parametrize(("name", "layer", "size"), LINEAR, ids=[name for name, *_ in LINEAR])
def test_a_layer_says_the_diagram_of_its_map(name, layer, size):
    said, made = layer.diagram(size), layer.on(*size).diagram
    assert said.shapes == made.shapes
    assert [(s.source, s.target, s.back, s.digit) for s in said.steps] == [
        (s.source, s.target, s.back, s.digit) for s in made.steps
    ]


def test_one_step_forward_or_back():
    (forward,), (back,) = CONV.on(4).diagram.steps, BACK.on(4).diagram.steps
    assert (forward.source, forward.target, forward.back) == (0, 1, False)
    assert (back.source, back.target, back.back) == (1, 0, True)
    assert back.leaf.layer.name == "conv1d"
    assert back.leaf.typed is BACK


@pytest.mark.parametrize(
    "diagram", [CONV.on(4).diagram, BACK.on(4).diagram, joined("concat").diagram]
)
def test_turned_twice_is_the_same(diagram):
    twice = diagram.T.T
    assert twice.steps == diagram.steps
    assert (twice.input, twice.output) == (diagram.input, diagram.output)
    assert twice.flipped == diagram.flipped
    assert diagram.T.letters == diagram.letters


def test_a_step_turned_takes_back_its_shifts():
    move = Step(0, 1, enters=3)
    assert Step(1, 0, back=True, enters=-3) == move.T
    assert move == move.T.T
    leaf = CONV.on(4).diagram.leaves[0]
    step = Step(0, 1, leaf, enters=3, exits=-1, digit=0)
    assert Step(1, 0, leaf, True, enters=1, exits=-3, digit=0) == step.T
    assert step == step.T.T


def test_digits_follow_leaves():
    A = CONV.on(4)
    product = (A.T @ A).diagram
    assert [step.digit for step in product.steps] == [0, 1]
    assert product.leaves[0] is product.leaves[1] is A.diagram.leaves[0]
    assert [step.digit for step in product.T.steps] == [1, 0]
    assert product.tap_counts == (18, 18)
    assert product.packing == ((0, 18), (0, 1))
    assert product.untouched == 0


def test_branches_may_be_passed_by():
    both = joined("add").diagram
    assert both.tap_counts == (19, 19)
    assert both.untouched == 19 * 18 + 18
    assert both.chain is None
    assert both.single is None
    assert [len(each.sources) for each in both.applications] == [1, 1, 1, 2]
    assert len(both.until(both.steps[0].target).steps) == 1


def test_a_part_of_a_space_is_no_chain():
    """The way back to the first branch ends in some channels only of what its leaf gives."""
    graph = nx.DiGraph()
    graph.add_node("a", layer=cm.pointwise(1, 1, ndim=1))
    graph.add_node("b", layer=cm.pointwise(1, 2, ndim=1))
    graph.add_node("cat", join="concat", layer=cm.pointwise(3, 1, ndim=1))
    graph.add_edges_from([("in", "a"), ("in", "b"), ("a", "cat"), ("b", "cat")])
    turned = cm.network(graph).on(4).diagram.T
    (step,) = (step for step in turned.steps if step.digit == 2 and not step.exits)
    first = turned.until(step.target)
    assert len(first.steps) == 1
    assert first.single is None
    assert first.chain is None


def test_doubles():
    assert not joined("concat").diagram.doubles
    assert not joined("add").diagram.doubles
    built = Builder((1, 4), (1, 4))
    built.fan([(0, 0), (0, 0)], None, 1)
    assert built.done(0, 1).doubles
    apart = Builder((1, 4), (2, 4))
    apart.fan([(0, 0), (0, 1)], None, 1)
    assert not apart.done(0, 1).doubles


class Twice(cm.Layer):
    """A layer that says nothing but its diagram."""

    def __init__(self, layer):
        object.__setattr__(self, "layer", layer)

    ndim, in_channels, out_channels = 1, 2, 2

    def output_size(self, input_size):
        return self.layer.output_size(input_size)

    def run(self, x):
        return self.layer.run(self.layer.run(x))

    def recipe(self):
        return "twice", (self.layer,), {}

    def diagram(self, size):
        first = self.layer.diagram(size)
        return chained([first, self.layer.diagram(first.out_shape[1:])])


def test_a_layer_of_ones_own_says_its_diagram():
    conv = cm.conv1d(2, 2, 3, padding=1, weight=np.arange(12).reshape(2, 2, 3))
    A, B = Twice(conv).on(5), conv.on(5)
    dense = B.to_dense() @ B.to_dense()
    assert A.name == "twice"
    assert np.array_equal(A.to_dense(), dense)
    assert np.array_equal(A.T.to_dense(), dense.T)
    assert A.nnz == (B @ B).nnz
    assert cm.prove_equal(A, B @ B).holds
    x = np.arange(10).reshape(2, 5)
    assert np.array_equal(
        cm.sequential(Twice(conv), conv).on(5)(x).ravel(), B.to_dense() @ dense @ x.ravel()
    )
