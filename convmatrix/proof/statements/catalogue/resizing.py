"""Bilinear upsampling by s is a transposed convolution with the triangle kernel, inside."""

from __future__ import annotations

from convmatrix.layers import conv_transpose1d
from convmatrix.proof.algebra.lemmas import Lemma, at_least, is_zero
from convmatrix.proof.algebra.polynomial import Polynomial, variables
from convmatrix.proof.statements.catalogue.claim import Claim, Values, lemma
from convmatrix.proof.statements.textbook import held_convolution
from convmatrix.relation import Axis
from convmatrix.resize import half_pixel

__all__ = ["CLAIMS"]


def _tap(axis: Axis, o: Polynomial, i: Polynomial) -> Polynomial:
    """The tap through which the transposed convolution writes output `o` from input `i`."""
    return Polynomial.of(o - axis.source(i, 0))


def _triangle(t: Polynomial, s: Polynomial, p: Polynomial) -> Polynomial:
    """Weight `t` of the triangle kernel, times 2s."""
    return 2 * s - abs(Polynomial.of(half_pixel(t - p, s, 1)))


def _bilinear(v: Values) -> list[Lemma]:
    n, s = v["n"], v["s"]
    k, p = 2 * s - s % 2, s // 2
    conv, size = held_convolution(conv_transpose1d(1, 1, k, stride=s, padding=p), (n,))
    axis = conv.bind(size).windows[0]
    o, i = variables("o i")
    place = half_pixel(o, s, 1)
    left = Polynomial.of(place // (2 * s))
    beyond = Polynomial.of(place % (2 * s))
    inside = [*at_least(o, s * n - 1 - o), *at_least(place, 2 * s * (n - 1) - place)]
    near, far, any_tap = (_tap(axis, o, x) for x in (left, left + 1, i))
    given = at_least(n - 1, s - 1)

    def taps(t: Polynomial) -> list[Polynomial]:
        return [t, k - 1 - t]

    return [
        lemma("the sizes are equal", given, is_zero(size[0] - s * n)),
        lemma("the left neighbour has the bilinear weight", given,
              [*at_least(left, n - 1 - left, *taps(near)),
               *is_zero(_triangle(near, s, p) - (2 * s - beyond))], inside),
        lemma("the right neighbour has the bilinear weight", given,
              [*at_least(n - 2 - left, *taps(far)), *is_zero(_triangle(far, s, p) - beyond)],
              [*inside, *at_least(beyond - 1)]),
        lemma("no other input is read", given, at_least(i - left, left + 1 - i),
              [*inside, *at_least(*taps(any_tap))]),
        lemma("before the first pixel's middle it differs: bilinear repeats the border", given,
              at_least(2 * s - 1 - _triangle(_tap(axis, o, Polynomial.of(0)), s, p)),
              at_least(o, s * n - 1 - o, -1 - place)),
        lemma("behind the last pixel's middle it differs too", given,
              at_least(2 * s - 1 - _triangle(_tap(axis, o, n - 1), s, p)),
              at_least(o, s * n - 1 - o, place - 2 * s * (n - 1) - 1)),
    ]  # fmt: skip


CLAIMS = (
    Claim(
        "bilinear", "bilinear ×s upsampling = transposed convolution, k = 2s - s mod 2, stride s, "
        "p = ⌊s/2⌋, w[t] = 1 - |2(t-p) + 1 - s|/(2s), but for the border",
        "outputs between the first and the last pixel's middle are equal; beyond them bilinear "
        "repeats the border and the transposed convolution fades",
        "all n, s ≥ 1 (align_corners=False), an axis",
        "Long, Shelhamer and Darrell, arXiv:1411.4038, section 3.3", {"n": 1, "s": 1}, _bilinear,
    ),
)  # fmt: skip
