"""Networks: layers in a directed acyclic graph are one more map."""

from __future__ import annotations

import networkx as nx
import numpy as np
from cases import integers

import convmatrix as cm


def branching():
    """Two branches added, then two stacked; five layers, three of them weighted."""
    graph = nx.DiGraph()
    graph.add_node("conv", layer=cm.conv2d(2, 3, 3, padding=1))
    graph.add_node("mix", layer=cm.pointwise(2, 3))
    graph.add_edges_from([("conv", "sum"), ("mix", "sum")])
    graph.add_node("down", layer=cm.conv2d(3, 2, 3, stride=2, padding=1))
    graph.add_node("pool", layer=cm.avg_pool(2))
    graph.add_edges_from([("sum", "down"), ("sum", "pool"), ("down", "out"), ("pool", "out")])
    graph.nodes["out"]["join"] = "concat"
    net = cm.network(graph)
    return net.with_weight([integers(p.weight_shape) for p in net.parts if p.weight_shape])


def test_all_views_agree():
    net = branching()
    A = net.on(4, 4)
    assert (A.in_shape, A.out_shape, net.output_size((4, 4))) == ((2, 4, 4), (5, 2, 2), (2, 2))
    matrix = A.to_dense()
    x, y = integers((3, *A.in_shape)), integers((3, *A.out_shape), 1)
    np.testing.assert_allclose(A(x).reshape(3, -1), x.reshape(3, -1) @ matrix.T)
    np.testing.assert_allclose(A.T(y).reshape(3, -1), y.reshape(3, -1) @ matrix)
    np.testing.assert_allclose(net(x), A(x))
    np.testing.assert_allclose(np.array(A.to_sympy().tolist(), float), matrix)
    assert A.to_scipy().has_canonical_format
    summed = np.zeros(A.shape)
    np.add.at(summed, (A.pattern.rows, A.pattern.indices), A.edge_weights())
    np.testing.assert_allclose(summed, matrix)
    assert A.nnz == A.pattern.nnz == A.to_networkx().number_of_edges()


def test_queries_are_the_pattern():
    from convmatrix.shapes import ravel, unravel

    for A in (branching().on(4, 4), branching().on(4, 4).T):
        pattern = A.pattern
        for row in range(A.shape[0]):
            got = [(ravel(e, A.in_shape), t) for e, t in A.inputs_of(unravel(row, A.out_shape))]
            here = slice(pattern.indptr[row], pattern.indptr[row + 1])
            assert got == list(zip(pattern.indices[here], pattern.tap[here], strict=True))


def test_residual_block_against_its_formula():
    graph = nx.DiGraph()
    conv = cm.conv1d(2, 2, 3, padding=1, weight=integers((2, 2, 3)))
    graph.add_node("f", layer=conv)
    graph.add_node("id", layer=cm.pad(0, ndim=1))
    graph.add_edges_from([("f", "+"), ("id", "+")])
    block = cm.sequential(cm.network(graph), cm.relu(ndim=1), cm.network(graph))
    assert not block.is_linear
    A = cm.network(graph).on(5)
    np.testing.assert_array_equal(A.to_dense(), conv.on(5).to_dense() + np.eye(10))


def test_weightless_network_has_symbols_in_order():
    graph = nx.DiGraph([("a", "b")])
    graph.nodes["a"]["layer"], graph.nodes["b"]["layer"] = cm.conv1d(1, 1, 2), cm.conv1d(1, 1, 1)
    assert str(cm.network(graph).on(2).to_sympy()[0]) == "w1[0,0,0]*w2[0,0,0]"


def test_layers_may_be_the_nodes_themselves():
    first, second = cm.conv1d(1, 2, 3), cm.avg_pool(2, ndim=1)
    net = cm.network(nx.DiGraph([(first, second)]))
    assert net.on(8).out_shape == cm.sequential(first, second).on(8).out_shape == (2, 3)
