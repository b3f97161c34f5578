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
from convmatrix.proof.algebra.theorem import symbol_guards
from convmatrix.proof.engines.certificates import certify
from convmatrix.proof.result import Proof
from convmatrix.proof.statements.kinds import Kind, kind_of

__all__ = ["METHODS", "decide"]

METHODS = ("auto", "certificate", "presburger", "search")

MOST_VARIANTS = 12
EFFORT = 40_000
"""Partial geometries that a bounded search looks at; a twentieth of them in a quick one."""
PATIENCE = 3.0
"""Seconds after which a bounded search stops; the verdict says how far it came."""


def decide(subject: dict[str, Any], method: str = "auto") -> Proof:
    """The verdict on a subject.

    Polynomial certificates come first, since others can check them; then a quick search for the
    smallest counterexample, Presburger arithmetic where steps are numbers, and a longer search.
    """
    if not is_one_of(method, METHODS):
        raise ProofError(f"method must be one of {METHODS}, got {method!r}")
    question = _Question.of(subject)
    if question.example is None:
        _refuse_vacuous(question.given)
        searched = f"no geometry at which it says anything was found in {EFFORT} attempts"
        return question.verdict(None, "bounded search", scope=searched)
    engines: dict[str, tuple[Callable[[], Proof | str], ...]] = {
        "auto": (question.certificate, question.quick_search, question.presburger),
        "certificate": (question.certificate,),
        "presburger": (lambda: question.presburger(needed=True),),
        "search": (),
    }
    reasons = []
    for engine in engines[method]:
        found = engine()
        if isinstance(found, Proof):
            return found
        reasons.append(found)
    last = question.search()
    if isinstance(last, Proof):
        return last
    how = "; ".join(["bounded search", *filter(None, reasons)])
    return question.verdict(None, how, scope=last)


@dataclass(frozen=True)
class _Question:
    """A subject with all that its verdict will say; each engine gives a proof, or why not."""

    subject: dict[str, Any]
    kind: Kind
    statement: str
    scope: str
    bounds: Mapping[str, int | None]
    given: tuple[Goal, ...]
    example: dict[str, int] | None

    @classmethod
    def of(cls, subject: dict[str, Any]) -> _Question:
        kind = kind_of(subject)
        first = next(kind.theorems(subject), None)
        bounds: Mapping[str, int | None] = subject["symbols"]
        given = first.given if first else symbol_guards(bounds)
        scope = first.scope if first else "all geometries at which both sides exist"
        example = next(instances(list(bounds), bounds, given, EFFORT), None)
        return cls(subject, kind, kind.statement(subject), scope, bounds, given, example)

    def verdict(
        self, holds: bool | None, method: str, *, scope: str = "", certificate: Any = None
    ) -> Proof:
        where, level = scope or self.scope, self.subject["level"]
        return Proof(holds, self.statement, level, where, method, None, certificate, self.example)

    def certificate(self) -> Proof | str:
        """Steps that a small checker verifies."""
        theorems = islice(self.kind.theorems(self.subject), MOST_VARIANTS)
        for variant, theorem in enumerate(theorems):
            found = certify(self.subject, theorem, variant, self.example or {})
            if found is not None:
                how = f"{found.steps} steps, checked in exact integers"
                how = how if found.steps else "both sides are one polynomial"
                return self.verdict(True, f"polynomial certificate: {how}", certificate=found)
        return "no polynomial certificate was found"

    def presburger(self, *, needed: bool = False) -> Proof | str:
        """Linear arithmetic with quantifiers, by isl."""
        from convmatrix.proof.engines import presburger

        holds, why, values = presburger.decide(self.subject, needed=needed)
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
        names = list(self.bounds)
        start, tried, last = time.monotonic(), 0, dict[str, int]()
        for values in instances(names, self.bounds, self.given, effort):
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
        proof = self.kind.at(self.subject, values)
        if proof:
            return None
        assert proof.counterexample is not None
        fixed = {n: v for n, v in self.subject.get("fixed", {}).items() if isinstance(v, int)}
        found = proof.counterexample.at({**values, **fixed})
        place = values or found.geometry
        scope = f"refuted at {', '.join(f'{name} = {value}' for name, value in place.items())}"
        return Proof(False, self.statement, proof.level, scope, how, found)


def _refuse_vacuous(given: tuple[Goal, ...]) -> None:
    """`ProofError` where the hypotheses can be shown to contradict each other."""
    impossible = Goal("ge", Polynomial.of(-1))
    if find(Lemma("vacuous", given, (), (impossible,)), impossible) is not None:
        raise ProofError(
            f"the statement is vacuous: no geometry meets {'; '.join(map(str, given))}; "
            f"use an input that the kernel fits"
        )
