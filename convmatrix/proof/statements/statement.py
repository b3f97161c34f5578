"""What a statement is: plain data, from which theorems, one geometry's verdict and words follow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from convmatrix.kept import cached_property
from convmatrix.proof.algebra.instances import instances
from convmatrix.proof.algebra.lemmas import Goal
from convmatrix.proof.algebra.polynomial import Polynomial, variables
from convmatrix.proof.algebra.theorem import Theorem, symbol_guards
from convmatrix.proof.relate.axes import Relations
from convmatrix.proof.result import Proof

__all__ = ["EFFORT", "Data", "Statement"]

Data = Mapping[str, Any]

EFFORT = 40_000
"""Partial geometries that are looked at where one is searched."""


@dataclass(frozen=True, eq=False)
class Statement(ABC):
    """A statement about all geometries. Whatever proves, searches, checks or prints starts here.

    `data` is what a certificate keeps of it: what it is `about`, its `level`, its `symbols` with
    their lower bounds, and what a subclass adds.
    """

    data: Data
    about: ClassVar[str]

    @property
    def level(self) -> str:
        """What is compared, one of `LEVELS`."""
        return str(self.data["level"])

    @property
    def bounds(self) -> Mapping[str, int | None]:
        """The lower bound of each symbol; None: any integer."""
        bounds: Mapping[str, int | None] = self.data["symbols"]
        return bounds

    @cached_property
    def symbols(self) -> dict[str, Polynomial]:
        """A polynomial for each symbol."""
        return dict(zip(self.bounds, variables(" ".join(self.bounds)), strict=True))

    @property
    @abstractmethod
    def text(self) -> str:
        """It in a line."""

    @abstractmethod
    def theorems(self) -> Iterator[Theorem]:
        """The theorems any of which proves it, likeliest first, made anew at every call."""

    @abstractmethod
    def at(self, values: Mapping[str, int]) -> Proof:
        """The verdict at the geometry where the symbols have these values; `GeometryError` where
        that does not exist."""

    def relations(self) -> Iterator[list[Relations]] | None:
        """Both sides, axis by axis, for engines with quantifiers; None where it has no sides."""
        return None

    @cached_property
    def first_theorem(self) -> Theorem | None:
        """The likeliest theorem, or None where none has a form that is known."""
        return next(self.theorems(), None)

    @property
    def given(self) -> tuple[Goal, ...]:
        """What is supposed of the symbols."""
        return self.first_theorem.given if self.first_theorem else symbol_guards(self.bounds)

    @property
    def scope(self) -> str:
        """For which geometries it speaks, in words."""
        first = self.first_theorem
        return first.scope if first else "all geometries at which both sides exist"

    @cached_property
    def example(self) -> dict[str, int] | None:
        """The smallest geometry that it says something about; None where none was found."""
        return next(instances(list(self.bounds), self.bounds, self.given, EFFORT), None)
