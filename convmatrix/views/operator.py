"""The map as a SciPy `LinearOperator`: nothing is built."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

__all__ = ["operator"]

Array = np.ndarray[Any, Any]
Apply = Callable[[Array], Array]


def operator(
    shape: tuple[int, int], dtype: np.dtype[Any], apply: Apply, adjoint: Apply
) -> LinearOperator:
    """An operator with `matvec` = A and `rmatvec` = Aᴴ (the conjugate transpose).

    `apply` and `adjoint` take arrays `(batch, elements)`; `adjoint` is the plain transpose.
    """
    from scipy.sparse.linalg import LinearOperator

    def conjugated(v: Array) -> Array:
        return np.conj(adjoint(np.conj(v)))

    return LinearOperator(
        shape,
        dtype=dtype,
        matvec=lambda v: apply(np.reshape(v, (1, -1)))[0],
        rmatvec=lambda v: conjugated(np.reshape(v, (1, -1)))[0],
        matmat=lambda m: apply(np.transpose(m)).T,
        rmatmat=lambda m: conjugated(np.transpose(m)).T,
    )
