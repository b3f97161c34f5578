"""A little library of its own, with NumPy alone: layers by their numbers, and chains of layers.

From the same numbers come the library's map (`made`) and the matrix that it should have (`matrix`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod

import numpy as np

import convmatrix as cm


class NoMapError(Exception):
    """There is no map of this geometry."""


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
    """A layer by its numbers, an axis each; `weight` is None where it stands for symbols.

    Not the layer of `oracles.triples`, on purpose: two that pad and read in ways of their own.
    """

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


def vector(*values):
    kernel = np.empty((1, 1, len(values)), object)
    kernel[0, 0] = values
    return kernel
