"""Which inputs outputs see, as intervals: carried back through a map, axis by axis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from convmatrix.diagram import Diagram
from convmatrix.errors import GeometryError
from convmatrix.leaf import Leaf
from convmatrix.relation import Axis
from convmatrix.stencil import Stencil
from convmatrix.typing import Array
from convmatrix.walk import Piece, walk

__all__ = ["interval_back", "most_entries", "seen"]


SAMPLES = 1024
"""Of so many outputs along an axis the intervals are looked at, to estimate those of all."""


def seen(
    diagram: Diagram, axis: int, outputs: Array, *, folded: bool = False
) -> tuple[Array, Array]:
    """The first and last input that each output sees, of branches that meet the ends of all; with
    `folded` padding that folds makes an interval that leaves the input the whole of it."""
    found: tuple[Array, Array] = walk(diagram.T, (outputs, outputs), _Intervals(axis, folded))
    return found


class _Intervals:
    """Intervals along an axis, carried back through the layers."""

    def __init__(self, axis: int, folded: bool) -> None:
        self.axis, self.folded = axis, folded

    def through(
        self, leaf: Leaf, value: tuple[Array, Array], back: bool, digit: int
    ) -> tuple[Array, Array]:
        first, last = interval_back(leaf, not back, self.axis)[0](*value)
        if self.folded and leaf.geometry.folds:
            size = leaf.ends(back)[1][1 + self.axis]
            outside = (first < 0) | (last >= size)
            first, last = np.where(outside, 0, first), np.where(outside, size - 1, last)
        return first, last

    def joined(self, pieces: list[Piece], shape: Any) -> tuple[Array, Array]:
        low, high = zip(*(piece.value for piece in pieces), strict=True)
        return reduce(np.minimum, low), reduce(np.maximum, high)


def most_entries(diagram: Diagram) -> int:
    """About how many (output, input) pairs are connected at most: every channel with every other,
    and each output with all of the interval that it sees."""
    ends = diagram.in_shape, diagram.out_shape
    pairs = int(ends[0][0] * ends[1][0])
    for j, (size, outputs) in enumerate(zip(ends[0][1:], ends[1][1:], strict=True)):
        count = min(int(outputs), SAMPLES)
        sample = np.array([i * (outputs - 1) // max(1, count - 1) for i in range(count)], object)
        if size < 2**40 and outputs < 2**40:
            sample = sample.astype(np.int64)
        try:
            low, high = seen(diagram, j, sample, folded=True)
        except GeometryError:  # a layer that moves elements or resizes
            pairs *= int(size * outputs)
            continue
        widths = np.minimum(high, size - 1) - np.maximum(low, 0) + 1
        pairs *= int(sum(np.maximum(widths, 0).tolist())) * outputs // count + 1
    return pairs


Interval = Callable[[Array, Array], tuple[Array, Array]]


def interval_back(leaf: Leaf, back: bool, j: int) -> tuple[Interval, Fraction]:
    """From intervals of what a leaf gives, read forward or `back`, to those of what it takes; and
    how many of these one step there is."""
    if not isinstance(leaf.geometry, Stencil) or not isinstance(leaf.geometry.axes[j], Axis):
        raise GeometryError(
            f"{leaf.typed.name} moves or resizes elements, so there is no one receptive "
            f"field; ask inputs_of(element) of the map instead"
        )
    axis = replace(leaf.geometry.windows[j], flip=False)
    s, k = axis.stride, axis.kernel
    if not back:
        return lambda low, high: (axis.source(low, 0), axis.source(high, k - 1)), Fraction(s)
    return lambda low, high: (-((axis.last - low) // s), (high - axis.first) // s), Fraction(1, s)
