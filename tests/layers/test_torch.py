"""Convolutions and pooling against PyTorch: values by both routes, and transposes against autograd.

Hypothesis chooses the geometry.
"""

from __future__ import annotations

from math import ceil

import pytest
from hypothesis import given
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

CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
CONV_TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
AVG_POOL = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
MAX_POOL = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
OURS = {1: cm.conv1d, 2: cm.conv2d, 3: cm.conv3d}
OURS_TRANSPOSE = {1: cm.conv_transpose1d, 2: cm.conv_transpose2d, 3: cm.conv_transpose3d}
each_kind = pytest.mark.parametrize(
    ("ours", "theirs"),
    [(OURS, CONV), (OURS_TRANSPOSE, CONV_TRANSPOSE)],
    ids=["conv", "conv_transpose"],
)


@st.composite
def convolutions(draw, ndim, mode):
    """Channels, geometry and input size of a convolution, rectangular and unsymmetric."""
    groups, k = draw(st.integers(1, 3)), draw(axes(ndim, 1, 3))
    geometry = {
        "stride": draw(axes(ndim, 1, 3)),
        "padding": draw(pairs(ndim, 0, 2)),
        "dilation": draw(axes(ndim, 1, 3)),
        "groups": groups,
    }
    reach = [d * (j - 1) for d, j in zip(geometry["dilation"], k, strict=True)]
    least = [least_size(p, mode, r) for p, r in zip(geometry["padding"], reach, strict=True)]
    size = tuple(n + draw(st.integers(0, 3)) for n in least)
    c_in, c_out = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    return (c_in, c_out, k), geometry, size


@st.composite
def transposed(draw, ndim):
    """Channels, geometry and input size of a transposed convolution, `output_padding` included."""
    groups, k = draw(st.integers(1, 3)), draw(axes(ndim, 1, 3))
    stride, dilation = draw(axes(ndim, 1, 3)), draw(axes(ndim, 1, 4))
    padding = draw(axes(ndim, 0, 2))
    most = [max(s, d) - 1 for s, d in zip(stride, dilation, strict=True)]
    geometry = {
        "stride": stride,
        "padding": padding,
        "output_padding": tuple(draw(st.integers(0, m)) for m in most),
        "groups": groups,
        "dilation": dilation,
    }
    least = [
        1 + ceil(max(0, 2 * p - d * (j - 1)) / s)
        for j, s, d, p in zip(k, stride, dilation, padding, strict=True)
    ]
    size = tuple(n + draw(st.integers(0, 2)) for n in least)
    c_in, c_out = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    return (c_in, c_out, k), geometry, size


@st.composite
def pools(draw, ndim, *, dilated):
    """Kernel, geometry and input size of a pooling; PyTorch pads at most half a kernel.

    Its avg_pool3d also refuses an input smaller than the kernel, whatever the padding.
    """
    k = draw(axes(ndim, 1, 4))
    geometry = {
        "stride": draw(axes(ndim, 1, 4)),
        "padding": tuple(draw(st.integers(0, j // 2)) for j in k),
        "ceil_mode": draw(st.booleans()),
    }
    dilation = draw(axes(ndim, 1, 3)) if dilated else (1,) * ndim
    if dilated:
        geometry["dilation"] = dilation
    least = [
        j if ndim == 3 and not dilated else max(1, d * (j - 1) + 1 - 2 * p)
        for j, d, p in zip(k, dilation, geometry["padding"], strict=True)
    ]
    return k, geometry, tuple(n + draw(st.integers(0, 4)) for n in least)


# ----------------------------------------------------------------------------- convolutions


@each_mode
@each_ndim
@examples
@given(data=st.data())
def test_conv(ndim, mode, data):
    what, geometry, size = data.draw(convolutions(ndim, mode))
    layer = OURS[ndim](*what, **geometry, padding_mode=mode)
    w = normal(*layer.weight_shape, seed=2)
    padding = flat(geometry.pop("padding"))

    def theirs(x):
        return CONV[ndim](F.pad(x, padding, MODES[mode]), torch.tensor(w), **geometry)

    agrees(layer.with_weight(w), normal(2, what[0], *size), theirs)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("padding", ["valid", "same", 0, 2])
@each_mode
@each_ndim
def test_conv_module(ndim, mode, padding):
    module = getattr(torch.nn, f"Conv{ndim}d")(
        4, 6, (4, 3, 2)[:ndim], padding=padding, dilation=(1, 2, 3)[:ndim], groups=2,
        padding_mode=mode, dtype=torch.float64,
    )  # fmt: skip
    w, b = normal(*module.weight.shape, seed=2), normal(6, seed=3)
    module.load_state_dict({"weight": torch.tensor(w), "bias": torch.tensor(b)})
    layer = OURS[ndim](
        4, 6, module.kernel_size, padding=padding, dilation=module.dilation, groups=2,
        padding_mode=mode, weight=w, bias=b,
    )  # fmt: skip
    x = normal(2, 4, *(5, 6, 7)[:ndim])
    close(layer(x), module(torch.tensor(x)))


@each_ndim
@examples
@given(data=st.data())
def test_conv_transpose(ndim, data):
    what, geometry, size = data.draw(transposed(ndim))
    layer = OURS_TRANSPOSE[ndim](*what, **geometry)
    w = normal(*layer.weight_shape, seed=2)

    def theirs(x):
        return CONV_TRANSPOSE[ndim](x, torch.tensor(w), **geometry)

    agrees(layer.with_weight(w), normal(2, what[0], *size), theirs)


@each_kind
@each_ndim
def test_bias_is_in_the_layer_not_in_the_matrix(ndim, ours, theirs):
    w, b, x = normal(4, 4, *(3,) * ndim, seed=2), normal(4, seed=3), normal(2, 4, *(5,) * ndim)
    layer = ours[ndim](4, 4, 3, stride=2, padding=1, weight=w, bias=b)
    tensors = [torch.tensor(a) for a in (x, w, b)]
    close(layer(x), theirs[ndim](*tensors, stride=2, padding=1))
    close(layer.on(*x.shape[2:])(x), theirs[ndim](*tensors[:2], stride=2, padding=1))


RTOL = {"float32": 1e-5, "complex64": 1e-5, "complex128": 1e-10, "int64": 0}


@pytest.mark.parametrize("dtype", RTOL)
@each_kind
@each_ndim
def test_dtypes(ndim, ours, theirs, dtype):
    values = whole if dtype == "int64" else normal
    w = values(4, 2, *(3, 2, 3)[:ndim], seed=2, dtype=dtype)
    x = values(2, 4, *(5, 6, 4)[:ndim], dtype=dtype)
    layer = ours[ndim](4, 4, w.shape[2:], stride=2, padding=1, groups=2, weight=w)
    expected = theirs[ndim](torch.tensor(x), torch.tensor(w), stride=2, padding=1, groups=2)
    y, row = layer(x), layer.on(*x.shape[2:]).to_scipy() @ x[0].ravel()
    assert y.dtype == row.dtype == dtype
    close(y, expected, RTOL[dtype])
    close(row, expected[0].ravel(), RTOL[dtype])


@each_kind
@each_ndim
def test_complex_gradient_is_the_conjugate_transpose(ndim, ours, theirs):
    w = normal(3, 3, *(3,) * ndim, seed=2, dtype=complex)
    x = torch.tensor(normal(3, *(5,) * ndim, dtype=complex), requires_grad=True)
    y = theirs[ndim](x, torch.tensor(w), stride=2, padding=1)
    g = normal(*y.shape, seed=1, dtype=complex)
    (gradient,) = torch.autograd.grad(y, x, torch.tensor(g))
    A = ours[ndim](3, 3, 3, stride=2, padding=1, weight=w).on(*(5,) * ndim)
    close(A.to_linear_operator().rmatvec(g.ravel()), gradient.ravel())
    close(A.to_scipy().conj().T @ g.ravel(), gradient.ravel())


# ---------------------------------------------------------------------------------- pooling


@each_ndim
@examples
@given(data=st.data())
def test_avg_pool(ndim, data):
    k, geometry, size = data.draw(pools(ndim, dilated=False))
    geometry["count_include_pad"] = data.draw(st.booleans())
    if ndim > 1:
        geometry["divisor_override"] = data.draw(st.none() | st.integers(1, 5))
    layer = cm.avg_pool(k, **geometry, ndim=ndim)
    agrees(layer, normal(2, 3, *size), lambda x: AVG_POOL[ndim](x, k, **geometry))


@each_ndim
@examples
@given(data=st.data())
def test_max_pool(ndim, data):
    k, geometry, size = data.draw(pools(ndim, dilated=True))
    layer = cm.max_pool(k, **geometry, ndim=ndim)
    agrees(layer, normal(2, 3, *size) - 9, lambda x: MAX_POOL[ndim](x, k, **geometry))


@pytest.mark.parametrize(("size", "kernel", "stride"), [(2, 3, 2), (1, 3, 3), (3, 5, 4)])
@pytest.mark.parametrize(
    ("ours", "ndim"),  # avg_pool3d refuses an input smaller than its kernel
    [(cm.avg_pool, 1), (cm.avg_pool, 2), (cm.max_pool, 1), (cm.max_pool, 2), (cm.max_pool, 3)],
)
def test_ceil_mode_lets_the_only_window_hang_over(ours, ndim, size, kernel, stride):
    theirs = (AVG_POOL if ours is cm.avg_pool else MAX_POOL)[ndim]
    layer = ours(kernel, stride=stride, ceil_mode=True, ndim=ndim)
    x = normal(2, 3, *(size,) * ndim)
    agrees(layer, x, lambda x: theirs(x, kernel, stride, ceil_mode=True))


@each_ndim
def test_max_pool_of_padding_alone_is_minus_infinity(ndim):
    layer = cm.max_pool(2, stride=1, padding=1, dilation=3, ndim=ndim)
    x = normal(2, 3, *(2,) * ndim)
    agrees(layer, x, lambda x: MAX_POOL[ndim](x, 2, stride=1, padding=1, dilation=3))
