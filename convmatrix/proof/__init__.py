"""Proofs: statements about maps, and the verdict with its reason or its counterexample."""

from __future__ import annotations

from convmatrix.proof.equality import prove_equal
from convmatrix.proof.result import Counterexample, Proof
from convmatrix.proof.transpose import prove_transpose, textbook_transpose

__all__ = ["Counterexample", "Proof", "prove_equal", "prove_transpose", "textbook_transpose"]
