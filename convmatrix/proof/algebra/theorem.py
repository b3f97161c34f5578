"""Theorems: a statement with the lemmas that make it true.

They are made again from the statement's data when a certificate is checked: lemmas, hypotheses and
goals come from the relation's own index functions, never from the certificate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from convmatrix.proof.algebra.lemmas import Goal, Lemma
from convmatrix.proof.algebra.polynomial import variables

__all__ = ["Theorem", "scope", "symbol_guards"]


@dataclass(frozen=True)
class Theorem:
    """A statement with the lemmas that make it true, and the finite facts checked on the way."""

    statement: str
    level: str
    scope: str
    given: tuple[Goal, ...]
    lemmas: tuple[Lemma, ...]
    facts: tuple[tuple[str, bool], ...] = ()
    conclusion: str = ""

    @property
    def variables(self) -> list[str]:
        """The symbols of the geometry."""
        return sorted(set().union(*(g.value.free_symbols for g in self.given)))


def symbol_guards(bounds: Mapping[str, int | None]) -> tuple[Goal, ...]:
    """The lower bounds of symbols, as goals."""
    pairs = zip(variables(" ".join(bounds)), bounds.values(), strict=True)
    return tuple(Goal("ge", symbol - bound) for symbol, bound in pairs if bound is not None)


def scope(
    bounds: Mapping[str, int | None],
    level: str,
    *,
    exists: bool,
    values: bool = False,
    given: Sequence[Goal] = (),
) -> str:
    """For which geometries and weights a theorem speaks."""
    words = [f"{name} ≥ {b}" if b is not None else f"integers {name}" for name, b in bounds.items()]
    free = level == "weights" and not values
    weights = ", all weights" if free else ""
    which = "the convolution exists" if exists else "both sides exist"
    more = "".join(f", {goal}" for goal in given)
    return f"all {', '.join(words)}{more} at which {which}{weights}"
