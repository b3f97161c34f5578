"""A layer bound to a size, as plain data: what the views, the proofs and the dense path read.

There are two kinds. A `Stencil` is the product of one relation an axis with a channel rule; a
`Rearrangement` moves every element somewhere else and changes none. Both answer connectivity
questions an element at a time, and nothing here builds anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod

from convmatrix.errors import TooLargeError
from convmatrix.relation import Axis, Index
from convmatrix.resize import ResizeAxis
from convmatrix.shapes import ravel, unravel

__all__ = [
    "Element",
    "Link",
    "Rearrangement",
    "Stencil",
    "read_channel",
]

Element = tuple[int, ...]
"""A coordinate `(channel, *position)`."""

Link = tuple[Element, int]
"""An element and the tap through which it is connected."""

Factors = tuple[tuple[Fraction, ...], ...]
"""An axis' fixed coefficients: one row for all outputs, or a row an output."""


def read_channel(o: Index, c: Index, outputs: Index, inputs: Index) -> Index:
    """The input channel that output channel `o` reads as the `c`-th of its group, where groups of
    `outputs` channels read groups of `inputs`.

    >>> read_channel(3, 1, 2, 4)
    5
    """
    return o // outputs * inputs + c


@dataclass(frozen=True, slots=True)
class Stencil:
    """A layer at a size: a relation an axis, and the rule that an output channel reads its group's.

    Where `factors` is None a tap is one weight of a kernel `(out_channels, in_channels/groups,
    *kernel)`; where the kernel is not `shared` each output position has one of its own, and a
    weight is `(out_channels, *outputs, in_channels/groups, *kernel)`. Where `factors` is given the
    layer has no weight: every channel goes its own way and the value at a tap is the product of
    the axes' factors. Where these depend on the output, taps are `(*outputs, *kernel)`.
    """

    axes: tuple[Axis | ResizeAxis, ...]
    in_channels: int
    out_channels: int
    groups: int
    factors: tuple[Factors, ...] | None = None
    shared: bool = True

    @property
    def in_shape(self) -> tuple[int, ...]:
        """`(channels, *size)` of the input."""
        return (self.in_channels, *(axis.size for axis in self.axes))

    @property
    def out_shape(self) -> tuple[int, ...]:
        """`(channels, *size)` of the output."""
        return (self.out_channels, *(axis.outputs for axis in self.axes))

    @property
    def kernel(self) -> tuple[int, ...]:
        """Kernel size an axis."""
        return tuple(axis.kernel for axis in self.axes)

    @property
    def group_channels(self) -> int:
        """How many input channels an output channel reads."""
        return self.in_channels // self.groups

    @property
    def local(self) -> bool:
        """Whether each output position has taps of its own."""
        if self.factors is None:
            return not self.shared
        return any(len(rows) > 1 for rows in self.factors)

    @property
    def tap_shape(self) -> tuple[int, ...]:
        """The shape of the array in which a tap is a flat index."""
        position = self.out_shape[1:] if self.local else ()
        if self.factors is None:
            return (self.out_channels, *position, self.group_channels, *self.kernel)
        return (*position, *self.kernel)

    @property
    def channel_taps(self) -> int:
        """How much further a tap is in the next output channel."""
        return prod(self.tap_shape[1:]) if self.factors is None else 0

    @property
    def folds(self) -> bool:
        """Whether two taps of one output may meet on one input."""
        return any(axis.folds for axis in self.axes)

    @property
    def collides(self) -> bool:
        """Whether two taps of one output do meet on one input."""
        return any(axis.collides for axis in self.axes)

    @property
    def windows(self) -> tuple[Axis, ...]:
        """The axes of a stencil that has a kernel, which a resize has not."""
        return tuple(axis for axis in self.axes if isinstance(axis, Axis))

    @property
    def nnz(self) -> int:
        """How many triples `(output, tap, input)` there are: closed form, nothing is listed."""
        spatial = prod(axis.pairs for axis in self.axes)
        return self.out_channels * self.group_channels * spatial

    def tap(self, o: Index, c: Index, position: tuple[Index, ...], t: tuple[Index, ...]) -> Index:
        """The tap id of output channel `o`, channel `c` of its group, and kernel position `t`."""
        place = position if self.local else ()
        if self.factors is None:
            return ravel((o, *place, c, *t), self.tap_shape)
        return ravel((*place, *t), self.tap_shape)

    def reads(self, output: Element) -> tuple[range, int, list[Link]]:
        """What an output element reads: the input channels; how much further the tap is in each
        next one; and the positions, with their taps in the first."""
        o, *position = output
        first = read_channel(o, 0, self.out_channels // self.groups, self.group_channels)
        check_links(prod(a.kernel if a.folds else min(a.kernel, a.size) for a in self.axes))
        found = [axis.inputs_of(p) for axis, p in zip(self.axes, position, strict=True)]
        places = sorted(
            (tuple(i for i, _ in read), self.tap(o, 0, tuple(position), _second(read)))
            for read in product(*found)
        )
        step = prod(self.kernel) if self.factors is None else 0
        return range(first, first + self.group_channels), step, places

    def feeds(self, source: Element) -> tuple[range, int, list[Link]]:
        """What reads an input element: the output channels, and so on as `reads`."""
        channel, *position = source
        group, c = divmod(channel, self.group_channels)
        width = self.out_channels // self.groups
        windows = ((-(-a.kernel // a.stride), a) for a in self.windows)
        check_links(prod(n if a.folds else min(n, a.outputs) for n, a in windows))
        found = [axis.outputs_of(p) for axis, p in zip(self.axes, position, strict=True)]
        first = group * width
        check_links(prod(map(len, found)))
        places = sorted(
            (
                tuple(p for p, _ in read),
                self.tap(first, c, tuple(p for p, _ in read), _second(read)),
            )
            for read in product(*found)
        )
        return range(first, first + width), self.channel_taps, places

    def inputs_of(self, output: Element) -> list[Link]:
        """What an output element reads: `[(input element, tap), ...]`."""
        return _links(*self.reads(output))

    def outputs_of(self, source: Element) -> list[Link]:
        """What reads an input element: `[(output element, tap), ...]`."""
        return _links(*self.feeds(source))


MOST_LINKS = 1 << 19
"""So many connections of one element are listed, at most."""


def check_links(count: int) -> None:
    """Raise `TooLargeError` where too many connections of one element would be listed."""
    if count > MOST_LINKS:
        raise TooLargeError(
            f"{count} connections of one element are more than the {MOST_LINKS} that are listed; "
            f"use A.nnz and A.to_networkx(view='channels'), or a smaller kernel"
        )


def _links(channels: range, step: int, places: list[Link]) -> list[Link]:
    check_links(len(channels) * len(places))
    return [
        ((c, *position), tap + j * step) for j, c in enumerate(channels) for position, tap in places
    ]


def _second(pairs: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    return tuple(t for _, t in pairs)


@dataclass(frozen=True, slots=True)
class Rearrangement:
    """A permutation of the elements: split the input's axes into `parts`, reorder the parts.

    `order[j]` is the input part that becomes output part `j`; `out_shape` joins the parts again.
    """

    in_shape: tuple[int, ...]
    parts: tuple[int, ...]
    order: tuple[int, ...]
    out_shape: tuple[int, ...]

    tap_shape = (1,)
    folds = collides = False

    @property
    def nnz(self) -> int:
        """One connection an element."""
        return prod(self.in_shape)

    def inputs_of(self, output: Element) -> list[Link]:
        """The one element that moved to `output`."""
        moved = unravel(ravel(output, self.out_shape), (self.parts[j] for j in self.order))
        place = dict(zip(self.order, moved, strict=True))
        flat = ravel((place[j] for j in range(len(self.parts))), self.parts)
        return [(unravel(flat, self.in_shape), 0)]

    def outputs_of(self, source: Element) -> list[Link]:
        """Where `source` moves to."""
        place = unravel(ravel(source, self.in_shape), self.parts)
        flat = ravel((place[j] for j in self.order), (self.parts[j] for j in self.order))
        return [(unravel(flat, self.out_shape), 0)]


Geometry = Stencil | Rearrangement
"""What an elementary layer becomes at a size."""
