"""Equal maps, as lemmas along each axis: what connects row and column on one side connects them on
the other, through the same taps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from convmatrix.proof.algebra.instances import plausible
from convmatrix.proof.algebra.lemmas import Goal, Lemma
from convmatrix.proof.algebra.polynomial import Polynomial
from convmatrix.proof.algebra.theorem import Theorem, scope, symbol_guards
from convmatrix.proof.relate.sides import Side, channels_agree, frame_of_axis, matchings, sides
from convmatrix.proof.relate.traces import Names, Trace, follow, trace
from convmatrix.proof.relate.values import values_equal
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
    given: Sequence[Goal] = (),
) -> Iterator[Theorem]:
    """The theorems any of which makes two maps on polynomials equal, likeliest first.

    With `exists` it is a lemma that B exists where A does, else both are supposed to. `channels`
    says whether the channel rules agree, where that is known already; `given` is supposed too.
    """
    left, right = sides(A, B, level)
    ndim = len(A.in_shape) - 1
    if len(B.in_shape) - 1 != ndim or (A.in_shape[0], A.out_shape[0]) != (
        B.in_shape[0],
        B.out_shape[0],
    ):
        return
    if level == "weights" and not (left.free and right.free):
        yield from values_equal(left, right, bounds, statement, given)
        return
    if level == "connectivity" and left.free and right.free:
        for stronger in maps_equal(
            A, B, bounds, "weights", statement, exists=exists, channels=channels, given=given
        ):
            yield replace(
                stronger, level=level, scope=scope(bounds, level, exists=exists, given=given)
            )
    for matching in matchings(left, right) if level == "weights" else [{}]:
        agree = channels_agree(left, right, matching, level) if channels is None else channels
        per_axis = [
            _axis_lemmas(left, right, j, matching, level, bounds, exists, given)
            for j in range(ndim)
        ]
        for lemmas in product(*per_axis):
            parts = tuple(lemma for axis in lemmas for lemma in axis)
            yield Theorem(
                statement=statement,
                level=level,
                scope=scope(bounds, level, exists=exists, given=given),
                given=tuple(dict.fromkeys(g for part in parts for g in part.given)),
                lemmas=parts,
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
    A: Map,
    B: Map,
    bounds: Mapping[str, int | None],
    level: str,
    *,
    channels: bool | None = None,
    given: Sequence[Goal] = (),
) -> Iterator[list[Relations]]:
    """The relations of each axis, in every matching of the kernels whose channel rules agree."""
    left, right = sides(A, B, level)
    guards = (*symbol_guards(bounds), *given)
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


def _axis_lemmas(
    left: Side,
    right: Side,
    axis: int,
    matching: Mapping[int, int],
    level: str,
    bounds: Mapping[str, int | None],
    exists: bool,
    given: Sequence[Goal],
) -> Iterator[list[Lemma]]:
    """The lemmas of one axis, in every variant of the places and taps in between that a few
    geometries do not rule out."""
    (of_left, of_right), shapes = frame_of_axis(left, right, axis)
    of_both = tuple(dict.fromkeys((*given, *of_left, *of_right)))
    guards = symbol_guards(bounds)
    prefix = f"axis {axis}: " if len(left.map.in_shape) > 2 else ""

    def lemma(name: str, given: tuple[Goal, ...], where: Any, goals: Any, says: str = "") -> Lemma:
        used = set().union(*(g.value.free_symbols for g in (*given, *where, *goals)))
        first = tuple(g for g in guards if g.value.free_symbols <= used)
        together = tuple(dict.fromkeys((*first, *given)))
        return Lemma(prefix + name, together, tuple(where), tuple(goals), says)

    always = [lemma(EXISTS, of_left, (), of_right)] if exists else []
    always.append(lemma("the shapes are equal", of_both, (), shapes))
    if level == "size":
        yield always
        return
    back = {le: r for r, le in matching.items()}
    directions = (("left ⇒ right", left, right, matching), ("right ⇒ left", right, left, back))
    found = []
    for name, known, wanted, pairs in directions:
        implied = _implications(known, wanted, axis, pairs, level, bounds)
        lemmas = [lemma(name, of_both, *parts) for parts in implied]
        found.append(lemmas if len(lemmas) < 2 else [x for x in lemmas if plausible(x)])
    yield from ([*always, *both] for both in product(*found))


def _implications(
    known: Side,
    wanted: Side,
    axis: int,
    matching: Mapping[int, int],
    level: str,
    bounds: Mapping[str, Any],
) -> list[tuple[tuple[Goal, ...], tuple[Goal, ...], str]]:
    """What connects row and column on one side, and what has to for it to be so on the other."""
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
            goals = tuple(dict.fromkeys((*end.guards, *end.equations)))
            found.append((where, goals, says))
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
