"""Layers that a user writes: in every view, against sums written out here."""

from __future__ import annotations

import copy
import pickle
import sys
from fractions import Fraction
from importlib.util import module_from_spec, spec_from_file_location
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import convmatrix as cm
from convmatrix.shapes import ravel, unravel

EXAMPLE = Path(__file__).parents[2] / "examples" / "14_own_layer.py"
_SPEC = spec_from_file_location("own_layer", EXAMPLE)
example = sys.modules["own_layer"] = module_from_spec(_SPEC)  # where pickle looks for its classes
_SPEC.loader.exec_module(example)
Hexagonal = example.Hexagonal


class Local(example.LocallyConnected):
    """The example's layer with groups, strides and padding, as its arguments beyond a 1×1 one."""

    groups, stride, padding, mode = 1, 1, 0, "zeros"

    def bind(self, size):
        if size != self.size:
            raise cm.GeometryError(f"this layer has weights for size {self.size}, got {size}")
        axes = tuple(
            cm.Axis(n, k, self.stride, 1, self.padding, self.padding, mode=self.mode)
            for n, k in zip(size, self.kernel_size, strict=True)
        )
        return cm.Stencil(axes, self.in_channels, self.out_channels, self.groups, shared=False)


class Strided(Local):
    groups, stride, padding = 2, 2, 1


class Circular(Local):
    padding, mode = 2, "circular"


BARE = [
    Local(3, 2, (2,), (6,)),
    Local(1, 1, (3, 3), (5, 5)),
    Strided(2, 4, (3, 2), (5, 4)),
    Circular(2, 3, (3,), (3,)),
    Strided(4, 2, (2, 1, 3), (3, 4, 3)),
]


def integers(shape, seed=0):
    return np.random.default_rng(seed).integers(-4, 5, shape)


LAYERS = [layer.with_weight(integers(layer.weight_shape)) for layer in BARE]


def summed(layer, x):
    """The layer written out: one product for each output, channel of its group and tap."""
    stride, before, groups = layer.stride, layer.padding, layer.groups
    outputs = [
        (n + 2 * before - k) // stride + 1
        for n, k in zip(layer.size, layer.kernel_size, strict=True)
    ]
    y = np.zeros((layer.out_channels, *outputs), x.dtype)
    each = layer.in_channels // groups
    for o, *place in np.ndindex(y.shape):
        for c, t in product(range(each), np.ndindex(*layer.kernel_size)):
            at = [stride * p + s - before for p, s in zip(place, t, strict=True)]
            if layer.mode == "circular":
                at = [i % n for i, n in zip(at, layer.size, strict=True)]
            if all(0 <= i < n for i, n in zip(at, layer.size, strict=True)):
                channel = o // (layer.out_channels // groups) * each + c
                y[(o, *place)] += layer.weight[(o, *place, c, *t)] * x[(channel, *at)]
    return y


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_matrix_symbols_and_dense_path(layer):
    A, x = layer.on(*layer.size), integers((2, layer.in_channels, *layer.size), 1)
    expected = np.stack([summed(layer, one) for one in x])
    assert np.array_equal(layer(x), expected)
    assert np.array_equal((A.to_scipy() @ x[0].ravel()).reshape(A.out_shape), expected[0])
    assert np.array_equal(np.array(A.to_sympy()).astype(int), A.to_dense())
    y = integers((2, *A.out_shape), 2)
    assert np.array_equal(A.T(y).reshape(2, -1), y.reshape(2, -1) @ A.to_dense())
    assert np.array_equal(A.T.to_dense(), A.to_dense().T)
    halves = x.astype(np.float16)
    assert layer(halves).dtype == np.float16
    for kind in (np.float32, np.float64, complex, object):
        given = layer.with_weight(layer.weight.astype(kind))
        assert np.allclose(given(x.astype(kind)).astype(complex), expected)
        assert given(x.astype(kind)).dtype == kind
    assert np.array_equal(layer(x, method="sparse"), expected)
    assert layer(x[:0]).shape == (0, *A.out_shape)


@pytest.mark.parametrize("layer", BARE, ids=repr)
def test_connections_one_by_one(layer):
    A = layer.on(*layer.size)
    links = [
        (r, ravel(e, A.in_shape), tap)
        for r in range(A.shape[0])
        for e, tap in A.inputs_of(unravel(r, A.out_shape))
    ]
    pattern = A.pattern
    listed = [(int(r), int(c), int(t)) for r, c, t in zip(
        pattern.rows, pattern.indices, pattern.tap, strict=True)]  # fmt: skip
    assert sorted(links) == sorted(listed)
    back = [
        (ravel(e, A.out_shape), c, tap)
        for c in range(A.shape[1])
        for e, tap in A.outputs_of(unravel(c, A.in_shape))
    ]
    assert sorted(back) == sorted(listed)
    if layer.mode == "zeros":
        assert len({tap for _, _, tap in listed}) == A.nnz, "no tap stands twice"
    symbols = A.to_sympy()
    index = np.unravel_index([t for _, _, t in listed], layer.weight_shape)
    for row, column, *place in zip(pattern.rows, pattern.indices, *index, strict=True):
        name = f"w[{','.join(map(str, place))}]"
        assert name in str(symbols[int(row), int(column)])
    edges = A.to_networkx().edges(data="tap")
    lazy = A.to_networkx(lazy=True)
    assert len(edges) == A.nnz == lazy.number_of_edges()
    assert {(u, v, t) for u, v, t in lazy.edges(data="tap")} == set(edges)
    for view in ("layered", "channels", "axis"):
        assert A.to_networkx(view).number_of_edges()


@pytest.mark.parametrize("layer", LAYERS[:3], ids=repr)
def test_proofs_at_one_geometry(layer):
    bare = BARE[LAYERS.index(layer)]
    A, B = bare.on(*bare.size), layer.on(*layer.size)
    assert cm.prove_equal(A, A).holds
    assert cm.prove_equal(B, B).holds
    assert cm.prove_equal((A @ A.T).T, A @ A.T).holds
    other = layer.with_weight(integers(layer.weight_shape, 9)).on(*layer.size)
    assert not cm.prove_equal(B, other).holds
    assert cm.prove_equal(B, other, level="connectivity").holds


def test_numbers_about_it():
    layer = LAYERS[2]
    cost = cm.cost(layer, *layer.size)
    assert (cost.parameters, cost.macs, cost.exact_macs) == (216, 216, 112)
    field = cm.receptive_field(layer, layer.size)
    assert [(f.size, f.stride) for f in field] == [(3, 2), (2, 2)]
    plan = cm.plan(layer, (1, 2, 5, 4))
    assert plan.reason == "a weight for each output position: one pass a tap"
    assert 0 < plan.error_bound < 1e-5
    assert "matrix      36×40" in str(cm.explain(layer, layer.size))
    net = cm.sequential(layer, cm.relu(), cm.pointwise(4, 1, weight=np.ones((1, 4, 1, 1))))
    x = integers((2, 5, 4), 3)
    assert np.array_equal(net(x)[0], np.maximum(summed(layer, x), 0).sum(axis=0))
    assert "matrix" in LAYERS[2].on(5, 4).to_html()


@pytest.mark.parametrize("layer", [*LAYERS, Hexagonal(1, 2).with_weight(np.ones((2, 1, 7)))])
def test_a_copy_is_the_layer(layer):
    for made in (pickle.loads(pickle.dumps(layer)), copy.copy(layer), copy.deepcopy(layer)):
        assert made == layer
        assert hash(made) == hash(layer)
        assert not made.weight.flags.writeable
    assert layer != layer.with_weight(layer.weight + 1)
    size = getattr(layer, "size", (4, 4))
    A = layer.on(*size)
    assert np.array_equal(pickle.loads(pickle.dumps(A)).to_dense(), A.to_dense())
    assert repr(layer).startswith(type(layer).__name__ + "(")


@pytest.mark.parametrize("channels", [(1, 1), (2, 3)])
def test_hexagons(channels):
    layer, x = Hexagonal(*channels), integers((channels[0], 5, 6), 1)
    weight = integers(layer.weight_shape)
    kernel = np.zeros((channels[1], channels[0], 3, 3), int)
    kernel[..., [0, 0, 1, 1, 1, 2, 2], [1, 2, 0, 1, 2, 0, 1]] = weight
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    expected = np.einsum("chwij,ocij->ohw", windows, kernel)
    given = layer.with_weight(weight)
    assert np.array_equal(given(x), expected)
    assert np.allclose(given.with_weight(weight * 1.0)(x * 1.0), expected)
    assert np.array_equal(given.on(5, 6).to_scipy() @ x.ravel(), expected.ravel())
    conv = cm.conv2d(*channels, 3, padding=1, weight=kernel)
    assert cm.prove_equal(given.on(5, 6), conv.on(5, 6)).holds
    symbols = {str(s) for s in layer.on(5, 6).to_sympy().free_symbols}
    assert symbols == {str(s) for s in cm.weight_symbols("h", layer.weight_shape).flat}


class Turned(cm.ElementaryLayer):
    """A permutation: the image turned over its diagonal."""

    ndim, in_channels, out_channels = 2, 1, 1

    def bind(self, size):
        h, w = size
        return cm.Rearrangement((1, h, w), (h, w), (1, 0), (1, w, h))


def test_a_rearrangement_of_ones_own():
    layer, x = Turned(), np.arange(6).reshape(1, 2, 3)
    assert np.array_equal(layer(x)[0], x[0].T)
    assert np.array_equal(layer.on(2, 3).T(layer(x)), x)
    assert cm.prove_equal(layer.on(2, 3).T, layer.on(3, 2)).holds
    assert layer == Turned() == pickle.loads(pickle.dumps(layer))


class Square(cm.ElementaryLayer):
    """No matrix, but connections."""

    ndim, in_channels, out_channels, is_linear = 1, 1, 1, False

    def bind(self, size):
        return cm.Stencil((cm.Axis(*size),), 1, 1, 1, (((Fraction(1),),),))


class Squared(Square):
    def nonlinear(self, geometry, x):
        assert geometry == self.bind(x.shape[2:])
        return x * x


def test_a_layer_of_ones_own_that_is_no_matrix():
    net, x = cm.sequential(Squared(), cm.conv1d(1, 1, 2, weight=[[[1, 1]]])), np.array([[1, -2, 3]])
    assert Squared()(x).tolist() == [[1, 4, 9]]
    assert net(x).tolist() == net.on(3)(x).tolist() == [[5, 13]]
    assert net.on(3).path_count((0, 1), (0, 0)) == 1


class Plain(cm.Layer):
    ndim, in_channels, out_channels = 1, 1, 1

    def output_size(self, input_size):
        return (input_size,)


class Half(cm.AdjointLayer):
    def adjoint_of(self, size):
        return Turned(), size[::-1]


def short(size):
    layer = BARE[0].with_weight(integers(BARE[0].weight_shape))
    object.__setattr__(layer, "size", (size,))
    return layer.on(size)


REFUSED = [
    (lambda: Plain().on(3), "Plain does not say how it binds to a size; derive it from"),
    (lambda: Plain()([[1, 2]]), "Plain does not say how it binds"),
    (lambda: cm.sequential(Plain()).on(3), "layer 1 of sequential: Plain does not say how"),
    (lambda: Half().on(3, 2), "Half does not say what it is the transpose of"),
    (lambda: BARE[0].on(7), r"this layer has weights for size (6,), got (7,)"),
    (lambda: short(7).to_scipy(), "gives 60 values, but at size (7,) it has taps of shape"),
    (lambda: short(7)(np.ones((3, 7))), "give its values in that shape"),
    (lambda: BARE[0].with_weight([1]), "weight must have shape (2, 5, 3, 2), got (1,)"),
    (lambda: Turned().with_weight([1]), "Turned has no weight"),
    (lambda: BARE[0].on(6).to_scipy(), "Local has no weight and a SciPy matrix needs one"),
    (lambda: LAYERS[0](np.ones((3, 6)), method="winograd"), "does not apply: each output position"),
    (lambda: Square()([[1]]), "Square() does not say what it makes of an array; give it a method"),
    (lambda: Squared().on(3).to_scipy(), "not linear"),
    (lambda: cm.factorization(LAYERS[0].on(6)), "each output position has a weight of its own"),
    (lambda: cm.prove_transpose(BARE[0]), "the textbook construction is of a convolution"),
    (lambda: cm.prove_equal(*[Hexagonal(1, 1).on(*cm.symbols("n m"))] * 2),
     "cannot take part in a proof for all sizes; give it numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_what_is_refused(call, message):
    with pytest.raises(cm.ConvMatrixError) as caught:
        call()
    assert message in str(caught.value)
