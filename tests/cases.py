"""One small case of every kind of layer, in 1, 2 and 3 dimensions: `(id, layer, input size)`."""

from __future__ import annotations

import numpy as np

import convmatrix as cm

SIZES = {1: (7,), 2: (6, 5), 3: (4, 5, 3)}


def integers(shape, seed=0):
    return np.random.default_rng(seed).integers(-4, 5, shape)


def _weighted(layer, seed=0):
    if isinstance(layer, cm.Sequential):
        shapes = [part.weight_shape for part in layer.layers if part.weight_shape is not None]
        return layer.with_weight([integers(s, seed + i) for i, s in enumerate(shapes)])
    return layer if layer.weight_shape is None else layer.with_weight(integers(layer.weight_shape))


def _layers(ndim):
    conv = {1: cm.conv1d, 2: cm.conv2d, 3: cm.conv3d}[ndim]
    conv_t = {1: cm.conv_transpose1d, 2: cm.conv_transpose2d, 3: cm.conv_transpose3d}[ndim]
    pairs = ((1, 2), (0, 1), (2, 0))[:ndim]
    yield "conv", conv(2, 3, 3)
    yield "conv-strided", conv(1, 2, 3, stride=2, padding=1)
    yield "conv-dilated", conv(2, 1, 2, dilation=2, padding=1)
    yield "conv-grouped", conv(4, 6, 2, groups=2, padding=pairs)
    yield "conv-flip", conv(2, 2, 3, flip=True, padding=1)
    yield "conv-crop", conv(1, 2, 2, padding=((-1, 1),) * ndim)
    for word in ("valid", "same", "same_lower", "full", "causal"):
        yield f"conv-{word}", conv(1, 2, 2, stride=2, padding=word)
    for mode in ("circular", "reflect", "replicate"):
        yield f"conv-{mode}", conv(2, 2, 3, padding=2, padding_mode=mode, flip=mode == "reflect")
    yield "transpose", conv_t(3, 2, 3, stride=2, padding=1)
    yield "transpose-output-padding", conv_t(2, 1, 2, stride=3, output_padding=2)
    yield "transpose-dilated", conv_t(1, 2, 2, stride=2, dilation=3, padding=1, output_padding=2)
    yield "transpose-grouped", conv_t(4, 2, 3, stride=2, padding=pairs, groups=2)
    yield "transpose-same", conv_t(1, 1, 3, stride=2, padding="same")
    yield "transpose-circular", conv_t(1, 1, 3, stride=1, padding=1, padding_mode="circular")
    yield "pointwise", cm.pointwise(3, 2, ndim=ndim)
    yield "depthwise", cm.depthwise(2, 3, multiplier=2, ndim=ndim, padding="same")
    yield "depthwise-separable", cm.depthwise_separable(2, 3, 2, ndim=ndim, stride=2, padding=1)
    yield "spatially-separable", cm.spatially_separable(1, 2, (3, 2, 2)[:ndim], padding=1)
    yield "avg-pool", cm.avg_pool(2, ndim=ndim, channels=2)
    yield "avg-pool-padded", cm.avg_pool(3, stride=2, padding=1, ndim=ndim)
    yield (
        "avg-pool-exclude",
        cm.avg_pool(3, stride=2, padding=1, count_include_pad=False, ndim=ndim),
    )
    yield "avg-pool-ceil", cm.avg_pool(2, stride=2, ceil_mode=True, ndim=ndim)
    yield "avg-pool-divisor", cm.avg_pool(2, divisor_override=3, ndim=ndim)
    yield "nearest", cm.upsample(scale_factor=2, ndim=ndim, channels=2)
    yield "nearest-down", cm.upsample(scale_factor=0.6, ndim=ndim)
    yield "nearest-exact", cm.upsample(size=5, mode="nearest-exact", ndim=ndim)
    yield "linear", cm.upsample(scale_factor=2, mode="linear", ndim=ndim)
    yield "linear-align", cm.upsample(size=8, mode="linear", align_corners=True, ndim=ndim)
    yield "linear-down", cm.upsample(size=3, mode="linear", ndim=ndim)
    yield "pixel-shuffle", cm.pixel_shuffle(2, channels=2 * 2**ndim, ndim=ndim)
    yield "channel-shuffle", cm.channel_shuffle(2, channels=6, ndim=ndim)
    yield "zero-insert", cm.zero_insert(3, ndim=ndim, channels=2)
    yield "sample", cm.sample(2, ndim=ndim, channels=2)
    yield "pad", cm.pad(pairs, ndim=ndim, channels=2)
    yield "crop", cm.pad(((-1, 0),) * ndim, ndim=ndim)
    for mode in ("circular", "reflect", "replicate"):
        yield f"pad-{mode}", cm.pad(2, mode=mode, ndim=ndim)
    yield (
        "sequential",
        cm.sequential(
            cm.zero_insert(2, ndim=ndim),
            cm.pad(1, ndim=ndim),
            conv(2, 3, 3),
            cm.pointwise(3, 1, ndim=ndim),
        ),
    )


LINEAR = [
    (f"{name}-{ndim}d", _weighted(layer), SIZES[ndim])
    for ndim in (1, 2, 3)
    for name, layer in _layers(ndim)
] + [
    (f"pixel-unshuffle-{n}d", cm.pixel_unshuffle(2, channels=3, ndim=n), (4,) * n)
    for n in (1, 2, 3)
]

NONLINEAR = [
    (f"{name}-{ndim}d", layer, SIZES[ndim])
    for ndim in (1, 2, 3)
    for name, layer in [
        ("relu", cm.relu(ndim=ndim)),
        ("max-pool", cm.max_pool(2, stride=1, padding=1, ndim=ndim)),
        ("max-pool-ceil", cm.max_pool(2, stride=2, ceil_mode=True, ndim=ndim)),
    ]
]
