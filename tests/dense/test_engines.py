"""Engines: which is made, for how long it is kept, and what it says of itself."""

from __future__ import annotations

import numpy as np
import pytest
from dense_cases import blas_threads, made_last

import convmatrix as cm
from convmatrix.dense import engine
from convmatrix.dense.direct import Direct, rounding
from convmatrix.dense.phases import Phases


def test_an_engine_is_made_once_and_goes_with_its_weight():

    layer = cm.conv2d(32, 32, 3).with_weight(np.ones((32, 32, 3, 3), np.float32))
    x = np.ones((32, 12, 12), np.float32)
    layer(x)
    kept = len(engine._engines)
    layer(x)
    assert len(engine._engines) == kept
    del layer
    assert len(engine._engines) == kept - 1


def test_plans_print_and_are_data():
    conv = cm.conv2d(64, 64, 3, padding=1)
    plan = cm.plan(conv, (1, 64, 56, 56))
    assert (plan.algorithm, plan.output_shape) == ("winograd", (1, 64, 56, 56))
    assert plan.workspace <= 64 << 20
    assert plan.error_bound > cm.plan(conv, (64, 56, 56), method="direct").error_bound > 0
    assert "fewer multiplications" in str(plan)
    assert plan.to_dict()["macs"] == 64 * 64 * 9 * 56 * 56
    up = cm.plan(cm.conv_transpose2d(64, 32, 4, stride=2, padding=1), (64, 8, 8))
    assert up.algorithm == "phases (direct)"
    smooth = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])[None, None] / 256
    blur = cm.plan(cm.conv2d(1, 1, 5, padding=2, weight=smooth), (1, 256, 256))
    assert (blur.algorithm, blur.reason[:17]) == ("lowrank", "kernels of rank 1")
    noise = np.random.default_rng(8).standard_normal((1, 1, 31, 31))
    large = cm.plan(cm.conv2d(1, 1, 31, padding=15, weight=noise), (1, 512, 512))
    assert (large.algorithm, large.reason[:14]) == ("fft", "a large kernel")
    assert 0 < large.seconds < 1
    assert "predicted" in str(large)
    both = cm.plan(cm.depthwise_separable(32, 64, 3, padding=1), (32, 56, 56))
    assert both.algorithm == "toeplitz → direct"
    assert cm.plan(cm.avg_pool(2, channels=3), (3, 8, 8)).algorithm == "passes"
    with pytest.raises(cm.ShapeError, match="expected the shape of an array"):
        cm.plan(conv, (56, 56))


def made_for(layer, x, **options):
    """The engine that a call makes, and the bytes of its buffers in this thread."""
    layer(x, **options)
    made = made_last()
    return made, sum(buffer.nbytes for buffer in made._local.__dict__.values())


def test_workspaces_are_what_buffers_hold():
    for layer, size in (
        (cm.depthwise(6, 3, padding=1), (40, 50)), (cm.depthwise(6, 3, stride=2), (40, 50)),
        (cm.depthwise(6, 3, padding=1, padding_mode="circular"), (40, 50)),
        (cm.depthwise(6, 3, padding=1, padding_mode="circular", stride=2), (40, 50)),
        (cm.conv2d(8, 16, 3, padding=1), (40, 50)), (cm.conv2d(8, 16, 1), (40, 50)),
    ):  # fmt: skip
        layer = layer.with_weight(np.ones(layer.weight_shape, np.float32))
        x = np.ones((1, layer.in_channels, *size), np.float32)
        made, held = made_for(layer, x, method="direct", threads=1)
        for indptr, indices, data in getattr(made, "_matrices", {}).values():
            held += indptr.nbytes + indices.nbytes + sum(values.nbytes for values in data)
        assert 0.99 * held <= made.workspace <= 2.2 * held
        terms = layer.weight[0].size
        assert made.error_bound == rounding(np.dtype(np.float32), terms)
    wide = cm.conv2d(8, 32, 3, weight=np.ones((32, 8, 3, 3)))
    x = np.ones((1, 8, 5, 5))
    one, two = (made_for(wide, x, method="direct", threads=t)[0] for t in (1, 2))
    assert two.workspace - one.workspace == wide(x).nbytes


def test_phases_have_the_bound_and_the_workspace_of_the_largest():
    layer = cm.conv_transpose2d(16, 16, 3, stride=2, weight=np.ones((16, 16, 3, 3)))
    y = np.ones((1, 16, 9, 9))
    layer(y, method="phases", threads=1)
    made = made_last()
    assert made.error_bound == rounding(np.dtype(float), 16 * 4)
    results = [part.problem.stencil.out_shape for part in made.blocks]
    assert made.workspace == max(
        part.workspace + 8 * int(np.prod(shape))
        for part, shape in zip(made.blocks, results, strict=True)
    )
    layer(y, method="phases", threads=2)
    both = made_last()
    assert both.workspace > made.workspace


def test_one_thread_of_blas_a_share_of_the_inputs_and_a_phase(monkeypatch):
    seen = []

    def spied(kind, name):
        real = getattr(kind, name)

        def spy(self, *arguments):
            seen.append(max(blas_threads(), default=1))
            return real(self, *arguments)

        monkeypatch.setattr(kind, name, spy)

    spied(Direct, "_columns")
    wide = cm.conv2d(8, 32, 3, weight=np.ones((32, 8, 3, 3)))
    wide(np.ones((1, 8, 5, 5)), method="direct", threads=2)
    assert seen == [1, 1]
    spied(Phases, "_fill")
    up = cm.conv_transpose2d(16, 16, 3, stride=2, weight=np.ones((16, 16, 3, 3)))
    for number, each in ((1, 1), (2, 1), (3, 3), (4, 1)):
        seen.clear()
        up(np.ones((1, 16, 9, 9)), method="phases", threads=number)
        made = made_last()
        assert [part.problem.threads for part in made.blocks] == [each] * 4
        assert number in (1, 3) or set(seen) == {1}
