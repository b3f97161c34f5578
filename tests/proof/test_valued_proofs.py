"""Proofs for all sizes of maps whose kernels have values, against NumPy at many sizes.

A pair of maps is drawn as text: run with symbols it is what `prove_equal` is asked about, run with
ints it is a pair of matrices, which `oracles.valued` builds with nothing but NumPy. A verdict True
has to hold at every geometry tried, False at its counterexample, and no smaller one may differ.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from random import Random

import numpy as np
import pytest
from oracles.valued import Chain, NoMapError
from proof.valued_pairs import LOWEST, RECIPES, Valued, changed, unrelated

import convmatrix as cm
from convmatrix.proof import Certificate
from convmatrix.proof.engines import decide

CASES = 5
"""How many pairs of each recipe."""
INSTANCES = 8
"""At how many small geometries a proved pair is tried, and at a few large ones."""


# ------------------------------------------------------------------------ pairs and verdicts


@dataclass(frozen=True)
class Case:
    """A pair as a recipe that can be run again with ints, and the verdict on it."""

    recipe: str
    seed: int
    wrong: bool = False

    def __str__(self):
        return f"{self.recipe}-{self.seed}"

    def pair(self, values):
        draw = Valued((self.recipe, self.seed), values)
        left, right = {**RECIPES, "unrelated": unrelated}[self.recipe](draw)
        if self.wrong:
            right = changed(right, Random(self.seed))
        return left, right, draw.used

    def maps(self):
        symbols = dict(zip(LOWEST, cm.symbols(" ".join(LOWEST)), strict=True))
        left, right, _ = self.pair(symbols)
        return left.made(), right.made()

    @property
    def used(self):
        """The symbols that occur; some draw none."""
        symbols = dict(zip(LOWEST, cm.symbols(" ".join(LOWEST)), strict=True))
        return [x for x in LOWEST if x in self.pair(symbols)[2]]

    def matrices(self, values, numbers=None):
        """Both matrices at a geometry, by NumPy; `NoMapError` where one of them does not exist."""
        left, right, _ = self.pair(values)
        numbers = Numbers(self.seed) if numbers is None else numbers
        return left.matrix(numbers), right.matrix(numbers)


class Numbers(dict):
    """A number for each symbol of a weight, drawn once."""

    def __init__(self, seed):
        self._seed = seed

    def __missing__(self, name):
        self[name] = Random(f"{self._seed} {name}").randint(2, 997)
        return self[name]


def geometries(names):
    """Ints for the symbols, by their sum."""

    def split(names, total):
        if not names:
            if total == 0:
                yield {}
            return
        for value in range(LOWEST[names[0]], total + 1):
            for rest in split(names[1:], total - value):
                yield {names[0]: value, **rest}

    for total in range(22):
        yield from split(names, total)


def large(names, seed, count=3):
    """Some geometries further out."""
    rng = Random(seed)
    top = {"n": 13, "m": 6, "s": 4, "d": 3, "p": 3, "q": 3}
    for _ in range(8 * count):
        yield {x: rng.randint(LOWEST[x], top[x]) for x in names}


def same(left, right):
    (a, *shapes), (b, *others) = left, right
    if [tuple(x) for x in shapes] != [tuple(x) for x in others]:
        return False
    return not differ(a, b).any()


def differ(x, y):
    """Integers are exact."""
    if np.result_type(x, y).kind == "i":
        return x != y
    return ~np.isclose(x, y, rtol=1e-9, atol=1e-9)


def existing(case, places, most):
    """The first few geometries at which both sides exist, with the matrices there."""
    found = 0
    for values in places:
        try:
            yield values, *case.matrices(values)
        except NoMapError:
            continue
        found += 1
        if found == most:
            return


@cache
def verdict(case, level="weights"):
    """What is equal and has no certificate is left undecided soon."""
    hopeless = case.recipe in RECIPES and not case.wrong
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decide, "PATIENCE", 0.05 if hopeless else 3.0)
        return cm.prove_equal(*case.maps(), level=level)


def cases(names, count, wrong=False):
    """The pairs of each recipe in which some symbol occurs."""
    found = []
    for name in names:
        drawn = (case for seed in range(10 * count) if (case := Case(name, seed, wrong)).used)
        found += islice(drawn, count)
    return found


def holds_everywhere(case):
    tried = 0
    for values, left, right in (
        *existing(case, geometries(case.used), INSTANCES),
        *existing(case, large(case.used, case.seed), 3),
    ):
        assert same(left, right), values
        tried += 1
    assert tried >= 3


def fails_first_at_the_counterexample(case, proof):
    found = proof.counterexample
    names = case.used
    values = {x: found.geometry.get(x, LOWEST[x]) for x in names}
    left, right = case.matrices(values)
    assert not same(left, right)
    assert found.replay().differs
    if found.output is not None:
        (a, columns, rows), (b, *_) = left, right
        row = np.ravel_multi_index(found.output, tuple(rows))
        column = np.ravel_multi_index(found.input, tuple(columns))
        assert differ(a[row, column], b[row, column])
    for smaller, a, b in existing(case, geometries(names), 300):
        if sum(smaller.values()) >= sum(values.values()):
            break
        assert same(a, b), smaller


@pytest.mark.parametrize("case", cases(RECIPES, CASES), ids=str)
def test_equal_by_construction(case):
    proof = verdict(case)
    assert proof.holds is not False, proof
    holds_everywhere(case)
    if proof.certificate is not None:
        assert Certificate.from_json(proof.certificate.to_json()).check()


@pytest.mark.parametrize("case", cases(RECIPES, CASES, wrong=True), ids=str)
def test_one_weight_changed(case):
    """Refuted, unless the weight meets nothing but zeros."""
    proof = verdict(case)
    if proof.holds is False:
        fails_first_at_the_counterexample(case, proof)
    else:
        holds_everywhere(case)


@pytest.mark.parametrize("case", cases(["unrelated"], 40), ids=str)
def test_unrelated_kernels(case):
    proof = verdict(case)
    if proof.holds is False:
        fails_first_at_the_counterexample(case, proof)
    else:
        holds_everywhere(case)


def test_few_are_left_undecided():
    """Of the pairs that are equal; a wrong one is always refuted."""
    right = Counter(verdict(case).holds for case in cases(RECIPES, CASES))
    assert right[False] == 0
    assert right[None] <= 0.1 * right.total(), right
    wrong = Counter(verdict(case).holds for case in cases(RECIPES, CASES, wrong=True))
    assert wrong[None] == 0
    assert wrong[False] >= 0.9 * wrong.total(), wrong
    chance = Counter(verdict(case).holds for case in cases(["unrelated"], 40))
    assert chance[True] >= 2
    assert chance[False] >= 25
    assert chance[None] <= 2


def test_the_other_way_round():
    """Sides exchanged, or both transposed: the same verdict and the same geometry."""
    for wrong in (False, True):
        for case in cases(RECIPES, 1, wrong=wrong):
            proof, (A, B) = verdict(case), case.maps()
            if proof.holds is None:
                continue
            for other_way in (cm.prove_equal(B, A), cm.prove_equal(A.T, B.T)):
                assert other_way.holds is proof.holds
                if wrong and proof.holds is False:
                    assert other_way.counterexample.geometry == proof.counterexample.geometry


def test_a_certificate_is_of_its_values():
    """With any one number of a kernel changed it proves nothing any more."""
    tried = 0
    for name in ("flip", "composed", "zeros as dilation", "padding modes", "transposed"):
        for case in cases([name], 5):
            proof = verdict(case)
            if not proof.holds:
                continue
            data = json.loads(proof.certificate.to_json())
            kernels = [x for x in found_in(data["subject"]) if isinstance(x["values"][0], int)]
            for kernel in kernels[:2]:
                kernel["values"][0] += 1
                with pytest.raises(cm.CertificateError):
                    Certificate.from_json(json.dumps(data)).check()
                kernel["values"][0] -= 1
                tried += 1
            assert Certificate.from_json(json.dumps(data)).check()
    assert tried >= 10


def found_in(data):
    """Every array of a subject."""
    if isinstance(data, dict):
        if set(data) == {"shape", "values"}:
            yield data
        for value in data.values():
            yield from found_in(value)
    elif isinstance(data, list):
        for value in data:
            yield from found_in(value)


# ------------------------------------------------------------------------------ connectivity


def all_ones(chain):
    """The same layers with every weight 1: who is connected, whatever the weights."""
    layers = tuple(
        all_ones(x) if isinstance(x, Chain)
        else replace(x, weight=np.ones(x.weight.shape, int)) if x.kind == "conv"
        else x
        for x in chain.layers
    )  # fmt: skip
    return replace(chain, layers=layers)


@pytest.mark.parametrize(
    "case", [*cases(RECIPES, 2), *cases(["unrelated"], 15)], ids=str
)  # fmt: skip
def test_connectivity_knows_no_values(case):
    """Zeros connect, and nothing cancels: a product of positive kernels shows who is connected."""
    proof = verdict(case, "connectivity")

    def connected(values):
        left, right, _ = case.pair(values)
        sides = [all_ones(chain).matrix({}) for chain in (left, right)]
        return [(np.asarray(a != 0), *shapes) for a, *shapes in sides]

    if proof.holds is False:
        found = proof.counterexample
        values = {x: found.geometry.get(x, LOWEST[x]) for x in case.used}
        assert not same(*connected(values))
        most, smaller = 150, sum(values.values())
    else:
        most, smaller = INSTANCES, 99
    for values, *_ in existing(case, geometries(case.used), most):
        if sum(values.values()) >= smaller:
            break
        assert same(*connected(values)), values
