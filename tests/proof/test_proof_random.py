"""prove_equal against brute force: thousands of random pairs of maps, in all padding modes.

The oracle is in this file and uses NumPy and plain Python only. It knows a map in two ways that
share nothing but `pad` and `windows`: as a matrix, by running the convolution on every unit
vector, with a random integer for every weight; and as a counter of triples (row, column, product
of taps), by padding an array of indices. The two must agree, and `prove_equal` must agree with
them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import pytest

import convmatrix as cm

MODES = {"zeros": "constant", "circular": "wrap", "reflect": "reflect", "replicate": "edge"}
CASES = 320
"""How many pairs each of the 16 tests compares, no two alike: 5,120 in all."""
FEWEST = 125
"""How many of them at least are equal, and at least are not: 2,000 of each in all."""


# ------------------------------------------------------------------------------ the oracle


def pad(x, pairs, mode):
    """The last axes of `x` padded by NumPy (-1 or 0 around), then cropped where negative."""
    lead = x.ndim - len(pairs)
    around = [(0, 0)] * lead + [(max(0, b), max(0, a)) for b, a in pairs]
    if any(map(any, around)):
        fill = {"constant_values": -1 if lead == 0 else 0} if mode == "zeros" else {}
        x = np.pad(x, around, mode=MODES[mode], **fill)
    cuts = (
        slice(max(0, -b), n - max(0, -a)) for n, (b, a) in zip(x.shape[lead:], pairs, strict=True)
    )
    return x[(..., *cuts)]


def windows(layer, size):
    """`(tap, slices of the padded input)`: what each tap of the kernel reads, for all outputs."""
    counts = layer.outputs(size)
    for place in np.ndindex(layer.kernel):
        cut = tuple(
            slice(d * t, d * t + s * (m - 1) + 1, s)
            for d, t, s, m in zip(layer.dilation, place, layer.stride, counts, strict=True)
        )
        flipped = tuple(k - 1 - t for k, t in zip(layer.kernel, place, strict=True))
        yield (flipped if layer.flip else place), cut


@dataclass(frozen=True, eq=False)
class Layer:
    """A convolution: a weight is free (None), integers, or the names of symbols.

    Padding and sampling are convolutions with a kernel of ones, one a channel (`fixed`).
    """

    channels: tuple[int, int]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    mode: str = "zeros"
    groups: int = 1
    flip: bool = False
    weight: Any = None
    fixed: bool = False

    @property
    def shape(self):
        return (self.channels[1], self.channels[0] // self.groups, *self.kernel)

    def outputs(self, size):
        numbers = zip(size, self.kernel, self.stride, self.dilation, self.padding, strict=True)
        return tuple((n + sum(p) - d * (k - 1) - 1) // s + 1 for n, k, s, d, p in numbers)

    def fits(self, size):
        """Whether every axis has an output and NumPy's reflection one bounce at most."""
        most = [n - 1 if self.mode == "reflect" else 9 for n in size]
        short = all(max(p) <= m for p, m in zip(self.padding, most, strict=True))
        return short and min(self.outputs(size)) > 0

    def names(self, name):
        """What stands for every tap: `w[0,0,1]`, or an integer."""
        if self.weight is not None:
            return self.weight
        return named(name, self.shape)

    @cached_property
    def lib(self):
        """The library's layer."""
        ndim = len(self.kernel)
        if self.fixed and max(self.stride) > 1:
            return cm.sample(self.stride, ndim=ndim, channels=self.channels[0])
        if self.fixed:
            return cm.pad(self.padding, mode=self.mode, ndim=ndim, channels=self.channels[0])
        weight = self.weight
        if weight is not None and weight.dtype == object:
            symbols = {str(s): s for s in cm.weight_symbols("w", shape_of(weight)).flat}
            weight = np.array([symbols[n] for n in weight.flat], object).reshape(weight.shape)
        return (cm.conv1d, cm.conv2d, cm.conv3d)[ndim - 1](
            *self.channels, self.kernel, stride=self.stride, padding=self.padding,
            dilation=self.dilation, groups=self.groups, padding_mode=self.mode, flip=self.flip,
            weight=weight,
        )  # fmt: skip

    def on(self, size):
        return Both(self.lib.on(size), Leaf(self, tuple(size)))

    def text(self):
        free = "free" if self.weight is None else self.weight.ravel().tolist()
        return repr(replace(self, weight=None)).replace("weight=None", f"weight={free}")


def named(name, shape):
    flat = [f"{name}[{','.join(map(str, index))}]" for index in np.ndindex(*shape)]
    return np.array(flat, object).reshape(shape)


def shape_of(names):
    """The shape of the kernel whose names these are, in whatever order."""
    indices = [n[n.index("[") + 1 : -1].split(",") for n in names.flat]
    return tuple(max(int(i[j]) for i in indices) + 1 for j in range(len(indices[0])))


@dataclass(frozen=True, eq=False)
class Truth:
    """A map as the oracle knows it: shapes, integer matrix, and triples with multiplicity."""

    out_shape: tuple[int, ...]
    in_shape: tuple[int, ...]
    matrix: Any
    triples: Counter

    @property
    def pairs(self):
        return {(row, column) for row, column, _ in self.triples}

    @property
    def live(self):
        return {triple: count for triple, count in self.triples.items() if count}


@dataclass(frozen=True, eq=False)
class Leaf:
    layer: Layer
    size: tuple[int, ...]

    @property
    def leaves(self):
        return (self,)

    @property
    def out_size(self):
        return self.layer.outputs(self.size)

    def text(self):
        return f"{self.layer.text()} on {self.size}"

    def truth(self, kernels, numbers):
        layer, (first, last) = self.layer, self.layer.channels
        names = layer.names(next(kernels))
        values = np.array([numbers(n) for n in names.flat], np.int64).reshape(names.shape)
        out_shape, in_shape = (last, *self.out_size), (first, *self.size)
        rows, columns = prod(out_shape), prod(in_shape)
        x = np.eye(columns, dtype=np.int64).reshape(columns, *in_shape)
        x = pad(x, layer.padding, layer.mode)
        y = np.zeros((columns, *out_shape), np.int64)
        index = pad(np.arange(prod(self.size)).reshape(self.size), layer.padding, layer.mode)
        triples: Counter = Counter()
        width, reads = last // layer.groups, first // layer.groups
        for tap, cut in windows(layer, self.size):
            places = index[cut].ravel().tolist()
            for o in range(last):
                for c in range(reads):
                    channel, name = o // width * reads + c, names[(o, c, *tap)]
                    y[:, o] += values[(o, c, *tap)] * x[(slice(None), channel, *cut)]
                    monomial, times = ((name,), 1) if isinstance(name, str) else ((), int(name))
                    for r, place in enumerate(places, o * len(places)):
                        if place >= 0:
                            column = channel * prod(self.size) + place
                            triples[r, column, monomial] += times
        return Truth(out_shape, in_shape, y.reshape(columns, rows).T, triples)


@dataclass(frozen=True, eq=False)
class Transposed:
    of: Any

    @property
    def leaves(self):
        return self.of.leaves

    def text(self):
        return f"({self.of.text()}).T"

    def truth(self, kernels, numbers):
        t = self.of.truth(kernels, numbers)
        triples = Counter({(c, r, names): count for (r, c, names), count in t.triples.items()})
        return Truth(t.in_shape, t.out_shape, t.matrix.T, triples)


@dataclass(frozen=True, eq=False)
class Product:
    then: Any
    first: Any

    @property
    def leaves(self):
        return self.first.leaves + self.then.leaves

    def text(self):
        return f"({self.then.text()}) @ ({self.first.text()})"

    def truth(self, kernels, numbers):
        a = self.first.truth(kernels, numbers)
        b = self.then.truth(kernels, numbers)
        reads: dict[int, list] = {}
        for (row, column, names), count in a.triples.items():
            reads.setdefault(row, []).append((column, names, count))
        triples: Counter = Counter()
        for (row, middle, names), count in b.triples.items():
            for column, more, times in reads.get(middle, ()):
                triples[row, column, tuple(sorted(names + more))] += count * times
        return Truth(b.out_shape, a.in_shape, b.matrix @ a.matrix, triples)


@dataclass(frozen=True, eq=False)
class Both:
    """The same map twice: the library's, and ours."""

    lib: cm.Map
    own: Any

    @property
    def T(self):
        return Both(self.lib.T, Transposed(self.own))

    def __matmul__(self, first):
        return Both(self.lib @ first.lib, Product(self.own, first.own))


def kernel_names(A, B):
    """The name of the kernel of each leaf, as `prove_equal` promises them.

    A layer object is one kernel where both sides have the same ones; otherwise `w`, or `w1`,
    `w2` in order of application. A transpose keeps the names of what it transposes. (Not here:
    shared layer objects on one side beside a layer with a known weight.)
    """

    def free(side):
        return [leaf.layer for leaf in side.leaves if leaf.layer.weight is None]

    objects = list(dict.fromkeys(free(A)))
    if objects and set(objects) == set(free(B)):
        name = {k: "w" if len(objects) == 1 else f"w{i}" for i, k in enumerate(objects, 1)}
        return [[name.get(leaf.layer, "") for leaf in side.leaves] for side in (A, B)]
    sides = []
    for side in (A, B):
        takes = [not leaf.layer.fixed for leaf in side.leaves]
        many = sum(takes) > 1
        sides.append([f"w{sum(takes[: i + 1])}" if many else "w" for i in range(len(takes))])
    return sides


def compare(A, B, rng):
    """`(truth of A, truth of B)` with one random integer for every variable of the two."""
    known: dict[str, int] = {}

    def number(name):
        if not isinstance(name, str):
            return name
        return known.setdefault(name, int(rng.integers(1, 2**20)))

    names = kernel_names(A, B)
    return tuple(m.truth(iter(n), number) for m, n in zip((A, B), names, strict=True))


# -------------------------------------------------------------------------- random geometry


def one_of(rng, *values):
    return values[int(rng.integers(len(values)))]


def draw(rng, mode, *, ndim=0, channels=True, strides=True, least=1):
    """A random small layer and a size that it fits."""
    while True:
        n = ndim or one_of(rng, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3)
        few, far = (4, 3) if n == 1 else (3, 2) if n == 2 else (2, 1)
        low, high = rng.integers(least, (8, 5, 4)[n - 1], n), rng.integers(1, few + 1, n)
        size, kernel = tuple(low.tolist()), tuple(high.tolist())
        groups = one_of(rng, 1, 1, 1, 2) if channels else 1
        widths = rng.integers(1, 3, 2) if channels and n < 3 else (1, 1)
        stride = tuple(rng.integers(1, few, n).tolist()) if strides else (1,) * n
        dilation = tuple(rng.integers(1, far + 1, n).tolist())
        padding = tuple(map(tuple, rng.integers(-1, far + 1, (n, 2)).tolist()))
        layer = Layer(
            (groups * int(widths[0]), groups * int(widths[1])), kernel, stride, dilation, padding,
            mode, groups, bool(rng.integers(2)),
        )  # fmt: skip
        if layer.fits(size):
            return layer, size


def fresh(layer, **changes):
    """Another layer object, so another kernel, with the same arguments but for the changes."""
    return replace(layer, **changes)


def set_axis(values, j, value):
    return (*values[:j], value, *values[j + 1 :])


def change(rng, layer, size):
    """One argument changed on one axis, at random or so that the matrix may well stay the same."""
    j = int(rng.integers(len(size)))
    k, s, d, (b, a) = layer.kernel[j], layer.stride[j], layer.dilation[j], layer.padding[j]
    n, m = size[j], layer.outputs(size)[j]
    spare = n + a + b - d * (k - 1) - 1 - s * (m - 1)
    pairs = layer.padding
    what = one_of(
        rng, "flip", "mode", "mode", "swap", "slide", "stride", "dilation", "trailing", "turn",
        "kernel", "anything",
    )  # fmt: skip
    match what:
        case "flip":
            return fresh(layer, flip=not layer.flip)
        case "mode":
            return fresh(layer, mode=one_of(rng, *MODES))
        case "swap":
            return fresh(layer, padding=set_axis(pairs, j, (a, b)))
        case "slide":
            return fresh(layer, padding=set_axis(pairs, j, (b + 1, a - 1)))
        case "stride":
            return fresh(layer, stride=set_axis(layer.stride, j, one_of(rng, 1, 2, 3, 9)))
        case "dilation":
            wide = one_of(rng, 1, 2, 3)
            more = (k - 1) * (wide - d)
            moved = (b + more // 2, a + more - more // 2)
            return fresh(
                layer, dilation=set_axis(layer.dilation, j, wide), padding=set_axis(pairs, j, moved)
            )
        case "trailing":  # too little for one more window, or too little to lose one
            other = one_of(rng, a - spare, a + s - 1 - spare)
            return fresh(layer, padding=set_axis(pairs, j, (b, other)))
        case "turn":  # the same inputs for circular padding
            return fresh(layer, padding=set_axis(pairs, j, (b + n, a - n)))
        case "kernel":  # one more tap, which may read nothing but zeros
            return fresh(
                layer,
                kernel=set_axis(layer.kernel, j, k + 1),
                padding=set_axis(pairs, j, (b, a + d)),
            )
        case _:
            return fresh(layer, padding=set_axis(pairs, j, (b, a + one_of(rng, -1, 1, s))))


def other(rng, layer, size):
    """Another random layer with the same shapes; its trailing padding is what makes them so."""
    kernel, stride, dilation, padding = [], [], [], []
    for j, (n, m) in enumerate(zip(size, layer.outputs(size), strict=True)):
        k = one_of(rng, 1, 2, 3, layer.kernel[j], layer.kernel[j])
        s = one_of(rng, 1, 2, layer.stride[j], layer.stride[j])
        d = one_of(rng, 1, 2, layer.dilation[j], layer.dilation[j])
        b = one_of(rng, 0, 1, layer.padding[j][0], layer.padding[j][0])
        a = d * (k - 1) + 1 + s * (m - 1) - n - b + int(rng.integers(s))
        kernel.append(k)
        stride.append(s)
        dilation.append(d)
        padding.append((b, a))
    return fresh(
        layer, kernel=tuple(kernel), stride=tuple(stride), dilation=tuple(dilation),
        padding=tuple(padding), mode=one_of(rng, layer.mode, layer.mode, *MODES),
        flip=one_of(rng, layer.flip, layer.flip, not layer.flip),
    )  # fmt: skip


def integer_weight(rng, layer):
    """Small integers, zeros among them: a zero is still a connection."""
    return fresh(layer, weight=rng.integers(-1, 2, layer.shape))


def around(padding, mode, channels):
    """A padding as a layer of its own; what is negative crops after."""
    ones = (1,) * len(padding)
    kernel = np.ones((channels, 1, *ones), np.int64)
    plain = Layer((channels,) * 2, ones, ones, ones, padding, mode, channels, False, kernel, True)
    grow = fresh(plain, padding=tuple((max(0, b), max(0, a)) for b, a in padding))
    crop = fresh(plain, padding=tuple((min(0, b), min(0, a)) for b, a in padding), mode="zeros")
    if mode == "zeros":
        return [plain]
    return [grow, crop] if any(map(any, crop.padding)) else [grow]


def every(stride, channels):
    """Sampling as a layer of its own."""
    (layer,) = around(((0, 0),) * len(stride), "zeros", channels)
    return fresh(layer, stride=stride)


def chain(size, *layers):
    """The layers one after another on an input of `size`, or None where one does not fit."""
    result = None
    for layer in layers:
        if not layer.fits(size):
            return None
        then = layer.on(size)
        result = then if result is None else then @ result
        size = layer.outputs(size)
    return result


def swapped(names, groups):
    """Output and input channels of a kernel exchanged within each group."""
    blocks = np.split(names, groups)
    return np.concatenate([block.swapaxes(0, 1) for block in blocks])


# ------------------------------------------------------------------- the families of pairs


def arguments(rng, mode):
    """Two layers: equal ones, one argument changed, or all others that give the same shapes."""
    A, size = draw(rng, mode)
    how = one_of(rng, "same", "same", "change", "change", "change", "twice", "other")
    if how == "same":
        B = fresh(A)
    elif how == "other":
        B = other(rng, A, size)
    else:
        B = change(rng, A, size)
        B = change(rng, B, size) if how == "twice" and B.fits(size) else B
    if rng.random() < 0.2:
        A = integer_weight(rng, A)
        same = B.shape == A.shape and rng.random() < 0.7
        turned = A.weight[(..., *(slice(None, None, -1),) * len(size))]
        B = fresh(B, weight=one_of(rng, A.weight, turned)) if same else integer_weight(rng, B)
    if rng.random() < 0.1 and A.weight is None:
        A = fresh(A, weight=named("w", A.shape))  # the very symbols of a free one
    return chain(size, A), chain(size, B)


def accidents(rng, mode):
    """Tiny inputs and kernels, on which most arguments say nothing."""
    n = one_of(rng, 1, 1, 2)
    size = tuple(rng.integers(1, 4, n).tolist())
    layer = Layer(
        (one_of(rng, 1, 2), one_of(rng, 1, 1, 2)), tuple(rng.integers(1, 3, n).tolist()),
        tuple(rng.integers(1, 6, n).tolist()), tuple(rng.integers(1, 6, n).tolist()),
        tuple(map(tuple, rng.integers(-2, 6, (n, 2)).tolist())), mode, 1, bool(rng.integers(2)),
    )  # fmt: skip
    if not layer.fits(size):
        return None, None
    B = layer
    for _ in range(one_of(rng, 1, 2)):
        B = change(rng, B, size)
        if not B.fits(size):
            return None, None
    if B.outputs(size) != layer.outputs(size) and rng.random() < 0.9:
        return None, None
    A, B = chain(size, layer), chain(size, fresh(B))
    return (A.T, B.T) if rng.random() < 0.2 else (A, B)


def textbook(rng, layer, size, weight, fault):
    """The textbook transposed construction from its parts, with one fault or none."""
    n = tuple(size)
    pairs = layer.padding if layer.mode == "zeros" else ((0, 0),) * len(n)
    if layer.mode != "zeros":
        n = tuple(m + b + a for m, (b, a) in zip(n, layer.padding, strict=True))
    outputs, channels = layer.outputs(size), layer.channels[1]
    stride = (1,) * len(n) if fault == "stride" else layer.stride
    dilation = (1,) * len(n) if fault == "dilation" else layer.dilation
    padding, spread = [], []
    for j, (b, _) in enumerate(pairs):
        reach = dilation[j] * (layer.kernel[j] - 1)
        spread.append(stride[j] * (outputs[j] - 1) + 1)
        before, after = reach - b, n[j] + b - spread[j]
        if fault == "pad":
            before, after = before + 1, after - 1
        if fault == "trailing":  # the rest that the last window did not reach is left to the front
            rest = (n[j] + sum(pairs[j]) - reach - 1) % layer.stride[j]
            before, after = before + rest, after - rest
        padding.append((before, after))
    if fault == "size":
        padding[0] = (padding[0][0], padding[0][1] + 1)
    zeros = every(stride, channels).on(tuple(spread)).T
    flip = layer.flip if fault == "flip" else not layer.flip
    conv = Layer(
        layer.channels[::-1], layer.kernel, (1,) * len(n), dilation, ((0, 0),) * len(n), "zeros",
        layer.groups, flip, weight,
    )  # fmt: skip
    rest = chain(tuple(spread), *around(tuple(padding), "zeros", channels), conv)
    if rest is None or (fault == "size" and layer.mode != "zeros"):
        return None
    result = rest @ zeros
    if layer.mode != "zeros":
        back = one_of(rng, *MODES) if fault == "mode" else layer.mode
        fold = chain(size, *around(layer.padding, back, layer.channels[0]))
        if fold is None:
            return None
        result = fold.T @ result
    return result


FAULTS = ("flip", "pad", "dilation", "stride", "trailing", "channels", "size", "mode")


def transposes(rng, mode):
    """The transpose, against constructions of it that are right, wrong, or right by accident."""
    layer, size = draw(rng, mode)
    how = one_of(
        rng, "library", "parts", "fault", "fault", "fault", "fault", "fault", "fault", "flipped",
        "layer", "twice", "change", "change", "change",
    )  # fmt: skip
    A = layer.on(size).T
    if how == "library" or how == "parts" or how == "fault":
        fault = one_of(rng, *FAULTS) if how == "fault" else "none"
        weight = None
        if fault != "channels" and (max(layer.shape[:2]) > 1 or rng.random() < 0.1):
            layer = fresh(layer, weight=named("w", layer.shape))
            A, weight = layer.on(size).T, swapped(layer.weight, layer.groups)
        B = textbook(rng, layer, size, weight, fault)
        if how == "library" and B is not None:
            B = Both(cm.textbook_transpose(layer.lib, *size), B.own)
    elif how == "flipped":  # circular at stride 1 is a flipped circular convolution
        layer, size = draw(rng, mode, channels=False, strides=False, least=2)
        pairs = []
        for k, d, (b, _) in zip(layer.kernel, layer.dilation, layer.padding, strict=True):
            pairs.append((max(0, b), d * (k - 1) - max(0, b)))
        layer = fresh(layer, padding=tuple(pairs))
        turned = tuple((a, b) for b, a in pairs) if rng.random() < 0.7 else layer.padding
        flip = (not layer.flip) if rng.random() < 0.8 else layer.flip
        A = chain(size, layer)
        A, B = A and A.T, chain(size, fresh(layer, padding=turned, flip=flip))
    elif how == "layer":  # a layer of its own, whose output padding is what the windows leave
        extra = [
            (n + sum(p) - d * (k - 1) - 1) % s
            for n, k, s, d, p in zip(
                size, layer.kernel, layer.stride, layer.dilation, layer.padding, strict=True
            )
        ]
        maker = (cm.conv_transpose1d, cm.conv_transpose2d, cm.conv_transpose3d)[len(size) - 1]
        lib = maker(
            *layer.channels[::-1], layer.kernel, stride=layer.stride, padding=layer.padding,
            dilation=layer.dilation, groups=layer.groups, padding_mode=layer.mode,
            output_padding=tuple(extra),
        )  # fmt: skip
        own = fresh(layer, flip=False)
        B = Both(lib.on(layer.outputs(size)), Transposed(Leaf(own, size)))
    elif how == "twice":
        B = layer.on(size).T.T.T
    else:
        B = chain(size, change(rng, layer, size))
        B = B and B.T
    return A, B


def composites(rng, mode):
    """Layers one after another: with a padding or a sampling split off, products, transposes."""
    layer, size = draw(rng, mode, channels=rng.random() < 0.4)
    ones, still = (1,) * len(size), ((0, 0),) * len(size)
    channels = layer.channels[0]
    A = layer.on(size)
    bare = fresh(layer, padding=still, mode="zeros")
    match one_of(rng, "pad", "pad", "sample", "crop", "pads", "product", "square",
                 "circular", "known"):  # fmt: skip
        case "pad":  # the padding as a layer before the convolution
            pairs, back = layer.padding, mode
            fault = one_of(rng, "", "swap", "swap", "mode", "flip", "flip", "twice")
            if fault == "swap":
                pairs = tuple((a, b) for b, a in pairs)
            if fault == "mode":
                back = one_of(rng, *MODES)
            then = fresh(bare, flip=layer.flip ^ (fault == "flip"))
            if fault == "twice":
                then = fresh(then, padding=layer.padding, mode=mode)
            return A, chain(size, *around(pairs, back, channels), then)
        case "sample":  # the stride as a layer after the convolution, or before it
            one, skip = fresh(layer, stride=ones), every(layer.stride, layer.channels[1])
            if layer.stride == ones:
                return None, None
            if rng.random() < 0.6:
                return A, chain(size, one, skip)
            return chain(size, one, skip), chain(size, every(layer.stride, channels), fresh(one))
        case "crop":  # outputs cropped after, or the input cropped (or not padded) before
            cut = tuple((-int(c), 0) for c in rng.integers(0, 2, len(size)))
            moved = zip(layer.padding, cut, layer.stride, strict=True)
            less = tuple((b + c[0] * s, a) for (b, a), c, s in moved)
            less = layer.padding if rng.random() < 0.3 else less
            back = fresh(layer, padding=less)
            tail = around(cut, "zeros", layer.channels[1])
            return chain(size, layer, *tail), chain(size, back)
        case "pads":  # paddings one after another: no weight at all
            near, far = (
                tuple(map(tuple, rng.integers(0, 2, (len(size), 2)).tolist())) for _ in range(2)
            )
            both = tuple((b + d, a + c) for (b, a), (d, c) in zip(near, far, strict=True))
            if rng.random() < 0.3:
                both = tuple((a, b) for b, a in both)
            last = one_of(rng, mode, mode, *MODES)
            steps = (*around(near, mode, channels), *around(far, last, channels))
            whole = around(both, one_of(rng, mode, mode, last), channels)
            return chain(size, *steps), chain(size, *whole)
        case "product":  # (B A)ᵀ = Aᵀ Bᵀ where a layer object is one kernel, and seldom otherwise
            then, _ = draw(rng, one_of(rng, *MODES), ndim=len(size), channels=False)
            then = fresh(
                then, channels=(layer.channels[1], 1), kernel=tuple(min(2, k) for k in then.kernel)
            )
            if not then.fits(layer.outputs(size)):
                return None, None
            B = then.on(layer.outputs(size))
            if rng.random() < 0.3:
                return (B @ A).T, A.T @ B.T
            A2, B2 = fresh(layer).on(size), fresh(then).on(layer.outputs(size))
            if rng.random() < 0.3:
                return B @ A, B2 @ A2
            return (B @ A).T, A2.T @ B2.T
        case "square":
            again = fresh(layer).on(size)
            if rng.random() < 0.2:
                return A.T @ A, (A.T @ A).T
            return one_of(
                rng, (again.T @ A, (again.T @ A).T), (A.T @ A, again.T @ again),
                (again.T @ A, A.T @ again), (A.T @ A, again.T @ A), (A.T @ A, A.T @ again),
            )  # fmt: skip
        case "circular":  # two circular convolutions commute, others do so by accident
            layers = []
            for k in (2, 3):
                b = one_of(rng, 0, 1, 2)
                pair = ((b, k - 1 - b),)
                layers.append(Layer((1, 1), (k,), (1,), (1,), pair, mode, 1, bool(rng.integers(2))))
            size = (int(rng.integers(1, 8)),)
            back = layers[::-1] if rng.random() < 0.5 else [fresh(one) for one in reversed(layers)]
            return chain(size, *layers), chain(size, *back)
        case _:  # before a layer with known weights
            mix = Layer((layer.channels[1],) * 2, ones, ones, ones, still)
            mix, cut = integer_weight(rng, mix), layer.outputs(size)
            again = mix if rng.random() < 0.5 else integer_weight(rng, mix)
            back = fresh(layer) if rng.random() < 0.5 else change(rng, layer, size)
            if not back.fits(size) or back.outputs(size) != cut:
                return None, None
            return chain(size, layer, mix), chain(size, back, again)


FAMILIES = {f.__name__: f for f in (arguments, accidents, transposes, composites)}


def different(family, mode, rng) -> Iterator[tuple[Both, Both]]:
    """Pairs of a family, none twice."""
    seen = set()
    while True:
        A, B = FAMILIES[family](rng, mode)
        if A is None or B is None:
            continue
        objects = {
            k: i for i, k in enumerate(dict.fromkeys(x.layer for m in (A, B) for x in m.own.leaves))
        }
        shared = tuple(objects[x.layer] for m in (A, B) for x in m.own.leaves)
        key = (A.own.text(), B.own.text(), shared)
        if key not in seen:
            seen.add(key)
            yield A, B


# ----------------------------------------------------------------------------------- the test


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
