"""Proofs for all sizes of maps whose kernels have values, against NumPy at many sizes.

A pair of maps is drawn as text: run with symbols it is what `prove_equal` is asked about, run with
ints it is a pair of matrices, which `apply` below builds with nothing but NumPy. A verdict True has
to hold at every geometry tried, False at its counterexample, and no smaller geometry may differ.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from itertools import islice
from math import prod
from random import Random

import numpy as np
import pytest

import convmatrix as cm
from convmatrix.proof import Certificate
from convmatrix.proof.engines import decide

LOWEST = {"n": 1, "m": 1, "s": 1, "d": 1, "p": 0, "q": 1}
"""Where the symbols start, as `cm.symbols` has it."""
CASES = 5
"""How many pairs of each recipe."""
INSTANCES = 8
"""At how many small geometries a proved pair is tried, and at a few large ones."""


class NoMapError(Exception):
    """There is no map of this geometry."""


# ------------------------------------------------------------------------------ NumPy alone


def folded(n, before, after, mode):
    """For each element of the padded axis the input it repeats, -1 where that is none."""
    places = np.arange(-before, n + after)
    if mode == "zeros":
        return np.where((places >= 0) & (places < n), places, -1)
    if mode == "circular":
        return places % n
    if mode == "reflect":
        if max(before, after) >= n:
            raise NoMapError
        places = np.abs(places)
        return np.where(places < n, places, 2 * (n - 1) - places)
    return places.clip(0, n - 1)


@dataclass(frozen=True)
class Layer:
    """A layer by its numbers, an axis each; `weight` is None where it stands for symbols."""

    weight: object = None
    kernel: tuple = (1,)
    stride: tuple = (1,)
    dilation: tuple = (1,)
    padding: tuple = ((0, 0),)
    mode: str = "zeros"
    flip: bool = False
    groups: int = 1
    channels: tuple = (1, 1)
    kind: str = "conv"

    def made(self, size):
        """The map that the library makes of it."""
        ndim = len(size)
        if self.kind == "pool":
            return cm.avg_pool(
                self.kernel, stride=self.stride, dilation=self.dilation, ndim=ndim,
                padding=tuple(a for a, _ in self.padding), channels=self.channels[0],
            ).on(*size)  # fmt: skip
        options = {"ndim": ndim, "channels": self.channels[0]}
        if self.kind == "pad":
            return cm.pad(self.padding, mode=self.mode, **options).on(*size)
        if self.kind in ("sample", "zero_insert"):
            return getattr(cm, self.kind)(self.stride, **options).on(*size)
        return (cm.conv1d, cm.conv2d)[ndim - 1](
            *self.channels, self.kernel, stride=self.stride, dilation=self.dilation,
            padding=self.padding, padding_mode=self.mode, flip=self.flip, groups=self.groups,
            weight=self.weight,
        ).on(*size)  # fmt: skip

    def matrix(self, shape, numbers):
        """Its matrix on inputs of a shape, and the shape of its outputs."""
        channels, *size = shape
        unit = np.eye(prod(shape), dtype=np.int64).reshape(-1, *shape)
        if self.kind == "zero_insert":
            wide = [s * (n - 1) + 1 for n, s in zip(size, self.stride, strict=True)]
            out = np.zeros((len(unit), channels, *wide), np.int64)
            out[(..., *(slice(None, None, s) for s in self.stride))] = unit
        elif self.kind == "sample":
            out = unit[(..., *(slice(None, None, s) for s in self.stride))]
        else:
            out = self._convolved(unit, numbers)
        return out.reshape(len(unit), -1).T, out.shape[1:]

    def _convolved(self, x, numbers):
        size = x.shape[2:]
        for axis, (n, (before, after)) in enumerate(zip(size, self.padding, strict=True)):
            if n + before + after < 1 or n < 1:
                raise NoMapError
            where = folded(n, before, after, self.mode)
            x = np.take(x, where, axis=axis + 2)
            x[(slice(None),) * (axis + 2) + (where < 0,)] = 0
        if self.kind == "pad":
            return x
        room = [
            n - 1 - d * (k - 1)
            for n, d, k in zip(x.shape[2:], self.dilation, self.kernel, strict=True)
        ]
        if min(room) < 0 or min(*self.stride, *self.dilation) < 1:
            raise NoMapError
        outputs = [r // s + 1 for r, s in zip(room, self.stride, strict=True)]
        if self.kind == "pool":
            weight = np.full((self.channels[0], 1, *self.kernel), 1 / prod(self.kernel))
            groups = self.channels[0]
        else:
            weight, groups = valued(self.weight, numbers), self.groups
        y = np.zeros((len(x), weight.shape[0], *outputs), np.result_type(weight, x))
        for o, c, *t in np.ndindex(weight.shape):
            i = o // (weight.shape[0] // groups) * weight.shape[1] + c
            window = tuple(
                slice(d * place, d * place + s * (m - 1) + 1, s)
                for place, d, s, m in zip(t, self.dilation, self.stride, outputs, strict=True)
            )
            tap = [k - 1 - place for k, place in zip(self.kernel, t, strict=True)]
            value = weight[(o, c, *(tap if self.flip else t))]
            if value:
                y[:, o] += value * x[(slice(None), i, *window)]
        return y


def valued(weight, numbers):
    """A kernel with a number for each symbol: integers where it can be, else floats."""
    flat = []
    for value in weight.flat:
        if hasattr(value, "free_symbols"):
            value = value.subs({x: numbers[str(x)] for x in value.free_symbols})
            value = int(value) if value.is_Integer else float(value)
        flat.append(float(value) if isinstance(value, Fraction) else value)
    return np.array(flat).reshape(weight.shape)


@dataclass(frozen=True)
class Chain:
    """Layers one after another, on inputs of a size; `turned` is the transpose of the whole."""

    size: tuple
    layers: tuple
    turned: bool = False

    def made(self):
        result, size = None, self.size
        for layer in self.layers:
            step = layer.made() if isinstance(layer, Chain) else layer.made(size)
            result = step if result is None else step @ result
            size = step.out_shape[1:]
        return result.T if self.turned else result

    def matrix(self, numbers):
        """The matrix, with the shapes of its columns and its rows."""
        first = self.layers[0]
        channels = first.channels[0] if isinstance(first, Layer) else None
        result, shape, start = None, (channels, *self.size), None
        if min(self.size, default=1) < 1:
            raise NoMapError
        for layer in self.layers:
            if isinstance(layer, Chain):
                step, before, after = layer.matrix(numbers)
                if result is not None and tuple(before) != tuple(shape):
                    raise NoMapError
            else:
                before = shape
                step, after = layer.matrix(shape, numbers)
            start = before if start is None else start
            result = step if result is None else step.dot(result)
            shape = after
        if self.turned:
            return result.T, shape, start
        return result, start, shape


def conv(weight, **options):
    """A convolution with its kernel's sizes read off; numbers stand for each axis."""
    ndim = weight.ndim - 2
    groups = options.pop("groups", 1)
    for name in ("stride", "dilation"):
        value = options.get(name, 1)
        options[name] = value if isinstance(value, tuple) else (value,) * ndim
    pads = options.get("padding", 0)
    pads = pads if isinstance(pads, tuple) else (pads,) * ndim
    options["padding"] = tuple(p if isinstance(p, tuple) else (p, p) for p in pads)
    channels = weight.shape[1] * groups, weight.shape[0]
    return Layer(weight, weight.shape[2:], groups=groups, channels=channels, **options)


def other(kind, ndim=1, channels=1, **options):
    """A pooling, padding, sampling or zero insertion."""
    blank = {"stride": (1,) * ndim, "dilation": (1,) * ndim, "padding": ((0, 0),) * ndim}
    blank["kernel"] = (1,) * ndim
    return Layer(kind=kind, channels=(channels, channels), **{**blank, **options})


# ------------------------------------------------------------------------------ drawing pairs


@dataclass
class Draw:
    """The choices of a recipe: the same with symbols and with ints."""

    seed: object
    values: dict
    changed: bool = False
    used: set = field(default_factory=set)

    def __post_init__(self):
        self.rng = Random(str(self.seed))

    def one(self, *options):
        return self.rng.choice(options)

    def number(self, *texts):
        text = self.rng.choice(texts)
        self.used |= {x for x in LOWEST if x in text}
        return eval(text, dict(self.values))

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


def vector(*values):
    kernel = np.empty((1, 1, len(values)), object)
    kernel[0, 0] = values
    return kernel


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
        draw = Draw((self.recipe, self.seed), values)
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


# ------------------------------------------------------------------------- hard cases by hand


def kernel(*weights):
    return vector(*weights)


def letters(name, k=3):
    return cm.weight_symbols(name, (1, 1, k))


def layer(weight, n, **options):
    """A convolution by the library; a number stands for as many free weights."""
    if isinstance(weight, int):
        return cm.conv1d(1, 1, weight, **options).on(n)
    return cm.conv1d(1, 1, weight.shape[-1], weight=weight, **options).on(n)


n, m, s, d, p, q = cm.symbols("n m s d p q")
a, b, c = cm.weight_symbols("x", (3,))
W = cm.weight_symbols("w2", (1, 1, 2))[0, 0]


def both(*weights):
    """Two output channels of two taps."""
    weight = np.reshape(np.array(weights, object), (2, 1, 2))
    return cm.conv1d(1, 2, 2, stride=s, padding=((0, 1),), weight=weight).on(n)


CIRCLE, MIRROR, REPEAT = ({"padding_mode": x} for x in ("circular", "reflect", "replicate"))
ALL_ZERO, BOX = kernel(0, 0), kernel(1, 1, 1)

HARD = {
    # name: (left, right, the verdict)
    "a symmetric kernel and its flip": (
        layer(kernel(1, 2, 1), n, padding=p, stride=s),
        layer(kernel(1, 2, 1), n, padding=p, stride=s, flip=True), True,
    ),
    "an antisymmetric kernel and its flip": (
        layer(kernel(1, 0, -1), n, padding=p), layer(kernel(1, 0, -1), n, padding=p, flip=True),
        {"n": 1, "p": 2},
    ),
    "the same weights, padded on the other side": (
        layer(BOX, n, padding=((p, q),)), layer(BOX, n, padding=((q, p),)),
        {"n": 1, "p": 0, "q": 3},
    ),
    "only zeros": (layer(ALL_ZERO, n), layer(kernel(0), n - 1), {"n": 2}),
    "only zeros, the same sizes": (
        layer(kernel(0, 0, 0), n, padding=1, stride=s), layer(kernel(0), n, stride=s), True,
    ),
    "zeros around one weight": (
        layer(kernel(0, 7, 0), n, padding=p + 1), layer(kernel(7), n, padding=p), True,
    ),
    "a difference of a sum": (
        layer(kernel(1, -1), n - 1) @ layer(kernel(1, 1), n), layer(kernel(1, 0, -1), n), True,
    ),
    "a sum of a difference, strided": (
        layer(kernel(1, 1), n - 1, stride=s) @ layer(kernel(1, -1), n),
        layer(kernel(1, -1), n, dilation=2, stride=s), True,
    ),
    "channels that cancel": (
        cm.pointwise(2, 1, ndim=1, weight=np.array([[[1], [-1]]])).on((n - 1) // s + 1)
        @ both(a, b, a, b),
        layer(ALL_ZERO, n, stride=s, padding=((0, 1),)), True,
    ),
    "channels that do not quite cancel": (
        cm.pointwise(2, 1, ndim=1, weight=np.array([[[1], [-1]]])).on((n - 1) // s + 1)
        @ both(a, b, a, c),
        layer(ALL_ZERO, n, stride=s, padding=((0, 1),)), {"n": 2, "s": 1},
    ),
    "channels in the other order": (
        cm.conv1d(1, 2, 1, weight=np.array([[[1]], [[2]]])).on(n),
        cm.conv1d(1, 2, 1, weight=np.array([[[2]], [[1]]])).on(n), {"n": 1},
    ),
    "axes exchanged": (
        cm.conv2d(1, 1, 2, padding=((0, 1),) * 2, weight=np.array([[[[1, 2], [3, 4]]]])).on(n, m),
        cm.conv2d(1, 1, 2, padding=((0, 1),) * 2, weight=np.array([[[[1, 3], [2, 4]]]])).on(n, m),
        {"m": 1, "n": 2},
    ),
    "dead taps of one element": (
        layer(kernel(5, 1, 7), 1, padding=1, stride=s),
        layer(kernel(0, 1, 0), 1, padding=1, stride=s),
        True,
    ),
    "taps of one element that padding wakes": (
        layer(kernel(5, 1, 7), 1, padding=p), layer(kernel(0, 1, 0), 1, padding=p), {"p": 2},
    ),
    "a dilation as wide as the input": (
        layer(kernel(5, 1, 7), d, padding=d, dilation=d),
        layer(kernel(0, 1, 0), d, padding=d, dilation=d),
        True,
    ),
    "a dilation that just reaches": (
        layer(kernel(5, 1, 7), d + 1, padding=d, dilation=d),
        layer(kernel(0, 1, 0), d + 1, padding=d, dilation=d), {"d": 1},
    ),
    "a stride wider than the kernel, cropped": (
        layer(kernel(5, 1, 7), n, padding=((-1, -1),), stride=s + 3),
        layer(kernel(5, 1, 7), n - 2, stride=s + 3) @ cm.pad(((-1, -1),), ndim=1).on(n), True,
    ),
    "a circle of one element sums": (
        layer(kernel(1, 2), 1, padding=((p, 1),), **CIRCLE),
        layer(kernel(2, 1), 1, padding=((p, 1),), **CIRCLE), True,
    ),
    "a circle of two does not": (
        layer(kernel(1, 2), n, padding=((0, 1),), **CIRCLE),
        layer(kernel(2, 1), n, padding=((0, 1),), **CIRCLE), {"n": 2},
    ),
    "once around the circle": (
        layer(kernel(a, b), n, padding=((0, n),), dilation=n, **CIRCLE),
        layer(kernel(a + b), n), True,
    ),
    "twice around the circle, cancelled": (
        layer(kernel(3, -1, -2), n, padding=((n, n),), dilation=n, **CIRCLE),
        layer(kernel(0), n), True,
    ),
    "once around the circle is not in place": (
        layer(kernel(a, b), n, padding=((0, n - 1),), dilation=n - 1, **CIRCLE),
        layer(kernel(a + b), n), {"n": 2},
    ),
    "one element repeated": (
        layer(kernel(1, 2), 1, padding=p, dilation=d, **REPEAT),
        layer(kernel(3), 1, padding=((p, p - d),), **REPEAT), True,
    ),
    "two elements repeated": (
        layer(kernel(1, 2), n, padding=((0, 1),), **REPEAT),
        layer(kernel(3), n, **REPEAT), {"n": 2},
    ),
    "a mirror looks the same from both sides": (
        layer(kernel(4, 1, 2), 2, padding=((1, 1),), stride=s, **MIRROR),
        layer(kernel(3, 1, 3), 2, padding=((1, 1),), stride=s, **MIRROR), True,
    ),
    "a mirror and a repetition": (
        layer(kernel(1, 1, 0), n, padding=1, **MIRROR),
        layer(kernel(1, 1, 0), n, padding=1, **REPEAT),
        {"n": 2},
    ),
    "padding that the kernel does not see": (
        layer(kernel(0, 1, 0), n, padding=1, **MIRROR),
        layer(kernel(0, 1, 0), n, padding=1, **REPEAT),
        True,
    ),
    "free weights and symbols of their names": (
        layer(3, n, padding=p, stride=s), layer(letters("w"), n, padding=p, stride=s), True,
    ),
    "free weights and the same symbols, flipped": (
        layer(3, n, padding=p), layer(letters("w"), n, padding=p, flip=True), {"n": 1, "p": 2},
    ),
    "free weights and their symbols turned and flipped": (
        layer(3, n, padding=p), layer(letters("w")[..., ::-1], n, padding=p, flip=True), True,
    ),
    "free weights and other symbols": (
        layer(2, n, stride=s), layer(letters("v", 2), n, stride=s), {"n": 2, "s": 1},
    ),
    "free weights and fewer symbols": (
        layer(3, n, padding=1), layer(letters("w", 2), n, padding=((1, 0),)), {"n": 2},
    ),
    "two free kernels and symbols of their names": (
        layer(2, n - 1) @ layer(2, n),
        layer(letters("w2", 2), n - 1) @ layer(letters("w1", 2), n), True,
    ),
    "a free kernel after given weights": (
        layer(2, n - 1) @ layer(kernel(1, -1), n),
        layer(kernel(W[0], W[1] - W[0], -W[1]), n), True,
    ),
    "free weights transposed": (layer(3, n, stride=2).T, layer(letters("w"), n, stride=2).T, True),
    "a square of a sum": (
        layer(kernel(a, b), n - 1) @ layer(kernel(a, b), n),
        layer(kernel(a * a, 2 * a * b, b * b), n),
        True,
    ),
    "a square of a sum without the middle": (
        layer(kernel(a, b), n - 1) @ layer(kernel(a, b), n), layer(kernel(a * a, a * b, b * b), n),
        {"n": 3},
    ),
    "a square of a tap": (
        layer(kernel(a + b), n) @ layer(kernel(a + b), n),
        layer(kernel(a * a + 2 * a * b + b * b), n), True,
    ),
    "a square of a tap without the middle": (
        layer(kernel(a + b), n) @ layer(kernel(a + b), n),
        layer(kernel(a * a + a * b + b * b), n), {"n": 1},
    ),
    "groups keep to themselves": (
        cm.conv1d(2, 2, 1, groups=2, weight=np.ones((2, 1, 1), int)).on(n),
        cm.pointwise(2, 2, ndim=1, weight=np.eye(2, dtype=int)[..., None]).on(n), True,
    ),
    "groups do not all read the first": (
        cm.conv1d(2, 2, 1, groups=2, weight=np.ones((2, 1, 1), int)).on(n),
        cm.pointwise(2, 2, ndim=1, weight=np.array([[[1], [0]], [[1], [0]]])).on(n), {"n": 1},
    ),
    "third by third": (
        layer(kernel(*[Fraction(1, 3)] * 3), n, stride=s),
        cm.avg_pool(3, stride=s, ndim=1).on(n), True,
    ),
    "a third in floats": (
        layer(kernel(*[1 / 3] * 3), n, stride=s), cm.avg_pool(3, stride=s, ndim=1).on(n), True,
    ),
    "nearly a third": (
        layer(kernel(*[Fraction(333, 1000)] * 3), n, stride=s),
        cm.avg_pool(3, stride=s, ndim=1).on(n),
        {"n": 3, "s": 1},
    ),
    "more digits than floats have": (
        layer(kernel(2**53), n, stride=s), layer(kernel(2**53 + 1), n, stride=s),
        {"n": 1, "s": 1},
    ),
    "bytes that would overflow": (
        layer(np.full((1, 1, 1), 200, np.uint8), n) @ layer(np.full((1, 1, 1), 200, np.uint8), n),
        layer(kernel(40_000), n), True,
    ),
    "a transposed layer and its construction": (
        cm.conv_transpose1d(1, 1, 3, stride=s, weight=np.array([[[1, 2, 3]]])).on(n),
        cm.conv1d(1, 1, 3, padding=2, weight=np.array([[[3, 2, 1]]])).on(s * (n - 1) + 1)
        @ cm.zero_insert(s, ndim=1).on(n), True,
    ),
    "a transposed layer, the flip forgotten": (
        cm.conv_transpose1d(1, 1, 3, stride=s, weight=np.array([[[1, 2, 3]]])).on(n),
        cm.conv1d(1, 1, 3, padding=2, weight=np.array([[[1, 2, 3]]])).on(s * (n - 1) + 1)
        @ cm.zero_insert(s, ndim=1).on(n), {"n": 1, "s": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HARD)
def test_hard_cases(name):
    left, right, expected = HARD[name]
    proof = cm.prove_equal(left, right)
    assert proof.holds is (expected is True), proof
    if expected is True:
        assert Certificate.from_json(proof.certificate.to_json()).check()
        assert proof.to_dict()["holds"] is True
    else:
        assert proof.counterexample.geometry == expected
        assert proof.counterexample.replay().differs


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (layer(ALL_ZERO, n, stride=s), layer(kernel(5, 5), n, stride=s), True),
        (layer(kernel(0, 1, 0), n, padding=1), layer(kernel(1), n), {"n": 2}),
        (layer(kernel(1, -1), n, dilation=2), layer(kernel(1, 0, -1), n), {"n": 3}),
        (layer(kernel(1, -1), n - 1) @ layer(kernel(1, 1), n), layer(BOX, n), True),
        (layer(kernel(0, 0), n), layer(2, n), True),
        (layer(kernel(0), n), cm.pad(0, ndim=1).on(n), True),
    ],
    ids=["zeros", "zeros around", "zeros between", "cancelled", "free", "nothing"],
)
def test_connected_by_zeros(left, right, expected, monkeypatch):
    pytest.importorskip("islpy")  # two of them have no certificate
    monkeypatch.setattr(decide, "PATIENCE", 0.2)
    proof = cm.prove_equal(left, right, level="connectivity")
    assert proof.holds is (expected is True), proof
    if expected is not True:
        assert proof.counterexample.geometry == expected


def test_weights_that_no_proof_takes():
    with pytest.raises(cm.ProofError, match="real weights"):
        cm.prove_equal(layer(kernel(1j), n), layer(kernel(1j), n))
    with pytest.raises(cm.ProofError, match=r"polynomial in its symbols, got 1/x\[0\]"):
        cm.prove_equal(layer(kernel(1 / a), n), layer(kernel(1 / a), n))
