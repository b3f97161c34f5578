"""A map taken apart: the spaces that its arrays live in, and the elementary maps between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from convmatrix.relation import Index

if TYPE_CHECKING:
    from convmatrix.maps.base import Map

__all__ = ["Stages", "Step", "chained", "reversed_stages"]


@dataclass(frozen=True, slots=True)
class Step:
    """An elementary map (or its transpose) between two spaces; None moves elements as they are.

    It reads one space and writes another; where branches are stacked, channel 0 of the space is
    channel `offset` of what is read. In a transpose edges run the other way, and `turned` is True.
    """

    read: int
    written: int
    map: Map | None
    offset: int = 0
    turned: bool = False

    @property
    def source(self) -> int:
        """The space where its edges start."""
        return self.written if self.turned else self.read

    @property
    def target(self) -> int:
        """The space where its edges end."""
        return self.read if self.turned else self.written


@dataclass(frozen=True, slots=True)
class Stages:
    """Spaces by their shapes, the steps between them, and which spaces are input and output."""

    shapes: tuple[tuple[Index, ...], ...]
    steps: tuple[Step, ...]
    input: int
    output: int
    flipped: bool = False

    @property
    def ranks(self) -> tuple[int, ...]:
        """How many steps each space is from the input, at most."""
        ranks = [0] * len(self.shapes)
        for _ in self.shapes:  # as often as the longest path may need
            for step in self.steps:
                ranks[step.target] = max(ranks[step.target], ranks[step.source] + 1)
        return tuple(ranks)

    @property
    def letters(self) -> tuple[str, ...]:
        """The name of each space: x the input, y the output, h1, h2, … between; a transpose has
        the names of what it is the transpose of."""
        if self.flipped:
            return reversed_stages(self).letters
        ranks = self.ranks
        inner = sorted(
            (i for i in range(len(self.shapes)) if i not in (self.input, self.output)),
            key=lambda i: (ranks[i], i),
        )
        names = {i: f"h{j}" for j, i in enumerate(inner, start=1)}
        return tuple(names.get(i, "x" if i == self.input else "y") for i in range(len(self.shapes)))


def reversed_stages(stages: Stages) -> Stages:
    """The stages of the transpose."""
    steps = tuple(replace(step, turned=not step.turned) for step in reversed(stages.steps))
    return Stages(stages.shapes, steps, stages.output, stages.input, not stages.flipped)


def chained(first: Stages, then: Stages) -> Stages:
    """One after the other: the first's output is the second's input."""
    start = len(first.shapes)
    places = [
        first.output if i == then.input else start + i - (i > then.input)
        for i in range(len(then.shapes))
    ]
    moved = tuple(
        replace(step, read=places[step.read], written=places[step.written]) for step in then.steps
    )
    shapes = (*first.shapes, *(s for i, s in enumerate(then.shapes) if i != then.input))
    return Stages(shapes, (*first.steps, *moved), first.input, places[then.output])
