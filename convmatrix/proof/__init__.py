"""Proofs: statements about maps, and the verdict with its reason or its counterexample."""

from __future__ import annotations

from convmatrix.proof.engines.certificate import Certificate
from convmatrix.proof.result import Counterexample, Proof
from convmatrix.proof.statements.catalogue.registry import Claim, catalogue, prove
from convmatrix.proof.statements.equality import prove_equal
from convmatrix.proof.statements.textbook import textbook_transpose
from convmatrix.proof.statements.transpose import prove_transpose

__all__ = [
    "Certificate", "Claim", "Counterexample", "Proof", "catalogue", "prove", "prove_equal",
    "prove_transpose", "textbook_transpose",
]  # fmt: skip
