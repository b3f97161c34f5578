"""Constructions with one mistake each, and the right ones beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import add, mul

import convmatrix as cm

WEAKER = {"connectivity": "size", "weights": "connectivity"}


def chain(size, *layers):
    """The layers one after another."""
    first, *rest = layers
    whole = first.on(*size)
    for layer in rest:
        whole = layer.on(*whole.out_shape[1:]) @ whole
    return whole


# ----------------------------------------------------------- the transposed convolution

NUMBERS = ("n", "k", "s", "d", "p0", "p1")


def textbook(values, mistake=None, **options):
    """A convolution's transpose, and the construction by hand with a mistake in its parts."""
    n, k, s, d, p0, p1 = numbers = [{**options, **values}[name] for name in NUMBERS]
    mode, groups = options.get("mode", "zeros"), options.get("groups", 1)
    c, o = options.get("channels", (1, 1))
    A = cm.conv1d(
        c, o, k, stride=s, dilation=d, padding=((p0, p1),), padding_mode=mode, groups=groups
    ).on(n)
    around = (p0, p1) if mode == "zeros" else (0, 0)
    right = {
        **dict(zip(NUMBERS, numbers, strict=True)),
        "spread": s, "before": d * (k - 1) - around[0], "after": d * (k - 1) - around[1],
        "spare": (n + p0 + p1 - d * (k - 1) - 1) % s, "mode": "zeros",
        "kernel_size": k, "dilation": d, "flip": True, "groups": groups,
        "around": ((p0, p1),), "fold": mode,
    }  # fmt: skip
    parts = {**right, **changed(mistake, right)}
    conv = {x: parts[x] for x in ("kernel_size", "dilation", "flip", "groups")}
    B = chain(
        A.out_shape[1:],
        cm.zero_insert(parts["spread"], ndim=1, channels=o),
        cm.pad(
            ((parts["before"], parts["after"] + parts["spare"]),),
            mode=parts["mode"],
            ndim=1,
            channels=o,
        ),
        cm.conv1d(o, c, **conv),
    )
    if mode != "zeros":
        B = cm.pad(parts["around"], mode=parts["fold"], ndim=1, channels=c).on(n).T @ B
    return A.T, B


def changed(mistake, right):
    """The parts that a mistake changes: given as they are, or made from the right ones."""
    return mistake(**right) if callable(mistake) else mistake or {}


def off(**by):
    """Parts that are so much too large."""
    return lambda **right: {name: right[name] + extra for name, extra in by.items()}


def undilated(k, p0, p1, **_):
    return {"before": k - 1 - p0, "after": k - 1 - p1}


def spare(divisor, extra=0):
    """The elements that no window reaches, as the remainder of something else."""

    def mistake(n, k, s, d, p0, p1, **_):
        return {"spare": (n + p0 + p1 - d * (k - 1) - 1 + extra) % (s + divisor)}

    return mistake


def exchanged(before, after, **_):
    return {"before": after, "after": before}


FREE = "n k s d p0 p1"
TRANSPOSED = {
    # name: (level, the mistake, the symbols, what is fixed)
    "flip forgotten": ("weights", {"flip": False}, FREE, {}),
    "dilation forgotten in the padding": ("size", undilated, FREE, {}),
    "dilation forgotten in the convolution": ("size", {"dilation": 1}, FREE, {}),
    "dilation forgotten in both": (
        "size",
        lambda **right: {**undilated(**right), "dilation": 1},
        FREE,
        {},
    ),
    "stride forgotten": ("size", {"spread": 1}, FREE, {}),
    "s zeros between": ("size", off(spread=1), "n k d p0 p1", {"s": 2}),
    "one element too many before": ("size", off(before=1), FREE, {}),
    "one element too many after": ("size", off(after=1), FREE, {}),
    "one element too many on both sides": ("size", off(before=1, after=1), FREE, {}),
    "one element moved to the front": ("connectivity", off(before=1, after=-1), FREE, {}),
    "one element moved to the back": ("connectivity", off(before=-1, after=1), FREE, {}),
    "padding k - p": (
        "size",
        lambda k, p0, p1, **_: {"before": k - p0, "after": k - p1},
        FREE,
        {},
    ),
    "spare elements forgotten": ("size", {"spare": 0}, FREE, {}),
    "spare elements before instead of after": (
        "connectivity",
        lambda before, spare, **_: {"spare": 0, "before": before + spare},
        FREE,
        {},
    ),
    "spare elements modulo s + 1": ("size", spare(1), FREE, {}),
    "spare elements of the next size": ("size", spare(0, 1), FREE, {}),
    "padding added": ("size", lambda before, p0, **_: {"before": before + 2 * p0}, FREE, {}),
    "paddings exchanged": ("connectivity", exchanged, FREE, {}),
    "kernel one longer": ("size", off(kernel_size=1), FREE, {}),
    "kernel one longer, padded": (
        "connectivity",
        off(kernel_size=1, before=1),
        "n k s p0 p1",
        {"d": 1},
    ),
    "circular instead of zeros": (
        "weights",  # one element, to begin with: all taps meet on it
        {"mode": "circular"},
        "n",
        {"k": 3, "s": 1, "d": 1, "p0": 1, "p1": 1},
    ),
    "channels not swapped": (
        "weights",
        {},
        "n k p0",
        {"s": 2, "d": 1, "p1": 0, "channels": (2, 2)},
    ),
    "groups ignored": (
        "connectivity",
        {"groups": 1},
        FREE,
        {"channels": (2, 2), "groups": 2},
    ),
    "folded as replicate, not circular": (
        "connectivity",
        {"fold": "replicate"},
        "n k p0",
        {"s": 1, "d": 1, "p1": 0, "mode": "circular"},
    ),
    "folded as zeros, not circular": (
        "connectivity",
        {"fold": "zeros"},
        "n k p0",
        {"s": 1, "d": 1, "p1": 0, "mode": "circular"},
    ),
    "folded with the paddings exchanged": (
        "connectivity",
        lambda p0, p1, **_: {"around": ((p1, p0),)},
        "n k p0 p1",
        {"s": 1, "d": 1, "mode": "replicate"},
    ),
}


# ------------------------------------------------------------------- two dimensions


def flat(values, mistake=None):
    """The construction in two dimensions, every part a pair."""
    n, m, k, s, p = (values[name] for name in ("n", "m", "k", "s", "p"))
    kernel, stride, dilation, pads = (k, 2), (s, 2), (1, 2), ((p, 0), (1, p))
    A = cm.conv2d(1, 1, kernel, stride=stride, dilation=dilation, padding=pads).on(n, m)
    around = []
    for size, x, t, d, (b, a) in zip((n, m), kernel, stride, dilation, pads, strict=True):
        reach = d * (x - 1)
        around.append((reach - b, reach - a + (size + a + b - reach - 1) % t))
    right = {"stride": stride, "dilation": dilation, "flip": True, "around": tuple(around)}
    parts = {**right, **changed(mistake, right)}
    B = chain(
        A.out_shape[1:],
        cm.zero_insert(parts["stride"]),
        cm.pad(parts["around"]),
        cm.conv2d(1, 1, kernel, dilation=parts["dilation"], flip=parts["flip"]),
    )
    return A.T, B


def second(change):
    """The padding of the second axis changed."""
    return lambda around, **_: {"around": (around[0], change(*around[1]))}


FLAT = {
    "2-D: flip forgotten": ("weights", {"flip": False}),
    "2-D: axes of the stride exchanged": ("size", lambda stride, **_: {"stride": stride[::-1]}),
    "2-D: dilation forgotten on one axis": ("size", {"dilation": (1, 1)}),
    "2-D: one axis shifted": ("connectivity", second(lambda b, a: (b - 1, a + 1))),
    "2-D: before and after exchanged on one axis": ("connectivity", second(lambda b, a: (a, b))),
    "2-D: one axis cut short": ("size", second(lambda b, a: (b, a - 1))),
}


# ------------------------------------------------------------------- other identities


def stacked(v, kernel=-1, after=0):
    """Two convolutions reach as far as one of kernel k + m - 1."""
    first = cm.conv1d(1, 1, v["k"], padding=v["p"])
    whole = cm.conv1d(1, 1, v["k"] + v["m"] + kernel, padding=((v["p"], v["p"] + after),))
    return chain((v["n"],), first, cm.conv1d(1, 1, v["m"])), whole.on(v["n"])


def dilated(v, extra=0, after=0):
    """A dilated kernel is a kernel with d - 1 zeros in between."""
    conv = cm.conv1d(1, 1, v["k"], dilation=v["d"], padding=v["p"])
    pads = ((v["p"], v["p"] + after * (v["k"] - 1)),)
    return conv.on(v["n"]), cm.conv1d(1, 1, v["k"], dilation=v["d"] + extra, padding=pads).on(
        v["n"]
    )


def padded(v, mode="circular", around="circular", by=0):
    """A padded convolution pads, then convolves."""
    conv = cm.conv1d(1, 1, v["k"], stride=v["s"], padding=v["p"], padding_mode=mode)
    bare = cm.conv1d(1, 1, v["k"], stride=v["s"])
    return conv.on(v["n"]), chain((v["n"],), cm.pad(v["p"] + by, mode=around, ndim=1), bare)


def sampled(v, start=0, step=1):
    """A strided convolution keeps every s-th output."""
    conv = cm.conv1d(1, 1, v["k"], stride=v["s"], padding=v["p"])
    every = cm.conv1d(1, 1, v["k"], padding=v["p"])
    shift = cm.pad(((-start, start),), ndim=1)
    return conv.on(v["n"]), chain((v["n"],), every, shift, cm.sample(step * v["s"], ndim=1))


def sampled_first(v):
    conv = cm.conv1d(1, 1, v["k"], stride=v["s"])
    early = cm.conv1d(1, 1, v["k"])
    return conv.on(v["n"]), chain((v["n"],), cm.sample(v["s"], ndim=1), early)


def picked_twice(v, times=mul):
    s, t = v["s"], v["t"]
    one = cm.sample(times(s, t), ndim=1)
    return chain((v["n"],), cm.sample(s, ndim=1), cm.sample(t, ndim=1)), one.on(v["n"])


def nothing(v, *layers):
    return chain((v["n"],), *layers), cm.pad(0, ndim=1).on(v["n"])


def spread_then_sample(v):
    return nothing(v, cm.zero_insert(v["s"], ndim=1), cm.sample(v["s"], ndim=1))


def sample_then_spread(v):
    """Only what was sampled comes back."""
    size = v["s"] * (v["n"] - 1) + 1
    layers = cm.sample(v["s"], ndim=1), cm.zero_insert(v["s"], ndim=1)
    return chain((size,), *layers), cm.pad(0, ndim=1).on(size)


def pad_then_crop(v):
    return nothing(v, cm.pad(v["p"], ndim=1), cm.pad(-v["p"], ndim=1))


def crop_then_pad(v):
    return nothing(v, cm.pad(-v["p"], ndim=1), cm.pad(v["p"], ndim=1))


def padded_twice(v, mode="replicate"):
    twice = cm.pad(1, mode=mode, ndim=1), cm.pad(v["p"], mode=mode, ndim=1)
    return chain((v["n"],), *twice), cm.pad(v["p"] + 1, mode=mode, ndim=1).on(v["n"])


def product_of_two(v, wrong=False):
    A = cm.conv1d(1, 1, v["k"], stride=v["s"], padding=v["p"]).on(v["n"])
    return (A.T @ A).T, A @ A.T if wrong else A.T @ A


def layer_and_map(v, extra=0, stride=0):
    """A transposed layer is the transpose of its convolution."""
    layer = cm.conv_transpose1d(1, 1, v["k"], stride=v["s"], padding=v["p"])
    n = v["s"] * (v["m"] - 1) + v["k"] - 2 * v["p"] + extra
    conv = cm.conv1d(1, 1, v["k"], stride=v["s"] + stride, padding=v["p"])
    return layer.on(v["m"]), conv.on(n).T


def grouped(v, groups=2):
    make = {"padding": v["p"], "stride": v["s"]}
    left = cm.conv1d(4, 4, v["k"], groups=2, **make).on(v["n"])
    return left, cm.conv1d(4, 4, v["k"], groups=groups, **make).on(v["n"])


OTHERS = {
    # name: (level, the right one or None, the wrong one, the symbols, the level asked for)
    "reach of a stack off by one": ("size", None, partial(stacked, kernel=0), "n k m p"),
    "reach of a stack off by one, padded": (
        "connectivity", None, partial(stacked, kernel=0, after=1), "n k m p", "connectivity",
    ),
    "d zeros between taps": ("size", dilated, partial(dilated, extra=1), "n k d p"),
    "d zeros between taps, padded": (
        "connectivity", dilated, partial(dilated, extra=1, after=1), "n k d p",
    ),
    "padding modes differ": (
        "connectivity", padded, partial(padded, around="replicate"), "n k s p",
    ),
    "zeros where circular": ("connectivity", padded, partial(padded, around="zeros"), "n k s p"),
    "circular where zeros": (
        "connectivity", partial(padded, mode="zeros", around="zeros"),
        partial(padded, mode="zeros"), "n k s p",
    ),
    "reflect where replicate": (
        "connectivity", partial(padded, mode="replicate", around="replicate"),
        partial(padded, mode="replicate", around="reflect"), "n k s p",
    ),
    "padded one more": ("size", padded, partial(padded, by=1), "n k s p"),
    "sampled from the second on": ("connectivity", sampled, partial(sampled, start=1), "n k s p"),
    "sampled twice as seldom": ("size", sampled, partial(sampled, step=2), "n k s p"),
    "sampled before convolving": ("connectivity", None, sampled_first, "n k s"),
    "steps added": ("size", picked_twice, partial(picked_twice, times=add), "n s t"),
    "zeros inserted after sampling": (
        "connectivity", spread_then_sample, sample_then_spread, "n s",
    ),
    "padded after cropping": ("connectivity", pad_then_crop, crop_then_pad, "n p"),
    "reflected twice": ("connectivity", None, partial(padded_twice, mode="reflect"), "n p"),
    "wrapped twice": ("connectivity", None, partial(padded_twice, mode="circular"), "n p"),
    "order of a product": ("size", product_of_two, partial(product_of_two, wrong=True), "n k s p"),
    "output padding forgotten": ("size", layer_and_map, partial(layer_and_map, extra=1), "m k s p"),
    "stride of the transpose": ("size", layer_and_map, partial(layer_and_map, stride=1), "m k s p"),
    "depthwise for groups": ("connectivity", grouped, partial(grouped, groups=4), "n k s p"),
    "no groups": ("connectivity", grouped, partial(grouped, groups=1), "n k s p"),
}  # fmt: skip


def make_symbols(names):
    return dict(zip(names.split(), cm.symbols(f"{names},"), strict=True))


@dataclass(frozen=True)
class Mutant:
    level: str
    """At which it is refuted."""
    right: Callable | None
    """The construction without the mistake; None where nothing like it is true."""
    wrong: Callable
    names: str
    asked: str = "weights"
    """The level of the statement; a stack of two layers has two kernels, one layer has one."""

    def at(self, values):
        """The verdict in numbers, or None where a side does not exist."""
        try:
            return cm.prove_equal(*self.wrong(values), level=self.asked)
        except cm.GeometryError:
            return None


MUTANTS = {
    **{
        name: Mutant(
            level,
            partial(textbook, **{**fixed, "channels": (fixed.get("groups", 1),) * 2}),
            partial(textbook, mistake=mistake, **fixed),
            names,
        )
        for name, (level, mistake, names, fixed) in TRANSPOSED.items()
    },
    **{
        name: Mutant(level, flat, partial(flat, mistake=mistake), "n m k s p")
        for name, (level, mistake) in FLAT.items()
    },
    **{name: Mutant(*other) for name, other in OTHERS.items()},
}
