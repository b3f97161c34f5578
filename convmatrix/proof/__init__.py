"""Proofs: statements about maps, and the verdict with its reason or its counterexample."""

from __future__ import annotations

from convmatrix.proof.doors import catalogue, prove, prove_equal, prove_transpose
from convmatrix.proof.engines.certificate import Certificate
from convmatrix.proof.result import Counterexample, Proof
from convmatrix.proof.statements.catalogue.claim import Claim
from convmatrix.proof.statements.textbook import textbook_transpose

__all__ = [
    "Certificate", "Claim", "Counterexample", "Proof", "catalogue", "prove", "prove_equal",
    "prove_transpose", "textbook_transpose",
]  # fmt: skip
