"""One walk over a diagram, and what it carries of arrays and elements.

A walk carries something from the input to the output, through one layer after another, adds where
ways meet, and shifts where branches are stacked along the channels. What is carried decides what is
answered: arrays and elements here, matrices and patterns (`maps/carried.py`), counts
(`maps/counting.py`) and intervals (`maps/intervals.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from convmatrix.diagram import Diagram
from convmatrix.leaf import Leaf
from convmatrix.relation import Index
from convmatrix.stencil import Element, Link
from convmatrix.typing import Array

__all__ = [
    "Arrays", "Carrier", "Elements", "Piece", "every_stop", "inside", "links", "reached", "tiled",
    "walk",
]  # fmt: skip

Shape = tuple[Index, ...]


class Piece(NamedTuple):
    """Something carried, the shape of the space that it belongs to, and the channel of another
    where channel 0 goes."""

    value: Any
    shape: Shape
    shift: int


def tiled(pieces: list[Piece], shape: Shape) -> list[Piece] | None:
    """The pieces in order, where each begins at the channel at which the one before ends and
    together they fill the shape."""
    ordered, end = sorted(pieces, key=lambda piece: piece.shift), 0
    for piece in ordered:
        if piece.shift != end:
            return None
        end += piece.shape[0]
    return ordered if end == shape[0] else None


def inside(piece: Piece, shape: Shape) -> tuple[slice, slice]:
    """The channels of a piece that a space of that shape has, in the piece and in the space."""
    low, high = max(0, -piece.shift), min(piece.shape[0], shape[0] - piece.shift)
    return slice(low, max(low, high)), slice(low + piece.shift, max(low, high) + piece.shift)


class Carrier(Protocol):
    """How something is carried along a diagram."""

    def through(self, leaf: Leaf, value: Any, back: bool, digit: int) -> Any:
        """What comes out of a leaf, forward or `back` through it."""

    def joined(self, pieces: list[Piece], shape: Shape) -> Any:
        """The sum of pieces in a space of that shape; channels that fall outside are dropped."""


def walk(diagram: Diagram, start: Any, carrier: Carrier) -> Any:
    """Carry something from the input to the output; to carry it back, walk the transpose."""
    step = diagram.single
    if step is not None and step.leaf is not None:
        return carrier.through(step.leaf, start, step.back, step.digit)
    return every_stop(diagram, start, carrier)[diagram.output]


def every_stop(
    diagram: Diagram, start: Any, carrier: Carrier, *, keep: bool = False
) -> dict[int, Any]:
    """What `walk` holds at the end: the output's, or with `keep` what came to every space."""
    shapes, applications = diagram.shapes, diagram.applications
    left = Counter(space for each in applications for space, _ in each.sources)
    held = {diagram.input: start}
    for leaf, back, digit, sources, targets in applications:
        pieces = [Piece(held[s], shapes[s], shift) for s, shift in sources if s in held]
        left.subtract(s for s, _ in sources)
        for space, _ in sources if not keep else ():
            if not left[space]:
                held.pop(space, None)
        if not pieces:
            continue
        shape = shapes[targets[0][0]] if leaf is None else leaf.ends(back)[0]
        value = _joined(carrier, pieces, shape)
        del pieces
        if leaf is not None:
            value, shape = carrier.through(leaf, value, back, digit), leaf.ends(back)[1]
        for space, shift in targets:
            parts = [Piece(value, shape, shift)]
            if space in held:
                parts.insert(0, Piece(held[space], shapes[space], 0))
            held[space] = _joined(carrier, parts, shapes[space])
    return held


def _joined(carrier: Carrier, pieces: list[Piece], shape: Shape) -> Any:
    first = pieces[0]
    alone = len(pieces) == 1 and not first.shift and first.shape[0] == shape[0]
    return first.value if alone else carrier.joined(pieces, shape)


class Arrays:
    """Arrays `(batch, *shape)`, through what is done with them at a leaf."""

    def __init__(self, apply: Callable[[Leaf, Array, bool], Array]) -> None:
        self.apply = apply

    def through(self, leaf: Leaf, value: Array, back: bool, digit: int) -> Array:
        return self.apply(leaf, value, back)

    def joined(self, pieces: list[Piece], shape: Shape) -> Array:
        ordered = tiled(pieces, shape)
        if ordered is not None:
            return np.concatenate([piece.value for piece in ordered], axis=1)
        if all(not piece.shift and piece.shape == shape for piece in pieces):
            return np.asarray(sum(piece.value for piece in pieces))
        if len(pieces) == 1 and inside(pieces[0], shape)[1] == slice(0, shape[0]):
            return np.asarray(pieces[0].value[:, inside(pieces[0], shape)[0]])
        kind = np.result_type(*(piece.value for piece in pieces))
        result = np.zeros((len(pieces[0].value), *shape), kind)
        for piece in pieces:
            here, there = inside(piece, shape)
            result[:, there] += piece.value[:, here]
        return result


class Elements:
    """Some elements, each with what has come to it: `{element: value}`.

    `moved(digit)` gives for a leaf what a value becomes through a tap; where ways meet values are
    added.
    """

    def __init__(self, moved: Callable[[Leaf, int], Callable[[Any, int], Any]]) -> None:
        self.moved = moved

    def through(
        self, leaf: Leaf, value: dict[Element, Any], back: bool, digit: int
    ) -> dict[Element, Any]:
        moved = self.moved(leaf, digit)
        found: dict[Element, Any] = {}
        for element, here in value.items():
            for other, tap in leaf.links(element, back):
                there = moved(here, tap)
                found[other] = found[other] + there if other in found else there
        return found

    def joined(self, pieces: list[Piece], shape: Shape) -> dict[Element, Any]:
        found: dict[Element, Any] = {}
        for piece in pieces:
            for (channel, *rest), here in piece.value.items():
                other = (channel + piece.shift, *rest)
                if 0 <= other[0] < shape[0]:
                    found[other] = found[other] + here if other in found else here
        return found


def reached(diagram: Diagram, start: dict[Element, int]) -> dict[Element, int]:
    """Path counts of some elements, carried from the input to the output."""
    carrier = Elements(lambda *_: lambda paths, _: paths)
    found: dict[Element, int] = walk(diagram, start, carrier)
    return found


def links(diagram: Diagram, element: Element) -> list[Link]:
    """Every path from an input element: `(output element, packed tap)`, in order."""
    weights = diagram.packing

    def moved(_: Leaf, digit: int) -> Callable[[list[int], int], list[int]]:
        first, each = weights[digit]
        return lambda taps, tap: [t + (tap - first) * each for t in taps]

    found = walk(diagram, {element: [diagram.untouched]}, Elements(moved))
    return sorted((other, tap) for other, taps in found.items() for tap in taps)
