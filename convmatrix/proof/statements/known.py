"""The statements that a certificate may be about."""

from __future__ import annotations

from convmatrix.errors import CertificateError
from convmatrix.proof.result import LEVELS
from convmatrix.proof.statements.catalogue.registry import claim_statement
from convmatrix.proof.statements.data import is_plain_name
from convmatrix.proof.statements.equality import Equality
from convmatrix.proof.statements.every import EveryTranspose
from convmatrix.proof.statements.statement import Data, Statement
from convmatrix.proof.statements.transpose import Transpose

__all__ = ["statement_of"]

STATEMENTS = {
    "claim": claim_statement,
    **{each.about: each for each in (Equality, EveryTranspose, Transpose)},
}


def statement_of(data: Data) -> Statement:
    """The statement that data describes; `CertificateError` where it describes none."""
    if data.get("level") not in LEVELS:
        raise CertificateError(f"level: expected one of {LEVELS}, got {data.get('level')!r}")
    for name, bound in data["symbols"].items():
        if not is_plain_name(name) or not (bound is None or type(bound) is int):
            raise CertificateError(f"symbols: {name!r} ≥ {bound!r} is no integer symbol")
    about = data.get("about")
    if about not in STATEMENTS:
        known = ", ".join(sorted(STATEMENTS))
        raise CertificateError(f"subject: expected one about {known}, got {about!r}")
    return STATEMENTS[about](data)
