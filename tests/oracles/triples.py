"""An oracle of maps with NumPy and plain Python only, beside the library's own.

It knows a map in two ways that share nothing but `pad` and `windows`: as a matrix, by running the
convolution on every unit vector, with a random integer for every weight; and as a counter of
triples (row, column, product of taps), by padding an array of indices.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

import convmatrix as cm

MODES = {"zeros": "constant", "circular": "wrap", "reflect": "reflect", "replicate": "edge"}


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

    Padding and sampling are convolutions with a kernel of ones, one a channel (`fixed`). Not the
    layer of `oracles.valued`, on purpose: two that pad and read in ways of their own.
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


def fresh(layer, **changes):
    """Another layer object, so another kernel, with the same arguments but for the changes."""
    return replace(layer, **changes)


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
