"""Layers that pick, move and resize against PyTorch."""

from __future__ import annotations

from math import ceil

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from torch_cases import (
    MODES,
    agrees,
    axes,
    close,
    each_mode,
    each_ndim,
    examples,
    flat,
    least_size,
    normal,
    pairs,
    whole,
)

import convmatrix as cm

torch = pytest.importorskip("torch")
F = torch.nn.functional

LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


@st.composite
def resizes(draw, ndim):
    """Input size, and the output's as a size or as factors that may shrink."""
    if draw(st.booleans()):
        return draw(axes(ndim, 1, 6)), {"size": draw(axes(ndim, 1, 9))}
    usual = st.sampled_from([0.3, 0.5, 0.6, 1.0, 1.3, 1.5, 2.0, 2.7, 3.0])
    factors = tuple(draw(usual | st.floats(0.3, 3.0)) for _ in range(ndim))
    size = tuple(draw(st.integers(ceil(1 / factor), 6)) for factor in factors)
    return size, {"scale_factor": factors}


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
@each_ndim
@examples
@given(data=st.data())
def test_nearest(ndim, mode, data):
    size, target = data.draw(resizes(ndim))
    if mode == "nearest" and ndim != 2:  # see test_nearest_is_the_gradient_where_...
        factors = zip(size, target.get("scale_factor", ()), strict=False)
        assume(all(f in (1, 2) or int(n * f) not in (n, 2 * n) for n, f in factors))
    layer = cm.upsample(mode=mode, **target, ndim=ndim)
    x = whole(2, 2, *size, dtype=np.float32)
    agrees(layer, x, lambda x: F.interpolate(x, mode=mode, **target))


@pytest.mark.parametrize(
    ("dtype", "size", "target"),
    [
        ("float32", 2, {"scale_factor": 1.25}),  # 2 outputs; the gradient copies
        ("float32", 2, {"scale_factor": 2.25}),  # 4 outputs; the gradient doubles
        ("float64", 26, {"size": 22}),  # forward computes in float64, the gradient in float32
    ],
    ids=lambda value: str(value).translate({ord(c): None for c in "{}' "}),
)
@pytest.mark.parametrize("ndim", [1, 3])
def test_nearest_is_the_gradient_where_pytorch_contradicts_itself(ndim, dtype, size, target):
    x = torch.tensor(normal(1, 1, *(size,) * ndim, dtype=dtype), requires_grad=True)
    y = F.interpolate(x, **target)
    g = torch.tensor(normal(*y.shape, seed=1, dtype=dtype))
    (gradient,) = torch.autograd.grad(y, x, g)
    assert not torch.isclose((y * g).sum(), (x * gradient).sum())
    A = cm.upsample(**target, ndim=ndim).on(*x.shape[2:])
    close(A.T(g.numpy()), gradient, 1e-5)


@pytest.mark.parametrize("factor", [1.25, 1.3, 2.25, 2.3])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear"])
def test_a_factor_that_keeps_or_doubles_the_size(mode, factor):
    layer = cm.upsample(scale_factor=factor, mode=mode)
    x = whole(2, 2, 3, 2, dtype=np.float32)
    agrees(layer, x, lambda x: F.interpolate(x, scale_factor=factor, mode=mode), rtol=1e-5)


@pytest.mark.parametrize("align_corners", [False, True])
@each_ndim
@examples
@given(data=st.data())
def test_linear(ndim, align_corners, data):
    size, target = data.draw(resizes(ndim))
    options = {"mode": LINEAR[ndim], "align_corners": align_corners, **target}
    layer = cm.upsample(**options, ndim=ndim)
    agrees(layer, normal(2, 2, *size), lambda x: F.interpolate(x, **options))


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "linear"])
def test_resize_reads_the_same_inputs_at_every_size(mode):
    for n in range(1, 41):
        x = np.arange(n, dtype=np.float32)[None]
        for m in range(1, 41):
            theirs = F.interpolate(torch.tensor(x)[None], size=m, mode=mode)[0]
            close(cm.upsample(size=m, mode=mode, ndim=1)(x), theirs, 1e-6)


@pytest.mark.parametrize("r", [1, 2, 3])
def test_pixel_shuffle(r):
    x = normal(2, 2 * r * r, 3, 4)
    agrees(cm.pixel_shuffle(r, channels=2 * r * r), x, lambda x: F.pixel_shuffle(x, r))


@pytest.mark.parametrize("r", [1, 2, 3])
def test_pixel_unshuffle(r):
    x = normal(2, 3, 2 * r, 4 * r)
    agrees(cm.pixel_unshuffle(r, channels=3), x, lambda x: F.pixel_unshuffle(x, r))


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
@each_ndim
def test_channel_shuffle(ndim, groups):
    layer = cm.channel_shuffle(groups, channels=6, ndim=ndim)
    x = normal(2, 6, *(3, 2, 4)[:ndim])
    agrees(layer, x, lambda x: F.channel_shuffle(x, groups))


@each_mode
@each_ndim
@examples
@given(data=st.data())
def test_pad(ndim, mode, data):
    padding = data.draw(pairs(ndim, -2, 3))
    assume(mode != "circular" or all(a * b >= 0 for a, b in padding))
    size = tuple(least_size(p, mode) + data.draw(st.integers(0, 2)) for p in padding)
    layer = cm.pad(padding, mode=mode, ndim=ndim)
    agrees(layer, normal(2, 2, *size), lambda x: F.pad(x, flat(padding), MODES[mode]))


@pytest.mark.parametrize("pair", [(1, -1), (-1, 2), (2, -2)])
def test_circular_pad_that_also_crops(pair):
    layer = cm.pad((pair,), mode="circular")
    agrees(layer, normal(2, 2, 5), lambda x: F.pad(x, pair, "circular"))


@each_ndim
def test_relu(ndim):
    agrees(cm.relu(ndim=ndim), normal(2, 3, *(4,) * ndim), F.relu)
