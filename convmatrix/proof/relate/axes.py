"""Equal maps, as lemmas along each axis: what connects row and column on one side connects them on
the other, through the same taps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from convmatrix.proof.algebra.instances import plausible
from convmatrix.proof.algebra.lemmas import Goal, Lemma
from convmatrix.proof.algebra.polynomial import Polynomial
from convmatrix.proof.algebra.theorem import Theorem, symbol_guards
from convmatrix.proof.relate.sides import Equation, Matching, Side
from convmatrix.proof.relate.traces import Names, Trace, follow, trace
from convmatrix.proof.relate.values import values_equal
from convmatrix.relation import mirrored

__all__ = ["Relations", "maps_equal", "relations"]

EXISTS = "the right side exists where the left side does"
MOST_VARIANTS = 16
"""Ways to fill in the places and taps in between that are tried."""


def maps_equal(equation: Equation, statement: str) -> Iterator[Theorem]:
    """The theorems any of which makes an equation true, likeliest first; `statement` says it in
    words. None where no theorem is of a form that is known."""
    A, B, level = equation.A, equation.B, equation.level
    shapes = [(len(m.in_shape), m.in_shape[0], m.out_shape[0]) for m in (A, B)]
    if shapes[0] != shapes[1]:
        return
    if level == "weights" and not equation.free:
        yield from values_equal(equation, statement)
        return
    if level == "connectivity" and equation.free:
        for stronger in maps_equal(replace(equation, level="weights"), statement):
            yield replace(stronger, level=level, scope=equation.scope())
    for matching in equation.matchings():
        agree = equation.channels_agree(matching)
        for lemmas in product(*(_axis_lemmas(equation, j, matching) for j in equation.axes)):
            parts = tuple(lemma for axis in lemmas for lemma in axis)
            yield Theorem(
                statement=statement,
                level=level,
                scope=equation.scope(),
                given=tuple(dict.fromkeys(g for part in parts for g in part.given)),
                lemmas=parts,
                facts=(("channels", agree),) if equation.channels is None else (),
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


def relations(equation: Equation) -> Iterator[list[Relations]]:
    """The relations of each axis, in every matching of the kernels whose channel rules agree."""
    if equation.level == "weights" and not equation.free:
        return
    for matching in equation.matchings():
        if equation.channels_agree(matching):
            yield [_relations_of(equation, axis, matching) for axis in equation.axes]


def _relations_of(equation: Equation, axis: int, matching: Matching) -> Relations:
    left, right = equation.sides
    pairs = [(matching[j], j) for j in right.kernels] if matching else []
    traced = []
    for side, order in ((left, [a for a, _ in pairs]), (right, [b for _, b in pairs])):
        taps, start = _start(side, axis, equation.bounds)
        traced.append((start, tuple(taps[j] for j in order)))
    of_left, of_right, shapes = equation.frame(axis)
    given = dict.fromkeys((*equation.guards, *of_left, *of_right))
    return Relations(tuple(given), shapes, traced[0], traced[1])


def _start(side: Side, axis: int, taken: Iterable[str]) -> tuple[dict[int, Polynomial], Trace]:
    """A variable for the tap of each kernel, and the trace through them."""
    names = Names(taken)
    taps = {j: names("t") for j in side.kernels}
    return taps, follow(side.links(axis, taps), [*taken, *map(str, taps.values())])


def _axis_lemmas(equation: Equation, axis: int, matching: Matching) -> Iterator[list[Lemma]]:
    """The lemmas of one axis, in every variant of the places and taps in between that a few
    geometries do not rule out."""
    of_left, of_right, shapes = equation.frame(axis)
    of_both = tuple(dict.fromkeys((*equation.given, *of_left, *of_right)))
    guards = symbol_guards(equation.bounds)
    prefix = f"axis {axis}: " if len(equation.axes) > 1 else ""

    def lemma(name: str, given: tuple[Goal, ...], where: Any, goals: Any, says: str = "") -> Lemma:
        used = set().union(*(g.value.free_symbols for g in (*given, *where, *goals)))
        first = tuple(g for g in guards if g.value.free_symbols <= used)
        together = tuple(dict.fromkeys((*first, *given)))
        return Lemma(prefix + name, together, tuple(where), tuple(goals), says)

    always = [lemma(EXISTS, of_left, (), of_right)] if equation.exists else []
    always.append(lemma("the shapes are equal", of_both, (), shapes))
    if equation.level == "size":
        yield always
        return
    left, right = equation.sides
    back = {le: r for r, le in matching.items()}
    directions = (("left ⇒ right", left, right, matching), ("right ⇒ left", right, left, back))
    found = []
    for name, known, wanted, pairs in directions:
        implied = _implications(equation, known, wanted, axis, pairs)
        lemmas = [lemma(name, of_both, *parts) for parts in implied]
        found.append(lemmas if len(lemmas) < 2 else [x for x in lemmas if plausible(x)])
    yield from ([*always, *both] for both in product(*found))


def _implications(
    equation: Equation, known: Side, wanted: Side, axis: int, matching: Matching
) -> list[tuple[tuple[Goal, ...], tuple[Goal, ...], str]]:
    """What connects row and column on one side, and what has to for it to be so on the other."""
    level = equation.level
    taps, start = _start(known, axis, equation.bounds)
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
    matching: Matching,
    level: str,
) -> Iterator[dict[int, Polynomial]]:
    """The taps on the other side: the matching ones, or for mere connectivity any likely ones."""
    if level == "weights":
        yield {j: taps[matching[j]] for j in wanted.kernels}
        return
    options = []
    for j in wanted.kernels:
        kernel = wanted.chain[j][0].geometry.axes[axis].kernel  # type: ignore[union-attr]
        same = list(taps.values())
        options.append([*same, *(mirrored(t, kernel) for t in same)])
    for choice in product(*options):
        yield dict(zip(wanted.kernels, map(Polynomial.of, choice), strict=True))


def _says(start: Trace, end: Trace, taps: list[Polynomial]) -> str:
    where = f"row {start.row}, column {start.column}" + "".join(f", tap {t}" for t in taps)
    between = [str(p) for p in end.places[1:-1]]
    return f"{where}; on the other side by way of {', '.join(between)}" if between else where
