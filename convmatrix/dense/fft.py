"""Large kernels in the frequency domain: overlap-save on `scipy.fft`.

A block of F inputs an axis, transformed, multiplied by the transformed kernel and transformed
back, has F - span + 1 outputs that did not wrap around; blocks overlap by span - 1. The kernel is
transformed once and kept.

Source: A. Oppenheim and R. Schafer, *Discrete-Time Signal Processing*, section 8.7.3.
"""

from __future__ import annotations

from itertools import product
from math import log2, prod, sqrt
from typing import Any

import numpy as np

from convmatrix.dense.direct import grouped
from convmatrix.dense.problem import Algorithm, Problem, blocks_of, copy_window, quietly
from convmatrix.dense.rates import CALL, MOVE
from convmatrix.stencil import Stencil
from convmatrix.typing import Array

__all__ = ["FFT", "block_lengths", "laid_out"]


MOST = 1 << 20
"""Elements of a transformed block at most, all channels together."""
CACHED = 1 << 18
"""Elements of a block from which on its transform waits for memory."""


class FFT(Algorithm):
    """Overlap-save along every axis.

    It applies at stride 1 where the arithmetic rounds. A block of F elements costs a transform, of
    the order of F log F, for each channel that goes in or out, and F products for each pair of
    channels, whatever the kernel's size: it pays for large kernels, of high rank, and few channels.
    The kernels' spectrum is kept: `(groups, out/groups, in/groups, *frequencies)`.
    """

    name = "fft"
    spreads = "a NaN or an infinity reaches every output of its block"

    def __init__(self, problem: Problem, weight: Array) -> None:
        super().__init__(problem)
        axes = problem.axes
        self._complex = problem.dtype.kind == "c"
        self.lengths = block_lengths(problem)
        self.steps = tuple(f - axis.span + 1 for f, axis in zip(self.lengths, axes, strict=True))
        self._spectrum = self._transformed(grouped(problem, weight))
        runs = zip(problem.outputs, self.steps, strict=True)
        self.blocks = blocks_of((problem.batch, 0), *runs)
        self._workers = max(1, problem.threads // max(1, len(self.blocks)))
        self.workspace = self._spectrum.nbytes + self._held()
        self.error_bound = self._error(weight)
        self.seconds = _seconds(problem, self.lengths)

    @staticmethod
    def refuse(problem: Problem) -> str | None:
        """Stride 1, and arithmetic that rounds."""
        if not problem.floating:
            return "it rounds, and integers are exact"
        if any(axis.stride != 1 for axis in problem.axes):
            return "it needs stride 1"
        return None

    def _transformed(self, kernels: Array) -> Array:
        """The kernels' conjugate spectrum `(groups, out/groups, in/groups, *frequencies)`."""
        from scipy.fft import fftn, rfftn

        laid = laid_out(self.problem.stencil, kernels, self.lengths)
        axes = tuple(range(3, laid.ndim))
        made = fftn(laid.conj(), axes=axes) if self._complex else rfftn(laid, axes=axes)
        spectrum: Array = np.conj(made)
        return spectrum

    def _held(self) -> int:
        """Bytes of the buffers of all threads: padded block, its spectrum, the results'."""
        stencil, real = self.problem.stencil, prod(self.lengths) * self.problem.dtype.itemsize
        return self.workers * 2 * real * (stencil.in_channels + stencil.out_channels)

    def _error(self, weight: Array) -> float:
        """A transform of N numbers is off by eps*log2(N) of their 2-norm (Higham, section 24.1);
        the kernel amplifies by its 1-norm at most. What the largest output is at least, follows
        from the largest weight and from the mean."""
        total = prod(self.lengths)
        sizes = np.abs(weight).reshape(self.problem.stencil.out_channels, -1)
        largest = sizes.max(axis=1, initial=0)
        share = quietly(lambda: np.nan_to_num(sizes.sum(axis=1) / largest).max(initial=1))
        unit = float(np.finfo(self.problem.dtype).eps) / 2
        channels = self.problem.stencil.group_channels
        return 3 * (log2(total) + 2 + channels) * unit * sqrt(total * float(share))

    def _block(self, block: Any, x: Array, out: Array) -> None:
        from scipy.fft import fftn, ifftn, irfftn, rfftn

        b, start, stop = block[0], block[1::2], block[2::2]
        stencil, ndim = self.problem.stencil, self.problem.ndim
        starts = [axis.first + low for axis, low in zip(self.problem.axes, start, strict=True)]
        padded = self.buffer("padded", (stencil.in_channels, *self.lengths))
        copy_window(x[b], self.problem.axes, starts, padded)
        axes = tuple(range(-ndim, 0))
        forward = fftn if self._complex else rfftn
        into = forward(padded, axes=axes, workers=self._workers)
        split = into.reshape(stencil.groups, 1, stencil.group_channels, *into.shape[1:])
        if stencil.group_channels == 1:
            products = (self._spectrum * split)[:, :, 0]
        else:
            frequencies = list(range(3, 3 + ndim))
            products = np.einsum(
                self._spectrum, [0, 1, 2, *frequencies], split[:, 0], [0, 2, *frequencies],
                [0, 1, *frequencies],
            )  # fmt: skip
        products = products.reshape(stencil.out_channels, *products.shape[2:])
        if self._complex:
            result = ifftn(products, axes=axes, overwrite_x=True, workers=self._workers)
        else:
            result = irfftn(products, self.lengths, axes=axes, workers=self._workers)
        places = tuple(map(slice, start, stop))
        kept = tuple(slice(0, place.stop - place.start) for place in places)
        out[(b, slice(None), *places)] = result[(slice(None), *kept)]


def laid_out(stencil: Stencil, kernels: Array, lengths: tuple[int, ...]) -> Array:
    """Kernels `(groups, out/groups, window)` at the start of blocks of some lengths, dilated:
    `(groups, out/groups, in/groups, *lengths)`."""
    laid = np.zeros((*kernels.shape[:2], stencil.group_channels, *lengths), kernels.dtype)
    taps: Any = (..., *(slice(0, a.span, a.dilation) for a in stencil.windows))
    laid[taps] = kernels.reshape(*laid.shape[:3], *stencil.kernel)
    return laid


def block_lengths(problem: Problem) -> tuple[int, ...]:
    """The lengths of least time, of those that `scipy.fft` is fast at."""
    from scipy.fft import next_fast_len

    real = problem.dtype.kind != "c"
    every = []
    for axis in problem.axes:
        whole, length = axis.outputs + axis.span - 1, 2 * axis.span
        lengths = {next_fast_len(whole, real)}
        while length < whole:
            lengths.add(next_fast_len(length, real))
            length = 4 * length // 3 + 1
        every.append(sorted(lengths))
    channels = max(problem.stencil.in_channels, problem.stencil.out_channels)
    fit = [lengths for lengths in product(*every) if channels * prod(lengths) <= MOST]
    smallest = tuple(lengths[0] for lengths in every)
    return min(fit or [smallest], key=lambda lengths: _seconds(problem, lengths))


def _seconds(problem: Problem, lengths: tuple[int, ...]) -> float:
    """What the transforms and products of all blocks take."""
    stencil, blocks = problem.stencil, problem.batch
    for f, axis in zip(lengths, problem.axes, strict=True):
        blocks *= -(-axis.outputs // (f - axis.span + 1))
    ends = stencil.in_channels + stencil.out_channels
    products = stencil.out_channels * stencil.group_channels
    size = prod(lengths)
    a_pass = 0.22 if size <= CACHED else 0.4
    a_block = size * (a_pass * log2(size + 1) * ends + products) * MOVE + 20 * CALL
    if problem.dtype.itemsize > 4:
        a_block *= 2
    return a_block * max(1, -(-blocks // problem.threads))
