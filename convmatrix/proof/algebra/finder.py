"""Finds the steps that the checker checks, by linear programming. Nothing here need be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import combinations_with_replacement
from math import gcd, lcm
from typing import Any

import numpy as np

from convmatrix.proof.algebra.checker import Terms, add, multiply, proves, scaled
from convmatrix.proof.algebra.lemmas import Goal, Lemma, without_common_factor
from convmatrix.proof.algebra.polynomial import Polynomial, Quotient

__all__ = ["Memory", "find", "find_all", "provable"]

Step = dict[str, Any]


Cut = tuple[Goal, Step]


Memory = dict[tuple[tuple[tuple[str, ...], int], ...], tuple[Step, list[Terms]]]
"""For a goal proved before, its step and the hypotheses that its numbers mean."""


def find_all(lemma: Lemma, memory: Memory | None = None) -> tuple[list[Cut], list[Step]] | None:
    """Facts to prove on the way, and a step for every goal; None where one is not found.

    What one lemma took to prove is tried first in the next one that shares the `memory`.
    """
    memory = {} if memory is None else memory
    for propose in (False, True):
        search = _Search(lemma, memory)
        cuts = search.cuts([*_factored(lemma), *(_proposals(lemma) if propose else ())])
        steps = []
        for goal in lemma.goals:
            step = search.step(goal)
            if step is None:
                break
            search.learn(goal, useful=propose or goal.kind == "eq")
            steps.append(step)
        else:
            return cuts, steps
    return None


@lru_cache(maxsize=64)
def provable(lemma: Lemma) -> bool:
    """Whether every goal of a lemma has a step; remembered by what the lemma says."""
    return find_all(lemma) is not None


def find(lemma: Lemma, goal: Goal) -> Step | None:
    """A step that proves one goal from the lemma's hypotheses."""
    return _Search(lemma, {}).step(goal)


def _factored(lemma: Lemma) -> list[Goal]:
    """`y = 0` for each goal `x*y = 0`, which follows from it."""
    found = [without_common_factor(g.value) for g in lemma.goals if g.kind == "eq"]
    goals = [g.value for g in lemma.goals]
    return [Goal("eq", value) for value in dict.fromkeys(found) if value not in goals]


def _proposals(lemma: Lemma) -> list[Goal]:
    """Facts about the quotients, and about goals divided by a common factor, worth trying."""
    found = []
    for variable in lemma.definitions:
        if not isinstance(variable, Quotient):
            continue
        (numerator, divisor), quotient = variable.inside, Polynomial({(variable,): 1})
        found.append(quotient)
        for h in lemma.ge:
            bound = h + numerator + 1
            if not (bound % divisor).terms:
                found.append(bound // divisor - 1 - quotient)
    for goal in lemma.goals:
        if goal.kind != "ge":
            continue
        content = gcd(*(c for m, c in goal.value.terms.items() if m))
        if content > 1:
            found.append(goal.value // content)
        found.append(without_common_factor(goal.value))
    fresh = dict.fromkeys(value for value in found if not value.is_number)
    return [Goal("ge", value) for value in fresh if value not in lemma.ge]


class _Search:
    """What is known: hypotheses and what was proved from them, and products of these."""

    def __init__(self, lemma: Lemma, memory: Memory) -> None:
        self._memory = memory
        self.ge = [p.terms for p in lemma.ge]
        self.eq = [p.terms for p in lemma.eq]
        self._useful = list(range(len(self.ge)))
        self._products: dict[int, list[tuple[tuple[int, ...], Terms]]] = {}

    def learn(self, goal: Goal, *, useful: bool) -> None:
        """Add what was proved; only what is `useful` takes part in products."""
        known = self.ge if goal.kind == "ge" else self.eq
        if useful and goal.kind == "ge":
            self._useful.append(len(known))
            self._products.clear()
        known.append(goal.value.terms)

    def cuts(self, proposals: list[Goal]) -> list[Cut]:
        """Those proposals that can be proved, in turn."""
        found = []
        for goal in proposals:
            step = self.step(goal)
            if step is not None:
                found.append((goal, step))
                self.learn(goal, useful=True)
        return found

    def step(self, goal: Goal) -> Step | None:
        """A step for a goal."""
        target = goal.value.terms
        if goal.kind == "ge":
            return self._at_least(target)
        step = self._solve(target, 0, refute=False)
        if step is not None:
            return step
        both = [self._at_least(target), self._at_least(scaled(target, -1))]
        return None if None in both else {"both": both}

    def _at_least(self, goal: Terms) -> Step | None:
        if goal in self.ge:
            return {"scale": 1, "sum": [[1, [self.ge.index(goal)]]]}
        key = tuple(sorted(goal.items()))
        step = self._remembered(key)
        if step is not None and proves(step, goal, "ge", self.ge, self.eq):
            return step
        for degree, refute in ((1, False), (1, True), (2, False), (2, True)):
            step = self._solve(goal, degree, refute=refute)
            if step is not None:
                self._memory[key] = step, list(self.ge)
                return step
        return None

    def _remembered(self, key: Any) -> Step | None:
        """A step of another lemma, where all the hypotheses that it uses are known here too."""
        if key not in self._memory:
            return None
        step, known = self._memory[key]
        extra = len(known)  # the number of the goal's opposite
        try:
            terms = [
                [c, [len(self.ge) if j == extra else self.ge.index(known[j]) for j in places]]
                for c, places in step.get("sum", [])
            ]
        except ValueError:
            return None
        return None if "eq" in step else {**step, "sum": terms}

    def _columns(self, degree: int) -> list[tuple[tuple[int, ...], Terms]]:
        """All products of at most `degree` hypotheses, with the hypotheses' numbers."""
        if degree not in self._products:
            self._products[degree] = [
                (places, _product([self.ge[j] for j in places]))
                for size in range(degree + 1)
                for places in combinations_with_replacement(self._useful, size)
            ]
        return self._products[degree]

    def _solve(self, goal: Terms, degree: int, *, refute: bool) -> Step | None:
        """Non-negative multipliers of products, and any of equations, that add up to the goal."""
        columns = list(self._columns(degree)) if degree else []
        target, known = goal, self.ge
        if refute:
            opposite = add(scaled(goal, -1), {(): -1})
            known, target, extra = [*self.ge, opposite], {(): -1}, len(self.ge)
            columns.append(((extra,), opposite))
            if degree > 1:
                columns += [
                    ((j, extra), multiply(known[j], opposite)) for j in (*self._useful, extra)
                ]
        names = {v for p in (*known, *self.eq, goal) for m in p for v in m} if degree != 1 else ()
        monomials: list[tuple[str, ...]] = [(), *((v,) for v in sorted(names))]
        equations = [
            (j, monomial, multiply({monomial: 1}, e))
            for j, e in enumerate(self.eq)
            for monomial in monomials
        ]
        solution = _linear_program(
            [terms for _, terms in columns], [terms for *_, terms in equations], target
        )
        for numbers in solution:
            step = _step(numbers, columns, equations, refute)
            kind = "ge" if degree else "eq"
            if proves(step, goal, kind, self.ge, self.eq):
                return step
        return None


def _product(factors: list[Terms]) -> Terms:
    result: Terms = {(): 1}
    for factor in factors:
        result = multiply(result, factor)
    return result


def _linear_program(
    products: list[Terms], equations: list[Terms], target: Terms
) -> Iterator[list[Fraction]]:
    """Rational solutions worth trying of `sum(x * column) = target`, x >= 0 on the products."""
    rows: dict[tuple[str, ...], int] = {}
    columns = products + equations
    for terms in (*columns, target):
        for monomial in terms:
            rows.setdefault(monomial, len(rows))
    if not columns:
        if not target:
            yield []
        return
    if any(m not in rows for m in target) or not _reachable(columns, target):
        return
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    entries = [(rows[m], j, c) for j, terms in enumerate(columns) for m, c in terms.items()]
    r, c, v = zip(*entries, strict=True) if entries else ((), (), ())
    matrix = csr_array((np.array(v, float), (r, c)), shape=(len(rows), len(columns)))
    right = np.zeros(len(rows))
    for monomial, coefficient in target.items():
        right[rows[monomial]] = coefficient
    cost = np.array([1.0 + len(t) for t in products] + [0.0] * len(equations))
    bounds = [(0, None)] * len(products) + [(None, None)] * len(equations)
    found = linprog(cost, A_eq=matrix, b_eq=right, bounds=bounds, method="highs-ds")
    if found.status != 0:
        return
    for largest in (64, 4096):
        yield [
            Fraction(x).limit_denominator(largest) if abs(x) > 1e-9 else Fraction(0)
            for x in found.x
        ]


def _reachable(columns: list[Terms], target: Terms) -> bool:
    """Whether every monomial of the target occurs in some column."""
    present = {m for terms in columns for m in terms}
    return all(m in present for m in target)


def _step(numbers: list[Fraction], columns: Any, equations: Any, refute: bool) -> Step:
    scale = lcm(*(x.denominator for x in numbers)) if numbers else 1
    whole = [int(x * scale) for x in numbers]
    terms = [[c, list(p)] for c, (p, _) in zip(whole, columns, strict=False) if c]
    factors: dict[int, list[Any]] = {}
    for c, (j, monomial, _) in zip(whole[len(columns) :], equations, strict=True):
        if c:
            factors.setdefault(j, []).append([c, list(monomial)])
    step: Step = {"scale": scale}
    if terms:
        step["sum"] = terms
    if factors:
        step["eq"] = [[j, factor] for j, factor in factors.items()]
    return {**step, "refute": True} if refute else step
