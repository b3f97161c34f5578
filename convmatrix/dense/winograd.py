"""Small tiles by Winograd's minimal filtering: fewer multiplications, in a transformed domain.

A tile of m outputs an axis costs (m + r - 1) multiplications an axis instead of m*r. Along all
axes at once the transforms are Kronecker products, so everything is a GEMM. A dilated layer is
one dense layer on each phase of the input.

Source: A. Lavin and S. Gray, *Fast Algorithms for Convolutional Neural Networks*,
arXiv:1509.09308.
"""

from __future__ import annotations

from functools import reduce
from math import ceil, prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convmatrix.dense.direct import grouped, rounding
from convmatrix.dense.problem import Algorithm, Problem, copy_window, quietly, shares, split
from convmatrix.dense.rates import CALL, FLOP, MOVE
from convmatrix.dense.threads import run
from convmatrix.dense.winograd_transforms import TILES, transforms
from convmatrix.typing import Array

__all__ = ["Winograd"]


BLOCK = 1 << 18
"""Elements of transformed input held at a time."""
STAGED = 1 << 21
"""Up to so many elements of transformed input, threads share stages instead of taking blocks: the
transformed weights are read once, not once a thread."""


class Winograd(Algorithm):
    """F(m, r) along every axis: `m` outputs a tile, from `n` inputs; an axis has `tiles` of them in
    each of its `d` phases (as many as its dilation).

    It applies at stride 1, to kernels of one size on all axes, where the arithmetic rounds. An
    output takes (n/m)^axes products of channels instead of r^axes: for m = 4, r = 3 in 2-D 2.25
    instead of 9. The transforms cost a GEMM of `(n^axes, n^axes)` for each input channel and one of
    `(m^axes, n^axes)` for each output channel, so channels must be many; the weights grow by
    (n/r)^axes. Rounding grows with n: `error_bound` follows from the transforms' row sums.
    """

    name = "winograd"
    spreads = "a NaN or an infinity reaches every output of its tiles"

    def __init__(self, problem: Problem, weight: Array, m: int = 0) -> None:
        super().__init__(problem)
        stencil, axes = problem.stencil, problem.axes
        self._r, self.d = axes[0].kernel, tuple(axis.dilation for axis in axes)
        self.m = m or tile(problem)
        self.n = self.m + self._r - 1
        phases = [ceil(n / d) for n, d in zip(problem.outputs, self.d, strict=True)]
        self.tiles = tuple(ceil(n / self.m) for n in phases)
        matrices = transforms(self.m, self._r)
        at, g, bt = (np.array([[float(x) for x in row] for row in m]) for m in matrices)
        self._into, self._back = (
            reduce(np.kron, [matrix] * problem.ndim).astype(problem.dtype) for matrix in (bt, at)
        )
        self._weight = self._transformed(weight, g)
        points = self.n**problem.ndim
        width = max(stencil.in_channels, stencil.out_channels)
        a_row = points * width * prod(self.tiles[1:]) * prod(self.d)
        rows, self.blocks = split(problem.batch, self.tiles[0], a_row, BLOCK, problem.threads)
        self._staged = self.tiles[0] * a_row <= STAGED
        if self._staged and problem.threads > 1 and problem.batch == 1:
            rows, self.blocks = self.tiles[0], ["in stages"]
        held = 4 * rows * a_row * problem.dtype.itemsize
        self.workspace = self._weight.nbytes + held * self.workers
        self.error_bound = self._error(at, g, bt)
        cells = problem.batch * prod(self.tiles) * prod(self.d)
        ends = stencil.in_channels + stencil.out_channels
        products = stencil.out_channels * stencil.group_channels
        flops = 2 * cells * points * (products + stencil.in_channels * points)
        flops += 2 * cells * points * stencil.out_channels * self.m**problem.ndim
        moves = cells * points * ends * MOVE
        self.seconds = problem.seconds(flops * FLOP + moves + len(self.blocks) * 10 * CALL)

    @staticmethod
    def refuse(problem: Problem) -> str | None:
        """Stride 1, one kernel size on all axes, and a transform for it."""
        kernels = {axis.kernel for axis in problem.axes}
        if not problem.floating:
            return "it rounds, and integers are exact"
        if any(axis.stride != 1 for axis in problem.axes):
            return "it needs stride 1"
        if len(kernels) > 1 or (2, *kernels) not in TILES:
            return "it needs a kernel of 2 to 5 or 7 taps, the same on all axes"
        if problem.ndim == 3 and max(kernels) > 3:
            return "in 3-D it needs a kernel of 2 or 3 taps"
        return None

    def _transformed(self, weight: Array, g: Array) -> Array:
        """The weight as `(points, groups, out/groups, in/groups)`."""
        stencil, ndim = self.problem.stencil, self.problem.ndim
        kernels = grouped(self.problem, weight)
        groups, each, _ = kernels.shape
        wide = np.complex128 if kernels.dtype.kind == "c" else np.float64
        flat = kernels.reshape(groups, each, stencil.group_channels, -1).astype(wide)
        full = np.tensordot(reduce(np.kron, [g] * ndim), flat, axes=(1, 3))
        return np.ascontiguousarray(full).astype(self.problem.dtype)

    def _error(self, at: Array, g: Array, bt: Array) -> float:
        """Every matrix amplifies by its largest row sum of sizes, an axis; the sums that follow
        round as often as they have terms."""
        growth = float(np.prod([np.abs(m).sum(axis=1).max() for m in (at, g, bt)]))
        terms = self.problem.stencil.group_channels + 3 * self.n**self.problem.ndim + 8
        return float(growth**self.problem.ndim) * rounding(self.problem.dtype, terms)

    def __call__(self, x: Array, out: Array) -> None:
        """Block by block; or, where one example is one block, every stage shared by all threads."""
        threads = self.problem.threads
        if threads < 2 or self.problem.batch > 1 or not self._staged:
            super().__call__(x, out)
            return
        whole = _Stages(self, 0, self.tiles)
        stencil = self.problem.stencil

        run(
            threads,
            (lambda part: quietly(whole.transform, x[0], *part),
             shares(stencil.in_channels, threads)),
            (lambda part: quietly(whole.multiply, *part), shares(len(self._weight), threads)),
            (lambda part: quietly(whole.restore, out[0], *part),
             shares(stencil.out_channels, threads)),
        )  # fmt: skip

    def _block(self, block: Any, x: Array, out: Array) -> None:
        b, low, high = block
        stages, stencil = _Stages(self, low, (high - low, *self.tiles[1:])), self.problem.stencil
        stages.transform(x[b], 0, stencil.in_channels)
        stages.multiply(0, len(self._weight))
        stages.restore(out[b], 0, stencil.out_channels)

    def _gather(self, x: Array, low: int, tiles: tuple[int, ...]) -> Array:
        """A view `(*points, channels, *phases, *tiles)` into the padded input of some tiles."""
        axes, m, n = self.problem.axes, self.m, self.n
        spans = [(t * m + n - m) * d for t, d in zip(tiles, self.d, strict=True)]
        padded = self.buffer("padded", (len(x), *spans))
        first = [axis.first for axis in axes]
        first[0] += low * m * self.d[0]
        copy_window(x, axes, first, padded)
        step, *steps = padded.strides
        phases = tuple(d * s for d, s in zip(self.d, steps, strict=True))
        return as_strided(
            padded,
            (*(n,) * len(axes), len(padded), *self.d, *tiles),
            (*phases, step, *steps, *(m * p for p in phases)),
            writeable=False,
        )

    def _scatter(self, result: Array, out: Array, low: int, tiles: tuple[int, ...]) -> None:
        """Put tiles `(*m, channels, *phases, *tiles)` where their outputs are, and crop."""
        m, ndim, channels = self.m, self.problem.ndim, len(out)
        shaped = result.reshape(*(m,) * ndim, channels, *self.d, *tiles)
        order = [ndim]
        for j in range(ndim):
            order += [2 * ndim + 1 + j, j, ndim + 1 + j]
        moved = shaped.transpose(order)
        start = low * m * self.d[0]
        full = [t * m * d for t, d in zip(tiles, self.d, strict=True)]
        target = out[:, start : start + full[0]]
        if target.shape[1:] == tuple(full):
            pieces = [target.shape[0]]
            strides = [target.strides[0]]
            for t, d, step in zip(tiles, self.d, target.strides[1:], strict=True):
                pieces += [t, m, d]
                strides += [m * d * step, d * step, step]
            np.copyto(as_strided(target, pieces, strides), moved)
            return
        whole = self.buffer("whole", moved.shape)
        np.copyto(whole, moved)
        cut = whole.reshape(channels, *full)
        target[:] = cut[(slice(None), *map(slice, target.shape[1:]))]


class _Stages:
    """The three stages of some tiles, each for a share of what it runs over."""

    def __init__(self, owner: Winograd, low: int, tiles: tuple[int, ...]) -> None:
        self._owner, self._low, self._tiles = owner, low, tiles
        stencil, ndim = owner.problem.stencil, owner.problem.ndim
        points, self._cells = owner.n**ndim, prod(owner.d) * prod(tiles)
        groups, each = owner._weight.shape[1:3]
        self._inputs = owner.buffer("inputs", (points, stencil.in_channels * self._cells))
        self._products = owner.buffer("products", (points, groups, each, self._cells))

    def transform(self, x: Array, low: int, high: int) -> None:
        """Input channels `low` to `high` into the transformed domain."""
        owner = self._owner
        windows = owner._gather(x[low:high], self._low, self._tiles)
        gathered = owner.buffer("one", windows.shape)
        np.copyto(gathered, windows)
        place = slice(low * self._cells, high * self._cells)
        np.matmul(owner._into, gathered.reshape(len(self._inputs), -1), out=self._inputs[:, place])

    def multiply(self, low: int, high: int) -> None:
        """Points `low` to `high`: a GEMM each."""
        points, groups, _, cells = self._products.shape
        split = self._inputs.reshape(points, groups, -1, cells)
        np.matmul(self._owner._weight[low:high], split[low:high], out=self._products[low:high])

    def restore(self, out: Array, low: int, high: int) -> None:
        """Output channels `low` to `high` back from the transformed domain."""
        owner = self._owner
        place = slice(low * self._cells, high * self._cells)
        products = self._products.reshape(len(self._products), -1)[:, place]
        outputs = owner.m**owner.problem.ndim
        result = owner.buffer("one", (outputs, (high - low) * self._cells))
        np.matmul(owner._back, products, out=result)
        owner._scatter(result, out[low:high], self._low, self._tiles)


def tile(problem: Problem) -> int:
    """The m of least work: multiplications of the products and of both transforms."""
    r, ndim = problem.axes[0].kernel, problem.ndim
    stencil = problem.stencil
    largest = {1: 16, 2: 64, 3: 64}[ndim]

    def work(m: int) -> float:
        tiles = 1
        for n, axis in zip(problem.outputs, problem.axes, strict=True):
            tiles *= axis.dilation * ceil(ceil(n / axis.dilation) / m)
        points, outputs = (m + r - 1) ** ndim, m**ndim
        inner = stencil.out_channels * stencil.group_channels * points
        ends = stencil.in_channels * points**2 + stencil.out_channels * points * outputs
        moves = 12 * points * (stencil.in_channels + stencil.out_channels)
        weights = points * stencil.out_channels * stencil.group_channels * 8 / problem.batch
        return float(tiles * (inner + ends + moves) + weights)

    sizes = [m for m, taps in TILES if taps == r and (m + r - 1) ** ndim <= largest]
    return min(sizes, key=work)
