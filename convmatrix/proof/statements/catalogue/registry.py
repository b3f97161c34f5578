"""All claims by name, and those of them that people read."""

from __future__ import annotations

import copyreg
from html import escape
from typing import Any

from convmatrix.errors import ProofError
from convmatrix.proof.statements.catalogue import (
    channels,
    fields,
    kernels,
    resizing,
    sizes,
    transposed,
)
from convmatrix.proof.statements.catalogue.claim import Claim
from convmatrix.proof.statements.claim import LemmaClaim
from convmatrix.proof.statements.statement import Data

__all__ = ["CLAIMS", "ORDER", "Catalogue", "claim_statement"]

CLAIMS: dict[str, Claim] = {
    claim.name: claim
    for file in (transposed, sizes, kernels, channels, fields, resizing)
    for claim in file.CLAIMS
}
"""The claims by name, with those that another one takes the form of."""


def _named(name: str) -> Claim:
    return CLAIMS[name]


def _reduced(claim: Claim) -> Any:
    """A copy is the claim of that name: its lemmas are functions."""
    known = CLAIMS.get(claim.name) is claim
    return (_named, (claim.name,)) if known else object.__reduce_ex__(claim, 2)


copyreg.pickle(Claim, _reduced)

ORDER = (
    "transpose", "connectivity", "weights", "circular", "sizes", "round-trip", "output-padding",
    "windows", "dilation", "interleaving", "stride", "padding", "grouping", "grouping-one",
    "grouping-depthwise", "depthwise-separable", "separable", "receptive-field",
    "receptive-field-doubling", "gridding", "bilinear",
    *(f"arithmetic-{number}" for number in range(1, 16)),
)  # fmt: skip
"""The names of the catalogue, as it is read."""


def claim_statement(data: Data) -> LemmaClaim:
    """The statement about a claim that data describes, or `ProofError`."""
    claim = CLAIMS.get(data["name"])
    if claim is None or claim.form != LemmaClaim.of:
        raise ProofError(f"no claim of lemmas is named {data['name']!r}")
    if set(data["fixed"]) - set(claim.symbols) or data["level"] != claim.level:
        raise ProofError(f"{claim.name} is about {', '.join(claim.symbols)} at level {claim.level}")
    return LemmaClaim(data, claim)


class Catalogue(dict[str, Claim]):
    """The statements by name; it prints as a short table."""

    def __repr__(self) -> str:
        width = max(map(len, self), default=0)
        return "\n".join(f"{name:<{width}}  {each.statement}" for name, each in self.items())

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td>{escape(each.statement)}</td>"
            f"<td>{escape(each.meaning)}</td></tr>"
            for name, each in self.items()
        )
        return f"<table><tr><th>name</th><th>statement</th><th>meaning</th></tr>{rows}</table>"
