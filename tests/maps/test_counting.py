"""Connections, paths and stored entries are three numbers, each counted without a matrix."""

from __future__ import annotations

import gc
import weakref

import networkx as nx
import numpy as np
import pytest
from bounds import peak_of, within
from cases import LINEAR, NONLINEAR

import convmatrix as cm
import convmatrix.pattern as pattern_module
from convmatrix import triples as listing
from convmatrix.maps import counting
from convmatrix.maps.carried import paths


def triples(a):
    pattern = a.pattern
    return pattern.nnz, len(set(zip(pattern.rows.tolist(), pattern.indices.tolist(), strict=True)))


def with_turns(a):
    """The map, its transpose, and both products of the two, where there are such."""
    yield a
    if a.is_linear:
        yield from (a.T, a.T @ a, a @ a.T)


@pytest.mark.parametrize(
    ("layer", "size"), [pytest.param(*c[1:], id=c[0]) for c in LINEAR + NONLINEAR]
)
def test_counts_are_those_of_the_pattern(layer, size):
    for a in with_turns(layer.on(*size)):
        assert (a.nnz, a.entries) == triples(a), a
        assert a.connections == a.nnz
        pattern = a.pattern
        reads = np.bincount(pattern.rows, minlength=a.shape[0])
        feeds = np.bincount(pattern.indices, minlength=a.shape[1])
        assert np.array_equal(paths(a.diagram).reshape(-1), reads)
        assert np.array_equal(paths(a.diagram.T).reshape(-1), feeds)
        if a.is_linear and a.has_weights:
            assert a.to_scipy().nnz == a.entries


def branches(join):
    graph = nx.DiGraph()
    graph.add_node("in", layer=cm.conv2d(2, 4, 3, padding=1, padding_mode="circular"))
    graph.add_node("shuffle", layer=cm.channel_shuffle(2, channels=4))
    graph.add_node("wide", layer=cm.conv2d(4, 4, 3, dilation=2, padding=2, groups=2))
    graph.add_node("out", layer=cm.conv2d(8 if join == "concat" else 4, 3, 3, stride=2), join=join)
    graph.add_edges_from([("in", "shuffle"), ("in", "wide"), ("shuffle", "out"), ("wide", "out")])
    return cm.network(graph)


@pytest.mark.parametrize("most", [counting.MOST_TERMS, 0], ids=["products", "arrays"])
@pytest.mark.parametrize("join", ["add", "concat"])
def test_counts_of_branches_are_those_of_the_pattern(join, most, monkeypatch):
    monkeypatch.setattr(counting, "MOST_TERMS", most)
    a = branches(join).on(6, 5)
    for each in (a, a.T):
        assert (each.nnz, each.entries) == triples(each)
        reads = np.bincount(each.pattern.rows, minlength=each.shape[0])
        assert np.array_equal(paths(each.diagram).reshape(-1), reads)


def test_counts_of_large_stacks_need_no_arrays():
    stack = "cm.sequential(*[cm.conv2d(1, 1, 3, padding=1)] * 2).on({0}, {0})"
    peak, error = peak_of("", f"({stack.format(6000)}.nnz, {stack.format(6000)}.entries)")
    assert not error
    assert peak < 50 << 20
    a = cm.sequential(*[cm.conv2d(1, 1, 3, padding=1)] * 2).on(6000, 6000)
    with within(2):
        assert a.nnz == (9 * 6000 - 12 + 2) ** 2
        assert a.entries == (5 * 6000 - 6) ** 2


def test_counts_beyond_64_bits_are_exact():
    deep = cm.sequential(*[cm.conv2d(8, 8, 3, padding=1)] * 30).on(40, 40)
    row = np.ones(40, object)
    for _ in range(30):
        row = np.convolve(row, [1, 1, 1], "same")
    assert deep.nnz == int(row.sum()) ** 2 * 8**31 > 2**64


@pytest.mark.parametrize(
    "layer",
    [
        cm.conv1d(1, 1, 10**6, padding=10**6 - 1),
        cm.conv1d(1, 1, 3, padding=10**12),
        cm.zero_insert(10**9, ndim=1),
    ],
)
def test_what_can_not_be_counted_is_refused_at_once(layer):
    stack = cm.sequential(layer, cm.conv1d(1, 1, 3)).on(10**6)
    with within(2), pytest.raises(cm.TooLargeError, match="counting"):
        _ = stack.nnz
    assert stack.leaves[0].nnz > 0


@pytest.mark.parametrize(
    ("layer", "size", "words"),
    [
        (cm.conv1d(1, 1, 3), 5, ["3×5, 9 entries (density 0.6)", "9 (output, tap, input)"]),
        (
            cm.sequential(cm.conv1d(1, 1, 3), cm.conv1d(1, 1, 3)), 5,
            ["1×5, 5 entries (density 1)", "12 in 2 layers: 9 + 3", "9 from input to output"],
        ),
        (
            cm.conv1d(1, 1, 3, padding=2, padding_mode="reflect"), 3,
            ["5×3, 13 entries (density 0.867)", "15 (output, tap, input); taps meet on one input"],
        ),
    ],
)  # fmt: skip
def test_each_number_is_told_under_its_own_name(layer, size, words):
    told = cm.explain(layer, size)
    assert [text for text in words if text not in str(told)] == []
    assert "non-zeros" not in str(told)
    plain = told.to_dict()
    assert 0 < plain["density"] <= 1
    assert plain["entries"] == layer.on(size).entries
    assert plain["paths"] == plain["nnz"] == layer.on(size).nnz


def test_density_of_a_network_is_at_most_1():
    told = cm.explain(branches("add"), 6, 5)
    assert told.density <= 1
    assert "paths" in str(told)


def test_the_relation_of_a_transposed_layer_names_its_ends():
    told = str(cm.explain(cm.conv_transpose1d(1, 1, 3, stride=2), 3))
    assert "i = 2·o + t, 0 ≤ t < 3, inputs 0 ≤ o < 3, outputs 0 ≤ i < 7" in told


@pytest.mark.parametrize("most", [1, 7, 50])
def test_patterns_are_the_same_however_many_triples_are_listed_at_a_time(most, monkeypatch):
    for name, layer, size in LINEAR:
        leaves = layer.on(*size).leaves
        whole = [leaf.pattern for leaf in leaves]
        with monkeypatch.context() as patch:
            patch.setattr(pattern_module, "BLOCK", most)
            patch.setattr(listing, "BLOCK", most)
            patch.setattr(listing.channel_rows, "__defaults__", (most,))
            for leaf, expected in zip(leaves, whole, strict=True):
                found = listing.pattern_of(leaf.geometry)
                for key in ("indptr", "indices", "tap"):
                    assert np.array_equal(getattr(found, key), getattr(expected, key)), name
                assert np.array_equal(found.T.tap, expected.T.tap)
                blocks = list(listing.blocks_of(leaf.geometry, most))
                assert np.array_equal(np.concatenate([b[1] for b in blocks]), expected.indices)
                assert np.array_equal(np.concatenate([b[2] for b in blocks]), expected.tap)


def test_a_map_and_its_pattern_go_when_nobody_has_them():
    conv = cm.conv2d(1, 1, 3)
    maps = [conv.on(9, 9), cm.sequential(conv, conv).on(9, 9), conv.on(9, 9) + conv.on(9, 9)]
    gc.disable()
    try:
        for _ in range(len(maps)):
            gone = maps.pop()
            pattern = weakref.ref(gone.pattern.indices)
            assert gone.leaves
            del gone
            assert pattern() is None
    finally:
        gc.enable()
