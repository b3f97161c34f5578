"""Which inputs outputs see, as intervals: carried back through a map, axis by axis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from convmatrix.diagram import Stages, Step
from convmatrix.errors import GeometryError
from convmatrix.relation import Axis
from convmatrix.stencil import Stencil
from convmatrix.typing import Array

__all__ = ["interval_back", "most_entries", "seen"]


SAMPLES = 1024
"""Of so many outputs along an axis the intervals are looked at, to estimate those of all."""


def seen(stages: Stages, axis: int, outputs: Array, *, folded: bool = False) -> tuple[Array, Array]:
    """The first and last input that each output sees, of branches that meet the ends of all; with
    `folded` padding that folds makes an interval that leaves the input the whole of it."""
    low, high = {stages.output: outputs}, {stages.output: outputs}
    for step in reversed(stages.steps):
        if step.target in low:
            first, last = interval_back(step, axis)[0](low[step.target], high[step.target])
            there = step.source
            if folded and step.map is not None and step.map.leaves[0].bound.folds:
                outside = (first < 0) | (last >= stages.shapes[there][1 + axis])
                first = np.where(outside, 0, first)
                last = np.where(outside, stages.shapes[there][1 + axis] - 1, last)
            low[there] = np.minimum(low[there], first) if there in low else first
            high[there] = np.maximum(high[there], last) if there in high else last
    return low[stages.input], high[stages.input]


def most_entries(stages: Stages) -> int:
    """About how many (output, input) pairs are connected at most: every channel with every other,
    and each output with all of the interval that it sees."""
    ends = stages.shapes[stages.input], stages.shapes[stages.output]
    pairs = int(ends[0][0] * ends[1][0])
    for j, (size, outputs) in enumerate(zip(ends[0][1:], ends[1][1:], strict=True)):
        count = min(int(outputs), SAMPLES)
        sample = np.array([i * (outputs - 1) // max(1, count - 1) for i in range(count)], object)
        if size < 2**40 and outputs < 2**40:
            sample = sample.astype(np.int64)
        try:
            low, high = seen(stages, j, sample, folded=True)
        except GeometryError:  # a layer that moves elements or resizes
            pairs *= int(size * outputs)
            continue
        widths = np.minimum(high, size - 1) - np.maximum(low, 0) + 1
        pairs *= int(sum(np.maximum(widths, 0).tolist())) * outputs // count + 1
    return pairs


Interval = Callable[[Array, Array], tuple[Array, Array]]


def interval_back(step: Step, j: int) -> tuple[Interval, Fraction]:
    """From intervals where the step's edges end to those where they start, and how many of these
    one step there is."""
    if step.map is None:
        return lambda low, high: (low, high), Fraction(1)
    leaf = step.map.leaves[0]
    if not isinstance(leaf.bound, Stencil) or not isinstance(leaf.bound.axes[j], Axis):
        raise GeometryError(
            f"{leaf.typed.name} moves or resizes elements, so there is no one receptive "
            f"field; ask inputs_of(element) of the map instead"
        )
    axis = replace(leaf.bound.windows[j], flip=False)
    s, k = axis.stride, axis.kernel
    if (step.map is leaf) != step.turned:
        return lambda low, high: (axis.source(low, 0), axis.source(high, k - 1)), Fraction(s)
    return lambda low, high: (-((axis.last - low) // s), (high - axis.first) // s), Fraction(1, s)
