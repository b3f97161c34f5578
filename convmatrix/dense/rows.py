"""A direct sum as sparse matrices of rows, for few channels a group: the matrix is the algorithm.

With the last axis' tap held fixed, what is left of a layer is a stencil along its other axes. Its
matrix has an entry for each pair (output row, input row), so the layer is a sum over last taps of
`matrix @ (rows of the image, shifted by the tap)`. SciPy's product of a CSR matrix with an array
is just that: one vectorised `y += a*x` of whole rows an entry, in one call that lets other threads
run.

Where the output is as wide as the input, its rows lie as the image's do, and what a shift takes
from the row beside is set to zero in a copy of the image. Otherwise rows are held with a few
numbers to spare, padding included, each remainder modulo the last stride an image of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from convmatrix.dense.direct import grouped, rounding
from convmatrix.dense.problem import Algorithm, Problem, blocks_of, copy_window
from convmatrix.dense.rates import CALL, MOVE
from convmatrix.relation import Axis, source
from convmatrix.shapes import ravel
from convmatrix.typing import Array

__all__ = ["Rows"]


HELD = 1 << 20
"""Elements read and written by a block: more than a cache holds, for threads wait for each other at
every call, and few large blocks were faster."""
MOST_ROWS = 1 << 18
"""Rows that go with one place of the first axis: of each, the matrix of a block has entries."""
ENTRY, MULTIPLY = 2 * MOVE, 0.125 * MOVE
"""Seconds an entry of the matrix, and beside that an element of its row."""


@lru_cache(maxsize=1)
def _product() -> Callable[..., None]:
    """What `csr_array @ x` calls, since the public way cannot add to an array that is there:
    `(rows, columns, length, indptr, indices, data, x, y)`, `x` and `y` flat."""
    try:
        from scipy.sparse._sparsetools import csr_matvecs
    except ImportError:  # pragma: no cover - the same with a copy
        from scipy.sparse import csr_array

        def csr_matvecs(
            height: int, width: int, length: int, indptr: Any, indices: Any, data: Any, x: Any,
            y: Any,
        ) -> None:  # fmt: skip
            indices = indices[: indptr[-1]]  # of a rest of groups they are too many
            matrix = csr_array((data, indices, indptr), shape=(height, width))
            y += (matrix @ x[: width * length].reshape(width, length)).reshape(-1)

    multiply: Callable[..., None] = csr_matvecs
    return multiply


class Rows(Algorithm):
    """Sums of scaled and shifted rows, for blocks of channel groups and of the first axis.

    It applies where a group has at most 4 pairs of channels, and is asked for as ``direct``: it
    adds the same products. It multiplies as often as the layer does; each tap is a vectorised
    `y += a*x` along the last axis, so it is fast where that is long. It holds the image and the
    sums of a block, and the matrices: an entry for each row of outputs and each tap.
    """

    name = "direct"

    def __init__(self, problem: Problem, weight: Array) -> None:
        super().__init__(problem)
        stencil, last = problem.stencil, problem.axes[-1]
        groups, inner = stencil.groups, problem.outputs[-1]
        self._each = stencil.out_channels // groups
        self._wraps = last.stride == 1 and last.mode == "zeros" and inner == last.size
        self._reach = (last.span - 1) // last.stride
        self._length = inner if self._wraps else inner + self._reach
        height = problem.outputs[0] if problem.ndim > 1 else 1
        parts = -(-height // max(1, min(height, HELD // max(1, self._held(2) - self._held(1)))))
        if groups * problem.batch < problem.threads:
            parts = max(parts, problem.threads)
        rows = -(-height // max(1, min(parts, height)))
        size = min(groups, max(1, HELD // max(1, self._held(rows))))
        if problem.threads > 1:
            size = min(size, -(-groups * problem.batch // problem.threads))
        self.blocks = blocks_of((problem.batch, 0), (groups, size), (height, rows))
        heights = {rows, height % rows} - {0}
        self._matrices = {high: self._matrix(weight, size, high) for high in heights}
        kept = sum(a.nbytes for m in self._matrices.values() for a in (*m[:2], *m[2]))
        held = size * self._held(rows) * problem.dtype.itemsize
        self.workspace = kept + held * self.workers
        self.error_bound = rounding(problem.dtype, stencil.group_channels * prod(stencil.kernel))
        work = problem.macs / max(1, inner) * (ENTRY + MULTIPLY * self._length)
        copies = 0.9 if self._wraps else last.stride
        work += copies * MOVE * problem.batch * prod(stencil.out_shape)
        calls = len(self.blocks) * (last.kernel + 4)
        self.seconds = (work * problem.dtype.itemsize / 4 + calls * CALL) / problem.threads

    @staticmethod
    def refuse(problem: Problem) -> str | None:
        """Where channels are many, GEMM does the same sums faster."""
        stencil = problem.stencil
        if prod(problem.outputs[1:-1]) > MOST_ROWS:
            return "its matrices of rows would be large"
        if stencil.group_channels * (stencil.out_channels // stencil.groups) > 4:
            return "it is for few channels a group"
        return None

    def _axes(self, rows: int) -> tuple[Axis, ...]:
        """The axes of a block's rows: without padding, for that is copied before."""
        if self.problem.ndim == 1:
            return (Axis(1),)
        counts = (rows, *self.problem.outputs[1:])
        return tuple(
            Axis(max(0, n - 1) * a.stride + a.span, a.kernel, a.stride, a.dilation)
            for n, a in zip(counts, self.problem.axes[:-1], strict=False)
        )

    def _held(self, rows: int) -> int:
        """Elements of the images and sums of a group in a block."""
        axes, last = self._axes(rows), self.problem.axes[-1]
        read = self.problem.stencil.group_channels * last.stride * prod(a.size for a in axes)
        held: int = (read + self._each * prod(a.outputs for a in axes)) * self._length
        return 2 * held if any(a.mode != "zeros" for a in self.problem.axes) else held

    def _matrix(self, weight: Array, size: int, rows: int) -> tuple[Array, Array, list[Array]]:
        """`indptr` and `indices` of the matrix of `size` groups, and for each last tap its entries
        `(groups, entries of a group)`; every row has as many, channel by channel and tap by tap."""
        inputs, axes = self.problem.stencil.group_channels, self._axes(rows)
        read = [a.source(np.arange(a.outputs)[:, None], np.arange(a.kernel)) for a in axes]
        place = ravel(np.ix_(*(r.reshape(-1) for r in read)), [a.size for a in axes])
        place = place.reshape([n for r in read for n in r.shape])  # outputs and taps in turn
        place = place.transpose([*range(0, place.ndim, 2), *range(1, place.ndim, 2)])
        place = place.reshape(prod(a.outputs for a in axes), 1, -1)
        channel = np.arange(size * inputs).reshape(size, 1, 1, inputs, 1)
        indices = place + channel * prod(a.size for a in axes)
        shape = (size, self._each, len(place), inputs, place.shape[-1])
        indices = np.broadcast_to(indices, shape).astype(np.int32).reshape(-1)
        indptr = np.arange(prod(shape[:3]) + 1, dtype=np.int32) * prod(shape[3:])
        kernels = grouped(self.problem, weight)
        kernels = kernels.reshape(len(kernels), self._each, 1, inputs, shape[-1], -1)
        repeated = np.broadcast_to(kernels, (len(kernels), *shape[1:], kernels.shape[-1]))
        entries = np.ascontiguousarray(np.moveaxis(repeated, -1, 0))
        return indptr, indices, list(entries.reshape(len(entries), len(kernels), -1))

    def _block(self, block: Any, x: Array, out: Array) -> None:
        b, low, high, top, bottom = block
        inputs = self.problem.stencil.group_channels
        channels = x[b, low * inputs : high * inputs]
        target = out[b, low * self._each : high * self._each]
        if self.problem.ndim > 1:
            target = target[:, top:bottom]
        indptr, indices, data = self._matrices[bottom - top]
        height = prod(target.shape[:-1])
        direct = self._wraps and target.flags.c_contiguous
        made = target if direct else self.buffer("made", (*target.shape[:-1], self._length))
        made[...] = 0
        images = self._wrapped if self._wraps else self._spaced
        for t, image in images(channels, top, self._axes(bottom - top)):
            values = data[t][low:high].reshape(-1)
            width = image.size // self._length
            _product()(
                height, width, self._length, indptr[: height + 1], indices, values, image,
                made.reshape(-1),
            )  # fmt: skip
        if not direct:
            target[...] = made[..., : target.shape[-1]]

    def _window(self, top: int, others: tuple[Axis, ...]) -> tuple[list[int], list[int]]:
        """Where a block's padded input starts, and its size along all axes but the last."""
        starts = [axis.first for axis in self.problem.axes]
        if len(starts) > 1:
            starts[0] += self.problem.axes[0].stride * top
        return starts, [axis.size for axis in others][: len(starts) - 1]

    def _wrapped(self, x: Array, top: int, others: tuple[Axis, ...]) -> Iterator[tuple[int, Array]]:
        """Each last tap, and the flat image from where it starts to read."""
        last = self.problem.axes[-1]
        starts, lengths = self._window(top, others)
        starts[-1] = 0
        width, size = last.size, len(x) * prod(lengths) * last.size
        shifts = [
            source(0, t, stride=1, dilation=last.dilation, before=last.before)
            for t in range(last.kernel)
        ]
        before, after = max(0, -shifts[0]), max(0, shifts[-1])
        held = self.buffer("image", (before + size + after,))
        held[:before] = held[before + size :] = 0
        image = held[before : before + size].reshape(len(x), *lengths, width)
        copy_window(x, self.problem.axes, starts, image)
        end = image[..., max(0, width - before) :]
        kept = end.copy()
        backwards = [t for t in reversed(range(last.kernel)) if shifts[t] < 0]
        for t in backwards:
            image[..., max(0, width + shifts[t]) :] = 0
            yield t, held[before + shifts[t] :]
        end[...] = kept
        for t in range(len(backwards), last.kernel):
            image[..., : shifts[t]] = 0
            yield t, held[before + shifts[t] :]

    def _spaced(self, x: Array, top: int, others: tuple[Axis, ...]) -> Iterator[tuple[int, Array]]:
        """Each last tap, and the flat image from where it starts to read: rows padded, one image
        for each remainder modulo the last stride, with a shift's numbers to spare at its end."""
        *_, last = axes = list(self.problem.axes)
        starts, lengths = self._window(top, others)
        stride = last.stride
        if stride > 1 and last.mode != "zeros":
            whole = self.buffer("whole", (len(x), *lengths, self._length * stride))
            copy_window(x, axes, starts, whole)
            x, starts = whole, [0] * len(axes)
            axes = [Axis(n) for n in whole.shape[1:]]
        size = len(x) * prod(lengths) * self._length
        images = self.buffer("images", (stride, size + self._reach))
        for remainder in range(stride):
            shift, first = divmod(starts[-1] + remainder, stride)
            part = x[..., first::stride]
            if stride > 1:
                axes[-1] = Axis(part.shape[-1])
            image = images[remainder, :size].reshape(len(x), *lengths, self._length)
            copy_window(part, axes, [*starts[:-1], shift], image)
        for t in range(last.kernel):
            place = source(0, t, stride=stride, dilation=last.dilation, before=0)
            shift, remainder = divmod(place, stride)
            yield t, images[remainder, shift:]
