"""Dense Toeplitz tiles times strided views: for layers of few channels a group (depthwise).

Along its first axis a layer is a banded Toeplitz matrix, that can be cut into equal tiles: R output
rows read (R - 1)*stride + span input rows. With the kernel's other taps laid side by side,
those rows are one contiguous run, and tiles overlap as views: only the taps of one row are copied.
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convmatrix.dense.direct import grouped, rounding
from convmatrix.dense.problem import Algorithm, Problem, blocks_of, copy_window, windows
from convmatrix.dense.rates import CALL, FLOP, MOVE
from convmatrix.relation import source
from convmatrix.typing import Array

__all__ = ["Toeplitz"]


BLOCK = 1 << 19
"""Elements of gathered rows held at a time."""
ROWS = 4
"""Output rows a tile: more rows are fewer calls and more zeros; 4 was best or nearly so."""


class Toeplitz(Algorithm):
    """`tiles` of `rows` output rows each, that read `reach` input rows, for blocks of channel
    groups.

    It applies in 2-D and 3-D. It copies an input element once for each tap of the other axes, where
    windows copy it for each tap of all; it multiplies reach/kernel times as often as the layer (by
    the zeros of its tiles), all in one batched GEMM with matrices `(out/groups * rows, reach *
    other taps)`. So it pays where channels are too few to fill a GEMM of windows.
    """

    name = "toeplitz"
    spreads = "a NaN or an infinity reaches the rows of its tiles"

    def __init__(self, problem: Problem, weight: Array) -> None:
        super().__init__(problem)
        stencil, (first, *rest) = problem.stencil, problem.axes
        rows = problem.outputs[0]
        self.rows = rows if rows <= 4 * ROWS else ROWS
        self.tiles = -(-rows // self.rows)
        self.reach = (self.rows - 1) * first.stride + first.span
        self._height = (self.tiles * self.rows - 1) * first.stride + first.span
        self._inner = prod(problem.outputs[1:])
        self._beside = prod(axis.kernel for axis in rest) * stencil.group_channels
        self._matrix = self.tile_matrix(grouped(problem, weight))
        a_group = self._height * self._beside * self._inner
        groups = max(1, BLOCK // max(1, a_group))
        if problem.threads > 1:
            groups = min(groups, -(-stencil.groups * problem.batch // problem.threads))
        self.blocks = blocks_of((problem.batch, 0), (stencil.groups, groups))
        held = groups * (a_group + self._padded_size() + 2 * prod(problem.outputs))
        self.workspace = held * problem.dtype.itemsize * self.workers + self._matrix.nbytes
        self.error_bound = rounding(problem.dtype, self._matrix.shape[-1])
        a_tile = self._beside * (0.3 * MOVE * self.reach / self.rows + 2.8 * FLOP * self.reach)
        outputs = problem.batch * prod(stencil.out_shape)
        self.seconds = problem.seconds(outputs * a_tile + len(self.blocks) * 12 * CALL)

    @staticmethod
    def refuse(problem: Problem) -> str | None:
        """Two axes or more; the tile's zeros make it slow, not wrong, where channels are many."""
        if problem.ndim < 2:
            return "it needs 2 or 3 axes"
        return None

    def _padded_size(self) -> int:
        """Elements of the padded input of a group."""
        others = (axis.size + axis.before + axis.after for axis in self.problem.axes[1:])
        return int(self.problem.stencil.group_channels * self._height * prod(others))

    def tile_matrix(self, kernels: Array) -> Array:
        """`(groups, 1, out/groups * rows, reach * beside)`: row r of a tile has the kernel's rows
        at r*stride, r*stride + dilation, ..."""
        groups, each, _ = kernels.shape
        first = self.problem.axes[0]
        inputs = self.problem.stencil.group_channels
        split = kernels.reshape(groups, each, inputs, first.kernel, -1)
        rows = split.transpose(0, 1, 3, 2, 4).reshape(groups, each, first.kernel, -1)
        matrix = np.zeros((groups, each, self.rows, self.reach, self._beside), kernels.dtype)
        for r, t in product(range(self.rows), range(first.kernel)):
            place = source(r, t, stride=first.stride, dilation=first.dilation, before=0)
            matrix[:, :, r, place] = rows[:, :, t]
        return matrix.reshape(groups, 1, each * self.rows, self.reach * self._beside)

    def _block(self, block: Any, x: Array, out: Array) -> None:
        b, low, high = block
        stencil, axes = self.problem.stencil, self.problem.axes
        inputs, count = stencil.group_channels, high - low
        lengths = (self._height, *(a.size + a.before + a.after for a in axes[1:]))
        padded = self.buffer("padded", (count * inputs, *lengths))
        copy_window(x[b, low * inputs : high * inputs], axes, [a.first for a in axes], padded)
        split = padded.reshape(count, inputs, *lengths).swapaxes(1, 2)
        beside = windows(split, axes[1:], self.problem.outputs[1:])
        laid = self.buffer("laid", beside.shape)
        np.copyto(laid, beside)
        flat = laid.reshape(count, self._height, self._beside * self._inner)
        group, row, step = flat.strides[0], flat.strides[1], axes[0].stride * self.rows
        tiles = as_strided(
            flat,
            (count, self.tiles, self.reach * self._beside, self._inner),
            (group, step * row, self._inner * flat.itemsize, flat.itemsize),
            writeable=False,
        )
        each = stencil.out_channels // stencil.groups
        target = out[b, low * each : high * each]
        exact = self.tiles * self.rows == self.problem.outputs[0]
        if exact and each == 1:
            shape = (count, self.tiles, self.rows, self._inner)
            np.matmul(self._matrix[low:high], tiles, out=target.reshape(shape))
            return
        made = self.buffer("made", (count, self.tiles, each, self.rows, self._inner))
        np.matmul(
            self._matrix[low:high], tiles, out=made.reshape(count, self.tiles, -1, self._inner)
        )
        moved = made.swapaxes(1, 2).reshape(count * each, self.tiles * self.rows, self._inner)
        target[:] = moved[:, : self.problem.outputs[0]].reshape(target.shape)
