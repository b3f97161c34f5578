"""Random products, sums, blocks, transposes and networks of layers, against dense matrices."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import scipy.linalg

import convmatrix as cm

SIZE = 4
FEW = 30_000
"""So many paths are listed, at most."""


class Maps:
    """Makes pairs of a map and its matrix, which is made from the layers' own results."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def weight(self, *shape):
        return self.rng.integers(-3, 4, shape)

    def layer(self, channels, outputs):
        kind, weight = self.rng.integers(6), (outputs, channels)
        if kind == 0:
            return cm.conv1d(*weight[::-1], 3, padding=1, weight=self.weight(*weight, 3))
        if kind == 1:
            ring = {"padding": 1, "padding_mode": "circular"}
            return cm.conv1d(*weight[::-1], 3, **ring, weight=self.weight(*weight, 3))
        if kind == 2:
            weight = self.weight(channels, outputs, 3)
            return cm.conv_transpose1d(channels, outputs, 3, padding=1, weight=weight)
        if kind == 3 and channels == outputs and channels % 2 == 0:
            return cm.channel_shuffle(2, channels=channels, ndim=1)
        if kind == 4:
            return cm.sequential(self.layer(channels, 2), self.layer(2, outputs))
        padding = ((1, 0),)
        return cm.conv1d(*weight[::-1], 2, padding=padding, weight=self.weight(*weight, 2))

    def network(self, channels, outputs, deep=2):
        graph, width = nx.DiGraph(), int(self.rng.integers(1, 3))
        nested = deep and self.rng.random() < 0.3
        graph.add_node("a", layer=self.layer(channels, width))
        inner = self.network(channels, 2, deep - 1) if nested else self.layer(channels, 2)
        graph.add_node("b", layer=inner)
        graph.add_node("cat", join="concat")
        joined = width + 2 + channels
        if self.rng.random() < 0.5:
            graph.nodes["cat"]["layer"], joined = self.layer(joined, 3), 3
        graph.add_node("out", layer=self.layer(joined, outputs))
        graph.add_edges_from([("in", "a"), ("in", "b"), ("a", "cat"), ("b", "cat"), ("in", "cat")])
        graph.add_edge("cat", "out")
        if self.rng.random() < 0.5:
            graph.add_node("c", layer=self.layer(width, outputs))
            graph.add_edges_from([("a", "c"), ("c", "sum"), ("out", "sum")])
        return cm.network(graph)

    def bare(self, channels, outputs):
        make = self.layer if self.rng.random() < 0.5 else self.network
        layer = make(channels, outputs)
        units = np.eye(channels * SIZE, dtype=int).reshape(-1, channels, SIZE)
        return layer.on(SIZE), layer(units).reshape(len(units), -1).T

    def pair(self, channels, outputs, deep=3):
        kind = self.rng.integers(8) if deep else 0
        if kind == 1:
            (a, x), (b, y) = (self.pair(channels, outputs, deep - 1) for _ in range(2))
            return a - b, x - y
        if kind == 2:
            a, x = self.pair(channels, outputs, deep - 1)
            return 3 * a, 3 * x
        if kind == 3:
            a, x = self.pair(outputs, channels, deep - 1)
            return a.T, x.T
        if kind == 4:
            (a, x), (b, y) = self.pair(channels, 2, deep - 1), self.pair(2, outputs, deep - 1)
            return b @ a, y @ x
        if kind == 5 and outputs > 1:
            (a, x), (b, y) = (self.pair(channels, n, deep - 1) for n in (1, outputs - 1))
            return cm.vstack(a, b), np.vstack([x, y])
        if kind == 6 and channels > 1:
            (a, x), (b, y) = (self.pair(n, outputs, deep - 1) for n in (1, channels - 1))
            return cm.hstack(a, b), np.hstack([x, y])
        if kind == 7 and min(channels, outputs) > 1:
            (a, x), (b, y) = self.pair(1, 1, deep - 1), self.pair(channels - 1, outputs - 1, 0)
            return cm.block_diag(a, b), scipy.linalg.block_diag(x, y)
        return self.bare(channels, outputs)


def check_paths(a, x, rng):
    """Pattern, counts, links and graphs, against each other and the matrix."""
    pattern = a.pattern
    counts, found = np.zeros(a.shape, int), np.zeros(a.shape, int)
    np.add.at(counts, (pattern.rows, pattern.indices), 1)
    np.add.at(found, (pattern.rows, pattern.indices), np.array(a.edge_weights(), int))
    assert np.array_equal(found, x)
    assert (a.nnz, a.entries) == (pattern.nnz, a.to_scipy().nnz)
    degrees = cm.connectivity(a)
    assert np.array_equal(degrees.reads.ravel(), counts.sum(1))
    assert np.array_equal(degrees.feeds.ravel(), counts.sum(0))
    row, column = (int(rng.integers(n)) for n in a.shape)
    output = tuple(map(int, np.unravel_index(row, a.out_shape)))
    source = tuple(map(int, np.unravel_index(column, a.in_shape)))
    assert a.path_count(source, output) == counts[row, column]
    assert [tap for _, tap in a.inputs_of(output)] == pattern.tap[pattern.rows == row].tolist()
    taps = sorted(pattern.tap[pattern.indices == column].tolist())
    assert sorted(tap for _, tap in a.T.inputs_of(source)) == taps
    reached = np.flatnonzero(counts[:, column])
    assert a.reach(source) == [tuple(map(int, np.unravel_index(r, a.out_shape))) for r in reached]
    assert np.array_equal(a[row], x[row])
    whole, lazy = a.to_networkx("layered"), a.to_networkx("layered", lazy=True)
    assert set(whole.edges()) == set(lazy.edges())


@pytest.mark.parametrize("seed", range(6))
def test_random_maps(seed):
    maps = Maps(seed)
    for _ in range(25):
        a, x = maps.pair(*map(int, maps.rng.integers(1, 4, 2)))
        assert np.array_equal(a.to_dense(), x), a
        v = maps.weight(2, *a.in_shape)
        assert np.array_equal(a(v).reshape(2, -1), v.reshape(2, -1) @ x.T), a
        u = maps.weight(2, *a.out_shape)
        assert np.array_equal(a.T(u).reshape(2, -1), u.reshape(2, -1) @ x), a
        if a.nnz < FEW and np.prod(np.array(a.diagram.tap_counts, float)) < 2**62:
            check_paths(a, x, maps.rng)
