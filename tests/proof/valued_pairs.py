"""Recipes of pairs of maps with given kernels: equal by construction, or unrelated."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import prod

import numpy as np
from oracles.draws import Draw
from oracles.valued import Chain, conv, other, vector

import convmatrix as cm

LOWEST = {"n": 1, "m": 1, "s": 1, "d": 1, "p": 0, "q": 1}
"""Where the symbols start, as `cm.symbols` has it."""


class Valued(Draw):
    """Choices of sizes, of kernels and of the options of layers."""

    def size(self, ndim):
        return tuple(self.number(x) for x in ("n", "m")[:ndim])

    def weight(self, *shape, kind=None):
        """A kernel: ints that repeat, cancel and vanish; fractions; or symbols and their sums."""
        kind = kind or self.one("ints", "ints", "fractions", "symbols", "sums", "floats")
        if kind == "symbols":
            return cm.weight_symbols(self.one("a", "b", "w"), shape)
        if kind == "sums":
            letters = cm.weight_symbols("c", (3,))
            pick = [*letters, letters[0] - letters[1], 2 * letters[2], letters[0] * 0 + 1]
        elif kind == "fractions":
            pick = [Fraction(1, 3), Fraction(-1, 3), Fraction(1, 2), 0, 1]
        elif kind == "floats":
            pick = [0.5, -0.5, 0.25, 2.0, 0.0]
        else:
            pick = [-2, -1, -1, 0, 0, 1, 1, 2, 3]
        values = np.empty(shape, object)
        for place in np.ndindex(shape):
            values[place] = self.rng.choice(pick)
        return values

    def options(self, *modes):
        """Stride, dilation and padding of one axis, and the mode; only zeros may be cropped."""
        mode, pads = self.one(*modes), ("p", "p", "0", "1", "2", "p + 1")
        before = self.number(*pads)
        crop = ("-1",) if mode == "zeros" else ()
        after = before if self.one(True, True, False) else self.number(*pads, "q", *crop)
        return {
            "stride": self.number("s", "s", "1", "2", "s + 1"),
            "dilation": self.number("d", "1", "1", "2"),
            "padding": ((before, after),),
            "mode": mode,
        }


MODES = ("zeros", "zeros", "circular", "reflect", "replicate")


def full(a, b):
    """The product of two kernels of one channel as polynomials."""
    result = [0] * (a.shape[-1] + b.shape[-1] - 1)
    for i, x in enumerate(a[0, 0]):
        for j, y in enumerate(b[0, 0]):
            result[i + j] = result[i + j] + x * y
    return vector(*result)


def flipped(draw):
    """A flipped convolution has the flipped kernel."""
    ndim = draw.one(1, 1, 2)
    kernel = tuple(draw.one(1, 2, 3) for _ in range(ndim))
    groups = draw.one(1, 1, 2)
    w = draw.weight(groups * draw.one(1, 2), draw.one(1, 2), *kernel)
    mode = draw.one(*MODES)
    axes = [draw.options(mode) for _ in range(ndim)]
    options = {
        "stride": tuple(a["stride"] for a in axes),
        "dilation": tuple(a["dilation"] for a in axes),
        "padding": tuple(a["padding"][0] for a in axes),
        "mode": mode,
        "groups": groups,
    }
    turned = w[(..., *(slice(None, None, -1),) * ndim)]
    size = draw.size(ndim)
    return Chain(size, (conv(w, flip=True, **options),)), Chain(size, (conv(turned, **options),))


def composed(draw):
    """Two convolutions are one with the product of the kernels; a stride of the first widens the
    second."""
    a, b = draw.weight(1, 1, draw.one(1, 2, 3)), draw.weight(1, 1, draw.one(1, 2, 3))
    s, d, p = draw.number("s", "1", "2"), draw.number("d", "1"), draw.number("p", "0", "1")
    size = draw.size(1)
    if draw.one(True, False):
        first = conv(a, padding=p, dilation=d)
        second, dilation, stride = conv(b, stride=s, dilation=d), d, s
    else:
        first = conv(a, padding=p, stride=s, dilation=s * d)
        second, dilation, stride = conv(b, dilation=d), s * d, s
    whole = conv(full(a, b), padding=p, stride=stride, dilation=dilation)
    return Chain(size, (first, second)), Chain(size, (whole,))


def commuting(draw):
    """Unpadded or circular convolutions may change places."""
    a, b = draw.weight(1, 1, draw.one(2, 3)), draw.weight(1, 1, draw.one(1, 2))
    d, size = draw.number("d", "1", "2"), draw.size(1)
    if draw.one(True, False):
        steps = conv(a, dilation=d), conv(b, dilation=1)
    else:
        steps = tuple(
            conv(w, padding=((0, w.shape[-1] - 1),), mode="circular") for w in (a, b)
        )  # fmt: skip
    return Chain(size, steps), Chain(size, steps[::-1])


def separable(draw):
    """A depthwise and a pointwise convolution are one with the product of their weights."""
    C, M, B, k = draw.one(1, 2), draw.one(1, 2), draw.one(1, 2), draw.one(1, 2, 3)
    D, P = draw.weight(C * M, 1, k), draw.weight(B, C * M, 1)
    options = draw.options(*MODES)
    W = np.empty((B, C, k), object)
    for o, i, t in np.ndindex(W.shape):
        W[o, i, t] = sum(P[o, i * M + j, 0] * D[i * M + j, 0, t] for j in range(M))
    size = draw.size(1)
    steps = conv(D, groups=C, **options), conv(P)
    return Chain(size, steps), Chain(size, (conv(W, **options),))


def passes(draw):
    """A column and a row are their outer product."""
    c, r = draw.weight(1, 1, draw.one(1, 2, 3)), draw.weight(1, 1, draw.one(1, 2, 3))
    mode = draw.one(*MODES[:2], *MODES)
    along, across = draw.options(mode), draw.options(mode)
    size = draw.size(2)
    column = conv(
        c[..., None], stride=(along["stride"], 1), dilation=(along["dilation"], 1),
        padding=(along["padding"][0], (0, 0)), mode=mode,
    )  # fmt: skip
    row = conv(
        r[:, :, None], stride=(1, across["stride"]), dilation=(1, across["dilation"]),
        padding=((0, 0), across["padding"][0]), mode=mode,
    )  # fmt: skip
    outer = np.empty((1, 1, c.shape[-1], r.shape[-1]), object)
    for a, b in np.ndindex(outer.shape[2:]):
        outer[0, 0, a, b] = c[0, 0, a] * r[0, 0, b]
    whole = conv(
        outer, mode=mode, padding=(along["padding"][0], across["padding"][0]),
        **{x: (along[x], across[x]) for x in ("stride", "dilation")},
    )  # fmt: skip
    steps = (column, row) if draw.one(True, False) else (row, column)
    return Chain(size, steps), Chain(size, (whole,))


def pooled(draw):
    """Average pooling is a convolution of equal weights, which a flip does not change."""
    ndim, channels = draw.one(1, 1, 2), draw.one(1, 2)
    kernel = tuple(draw.one(1, 2, 3) for _ in range(ndim))
    s, p, d = draw.number("s", "1", "2"), draw.number("p", "0", "1"), draw.number("1", "d")
    axes = {"stride": (s,) * ndim, "padding": ((p, p),) * ndim, "dilation": (d,) * ndim}
    weight = np.full((channels, 1, *kernel), Fraction(1, prod(kernel)), object)
    size = draw.size(ndim)
    pool = other("pool", ndim, channels, **{**axes, "kernel": kernel})
    box = conv(weight, groups=channels, flip=draw.one(True, False), **axes)
    return Chain(size, (pool,)), Chain(size, (box,))


def turned(draw):
    """The transpose is zero insertion, padding and a convolution with the flipped kernel."""
    w = draw.weight(1, 1, draw.one(1, 2, 3))
    k, size = w.shape[-1], draw.size(1)
    s, d, p = draw.number("s", "1", "2"), draw.number("d", "1"), draw.number("p", "0", "1")
    A = conv(w, stride=s, dilation=d, padding=p)
    reach = d * (k - 1)
    (n,) = size
    spare = (n + 2 * p - reach - 1) % s
    m = (n + 2 * p - reach - 1) // s + 1
    around = other("pad", padding=((reach - p, reach - p + spare),))
    steps = other("zero_insert", stride=(s,)), around, conv(w, dilation=d, flip=True)
    return Chain(size, (A,), turned=True), Chain((m,), steps)


def turned_product(draw):
    """The transpose of a product is the product of the transposes, backwards."""
    w, v = draw.weight(2, 1, draw.one(1, 2)), draw.weight(1, 2, draw.one(1, 2))
    size, p = draw.size(1), draw.number("p", "0")
    A, B = conv(w, padding=p), conv(v, stride=draw.number("s", "1", "2"))
    (n,) = size
    middle = (n + 2 * p - w.shape[-1] + 1,)
    backwards = Chain(middle, (B,), turned=True), Chain(size, (A,), turned=True)
    return Chain(size, (A, B), turned=True), Chain((), backwards)


def spaced(draw):
    """Zeros between the weights are a dilation, zeros around them are padding."""
    w = draw.weight(1, 1, draw.one(1, 2, 3))
    step, before, after = draw.one(1, 2, 3), draw.one(0, 1), draw.one(0, 2)
    options = draw.options(*MODES[:2])
    p0, p1 = options["padding"][0]
    d = options["dilation"]
    wide = [0] * before
    for j, value in enumerate(w[0, 0]):
        wide += [0] * (step - 1) * (j > 0) + [value]
    wide += [0] * after
    size = draw.size(1)
    there = {**options, "padding": ((p0 + before * d, p1 + after * d),)}
    return (
        Chain(size, (conv(vector(*wide), **there),)),
        Chain(size, (conv(w, **{**options, "dilation": d * step}),)),
    )


def padded(draw):
    """A padding mode is a layer of its own, however small the input."""
    w, options = draw.weight(1, draw.one(1, 2), draw.one(1, 2, 3)), draw.options(*MODES[1:])
    size, channels = draw.size(1), w.shape[1]
    around = other("pad", 1, channels, padding=options["padding"], mode=options["mode"])
    bare = conv(w, stride=options["stride"], dilation=options["dilation"])
    return Chain(size, (conv(w, **options),)), Chain(size, (around, bare))


def sampled(draw):
    """A stride picks from the dense outputs; padding and inserted zeros come and go."""
    w, options = draw.weight(1, 1, draw.one(1, 2, 3)), draw.options(*MODES)
    size, s = draw.size(1), options["stride"]
    dense = conv(w, **{**options, "stride": 1})
    steps = [dense, other("sample", stride=(s,))]
    if draw.one(True, False, False):
        steps += [other("zero_insert", stride=(2,)), other("sample", stride=(2,))]
    return Chain(size, tuple(steps)), Chain(size, (conv(w, **options),))


def unrelated(draw):
    """Two small kernels, each with its own place and mode: seldom equal, and then by chance."""
    kernels = [vector(*(draw.one(-1, 0, 0, 1) for _ in range(draw.one(1, 2, 3)))) for _ in "ab"]
    s, d, p = draw.number("s", "1", "2"), draw.number("d", "1"), draw.number("p", "p", "0", "1")
    size, chains = draw.size(1), []
    for kernel in kernels:
        missing = d * (3 - kernel.shape[-1])
        first = draw.one(0, 0, missing)
        pads = ((p + first, p + missing - first),)
        mode, flip = draw.one(*MODES, "replicate"), draw.one(False, True)
        options = {"dilation": d, "padding": pads, "mode": mode, "flip": flip}
        chains.append(Chain(size, (conv(kernel, stride=s, **options),)))
    return tuple(chains)


RECIPES = {
    "flip": flipped,
    "composed": composed,
    "commuting": commuting,
    "depthwise-separable": separable,
    "row and column": passes,
    "average pooling": pooled,
    "transposed": turned,
    "transposed product": turned_product,
    "zeros as dilation": spaced,
    "padding modes": padded,
    "sampling": sampled,
}
"""Pairs that are equal, and are not after one weight of one side is changed."""


def changed(chain, rng):
    """The chain with one weight of one of its layers changed."""
    layers = [j for j, x in enumerate(chain.layers) if isinstance(x, Chain) or x.kind == "conv"]
    j = rng.choice(layers)
    layer = chain.layers[j]
    if isinstance(layer, Chain):
        new = changed(layer, rng)
    else:
        weight = layer.weight.copy()
        place = rng.choice(list(np.ndindex(weight.shape)))
        weight[place] = weight[place] + 1
        new = replace(layer, weight=weight)
    return replace(chain, layers=(*chain.layers[:j], new, *chain.layers[j + 1 :]))
