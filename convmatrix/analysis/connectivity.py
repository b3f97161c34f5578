"""Who is connected with whom, counted: degrees, dead inputs, gridding, checkerboards."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm, prod
from typing import Any

import numpy as np

from convmatrix.errors import GeometryError, no_truth_value
from convmatrix.layers import Layer
from convmatrix.layers.calling import public
from convmatrix.layers.printing import Printed
from convmatrix.maps import Map
from convmatrix.maps.carried import paths
from convmatrix.maps.given import given_map
from convmatrix.maps.shaped import require_numbers
from convmatrix.stencil import Stencil
from convmatrix.typing import Array

__all__ = ["Connectivity", "connectivity"]


@dataclass(frozen=True, eq=False)
class Connectivity(Printed):
    """The degrees of a map's graph, and what they say.

    Attributes
    ----------
    reads
        `(*out_shape)` integers: how many connections (of a composite: paths) lead to each output.
        Of a transposed layer, how often each element is written: its overlap.
    feeds
        `(*in_shape)` integers: how many lead on from each input; 0 is a dead input.
    inside
        The values of `reads` away from the borders, over one period of the strides. More than one
        is a checkerboard (A. Odena et al., *Deconvolution and checkerboard artifacts*, Distill
        2016): a transposed layer has one exactly where its stride divides its kernel.
    field
        For each spatial axis `(first, last)`: the ends of what the output in the middle sees.
    unseen
        The part of the box between these ends that it does not see: gridding (of dilated stacks).
    """

    reads: Array = field(repr=False)
    feeds: Array = field(repr=False)
    inside: tuple[int, ...]
    field: tuple[tuple[int, int], ...]
    unseen: float

    def __bool__(self) -> bool:
        raise no_truth_value("a map's connectivity", ".uniform, .dead_inputs or .unseen")

    @property
    def uniform(self) -> bool:
        """Whether all outputs away from the borders have as many connections."""
        return len(self.inside) == 1

    @property
    def dead_inputs(self) -> list[tuple[int, ...]]:
        """The input elements that no output sees."""
        return [tuple(int(i) for i in place) for place in np.argwhere(self.feeds == 0)]

    @property
    def coverage(self) -> float:
        """The part of the input elements that some output sees."""
        return float((self.feeds > 0).mean())

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, without the arrays."""
        return {
            "connections": int(self.reads.sum()),
            "reads": _statistics(self.reads),
            "feeds": _statistics(self.feeds),
            "coverage": self.coverage,
            "dead_inputs": int((self.feeds == 0).sum()),
            "inside": list(self.inside),
            "uniform": self.uniform,
            "field": [list(ends) for ends in self.field],
            "unseen": self.unseen,
        }

    def __str__(self) -> str:
        reads, feeds = _statistics(self.reads), _statistics(self.feeds)
        size = "×".join(str(last - first + 1) for first, last in self.field)
        inside = ", ".join(map(str, self.inside))
        holes = f", of which {self.unseen:.0%} are gaps" if self.unseen else ", without gaps"
        sees = f"sees {size}{holes}" if self.field else "sees nothing"
        return "\n".join([
            f"{int(self.reads.sum()):,} connections",
            f"  an output reads  {reads['min']} to {reads['max']}, {reads['mean']:.3g} on average",
            f"  an input feeds   {feeds['min']} to {feeds['max']}, {feeds['mean']:.3g} on average",
            f"  dead inputs      {(self.feeds == 0).sum():,} of {self.feeds.size:,}",
            f"  inside           {inside} ({'uniform' if self.uniform else 'a checkerboard'})",
            f"  middle output    {sees}",
        ])  # fmt: skip


def _statistics(counts: Array) -> dict[str, Any]:
    return {"min": int(counts.min()), "max": int(counts.max()), "mean": float(counts.mean())}


@public
def connectivity(layer: Layer | Map, *input_size: Any) -> Connectivity:
    """Count the connections of a layer at a size, or of a map; the matrix is not built.

    >>> import convmatrix as cm
    >>> ups = [cm.conv_transpose2d(1, 1, k, stride=2) for k in (3, 4)]
    >>> tuple(connectivity(up, 8, 8).inside for up in ups)
    ((1, 2, 4), (4,))
    >>> dilated = cm.sequential(*(cm.conv1d(1, 1, 3, dilation=2) for _ in range(3)))
    >>> connectivity(dilated, 20).field, round(connectivity(dilated, 20).unseen, 2)
    (((4, 16),), 0.46)
    """
    A = given_map(layer, input_size, "connectivity")
    require_numbers(A, "count its connections")
    middle = (0, *(n // 2 for n in A.out_shape[1:]))
    seen = np.array([e[1:] for e in A.reach(middle, back=True)])
    reads, feeds = paths(A.diagram), paths(A.diagram.T)
    if not len(seen):
        ends: tuple[tuple[int, int], ...] = ()
        return Connectivity(reads, feeds, _inside(A, reads), ends, 0.0)
    ends = tuple((int(a), int(b)) for a, b in zip(seen.min(axis=0), seen.max(axis=0), strict=True))
    box = prod(last - first + 1 for first, last in ends)
    unseen = 1 - len(np.unique(seen, axis=0)) / box
    return Connectivity(reads, feeds, _inside(A, reads), ends, unseen)


def _periods(A: Map) -> list[int]:
    """After how many outputs the degrees repeat, an axis each: so many that the windows of all
    layers have moved by whole elements."""
    steps = A.diagram.chain
    moved = [Fraction(1)] * (len(A.out_shape) - 1)
    periods = [1] * len(moved)
    if steps is None:
        raise GeometryError("branches have no one period; count over half of the outputs")
    for step in reversed(steps):
        leaf = step.leaf
        if leaf is None or not isinstance(leaf.geometry, Stencil) or not leaf.geometry.windows:
            raise GeometryError("this layer has no one period; count over half of the outputs")
        for j, axis in enumerate(leaf.geometry.windows):
            moved[j] = moved[j] / axis.stride if step.back else moved[j] * axis.stride
            periods[j] = lcm(periods[j], moved[j].denominator)
    return periods


def _inside(A: Map, reads: Array) -> tuple[int, ...]:
    """The degrees in the middle, over one period along each axis."""
    try:
        periods = _periods(A)
    except GeometryError:  # branches, resizes: no one period
        periods = [max(1, n // 2) for n in reads.shape[1:]]
    place: list[Any] = [slice(None)]
    for n, period in zip(reads.shape[1:], periods, strict=True):
        start = max(0, (n - period) // 2)
        place.append(slice(start, start + period))
    return tuple(int(v) for v in np.unique(reads[tuple(place)]))
