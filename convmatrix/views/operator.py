"""The map as a SciPy `LinearOperator`: nothing is built."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.typing import Array

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

__all__ = ["operator"]

Apply = Callable[[Array], Array]


def operator(
    shape: tuple[int, int], dtype: np.dtype[Any], apply: Apply, adjoint: Apply
) -> LinearOperator:
    """An operator with `matvec` = A and `rmatvec` = Aᴴ (the conjugate transpose).

    `apply` and `adjoint` take arrays `(batch, elements)`; `adjoint` is the plain transpose.
    """
    from scipy.sparse.linalg import LinearOperator

    conjugated = partial(_conjugated, adjoint)
    return LinearOperator(
        shape,
        dtype=dtype,
        matvec=partial(_to_vector, apply),
        rmatvec=partial(_to_vector, conjugated),
        matmat=partial(_to_columns, apply),
        rmatmat=partial(_to_columns, conjugated),
    )


# functions of the module, and no closures: an operator can be sent to another process


def _conjugated(adjoint: Apply, v: Array) -> Array:
    return np.conj(adjoint(np.conj(v)))


def _to_vector(apply: Apply, v: Array) -> Array:
    row: Array = apply(np.reshape(v, (1, -1)))[0]
    return row


def _to_columns(apply: Apply, m: Array) -> Array:
    return apply(np.transpose(m)).T
