"""prove_equal against brute force: thousands of random pairs of maps, in all padding modes.

The oracle, `oracles.triples`, knows a map in two ways. The two must agree, and `prove_equal` must
agree with them.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from oracles.triples import MODES, compare
from proof.random_pairs import FAMILIES, different

import convmatrix as cm

CASES = 320
"""How many pairs each of the 16 tests compares, no two alike: 5,120 in all."""
FEWEST = 125
"""How many of them at least are equal, and at least are not: 2,000 of each in all."""


def check(A, B, rng):
    """All three levels and the counterexample of one pair; the verdict that both sides gave."""
    p, q = compare(A.own, B.own, rng)
    case = f"\n{A.own.text()}\n{B.own.text()}"
    assert (A.lib.out_shape, A.lib.in_shape) == (p.out_shape, p.in_shape), case
    assert (B.lib.out_shape, B.lib.in_shape) == (q.out_shape, q.in_shape), case
    size = (p.out_shape, p.in_shape) == (q.out_shape, q.in_shape)
    apart = p.pairs ^ q.pairs if size else set()
    left, right = p.live, q.live
    places = {t[:2] for t in left.keys() | right.keys() if left.get(t) != right.get(t)}
    equal = size and not places
    if size:
        unlike = set(
            zip(*(axis.tolist() for axis in np.nonzero(p.matrix != q.matrix)), strict=True)
        )
        assert unlike == places, f"the oracle contradicts itself{case}"

    proof = cm.prove_equal(A.lib, B.lib)
    assert proof.holds is equal, f"{proof}{case}"
    connected = cm.prove_equal(A.lib, B.lib, level="connectivity")
    assert connected.holds is (size and not apart), f"{connected}{case}"
    assert cm.prove_equal(A.lib, B.lib, level="size").holds is size, case
    level = "weights" if size and not places & apart else "connectivity" if size else "size"
    assert proof.level == level, f"{proof}{case}"
    for refuted in (proof, connected):
        if refuted.holds:
            assert refuted.counterexample is None, case
            continue
        found = refuted.counterexample
        assert found.replay().differs, f"{refuted}{case}"
        if size:
            row = np.ravel_multi_index(found.output, p.out_shape)
            column = np.ravel_multi_index(found.input, p.in_shape)
            assert (row, column) in (places if refuted is proof else apart), f"{refuted}{case}"
    return equal


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("family", FAMILIES)
def test_verdict_is_that_of_brute_force(family, mode):
    rng = np.random.default_rng([list(MODES).index(mode), list(FAMILIES).index(family)])
    verdicts: Counter = Counter()
    for A, B in different(family, mode, rng):
        verdicts[check(A, B, rng)] += 1
        if verdicts.total() == CASES:
            break
    assert min(verdicts[True], verdicts[False]) >= FEWEST, verdicts
