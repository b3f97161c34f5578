"""A tiny layer as one dense Toeplitz tile: the whole matrix, which costs less than to gather.

The matrix is made by applying the direct sum to every unit vector, once. A call is then one product
and nothing else, zeros included: fewer calls of NumPy's than any other way, and these are what a
tiny layer costs.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from convmatrix.dense.direct import Direct, rounding
from convmatrix.dense.problem import Algorithm, Problem
from convmatrix.dense.rates import CALL, FLOP
from convmatrix.typing import Array

__all__ = ["MOST_ENTRIES", "Whole"]


MOST_ENTRIES = 1 << 14
"""Rows times columns of what counts as tiny."""


class Whole(Algorithm):
    """One GEMM (or GEMV) with the dense matrix, `(batch, inputs) @ (inputs, outputs)`.

    It applies where the matrix has at most `MOST_ENTRIES`, and costs as many multiplications an
    example. Its error is that of sums as long as the input.
    """

    name = "toeplitz"
    spreads = "a NaN or an infinity reaches every output"

    def __init__(self, problem: Problem, weight: Array) -> None:
        super().__init__(problem)
        stencil = problem.stencil
        columns = prod(stencil.in_shape)
        units = np.eye(columns, dtype=problem.dtype).reshape(columns, *stencil.in_shape)
        made = np.empty((columns, *stencil.out_shape), problem.dtype)
        Direct(Problem(stencil, columns, problem.dtype), weight)(units, made)
        self._matrix = np.ascontiguousarray(made.reshape(columns, -1))
        self.blocks = ["whole"]
        self.workspace = self._matrix.nbytes
        self.error_bound = rounding(problem.dtype, columns)
        self.seconds = 2 * CALL + 2 * problem.batch * self._matrix.size * FLOP

    @staticmethod
    def refuse(problem: Problem) -> str | None:
        """Only where the matrix is small."""
        stencil = problem.stencil
        if prod(stencil.in_shape) * prod(stencil.out_shape) > MOST_ENTRIES:
            return f"its matrix has more than {MOST_ENTRIES} entries"
        return None

    def _block(self, block: Any, x: Array, out: Array) -> None:
        flat = x.reshape(len(x), -1)
        np.matmul(flat, self._matrix, out=out.reshape(len(x), -1))
