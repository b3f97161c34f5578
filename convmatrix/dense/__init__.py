"""The dense path: maps applied to arrays without a matrix, through strided views and GEMM.

It shares nothing with `pattern.py` and `views/matrix.py` but the relation, so that each is the
other's oracle. All functions take arrays `(batch, channels, *size)`.
"""

from __future__ import annotations

from convmatrix.dense.apply import adjoint, forward
from convmatrix.dense.choice import Choice
from convmatrix.dense.count import paths, paths_adjoint
from convmatrix.dense.pool import max_pool

__all__ = ["Choice", "adjoint", "forward", "max_pool", "paths", "paths_adjoint"]
