"""Cost and receptive field against published numbers."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

import convmatrix as cm


def test_published_macs():
    """notes: 3×3, 512→512 at 14×14; a transposed convolution on 7×7."""
    standard = cm.cost(cm.conv2d(512, 512, 3, padding=1), 14)
    assert (standard.parameters, standard.macs) == (2_359_296, 462_422_016)
    separable = cm.cost(cm.depthwise_separable(512, 512, 3, padding=1), 14)
    assert (separable.parameters, separable.macs) == (266_752, 52_283_392)
    up = cm.conv_transpose2d(8, 4, 3, stride=2, padding=1, output_padding=1)
    assert (cm.cost(up, 7).macs, cm.cost(up, (7, 7)).exact_macs) == (14_112, 12_800)
    assert cm.cost(up, 7, 7) == cm.cost(up, (7, 7))


def test_biases_and_groups_count_once():
    layer = cm.conv2d(4, 6, 3, groups=2, bias=[0] * 6)
    assert cm.cost(layer, 5).parameters == 6 * 2 * 9 + 6
    assert cm.cost(layer, 5).macs == 6 * 2 * 9 * 9


def vgg(*blocks):
    layers, channels = [], 3
    for convs, width in blocks:
        for _ in range(convs):
            layers += [cm.conv2d(channels, width, 3, padding=1), cm.relu()]
            channels = width
        layers.append(cm.max_pool(2))
    return cm.sequential(*layers)


@pytest.mark.parametrize(
    ("net", "row"),
    [
        (vgg((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)), (212, 32, 90)),
        (vgg((1, 64), (1, 128), (2, 256), (2, 512), (2, 512)), (150, 32, 59)),
    ],
    ids=["vgg_16", "vgg_a"],
)
def test_published_receptive_fields(net, row):
    for field in cm.receptive_field(net):
        assert (field.size, field.stride, field.padding) == row


@pytest.mark.parametrize("layers", range(1, 8))
def test_linear_and_exponential_growth(layers):
    stacked = cm.sequential(*[cm.conv1d(1, 1, 3)] * layers)
    assert cm.receptive_field(stacked)[0].size == 2 * layers + 1
    dilated = cm.sequential(*(cm.conv1d(1, 1, 3, dilation=2**i) for i in range(layers)))
    assert cm.receptive_field(dilated)[0].size == 2 ** (layers + 1) - 1


@pytest.mark.parametrize(
    "layer",
    [
        cm.conv1d(1, 1, 3, stride=2, padding=1, flip=True),
        cm.conv_transpose1d(1, 1, 3, stride=2, padding=1),
        cm.conv_transpose1d(1, 1, 5, stride=3),
        cm.sequential(
            cm.conv1d(1, 1, 3), cm.conv_transpose1d(1, 1, 4, stride=2), cm.sample(3, ndim=1)
        ),
    ],
    ids=["strided", "transposed", "transposed-wide", "down-up-sample"],
)
def test_field_is_what_an_inner_output_reads(layer):
    A = layer.on(40)
    middle = A.out_shape[1] // 2
    reads = [[e[1] for e, _ in A.inputs_of((0, middle + o))] for o in range(6)]
    widths = [max(r) - min(r) + 1 for r in reads]
    field = cm.receptive_field(layer)[0]
    assert field.size == max(widths)
    steps = field.stride.denominator
    assert Fraction(min(reads[steps]) - min(reads[0]), steps) == field.stride


def test_resizes_have_no_one_field():
    with pytest.raises(cm.GeometryError, match="upsample moves or resizes elements"):
        cm.receptive_field(cm.upsample(scale_factor=2))
    assert cm.explain(cm.upsample(scale_factor=2), 4).receptive_field is None


def test_explanation_is_plain_data_and_prints():
    w = [[[[3, 6, 9], [4, 8, 12], [5, 10, 15]]]]
    explained = cm.explain(cm.conv2d(1, 1, 3, stride=2, padding=1, weight=w), (5, 5))
    data = json.loads(json.dumps(explained.to_dict()))
    assert (data["nnz"], data["macs"], data["exact_macs"], data["parameters"]) == (49, 81, 49, 9)
    assert data["proof"]["holds"] is True
    assert data["separability"][0]["factors"] == [[3, 4, 5], [1, 2, 3]]
    assert "separable: [3, 4, 5]ᵀ × [1, 2, 3]" in str(explained)
    assert data["factorizations"]["direct"] == ["weights", "gather"]
    assert "A = scatter · tiles · gather  (toeplitz)" in str(explained)


def test_factorizations_that_are_explained_are_those_that_can_be_built():
    weight = np.arange(9.0).reshape(1, 1, 3, 3)
    for layer in (
        cm.conv2d(1, 1, 3, padding=1, weight=weight),
        cm.conv2d(1, 1, 3, stride=2, padding=1, weight=weight),
        cm.conv_transpose2d(1, 1, 3, stride=2, weight=weight),
        cm.conv2d(1, 1, 3, padding=1, padding_mode="circular", weight=weight),
    ):
        A = layer.on(5, 5)
        shown = cm.explain(layer, 5, 5).factorizations
        for method in ("direct", "winograd", "toeplitz", "lowrank", "fft", "phases"):
            try:
                built = cm.factorization(A, method)
            except cm.GeometryError:
                assert method not in shown
                continue
            assert shown[method] == built.names
            assert abs(built.product() - A.to_scipy()).max() < 1e-12
    assert cm.explain(cm.avg_pool(2), 4).factorizations == {}
