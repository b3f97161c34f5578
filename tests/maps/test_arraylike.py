"""A map where NumPy and SciPy expect a matrix, against the dense matrix."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import scipy.sparse.linalg
from bounds import within

import convmatrix as cm

RNG = np.random.default_rng(14)


def weighed(layer):
    """The layer with integer weights, so that sums are exact."""
    parts = [p.weight_shape for p in layer.parts if p.weight_shape is not None]
    weights = [RNG.integers(-9, 9, shape) for shape in parts]
    return layer.with_weight(weights if len(parts) != 1 or len(layer.parts) > 1 else weights[0])


def residual():
    graph = nx.DiGraph()
    graph.add_node("a", layer=cm.conv1d(2, 2, 3, padding=1))
    pool = cm.avg_pool(3, stride=1, padding=1, ndim=1)
    graph.add_node("b", layer=cm.sequential(cm.conv1d(2, 3, 1), pool))
    graph.add_node("skip")
    graph.add_node("cat", join="concat")
    graph.add_edges_from([("a", "cat"), ("b", "cat"), ("skip", "cat")])
    return cm.network(graph)


MAPS = {
    "strided": weighed(cm.conv2d(2, 3, 3, stride=2, padding=1)).on(5, 4),
    "circular": weighed(cm.conv1d(1, 1, 3, padding=2, padding_mode="circular")).on(4),
    "grouped": weighed(cm.conv2d(4, 2, 2, groups=2)).on(3, 3),
    "transposed": weighed(cm.conv_transpose2d(2, 1, 3, stride=2)).on(2, 3),
    "shuffle": cm.pixel_shuffle(2, channels=4).on(2, 2),
    "pool": cm.avg_pool(3, padding=1, count_include_pad=False, ndim=1).on(7),
    "upsample": cm.upsample(scale_factor=2, mode="bilinear").on(3, 3),
    "stack": weighed(cm.sequential(cm.conv1d(1, 2, 3, padding=1), cm.conv1d(2, 1, 2))).on(6),
    "gram": (A := weighed(cm.conv1d(1, 2, 3, stride=2)).on(7)).T @ A,
    "network": weighed(residual()).on(5),
    "complex": cm.conv1d(1, 1, 2, weight=[1 + 2j, -1j]).on(4),
    "bytes": cm.conv1d(1, 1, 2, weight=np.array([100, 100], "i1")).on(4),
    "zero": cm.conv1d(1, 1, 3, weight=[0.0, 0.0, 1.0]).on(5),
}
MAPS |= {f"{name}.T": a.T for name, a in MAPS.items()}
KEYS = [
    0, -1, np.int64(1), slice(None), slice(1, 3), slice(None, None, -2), [0, 2, 0],
    np.array([-1, 1]),
    (1, 2), (-1, -1), (slice(None), 1), (0, slice(1, None)), (slice(0, 2), slice(1, 3)), ...,
    ([0, 1], [1, 0]), ([1], slice(None)), (slice(None), [0, 2]), slice(0, 0), (1, [0, 1]),
]  # fmt: skip


@pytest.mark.parametrize("name", MAPS)
def test_entries_are_those_of_the_dense_matrix(name):
    a, dense = MAPS[name], MAPS[name].to_dense()
    for key in KEYS:
        found, expected = a[key], dense[key]
        assert np.shape(found) == np.shape(expected), key
        assert np.asarray(found).dtype == dense.dtype, key
        np.testing.assert_allclose(found, expected, atol=1e-12, err_msg=str(key))
    mask = np.arange(len(a)) % 2 == 0
    np.testing.assert_allclose(a[mask], dense[mask], atol=1e-12)


@pytest.mark.parametrize("name", MAPS)
def test_conversions(name):
    a, dense = MAPS[name], MAPS[name].to_dense()
    for made in (np.asarray(a), np.array(a), a.toarray()):
        assert made.dtype == dense.dtype
        np.testing.assert_array_equal(made, dense)
    assert np.array(a, dtype=complex).dtype == complex
    assert (len(a), a.ndim) == (len(dense), 2)
    np.testing.assert_array_equal(list(a), dense)
    np.testing.assert_array_equal(a.transpose().to_dense(), dense.T)
    np.testing.assert_array_equal(a.H.to_dense(), dense.conj().T)
    np.testing.assert_array_equal(a.H.H.to_dense(), dense)


@pytest.mark.parametrize("name", MAPS)
def test_scipy_takes_it_for_an_operator(name):
    a, dense = MAPS[name], MAPS[name].to_dense()
    made = scipy.sparse.linalg.aslinearoperator(a)
    assert (made.shape, made.dtype) == (dense.shape, dense.dtype)
    v, u = RNG.standard_normal(dense.shape[1]), RNG.standard_normal(dense.shape[0])
    m = RNG.standard_normal((dense.shape[1], 3))
    dense = dense.astype(np.result_type(dense, float))
    for found, expected in [
        (made @ v, dense @ v), (made.matvec(v), dense @ v), (made.rmatvec(u), dense.conj().T @ u),
        (made.matmat(m), dense @ m), (a.matmat(m), dense @ m), (u @ a, u @ dense),
        (m.T @ a.T, m.T @ dense.T),
    ]:  # fmt: skip
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_least_squares_take_it():
    a = MAPS["strided"]
    y = a @ RNG.standard_normal(a.shape[1])
    found = scipy.sparse.linalg.lsqr(a, y)[0]
    np.testing.assert_allclose(a @ found, y, atol=1e-4)


def test_fractions_stay_exact():
    a = cm.conv1d(1, 1, 3, weight=cm.kernels.box(3, ndim=1)).on(5)
    b = (a.T @ a)[2, 2]
    assert (b, a[0, 1], a[0, 4]) == (3 * a[0, 0] ** 2, cm.kernels.box(3, ndim=1)[0], 0)


def test_one_entry_of_a_huge_matrix():
    a = cm.conv2d(1, 1, 3, padding=1, weight="laplacian").on(10**6, 10**6)
    with within(1):
        assert (a[5, 5], a[5, 6], a[5, 7], len(a)) == (-4, 1, 0, 10**12)
        assert a[10**11, 10**11 - 1 : 10**11 + 2].tolist() == [0, -4, 1]
        for call in (lambda: a[0], lambda: np.asarray(a), lambda: a[:, 3]):
            with pytest.raises(cm.TooLargeError):
                call()


PLAIN = cm.conv1d(1, 1, 3).on(5)
WEIGHED = cm.conv1d(1, 1, 3, weight=[1, 2, 3]).on(5)
WRONG = {
    "row": (lambda: WEIGHED[3], cm.OutsideError, "row 3 is not in a matrix of 3 rows; use 0 to 2"),
    "column": (lambda: WEIGHED[0, -6], cm.OutsideError, "column -6 is not in a matrix"),
    "three": (lambda: WEIGHED[0, 1, 2], cm.ShapeError, "got 3 indices; use A[i, j]"),
    "text": (lambda: WEIGHED["a"], cm.ShapeError, "rows are an integer, a slice, or a list of int"),
    "floats": (lambda: WEIGHED[0, [1.5]], cm.ShapeError, "columns are an integer"),
    "slice": (lambda: WEIGHED[0.5:], cm.ShapeError, "a slice of rows needs integers"),
    "pairs": (lambda: WEIGHED[[0, 1], [0, 1, 2]], cm.ShapeError, "use A[rows][:, columns]"),
    "weightless": (lambda: PLAIN[0], cm.WeightError, "an entry of the matrix needs one"),
    "weightless_array": (lambda: np.asarray(PLAIN), cm.WeightError, "has no weight"),
    "weightless_H": (lambda: PLAIN.H, cm.WeightError, "the conjugate transpose needs one"),
    "no_matrix": (lambda: cm.relu(ndim=1).on(3)[0], cm.NotLinearError, "is not linear"),
    "symbolic": (
        lambda: len(cm.conv1d(1, 1, 3).on(cm.symbols("n"))), cm.SymbolicError, "count its rows",
    ),
    "no_copy": (lambda: np.array(WEIGHED, copy=False), ValueError, "copy=False"),
    "clash_channels": (
        lambda: cm.conv1d(2, 1, 1).on(3) @ PLAIN, cm.ShapeError,
        "B takes (2, 3); make B's layer with in_channels=1, or take B.T @ A",
    ),
    "clash_both": (
        lambda: cm.conv1d(2, 1, 1).on(4) @ PLAIN, cm.ShapeError,
        "make B's layer with in_channels=1 and bind B to (3,)",
    ),
    "clash_turned": (lambda: PLAIN @ PLAIN, cm.ShapeError, "bind B to (3,), or take B.T @ A"),
    "clash_turned_A": (
        lambda: cm.conv1d(1, 1, 1).on(5) @ PLAIN, cm.ShapeError, "bind B to (3,), or take B @ A.T",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), WRONG.values(), ids=WRONG)
def test_message(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert message in str(caught.value)


def test_a_layer_that_does_not_bind_says_so():
    class Mine(cm.Layer):
        ndim, in_channels, out_channels = 1, 1, 1

        def output_size(self, input_size):
            return input_size

        def run(self, x):
            return x

        def recipe(self):
            return "mine", (), {}

    for call in (lambda: Mine().on(3), lambda: cm.sequential(Mine(), Mine()).on(3)):
        with pytest.raises(cm.GeometryError, match="Mine does not say how it binds to a size"):
            call()
