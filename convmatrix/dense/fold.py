"""A transposed stencil as GEMM and fold (col2im): every tap's plane is added where it belongs.

The transpose of windows times weights is weightsᵀ times outputs, which gives a plane of
contributions for each tap, and then the planes added up: tap t of output o where (o, t) reads. A
plane has one number an output, so no zero that a stride inserts is multiplied.

Source: the backward pass of K. Chellapilla et al., 2006 (see `direct.py`).
"""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np

from convmatrix.dense.direct import grouped, rounding
from convmatrix.dense.problem import Problem, split
from convmatrix.dense.rates import FLOP, MOVE
from convmatrix.relation import Axis
from convmatrix.typing import Array

__all__ = ["Fold"]


BLOCK = 1 << 20
"""Elements of tap planes held at a time."""


class Fold:
    """The transpose of a stencil: `(batch, out_channels, *outputs)` → `(batch, in_channels,
    *size)`.

    It goes with every padding mode: what fell on the padding is folded back at the end. It
    multiplies as often as the layer itself, and adds a number for each output, tap and input
    channel: where these are few, that moves less than windows do.
    """

    name = "fold"
    spreads = ""

    def __init__(self, problem: Problem, weight: Array) -> None:
        self.problem = problem
        stencil = problem.stencil
        self._kernels = np.ascontiguousarray(grouped(problem, weight).swapaxes(1, 2))
        a_row = stencil.in_channels * prod(stencil.kernel) * prod(problem.outputs[1:])
        rows, self.blocks = split(problem.batch, problem.outputs[0], a_row, BLOCK, 1)
        lengths = prod(axis.size + axis.before + axis.after for axis in problem.axes)
        held = rows * a_row + problem.batch * stencil.in_channels * lengths
        self.workspace = held * problem.dtype.itemsize
        planes = problem.batch * prod(problem.outputs) * prod(stencil.kernel) * stencil.in_channels
        self.seconds = 2 * problem.macs * FLOP / problem.threads + planes * MOVE
        terms = stencil.out_channels // stencil.groups * prod(stencil.kernel)
        folds = prod(axis.before + axis.after + 1 for axis in problem.axes if axis.mode != "zeros")
        self.error_bound = rounding(problem.dtype, terms * max(1, folds))

    def __call__(self, y: Array, out: Array) -> None:
        """Fill `out` from `y`."""
        axes, stencil = self.problem.axes, self.problem.stencil
        groups, _, width = self._kernels.shape
        lengths = [axis.size + axis.before + axis.after for axis in axes]
        padded = np.zeros((len(y), stencil.in_channels, *lengths), self.problem.dtype)
        for b, low, high in self.blocks:
            rows = slice(low, high)
            block = np.ascontiguousarray(y[b, :, rows])
            planes = np.matmul(self._kernels, block.reshape(groups, width, -1))
            planes = planes.reshape(stencil.in_channels, *stencil.kernel, *block.shape[1:])
            runs = (rows, *map(slice, self.problem.outputs[1:]))
            for taps in product(*map(range, stencil.kernel)):
                place = tuple(
                    _slots(axis.dilation * t, axis.stride, part)
                    for axis, t, part in zip(axes, taps, runs, strict=True)
                )
                target = padded[b][(slice(None), *place)]
                target += planes[(slice(None), *taps)]
        out[:] = _padding_added(padded, axes)


def _padding_added(y: Array, axes: tuple[Axis, ...]) -> Array:
    """`(..., *padded size)` → `(..., *size)`: what is in the padding is added to the inputs that it
    was filled from (or dropped, where it was filled with zeros)."""
    for j, axis in enumerate(axes, start=y.ndim - len(axes)):
        if axis.before == 0 == axis.after:
            continue
        places = np.arange(-axis.before, axis.size + axis.after)
        folded = axis.fold(places)
        live = axis.inside(folded)
        shape = list(y.shape)
        shape[j] = axis.size
        result = np.zeros(shape, y.dtype)
        moved = np.moveaxis(result, j, 0)
        np.add.at(moved, folded[live], np.moveaxis(y, j, 0)[live])
        y = result
    return y


def _slots(start: int, stride: int, outputs: slice) -> slice:
    """The padded places that a run of outputs reads through one tap."""
    low, high = outputs.start or 0, outputs.stop
    return slice(start + low * stride, start + (high - 1) * stride + 1, stride)
