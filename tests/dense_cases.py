"""Random weighted layers, and what the tests of the dense path look at."""

from __future__ import annotations

import numpy as np

import convmatrix as cm
from convmatrix.dense import engine, threads

CONVS = {1: cm.conv1d, 2: cm.conv2d, 3: cm.conv3d}


def random_layer(rng):
    """A weighted convolution and a size that it fits."""
    ndim = int(rng.integers(1, 4))
    groups = int(rng.integers(1, 4))
    kernel = (int(rng.integers(1, 6)),) * ndim if rng.integers(2) else rng.integers(1, 5, ndim)
    layer = CONVS[ndim](
        groups * int(rng.integers(1, 4)), groups * int(rng.integers(1, 4)), tuple(map(int, kernel)),
        stride=tuple(map(int, rng.integers(1, 4, ndim))) if rng.integers(2) else 1,
        dilation=tuple(map(int, rng.integers(1, 4, ndim))),
        padding=tuple((int(a), int(b)) for a, b in rng.integers(-1, 4, (ndim, 2))),
        groups=groups, flip=bool(rng.integers(2)),
        padding_mode=str(rng.choice(["zeros", "zeros", "circular", "reflect", "replicate"])),
    )  # fmt: skip
    return layer, tuple(map(int, rng.integers(1, 14 if ndim < 3 else 8, ndim)))


def cases(number, seed=0):
    rng = np.random.default_rng(seed)
    found = []
    while len(found) < number:
        layer, size = random_layer(rng)
        try:
            layer.on(size)
        except cm.GeometryError:
            continue
        weight = rng.standard_normal(layer.weight_shape)
        found.append((layer.with_weight(weight), size, int(rng.integers(1, 4))))
    return found


CASES = cases(150)


def applied_to_sizes(A, x):
    """|w| applied to |x|, to which errors are relative."""
    return np.abs(A.to_scipy()) @ np.abs(x.reshape(len(x), -1)).T


def blas_threads():
    return [library.num_threads for library in threads._blas()]


def made_last():
    """The engine that was asked for last."""
    return next(reversed(engine._engines._table.values()))[1][0]
