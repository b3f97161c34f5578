"""A kernel of low rank as passes along one axis at a time, each by small dense Toeplitz tiles.

A kernel of rank r is r columns times r rows, found when the engine is made: rank here means up to
rounding in the array's own dtype, or up to the tolerance that was asked for. A pass multiplies a
small banded matrix with strided views of the image; nothing is gathered.

Source: C. Eckart and G. Young, *The approximation of one matrix by another of lower rank*, 1936: to
leave out the smallest singular values is the nearest that a matrix of that rank comes.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convmatrix.dense.direct import grouped, rounding
from convmatrix.dense.problem import Algorithm, Problem, blocks_of, copy_window
from convmatrix.dense.rates import FLOP, MOVE
from convmatrix.errors import WeightError
from convmatrix.typing import Array

__all__ = ["LowRank", "passes"]


STRIP = 1 << 19
"""Outputs worked on at a time."""
TILE = 16
"""Outputs of a tile at least, and what theirs are a multiple of: what BLAS works by."""


def passes(problem: Problem, weight: Array) -> list[tuple[Array, Array]]:
    """For each output channel its column and row factors, `(rank, rows)` and `(rank, columns)`."""
    kernels = grouped(problem, weight).reshape(-1, *problem.stencil.kernel)
    wide = np.complex128 if kernels.dtype.kind == "c" else np.float64
    unit = float(np.finfo(problem.dtype).eps)
    found = []
    for kernel in kernels.astype(wide):
        u, sizes, v = np.linalg.svd(kernel, full_matrices=False)
        left_out = max(unit * max(kernel.shape), problem.tolerance) * sizes[0]
        rank = int((sizes > left_out).sum())
        scale = np.sqrt(sizes[:rank])
        found.append(((u[:, :rank] * scale).T, scale[:, None] * v[:rank]))
    return found


class LowRank(Algorithm):
    """Column pass, row pass, added up over the rank.

    It applies to images at stride 1 with one input channel a group, where the arithmetic rounds. An
    output takes rank * (rows + columns) multiplications instead of rows * columns, and more by the
    zeros of its tiles, `(tile, tile + span - 1)` an axis. An image is read and written at each
    pass: it pays for large kernels of small rank.
    """

    name = "lowrank"
    spreads = "a NaN or an infinity reaches the rows and columns of its tiles"

    def __init__(self, problem: Problem, weight: Array) -> None:
        super().__init__(problem)
        down, along = problem.axes
        if not np.isfinite(weight).all():
            raise WeightError(
                "a kernel with NaN or infinite values has no rank; use method='direct'"
            )
        factors = passes(problem, weight)
        self.rank = max(len(columns) for columns, _ in factors)
        height, width = problem.outputs
        self._tile = min(height, _rounded(down.span)), min(width, _rounded(along.span))
        self._tiles = [
            (
                _tiles(columns, down.dilation, self._tile[0], problem.dtype),
                # contiguous: matmul takes three times as long with a transposed right side
                np.ascontiguousarray(
                    _tiles(rows, along.dilation, self._tile[1], problem.dtype).swapaxes(1, 2)
                ),
            )
            for columns, rows in factors
        ]
        strip = max(1, STRIP // width // self._tile[0]) * self._tile[0]
        if problem.threads > 1 and height <= strip:
            strip = max(self._tile[0], -(-height // problem.threads))
        channels = problem.stencil.out_channels
        self.blocks = blocks_of((problem.batch, 0), (channels, 0), (height, strip))
        padded = (strip + self._tile[0] + down.span) * (width + 2 * self._tile[1] + along.span)
        held = sum(a.nbytes + b.nbytes for a, b in self._tiles)
        self.workspace = 3 * padded * problem.dtype.itemsize * self.workers + held
        self.error_bound = self._error(factors, weight)
        reads = down.span + along.span + sum(self._tile) - 2
        self.seconds = predicted(problem, self.rank, reads)

    @staticmethod
    def refuse(problem: Problem) -> str | None:
        """Two axes, stride 1, one input channel a group."""
        if not problem.floating:
            return "it rounds, and integers are exact"
        if problem.ndim != 2 or any(axis.stride != 1 for axis in problem.axes):
            return "it needs 2 axes and stride 1"
        if problem.stencil.group_channels != 1:
            return "it needs one input channel a group"
        return None

    def _error(self, factors: list[tuple[Array, Array]], weight: Array) -> float:
        """The factors' own sums may be larger than the kernel's, where they cancel; what was left
        out of a kernel is off by as much."""
        growth, missing = 1.0, 0.0
        placed = grouped(self.problem, weight).reshape(-1, *self.problem.stencil.kernel)
        for (columns, rows), kernel in zip(factors, placed, strict=True):
            largest = float(np.abs(kernel).max())
            total = float(np.einsum("ra,rb->", np.abs(columns), np.abs(rows)))
            if len(columns) > 1 and largest > 0:
                growth = max(growth, total / largest)
            if self.problem.tolerance and largest > 0:
                missing = max(missing, float(np.abs(columns.T @ rows - kernel).sum()) / largest)
        terms = sum(axis.kernel for axis in self.problem.axes) + sum(self._tile) + self.rank + 8
        return missing + growth * (
            rounding(self.problem.dtype, terms) + float(np.finfo(self.problem.dtype).eps)
        )

    def _block(self, block: Any, x: Array, out: Array) -> None:
        b, o, low, high = block
        down, along = self.problem.axes
        columns, rows = self._tiles[o]
        target = out[b, o, low:high]
        if not len(columns):
            target[:] = 0
            return
        tall, wide = self._tile
        bands = -(-(high - low) // tall)
        width = -(-target.shape[1] // wide) * wide + along.span - 1
        padded = self.buffer("padded", (1, bands * tall + down.span - 1, width))
        channel = o * self.problem.stencil.in_channels // self.problem.stencil.out_channels
        copy_window(
            x[b, channel : channel + 1], (down, along), (low + down.first, along.first), padded
        )
        _, row, step = padded.strides
        views = as_strided(
            padded, (bands, columns.shape[2], width), (tall * row, row, step), writeable=False
        )
        passed = self.buffer("passed", (bands, tall, width))
        flat = passed.reshape(bands * tall, width)[: high - low]
        for r, (column, across) in enumerate(zip(columns, rows, strict=True)):
            np.matmul(column, views, out=passed)
            self._along(flat, across, target, add=r > 0)

    def _along(self, image: Array, across: Array, target: Array, *, add: bool) -> None:
        """The pass along the rows: tiles of the target, all in one call, and what is left over."""
        wide, (height, width) = across.shape[1], target.shape
        full, step = width // wide, image.itemsize
        rest = full * wide
        sources = as_strided(
            image, (full, height, len(across)), (wide * step, image.strides[0], step),
            writeable=False,
        )  # fmt: skip
        tiles = as_strided(target, (full, height, wide), (wide * step, target.strides[0], step))
        parts = [(sources, across, tiles)] if full else []
        if rest < width:
            narrow = across[: len(across) - (wide - (width - rest)), : width - rest]
            parts.append((image[:, rest : rest + len(narrow)], narrow, target[:, rest:]))
        for source, matrix, part in parts:
            if add:
                made = self.buffer("made", part.shape)
                np.matmul(source, matrix, out=made)
                part += made
            else:
                np.matmul(source, matrix, out=part)


def predicted(problem: Problem, rank: int, reads: int) -> float:
    """Two passes for each rank, and some copies; `reads` is what tiles of both axes read."""
    outputs = problem.batch * prod(problem.stencil.out_shape)
    a_pass = 0.45 * MOVE + 0.85 * reads * FLOP
    work = outputs * (0.3 * MOVE + rank * a_pass + max(0, rank - 1) * 1.6 * MOVE)
    return problem.seconds(work)


def _rounded(span: int) -> int:
    """How many outputs a tile has: as many as a kernel spans, in whole `TILE`s."""
    return max(1, -(-span // TILE)) * TILE


def _tiles(taps: Array, dilation: int, size: int, dtype: np.dtype[Any]) -> Array:
    """For each row of taps the Toeplitz matrix `(size, size + span - 1)` of their correlation."""
    span = dilation * (taps.shape[1] - 1) + 1
    matrix = np.zeros((len(taps), size, size + span - 1), dtype)
    for row in range(size):
        matrix[:, row, row : row + span : dilation] = taps
    return matrix
