"""Every layer × every view × {identity, T, compose} × 1-D, 2-D, 3-D: all views are one matrix."""

from __future__ import annotations

from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from cases import LINEAR, NONLINEAR, integers

import convmatrix as cm
from convmatrix.shapes import ravel, unravel


def _identity(A):
    return A


def _transpose(A):
    return A.T


def _compose(A):
    """A pointwise convolution with known numbers after A."""
    channels = A.out_shape[0]
    mix = cm.pointwise(channels, 2, ndim=len(A.out_shape) - 1)
    return mix.with_weight(integers(mix.weight_shape, 9)).on(A.out_shape[1:]) @ A


TRANSFORMS = {"identity": _identity, "T": _transpose, "compose": _compose}

every_map = pytest.mark.parametrize(
    "A",
    [
        pytest.param(transform(layer.on(size)), id=f"{name}-{how}")
        for name, layer, size in LINEAR
        for how, transform in TRANSFORMS.items()
    ],
)


@every_map
def test_matrix_is_canonical_csr(A):
    matrix = A.to_scipy()
    assert matrix.shape == A.shape
    fresh = type(matrix)((matrix.data, matrix.indices, matrix.indptr), shape=matrix.shape)
    assert fresh.has_canonical_format
    assert matrix.indices.dtype == matrix.indptr.dtype == np.int32


@every_map
def test_dense_path_is_the_matrix(A):
    matrix, x = A.to_scipy(), integers((3, 2, *A.in_shape), 1)
    expected = (x.reshape(6, -1) @ matrix.toarray().T).reshape(3, 2, *A.out_shape)
    np.testing.assert_allclose(A(x), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(A(x[0, 0]), expected[0, 0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(A @ x[0, 0].ravel(), expected[0, 0].ravel(), rtol=1e-12, atol=1e-12)


@every_map
def test_pattern_has_the_matrix_as_its_values(A):
    pattern = A.pattern
    assert A.nnz == pattern.nnz == pattern.indptr[-1]
    assert pattern.shape == A.shape
    matrix = np.zeros(A.shape)
    np.add.at(matrix, (pattern.rows, pattern.indices), A.edge_weights())
    np.testing.assert_allclose(matrix, A.to_dense(), rtol=1e-12, atol=1e-12)
    inner = np.diff(pattern.indices.astype(int))
    same_row = np.diff(pattern.rows) == 0
    assert (inner[same_row] >= 0).all()


@every_map
def test_queries_are_the_pattern(A):
    for side, pattern in (("inputs_of", A.pattern), ("outputs_of", A.pattern.T)):
        rows, columns = A.out_shape, A.in_shape
        if side == "outputs_of":
            rows, columns = columns, rows
        for row in range(0, pattern.shape[0], 5):
            got = getattr(A, side)(unravel(row, rows))
            here = slice(pattern.indptr[row], pattern.indptr[row + 1])
            expected = zip(pattern.indices[here], pattern.tap[here], strict=True)
            assert got == sorted(got)
            assert sorted((ravel(e, columns), t) for e, t in got) == sorted(expected)


@every_map
def test_operator_and_its_adjoint(A):
    operator, matrix = A.to_linear_operator(), A.to_dense()
    v, u = integers(A.shape[1], 2), integers(A.shape[0], 3)
    np.testing.assert_allclose(operator.matvec(v), matrix @ v, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(operator.rmatvec(u), matrix.T @ u, rtol=1e-12, atol=1e-12)
    block = integers((A.shape[1], 3), 4)
    np.testing.assert_allclose(operator @ block, matrix @ block, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(A @ block, matrix @ block, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "layer", "size"), LINEAR, ids=[c[0] for c in LINEAR])
def test_transpose_is_an_object(name, layer, size):
    A = layer.on(size)
    assert A.T.T is A
    assert (A.T.in_shape, A.T.out_shape) == (A.out_shape, A.in_shape)
    assert (A.T.to_scipy() != A.to_scipy().T).nnz == 0
    x = integers((2, *A.in_shape), 5)
    np.testing.assert_array_equal(layer(x), A(x))
    assert layer.output_size(size) == A.out_shape[1:]


small = [c for c in LINEAR if c[1].on(c[2]).nnz < 1500]


@pytest.mark.parametrize(("name", "layer", "size"), small, ids=[c[0] for c in small])
def test_symbols_are_the_matrix(name, layer, size):
    A = layer.on(size)
    exact = A.to_sympy()
    assert A.T.to_sympy() == exact.T
    np.testing.assert_allclose(np.array(exact.tolist(), float), A.to_dense(), rtol=1e-14)
    assert not any(value.is_Float for value in exact.todok().values())


@pytest.mark.parametrize(("name", "layer", "size"), small, ids=[c[0] for c in small])
def test_graph_is_the_pattern(name, layer, size):
    A = layer.on(size)
    graph, pattern = A.to_networkx(), A.pattern
    assert graph.number_of_edges() == A.nnz
    assert graph.number_of_nodes() == sum(A.shape), "isolated elements are there too"
    assert graph.is_multigraph() == pattern.collides
    assert {d["side"] for _, d in graph.nodes(data=True)} == {"input", "output"}
    taps = sorted(t for _, _, t in graph.edges(data="tap"))
    assert taps == sorted(pattern.tap.tolist())
    back = A.T.to_networkx()
    assert sorted(back.edges) == sorted(graph.reverse().edges)
    assert back.nodes[next(iter(back))]["side"] == "input"


@pytest.mark.parametrize(("name", "layer", "size"), NONLINEAR, ids=[c[0] for c in NONLINEAR])
def test_nonlinear_layers_have_connections_and_no_matrix(name, layer, size):
    A = layer.on(size)
    assert A.to_networkx().number_of_edges() == A.nnz == A.pattern.nnz
    for view in ("to_scipy", "to_dense", "to_sympy", "to_linear_operator"):
        with pytest.raises(cm.NotLinearError, match="is not linear, so there is no"):
            getattr(A, view)()
    with pytest.raises(cm.NotLinearError):
        _ = A.T


def test_structural_zeros_are_kept():
    conv = cm.conv1d(1, 1, 3, padding=1, weight=np.zeros((1, 1, 3)))
    A = conv.on(4)
    assert A.to_scipy().nnz == A.nnz == A.to_networkx().number_of_edges() == 10
    first = cm.conv1d(1, 1, 2, weight=[[[1.0, -1.0]]]).on(4)
    then = cm.conv1d(1, 1, 2, weight=[[[1.0, 1.0]]]).on(3)
    product = (then @ first).to_scipy()
    assert product.nnz == 6, "1 - 1 = 0 in the middle is still a connection"
    np.testing.assert_array_equal(product.toarray(), [[1, 0, -1, 0], [0, 1, 0, -1]])


def test_colliding_taps_add_in_the_matrix_and_stay_apart_in_the_graph():
    A = cm.conv1d(1, 1, 3, padding=1, padding_mode="replicate", weight=[[[1, 2, 4]]]).on(2)
    np.testing.assert_array_equal(A.to_dense(), [[3, 4], [1, 6]])
    graph = A.to_networkx()
    assert isinstance(graph, nx.MultiDiGraph)
    assert sorted(graph["x_0_0"]["y_0_0"]) == [0, 1]
    assert (A.nnz, A.to_scipy().nnz) == (6, 4)


@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "c16", "i8"])
def test_dtype_of_the_weight_is_the_dtype_of_the_matrix(dtype):
    w = np.arange(9).reshape(1, 1, 3, 3).astype(dtype)
    A = cm.conv2d(1, 1, 3, weight=w).on(5, 5)
    assert A.to_scipy().dtype == A.T.to_scipy().dtype == w.dtype
    if w.dtype.kind == "c":
        with pytest.raises(cm.WeightError, match=r"the matrix holds complex.* float64 cannot"):
            A.to_scipy("f8")
    else:
        assert A.to_scipy("f8").dtype == np.float64


@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "c16"])
def test_dtype_of_the_array_is_kept(dtype):
    rng = np.random.default_rng(0)
    w = rng.standard_normal((2, 1, 3, 3)).astype(dtype)
    x = rng.standard_normal((1, 6, 6)).astype(dtype)
    A = cm.conv2d(1, 2, 3, padding=1, weight=w).on(6, 6)
    assert A(x).dtype == A.T(A(x)).dtype == x.dtype
    assert A.layer.with_weight([[[[1] * 3] * 3]] * 2)(x).dtype == x.dtype, "integer weight"
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(A(x).ravel(), A.to_scipy() @ x.ravel(), atol=20 * eps, rtol=20 * eps)


def test_complex_adjoints():
    w = np.array([[[1 + 2j, 3 - 1j]]])
    A = cm.conv1d(1, 1, 2, weight=w).on(4)
    u = np.array([1, 1j, -1])
    np.testing.assert_allclose(A.T @ u, A.to_dense().T @ u)
    np.testing.assert_allclose(A.to_linear_operator().rmatvec(u), A.to_dense().conj().T @ u)


def test_integers_are_exact_beyond_float64():
    w = np.full((1, 1, 2), 3_000_000_019)
    x = np.full((1, 3), 1_000_000_007)
    A = cm.conv1d(1, 1, 2, weight=w).on(3)
    assert A(x).tolist() == [[2 * 3_000_000_019 * 1_000_000_007] * 2]
    with pytest.raises(cm.ShapeError, match="may pass 64 bits"):
        A(x * 100)
    assert A(x.astype(object) * 10**30).tolist() == [
        [2 * 3_000_000_019 * 1_000_000_007 * 10**30] * 2
    ]
    assert A(np.full((1, 3), 255, np.uint8)).dtype == np.int64


def test_fractions_run_and_become_sympy():
    third = Fraction(1, 3)
    A = cm.conv1d(1, 1, 2, weight=np.array([[[third, 2 * third]]])).on(3)
    x = np.array([[Fraction(1), Fraction(2), Fraction(3)]])
    assert A(x).tolist() == [[Fraction(5, 3), Fraction(8, 3)]]
    assert A.to_dense().tolist()[0] == [third, 2 * third, 0]
    with pytest.raises(cm.WeightError, match=r"use A\.to_sympy"):
        A.to_scipy()


def test_empty_batch():
    A = cm.conv2d(1, 2, 3, weight=integers((2, 1, 3, 3))).on(5, 5)
    assert A(np.empty((0, 1, 5, 5))).shape == (0, 2, 3, 3)
    assert A.T(np.empty((0, 2, 3, 3))).shape == (0, 1, 5, 5)


def test_nan_stays_where_the_matrix_puts_it():
    x = np.zeros((1, 5))
    x[0, 0] = np.nan
    for layer in (
        cm.conv1d(1, 1, 3, padding=1, weight=np.ones((1, 1, 3))),
        cm.avg_pool(3, stride=1, padding=1, ndim=1),
        cm.pad(2, ndim=1),
        cm.upsample(size=7, mode="linear", ndim=1),
    ):
        spread = layer.on(5).outputs_of((0, 0))
        got = {int(i) for i in np.flatnonzero(np.isnan(layer(x)))}
        assert got == {position for (_, position), _ in spread}


def test_int64_indices_are_chosen_before_building():
    from convmatrix.pattern import index_dtype

    assert index_dtype(2**31 - 1) is np.int32
    assert index_dtype(5, 2**31) is np.int64
    A = cm.conv2d(64, 64, 3, padding=1, weight=np.ones((64, 64, 3, 3), "i1")).on(4096, 4096)
    with pytest.raises(cm.TooLargeError, match="are available"):
        A.to_scipy()
    assert A.nnz == 64 * 64 * (3 * 4096 - 2) ** 2


def test_a_pattern_that_is_kept_can_not_be_changed():
    for a in (cm.conv1d(1, 1, 3).on(5), cm.conv1d(1, 1, 3).on(5).T, cm.pad(1, ndim=1).on(3)):
        for array in (a.pattern.indptr, a.pattern.indices, a.pattern.tap):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 7
    matrix = cm.channel_shuffle(2, channels=4, ndim=1).on(3).to_scipy()
    matrix.data[:] = 2  # a matrix is its owner's
    matrix.indices[:] = matrix.indices[::-1]
