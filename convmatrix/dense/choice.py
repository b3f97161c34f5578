"""What a caller asks of the dense path, and what is chosen where nothing is asked.

A `Choice` is an argument of everything between a layer's call and its engine; None, there, is none
made. It is checked as it is made; whether a method applies is known at a size (`methods`).

Where the method is ``auto``, three questions decide, in this order: does the arithmetic round, is
the layer tiny, are its channels few? Layers of many channels go by GEMM or Winograd, by what was
measured; for few channels, where memory and calls cost more than sums do, the algorithms that apply
are made, and the least of their predicted times decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from numbers import Real
from typing import Any

import numpy as np

from convmatrix.dense.direct import Direct
from convmatrix.dense.fft import FFT
from convmatrix.dense.lowrank import LowRank
from convmatrix.dense.problem import Algorithm, Problem
from convmatrix.dense.rows import Rows
from convmatrix.dense.toeplitz import Toeplitz
from convmatrix.dense.whole import Whole
from convmatrix.dense.winograd import Winograd
from convmatrix.errors import GeometryError
from convmatrix.typing import Array

__all__ = [
    "AUTOMATIC", "METHODS", "Choice", "automatic", "automatic_transposed", "direct_sum", "methods",
]  # fmt: skip

METHODS = ("auto", "direct", "winograd", "toeplitz", "lowrank", "fft", "phases", "fold", "sparse")

LARGE = 1 << 14
"""Pixels from which passes over an image pay for their calls."""
FEW_OUTPUTS = 100
"""Places below which the larger transformed weights cost more to read than is saved."""
FEW_PRODUCTS = 1 << 12
"""Multiplications below which SciPy's sparse module is not worth loading."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a caller asked for.

    `method` is one of `METHODS`; `threads` how many may work at a time (None: as many as there
    are); `tolerance` how small, relative to the largest, singular values may be left out of kernels
    (None: only what is rounding). `GeometryError` where a method is unknown or a tolerance is not
    in 0 <= tolerance < 1.
    """

    method: str = "auto"
    threads: int | None = None
    tolerance: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.method, str) or self.method not in METHODS:
            raise GeometryError(f"method must be one of {METHODS}, got {self.method!r}")
        given: Any = 0.0 if self.tolerance is None else self.tolerance
        if not isinstance(given, Real) or not 0 <= float(given) < 1:
            raise GeometryError(
                f"tolerance is relative, 0 <= tolerance < 1, got {self.tolerance!r}; use "
                f"tolerance=1e-3 to leave out what is less than a thousandth of the largest"
            )


AUTOMATIC = Choice()
"""What holds where nobody chose."""


def methods(problem: Problem, *, transposed: bool) -> dict[str, str]:
    """For each method that does not apply to a layer (transposed: to its transpose), why not."""
    if not problem.stencil.shared:
        return dict.fromkeys(METHODS[1:-1], "each output position has a weight of its own")
    if transposed:
        zeros = all(axis.mode == "zeros" for axis in problem.axes)
        refused = {} if zeros else {"phases": "it needs zero padding; fold goes with all modes"}
        turned = "a transposed layer goes by phases or fold"
        return refused | dict.fromkeys(("direct", "winograd", "toeplitz", "lowrank", "fft"), turned)
    found = {a.name: a.refuse(problem) for a in (Direct, Winograd, Toeplitz, LowRank, FFT)}
    only = "it is for transposed layers"
    return {n: why for n, why in found.items() if why} | {"phases": only, "fold": only}


def direct_sum(problem: Problem) -> type[Algorithm]:
    """The direct sum that fits: matrices of rows where channels are few, windows and GEMM else."""
    few = problem.macs < FEW_PRODUCTS or Rows.refuse(problem) is not None
    return Direct if few else Rows


def automatic(problem: Problem, weight: Array) -> tuple[type[Algorithm], str]:
    """The algorithm of least time, by what was measured (`python -m benchmarks dense`), and why."""
    stencil = problem.stencil
    if not problem.floating:
        return Direct, "numbers that do not round are summed directly"
    if not Whole.refuse(problem):
        return Whole, "the whole matrix is one tile: that costs less than to gather"
    if prod(stencil.kernel) == 1:
        return Direct, "a kernel of one tap is a plain GEMM"
    each = stencil.out_channels // stencil.groups
    if stencil.group_channels <= 4 and each <= 4:
        return _of_few_channels(problem, weight)
    wide = min(stencil.group_channels, each) >= 32
    why_not = Winograd.refuse(problem)
    if why_not is None and not (wide and problem.ndim == 2):
        why_not = "channels are too few for its transforms to pay"
    elif why_not is None and problem.batch * prod(problem.outputs) < FEW_OUTPUTS:
        why_not = "outputs are too few for its transformed weights to pay"
    if why_not is None:
        return Winograd, "stride 1 and many channels: fewer multiplications pay for the transforms"
    return Direct, f"windows times weights, by GEMM; Winograd would multiply less, but {why_not}"


REASONS: dict[type[Algorithm], str] = {
    Direct: "few channels a group, and tiles would hold more zeros than are saved",
    Toeplitz: "few channels a group: tiles copy a row of taps, not a window of them",
    Rows: "few channels a group: sparse matrices of rows gather nothing",
    FFT: "a large kernel of high rank, few channels: transforms cost less than taps",
}


def _of_few_channels(problem: Problem, weight: Array) -> tuple[type[Algorithm], str]:
    """GEMM has little to do here; the least predicted time decides."""
    fit: list[type[Any]] = [direct_sum(problem)]
    if problem.ndim > 1:
        fit.append(Toeplitz)
    if prod(problem.outputs) >= LARGE and np.isfinite(weight).all():
        fit += [algorithm for algorithm in (LowRank, FFT) if not algorithm.refuse(problem)]
    made = [algorithm(problem, weight) for algorithm in fit]
    best = min(made, key=lambda engine: float(engine.seconds))
    if isinstance(best, LowRank):
        return LowRank, f"kernels of rank {best.rank}: as many passes along each axis"
    return type(best), REASONS[type(best)]


def automatic_transposed(problem: Problem) -> tuple[str, str]:
    """The method for a transposed layer, ``phases`` or ``fold``, and why."""
    stencil = problem.stencil
    if any(axis.mode != "zeros" for axis in problem.axes):
        return "fold", "padding that is no zeros is folded back"
    if not problem.floating:
        return "fold", "numbers that do not round are summed directly"
    if 4 * stencil.in_channels <= stencil.out_channels:
        return "fold", "few output channels: to add up planes moves less than to gather windows"
    return "phases", "each remainder modulo the stride is a small convolution; no zero is inserted"
