"""Transposed convolution: connectivity, weights, and the guide's relationships 8-14."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convmatrix.layers import conv1d, conv_transpose1d, pad, sample, zero_insert
from convmatrix.maps.base import Map
from convmatrix.proof.algebra.lemmas import Lemma, at_least, is_zero
from convmatrix.proof.algebra.parsing import evaluate
from convmatrix.proof.algebra.polynomial import Polynomial, variables
from convmatrix.proof.relate.products import channel_lemmas, raveling_lemma
from convmatrix.proof.statements.catalogue.claim import (
    Claim,
    Values,
    equal_maps,
    in_words,
    lemma,
)
from convmatrix.proof.statements.claim import no_parameter
from convmatrix.proof.statements.every import EveryTranspose
from convmatrix.proof.statements.statement import Statement
from convmatrix.proof.statements.textbook import CONSTRUCTION
from convmatrix.relation import mirrored

__all__ = ["CLAIMS"]

GUIDE = "Dumoulin and Visin, arXiv:1603.07285, relationship"
EVERY = "every convolution: all sizes, kernels, strides, dilations, paddings, channels, groups"


FIXED = ("kernel_size", "stride", "padding", "dilation", "padding_mode")
"""What can be fixed of every convolution."""


def _everywhere(claim: Claim, fixed: Values) -> Statement:
    for option in fixed:
        if option not in FIXED:
            raise no_parameter(claim.name, option, FIXED)
    given = {option: value for option, value in fixed.items() if value is not None}
    return EveryTranspose.of(given, claim.level)


def _weights(_: Values) -> list[Lemma]:
    k, t = variables("k t")
    twice = Polynomial.of(mirrored(mirrored(t, k), k))
    inside = mirrored(t, k)
    flip = lemma(
        "flipping twice changes nothing", at_least(k - 1), [*is_zero(twice - t), *at_least(inside)],
        at_least(t, k - 1 - t),
    )  # fmt: skip
    return [flip, *channel_lemmas(), raveling_lemma()]


def _transposed(v: Values, kernel: str, stride: str, padding: str, extra: str) -> Map:
    k, s, p, a = (evaluate(text, v) for text in (kernel, stride, padding, extra))
    return conv_transpose1d(1, 1, k, stride=s, padding=p, output_padding=a).on(v["n"])


def _guide(
    number: int, meaning: str, scope: str, symbols: Mapping[str, int | None], size: str, equal: str,
    *, kernel: str = "k", stride: str = "1", padding: str = "0", extra: str = "0",
    given: Sequence[str] = (),
) -> Claim:  # fmt: skip
    """A transposed convolution is the stride-1 convolution with padding `equal`, of that size."""

    def lemmas(v: Values) -> list[Lemma]:
        T = _transposed(v, kernel, stride, padding, extra)
        around, a = evaluate(equal, v), evaluate(extra, v)
        spaced = zero_insert(evaluate(stride, v), ndim=1).on(v["n"])
        middle = spaced.out_shape[1]
        flipped = conv1d(
            1, 1, evaluate(kernel, v), padding=((around, around + a),), flip=True
        ).on(middle)  # fmt: skip
        more = at_least(*(evaluate(text, v) for text in given))
        return [
            Lemma(each.name, (*more, *each.given), each.where, each.goals, each.says)
            for each in (
                *equal_maps(T, flipped @ spaced),
                lemma("the output size", (), is_zero(T.out_shape[1] - evaluate(size, v))),
            )
        ]

    return Claim(
        f"arithmetic-{number}",
        f"the equivalent stride-1 convolution has p' = {in_words(equal)}"
        f"{f' (+ {extra} behind)' if extra != '0' else ''}; o' = {in_words(size)}",
        meaning, scope, f"{GUIDE} {number}", symbols, lemmas,
    )  # fmt: skip


def _circular(v: Values) -> list[Lemma]:
    before, reach = v["p"], v["d"] * (v["k"] - 1)
    A = conv1d(1, 1, v["k"], dilation=v["d"], padding=((before, reach - before),),
               padding_mode="circular")  # fmt: skip
    B = conv1d(1, 1, v["k"], dilation=v["d"], padding=((reach - before, before),),
               padding_mode="circular", flip=True)  # fmt: skip
    return equal_maps(A.on(v["n"]).T, B.on(v["n"]))


def _strided(v: Values) -> list[Lemma]:
    dense = conv1d(1, 1, v["k"], dilation=v["d"], padding=v["p"]).on(v["n"])
    strided = conv1d(1, 1, v["k"], stride=v["s"], dilation=v["d"], padding=v["p"]).on(v["n"])
    return equal_maps(strided, sample(v["s"], ndim=1).on(dense.out_shape[1]) @ dense)


def _padded(v: Values) -> list[Lemma]:
    widened = pad(((v["p0"], v["p1"]),), ndim=1).on(v["n"])
    options = {"stride": v["s"], "dilation": v["d"]}
    whole = conv1d(1, 1, v["k"], padding=((v["p0"], v["p1"]),), **options).on(v["n"])
    bare = conv1d(1, 1, v["k"], **options).on(widened.out_shape[1])
    return equal_maps(whole, bare @ widened, exists=False)


CLAIMS = (
    Claim(
        "transpose", CONSTRUCTION,
        "the matrix transpose is the textbook transposed convolution, tap for tap",
        f"{EVERY}, padding modes, dimensions and weights", f"{GUIDE} 14, generalised",
        {"n": 1, "k": 1, "s": 1, "d": 1, "p0": None, "p1": None}, lambda _: (), form=_everywhere,
    ),
    Claim(
        "connectivity", "o reads i in A  ⟺  i reads o in Aᵀ",
        "a transposed convolution connects the elements that its convolution connects",
        EVERY, "the article, section on transposed convolution",
        {"n": 1, "k": 1, "s": 1, "d": 1, "p0": None, "p1": None}, lambda _: (), "connectivity",
        form=_everywhere,
    ),
    Claim(
        "weights", "w'[γ·B + b, a, t] = w[γ·A + a, b, k-1-t] is a bijection",
        "transposing swaps the channels within each group and flips the kernel: no weight is lost",
        "all groups γ < g of A outputs and B inputs, all kernels",
        "Dumoulin and Visin, arXiv:1603.07285, section 4", {}, _weights,
    ),
    Claim(
        "circular", "Aᵀ = the circular convolution with the flipped kernel",
        "on a circle a convolution keeps its size, and its transpose is one of the same kind",
        "all n, k, d ≥ 1, p ≥ 0 with p + p₁ = d(k-1)",
        "Sedghi, Gupta and Long, arXiv:1805.10408 (circulant matrices)",
        {"n": 1, "k": 1, "d": 1, "p": 0}, _circular,
    ),
    Claim(
        "stride", "a strided convolution = sample every s-th output of the dense one",
        "a stride only leaves outputs out", "all n, k, s, d ≥ 1, p ≥ 0 at which it exists",
        "the relation itself", {"n": 1, "k": 1, "s": 1, "d": 1, "p": 0}, _strided,
    ),
    Claim(
        "padding", "a padded convolution = an unpadded one after zero padding (or cropping)",
        "padding is a layer of its own", "all n, k, s, d ≥ 1, integers p₀, p₁ at which both exist",
        "the relation itself", {"n": 1, "k": 1, "s": 1, "d": 1, "p0": None, "p1": None}, _padded,
    ),
    _guide(
        8, "transposed, unit stride, no padding: a full convolution", "all n, k ≥ 1",
        {"n": 1, "k": 1}, "n + (k - 1)", "k - 1",
    ),
    _guide(
        9, "transposed, unit stride, padding p", "all n, k ≥ 1, p ≥ 0 with an output",
        {"n": 1, "k": 1, "p": 0}, "n + (k - 1) - 2*p", "k - p - 1", padding="p",
    ),
    _guide(
        10, "transposed, half padding: the size stays", "all n ≥ 1, k = 2h + 1, p = h ≥ 0",
        {"n": 1, "h": 0}, "n", "h", kernel="2*h + 1", padding="h",
    ),
    _guide(
        11, "transposed, full padding: a convolution without padding", "all n ≥ k ≥ 1, p = k - 1",
        {"n": 1, "k": 1}, "n - (k - 1)", "0", padding="k - 1",
    ),
    _guide(
        12, "transposed, any stride, no padding, s divides n - k", "all n, k, s ≥ 1",
        {"n": 1, "k": 1, "s": 1}, "s*(n - 1) + k", "k - 1", stride="s",
    ),
    _guide(
        13, "transposed, any stride and padding, s divides n + 2p - k", "all n, k, s ≥ 1, p ≥ 0",
        {"n": 1, "k": 1, "s": 1, "p": 0}, "s*(n - 1) + k - 2*p", "k - p - 1", stride="s",
        padding="p",
    ),
    _guide(
        14, "transposed, any stride and padding, a = (n + 2p - k) mod s",
        "all n, k, s ≥ 1, p ≥ 0, 0 ≤ a < s", {"n": 1, "k": 1, "s": 1, "p": 0, "a": 0},
        "s*(n - 1) + a + k - 2*p", "k - p - 1", stride="s", padding="p", extra="a",
        given=("s - 1 - a",),
    ),
)  # fmt: skip
