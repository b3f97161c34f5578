"""The forms in which people give a weight, and layers in a row."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy

import convmatrix as cm

SQUARE = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


@pytest.mark.parametrize(
    ("layer", "kernel"),
    [
        (cm.conv2d(1, 1, 3), SQUARE),
        (cm.conv2d(1, 1, 3), np.array(SQUARE, np.float32)),
        (cm.conv2d(1, 1, (1, 3)), [[1, 2, 3]]),
        (cm.conv1d(1, 1, 3), [1, 2, 3]),
        (cm.conv1d(1, 1, 2), [Fraction(1, 2), sympy.Symbol("w")]),
        (cm.conv3d(1, 1, 2), np.arange(8).reshape(2, 2, 2)),
        (cm.conv_transpose2d(1, 1, 3, stride=2), SQUARE),
        (cm.conv_transpose1d(1, 1, 2), [1, 5]),
        (cm.depthwise(4, 3), SQUARE),
        (cm.depthwise(4, 3, ndim=1), [1, 2, 3]),
        (cm.conv_transpose2d(4, 4, 3, groups=4), SQUARE),
        (cm.pointwise(1, 1), [[2]]),
    ],
    ids=str,
)
def test_one_spatial_kernel_serves_channels_that_keep_apart(layer, kernel):
    given = layer.with_weight(kernel)
    whole = np.broadcast_to(np.asarray(kernel), layer.weight_shape)
    assert given == layer.with_weight(whole)
    assert given.weight.dtype == np.asarray(kernel).dtype
    assert not given.weight.flags.writeable
    assert given.weight.flags.c_contiguous


@pytest.mark.parametrize(
    "layer",
    [cm.conv2d(3, 1, 3), cm.conv2d(1, 3, 3), cm.conv2d(3, 3, 3), cm.depthwise(3, 3, multiplier=2)],
    ids=str,
)
@pytest.mark.parametrize("kernel", [SQUARE, "sobel"], ids=["numbers", "name"])
def test_one_kernel_for_channels_that_mix_is_refused(layer, kernel):
    with pytest.raises(cm.WeightError, match="weight must "):
        layer.with_weight(kernel)


def test_a_kernel_by_name():
    assert cm.conv2d(1, 1, 3, weight="sobel") == cm.conv2d(1, 1, 3, weight=cm.kernels.sobel())
    blur = cm.depthwise(3, 5, weight="gaussian:5")
    assert blur.weight[2, 0].tolist() == cm.kernels.gaussian(5).tolist()
    with pytest.raises(cm.WeightError, match="no kernel is called 'sobol'"):
        cm.conv2d(1, 1, 3, weight="sobol")
    with pytest.raises(cm.WeightError, match=r"must have shape \(1, 1, 5, 5\), got \(3, 3\)"):
        cm.conv2d(1, 1, 5, weight="sobel")


def test_the_kernel_of_a_square_is_what_torch_computes():
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).standard_normal((1, 3, 7, 7))
    kernel = torch.tensor(SQUARE, dtype=torch.float64).expand(3, 1, 3, 3)
    expected = torch.nn.functional.conv2d(torch.tensor(x), kernel, groups=3)
    np.testing.assert_allclose(cm.depthwise(3, 3, weight=SQUARE)(x), expected.numpy(), atol=1e-12)


LAYERS = [cm.conv2d(1, 4, 3), cm.relu(), cm.pointwise(4, 2)]


@pytest.mark.parametrize(
    "given",
    [LAYERS, tuple(LAYERS), (layer for layer in LAYERS)],
    ids=["list", "tuple", "generator"],
)
def test_sequential_takes_one_iterable(given):
    assert cm.sequential(given) == cm.sequential(*LAYERS)


@pytest.mark.parametrize("given", [(3,), ([3],), ("ab",), ([LAYERS[0], None],), (LAYERS, LAYERS)])
def test_sequential_says_what_it_takes(given):
    with pytest.raises(cm.GeometryError, match="takes layers, or one list of them, got"):
        cm.sequential(*given)


@pytest.mark.parametrize("given", [(), ([],), (iter(()),)])
def test_sequential_of_nothing(given):
    with pytest.raises(cm.GeometryError, match="at least one layer"):
        cm.sequential(*given)
