"""How much of the input one output sees.

Source: A. Araujo et al., *Computing receptive fields of convolutional neural networks*, Distill
2019; here by carrying an interval back through every axis, so that transposed layers count too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from math import prod
from typing import Any

from convmatrix.errors import GeometryError
from convmatrix.layers import Layer
from convmatrix.layers.calling import public
from convmatrix.maps import ComposedMap, LeafMap, Map, TransposedMap
from convmatrix.relation import Axis
from convmatrix.stencil import Stencil

__all__ = ["ReceptiveField", "receptive_field"]

LARGE = 4096
"""The input size at which padding words are resolved where none is given."""


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """The receptive field along one axis.

    Attributes
    ----------
    size
        How many input elements an output sees, first to last (the most that any output sees).
    stride
        How far the field moves from one output to the next; a fraction where layers upsample.
    padding
        How far output 0's field begins before the input.
    offset
        The input coordinate of the centre of output 0's field.
    """

    size: int
    stride: Fraction
    padding: int
    offset: Fraction

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        plain = asdict(self)
        return {**plain, "stride": _plain(self.stride), "offset": _plain(self.offset)}

    def __str__(self) -> str:
        return f"{self.size} (stride {self.stride}, padding {self.padding}, offset {self.offset})"


@public
def receptive_field(layer: Layer, *input_size: Any) -> tuple[ReceptiveField, ...]:
    """The receptive field of a layer or stack, an axis each.

    `input_size` matters only where padding depends on it (``same`` with a stride).

    >>> import convmatrix as cm
    >>> dilated = cm.sequential(*(cm.conv1d(1, 1, 3, dilation=2**i) for i in range(4)))
    >>> receptive_field(dilated)[0].size
    31
    """
    size = tuple(n for n in input_size if n is not None)
    bound = layer.on(*(size or (LARGE,)))
    return tuple(_along(bound, axis) for axis in range(layer.ndim))


Step = Callable[[int, int], tuple[int, int]]


def _along(bound: Map, axis: int) -> ReceptiveField:
    steps = list(_steps(bound, axis))
    scale = prod((ratio for _, ratio in steps), start=Fraction(1))
    fields = []
    for o in range(scale.denominator):
        low = high = o
        for step, _ in reversed(steps):
            low, high = step(low, high)
        fields.append((low, high))
    low, high = fields[0]
    size = max(h - first + 1 for first, h in fields)
    return ReceptiveField(size, scale, -low, Fraction(low + high, 2))


def _steps(bound: Map, axis: int, *, back: bool = False) -> Iterator[tuple[Step, Fraction]]:
    """For each layer in order of application: from an interval of its outputs to one of its
    inputs, and how many inputs one output step is."""
    if isinstance(bound, TransposedMap):
        yield from _steps(bound.of, axis, back=not back)
    elif isinstance(bound, ComposedMap):
        for factor in reversed(bound.factors) if back else bound.factors:
            yield from _steps(factor, axis, back=back)
    elif isinstance(bound, LeafMap):
        yield _step(bound, axis, back)
    else:
        raise GeometryError(
            f"{bound!r} has branches, so there is no one receptive field; ask inputs_of(element)"
        )


def _step(leaf: LeafMap, j: int, back: bool) -> tuple[Step, Fraction]:
    if not isinstance(leaf.bound, Stencil) or not isinstance(leaf.bound.axes[j], Axis):
        raise GeometryError(
            f"{leaf.typed.name} moves or resizes elements, so there is no one receptive "
            f"field; ask inputs_of(element) of the map instead"
        )
    axis = replace(leaf.bound.windows[j], flip=False)
    s, k = axis.stride, axis.kernel
    if back:
        return lambda low, high: (-((axis.last - low) // s), (high - axis.first) // s), Fraction(
            1, s
        )
    return lambda low, high: (axis.source(low, 0), axis.source(high, k - 1)), Fraction(s)


def _plain(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)
