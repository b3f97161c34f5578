"""Lemmas: for all integers, where these polynomials are >= 0 and those 0, so are the goals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convmatrix.errors import SymbolicError
from convmatrix.kept import cached_property
from convmatrix.proof.algebra.checker import proves
from convmatrix.proof.algebra.polynomial import Defined, Polynomial, Quotient

__all__ = ["Goal", "Lemma", "at_least", "is_zero", "without_common_factor"]


@dataclass(frozen=True)
class Goal:
    """`value >= 0` (kind "ge") or `value = 0` (kind "eq")."""

    kind: str
    value: Polynomial

    def __str__(self) -> str:
        return f"{self.value} {'≥' if self.kind == 'ge' else '='} 0"

    def holds(self, values: Mapping[str, int]) -> bool:
        """Whether it is true where the variables have these values."""
        number = self.value.at(values)
        return number >= 0 if self.kind == "ge" else number == 0


def at_least(*values: Polynomial) -> list[Goal]:
    """Each is >= 0; constants that are go without saying."""
    return [Goal("ge", v) for v in map(Polynomial.of, values) if not (v.is_number and int(v) >= 0)]


def is_zero(*values: Polynomial) -> list[Goal]:
    """Each is 0; what is the zero polynomial goes without saying."""
    return [Goal("eq", v) for v in map(Polynomial.of, values) if v.terms]


def without_common_factor(value: Polynomial) -> Polynomial:
    """`y` for a polynomial `x*y`: where `y = 0`, so is `x*y`."""
    monomials = [list(m) for m in value.terms]
    for name in list(monomials[0]) if monomials else []:
        if not isinstance(name, Defined) and all(name in m for m in monomials):
            for m in monomials:
                m.remove(name)
    if [] in monomials and len(monomials) == 1:
        return value
    return Polynomial({tuple(m): c for m, c in zip(monomials, value.terms.values(), strict=True)})


@dataclass(frozen=True)
class Lemma:
    """For all integers: `given` and `where` imply every one of `goals`.

    `given` speaks of the geometry alone, `where` of the elements and taps of this lemma.
    """

    name: str
    given: tuple[Goal, ...]
    where: tuple[Goal, ...]
    goals: tuple[Goal, ...]
    says: str = ""

    @cached_property
    def definitions(self) -> tuple[Defined, ...]:
        """The quotients and absolute values that occur, innermost first."""
        found: dict[Defined, None] = {}
        for goal in (*self.given, *self.where, *self.goals):
            for variable in _defined(goal.value):
                found.setdefault(variable)
        return tuple(found)

    @cached_property
    def hypotheses(self) -> tuple[Goal, ...]:
        """All that may be used: given, where, and what the definitions say."""
        facts: list[Goal] = []
        supposed = (*self.given, *self.where)
        for variable in self.definitions:
            if isinstance(variable, Quotient) and not _certainly_positive(variable, supposed):
                raise SymbolicError(
                    f"{variable} has a divisor that may be below 1; divide by a positive symbol "
                    f"or number"
                )
            ge, eq = variable.facts()
            facts += at_least(*ge) + [Goal("eq", v) for v in eq]
        return tuple(dict.fromkeys((*self.given, *self.where, *facts)))

    @property
    def ge(self) -> list[Polynomial]:
        """The hypotheses that are >= 0."""
        return [h.value for h in self.hypotheses if h.kind == "ge"]

    @property
    def eq(self) -> list[Polynomial]:
        """The hypotheses that are 0."""
        return [h.value for h in self.hypotheses if h.kind == "eq"]

    @property
    def variables(self) -> list[str]:
        """The plain variables, those of the geometry first."""
        names: dict[str, None] = {}
        for part in (self.given, self.where, self.goals):
            for name in sorted(set().union(*(g.value.free_symbols for g in part))):
                names.setdefault(name)
        return list(names)

    def failing(self, cuts: Sequence[tuple[Goal, Any]], steps: Sequence[Any]) -> Iterator[Goal]:
        """The cuts and goals that their steps do not prove.

        A cut is a fact proved on the way. What is proved may be used for all that comes after it.
        """
        known = {"ge": [p.terms for p in self.ge], "eq": [p.terms for p in self.eq]}
        for goal, step in (*cuts, *zip(self.goals, steps, strict=True)):
            if not proves(step, goal.value.terms, goal.kind, known["ge"], known["eq"]):
                yield goal
                return
            known[goal.kind].append(goal.value.terms)


def _certainly_positive(quotient: Quotient, supposed: Sequence[Goal]) -> bool:
    """Whether the divisor is at least 1: supposed to be, or by the lower bounds of its variables.

    A hypothesis about the quotient itself does not count.
    """
    divisor = quotient.inside[1]
    if any(g.kind == "ge" and g.value == divisor - 1 for g in supposed):
        return True
    bounds: dict[str, int] = {}
    for goal in supposed:
        names = set(goal.value.terms) - {()}
        if goal.kind == "ge" and len(names) == 1 and goal.value.terms.get(next(iter(names))) == 1:
            (monomial,) = names
            if len(monomial) == 1:
                low = -goal.value.terms.get((), 0)
                bounds[monomial[0]] = max(low, bounds.get(monomial[0], low))
    shifted = Polynomial({})
    for monomial, c in divisor.terms.items():
        term = Polynomial.of(c)
        for name in monomial:
            if name not in bounds:
                return False
            term = term * (Polynomial({(name,): 1}) + bounds[name])
        shifted = shifted + term
    return shifted.terms.get((), 0) >= 1 and all(c >= 0 for c in shifted.terms.values())


def _defined(value: Polynomial) -> Iterable[Defined]:
    for monomial in value.terms:
        for variable in monomial:
            if isinstance(variable, Defined):
                for inner in variable.inside:
                    yield from _defined(inner)
                yield variable
