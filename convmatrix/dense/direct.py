"""A weighted stencil as windows times a matrix: gather (im2col) and GEMM, block by block.

Source of the lowering: K. Chellapilla et al., *High performance convolutional neural networks for
document processing*, 2006. A block is a run of output rows; only its part of the input is padded,
so the workspace does not grow with the image. It is the reference for all other algorithms: every
output is one sum of the products that its window has, and nothing else.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from convmatrix.dense.problem import Algorithm, Problem, copy_window, shares, split, windows
from convmatrix.dense.rates import CALL, FLOP, MOVE
from convmatrix.dense.threads import run
from convmatrix.typing import Array

__all__ = ["Direct", "grouped"]


BLOCK = 1 << 19
"""Elements of gathered windows held at a time: about an L2 cache and a bit."""


def grouped(problem: Problem, weight: Array) -> Array:
    """The weight as `(groups, out_channels/groups, window)`, taps in the order of the places."""
    stencil = problem.stencil
    flipped = tuple(2 + j for j, axis in enumerate(problem.axes) if axis.flip)
    placed = np.flip(weight, flipped) if flipped else weight
    shaped = placed.reshape(stencil.groups, stencil.out_channels // stencil.groups, -1)
    return np.ascontiguousarray(shaped)


class Direct(Algorithm):
    """Gather and GEMM, for every problem; a kernel of one tap at stride 1 is a plain GEMM.

    It multiplies as often as the layer has taps that are read (padding counted), and copies a
    window for each output place: kernel/stride times the input. BLAS runs it at full speed where
    window and output channels are many, and has nothing to do where both are few.
    """

    name = "direct"

    def __init__(self, problem: Problem, weight: Array) -> None:
        super().__init__(problem)
        self._kernels = grouped(problem, weight)
        stencil = problem.stencil
        self._inner = prod(problem.outputs[1:])
        window = stencil.in_channels * prod(stencil.kernel)
        threads = problem.threads
        if stencil.out_channels // stencil.groups >= prod(problem.outputs):
            threads = 1  # fewer windows than weights: it is the weights that threads share out
        rows, self.blocks = split(
            problem.batch, problem.outputs[0], window * self._inner, BLOCK, threads
        )
        self._plain = all(
            axis.kernel == 1 == axis.stride and axis.before == 0 == axis.after
            for axis in problem.axes
        )
        padded = stencil.in_channels * prod(self._lengths(0, rows))
        held = 0 if self._plain else padded + window * rows * self._inner
        self.workspace = held * problem.dtype.itemsize * min(threads, max(1, len(self.blocks)))
        if len(self.blocks) == 1 and stencil.groups == 1:
            self.workspace += (
                (problem.threads - 1) * prod(stencil.out_shape) * problem.dtype.itemsize
            )
        terms = stencil.group_channels * prod(stencil.kernel)
        self.error_bound = rounding(problem.dtype, terms)
        copied = 0 if self._plain else problem.batch * window * prod(problem.outputs)
        work = 2 * problem.macs * FLOP + copied * MOVE / 2 + len(self.blocks) * 5 * CALL
        self.seconds = problem.seconds(work)

    @staticmethod
    def refuse(problem: Problem) -> str | None:  # noqa: ARG004 - it always applies
        return None

    def __call__(self, x: Array, out: Array) -> None:
        """Block by block; or, where there is one block, each thread a share of the inputs.

        BLAS could share out the outputs, but its threads often wake up on one core, and windows
        would be gathered by one.
        """
        channels = shares(self.problem.stencil.in_channels, self.problem.threads)
        if len(channels) < 2 or len(self._kernels) > 1 or len(self.blocks) != 1:
            super().__call__(x, out)
            return
        target = self._target(self.blocks[0], out)[0]
        sums = [target, *self.buffer("sums", (len(channels) - 1, *target.shape))]
        taps = prod(self.problem.stencil.kernel)

        def job(number: int) -> None:
            low, high = channels[number]
            columns = self._columns(self.blocks[0], x[:, low:high])
            kernels = self._kernels[0, :, low * taps : high * taps]
            np.matmul(kernels, columns[0], out=sums[number])

        run(len(channels), (job, range(len(channels))))
        for other in sums[1:]:
            target += other

    def _lengths(self, low: int, high: int) -> tuple[int, ...]:
        """How much padded input the rows from `low` to `high` read, an axis."""
        spans = [(low, high), *((0, n) for n in self.problem.outputs[1:])]
        return tuple(
            axis.stride * (stop - start - 1) + axis.span
            for axis, (start, stop) in zip(self.problem.axes, spans, strict=True)
        )

    def _block(self, block: Any, x: Array, out: Array) -> None:
        columns, target = self._columns(block, x), self._target(block, out)
        if len(self._kernels) == 1:
            np.matmul(self._kernels[0], columns[0], out=target[0])
        else:
            np.matmul(self._kernels, columns, out=target)

    def _target(self, block: Any, out: Array) -> Array:
        """A view `(groups, out/groups, positions)` of a block's outputs."""
        b, low, high = block
        groups, each, _ = self._kernels.shape
        flat: Array = out[b].reshape(groups, each, -1)
        return flat[:, :, low * self._inner : high * self._inner]

    def _columns(self, block: Any, x: Array) -> Array:
        """The windows of a block as `(groups, window, positions)`."""
        b, low, high = block
        groups = len(self._kernels)
        if self._plain:
            flat: Array = x[b].reshape(groups, x.shape[1] // groups, -1)
            return flat[:, :, low * self._inner : high * self._inner]
        gathered = self._gather(x[b], low, high)
        held = self.buffer("columns", gathered.shape)
        np.copyto(held, gathered)
        return held.reshape(groups, -1, prod(gathered.shape[1 + self.problem.ndim :]))

    def _gather(self, x: Array, low: int, high: int) -> Array:
        """A view `(channels, *kernel, *outputs)` of the windows of some rows."""
        axes = self.problem.axes
        padded = self.buffer("padded", (len(x), *self._lengths(low, high)))
        first = [axis.first for axis in axes]
        first[0] += axes[0].stride * low
        copy_window(x, axes, first, padded)
        return windows(padded, axes, (high - low, *self.problem.outputs[1:]))


def rounding(dtype: np.dtype[Any], terms: int) -> float:
    """How far a sum of so many products may be off, relative to the sum of their sizes.

    Source: N. Higham, *Accuracy and Stability of Numerical Algorithms*, section 3.1; complex
    products take two more roundings.
    """
    if dtype.kind not in "fc":
        return 0.0
    unit = float(np.finfo(dtype).eps) / 2
    steps = terms + (2 if dtype.kind == "c" else 0)
    return steps * unit / (1 - steps * unit)
