"""Sizes: the guide's relationships 1-7 and 15, the article's formulas, and round trips."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convmatrix.layers import avg_pool, conv1d, conv_transpose1d
from convmatrix.proof.algebra.lemmas import Goal, Lemma, at_least, is_zero
from convmatrix.proof.algebra.parsing import evaluate
from convmatrix.proof.algebra.polynomial import Polynomial
from convmatrix.proof.relate.traces import valid
from convmatrix.proof.result import Replay
from convmatrix.proof.statements.catalogue.claim import Claim, Values, in_words, lemma
from convmatrix.proof.statements.claim import LemmaClaim
from convmatrix.proof.statements.statement import Statement
from convmatrix.proof.statements.textbook import held_convolution, textbook
from convmatrix.relation import Axis, Index

__all__ = ["CLAIMS"]

GUIDE = "Dumoulin and Visin, arXiv:1603.07285, relationship"
ARTICLE = "the article, section on transposed convolution"


def _outputs(axis: Axis) -> Polynomial:
    return Polynomial.of(axis.outputs)


def _axis(layer: Any, n: Index) -> Axis:
    axis = layer.bind((n,)).axes[0]
    assert isinstance(axis, Axis)
    return axis


def _size_claim(
    number: int, formula: str, meaning: str, scope: str, symbols: Mapping[str, int | None],
    *, kernel: str = "k", stride: str = "1", padding: str = "0", dilation: str = "1",
    pool: bool = False,
) -> Claim:  # fmt: skip
    """A relationship of the guide about the output size of a convolution (or pooling)."""

    def lemmas(v: Values) -> list[Lemma]:
        k, s, p, d = (evaluate(text, v) for text in (kernel, stride, padding, dilation))
        window = {"stride": s, "padding": p, "dilation": d}
        if pool:
            axis = avg_pool(k, **window, ndim=1).axes((v["n"],))[1][0]
        else:
            axis = _axis(conv1d(1, 1, k, **window), v["n"])
        return [
            lemma("the output size", valid(axis), is_zero(_outputs(axis) - evaluate(formula, v)))
        ]

    return Claim(
        f"arithmetic-{number}", f"o = {in_words(formula)}", meaning, scope, f"{GUIDE} {number}",
        symbols, lemmas, "size",
    )  # fmt: skip


def _windows(v: Values) -> list[Lemma]:
    axis = Axis(v["n"], v["k"], v["s"], v["d"], v["p0"], v["p1"])
    o = Polynomial({("o",): 1})
    fits = Polynomial.of(axis.size - 1 + axis.after - axis.source(o, axis.kernel - 1))
    counted = Polynomial.of(axis.outputs - 1 - o)
    given = valid(axis)
    return [
        lemma("a counted window fits", given, at_least(fits), at_least(o, counted)),
        lemma("a window that fits is counted", given, at_least(counted), at_least(o, fits)),
    ]


# ------------------------------------------------------------------- transposed convolution


def _transposed_sizes(v: Values) -> tuple[Polynomial, Polynomial, list[Goal]]:
    """Padded and output size of a transposed convolution, and what it needs to exist."""
    layer = conv_transpose1d(
        1, 1, v["k"], stride=v["s"], padding=v["p"], dilation=v["d"], output_padding=v["a"]
    )
    conv, size = held_convolution(layer, (v["n"],))
    padded = textbook(conv, size).factors[1].out_shape[1]  # type: ignore[attr-defined]
    return Polynomial.of(padded), Polynomial.of(size[0]), valid(_axis(conv, size[0]))


def _article(v: Values) -> tuple[list[Goal], Polynomial, Polynomial]:
    full = {**v, "d": v.get("d", Polynomial.of(1)), "a": v.get("a", Polynomial.of(0))}
    padded, output, given = _transposed_sizes(full)
    n, k, s = full["n"], full["k"], full["s"]
    return given, padded - (s * n + s - 1), output - (s * n + (s - k))


def _sizes_when(v: Values) -> list[Lemma]:
    given, padded, output = _article(v)
    same = is_zero(v["p"] - (v["k"] - v["s"]))
    return [
        lemma("p = k - s gives both", given, is_zero(padded, output), same),
        lemma("the padded size gives p = k - s", given, same, is_zero(padded)),
        lemma("the output size gives p = k - s", given, same, is_zero(output)),
    ]


def _sizes(v: Values) -> list[Lemma]:
    given, padded, output = _article(v)
    return [lemma("the article's sizes", given, is_zero(padded, output))]


def _replay_sizes(v: Values) -> Replay:
    """The article's formulas and the sizes of a real transposed convolution, where they differ."""
    n, k, s, p = (int(v[name]) for name in "nksp")
    d, a = int(v.get("d", 1)), int(v.get("a", 0))
    layer = conv_transpose1d(1, 1, k, stride=s, padding=p, dilation=d, output_padding=a)
    conv, (size,) = held_convolution(layer, (n,))
    padded = textbook(conv, (size,)).factors[1].out_shape[1]  # type: ignore[attr-defined]
    sides = [
        ("output size", f"{s}·{n} + ({s} - {k})", s * n + (s - k), size),
        ("padded size", f"{s}·{n} + {s} - 1", s * n + s - 1, padded),
    ]
    differing = [side for side in sides if side[2] != side[3]]
    _, _, expected, got = (differing or sides)[0]
    says = "; ".join(
        f"{name} = {real}, but {text} = {formula}" for name, text, formula, real in differing
    )
    return Replay(expected, got, says)


FORMULAS = "padded size = s·n + s - 1 and output size = s·n + (s - k)"
SIZES = {"n": 1, "k": 1, "s": 1, "p": 0}

EXACTLY = Claim(
    "sizes-exactly", f"{FORMULAS}  ⟺  p = k - s",
    "the article's size formulas hold exactly where p = k - s",
    "all n, k, s ≥ 1, p ≥ 0 at which the transposed convolution exists, d = 1, a = 0",
    ARTICLE, SIZES, _sizes_when, "size",
)  # fmt: skip
HERE = Claim(
    "sizes-here", FORMULAS, "the article's size formulas at a given geometry",
    "all symbols left at which the transposed convolution exists",
    ARTICLE, {**SIZES, "d": 1, "a": 0}, _sizes, "size", {"d": 1, "a": 0}, replay=_replay_sizes,
)  # fmt: skip


def _exactly_or_here(claim: Claim, fixed: Values) -> Statement:
    """Without parameters: exactly when the formulas hold; with some: whether they hold there."""
    return LemmaClaim.of(HERE if fixed else EXACTLY, fixed, known_as=claim.name)


def _round_trip(v: Values) -> list[Lemma]:
    axis = Axis(v["n"], v["k"], v["s"], v["d"], v["p"], v["p"])
    _, back, _ = _transposed_sizes({**v, "n": axis.outputs, "a": Polynomial({("a",): 1})})
    returns = is_zero(back - axis.size)
    remainder = is_zero(Polynomial({("a",): 1}) - axis.room % axis.stride)
    given = valid(axis)
    return [
        lemma("the remainder brings the size back", given, returns, remainder),
        lemma("what brings the size back is the remainder", given, remainder, returns),
    ]


GEOMETRY = {"n": 1, "k": 1, "s": 1, "d": 1, "p": 0}


def _output_padding(v: Values) -> list[Lemma]:
    axis = Axis(v["n"], v["k"], v["s"], v["d"], v["p"], v["p"])
    m, a = Polynomial({("m",): 1}), Polynomial({("a",): 1})
    _, least, _ = _transposed_sizes({**v, "n": m, "a": Polynomial.of(0)})
    again = Axis(least + a, v["k"], v["s"], v["d"], v["p"], v["p"])
    extra = Polynomial.of(axis.size) - least
    here = is_zero(Polynomial.of(axis.outputs) - m)
    return [
        lemma("sizes with m outputs", valid(axis), at_least(extra, v["s"] - 1 - extra), here),
        lemma("every a < s keeps m outputs", at_least(m - 1), is_zero(_outputs(again) - m),
              at_least(a, v["s"] - 1 - a)),
    ]  # fmt: skip


CLAIMS = (
    _size_claim(
        1, "(n - k) + 1", "unit stride, no padding", "all n, k ≥ 1 with k ≤ n", {"n": 1, "k": 1}
    ),
    _size_claim(
        2, "(n - k) + 2*p + 1", "unit stride, any padding", "all n, k ≥ 1, p ≥ 0 that fit",
        {"n": 1, "k": 1, "p": 0}, padding="p",
    ),
    _size_claim(
        3, "n", "half (same) padding: an odd kernel 2h+1 with padding h keeps the size",
        "all n ≥ 1, h ≥ 0", {"n": 1, "h": 0}, kernel="2*h + 1", padding="h",
    ),
    _size_claim(
        4, "n + (k - 1)", "full padding: every partial overlap counts", "all n, k ≥ 1",
        {"n": 1, "k": 1}, padding="k - 1",
    ),
    _size_claim(
        5, "(n - k)//s + 1", "any stride, no padding", "all n, k, s ≥ 1 with k ≤ n",
        {"n": 1, "k": 1, "s": 1}, stride="s",
    ),
    _size_claim(
        6, "(n + 2*p - k)//s + 1", "any stride, any padding", "all n, k, s ≥ 1, p ≥ 0 that fit",
        {"n": 1, "k": 1, "s": 1, "p": 0}, stride="s", padding="p",
    ),
    _size_claim(
        7, "(n - k)//s + 1", "pooling has the sizes of a convolution without padding",
        "all n, k, s ≥ 1 with k ≤ n", {"n": 1, "k": 1, "s": 1}, stride="s", pool=True,
    ),
    _size_claim(
        15, "(n + 2*p - (k + (k - 1)*(d - 1)))//s + 1",
        "a dilated kernel is as wide as one of k + (k-1)(d-1)",
        "all n, k, s, d ≥ 1, p ≥ 0 that fit",
        {"n": 1, "k": 1, "s": 1, "p": 0, "d": 1}, stride="s", padding="p", dilation="d",
    ),
    Claim(
        "windows", "o < m  ⟺  s·o + d(k-1) ≤ n + p₀ + p₁ - 1",
        "the size formula counts exactly the windows that fit",
        "all n, k, s, d ≥ 1, integers p₀, p₁ at which the convolution exists, all o ≥ 0",
        f"{GUIDE}s 6 and 15", {"n": 1, "k": 1, "s": 1, "d": 1, "p0": None, "p1": None},
        _windows, "size",
    ),
    Claim(
        "sizes", EXACTLY.statement,
        "the article's size formulas; they hold exactly where p = k - s (with parameters: here?)",
        EXACTLY.scope, ARTICLE, SIZES, _sizes_when, "size", form=_exactly_or_here,
    ),
    EXACTLY,
    HERE,
    Claim(
        "round-trip", "n' = n  ⟺  a = (n + 2p - d(k-1) - 1) mod s",
        "a transposed convolution returns to the input's size for one output_padding a only",
        "all n, k, s, d ≥ 1, p ≥ 0 at which the convolution exists, all a",
        f"{GUIDE} 14", GEOMETRY, _round_trip, "size",
    ),
    Claim(
        "output-padding", "m(n) = m  ⟺  n = s(m-1) + d(k-1) + 1 - 2p + a with 0 ≤ a < s",
        "s input sizes share each output size; output_padding says which of them is meant",
        "all n, k, s, d, m ≥ 1, p ≥ 0 at which the convolution exists",
        f"{GUIDE}s 13 and 14", GEOMETRY, _output_padding, "size",
    ),
)  # fmt: skip
