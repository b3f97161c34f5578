"""Receptive fields of stacks, by induction over the layers."""

from __future__ import annotations

from convmatrix.proof.algebra.lemmas import Goal, Lemma, at_least, is_zero
from convmatrix.proof.algebra.polynomial import Polynomial, variables
from convmatrix.proof.statements.catalogue.claim import Claim, Values, lemma
from convmatrix.relation import Index, source

__all__ = ["CLAIMS"]


def _layer(o: Index, t: Index, dilation: Index) -> Polynomial:
    """What the next layer of a stack reads, at stride 1 and without padding."""
    return Polynomial.of(source(o, t, stride=1, dilation=dilation, before=0))


def _within(z: Index, last: Index) -> list[Goal]:
    return at_least(Polynomial.of(z), last - Polynomial.of(z))


def _stacked(v: Values) -> list[Lemma]:
    """L layers see exactly z = 0 .. (k-1)L: the step from L to L + 1, and the start at L = 0."""
    k, L = v["k"], v["L"]
    y, t, z = variables("y t z")
    reach, more = (k - 1) * L, (k - 1) * (L + 1)
    far = Polynomial.of(z - reach)
    split = [*_within(far, k - 1), *is_zero(_layer(reach, far, 1) - z)]
    return [
        lemma("L = 0 sees itself only", (), is_zero(z), _within(z, Polynomial.of(0))),
        lemma("the next layer reaches no further", (), _within(_layer(y, t, 1), more),
              [*_within(y, reach), *_within(t, k - 1)]),
        lemma("near places are seen through tap 0", (), is_zero(_layer(z, Polynomial.of(0), 1) - z),
              _within(z, reach)),
        lemma("far places are seen from the far end", (), split,
              [*_within(z, more), *at_least(z - reach)], "from y = (k-1)L through t = z - (k-1)L"),
    ]  # fmt: skip


def _doubling(v: Values) -> list[Lemma]:
    """Dilations 1, 2, 4, ...: L layers see z = 0 .. 2W - 2 with W = 2^L, the next dilation."""
    W = v["W"]
    y, t, z = variables("y t z")
    seen, more = 2 * W - 2, 4 * W - 2

    def reached(tap: int, low: Index, high: Index) -> Lemma:
        y = z - tap * W
        goals = [*_within(y, seen), *is_zero(_layer(y, Polynomial.of(tap), W) - z)]
        name = f"a new place from {low} to {high} is seen through tap {tap}"
        return lemma(name, (), goals, at_least(z - low, high - z))

    return [
        lemma("no layer (W = 1) sees itself only", (), is_zero(z),
              [*_within(z, seen), *is_zero(W - 1)]),
        lemma("the next layer reaches no further", (), _within(_layer(y, t, W), more),
              [*_within(y, seen), *_within(t, Polynomial.of(2))]),
        reached(0, Polynomial.of(0), seen),
        reached(1, 2 * W - 1, 3 * W - 2),
        reached(2, 3 * W - 1, more),
        lemma("the next width is 2·(2W) - 1", (), is_zero(more + 1 - (2 * (2 * W) - 1))),
    ]  # fmt: skip


def _gap_free(v: Values) -> list[Lemma]:
    """A layer of dilation d over a field of width w leaves no gap iff d ≤ w."""
    d, w, k = v["d"], v["w"], v["k"]
    y, t, z = variables("y t z")
    quotient = z // d
    last = d * (k - 1) + w - 1
    capped = Polynomial.of(z - d * (k - 1))
    low = [*_within(z, last), *at_least(k - 1 - quotient, w - d)]
    return [
        lemma("d ≤ w: places before the last tap are seen", (),
              [*_within(z % d, w - 1), *is_zero(_layer(z % d, quotient, d) - z),
               *_within(quotient, k - 1)], low, "through tap z // d"),
        lemma("d ≤ w: places behind it are seen", (),
              [*_within(capped, w - 1), *is_zero(_layer(capped, k - 1, d) - z)],
              [*_within(z, last), *at_least(quotient - k, w - d)], "through tap k - 1"),
        lemma("d > w: place w is not seen", (), [*at_least(t - 1), Goal("ge", Polynomial.of(-1))],
              [*_within(y, w - 1), *_within(t, k - 1), *at_least(d - 1 - w, k - 2),
               *is_zero(_layer(y, t, d) - w)]),
    ]  # fmt: skip


CLAIMS = (
    Claim(
        "receptive-field", "L stacked stride-1 layers see (k-1)L + 1 inputs, without a gap",
        "a stack of small kernels sees as far as one large kernel", "all k ≥ 1, L ≥ 0",
        "Araujo, Norris and Sim, Distill 2019, doi:10.23915/distill.00021",
        {"k": 1, "L": 0}, _stacked, "connectivity",
    ),
    Claim(
        "receptive-field-doubling", "kernels of 3 with dilations 1, 2, 4, ..., 2^(L-1) see "
        "2^(L+1) - 1 inputs, without a gap",
        "dilated stacks see exponentially far (induction, with W = 2^L)", "all L ≥ 0",
        "Yu and Koltun, arXiv:1511.07122, section 2", {"W": 1}, _doubling, "connectivity",
    ),
    Claim(
        "gridding", "dilation d over a gap-free field of width w leaves no gap  ⟺  d ≤ w",
        "why dilations must not grow too fast (a kernel of at least 2 taps)",
        "all d, w, k ≥ 1 (k ≥ 2 for the gap)",
        "Wang et al., arXiv:1702.08502, section 3.2", {"d": 1, "w": 1, "k": 1}, _gap_free,
        "connectivity",
    ),
)  # fmt: skip
