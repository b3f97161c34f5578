"""A transposed layer by phases: outputs of one remainder modulo the stride are a convolution.

An element i of the result receives from output o through tap t where i is what (o, t) reads. For
a fixed remainder of i only every so-many-th tap takes part, and o moves by one where i moves by a
stride: a small stride-1 convolution. Remainders with the same window share one, as more channels.
No inserted zero is ever multiplied.

Source: V. Dumoulin and F. Visin, *A guide to convolution arithmetic for deep learning*,
arXiv:1603.07285, chapter 4, for the transpose as a convolution with zeros put in; the phases are
the polyphase components of P. Vaidyanathan, *Multirate Systems and Filter Banks*, 1993, chapter 4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from math import gcd, prod
from typing import Any

import numpy as np

from convmatrix.dense.direct import grouped
from convmatrix.dense.problem import Algorithm, Problem
from convmatrix.dense.rates import MOVE
from convmatrix.dense.threads import run
from convmatrix.relation import Axis
from convmatrix.stencil import Stencil
from convmatrix.typing import Array

__all__ = ["Phases"]


Make = Callable[[Problem, Array], Algorithm]


class Phases:
    """The transpose of a zero-padded stencil: `(batch, out_channels, *outputs)` → `(batch,
    in_channels, *size)`; `make` builds the algorithm of each small convolution. `parts` are these,
    each with the remainders that its channels are of.

    It multiplies as often as the layer does, in convolutions of about kernel/stride taps an axis:
    they gather windows, or go by Winograd, as any layer of stride 1. Every result is copied once,
    to where its remainder is.
    """

    def __init__(self, problem: Problem, weight: Array, make: Make) -> None:
        self.problem = problem
        stencil = problem.stencil
        kernels = grouped(problem, weight)
        groups, each, _ = kernels.shape
        inputs, kernel = stencil.group_channels, stencil.kernel
        placed = kernels.reshape(groups, each, inputs, *kernel).swapaxes(1, 2)
        self.parts: list[tuple[Algorithm, list[tuple[int, ...]]]] = []
        self._covered = 0
        every = list(product(*(_windows(axis) for axis in problem.axes)))
        self._workers = problem.threads if len(every) % problem.threads == 0 else 1
        threads = problem.threads // self._workers
        for windows in every:
            residues = list(product(*(window.residues for window in windows)))
            taken = []
            for residue in residues:
                picks = tuple(
                    slice(window.start[r], None, window.step)
                    for window, r in zip(windows, residue, strict=True)
                )
                taken.append(placed[(slice(None), slice(None), slice(None), *picks)])
            stacked = np.stack(taken, axis=2)  # groups, inputs, phases, each, *taps
            small = stacked.reshape(groups * inputs * len(residues), each, *stacked.shape[4:])
            axes = tuple(window.axis for window in windows)
            part = Stencil(axes, stencil.out_channels, len(small), groups)
            self.parts.append(
                (make(replace(problem, stencil=part, threads=threads), small), residues)
            )
            self._covered += len(residues)
        held = sorted(part.workspace + self._held(part) for part, _ in self.parts)
        self.workspace = sum(held[-self._workers :])
        moved = problem.batch * prod(stencil.in_shape) * MOVE
        self.seconds = moved + sum(part.seconds for part, _ in self.parts) / self._workers
        self.error_bound = max((p.error_bound for p, _ in self.parts), default=0.0)

    @property
    def blocks(self) -> list[Algorithm]:
        """Its convolutions, one after another."""
        return [part for part, _ in self.parts]

    @property
    def name(self) -> str:
        """Itself and the algorithms of its convolutions."""
        return f"phases ({' + '.join(sorted({part.name for part, _ in self.parts}))})"

    @property
    def spreads(self) -> str:
        """How far a NaN or an infinity reaches."""
        return next((part.spreads for part, _ in self.parts if part.spreads), "")

    def _held(self, part: Algorithm) -> int:
        """Bytes of the result of a small convolution."""
        shape = part.problem.stencil.out_shape
        return prod(shape) * self.problem.batch * self.problem.dtype.itemsize

    def __call__(self, y: Array, out: Array) -> None:
        """Fill `out` from `y`."""
        if self._covered < prod(axis.stride for axis in self.problem.axes):
            out[:] = 0
        if self._workers == 1:
            for part in self.parts:
                self._fill(part, y, out)
            return
        # a thread a convolution: windows are gathered side by side
        run(self._workers, (lambda part: self._fill(part, y, out), self.parts))

    def _fill(self, part: tuple[Algorithm, list[tuple[int, ...]]], y: Array, out: Array) -> None:
        """Run one convolution and put its results where their remainders are."""
        algorithm, residues = part
        made = np.empty((len(y), *algorithm.problem.stencil.out_shape), self.problem.dtype)
        algorithm(y, made)
        shaped = made.reshape(len(y), out.shape[1], len(residues), *made.shape[2:])
        for j, residue in enumerate(residues):
            places: list[Any] = [
                slice(r, None, axis.stride)
                for r, axis in zip(residue, self.problem.axes, strict=True)
            ]
            target = out[(..., *places)]
            cut: list[Any] = [j, *map(slice, target.shape[2:])]
            target[:] = shaped[(slice(None), slice(None), *cut)]


class _Window:
    """Along one axis, the remainders that have one small window, and that window."""

    def __init__(self, axis: Axis, step: int) -> None:
        self.axis, self.step = axis, step
        self.residues: list[int] = []
        self.start: dict[int, int] = {}


def _windows(axis: Axis) -> list[_Window]:
    """The remainders modulo the stride, gathered by the window of their convolution."""
    plain = replace(axis, flip=False)
    shared = gcd(axis.stride, axis.dilation)
    step, slow = axis.stride // shared, axis.dilation // shared
    count = -(-axis.size // axis.stride)
    found: dict[tuple[int, int], _Window] = {}
    first = {plain.source(0, t) % axis.stride: t for t in range(min(step, axis.kernel))}
    for residue, start in sorted(first.items()):
        if residue >= axis.size:
            continue
        kernel = len(range(start, axis.kernel, step))
        before = slow * (kernel - 1) - (residue - plain.source(0, start)) // axis.stride
        after = count - axis.outputs - before + slow * (kernel - 1)
        small = Axis(axis.outputs, kernel, 1, slow, before, after, flip=True)
        window = found.setdefault((kernel, before), _Window(small, step))
        window.residues.append(residue)
        window.start[residue] = start
    return list(found.values())
