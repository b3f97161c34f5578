"""Making certificates: a witness and a step for every goal of a theorem, where they are found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convmatrix.proof.algebra.finder import Memory, find_all
from convmatrix.proof.algebra.instances import try_out
from convmatrix.proof.algebra.theorem import Theorem
from convmatrix.proof.engines.certificate import Certificate

__all__ = ["certify"]


def certify(
    subject: Mapping[str, Any], theorem: Theorem, variant: int, example: Mapping[str, int]
) -> Certificate | None:
    """A certificate of a theorem, or None where no step is found for some goal."""
    if not all(fact for _, fact in theorem.facts):
        return None
    witnesses = [try_out(lemma) for lemma in theorem.lemmas]
    if False in witnesses:
        return None
    memory: Memory = {}
    found = []
    for lemma, witness in zip(theorem.lemmas, witnesses, strict=True):
        steps = find_all(lemma, memory)
        if steps is None:
            return None
        cuts = [[goal.kind, str(goal.value), step] for goal, step in steps[0]]
        found.append((cuts, steps[1], witness))
    return Certificate.of(subject, theorem, variant, found, example)
