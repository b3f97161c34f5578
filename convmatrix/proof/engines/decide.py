"""Is a statement with symbols true? The engines one after another, and the honest unknown."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from convmatrix.errors import GeometryError, ProofError
from convmatrix.layers.calling import is_one_of
from convmatrix.proof.algebra.finder import find
from convmatrix.proof.algebra.instances import instances
from convmatrix.proof.algebra.lemmas import Goal, Lemma
from convmatrix.proof.algebra.polynomial import Polynomial
from convmatrix.proof.engines.certify import certify
from convmatrix.proof.result import Proof
from convmatrix.proof.statements.known import statement_of
from convmatrix.proof.statements.statement import EFFORT, Statement

__all__ = ["METHODS", "decide"]

METHODS = ("auto", "certificate", "presburger", "search")

MOST_VARIANTS = 12
PATIENCE = 3.0
"""Seconds after which a bounded search stops; the verdict says how far it came."""


def decide(statement: Statement, method: str = "auto") -> Proof:
    """The verdict on a statement.

    Polynomial certificates come first, since others can check them; then a quick search for the
    smallest counterexample, Presburger arithmetic where steps are numbers, and a longer search.
    """
    if not is_one_of(method, METHODS):
        raise ProofError(f"method must be one of {METHODS}, got {method!r}")
    engines = _Engines(statement_of(statement.data))
    if engines.statement.example is None:
        _refuse_vacuous(engines.statement.given)
        searched = f"no geometry at which it says anything was found in {EFFORT} attempts"
        return engines.verdict(None, "bounded search", scope=searched)
    in_turn: dict[str, tuple[Callable[[], Proof | str], ...]] = {
        "auto": (engines.certificate, engines.quick_search, engines.presburger),
        "certificate": (engines.certificate,),
        "presburger": (lambda: engines.presburger(needed=True),),
        "search": (),
    }
    reasons = []
    for engine in in_turn[method]:
        found = engine()
        if isinstance(found, Proof):
            return found
        reasons.append(found)
    last = engines.search()
    if isinstance(last, Proof):
        return last
    how = "; ".join(["bounded search", *filter(None, reasons)])
    return engines.verdict(None, how, scope=last)


@dataclass(frozen=True)
class _Engines:
    """Each engine gives a proof, or why it has none."""

    statement: Statement

    def verdict(
        self, holds: bool | None, method: str, *, scope: str = "", certificate: Any = None
    ) -> Proof:
        it = self.statement
        where = scope or it.scope
        return Proof(holds, it.text, it.level, where, method, None, certificate, it.example)

    def certificate(self) -> Proof | str:
        """Steps that a small checker verifies."""
        theorems = islice(self.statement.theorems(), MOST_VARIANTS)
        for variant, theorem in enumerate(theorems):
            found = certify(self.statement.data, theorem, variant, self.statement.example or {})
            if found is not None:
                how = f"{found.steps} steps, checked in exact integers"
                how = how if found.steps else "both sides are one polynomial"
                return self.verdict(True, f"polynomial certificate: {how}", certificate=found)
        return "no polynomial certificate was found"

    def presburger(self, *, needed: bool = False) -> Proof | str:
        """Linear arithmetic with quantifiers, by isl."""
        from convmatrix.proof.engines import presburger

        holds, why, values = presburger.decide(self.statement, needed=needed)
        if holds:
            return self.verdict(True, f"Presburger arithmetic (isl): {why}")
        if values is not None:
            how = "Presburger arithmetic (isl): where the sides first differ, by the sum"
            refuted = self._refutation(values, how)
            if refuted is not None:
                return refuted
        return why

    def quick_search(self) -> Proof | str:
        """The first small geometries."""
        found = self.search(EFFORT // 20)
        return found if isinstance(found, Proof) else ""

    def search(self, effort: int = EFFORT) -> Proof | str:
        """The smallest counterexample as a refutation, or what was searched in vain."""
        bounds, given = self.statement.bounds, self.statement.given
        names = list(bounds)
        start, tried, last = time.monotonic(), 0, dict[str, int]()
        for values in instances(names, bounds, given, effort):
            which = f"the smallest of {tried + 1} geometries, by their sum"
            how = f"bounded search: {which if tried else 'the smallest geometry, by its sum'}"
            try:
                refuted = self._refutation(values, how)
            except GeometryError:
                continue
            if refuted is not None:
                return refuted
            tried, last = tried + 1, values
            if time.monotonic() - start > PATIENCE:
                break
        if not last:
            return "nothing searched: no geometry was found"
        total = sum(abs(v) for v in last.values())
        names_in_words = ", ".join(names)
        geometries = "1 geometry" if tried == 1 else f"{tried} geometries"
        return f"{geometries} searched, {names_in_words} with a sum of up to {total}, none fails"

    def _refutation(self, values: Mapping[str, int], how: str) -> Proof | None:
        """The refutation that one geometry gives, or None where the statement holds there."""
        proof = self.statement.at(values)
        if proof:
            return None
        assert proof.counterexample is not None
        fixed = {
            n: v for n, v in self.statement.data.get("fixed", {}).items() if isinstance(v, int)
        }
        found = proof.counterexample.at({**values, **fixed})
        place = values or found.geometry
        scope = f"refuted at {', '.join(f'{name} = {value}' for name, value in place.items())}"
        return Proof(False, self.statement.text, proof.level, scope, how, found)


def _refuse_vacuous(given: tuple[Goal, ...]) -> None:
    """`ProofError` where the hypotheses can be shown to contradict each other."""
    impossible = Goal("ge", Polynomial.of(-1))
    if find(Lemma("vacuous", given, (), (impossible,)), impossible) is not None:
        raise ProofError(
            f"the statement is vacuous: no geometry meets {'; '.join(map(str, given))}; "
            f"use an input that the kernel fits"
        )
