"""The algorithms of the dense path, written as factors of the matrix."""

from __future__ import annotations

from convmatrix.factors.factorization import Factorization, factorization

__all__ = ["Factorization", "factorization"]
