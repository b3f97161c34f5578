"""Proofs for all sizes against brute force: random pairs of maps with symbols, tried out in ints.

A pair is made by a recipe that draws its numbers as text. Run with symbols in them, it is what
`prove_equal` is asked about; run with ints, by the same makers, it is what the verdict has to
agree with. At fixed sizes `prove_equal` compares all triples, and `test_proof_random.py` holds
that against an oracle of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice, product
from random import Random

import pytest
from oracles.draws import Draw
from proof.mutants import chain

import convmatrix as cm
from convmatrix.proof.engines import decide

LOWEST = {"n": 1, "m": 1, "k": 1, "s": 1, "d": 1, "p": 0, "a": 0}
"""Where the symbols start, as `cm.symbols` has it."""
CASES = 25
"""How many pairs of each recipe: 200 in all."""
INSTANCES = 8
"""How many geometries, small ones and again larger ones, a proved pair is tried at."""
MODES = ("zeros", "zeros", "circular", "reflect", "replicate")
CONV = {1: cm.conv1d, 2: cm.conv2d}


# ---------------------------------------------------------------------- drawing a recipe


@dataclass
class Wronged(Draw):
    """Choices of which number `change` is made wrong on one side (where a recipe says `wrong`)."""

    change: int | None = None
    asked: int = 0

    def numbers(self, ndim, *texts):
        return tuple(self.number(*texts) for _ in range(ndim))

    def pads(self, ndim, *texts):
        return tuple((self.number(*texts), self.number(*texts)) for _ in range(ndim))

    def wrong(self, value):
        """The value; where it is the one to change, another of the same kind."""
        self.asked += 1
        if self.asked != self.change:
            return value
        if isinstance(value, bool):
            return not value
        if isinstance(value, str):
            return "replicate" if value != "replicate" else "circular"
        if isinstance(value, tuple):
            return (self.wrong_inside(value[0]), *value[1:])
        return value + 1

    @staticmethod
    def wrong_inside(value):
        return (value[0], value[1] + 1) if isinstance(value, tuple) else value + 1

    def conv(self, ndim, mode="zeros"):
        """The options of a convolution, its channels first."""
        groups, crop = self.one(1, 1, 2), ("-1",) if mode == "zeros" else ()
        return (groups * self.one(1, 1, 2), groups * self.one(1, 1, 2)), {
            "kernel_size": self.numbers(ndim, "1", "2", "3", "k", "k", "k + 1"),
            "stride": self.numbers(ndim, "1", "2", "3", "s", "s"),
            "dilation": self.numbers(ndim, "1", "1", "2", "d"),
            "padding": self.pads(ndim, "0", "1", "2", "p", "p", "a", *crop),
            "padding_mode": mode,
            "groups": groups,
            "flip": self.one(False, False, True),
        }

    def size(self, ndim):
        return self.numbers(ndim, "n") if ndim == 1 else (self.number("n"), self.number("m", "4"))


def wronged(draw, options):
    return {name: draw.wrong(value) for name, value in options.items() if name != "groups"} | {
        "groups": options["groups"]
    }


# ---------------------------------------------------------------------------- the recipes


def pad_then_convolve(draw):
    ndim, mode = draw.one(1, 1, 2), draw.one(*MODES)
    (c, o), options = draw.conv(ndim, mode)
    size = draw.size(ndim)
    padding = options["padding"]
    bare = wronged(draw, {**options, "padding": ((0, 0),) * ndim, "padding_mode": "zeros"})
    around = cm.pad(draw.wrong(padding), mode=draw.wrong(mode), ndim=ndim, channels=c)
    return CONV[ndim](c, o, **options).on(*size), chain(size, around, CONV[ndim](c, o, **bare))


def convolve_then_sample(draw):
    ndim = draw.one(1, 1, 2)
    (c, o), options = draw.conv(ndim, draw.one(*MODES))
    size = draw.size(ndim)
    picked = cm.sample(draw.wrong(options["stride"]), ndim=ndim, channels=o)
    every = wronged(draw, {**options, "stride": (1,) * ndim})
    return CONV[ndim](c, o, **options).on(*size), chain(size, CONV[ndim](c, o, **every), picked)


def transpose_by_hand(draw):
    """For more channels than one this holds for connectivity only: the weights are not swapped."""
    c, o = draw.one((1, 1), (1, 1), (1, 1), (1, 2), (2, 2))
    (_, _), options = draw.conv(1)
    (n,), (k,), (s,), (d,) = (draw.size(1), *(options[x] for x in LONG[:3]))
    ((before, after),) = options["padding"]
    options["groups"] = groups = draw.one(1, c)
    if o % groups:
        options["groups"] = groups = 1
    A = cm.conv1d(c, o, **options).on(n)
    reach = d * (k - 1)
    spare = (n + before + after - reach - 1) % s
    low, high = draw.wrong(reach - before), draw.wrong(reach - after + spare)
    B = chain(
        A.out_shape[1:],
        cm.zero_insert(s * draw.wrong(1), ndim=1, channels=o),
        cm.pad(((low, high),), ndim=1, channels=o),
        cm.conv1d(
            o, c, k, dilation=draw.wrong(d), flip=draw.wrong(not options["flip"]), groups=groups
        ),
    )
    return A.T, B


LONG = ("kernel_size", "stride", "dilation")


def transposed_layer(draw):
    (c, o), options = draw.conv(1)
    (m,), (k,), (s,), (d,) = (draw.size(1), *(options[x] for x in LONG))
    ((before, after),) = options["padding"]
    del options["flip"]
    layer = cm.conv_transpose1d(o, c, **options)
    n = draw.wrong(s * (m - 1) + d * (k - 1) + 1 - before - after)
    A = cm.conv1d(c, o, **wronged(draw, options)).on(n)
    return layer.on(m), A.T


def products_transposed(draw):
    (c, o), options = draw.conv(1, draw.one(*MODES))
    A = cm.conv1d(c, o, **options).on(*draw.size(1))
    second = {name: draw.number(*texts) for name, texts in SHORT.items()}
    B = cm.conv1d(o, 1, **second).on(*A.out_shape[1:])
    other = cm.conv1d(o, 1, **{x: draw.wrong(v) for x, v in second.items()})
    other = B if draw.asked < (draw.change or 99) else other.on(*A.out_shape[1:])
    return draw.one(
        ((B @ A).T, A.T @ other.T), ((A.T @ A).T, A.T @ A), ((B @ A), (A.T @ other.T).T)
    )


SHORT = {"kernel_size": ("2", "k"), "stride": ("1", "2"), "padding": ("0", "p"), "dilation": ("1",)}


def picks_of_picks(draw):
    """Padding, cropping, sampling and spreading, one after another, and in one go."""
    ndim = draw.one(1, 1, 2)
    size = draw.size(ndim)
    kind = draw.one("pad", "sample", "spread", "undo", "crop")
    mode = draw.one("zeros", "zeros", "replicate", "circular")
    x = draw.numbers(ndim, "1", "2", "p", "p + a")
    y = draw.numbers(ndim, "1", "a", "2", "p")
    s, t = draw.numbers(ndim, "1", "2", "s"), draw.numbers(ndim, "2", "3", "k")
    both = draw.wrong(tuple(a + b for a, b in zip(x, y, strict=True)))
    factor = draw.wrong(1)
    times = tuple(factor * a * b for a, b in zip(s, t, strict=True))
    nothing = cm.pad(0, ndim=ndim)
    if kind == "pad":
        twice = cm.pad(x, mode=mode, ndim=ndim), cm.pad(y, mode=draw.wrong(mode), ndim=ndim)
        return chain(size, *twice), chain(size, cm.pad(both, mode=mode, ndim=ndim))
    if kind == "sample":
        return (
            chain(size, cm.sample(s, ndim=ndim), cm.sample(t, ndim=ndim)),
            chain(size, cm.sample(times, ndim=ndim)),
        )
    if kind == "spread":
        return (
            chain(size, cm.zero_insert(s, ndim=ndim), cm.zero_insert(t, ndim=ndim)),
            chain(size, cm.zero_insert(times, ndim=ndim)),
        )
    if kind == "undo":
        back = cm.sample(draw.wrong(s), ndim=ndim)
        return chain(size, cm.zero_insert(s, ndim=ndim), back), chain(size, nothing)
    minus = cm.pad(tuple((-v, -draw.wrong(v)) for v in x), ndim=ndim)
    return chain(size, cm.pad(x, mode=mode, ndim=ndim), minus), chain(size, nothing)


def convolve_then_crop(draw):
    (c, o), options = draw.conv(1, draw.one("zeros", "zeros", "circular"))
    (n,) = draw.size(1)
    options["stride"] = (1,)
    ((before, after),) = options["padding"]
    cut = draw.number("0", "1", "p", "a")
    wide = {**options, "padding": ((before + cut, after + draw.wrong(cut)),)}
    less = cm.pad(((-draw.wrong(cut), -cut),), ndim=1, channels=o)
    narrow = cm.conv1d(c, o, **options).on(n)
    return narrow, chain((n,), cm.conv1d(c, o, **wronged(draw, wide)), less)


def two_layers(draw):
    """The same layer written twice, one of them with a change."""
    ndim = draw.one(1, 1, 2)
    (c, o), options = draw.conv(ndim, draw.one(*MODES))
    size = draw.size(ndim)
    before = cm.pad(draw.pads(ndim, "0", "1", "p"), mode=draw.one(*MODES), ndim=ndim, channels=c)
    after = cm.sample(draw.numbers(ndim, "1", "2", "s"), ndim=ndim, channels=o)
    parts = draw.one((), (), (before,)), draw.one((), (after,))
    left, right = (CONV[ndim](c, o, **x) for x in (options, wronged(draw, options)))
    return tuple(chain(size, *parts[0], layer, *parts[1]) for layer in (left, right))


RECIPES = (
    pad_then_convolve,
    convolve_then_sample,
    transpose_by_hand,
    transposed_layer,
    products_transposed,
    picks_of_picks,
    convolve_then_crop,
    two_layers,
)


# ------------------------------------------------------------------------ brute force


def geometries(names):
    """Values for the names by increasing sum."""
    total = sum(LOWEST[x] for x in names)
    while names:
        spans = [range(LOWEST[x], total + 1) for x in names[:-1]]
        for values in product(*spans):
            last = total - sum(values)
            if last >= LOWEST[names[-1]]:
                yield dict(zip(names, (*values, last), strict=True))
        total += 1
    yield {}


def verdict(recipe, seed, change, level, values):
    """`prove_equal` in numbers, or None where a side does not exist."""
    try:
        pair = recipe(Wronged(seed, {**LOWEST, **values}, change))
    except cm.GeometryError:
        return None
    return cm.prove_equal(*pair, level=level)


def larger(rng, names):
    """Random geometries, with windows that mostly fit."""
    for _ in range(60):
        yield {
            x: LOWEST[x] + (rng.randrange(2, 9) if x in "nm" else rng.randrange(4)) for x in names
        }


def agrees(proof, at, names, rng):
    """Brute force says what the proof says; `at` gives the verdict in numbers."""
    if proof.holds:
        for part in (islice(geometries(names), 400), larger(rng, names)):
            existing = (there for values in part if (there := at(values)) is not None)
            verdicts = [there.holds for there in islice(existing, INSTANCES)]
            assert verdicts, "a proof about nothing"
            assert all(verdicts), proof
    if proof.holds is False:
        found = proof.counterexample
        there = at(found.geometry)
        assert (there.holds, there.level) == (False, proof.level)
        assert found.replay().differs
        total = sum(found.geometry.values())
        for values in geometries(sorted(found.geometry)):
            if sum(values.values()) >= total:
                break
            before = at(values)
            assert before is None or before.holds, f"{values} fails before {found.geometry}"


@cache
def outcomes(recipe):
    """How many of a recipe's pairs are proved, refuted and unknown, each checked."""
    rng = Random(recipe.__name__)
    symbols = dict(zip(LOWEST, cm.symbols(" ".join(LOWEST)), strict=True))
    counts = Counter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decide, "PATIENCE", 0.05)
        while counts.total() < CASES or (
            min(counts[True], counts[False]) < 4 and counts.total() < 3 * CASES
        ):
            seed, change = rng.random(), rng.choice((None, *range(1, 10)))
            level = rng.choice(("weights", "weights", "connectivity", "size"))
            draw = Wronged(seed, symbols, change)
            pair = recipe(draw)
            if not any(m.is_symbolic for m in pair):
                continue
            proof = cm.prove_equal(*pair, level=level)
            at = partial(verdict, recipe, seed, change, level)
            agrees(proof, at, sorted(draw.used), rng)
            counts[proof.holds] += 1
    return counts


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.__name__)
def test_verdicts_for_all_sizes_are_what_brute_force_says(recipe):
    counts = outcomes(recipe)
    assert min(counts[True], counts[False]) >= 4, counts


def test_few_verdicts_are_unknown():
    counts = sum(map(outcomes, RECIPES), Counter())
    print(dict(counts))
    assert counts[None] < counts.total() / 10


# ------------------------------------------------------------------- the honest unknown


def test_what_no_engine_decides_is_unknown_and_says_how_far_it_looked(monkeypatch):
    """True, but no engine can tell: circular padding meets itself through a symbolic stride."""
    monkeypatch.setattr(decide, "PATIENCE", 0.5)
    n, s, p = cm.symbols("n s p")
    A = cm.conv1d(1, 1, 2, stride=s, padding=p, padding_mode="circular").on(n)
    proof = cm.prove_equal((A.T @ A).T, A.T @ A)
    assert proof.holds is None
    with pytest.raises(cm.ProofError, match=r"neither proved nor refuted.*use \.holds"):
        bool(proof)
    assert proof.verdict == "unknown"
    assert (proof.counterexample, proof.certificate) == (None, None)
    searched, total = map(
        int, re.findall(r"(\d+) geometries searched, .* up to (\d+)", proof.scope)[0]
    )
    assert searched > 10
    assert total >= 5
    assert "none fails" in proof.scope
    assert "no polynomial certificate was found" in proof.method


@pytest.mark.parametrize("method", ["certificate", "presburger", "search"])
def test_one_engine_alone_never_says_more_than_it_knows(method, monkeypatch):
    """An engine that is asked alone proves or refutes, or says that it does not know."""
    if method == "presburger":
        pytest.importorskip("islpy")
    monkeypatch.setattr(decide, "PATIENCE", 0.2)
    n, p = cm.symbols("n p")
    conv = cm.conv1d(1, 1, 3, padding=p)
    bare = cm.conv1d(1, 1, 3).on(n + 2 * p)
    right = bare @ cm.pad(p, ndim=1).on(n)
    wrong = bare @ cm.pad(((p + 1, p - 1),), ndim=1).on(n)
    proof = cm.prove_equal(conv.on(n), right, method=method)
    assert proof.holds is (None if method == "search" else True)
    refuted = cm.prove_equal(conv.on(n), wrong, method=method)
    assert refuted.holds is False
    assert refuted.counterexample.geometry == {"n": 1, "p": 1}


def test_a_layer_used_twice_is_one_kernel_and_two_others_are_two():
    """Kernels are named by their place among the leaves, not by the leaf: it may be there twice."""
    from convmatrix.proof.compare.kernels import kernel_names
    from convmatrix.proof.relate.sides import Equation

    n = cm.symbols("n")
    A, B = cm.conv1d(1, 1, 3).on(n), cm.conv1d(1, 1, 3).on(n)
    squared, mixed = A.T @ A, A.T @ B
    assert kernel_names(squared, mixed) == (["w1", "w2"], ["w1", "w2"])
    left, _ = Equation(squared, mixed, {}, "weights").sides
    assert left.names == ("w2", "w1")
