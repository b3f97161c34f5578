"""Wrong constructions with symbols in them: each is refuted, at its level, where it first fails.

Every mutant is a right construction with one mistake, and the right one is proved beside it. The
counterexample is compared with brute force over all geometries of a smaller sum.
"""

from __future__ import annotations

from itertools import product

import pytest
from proof.mutants import MUTANTS, make_symbols, padded_twice, stacked

import convmatrix as cm


def smaller(example):
    """All geometries of a smaller sum."""
    least = [0 if name[0] in "pa" else 1 for name in example]
    total = sum(example.values())
    for values in product(*(range(low, total) for low in least)):
        if sum(values) < total:
            yield dict(zip(example, values, strict=True))


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_mutant_is_refuted_at_its_level_where_it_first_fails(mutant):
    proof = cm.prove_equal(*mutant.wrong(make_symbols(mutant.names)), level=mutant.asked)
    assert (proof.holds, proof.level, proof.certificate) == (False, mutant.level, None)
    found = proof.counterexample
    assert set(found.geometry) == set(mutant.names.split())
    assert found.replay().differs, "the matrices of that geometry do not"
    there = mutant.at(found.geometry)
    assert (there.holds, there.level) == (False, mutant.level)
    before = [mutant.at(values) for values in smaller(found.geometry)]
    assert all(verdict is None or verdict.holds for verdict in before)


@pytest.mark.parametrize(
    "mutant",
    [m for m in MUTANTS.values() if m.right],
    ids=[name for name, m in MUTANTS.items() if m.right],
)
def test_without_the_mistake_it_is_proved(mutant):
    proof = cm.prove_equal(*mutant.right(make_symbols(mutant.names)), level=mutant.asked)
    assert proof.holds is True
    assert proof.certificate.check()


@pytest.mark.parametrize(
    ("make", "level"),
    [(stacked, "connectivity"), (padded_twice, "weights")],
    ids=["stack", "padded twice"],
)
def test_presburger_proves_what_is_right(make, level):
    """What has no certificate: the reach of a stack is k + m - 1, replicate pads in two steps."""
    pytest.importorskip("islpy")
    proof = cm.prove_equal(*make(make_symbols("n k m p")), level=level, method="presburger")
    assert proof.holds is True
