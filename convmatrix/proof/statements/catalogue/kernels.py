"""Kernels: dilation as zero insertion and as interleaving, and separation into passes."""

from __future__ import annotations

from dataclasses import replace

from convmatrix.layers import conv1d, pad, zero_insert
from convmatrix.proof.algebra.lemmas import Goal, Lemma, at_least, is_zero
from convmatrix.proof.algebra.polynomial import Polynomial, variables
from convmatrix.proof.relate.traces import valid
from convmatrix.proof.statements.catalogue.claim import Claim, Values, equal_maps, lemma
from convmatrix.relation import Axis

__all__ = ["CLAIMS"]

GUIDE = "Dumoulin and Visin, arXiv:1603.07285"


def _axis(v: Values) -> Axis:
    return Axis(v["n"], v["k"], v["s"], v["d"], v["p"], v["p"])


def _dilation(v: Values) -> list[Lemma]:
    """Tap t of a dilated kernel is tap d*t of the dense one, in which all others are zero."""
    axis = _axis(v)
    o, t = variables("o t")
    spaced = zero_insert(v["d"], ndim=1).on(v["k"])
    dense = replace(axis, kernel=spaced.out_shape[1], dilation=1)
    (step,) = (a for leaf in spaced.leaves for a in leaf.geometry.axes)  # type: ignore[union-attr]
    moved = step.source(t, 0)  # type: ignore[union-attr]
    same_input = is_zero(dense.source(o, moved) - axis.source(o, t))
    thin, full = at_least(*axis.guards(o, t)), at_least(*dense.guards(o, moved))
    of_kernel = at_least(t, v["k"] - 1 - t)
    shape = is_zero(Polynomial.of(dense.outputs) - axis.outputs)
    given = valid(axis)
    return [
        lemma("the sizes are equal", given, [*shape, *is_zero(dense.kernel - axis.span)]),
        lemma("dilated ⇒ zero-inserted", given, [*full, *same_input], thin, f"tap t ↦ {moved}"),
        lemma("zero-inserted ⇒ dilated", given, thin, [*full, *of_kernel], f"tap {moved} ↦ t"),
    ]


def _interleaving(v: Values) -> list[Lemma]:
    """Outputs r, r+d, r+2d, ... read inputs r, r+d, ... only, through a dense kernel."""
    n, k, d = v["n"], v["k"], v["d"]
    axis = Axis(n, k, 1, d)
    o, i, t, r, q = variables("o i t r q")
    whole_o, whole_i = d * o + r, d * i + q
    phase = Axis((n - 1 - r) // d + 1, k)
    reads = is_zero(axis.source(whole_o, t) - whole_i)
    inside = at_least(*axis.guards(whole_o, t))
    phases = at_least(r, d - 1 - r, q, d - 1 - q)
    found = at_least(o, phase.outputs - 1 - o, t, k - 1 - t, i, phase.size - 1 - i)
    same = is_zero(q - r, phase.source(o, t) - i)
    given = valid(axis)
    return [
        lemma(
            "outputs read inputs of their own phase only", given,
            is_zero(phase.source(o, t) - i, q - r), [*reads, *phases, *at_least(t, k - 1 - t)],
        ),
        lemma("dilated ⇒ dense on a phase", given, found,
              [*inside, *phases, *same]),
        lemma("dense on a phase ⇒ dilated", given, [*reads, *inside],
              [*found, *phases, *same]),
    ]  # fmt: skip


def _passes(v: Values) -> list[Lemma]:
    """A pass along another axis leaves this one alone, before and after: so row ∘ column is, on
    each axis, the convolution with that axis' factor."""
    conv = conv1d(1, 1, v["k"], dilation=v["d"], padding=v["p"]).on(v["n"])
    before = pad(0, ndim=1).on(v["n"])
    after = pad(0, ndim=1).on(conv.out_shape[1])
    sides = (("first", equal_maps(conv, after @ conv)), ("last", equal_maps(conv, conv @ before)))
    return [
        replace(each, name=f"an axis whose pass comes {when}: {each.name}")
        for when, lemmas in sides
        for each in lemmas
    ]


def _rank() -> list[Lemma]:
    """What a product of a column and a row does to the 2×2 minors, and back."""
    c, e, r, f = variables("c_a c_u r_b r_v")
    ab, uv, av, ub = variables("w_ab w_uv w_av w_ub")
    return [
        lemma("c ⊗ r has rank 1: every 2×2 minor is 0", (),
              is_zero((c * r) * (e * f) - (c * f) * (e * r))),
        lemma("zero minors factor: w_ab·w_uv = w_av·w_ub, the column times the row through the "
              "pivot w_uv ≠ 0", (), is_zero(ab * uv - av * ub), is_zero(ab * uv - av * ub)),
    ]  # fmt: skip


def _live(v: Values) -> list[Lemma]:
    """Which taps reach an input at all: on a tiny one, not every weight is seen."""
    o, t = variables("o t")
    axis = Axis(v["n"], v["k"], 1, v["d"], v["p"], v["p"])
    slack = Polynomial.of(v["n"] + v["p"] - axis.span)
    start = Polynomial.of(axis.source(0, t))
    tap, given = at_least(t, v["k"] - 1 - t), valid(axis)
    return [
        lemma("n + p > d(k-1): a tap that starts inside is live", given,
              at_least(*axis.guards(Polynomial.of(0), t)), [*tap, *at_least(slack, start)]),
        lemma("n + p > d(k-1): a tap that starts in the padding is live", given,
              at_least(*axis.guards(-start, t)), [*tap, *at_least(slack, -start)]),
        lemma("n + p ≤ d(k-1): the last tap is dead", given, [Goal("ge", Polynomial.of(-1))],
              [*at_least(-1 - slack), *at_least(*axis.guards(o, v["k"] - 1))]),
    ]  # fmt: skip


def _separable(v: Values) -> list[Lemma]:
    return [*_passes(v), *_rank(), *_live(v)]


CLAIMS = (
    Claim(
        "dilation", "dilated convolution = dense convolution with the zero-inserted kernel",
        "a dilation puts d - 1 zeros between the weights",
        "all n, k, s, d ≥ 1, p ≥ 0 at which it exists", f"{GUIDE}, section 5.1",
        {"n": 1, "k": 1, "s": 1, "d": 1, "p": 0}, _dilation,
    ),
    Claim(
        "interleaving", "dilated convolution = d dense convolutions, one on each phase",
        "dilation d is the same as sampling the input at rate d, once for each of d phases",
        "all n, k, d ≥ 1 with d(k-1) < n; unit stride, no padding (pad first)",
        "Shensa, IEEE Trans. Signal Process. 40 (1992), the algorithme à trous",
        {"n": 1, "k": 1, "d": 1}, _interleaving,
    ),
    Claim(
        "separable", "row ∘ column = one convolution with w[a,b] = c[a]·r[b]; w is so iff its "
        "2×2 minors are 0",
        "spatially separable = rank 1; on an input with n + p ≤ d(k-1) a dead tap hides a "
        "kernel that is not",
        "all sizes and kernels; unit stride for the live taps: n + p ≥ d(k-1) + 1",
        "the article, section on spatially separable convolution",
        {"n": 1, "k": 1, "d": 1, "p": 0}, _separable,
    ),
)  # fmt: skip
