"""Channels: groups as blocks, and depthwise-separable as a product."""

from __future__ import annotations

from dataclasses import replace

from convmatrix.layers import conv1d, pad
from convmatrix.proof.algebra.lemmas import Lemma, at_least, is_zero
from convmatrix.proof.algebra.polynomial import Polynomial, variables
from convmatrix.proof.statements.catalogue.claim import Claim, Values, equal_maps, lemma
from convmatrix.stencil import read_channel

__all__ = ["CLAIMS"]

GROUPS = {"g": 1, "A": 1, "B": 1}


def _grouping(v: Values) -> list[Lemma]:
    g, A, B = v["g"], v["A"], v["B"]
    o, c, i, group = variables("o c i γ")
    read = read_channel(o, c, A, B)
    element = at_least(o, g * A - 1 - o, c, B - 1 - c)
    block = at_least(group, g - 1 - group, o - group * A, group * A + A - 1 - o)
    return [
        lemma("an output reads inputs of its own group", (),
              [*is_zero(read // B - o // A), *at_least(read, g * B - 1 - read)], element,
              f"output channel o reads {read}"),
        lemma("a block is a contiguous range of rows and columns", (),
              [*is_zero(o // A - group), *at_least(read - group * B, group * B + B - 1 - read)],
              [*block, *at_least(c, B - 1 - c)]),
        lemma("within its block every pair is connected", (),
              [*is_zero(read_channel(o, i - group * B, A, B) - i)],
              [*block, *at_least(i - group * B, group * B + B - 1 - i)]),
    ]  # fmt: skip


def _one_group(v: Values) -> list[Lemma]:
    o, i = variables("o i")
    where = at_least(o, v["A"] - 1 - o, i, v["B"] - 1 - i)
    reads = is_zero(read_channel(o, i, v["A"], v["B"]) - i)
    return [lemma("every output reads every input", (), reads, where)]


def _depthwise(v: Values) -> list[Lemma]:
    o, c, i, j = variables("o c i j")
    C, M = v["C"], v["A"]
    reads = read_channel(o, c, M, 1)
    one = [*at_least(o, C * M - 1 - o), *at_least(c, -c)]
    return [
        lemma("an output reads one input", (), is_zero(reads - o // M), one),
        lemma("input i feeds the outputs iM .. iM + M - 1", (),
              is_zero(read_channel(i * M + j, Polynomial.of(0), M, 1) - i),
              at_least(i, C - 1 - i, j, M - 1 - j)),
    ]  # fmt: skip


def _depthwise_separable(v: Values) -> list[Lemma]:
    axis = {"stride": v["s"], "dilation": v["d"], "padding": v["p"]}
    conv = conv1d(1, 1, v["k"], **axis).on(v["n"])
    point = pad(0, ndim=1).on(conv.out_shape[1])
    spatial = [
        replace(each, name=f"an axis, where 1×1 is the identity: {each.name}")
        for each in equal_maps(conv, point @ conv)
    ]
    o, u, i, j = variables("o u i j")
    C, M, outputs = v["C"], v["A"], v["B"]
    middle = i * M + j
    inside = [*at_least(o, outputs - 1 - o), *at_least(i, C - 1 - i, j, M - 1 - j)]
    through = [*at_least(o, outputs - 1 - o), *at_least(u, C * M - 1 - u)]
    pointwise = read_channel(o, middle, outputs, C * M)
    return [
        *spatial,
        lemma("o reads i through M middle channels iM + j", (),
              [*is_zero(pointwise - middle, read_channel(middle, Polynomial.of(0), M, 1) - i),
               *at_least(middle, C * M - 1 - middle)], inside,
              "W[o,i,t] = Σ_j P[o, iM + j]·D[iM + j, 0, t]"),
        lemma("and through no other", (),
              [*is_zero(read_channel(u, Polynomial.of(0), M, 1) * M + u % M - u),
               *at_least(u % M, M - 1 - u % M)], through),
    ]  # fmt: skip


CLAIMS = (
    Claim(
        "grouping", "a grouped convolution is block diagonal: output o reads input i only if "
        "⌊o/A⌋ = ⌊i/B⌋",
        "each group is a convolution of its own; channels come first, so blocks are contiguous",
        "all groups g ≥ 1 of A outputs and B inputs",
        "the article, section on grouped convolution", GROUPS, _grouping,
    ),
    Claim(
        "grouping-one", "g = 1: every output channel reads every input channel",
        "one group is the regular convolution", "all A outputs, B inputs",
        "the article, section on grouped convolution", {"A": 1, "B": 1}, _one_group,
    ),
    Claim(
        "grouping-depthwise", "g = C_in: output channel o reads the one input channel ⌊o/M⌋",
        "as many groups as input channels is the depthwise convolution, M its multiplier",
        "all C inputs, A = M outputs each", "the article, section on depthwise convolution",
        {"C": 1, "A": 1}, _depthwise,
    ),
    Claim(
        "depthwise-separable", "pointwise ∘ depthwise = one convolution with "
        "W[o,i,t] = Σ_j P[o, iM + j]·D[iM + j, 0, t]",
        "a depthwise-separable convolution is a regular one whose weight is a product",
        "all C inputs, multiplier A = M, B outputs, all n, k, s, d ≥ 1, p ≥ 0",
        "the article, section on depthwise-separable convolution",
        {"n": 1, "k": 1, "s": 1, "d": 1, "p": 0, "C": 1, "A": 1, "B": 1}, _depthwise_separable,
    ),
)  # fmt: skip
