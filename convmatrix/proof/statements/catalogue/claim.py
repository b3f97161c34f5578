"""What a claim of the catalogue is, and what its lemmas are made with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from convmatrix.layers.printing import Printed
from convmatrix.proof.algebra.lemmas import Goal, Lemma
from convmatrix.proof.relate.axes import maps_equal
from convmatrix.proof.relate.sides import Equation
from convmatrix.proof.result import Replay
from convmatrix.proof.statements.claim import LemmaClaim
from convmatrix.proof.statements.statement import Statement

if TYPE_CHECKING:
    from convmatrix.maps import Map

__all__ = ["Claim", "Values", "equal_maps", "in_words", "lemma"]

Values = Mapping[str, Any]
"""What stands for each symbol of a claim: a polynomial, or an int."""


@dataclass(frozen=True, slots=True)
class Claim(Printed):
    """A statement of the catalogue.

    Attributes
    ----------
    name
        What `prove` takes.
    statement, meaning, scope, source
        The claim in symbols, in a line of words, for what it holds, and who says so.
    symbols
        The free symbols with their lower bounds (None: any integer).
    lemmas
        What makes it true, with values for the symbols.
    defaults
        Symbols that have these values unless `prove` is told otherwise.
    form
        The statement that it is with some parameters of `prove` fixed.
    replay
        What its two sides are at a geometry, where it is no matter of lemmas.
    """

    name: str
    statement: str
    meaning: str
    scope: str
    source: str
    symbols: Mapping[str, int | None]
    lemmas: Callable[[Values], Sequence[Lemma]] = field(repr=False)
    level: str = "weights"
    defaults: Mapping[str, int] = field(default_factory=dict)
    form: Callable[[Claim, Mapping[str, Any]], Statement] = field(default=LemmaClaim.of, repr=False)
    replay: Callable[[Values], Replay] | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        names = ("name", "statement", "meaning", "scope", "source", "level")
        return {**{n: getattr(self, n) for n in names}, "symbols": dict(self.symbols)}

    def __str__(self) -> str:
        lines = (self.statement, self.meaning, f"for {self.scope}", f"source: {self.source}")
        return "\n  ".join((self.name, *lines))


def lemma(
    name: str,
    given: Sequence[Goal],
    goals: Sequence[Goal],
    where: Sequence[Goal] = (),
    says: str = "",
) -> Lemma:
    """A lemma of a statement."""
    return Lemma(name, tuple(dict.fromkeys(given)), tuple(where), tuple(dict.fromkeys(goals)), says)


def equal_maps(A: Map, B: Map, *, exists: bool = True) -> list[Lemma]:
    """The lemmas that make two maps of one channel equal, tap by tap; with `exists`, that B exists
    where A does is one of them."""
    equation = Equation(A, B, {}, "weights", exists=exists, channels=True)
    return list(next(maps_equal(equation, "")).lemmas)


def in_words(formula: str) -> str:
    """A formula in Python's notation as people write it.

    >>> in_words("(n + 2*p - k)//s + 1")
    '⌊(n + 2p - k)/s⌋ + 1'
    """
    shown = re.sub(r"(\d)\*([a-z])", r"\1\2", formula)
    shown = re.sub(r"(\((?:[^()]|\([^()]*\))*\))//(\w+)", r"⌊\1/\2⌋", shown)
    return shown.replace("*", "·")
