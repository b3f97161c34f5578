"""Plans: what they say of a weight that is not there, why, and of inputs of any size."""

from __future__ import annotations

from itertools import product

import bounds
import ml_dtypes
import numpy as np
import pytest

import convmatrix as cm
from convmatrix.dense import problem
from convmatrix.dense.problem import _Blocks, blocks_of

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("size", [5, 11, 31, 63])
def test_a_weight_that_is_not_there_is_of_full_rank(size):
    layer, shape = cm.conv2d(1, 1, size, padding=size // 2), (1, 1, 256, 256)
    unknown = cm.plan(layer, shape)
    noise = cm.plan(layer.with_weight(RNG.standard_normal(layer.weight_shape)), shape)
    assert unknown.algorithm == noise.algorithm != "lowrank"
    assert unknown.seconds == noise.seconds
    assert unknown.reason == f"{noise.reason}; the weight is unknown, one of full rank is meant"
    smooth = cm.plan(layer.with_weight(np.ones(layer.weight_shape)), shape)
    assert smooth.seconds <= unknown.seconds
    asked = cm.plan(layer, shape, method="lowrank")
    assert asked.seconds > cm.plan(smooth_layer(layer), shape, method="lowrank").seconds
    assert asked.reason == "asked for; the weight is unknown, one of full rank is meant"
    assert "unknown" not in cm.plan(cm.conv2d(64, 64, 3), (64, 9, 9)).reason, "no rank matters"


def smooth_layer(layer):
    return layer.with_weight(np.ones(layer.weight_shape))


@pytest.mark.parametrize(
    ("layer", "shape", "reason"),
    [
        (cm.conv2d(3, 64, 7, stride=2), (3, 99, 99), "it needs stride 1"),
        (
            cm.conv2d(64, 64, 9), (64, 20, 20),
            "it needs a kernel of 2 to 5 or 7 taps, the same on all axes",
        ),
        (cm.conv2d(8, 8, 3), (8, 40, 40), "channels are too few for its transforms to pay"),
        (
            cm.conv2d(64, 64, 3), (64, 9, 9),
            "outputs are too few for its transformed weights to pay",
        ),
        (cm.conv3d(8, 8, 4), (8, 9, 9, 9), "in 3-D it needs a kernel of 2 or 3 taps"),
    ],
)  # fmt: skip
def test_the_reason_is_a_sentence_that_says_what_runs(layer, shape, reason):
    plan = cm.plan(layer, shape)
    assert plan.algorithm == "direct"
    assert plan.reason == (
        f"windows times weights, by GEMM; Winograd would multiply less, but {reason}"
    )


M, G = 10**6, 10**9
HUGE = [
    (cm.conv2d(1, 1, 3, padding=1), (1, M, M)), (cm.conv2d(64, 64, 3), (8, 64, M, M)),
    (cm.conv2d(1, 1, 63), (1, M, M)), (cm.conv2d(1, 1, 5), (1, G, G)),
    (cm.conv1d(1, 1, 3), (1, G * G)),
    (cm.depthwise(16, 3, padding=1, padding_mode="circular"), (16, M, M)),
    (cm.conv3d(1, 1, 3), (1, M, M, M)), (cm.conv2d(1, 1, 3), (G, 1, 9, 9)),
    (cm.conv_transpose2d(1, 1, 3, stride=2), (1, M, M)),
    (cm.conv_transpose2d(1, 1, 3, stride=M), (1, 9, 9)),
    (cm.conv_transpose2d(4, 4, 3, padding=1, padding_mode="circular"), (4, M, M)),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "shape"), HUGE, ids=str)
@pytest.mark.parametrize("method", ["auto", "direct", "winograd", "toeplitz", "fft", "fold"])
def test_plans_of_huge_inputs_take_no_time(layer, shape, method):
    with bounds.within(5):
        try:
            plan = cm.plan(layer, shape, method=method)
        except cm.GeometryError:
            return  # the method does not apply
        assert plan.blocks >= 1
        assert plan.seconds > 0


def test_what_cannot_be_planned_is_refused_by_the_library():
    with pytest.raises(cm.TooLargeError, match="the weight that the plan is made with would take"):
        cm.plan(cm.conv2d(10**6, 10**6, 3), (10**6, 5, 5))
    with pytest.raises(cm.TooLargeError, match=r"the work has 1e\+20 blocks; use a smaller input"):
        cm.plan(cm.conv2d(1, 1, 3), (1, 10**20, 10**20))
    for shape in ((0, 1, 5, 5), (1, -5, 5), (1, 5.0, 5)):
        with pytest.raises(cm.GeometryError, match="input_shape must be"):
            cm.plan(cm.conv2d(1, 1, 3), shape)


def test_the_sparse_product_has_no_plan():
    with pytest.raises(cm.GeometryError, match="a plan is of the dense path"):
        cm.plan(cm.conv2d(1, 1, 3), (1, 9, 9), method="sparse")


def test_blocks_are_the_combinations_of_runs():
    for axes in product([(5, 2), (4, 4), (3, 0), (7, 9)], repeat=2):
        expected = [(*a, *b) for a in runs(*axes[0]) for b in runs(*axes[1])]
        assert list(_Blocks(*axes)) == list(blocks_of(*axes)) == expected
        assert len(_Blocks(*axes)) == len(expected)
    many = blocks_of((M, 0), (M, 7))
    assert many[len(many) - 1] == (M - 1, M - 1, M)
    with pytest.raises(IndexError):
        many[len(many)]


def runs(length, step):
    if not step:
        return [(place,) for place in range(length)]
    return [(low, min(low + step, length)) for low in range(0, length, step)]


def test_many_blocks_give_what_few_do(monkeypatch):
    layer = cm.depthwise(4, 3, padding=1, weight=RNG.standard_normal((4, 1, 3, 3)))
    x = RNG.standard_normal((3, 4, 40, 40))
    for method in ("direct", "winograd", "toeplitz", "lowrank", "fft"):
        few = [layer(x, method=method, threads=t) for t in (1, 2)]
        monkeypatch.setattr(problem, "LISTED", 0)
        again = layer.with_weight(layer.weight)
        many = [again(x, method=method, threads=t) for t in (1, 2)]
        monkeypatch.undo()
        assert all(np.array_equal(a, b) for a, b in zip(few, many, strict=True))


@pytest.mark.parametrize("stride", [7, 100, 1000])
def test_phases_of_strides_beyond_the_kernel(stride):
    layer = cm.conv_transpose1d(1, 1, 5, stride=stride, dilation=3, padding=2)
    layer = layer.with_weight(RNG.standard_normal(layer.weight_shape))
    y = RNG.standard_normal((1, 9))
    expected = layer.on(9).to_scipy() @ y[0]
    assert np.allclose(layer(y, method="phases")[0], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16)], ids=str)
def test_plans_of_half_precision_are_those_of_float32_and_one_rounding(dtype):
    layer = cm.conv2d(32, 32, 3, weight=RNG.standard_normal((32, 32, 3, 3)).astype(dtype))
    plan, wide = (cm.plan(layer, (32, 20, 20), kind) for kind in (dtype, "float32"))
    assert (plan.algorithm, plan.dtype) == (wide.algorithm, dtype.name)
    x = RNG.standard_normal((32, 20, 20)).astype(dtype)
    matrix = layer.on(20, 20).to_scipy().astype(float)
    error = np.abs(layer(x).astype(float).ravel() - matrix @ x.astype(float).ravel()).max()
    assert error <= plan.error_bound * (np.abs(matrix) @ np.abs(x.astype(float).ravel())).max()
    assert plan.error_bound > wide.error_bound
