"""Is a statement with symbols true? The engines one after another, and the honest unknown."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import islice
from typing import Any

from convmatrix.errors import GeometryError, ProofError
from convmatrix.proof.certificate import certify
from convmatrix.proof.expressions import Polynomial
from convmatrix.proof.finder import find
from convmatrix.proof.instances import instances
from convmatrix.proof.lemmas import Goal, Lemma
from convmatrix.proof.result import Proof
from convmatrix.proof.subjects import kind_of
from convmatrix.proof.theorem import symbol_guards

__all__ = ["METHODS", "decide"]

METHODS = ("auto", "certificate", "presburger", "search")

MOST_VARIANTS = 12
EFFORT = 40_000
"""Partial geometries that a bounded search looks at."""
PATIENCE = 3.0
"""Seconds after which a bounded search stops; the verdict says how far it came."""


def decide(subject: dict[str, Any], method: str = "auto") -> Proof:
    """The verdict on a subject.

    Polynomial certificates come first, since others can check them; then a bounded search for the
    smallest counterexample, Presburger arithmetic where steps are numbers, and the search again.
    """
    if method not in METHODS:
        raise ProofError(f"method must be one of {METHODS}, got {method!r}")
    first = next(kind_of(subject).theorems(subject), None)
    bounds: Mapping[str, int | None] = subject["symbols"]
    given = first.given if first else symbol_guards(bounds)
    example = next(instances(list(bounds), bounds, given, EFFORT), None)
    level, statement = subject["level"], kind_of(subject).statement(subject)
    if example is None:
        _refuse_vacuous(given)
        searched = f"no geometry at which it says anything was found in {EFFORT} attempts"
        return Proof(None, statement, level, searched, "bounded search")
    scope = first.scope if first else "all geometries at which both sides exist"
    tried = []
    if method in ("auto", "certificate"):
        for variant, theorem in enumerate(
            islice(kind_of(subject).theorems(subject), MOST_VARIANTS)
        ):
            certificate = certify(subject, theorem, variant)
            if certificate is not None:
                steps = certificate.steps
                how = f"polynomial certificate: {steps} steps, checked in exact integers"
                how = how if steps else "polynomial certificate: both sides are one polynomial"
                return Proof(True, statement, level, scope, how, None, certificate, example)
        tried.append("no polynomial certificate was found")
    quick = _search(subject, statement, bounds, given, EFFORT // 20)
    if isinstance(quick, Proof):
        return quick
    if method in ("auto", "presburger"):
        from convmatrix.proof import presburger

        verdict, why, values = presburger.decide(subject, needed=method == "presburger")
        if verdict:
            how = f"Presburger arithmetic (isl): {why}"
            return Proof(True, statement, level, scope, how, None, None, example)
        if values is not None:
            how = "Presburger arithmetic (isl): where the sides first differ, by the sum"
            refuted = _refutation(subject, statement, values, how)
            if refuted is not None:
                return refuted
        tried.append(why)
    found = _search(subject, statement, bounds, given, EFFORT)
    if isinstance(found, Proof):
        return found
    return Proof(
        None, statement, level, found, f"bounded search; {'; '.join(tried)}", None, None, example
    )


def _search(
    subject: Mapping[str, Any],
    statement: str,
    bounds: Mapping[str, int | None],
    given: tuple[Goal, ...],
    effort: int,
) -> Proof | str:
    """The smallest counterexample as a refutation, or what was searched in vain."""
    names = list(bounds)
    start, tried = time.monotonic(), 0
    last: Mapping[str, int] = {}
    for values in instances(names, bounds, given, effort):
        try:
            how = f"bounded search: the smallest of {tried + 1} geometries, by their sum"
            refuted = _refutation(subject, statement, values, how)
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
    return (
        f"{tried} geometries searched, {', '.join(names)} with a sum of up to {total}, none fails"
    )


def _refutation(
    subject: Mapping[str, Any], statement: str, values: Mapping[str, int], how: str
) -> Proof | None:
    """The refutation that one geometry gives, or None where the statement holds there."""
    proof = kind_of(subject).at(subject, values)
    if proof:
        return None
    assert proof.counterexample is not None
    fixed = {name: v for name, v in subject.get("fixed", {}).items() if isinstance(v, int)}
    found = proof.counterexample.at({**values, **fixed})
    scope = f"refuted at {_words(values)}"
    return Proof(False, statement, proof.level, scope, how, found)


def _words(values: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def _refuse_vacuous(given: tuple[Goal, ...]) -> None:
    """`ProofError` where the hypotheses can be shown to contradict each other."""
    impossible = Goal("ge", Polynomial.of(-1))
    if find(Lemma("vacuous", given, (), (impossible,)), impossible) is not None:
        raise ProofError(
            f"the statement is vacuous: no geometry meets {'; '.join(map(str, given))}; "
            f"use an input that the kernel fits"
        )
