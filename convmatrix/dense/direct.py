"""A weighted stencil as windows times a matrix (im2col and GEMM), and its adjoint (GEMM and fold).

Source of the lowering: K. Chellapilla et al., *High performance convolutional neural networks for
document processing*, 2006. Work goes batch by batch and in blocks of output rows, so the
workspace stays near `BLOCK` elements however large the image is.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convmatrix.dense.padding import extend, extend_adjoint
from convmatrix.stencil import Stencil

__all__ = ["convolve", "convolve_adjoint"]

Array = np.ndarray[Any, Any]

BLOCK = 1 << 22
"""Elements of gathered windows held at a time."""


def convolve(stencil: Stencil, weight: Array, x: Array) -> Array:
    """`(batch, in_channels, *size)` → `(batch, out_channels, *outputs)`."""
    kernels = _kernels(stencil, weight)
    padded = np.ascontiguousarray(extend(x, stencil.windows))
    windows = _windows(stencil, padded)
    (groups, _, inner), ndim = kernels.shape, len(stencil.axes)
    out = np.empty((len(x), *stencil.out_shape), x.dtype)
    for b, rows in _blocks(stencil, len(x)):
        block = np.moveaxis(windows[b], -ndim, 0)[rows]
        columns = np.moveaxis(block, 0, -ndim).reshape(groups, inner, -1)
        part = out[b, :, rows]
        part[:] = np.matmul(kernels, columns).reshape(part.shape)
    return out


def convolve_adjoint(stencil: Stencil, weight: Array, y: Array) -> Array:
    """`(batch, out_channels, *outputs)` → `(batch, in_channels, *size)`: the transposed matrix."""
    kernels = _kernels(stencil, weight).swapaxes(1, 2)
    groups, _, width = kernels.shape
    lengths = [axis.size + axis.before + axis.after for axis in stencil.windows]
    padded = np.zeros((len(y), stencil.in_channels, *lengths), y.dtype)
    for b, rows in _blocks(stencil, len(y)):
        block = y[b, :, rows]
        columns = np.matmul(kernels, np.ascontiguousarray(block).reshape(groups, width, -1))
        columns = columns.reshape(stencil.in_channels, *stencil.kernel, *block.shape[1:])
        runs = (rows, *map(slice, stencil.out_shape[2:]))
        for taps in product(*map(range, stencil.kernel)):
            place = tuple(
                _slots(axis.dilation * t, axis.stride, part)
                for axis, t, part in zip(stencil.windows, taps, runs, strict=True)
            )
            target = padded[b][(slice(None), *place)]
            target += columns[(slice(None), *taps)]
    return extend_adjoint(padded, stencil.windows)


def _slots(start: int, stride: int, outputs: slice) -> slice:
    """The padded places that a run of outputs reads through one tap."""
    low, high = outputs.start or 0, outputs.stop
    return slice(start + low * stride, start + (high - 1) * stride + 1, stride)


def _kernels(stencil: Stencil, weight: Array) -> Array:
    """The weight as `(groups, out_channels/groups, window)`, taps in the order of the places."""
    flipped = tuple(2 + j for j, axis in enumerate(stencil.windows) if axis.flip)
    placed = np.flip(weight, flipped) if flipped else weight
    return placed.reshape(stencil.groups, stencil.out_channels // stencil.groups, -1)


def _windows(stencil: Stencil, padded: Array) -> Array:
    """A view `(batch, channels, *kernel, *outputs)` into the padded array."""
    strides = padded.strides[2:]
    axes = stencil.windows
    return as_strided(
        padded,
        (*padded.shape[:2], *stencil.kernel, *stencil.out_shape[1:]),
        (
            *padded.strides[:2],
            *(axis.dilation * step for axis, step in zip(axes, strides, strict=True)),
            *(axis.stride * step for axis, step in zip(axes, strides, strict=True)),
        ),
        writeable=False,
    )


def _blocks(stencil: Stencil, batch: int) -> Iterator[tuple[int, slice]]:
    """Which example and which rows of its output to work on next."""
    outputs = stencil.out_shape[1]
    a_row = stencil.in_channels * prod(stencil.kernel) * prod(stencil.out_shape[2:])
    step = max(1, BLOCK // max(1, a_row))
    for b in range(batch):
        for low in range(0, outputs, step):
            yield b, slice(low, min(low + step, outputs))
