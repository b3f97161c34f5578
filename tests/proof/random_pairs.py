"""Random pairs of maps in four families, each by the library and by the oracle of triples."""

from __future__ import annotations

from collections.abc import Iterator

from oracles.triples import (
    MODES,
    Both,
    Layer,
    Leaf,
    Transposed,
    around,
    chain,
    every,
    fresh,
    named,
    swapped,
)

import convmatrix as cm

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
