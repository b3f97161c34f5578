"""A map along one axis as a relation between its row and its column, through its taps.

The chain of a map's layers is walked with the relation's own index functions, on polynomials.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convmatrix.errors import SymbolicError
from convmatrix.proof.algebra.lemmas import Goal, at_least, is_zero
from convmatrix.proof.algebra.polynomial import Polynomial
from convmatrix.relation import Axis

if TYPE_CHECKING:
    from convmatrix.leaf import Leaf
    from convmatrix.maps import Map

__all__ = ["Link", "Names", "Trace", "chain", "follow", "trace", "valid"]

Place = Polynomial | None


def chain(m: Map) -> list[tuple[Leaf, bool, int]]:
    """The elementary maps from the row to the column, each with whether it is transposed and its
    place in `leaves`."""
    steps = m.diagram.chain
    if steps is None:
        raise SymbolicError(f"{m!r} is no product of layers; prove it at a size")
    return [(s.leaf, s.back, s.digit) for s in reversed(steps) if s.leaf is not None]


class Names:
    """Fresh variables that hide no name already taken.

    >>> Names(["t"])("t")
    t_
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def __call__(self, name: str) -> Polynomial:
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return Polynomial({(name,): 1})


@dataclass(frozen=True)
class Link:
    """An axis that connects two neighbours on the way from the row to the column, by a tap."""

    axis: Axis
    transposed: bool
    tap: Polynomial

    def ends(self, near: Any, far: Any) -> tuple[Any, Any]:
        """The output and the input of the axis."""
        return (far, near) if self.transposed else (near, far)


@dataclass(frozen=True)
class Trace:
    """The places from the row to the column, and what must hold for them to be connected."""

    places: tuple[Polynomial, ...]
    guards: tuple[Goal, ...]
    equations: tuple[Goal, ...]
    single: bool
    """Whether row, column and taps leave one way at most."""

    @property
    def row(self) -> Polynomial:
        return self.places[0]

    @property
    def column(self) -> Polynomial:
        return self.places[-1]


def valid(axis: Axis) -> list[Goal]:
    """What the numbers of an axis must meet for its layer to exist."""
    least = [axis.size - 1, axis.kernel - 1, axis.stride - 1, axis.dilation - 1, axis.room]
    if axis.mode == "reflect":
        least += [axis.size - 1 - axis.before, axis.size - 1 - axis.after]
    return at_least(*map(Polynomial.of, least))


def _propagate(links: Sequence[Link], places: list[Place]) -> None:
    """Fill in the places that follow from those that are known."""
    changed = True
    while changed:
        changed = False
        for j, link in enumerate(links):
            axis, (out, source) = link.axis, link.ends(j, j + 1)
            o, i = places[out], places[source]
            if o is not None and i is None:
                places[source] = Polynomial.of(axis.read(o, link.tap))
            elif o is None and i is not None and axis.stride == 1 and axis.mode == "zeros":
                places[out] = i - axis.source(0, link.tap)
            else:
                continue
            changed = True


def _close(links: Sequence[Link], places: Sequence[Polynomial], single: bool) -> Trace:
    guards: list[Goal] = []
    equations: list[Goal] = []
    for j, link in enumerate(links):
        o, i = link.ends(places[j], places[j + 1])
        guards += at_least(*link.axis.guards(o, link.tap))
        equations += is_zero(i - link.axis.read(o, link.tap))
    return Trace(
        tuple(places), tuple(dict.fromkeys(guards)), tuple(dict.fromkeys(equations)), single
    )


def follow(links: Sequence[Link], taken: Iterable[str]) -> Trace:
    """The trace in as few free variables as will do: one end where that is enough.

    The variables are called `o` or `i`, with underscores behind where a name is `taken`.
    """
    last = len(links)
    one_way = all(link.axis.mode == "zeros" for link in links)
    for start in (
        (0,),
        (last,),
        *((j,) for j in range(1, last)),
        (0, last),
        tuple(range(last + 1)),
    ):
        places: list[Place] = [None] * (last + 1)
        fresh = Names(taken)
        for j in start:
            if places[j] is None:
                near = min(j, last - 1)
                out, _ = links[near].ends(near, near + 1)
                places[j] = fresh("o" if j == out else "i")
                _propagate(links, places)
        if None not in places:
            single = one_way or len(start) == 2 or start in ((0,), (last,))
            return _close(links, [p for p in places if p is not None], single)
    raise AssertionError("every place is free in the last attempt")


def trace(
    links: Sequence[Link], row: Polynomial, column: Polynomial, candidates: Iterable[Polynomial]
) -> Iterable[Trace]:
    """The same relation between a given row and column: every way to fill in the places between
    from what follows and from `candidates`."""
    places: list[Place] = [None] * (len(links) + 1)
    places[0], places[-1] = row, column
    _propagate(links, places)
    known = tuple(dict.fromkeys(candidates))

    def fill(places: list[Place]) -> Iterable[Trace]:
        if None not in places:
            yield _close(links, [p for p in places if p is not None], True)
            return
        j = places.index(None)
        for value in known:
            tried = list(places)
            tried[j] = value
            _propagate(links, tried)
            yield from fill(tried)

    yield from fill(places)
