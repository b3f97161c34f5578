"""Instances of hypotheses, smallest first: witnesses that a lemma is not empty, and the
geometries in which a bounded search looks for a counterexample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Literal

from convmatrix.errors import GeometryError
from convmatrix.proof.algebra.lemmas import Goal, Lemma

__all__ = ["instances", "lowest_values", "models", "plausible", "try_out"]

Values = dict[str, int]


def instances(
    names: Sequence[str], bounds: Mapping[str, int | None], goals: Sequence[Goal], effort: int
) -> Iterator[Values]:
    """Integers for `names` that meet all `goals`, by increasing sum, then in order of the names.

    A name without a lower bound runs through 0, 1, -1, 2, ... and counts by its distance from 0.
    At most `effort` partial assignments are looked at.
    """
    ready: list[list[Goal]] = [[] for _ in names]
    for goal in goals:
        needs = [names.index(s) for s in goal.value.free_symbols]
        if needs:
            ready[max(needs)].append(goal)
        elif not goal.holds({}):
            return
    if not names:
        yield {}
        return
    lowest = lowest_values(names, bounds, goals)
    if any(lowest[name] is None and bounds.get(name) is not None for name in names):
        return
    left = effort

    def values(name: str, cost: int) -> Sequence[int]:
        start = lowest[name]
        if start is not None:
            return (start + cost,)
        return (0,) if cost == 0 else (cost, -cost)

    def fill(place: int, remaining: int, chosen: Values) -> Iterator[Values]:
        nonlocal left
        last = place == len(names) - 1
        for cost in (remaining,) if last else range(remaining + 1):
            for value in values(names[place], cost):
                left -= 1
                if left < 0:
                    return
                chosen[names[place]] = value
                if all(_holds(goal, chosen) for goal in ready[place]):
                    if last:
                        yield dict(chosen)
                    else:
                        yield from fill(place + 1, remaining - cost, chosen)
                del chosen[names[place]]

    total = 0
    while left > 0:
        yield from fill(0, total, {})
        total += 1


def lowest_values(
    names: Sequence[str], bounds: Mapping[str, int | None], goals: Sequence[Goal]
) -> dict[str, int | None]:
    """The smallest value of each name that meets the goals about it alone; None without a bound."""
    return {name: _lowest(name, bounds.get(name), goals) for name in names}


SCAN = 100_000
"""How far the smallest value of one symbol is looked for."""


def _lowest(name: str, bound: int | None, goals: Sequence[Goal]) -> int | None:
    """The smallest value from `bound` on that meets the goals about this symbol alone."""
    if bound is None:
        return None
    alone = [goal for goal in goals if goal.value.free_symbols == {name}]
    candidates = range(bound, bound + (SCAN if alone else 1))
    return next((v for v in candidates if all(_holds(g, {name: v}) for g in alone)), None)


def _holds(goal: Goal, values: Values) -> bool:
    try:
        return goal.holds(values)
    except GeometryError:
        return False


def models(lemma: Lemma, effort: int) -> Iterator[Values]:
    """Integers at which all hypotheses of a lemma hold, smallest first."""
    goals = (*lemma.given, *lemma.where)
    names = lemma.variables
    bounds = dict.fromkeys(names, None) | _least(goals)
    return instances(names, bounds, goals, effort)


def _least(goals: Sequence[Goal]) -> dict[str, int]:
    """The lower bounds that goals of the form `x - b >= 0` give."""
    found: dict[str, int] = {}
    for goal in goals:
        (name, *more) = goal.value.free_symbols or {""}
        terms = goal.value.terms
        if goal.kind == "ge" and not more and terms.get((name,)) == 1 and len(terms) <= 2:
            bound = -terms.get((), 0)
            if set(terms) <= {(name,), ()}:
                found[name] = max(bound, found.get(name, bound))
    return found


TRIALS = 40
EFFORT = 6_000


def try_out(lemma: Lemma) -> Values | Literal[False] | None:
    """The smallest integers that meet the hypotheses, None where none was found, or False where a
    goal fails at one of the smallest few."""
    first = None
    for values in islice(models(lemma, EFFORT), TRIALS):
        first = first or values
        if not all(goal.holds(values) for goal in lemma.goals):
            return False
    return first


def plausible(lemma: Lemma) -> bool:
    """Whether no goal fails at the smallest few integers that meet the hypotheses."""
    return try_out(lemma) is not False
