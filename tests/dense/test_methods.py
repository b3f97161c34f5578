"""The dense algorithms: each against the sparse matrix, which none of them shares code with."""

from __future__ import annotations

import numpy as np
import pytest
from dense_cases import CASES, applied_to_sizes

import convmatrix as cm
from convmatrix.dense import Choice
from convmatrix.dense.choice import METHODS
from convmatrix.maps import applied


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("phases", "fold")])
def test_methods_give_the_matrix_product_within_their_bound(method):
    tried = 0
    rng = np.random.default_rng(1)
    for layer, size, batch in CASES:
        A = layer.on(size)
        x = rng.standard_normal((batch, *A.in_shape))
        for dtype in (np.float32, np.float64):
            weighted = layer.with_weight(layer.weight.astype(dtype))
            small = x.astype(dtype)
            try:
                y = weighted(small, method=method)
            except cm.GeometryError:  # its text has a test of its own
                continue
            tried += 1
            exact = (A.to_scipy() @ small.astype(float).reshape(batch, -1).T).T
            assert y.shape == (batch, *A.out_shape)
            assert y.dtype == dtype
            how = "direct" if method == "sparse" else method
            plan = cm.plan(weighted, small.shape, dtype, method=how)
            largest = applied_to_sizes(A, small.astype(float)).max(initial=0)
            rounded = np.finfo(dtype).eps * np.abs(layer.weight).sum() * np.abs(x).max()
            assert np.abs(y.reshape(batch, -1) - exact).max(initial=0) <= (
                plan.error_bound * largest + rounded
            )
    assert tried >= (10 if method == "lowrank" else 20)


@pytest.mark.parametrize("method", ["auto", "phases", "fold", "sparse"])
def test_transposed_methods_give_the_transposed_product(method):
    rng = np.random.default_rng(2)
    tried = others = 0
    for layer, size, batch in CASES:
        A = layer.on(size)
        y = rng.integers(-9, 10, (batch, *A.out_shape)).astype(float)
        whole = layer.with_weight(rng.integers(-9, 10, layer.weight_shape).astype(float))
        B = whole.on(size)
        try:
            x = applied(B.T, y, Choice(method))
        except cm.GeometryError:
            others += 1
            continue
        tried += 1
        exact = (B.T.to_scipy() @ y.reshape(batch, -1).T).T
        assert np.abs(x.reshape(batch, -1) - exact).max(initial=0) <= 1e-9
    folding = sum(layer.padding_mode != "zeros" for layer, *_ in CASES)
    assert (tried, others) == (len(CASES) - others, folding if method == "phases" else 0)
    assert tried >= 50


def test_methods_that_do_not_apply_say_why():
    conv = cm.conv2d(2, 2, 3, stride=2, weight=np.ones((2, 2, 3, 3)))
    x = np.ones((2, 9, 9))
    with pytest.raises(cm.GeometryError, match="'winograd' does not apply: it needs stride 1"):
        conv(x, method="winograd")
    with pytest.raises(cm.GeometryError, match="'phases' does not apply: it is for transposed"):
        conv(x, method="phases")
    with pytest.raises(cm.GeometryError, match="method must be one of"):
        conv(x, method="magic")
    for method in ("winograd", "fft", "lowrank"):
        with pytest.raises(cm.GeometryError, match="integers are exact"):
            cm.depthwise(2, 3, weight=np.ones((2, 1, 3, 3), int))(x.astype(int), method=method)


def test_nan_and_infinities_stay_where_a_direct_sum_has_them():
    rng = np.random.default_rng(3)
    for channels, method in (
        (32, "winograd"), (1, "toeplitz"), (1, "lowrank"), (1, "fft"), (1, "direct"),
    ):  # fmt: skip
        layer = cm.conv2d(channels, channels, 3, padding=1).with_weight(
            rng.standard_normal((channels, channels, 3, 3)).astype(np.float32)
        )
        x = rng.standard_normal((channels, 24, 24)).astype(np.float32)
        x[0, 5, 7], x[0, 20, 20] = np.nan, np.inf
        with np.errstate(invalid="ignore"):
            direct = layer(x, method="sparse")
        for how in ("auto", method):
            y = layer(x, method=how)
            assert np.array_equal(np.isfinite(y), np.isfinite(direct))
            assert np.isnan(direct).sum() < y.size / 4


def test_nan_stays_where_a_transposed_sum_has_it():
    rng = np.random.default_rng(13)
    layer = cm.conv_transpose2d(32, 32, 6, stride=2)
    layer = layer.with_weight(rng.standard_normal(layer.weight_shape).astype(np.float32))
    y = rng.standard_normal((32, 16, 16)).astype(np.float32)
    y[0, 5, 7] = np.nan
    assert "winograd" in cm.plan(layer, y.shape).algorithm
    with np.errstate(invalid="ignore"):
        assert np.array_equal(np.isnan(layer(y)), np.isnan(layer(y, method="sparse")))


ACCURACY = [
    cm.conv2d(32, 32, 3, padding=1), cm.conv2d(48, 40, 5, padding=2), cm.conv2d(3, 8, 7, stride=2),
    cm.conv2d(33, 32, 3, padding=4, dilation=4, padding_mode="reflect"), cm.conv1d(8, 8, 9),
    cm.depthwise(6, 3, padding=1), cm.depthwise(4, 7, stride=2), cm.conv2d(1, 1, 31, padding=15),
    cm.conv3d(4, 4, 3, padding=1), cm.conv_transpose2d(32, 16, 4, stride=2, padding=1),
    cm.conv_transpose2d(16, 2, 4, stride=2), cm.conv2d(40, 40, 1),
]  # fmt: skip


@pytest.mark.parametrize("layer", ACCURACY, ids=repr)
@pytest.mark.parametrize("spread", [0, 3, 6])
def test_errors_stay_small_on_mixed_ranges_and_within_the_plan_s_bound(layer, spread):
    """Relative to the largest |w| applied to |x|, for values from 10^-spread to 10^spread."""
    rng = np.random.default_rng(spread)
    size = {1: (400,), 2: (140, 150), 3: (9, 9, 9)}[layer.ndim]
    if layer.in_channels > 1:
        size = size if layer.ndim != 2 else (34, 35)

    def mixed(shape):
        return rng.standard_normal(shape) * 10.0 ** rng.uniform(-spread, spread, shape)

    for dtype, limits in ((np.float32, (2e-6, 5e-5)), (np.float64, (1e-12, 1e-12))):
        weighted = layer.with_weight(mixed(layer.weight_shape).astype(dtype))
        x = mixed((2, layer.in_channels, *size)).astype(dtype)
        wide = layer.with_weight(weighted.weight.astype(np.longdouble))
        exact = wide(x.astype(np.longdouble))
        sizes = layer.with_weight(np.abs(weighted.weight).astype(float))(np.abs(x).astype(float))
        direct = "fold" if "transpose" in layer.name else "direct"
        for method, limit in zip((direct, "auto"), limits, strict=True):
            error = np.abs(weighted(x, method=method) - exact).max() / sizes.max()
            assert error <= limit, (method, dtype, float(error))
            assert error <= cm.plan(weighted, x.shape, dtype, method=method).error_bound


def test_weights_that_are_not_finite_have_no_rank_but_a_direct_sum():
    weight = np.ones((1, 1, 9, 9))
    weight[0, 0, 4, 4] = np.nan
    layer, x = cm.conv2d(1, 1, 9, padding=4, weight=weight), np.ones((1, 200, 200))
    with np.errstate(invalid="ignore"):
        assert np.isnan(layer(x)).all()
    with pytest.raises(cm.WeightError, match="NaN or infinite values has no rank"):
        layer(x, method="lowrank")


def test_a_tolerance_leaves_out_small_singular_values_within_the_bound():
    rng = np.random.default_rng(9)
    bell = np.exp(-(np.linspace(-2, 2, 31) ** 2))
    kernel = np.outer(bell, bell) + 1e-5 * rng.standard_normal((31, 31))
    layer = cm.conv2d(1, 1, 31, padding=15, weight=kernel[None, None])
    x = rng.standard_normal((1, 200, 210))
    exact = layer(x, method="direct")
    plan = cm.plan(layer, x.shape, float, tolerance=1e-3)
    assert (plan.algorithm, plan.reason[:17]) == ("lowrank", "kernels of rank 1")
    assert cm.plan(layer, x.shape, float).algorithm == "fft"
    largest = applied_to_sizes(layer.on(200, 210), x[None]).max()
    error = np.abs(layer(x, tolerance=1e-3) - exact).max() / largest
    assert 1e-9 < error <= plan.error_bound < 0.02
    with pytest.raises(cm.GeometryError, match="tolerance is relative, 0 <= tolerance < 1, got 2"):
        layer(x, tolerance=2)
    with pytest.raises(cm.GeometryError, match="tolerance is relative"):
        cm.plan(layer, x.shape, tolerance=-1e-3)


def test_out_is_written_may_overlap_and_is_checked():
    layer = cm.conv2d(1, 1, 3, padding=1, weight=np.arange(9.0).reshape(1, 1, 3, 3))
    x = np.arange(36.0).reshape(1, 6, 6)
    expected = layer(x)
    out = np.empty_like(expected)
    assert layer(x, out=out) is out
    assert np.array_equal(out, expected)
    assert np.array_equal(layer(x, out=x), expected)
    with pytest.raises(cm.ShapeError, match=r"out must be an array of shape \(1, 6, 6\)"):
        layer(expected, out=np.empty((1, 5, 6)))
    with pytest.raises(cm.ShapeError, match="dtype float64"):
        layer(expected, out=np.empty((1, 6, 6), np.float32))


def test_any_layout_and_no_batch():
    layer = cm.conv2d(32, 32, 3, padding=1).with_weight(
        np.random.default_rng(4).standard_normal((32, 32, 3, 3))
    )
    x = np.random.default_rng(5).standard_normal((2, 32, 20, 18))
    expected = layer(x)
    reversed_copy = np.ascontiguousarray(x[..., ::-1])[..., ::-1]
    frozen = x.copy()
    frozen.setflags(write=False)
    swapped = x.transpose(1, 0, 2, 3).copy().transpose(1, 0, 2, 3)
    for same in (np.asfortranarray(x), reversed_copy, frozen, swapped):
        for method in ("auto", "direct", "toeplitz"):
            assert np.allclose(layer(same, method=method), expected, rtol=1e-9, atol=1e-9)
    assert layer(x[:0]).shape == (0, 32, 20, 18)
