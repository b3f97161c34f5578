"""Sums, multiples and blocks of maps, against the dense matrices, in every view."""

from __future__ import annotations

import re
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
import scipy.linalg
import scipy.sparse.linalg
import sympy
from cases import integers

import convmatrix as cm


def conv(channels_in, channels_out, kernel, **options):
    layer = cm.conv2d(channels_in, channels_out, kernel, **options)
    return layer.with_weight(integers(layer.weight_shape, kernel))


A = conv(2, 3, 3, padding=1).on(4, 5)
B = conv(2, 3, 1).on(4, 5)
C = conv(2, 2, 3, stride=2, padding=1, padding_mode="circular").on(4, 5)
UP = cm.conv_transpose2d(3, 2, 2, weight=integers((3, 2, 2, 2))).on(3, 4)  # the other way
STACK = cm.sequential(cm.avg_pool(3, stride=1, padding=1, channels=2), cm.pointwise(2, 3)).on(4, 5)
STACK = STACK.with_weights([None, integers((3, 2, 1, 1))])
a, b, c, up, stack = (m.to_dense() for m in (A, B, C, UP, STACK))
LINE = cm.conv1d(1, 2, 3, padding=1, weight=integers((2, 1, 3))).on(6)
SPACE = cm.conv3d(1, 2, 2, weight=integers((2, 1, 2, 2, 2))).on(3, 3, 3)
line, space = LINE.to_dense(), SPACE.to_dense()

EQUAL = {
    "A + B": (A + B, a + b),
    "A - B": (A - B, a - b),
    "2 A": (2 * A, 2 * a),
    "A 2": (A * 2, 2 * a),
    "-A": (-A, -a),
    "A / 2": (A / 2, a / 2),
    "of floats": (np.float64(0.5) * A + 1.5 * B, 0.5 * a + 1.5 * b),
    "sum": (sum([A, B, STACK]), a + b + stack),
    "one twice": (A + A, 2 * a),
    "of a transpose": (UP + UP, 2 * up),
    "product of sums": ((A + B).T @ (A - B), (a + b).T @ (a - b)),
    "distributes": (A.T @ (A + 2 * B), a.T @ (a + 2 * b)),
    "vstack": (cm.vstack(A, B, STACK), np.vstack([a, b, stack])),
    "hstack": (cm.hstack([A, B]), np.hstack([a, b])),
    "block_diag": (cm.block_diag(A, B, A), scipy.linalg.block_diag(a, b, a)),
    "blocks of blocks": (
        cm.vstack(cm.hstack(A, B), cm.hstack(B, A)),
        np.block([[a, b], [b, a]]),
    ),
    "of a product": (cm.vstack(C.T @ C, A.T @ A), np.vstack([c.T @ c, a.T @ a])),
    "1-D": (cm.vstack(LINE, 3 * LINE).T @ cm.vstack(LINE, LINE), 4 * line.T @ line),
    "3-D": (SPACE - 2 * SPACE, -space),
}  # fmt: skip


@pytest.fixture(params=EQUAL)
def pair(request):
    return EQUAL[request.param]


def test_the_matrix_in_all_its_forms(pair):
    m, dense = pair
    assert m.shape == dense.shape
    assert np.allclose(m.to_dense(), dense)
    assert np.allclose(m.to_scipy().toarray(), dense)
    assert np.allclose(np.asarray(m), dense)
    assert np.allclose(np.array(m.to_sympy(), float), dense)
    assert m.T.T is m
    assert np.allclose(m.T.to_dense(), dense.T)
    assert np.allclose(m.H.to_dense(), dense.T)
    assert np.allclose(m[3], dense[3])
    assert np.allclose(m[:, 2:4], dense[:, 2:4])


def test_it_applies(pair):
    m, dense = pair
    x = np.arange(2 * m.shape[1]).reshape(2, *m.in_shape) % 7
    assert np.allclose(m(x).reshape(2, -1), x.reshape(2, -1) @ dense.T)
    y = np.arange(m.shape[0]) % 5
    assert np.allclose(m.T @ y, dense.T @ y)
    operator = scipy.sparse.linalg.aslinearoperator(m)
    assert np.allclose(operator.rmatvec(y.astype(float)), dense.T @ y)


def test_paths_and_pattern(pair):
    m, dense = pair
    weights, pattern = np.zeros(m.shape), m.pattern
    np.add.at(weights, (pattern.rows, pattern.indices), m.edge_weights())
    assert np.allclose(weights, dense)
    assert (m.nnz, m.entries) == (pattern.nnz, m.to_scipy().nnz)
    for row in (0, m.shape[0] - 1):
        element = tuple(int(i) for i in np.unravel_index(row, m.out_shape))
        links = m.inputs_of(element)
        here = pattern.rows == row
        assert [tap for _, tap in links] == pattern.tap[here].tolist()
        flat = [np.ravel_multi_index(e, m.in_shape) for e, _ in links]
        assert flat == pattern.indices[here].tolist()
        assert m.reach(element, back=True) == sorted({e for e, _ in links})


def test_graphs(pair):
    m, _ = pair
    whole, lazy = m.to_networkx(), m.to_networkx(lazy=True)
    turned = m.T.to_networkx().reverse()
    assert set(turned) == set(whole)
    assert sorted(turned.edges(data="tap")) == sorted(whole.edges(data="tap"))
    assert whole.number_of_edges() == m.nnz
    assert {(u, v) for u, v in lazy.edges()} == {(u, v) for u, v in whole.edges()}
    layered, still = m.to_networkx("layered"), m.to_networkx("layered", lazy=True)
    assert {(u, v) for u, v in still.edges()} == {(u, v) for u, v in layered.edges()}
    reached = {
        n for n in nx.descendants(layered, "x_0" + "_0" * (len(m.in_shape) - 1)) if n[0] == "y"
    }
    assert reached == {"_".join(map(str, ("y", *e))) for e in m.reach((0,) * len(m.in_shape))}
    m.to_networkx("channels"), m.to_networkx("axis")


def test_names():
    names = [m.name for m in (A + B, A - B, 2 * A, -A, (A + B).T, A.T @ (A + B), cm.vstack(A, B))]
    assert names == [
        "conv2d + conv2d", "conv2d - conv2d", "2 * conv2d", "-1 * conv2d", "(conv2d + conv2d).T",
        "conv2d.T @ (conv2d + conv2d)", "vstack(conv2d, conv2d)",
    ]  # fmt: skip


def test_what_is_proved():
    free = cm.conv2d(1, 2, 3, padding=1).on(4, 4)
    assert cm.prove_equal(free + free, 2 * free).holds
    assert not cm.prove_equal(free + free, 3 * free).holds
    assert cm.prove_equal((free + free).T, 2 * free.T).holds
    halves = cm.hstack(free, free)
    assert cm.prove_equal(halves @ halves.T, free @ free.T + free @ free.T).holds


def test_factors_of_many_kinds():
    symbol = sympy.Symbol("c")
    small = cm.conv1d(1, 1, 2, weight=[1, 2]).on(2)
    assert (symbol * small).to_sympy() == symbol * sympy.Matrix([[1, 2]])
    assert (Fraction(1, 3) * small).to_sympy() == sympy.Matrix([[1, 2]]) / 3
    assert (small / Fraction(3)).to_sympy() == sympy.Matrix([[1, 2]]) / 3
    assert np.allclose((2j * small).H.to_dense(), [[-2j], [-4j]])
    half = cm.conv1d(1, 1, 2, weight=np.float32([1, 2])).on(2)
    assert (2 * half).dtype == (0.5 * half).dtype == np.float32


def test_receptive_fields_through_branches():
    wide, narrow = cm.conv1d(1, 1, 5, padding=2).on(9), cm.conv1d(1, 1, 3, padding=1).on(9)
    assert cm.receptive_field(wide + narrow)[0].size == 5
    assert cm.receptive_field(cm.vstack(narrow, narrow @ narrow))[0].size == 5


WRONG = {
    "sum of sizes": (lambda: A + C, cm.ShapeError, "A + B needs maps between the same spaces"),
    "sum with an array": (lambda: A + a, cm.ArgumentError, "a map is added to a map"),
    "array with a sum": (lambda: a - A, cm.ArgumentError, "a map is added to a map"),
    "number": (lambda: A + 1, cm.ArgumentError, "a map is added to a map"),
    "sum with a layer": (lambda: A + cm.conv1d(1, 1, 1), cm.ArgumentError, "added to a map"),
    "product": (lambda: A * B, cm.ArgumentError, "A @ B composes"),
    "by an array": (lambda: A * a, cm.ArgumentError, "multiplied by a number"),
    "by text": (lambda: A * "2", cm.ArgumentError, "multiplied by a number"),
    "by truth": (lambda: A * True, cm.ArgumentError, "multiplied by a number"),
    "by zero": (lambda: A / 0, cm.ArgumentError, "cannot be divided by 0"),
    "by a map": (lambda: 2 / A, TypeError, "unsupported"),
    "not linear": (lambda: cm.relu().on(3, 3) + cm.relu().on(3, 3), cm.NotLinearError, "no sum"),
    "symbols": (
        lambda: 2 * cm.conv1d(1, 1, 3).on(cm.symbols("n")), cm.SymbolicError, "make a multiple",
    ),
    "no maps": (lambda: cm.vstack(), cm.ArgumentError, "at least one map"),
    "a layer": (lambda: cm.vstack(cm.conv1d(1, 1, 1)), cm.GeometryError, "bind the layer"),
    "vstack": (lambda: cm.vstack(A, LINE), cm.ShapeError, "maps of equal input shapes"),
    "hstack": (lambda: cm.hstack(A, C), cm.ShapeError, "maps of equal output shapes"),
    "block_diag": (lambda: cm.block_diag(A, C), cm.ShapeError, "equal output sizes"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_refusals(name):
    call, kind, message = WRONG[name]
    with pytest.raises(kind, match=re.escape(message)) as caught:
        call()
    assert "\n" not in str(caught.value)
