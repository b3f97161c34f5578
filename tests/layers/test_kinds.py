"""A map where a layer is asked, a layer where a map is, and other kinds of argument."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from bounds import within

import convmatrix as cm

LAYERS = [
    cm.conv2d(1, 2, 3, stride=2, padding=1, bias=[1, 2]),
    cm.conv_transpose2d(2, 1, 3, stride=2),
    cm.sequential(cm.conv2d(1, 1, 3), cm.pointwise(1, 2)),
    cm.avg_pool(2),
]
SIZE = (6, 6)


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_a_map_says_both_layer_and_size(layer):
    a = layer.on(*SIZE)
    assert str(cm.explain(a)) == str(cm.explain(layer, SIZE))
    assert cm.explain(a).to_dict() == cm.explain(layer, *SIZE).to_dict()
    assert cm.cost(a) == cm.cost(layer, SIZE)
    assert cm.receptive_field(a) == cm.receptive_field(layer, SIZE)
    assert cm.plan(a).to_dict() == cm.plan(layer, a.in_shape).to_dict()
    assert cm.plan(a, (3, *a.in_shape)).to_dict() == cm.plan(layer, (3, *a.in_shape)).to_dict()
    assert str(cm.connectivity(a)) == str(cm.connectivity(layer, SIZE))


def test_a_map_that_is_no_layers():
    a = cm.conv1d(1, 2, 3, weight=np.ones((2, 1, 3))).on(7)
    gram = a.T @ a
    assert cm.cost(gram).parameters == 12
    assert cm.explain(gram).to_dict()["kind"] == "map"
    assert "7×7" in str(cm.explain(gram))
    assert cm.receptive_field(a.T)[0].size == 3
    assert [part.algorithm for part in cm.plan(gram).parts] == [
        cm.plan(a).algorithm, cm.plan(a.T).algorithm,
    ]  # fmt: skip


CONV, A = LAYERS[0], LAYERS[0].on(*SIZE)
TWO = {"explain": cm.explain, "cost": cm.cost, "receptive_field": cm.receptive_field,
       "connectivity": cm.connectivity}  # fmt: skip


@pytest.mark.parametrize("name", TWO)
def test_either_is_asked_for(name):
    with pytest.raises(cm.GeometryError, match=f"^a map has its size; give {name}\\(map\\)"):
        TWO[name](A, 5, 5)
    for other in ("model.onnx", None, np.ones((3, 3)), 3, cm.conv2d):
        with pytest.raises(
            cm.GeometryError, match=f"^{name} takes a layer with its input size, or"
        ):
            TWO[name](other, 5, 5)


def test_plan_says_what_it_takes():
    for call, message in [
        (lambda: cm.plan(A, (1, 5, 5)), r"the map takes \(1, 6, 6\), got \(1, 5, 5\)"),
        (
            lambda: cm.plan(A, (6, 6)),
            r"expected the shape of an array \(\*batch, channels, 2 sizes",
        ),
        (lambda: cm.plan(CONV), "expected the shape of an array"),
        (lambda: cm.plan(CONV, 5), "expected the shape of an array"),
        (lambda: cm.plan(CONV, (1, 5, -5)), "input_shape must be at least 1, got -5"),
        (lambda: cm.plan(CONV, (1, 5, 5), "float"[::-1]), "dtype must be a NumPy dtype"),
        (lambda: cm.plan("conv", (1, 5, 5)), "plan takes a layer"),
        (
            lambda: cm.plan(cm.conv1d(1, 1, 3).on(cm.symbols("n"))),
            "cannot plan it: the geometry has",
        ),
    ]:
        with pytest.raises(cm.ConvMatrixError, match=message):
            call()


MAPS_ONLY = {
    "write_graph": lambda a: cm.write_graph(a, "x.gml"),
    "write_matrix": lambda a: cm.write_matrix(a, "x.npz"),
    "factorization": cm.factorization,
    "draw_matrix": cm.draw.draw_matrix,
    "draw_graph": cm.draw.draw_graph,
    "draw_grids": cm.draw.draw_grids,
    "draw_figure": cm.draw.draw_figure,
    "draw_receptive_field": lambda a: cm.draw.draw_receptive_field(a, (0, 0, 0)),
}


@pytest.mark.parametrize("name", MAPS_ONLY)
def test_a_layer_is_to_be_bound(name):
    with pytest.raises(cm.GeometryError) as caught:
        MAPS_ONLY[name](LAYERS[3])
    assert str(caught.value) == (
        f"{name} takes a map, got avg_pool(2); bind the layer to a size: layer.on(5, 5)"
    )
    for other in ("a.npz", None, np.ones((3, 3))):
        with pytest.raises(cm.GeometryError, match=f"^{name} takes a map, got .*; make one, e.g."):
            MAPS_ONLY[name](other)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cm.max_pool(()), "a layer has 1 to 15 axes, got 0"),
        (lambda: cm.depthwise(3, ()), "a layer has 1 to 15 axes, got 0"),
        (lambda: cm.spatially_separable(1, 1, [2] * 40), "a layer has 1 to 15 axes, got 40"),
        (lambda: cm.relu(ndim=2**63), f"a layer has 1 to 15 axes, got {2**63}"),
        (lambda: cm.pixel_shuffle(5, channels=2, ndim=2**63), "1 to 15 axes"),
        (lambda: cm.upsample(size=3, ndim=0), "a layer has 1 to 15 axes, got 0"),
        (lambda: cm.pointwise(1, 1, ndim=sympy.Symbol("n", integer=True)), "1 to 15 axes"),
        (lambda: cm.conv1d(1, 1, 3, flip="no"), "flip must be True or False, got 'no'"),
        (lambda: cm.max_pool(2, ceil_mode=None), "ceil_mode must be True or False, got None"),
        (lambda: cm.avg_pool(2, count_include_pad=np.ones(2)), "count_include_pad must be"),
        (lambda: cm.upsample(size=2, mode="bilinear", align_corners="x"), "align_corners must be"),
        (lambda: cm.upsample(size=10**30).on(4, 4), "an axis resized to 1000"),
        (lambda: cm.upsample(size=2, mode=np.ones(2)), "upsample mode must be one of"),
        (lambda: cm.relu().with_channels("a"), "channels must be an integer"),
        (lambda: cm.conv2d(3, 1, 3).with_channels(None), "channels must be an integer"),
        (lambda: cm.keras_weight([[1], [2, 3]]), "expected a rectangular array"),
        (lambda: cm.network_separability("m.onnx"), "read_layers gives, got 'm.onnx' in it"),
        (lambda: cm.network_separability([None]), "read_layers gives, got None in it"),
        (lambda: cm.network_separability(A), "read_layers gives, got <conv2d: 1×6×6"),
        (lambda: cm.Certificate.from_json(3), "not a certificate: no JSON"),
        (lambda: cm.prove_equal(A, A, level=np.ones(2)), "level must be one of"),
        (lambda: cm.conv1d(1, 1, np.array(3)).on(np.array([[5]])), "input size must be"),
        (lambda: cm.factorization(cm.conv2d(1, 1, 3, weight="sobel").on(10**6, 10**6)), "factors"),
        (lambda: CONV(np.ones((1, 5, 5)), method=np.ones(2)), "method must be"),
    ],
)  # fmt: skip
def test_message(call, message):
    with within(1), pytest.raises(cm.ConvMatrixError) as caught:
        call()
    assert message in str(caught.value)
