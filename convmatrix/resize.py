"""The relation along one axis of a resize: each output reads one or two inputs, at coordinates
computed as PyTorch computes them (``aten/src/ATen/native/UpSample.h``).

It is not of the form `stride * o + dilation * t - before` (the step may be any ratio), so it has
its own axis, with the same questions and answers as `relation.Axis`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from convmatrix.relation import Index

__all__ = ["RESIZE_MODES", "ResizeAxis", "half_pixel"]

ABSENT = -1
"""The input that an unused tap reads: none."""

Reads = tuple[tuple[int, Fraction], ...]
"""What one output reads: an `(input, coefficient)` a tap."""


def _float32(x: float) -> float:
    """Round to the nearest float32, as PyTorch's nearest mode does at every step."""
    return float(struct.unpack("f", struct.pack("f", x))[0])


def _nearest(n: int, m: int, scale: float | None, shift: float) -> list[Reads]:
    step = _float32(1.0 / scale if scale else n / m)
    one = Fraction(1)
    return [((min(int(_float32(_float32(o + shift) * step)), n - 1), one),) for o in range(m)]


def half_pixel(o: Index, outputs: Index, inputs: Index) -> Index:
    """Where output `o` lies among the inputs, times `2 * outputs`, when pixels are areas: the
    coordinate is `(o + 1/2) * inputs / outputs - 1/2`.

    >>> half_pixel(2, 2, 1)
    3
    """
    return (2 * o + 1) * inputs - outputs


def _linear(n: int, m: int, scale: float | None, align_corners: bool) -> list[Reads]:
    if align_corners:
        whole = max(1, m - 1)
        places = [(n - 1) * o for o in range(m)]
    else:
        step = 1 / Fraction(scale) if scale else Fraction(n, m)
        whole = 2 * step.denominator
        places = [max(0, half_pixel(o, step.denominator, step.numerator)) for o in range(m)]
    split = [divmod(place, whole) for place in places]  # the input before, and how far behind it
    rests = {rest for _, rest in split}
    shares = {rest: (Fraction(whole - rest, whole), Fraction(rest, whole)) for rest in rests}
    unused, one = (ABSENT, Fraction(0)), Fraction(1)
    return [
        ((left, shares[rest][0]), (left + 1, shares[rest][1]))
        if rest and left < n - 1
        else ((min(left, n - 1), one), unused)
        for left, rest in split
    ]


RESIZE_MODES: dict[str, Callable[[int, int, float | None, bool], list[Reads]]] = {
    "nearest": lambda n, m, scale, _: _nearest(n, m, scale, 0.0),
    "nearest-exact": lambda n, m, scale, _: _nearest(n, m, scale, 0.5),
    "linear": _linear,
}


@lru_cache(maxsize=256)
def _table(n: int, m: int, mode: str, scale: float | None, align: bool) -> tuple[Reads, ...]:
    if n == m and mode != "nearest-exact":  # a factor that keeps the size copies
        return tuple(((o, Fraction(1)),) for o in range(m))
    if m == 2 * n and mode == "nearest":
        return tuple(((o // 2, Fraction(1)),) for o in range(m))
    return tuple(RESIZE_MODES[mode](n, m, scale, align))


@dataclass(frozen=True, slots=True)
class ResizeAxis:
    """An axis of `size` inputs resized to `outputs`.

    `scale` is the ratio outputs : inputs as the person gave it, or None where it follows from
    the sizes. Linear coefficients are exact fractions; a tap with coefficient zero is absent.

    >>> ResizeAxis(size=2, outputs=4, mode="linear").inputs_of(1)
    [(0, 0), (1, 1)]
    """

    size: int
    outputs: int
    mode: str = "nearest"
    scale: float | None = None
    align_corners: bool = False

    @property
    def table(self) -> tuple[Reads, ...]:
        """For each output, an `(input, coefficient)` a tap; input -1 where a tap is absent."""
        return _table(self.size, self.outputs, self.mode, self.scale, self.align_corners)

    @property
    def kernel(self) -> int:
        """How many inputs an output may read."""
        return len(self.table[0])

    @property
    def folds(self) -> bool:
        """Two taps never meet on one input."""
        return False

    @property
    def collides(self) -> bool:
        """Two taps never meet on one input."""
        return False

    def read(self, o: Index, t: Index) -> Index:
        """The input that `(o, t)` reads, -1 where the tap is absent (ints and arrays)."""
        places = np.array([[i for i, _ in reads] for reads in self.table])
        return places[o, t]

    def inside(self, i: Index) -> Index:
        """Whether a coordinate is a real input."""
        return i >= 0

    def coefficients(self) -> tuple[tuple[Fraction, ...], ...]:
        """The factor at each `(output, tap)`."""
        return tuple(tuple(factor for _, factor in reads) for reads in self.table)

    def inputs_of(self, o: int) -> list[tuple[int, int]]:
        """Every `(input, tap)` that output `o` reads."""
        return [(i, t) for t, (i, _) in enumerate(self.table[o]) if i != ABSENT]

    def outputs_of(self, i: int) -> list[tuple[int, int]]:
        """Every `(output, tap)` that reads input `i`."""
        rows = enumerate(self.table)
        return [(o, t) for o, reads in rows for t, (j, _) in enumerate(reads) if j == i]

    @property
    def pairs(self) -> int:
        """How many `(output, tap)` pairs read an input."""
        return sum(i != ABSENT for reads in self.table for i, _ in reads)

    @property
    def entries(self) -> int:
        """How many distinct `(output, input)` pairs: all."""
        return self.pairs

    def check(self, where: str) -> None:
        """Nothing can go wrong once the sizes are positive, and the layer sees to that."""
