"""A map as a diagram: the spaces that its arrays live in, and the steps between them.

A convolution is a diagram of one step, a transpose the same turned round, a composition two in a
row, a network any acyclic one. Every question about a map is one walk over it (`walk.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import groupby
from math import prod
from typing import Any, NamedTuple

from convmatrix.kept import cached_property
from convmatrix.leaf import Leaf
from convmatrix.relation import Index

__all__ = ["Application", "Builder", "Diagram", "Step", "chained"]

Shape = tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A way from a space to the next: through a leaf, forward or `back`, or past none.

    Channel c of the source is channel `c + enters` of what the leaf takes, and channel c of what it
    gives is channel `c + exits` of the target. `digit` is the leaf's place among the diagram's.
    """

    source: int
    target: int
    leaf: Leaf | None = None
    back: bool = False
    enters: int = 0
    exits: int = 0
    digit: int = -1

    @property
    def T(self) -> Step:
        """The same way, walked from its end to its start."""
        enters, exits = -self.exits, -self.enters
        if self.leaf is None:
            enters, exits = exits, 0
        turned = not self.back
        return Step(self.target, self.source, self.leaf, turned, enters, exits, self.digit)


class Application(NamedTuple):
    """A leaf applied once: to what comes together from several spaces, for several to take."""

    leaf: Leaf | None
    back: bool
    digit: int
    sources: tuple[tuple[int, int], ...]
    """Spaces that it reads, each with the channel of what it takes where channel 0 goes."""
    targets: tuple[tuple[int, int], ...]


def _application(steps: list[Step]) -> Application:
    """Steps of one application, taken together."""
    leaf, back, digit = steps[0].leaf, steps[0].back, steps[0].digit
    sources = [(step.source, step.enters) for step in steps]
    targets = [(step.target, step.exits) for step in steps]
    if len(set(targets)) == 1:
        targets = targets[:1]  # what several sources give comes together before the leaf
    elif len(set(sources)) == 1:
        sources = sources[:1]
    return Application(leaf, back, digit, tuple(sources), tuple(targets))


@dataclass(frozen=True, eq=False)
class Diagram:
    """Spaces by their shapes, the steps between them in an order of application, and which spaces
    are input and output.

    `leaves` are the layers in order of application (a transpose keeps the order of what it
    transposes); a path that may pass a leaf by has one tap more for it (`passed`).
    """

    shapes: tuple[Shape, ...]
    steps: tuple[Step, ...]
    input: int
    output: int
    leaves: tuple[Leaf, ...]
    passed: tuple[bool, ...]
    flipped: bool = False

    @classmethod
    def of(cls, leaf: Leaf) -> Diagram:
        """The diagram of one layer."""
        shapes = leaf.in_shape, leaf.out_shape
        return cls(shapes, (Step(0, 1, leaf, digit=0),), 0, 1, (leaf,), (False,))

    @property
    def in_shape(self) -> Shape:
        """`(channels, *size)` of the input."""
        return self.shapes[self.input]

    @property
    def out_shape(self) -> Shape:
        """`(channels, *size)` of the output."""
        return self.shapes[self.output]

    @cached_property
    def T(self) -> Diagram:
        """The diagram of the transpose: every step is walked the other way."""
        steps = tuple(step.T for step in reversed(self.steps))
        return replace(
            self, steps=steps, input=self.output, output=self.input, flipped=not self.flipped
        )

    def until(self, space: int) -> Diagram:
        """The part that leads to a space."""
        needed, steps = {space}, []
        for step in reversed(self.steps):
            if step.target in needed:
                needed.add(step.source)
                steps.append(step)
        return replace(self, steps=tuple(reversed(steps)), output=space)

    def with_leaves(self, leaves: tuple[Leaf, ...]) -> Diagram:
        """The same diagram of other leaves, with other weights."""
        steps = (s if s.leaf is None else replace(s, leaf=leaves[s.digit]) for s in self.steps)
        return replace(self, steps=tuple(steps), leaves=leaves)

    def _is_whole(self, step: Step) -> bool:
        """Whether a step goes through a leaf and connects its spaces whole."""
        if step.leaf is None or step.enters or step.exits:
            return False
        taken, given = step.leaf.ends(step.back)
        ends = self.shapes[step.source][0], self.shapes[step.target][0]
        return (taken[0], given[0]) == ends

    @cached_property
    def single(self) -> Step | None:
        """The only step, where there is one and it connects input and output whole."""
        step = self.steps[0] if len(self.steps) == 1 else None
        return step if step is not None and self._is_whole(step) else None

    @property
    def only(self) -> Leaf | None:
        """The leaf of the `single` step."""
        return None if self.single is None else self.single.leaf

    @cached_property
    def applications(self) -> tuple[Application, ...]:
        """The steps in order, those that are one application of a leaf taken together, and moves
        that come together in one space too."""

        def one(step: Step) -> Any:
            return (step.digit, None) if step.leaf is not None else (-1, step.target)

        return tuple(_application(list(steps)) for _, steps in groupby(self.steps, one))

    @property
    def chain(self) -> list[Step] | None:
        """The steps in a row, from input to output, where they are that: whole, a leaf's each."""
        place = self.input
        for step in self.steps:
            if step.source != place or not self._is_whole(step):
                return None
            place = step.target
        return list(self.steps)

    @property
    def tap_counts(self) -> tuple[int, ...]:
        """How many taps each leaf has, as digits of a path's packed tap; the last one of a leaf
        that may be passed by says that it was."""
        return tuple(
            prod(leaf.geometry.tap_shape) + passed
            for leaf, passed in zip(self.leaves, self.passed, strict=True)
        )

    @cached_property
    def packing(self) -> tuple[tuple[int, int], ...]:
        """What a tap adds to a path's packed tap, an application's leaf each: `(first, each)` says
        that tap t adds `(t - first) * each`."""
        counts = self.tap_counts
        each = [prod(counts[j + 1 :]) for j in range(len(counts))]
        first = (n - 1 if p else 0 for n, p in zip(counts, self.passed, strict=True))
        return tuple(zip(first, each, strict=True))

    @property
    def untouched(self) -> int:
        """The packed tap of a path that has passed no leaf yet."""
        return sum(first * each for first, each in self.packing)

    @property
    def doubles(self) -> bool:
        """Whether two ways lead from one space to another past no layer, so that two paths share
        both ends and all taps."""
        return any(self._doubled(start) for start in range(len(self.shapes)))

    def _doubled(self, start: int) -> bool:
        ways: dict[int, Counter[int]] = {start: Counter([0])}  # by how far channels are shifted
        for each in self.applications:
            found: Counter[int] = Counter()
            for space, shift in each.sources:
                found.update({s + shift: n for s, n in ways.get(space, {}).items()})
            if any(n > 1 for n in found.values()):
                return True
            if each.leaf is None:
                for space, shift in each.targets:
                    ways.setdefault(space, Counter()).update(s + shift for s in found)
        return any(n > 1 for found in ways.values() for n in found.values())

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
            return self.T.letters
        ranks = self.ranks
        inner = sorted(
            (i for i in range(len(self.shapes)) if i not in (self.input, self.output)),
            key=lambda i: (ranks[i], i),
        )
        names = {i: f"h{j}" for j, i in enumerate(inner, start=1)}
        return tuple(names.get(i, "x" if i == self.input else "y") for i in range(len(self.shapes)))


class Builder:
    """A diagram that grows: spaces, moves between them, and parts that are diagrams themselves."""

    def __init__(self, *shapes: Shape) -> None:
        self.shapes: list[Shape] = list(shapes)
        self.steps: list[Step] = []
        self.leaves: list[Leaf] = []
        self.passed: list[bool] = []

    def space(self, shape: Shape) -> int:
        """A further space."""
        self.shapes.append(shape)
        return len(self.shapes) - 1

    def add(self, part: Diagram, places: dict[int, int], *, passed: bool = False) -> None:
        """A part, some of whose spaces are known (`places`); whether paths may pass it by."""
        places, start = dict(places), len(self.leaves)
        for i, shape in enumerate(part.shapes):
            if i not in places:
                places[i] = self.space(shape)
        self.leaves += part.leaves
        self.passed += [passed or each for each in part.passed]
        self.steps += [
            replace(
                step, source=places[step.source], target=places[step.target],
                digit=step.digit + start * (step.leaf is not None),
            )
            for step in part.steps
        ]  # fmt: skip

    def fan(self, branches: list[tuple[int, int]], part: Diagram | None, target: int) -> None:
        """Branches that meet, each at a channel, and what they go through to a space; a part of
        several steps gets a space of its own for what has met."""
        alone = None if part is None else part.single
        if part is not None and alone is None:
            target_of = {part.input: self.space(part.in_shape), part.output: target}
            self.fan(branches, None, target_of[part.input])
            self.add(part, target_of, passed=True)
            return
        leaf, digit = (None, -1) if alone is None else (alone.leaf, len(self.leaves))
        back = alone is not None and alone.back
        self.steps += [Step(s, target, leaf, back, enters=c, digit=digit) for s, c in branches]
        if leaf is not None:
            self.leaves.append(leaf)
            self.passed.append(True)

    def done(self, input: int, output: int, *, flipped: bool = False) -> Diagram:  # noqa: A002
        """The diagram, from one of its spaces to another."""
        return Diagram(
            tuple(self.shapes), tuple(self.steps), input, output, tuple(self.leaves),
            tuple(self.passed), flipped,
        )  # fmt: skip


def chained(parts: Sequence[Diagram]) -> Diagram:
    """One after another: the output of each is the input of the next."""

    def then(first: Diagram, second: Diagram) -> Diagram:
        built = Builder()
        built.add(first, {})
        start = len(first.shapes)
        built.add(second, {second.input: first.output})
        output = start + second.output - (second.output > second.input)
        return built.done(first.input, output)

    return reduce(then, parts)
