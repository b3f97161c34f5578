"""Engines: an algorithm made for one weight at one size, and kept as long as that weight lives.

What is dear (transformed weights, matrices of rows, singular values of kernels) is done at a
layer's first call at a size. Later calls find the engine by the identity of weight and stencil, the
batch, the dtype and the choice: a few lookups, so that a tiny layer's call is short. An engine
holds its stencil, so no other one has its id; it must not hold the array that it is found by.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from convmatrix.dense.choice import Choice, automatic, automatic_transposed, direct_sum, methods
from convmatrix.dense.fft import FFT
from convmatrix.dense.fold import Fold
from convmatrix.dense.lowrank import LowRank
from convmatrix.dense.phases import Phases
from convmatrix.dense.problem import Algorithm, Problem
from convmatrix.dense.threads import available
from convmatrix.dense.toeplitz import Toeplitz
from convmatrix.dense.winograd import Winograd
from convmatrix.errors import GeometryError
from convmatrix.kept import Kept
from convmatrix.stencil import Stencil
from convmatrix.typing import Array

__all__ = ["engine"]

Engine = Algorithm | Fold | Phases

SMALL = 1 << 21
"""Multiplications below which a second thread costs more than it brings."""
MOST_ENGINES = 256
"""Engines that are kept; beyond, those go that were not asked for the longest."""
_engines = Kept(MOST_ENGINES)


def engine(
    stencil: Stencil, weight: Array, batch: int, dtype: np.dtype[Any], choice: Choice, *,
    transposed: bool,
) -> tuple[Engine, tuple[int, ...]]:  # fmt: skip
    """The engine of a choice, ready for arrays `(batch, channels, *size)` of a dtype,
    and the shape `(channels, *size)` of its result.

    Raises `GeometryError` where the method that was asked for does not apply.
    """
    threads = available() if choice.threads is None else choice.threads
    detail = id(stencil), batch, dtype, transposed, choice.method, threads, choice.tolerance
    known: tuple[Engine, tuple[int, ...]] | None = _engines.get(weight, detail)
    if known is not None:
        return known
    problem = Problem(stencil, batch, dtype, threads, choice.tolerance or 0.0)
    if problem.macs < SMALL and choice.threads is None:
        problem = replace(problem, threads=1)
    refused = {} if choice.method == "auto" else methods(problem, transposed=transposed)
    if why := refused.get(choice.method):
        raise GeometryError(f"method {choice.method!r} does not apply: {why}; use method='auto'")
    make = _make_transposed if transposed else _make
    made = make(problem, weight.astype(dtype, copy=False), choice.method)
    shape = stencil.in_shape if transposed else stencil.out_shape
    return _engines.put(weight, detail, (made, shape))


def _make(problem: Problem, weight: Array, method: str) -> Algorithm:
    """The algorithm of a method that applies."""
    by_name: dict[str, type[Any]] = {
        "direct": direct_sum(problem), "winograd": Winograd, "toeplitz": Toeplitz,
        "lowrank": LowRank, "fft": FFT,
    }  # fmt: skip
    chosen: type[Any] = automatic(problem, weight)[0] if method == "auto" else by_name[method]
    made: Algorithm = chosen(problem, weight)
    return made


def _make_transposed(problem: Problem, weight: Array, method: str) -> Engine:
    """The same of the transpose; the small convolutions of phases are chosen one by one."""
    if method == "fold" or (method == "auto" and automatic_transposed(problem)[0] == "fold"):
        return Fold(problem, weight)
    return Phases(problem, weight, lambda part, small: _make(part, small, "auto"))
