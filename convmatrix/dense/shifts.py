"""A direct sum by shifted images, for few channels a group: nothing is gathered but the padding.

In a padded image that is one run of numbers, all outputs read through one tap are a run as well,
shifted by the tap's offset. A sum over taps is then a sum of scaled runs (`numpy.einsum` has that
as one vectorised loop), with a few numbers to spare at the end of each line. With a stride, every
remainder of the places modulo the stride is an image of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convmatrix.dense.direct import grouped, rounding
from convmatrix.dense.problem import CALL, MOVE, Algorithm, Problem, copy_window
from convmatrix.relation import Axis, source

__all__ = ["Shifts"]

Array = np.ndarray[Any, Any]
Taps = list[list[tuple[int, int]]]
"""Along each axis places in the kernel, and how far an image is shifted for them."""

BLOCK = 1 << 20
"""Elements of padded input held at a time."""
RUN = 1 << 15
"""Longest run of outputs worked on at a time, so that it stays in cache."""


class Shifts(Algorithm):
    """Sums of shifted runs, for blocks of channel groups and rows."""

    name = "direct"

    def __init__(self, problem: Problem, weight: Array) -> None:
        super().__init__(problem)
        stencil = problem.stencil
        kernels = grouped(problem, weight)
        self._terms = self._split(
            kernels.reshape(*kernels.shape[:2], stencil.group_channels, *stencil.kernel)
        )
        outputs = problem.outputs
        fit = max(1, RUN // max(1, prod(self._planes(1)[1:])))
        parts = -(-outputs[0] // min(outputs[0], fit))
        if stencil.groups * problem.batch < problem.threads:
            parts = max(parts, problem.threads)
        self._rows = -(-outputs[0] // min(parts, outputs[0]))
        a_group = stencil.group_channels * prod(self._strides) * prod(self._planes(self._rows))
        size = max(1, BLOCK // max(1, a_group))
        if problem.threads > 1:
            size = min(size, -(-stencil.groups * problem.batch // problem.threads))
        size = min(size, stencil.groups)
        self.blocks = [
            (b, g, min(g + size, stencil.groups), low, min(low + self._rows, outputs[0]))
            for b in range(problem.batch)
            for g in range(0, stencil.groups, size)
            for low in range(0, outputs[0], self._rows)
        ]
        each = stencil.out_channels // stencil.groups
        held = size * (a_group + 2 * each * prod(self._planes(self._rows)))
        if any(axis.mode != "zeros" for axis in problem.axes):
            held *= 2
        workers = min(problem.threads, max(1, len(self.blocks)))
        self.workspace = held * problem.dtype.itemsize * workers
        self.error_bound = rounding(problem.dtype, stencil.group_channels * prod(stencil.kernel))
        work = 0.3 * MOVE * problem.macs + len(self.blocks) * 20 * CALL
        self.seconds = work * problem.dtype.itemsize / 4 / problem.threads

    @staticmethod
    def refuse(problem: Problem) -> str | None:
        """Where channels are many, GEMM does the same sums faster."""
        stencil = problem.stencil
        if stencil.group_channels * (stencil.out_channels // stencil.groups) > 4:
            return "it is for few channels a group"
        return None

    @property
    def _strides(self) -> tuple[int, ...]:
        return tuple(axis.stride for axis in self.problem.axes)

    def _split(self, weight: Array) -> list[tuple[tuple[int, ...], Taps, Array]]:
        """The sums that are one call each: the image that they read, the taps along each axis
        (of the last axis one, whose runs would not be told from their own elements), and the
        weights `(groups, out/groups, in/groups, *taps but the last axis')`."""
        terms = []
        for residues in product(*map(range, self._strides)):
            taps = [_taps_at(axis, r) for axis, r in zip(self.problem.axes, residues, strict=True)]
            for last in taps[-1] if all(taps) else ():
                picked = weight[..., last[0]]
                for j, chosen in enumerate(taps[:-1], start=3):
                    picked = picked.take([t for t, _ in chosen], axis=j)
                terms.append((residues, [*taps[:-1], [last]], picked))
        return terms

    def _planes(self, rows: int) -> tuple[int, ...]:
        """Size of each image that some rows of outputs read: a stride apart, so one an output,
        and as many more as the taps reach."""
        sizes = (rows, *self.problem.outputs[1:])
        return tuple(
            n + (axis.span - 1) // axis.stride
            for n, axis in zip(sizes, self.problem.axes, strict=True)
        )

    def _block(self, block: Any, x: Array, out: Array) -> None:
        b, low, high, top, bottom = block
        stencil = self.problem.stencil
        inputs, each = stencil.group_channels, stencil.out_channels // stencil.groups
        sizes = self._planes(bottom - top)
        images = self._images(x[b, low * inputs : high * inputs], top, sizes)
        count, pitches = high - low, _pitches(sizes)
        outputs = (bottom - top, *self.problem.outputs[1:])
        run = sum((n - 1) * pitch for n, pitch in zip(outputs, pitches, strict=True)) + 1
        total = self.buffer("total", (count, each, prod(sizes)))
        more = self.buffer("more", (count, each, run))
        for number, (residues, taps, weight) in enumerate(self._terms):
            image = _image(images, residues).reshape(count, inputs, -1)
            runs = self._runs(image, taps, pitches, run)
            _multiply_add(weight[low:high], runs, more if number else total[..., :run])
            if number:
                np.add(total[..., :run], more, out=total[..., :run])
        target = out[b, low * each : high * each, top:bottom]
        shaped = total.reshape(count * each, *sizes)
        kept: Any = [slice(None), *map(slice, outputs)]
        target[:] = shaped[tuple(kept)]

    def _images(self, x: Array, top: int, sizes: tuple[int, ...]) -> Array:
        """The padded input `(channels, *remainders modulo the stride, *sizes)`."""
        axes = self.problem.axes
        starts = [axis.first for axis in axes]
        starts[0] += axes[0].stride * top
        if any(axis.mode != "zeros" for axis in axes):
            lengths = tuple(n * axis.stride for n, axis in zip(sizes, axes, strict=True))
            padded = self.buffer("padded", (len(x), *lengths))
            copy_window(x, axes, starts, padded)
            x, starts = padded, [0] * len(axes)
            axes = tuple(
                Axis(length, stride=a.stride) for length, a in zip(lengths, axes, strict=True)
            )
        images = self.buffer("images", (len(x), *self._strides, *sizes))
        for residues in product(*map(range, self._strides)):
            reads = [
                divmod(start + r, axis.stride)
                for start, r, axis in zip(starts, residues, axes, strict=True)
            ]
            every: Any = [slice(a, None, s) for (_, a), s in zip(reads, self._strides, strict=True)]
            part = x[(slice(None), *every)]
            small = [replace(a, size=n) for a, n in zip(axes, part.shape[1:], strict=True)]
            copy_window(part, small, [q for q, _ in reads], _image(images, residues))
        return images

    def _runs(self, image: Array, taps: Taps, pitches: tuple[int, ...], run: int) -> Array:
        """A view `(groups, channels, *taps but the last axis', run)` of what the taps read."""
        start = sum(t[0][1] * pitch for t, pitch in zip(taps, pitches, strict=True))
        steps = [
            (t[1][1] - t[0][1] if len(t) > 1 else 0) * pitch * image.itemsize
            for t, pitch in zip(taps[:-1], pitches, strict=False)
        ]
        return as_strided(
            image[..., start:],
            (*image.shape[:2], *(len(t) for t in taps[:-1]), run),
            (*image.strides[:2], *steps, image.itemsize),
            writeable=False,
        )


def _image(images: Array, residues: tuple[int, ...]) -> Array:
    """The image of some remainders modulo the stride."""
    place: Any = (slice(None), *residues)
    image: Array = images[place]
    return image


def _multiply_add(weight: Array, runs: Array, into: Array) -> None:
    """`into[g, e] = sum of weight[g, e, c, ...] * runs[g, c, ...]` over channels and taps."""
    taps = list(range(3, 3 + weight.ndim - 3))
    np.einsum(weight, [0, 1, 2, *taps], runs, [0, 2, *taps, 9], [0, 1, 9], out=into)


def _taps_at(axis: Axis, residue: int) -> list[tuple[int, int]]:
    """The places in the kernel that read a remainder modulo the stride, each with its offset."""
    places = (
        (t, source(0, t, stride=axis.stride, dilation=axis.dilation, before=0))
        for t in range(axis.kernel)
    )
    return [(t, i // axis.stride) for t, i in places if i % axis.stride == residue]


def _pitches(sizes: Sequence[int]) -> tuple[int, ...]:
    """How far apart neighbours along each axis are in C order."""
    return tuple(prod(sizes[j + 1 :]) for j in range(len(sizes)))
