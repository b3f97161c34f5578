"""How much of the input one output sees.

Source: A. Araujo et al., *Computing receptive fields of convolutional neural networks*, Distill
2019; here by carrying an interval back through every axis, so that transposed layers count too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from convmatrix.diagram import Diagram, Step
from convmatrix.errors import GeometryError, TooLargeError
from convmatrix.layers import Layer
from convmatrix.layers.calling import public
from convmatrix.layers.printing import Printed
from convmatrix.maps import Map
from convmatrix.maps.given import given_map
from convmatrix.maps.intervals import interval_back, seen
from convmatrix.maps.shaped import require_numbers
from convmatrix.typing import Array

__all__ = ["ReceptiveField", "receptive_field"]


LARGE = 4096
"""The input size at which padding words are resolved where none is given."""
MOST_FIELDS = 1 << 16
"""So many outputs' fields are compared, at most."""


@dataclass(frozen=True, slots=True)
class ReceptiveField(Printed):
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
def receptive_field(layer: Layer | Map, *input_size: Any) -> tuple[ReceptiveField, ...]:
    """The receptive field of a layer, stack or network (or map), an axis each; of branches that
    meet the least interval that holds all of theirs.

    `input_size` matters only where padding depends on it (``same`` with a stride). Raises
    `GeometryError` where there is no one field: layers that resize or move elements, branches of
    unequal strides.

    >>> import convmatrix as cm
    >>> dilated = cm.sequential(*(cm.conv1d(1, 1, 3, dilation=2**i) for i in range(4)))
    >>> receptive_field(dilated)[0].size
    31
    """
    size = tuple(n for n in input_size if n is not None)
    if not isinstance(layer, Map):
        size = size or (LARGE,)
    A = given_map(layer, size, "receptive_field")
    require_numbers(A, "measure its receptive field")
    return tuple(_along(A.diagram, axis) for axis in range(len(A.in_shape) - 1))


def _along(diagram: Diagram, axis: int) -> ReceptiveField:
    scale = _scale(diagram, axis)
    ends = seen(diagram, axis, np.array([0, scale.denominator], object))
    small = max(abs(int(place)) for place in np.concatenate(ends)) < 2**61
    outputs = _candidates(diagram, axis, scale, np.int64 if small else object)
    low, high = seen(diagram, axis, outputs)
    size = int((high - low).max()) + 1
    first, last = int(ends[0][0]), int(ends[1][0])
    return ReceptiveField(size, scale, -first, Fraction(first + last, 2))


def _candidates(diagram: Diagram, axis: int, scale: Fraction, dtype: Any) -> Array:
    """Outputs among which the largest field is: those of one period, or, where inputs are fewer,
    the first output to see each: both ends of a field only grow, so it is largest there."""
    inputs, outputs = scale.numerator, scale.denominator
    if outputs <= MOST_FIELDS:
        return np.arange(outputs).astype(dtype)
    if inputs > MOST_FIELDS:
        raise TooLargeError(
            f"the receptive field repeats after {outputs} outputs and {inputs} inputs, more than "
            f"the {MOST_FIELDS} that are compared; ask inputs_of(element)"
        )
    zero = np.zeros(1, dtype)
    places = seen(diagram, axis, zero)[1] + np.arange(1, inputs + 1)
    low, high = zero + 0 * places, zero + outputs + 0 * places
    while (low < high).any():
        middle = (low + high) // 2
        enough = seen(diagram, axis, middle)[1] >= places
        low, high = np.where(enough, low, middle + 1), np.where(enough, middle, high)
    return np.append(low, zero)


def _length(step: Step, axis: int) -> Fraction:
    """How many places of its source one place of a step's target is."""
    return Fraction(1) if step.leaf is None else interval_back(step.leaf, step.back, axis)[1]


def _scale(diagram: Diagram, axis: int) -> Fraction:
    """How many inputs one output step is, along every branch."""
    scales = {diagram.output: Fraction(1)}
    for step in reversed(diagram.steps):
        if step.target in scales:
            scale = scales[step.target] * _length(step, axis)
            if scales.setdefault(step.source, scale) != scale:
                raise GeometryError(
                    f"branches of strides {scale} and {scales[step.source]} meet, so there is no "
                    f"one receptive field; ask inputs_of(element) of the map instead"
                )
    return scales[diagram.input]


def _plain(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)
