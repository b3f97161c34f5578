"""Layers compared with PyTorch: `agrees` takes one of ours, an input and PyTorch's function."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

MODES = {
    "zeros": "constant",
    "circular": "circular",
    "reflect": "reflect",
    "replicate": "replicate",
}

each_ndim = pytest.mark.parametrize("ndim", [1, 2, 3])
each_mode = pytest.mark.parametrize("mode", MODES)
examples = settings(max_examples=60)


def normal(*shape, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


def whole(*shape, seed=0, dtype=np.int64):
    """Integers, whose sums are exact in every dtype."""
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(dtype)


def close(ours, theirs, rtol=1e-10):
    theirs = theirs.detach().numpy()
    scale = np.abs(theirs[np.isfinite(theirs)]).max(initial=1)
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol * scale)


def agrees(layer, x, theirs, rtol=1e-10):
    """`layer` is `theirs`, batched and not, dense and sparse; its transpose is the gradient."""
    source = torch.tensor(x, requires_grad=True)
    expected = theirs(source)
    assert layer(x).dtype == x.dtype
    close(layer(x), expected, rtol)
    close(layer(x[0]), expected[0], rtol)
    if not layer.is_linear:
        return
    A = layer.with_channels(x.shape[1]).on(*x.shape[2:])
    close(A.to_scipy() @ x[0].ravel(), expected[0].ravel(), rtol)
    g = whole(*expected.shape, seed=1, dtype=x.dtype)
    (gradient,) = torch.autograd.grad(expected, source, torch.tensor(g))
    close(A.T(g), gradient, rtol)
    close(A.T.to_scipy() @ g[0].ravel(), gradient[0].ravel(), rtol)


def axes(ndim, low, high):
    return st.tuples(*[st.integers(low, high)] * ndim)


def pairs(ndim, low, high):
    return st.tuples(*[st.tuples(st.integers(low, high), st.integers(low, high))] * ndim)


def flat(padding):
    """(before, after) an axis as `F.pad` wants it: the last axis first."""
    return [amount for pair in reversed(padding) for amount in pair]


def least_size(pair, mode, reach=0):
    """The smallest input that a window of so much reach fits, and that the padding mode allows."""
    allowed = {"reflect": max(pair) + 1, "circular": max(pair)}.get(mode, 1)
    return max(1, reach + 1 - sum(pair), -min(pair) + 1, allowed)
