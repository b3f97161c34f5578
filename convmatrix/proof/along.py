"""Equal maps, as lemmas along each axis: what connects row and column on one side connects them on
the other, through the same taps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from convmatrix.proof.expressions import Polynomial
from convmatrix.proof.lemmas import Goal, Lemma
from convmatrix.proof.sides import Side, channels_agree, frame_of_axis, matchings, sides
from convmatrix.proof.theorem import Theorem, scope, symbol_guards
from convmatrix.proof.traces import Names, Trace, follow, trace
from convmatrix.proof.values import values_equal
from convmatrix.relation import mirrored

if TYPE_CHECKING:
    from convmatrix.maps import Map

__all__ = ["Relations", "maps_equal", "relations"]

EXISTS = "the right side exists where the left side does"
MOST_VARIANTS = 16
"""Ways to fill in the places and taps in between that are tried."""


def maps_equal(
    A: Map,
    B: Map,
    bounds: Mapping[str, int | None],
    level: str,
    statement: str,
    *,
    exists: bool = False,
    channels: bool | None = None,
) -> Iterator[Theorem]:
    """The theorems any of which makes two maps on polynomials equal, likeliest first.

    With `exists` it is a lemma that B exists where A does, else both are supposed to. `channels`
    says whether the channel rules agree, where that is known already.
    """
    left, right = sides(A, B, level)
    guards = symbol_guards(bounds)
    ndim = len(A.in_shape) - 1
    if len(B.in_shape) - 1 != ndim or (A.in_shape[0], A.out_shape[0]) != (
        B.in_shape[0],
        B.out_shape[0],
    ):
        return
    if level == "weights" and not (left.free and right.free):
        yield from values_equal(left, right, bounds, statement)
        return
    for matching in matchings(left, right) if level == "weights" else [{}]:
        per_axis = [
            _axis_lemmas(left, right, j, matching, level, bounds, exists) for j in range(ndim)
        ]
        agree = channels_agree(left, right, matching, level) if channels is None else channels
        for lemmas in product(*per_axis):
            parts = [
                _finish(lemma, guards, exists, f"axis {j}" if ndim > 1 else "")
                for j, axis in enumerate(lemmas)
                for lemma in axis
            ]
            yield Theorem(
                statement=statement,
                level=level,
                scope=scope(bounds, level, exists=exists),
                given=tuple(dict.fromkeys(g for part in parts for g in part.given)),
                lemmas=tuple(parts),
                facts=(("channels", agree),) if channels is None else (),
            )


@dataclass(frozen=True)
class Relations:
    """Both sides along one axis, in free variables: for engines that know quantifiers.

    `left` and `right` hold the trace and the taps, matched with each other.
    """

    given: tuple[Goal, ...]
    shapes: tuple[Goal, ...]
    left: tuple[Trace, tuple[Polynomial, ...]]
    right: tuple[Trace, tuple[Polynomial, ...]]


def relations(
    A: Map, B: Map, bounds: Mapping[str, int | None], level: str, *, channels: bool | None = None
) -> Iterator[list[Relations]]:
    """The relations of each axis, in every matching of the kernels whose channel rules agree."""
    left, right = sides(A, B, level)
    guards = symbol_guards(bounds)
    if level == "weights" and not (left.free and right.free):
        return
    for matching in matchings(left, right) if level == "weights" else [{}]:
        agree = channels_agree(left, right, matching, level) if channels is None else channels
        if not agree:
            continue
        pairs = [(matching[j], j) for j in right.kernels] if matching else []
        yield [
            _relations_of(left, right, axis, pairs, bounds, guards)
            for axis in range(len(A.in_shape) - 1)
        ]


def _relations_of(
    left: Side,
    right: Side,
    axis: int,
    pairs: Sequence[tuple[int, int]],
    bounds: Mapping[str, Any],
    guards: tuple[Goal, ...],
) -> Relations:
    traced = []
    for side, order in ((left, [a for a, _ in pairs]), (right, [b for _, b in pairs])):
        names = Names(bounds)
        taps = {j: names("t") for j in side.kernels}
        start = follow(side.links(axis, taps), [*bounds, *map(str, taps.values())])
        traced.append((start, tuple(taps[j] for j in order)))
    validity, shapes = frame_of_axis(left, right, axis)
    given = (*guards, *validity[0], *validity[1])
    return Relations(tuple(dict.fromkeys(given)), shapes, traced[0], traced[1])


@dataclass(frozen=True)
class _Draft:
    """A lemma on one axis before the symbols' guards are added."""

    name: str
    validity: tuple[tuple[Goal, ...], tuple[Goal, ...]]
    where: tuple[Goal, ...]
    goals: tuple[Goal, ...]
    says: str = ""


def _finish(draft: _Draft, guards: tuple[Goal, ...], exists: bool, axis: str) -> Lemma:
    of_left, of_right = draft.validity
    given = of_left if exists and draft.name == EXISTS else (*of_left, *of_right)
    used = set().union(*(g.value.free_symbols for g in (*given, *draft.where, *draft.goals)))
    first = tuple(g for g in guards if g.value.free_symbols <= used)
    name = f"{axis}: {draft.name}" if axis else draft.name
    together = tuple(dict.fromkeys((*first, *given)))
    return Lemma(name, together, draft.where, draft.goals, draft.says)


def _axis_lemmas(
    left: Side,
    right: Side,
    axis: int,
    matching: Mapping[int, int],
    level: str,
    bounds: Mapping[str, Any],
    exists: bool,
) -> list[list[_Draft]]:
    """The lemmas of one axis, in every variant of the places and taps in between."""
    validity, shapes = frame_of_axis(left, right, axis)
    always = [_Draft("the shapes are equal", validity, (), shapes)]
    if exists:
        always.insert(0, _Draft(EXISTS, validity, (), validity[1]))
    if level == "size":
        return [always]
    ahead = _implications(left, right, axis, matching, level, bounds, validity, "left ⇒ right")
    back = {le: r for r, le in matching.items()}
    behind = _implications(right, left, axis, back, level, bounds, validity, "right ⇒ left")
    return [[*always, a, b] for a in ahead for b in behind]


def _implications(
    known: Side,
    wanted: Side,
    axis: int,
    matching: Mapping[int, int],
    level: str,
    bounds: Mapping[str, Any],
    validity: Any,
    name: str,
) -> list[_Draft]:
    """What connects row and column on one side connects them on the other."""
    names = Names(bounds)
    taps = {j: names("t") for j in known.kernels}
    start = follow(known.links(axis, taps), [*bounds, *map(str, taps.values())])
    if level == "weights" and not start.single:
        return []
    where = (*start.guards, *start.equations)
    found = []
    for chosen in _tap_choices(wanted, axis, taps, matching, level):
        target = wanted.links(axis, chosen)
        for end in trace(target, start.row, start.column, start.places):
            says = _says(start, end, list(taps.values()))
            goals = (*end.guards, *end.equations)
            found.append(_Draft(name, validity, where, tuple(dict.fromkeys(goals)), says))
            if len(found) == MOST_VARIANTS:
                return found
    return found


def _tap_choices(
    wanted: Side,
    axis: int,
    taps: Mapping[int, Polynomial],
    matching: Mapping[int, int],
    level: str,
) -> Iterator[dict[int, Polynomial]]:
    """The taps on the other side: the matching ones, or for mere connectivity any likely ones."""
    if level == "weights":
        yield {j: taps[matching[j]] for j in wanted.kernels}
        return
    options = []
    for j in wanted.kernels:
        kernel = wanted.chain[j][0].bound.axes[axis].kernel  # type: ignore[union-attr]
        same = list(taps.values())
        options.append([*same, *(mirrored(t, kernel) for t in same)])
    for choice in product(*options):
        yield dict(zip(wanted.kernels, map(Polynomial.of, choice), strict=True))


def _says(start: Trace, end: Trace, taps: list[Polynomial]) -> str:
    where = f"row {start.row}, column {start.column}" + "".join(f", tap {t}" for t in taps)
    between = [str(p) for p in end.places[1:-1]]
    return f"{where}; on the other side by way of {', '.join(between)}" if between else where
