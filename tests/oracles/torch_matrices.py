"""PyTorch as a matrix: its layers as the images of the unit vectors, and the sizes it gives."""

from __future__ import annotations

from itertools import product

import numpy as np


def whole(*shape, seed=0):
    """Integers without zeros, whose sums are exact."""
    values = np.random.default_rng(seed).integers(1, 10, shape)
    return values * np.where(np.random.default_rng(seed + 1).random(shape) < 0.4, -1, 1)


def matrix(torch, function, *shape):
    """The matrix of a linear PyTorch function on inputs of a shape: the unit vectors' images."""
    size = int(np.prod(shape))
    units = torch.eye(size, dtype=torch.float64).reshape(size, *shape)
    return function(units).reshape(size, -1).T.numpy()


def tensor(torch, array):
    return torch.tensor(np.asarray(array), dtype=torch.float64)


def spread(torch, x, step, axis=-1):
    """Zeros inserted, `step - 1` between two neighbours, by plain indexing."""
    shape = list(x.shape)
    shape[axis] = step * (shape[axis] - 1) + 1
    wide = torch.zeros(shape, dtype=x.dtype, device=x.device)
    wide[..., ::step] = x
    return wide


def geometries(n=8, k=4, s=3, p=2, d=2):
    """Every small geometry at which a convolution exists."""
    ranges = range(1, n + 1), range(1, k + 1), range(1, s + 1), range(p + 1), range(1, d + 1)
    for values in product(*ranges):
        n, k, s, p, d = values
        if n + 2 * p - d * (k - 1) - 1 >= 0:
            yield {"n": n, "k": k, "s": s, "p": p, "d": d}


def drawn(geometries, count, seed=0):
    """Some of many."""
    every = list(geometries)
    chosen = np.random.default_rng(seed).choice(len(every), min(count, len(every)), replace=False)
    return [every[j] for j in sorted(chosen)]


def conv_size(torch, n, k, s=1, p=0, d=1):
    x, w = (torch.empty(1, 1, size, device="meta") for size in (n, k))
    return torch.nn.functional.conv1d(x, w, stride=s, padding=p, dilation=d).shape[-1]


def conv_transpose_size(torch, n, k, s=1, p=0, d=1, a=0):
    x, w = (torch.empty(1, 1, size, device="meta") for size in (n, k))
    options = {"stride": s, "padding": p, "dilation": d, "output_padding": a}
    return torch.nn.functional.conv_transpose1d(x, w, **options).shape[-1]
