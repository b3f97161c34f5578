"""Maps whose kernels have values: equal where, for each way to connect row and column, the values
on both sides add up to the same.

Each combination of taps is a relation between row and column. Combinations that are one relation
at all sizes make a class (a lemma each says so); the entry of the matrix is the sum, over the
classes, of their values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product
from math import prod
from typing import Any

import numpy as np

from convmatrix.proof.algebra.instances import instances, lowest_values, plausible
from convmatrix.proof.algebra.lemmas import Goal, Lemma
from convmatrix.proof.algebra.polynomial import Polynomial
from convmatrix.proof.algebra.theorem import Theorem
from convmatrix.proof.compare.terms import ROUNDING, terms_of
from convmatrix.proof.relate.sides import Equation, Side
from convmatrix.proof.relate.traces import Link, follow, trace
from convmatrix.relation import Axis
from convmatrix.shapes import ravel
from convmatrix.stencil import Stencil, read_channel

__all__ = ["values_equal"]

Taps = tuple[int, ...]
Value = dict[tuple[str, ...], Any]
"""A polynomial in the weights: numbers by sorted names."""
Place = tuple[int, int]
Sums = dict[Place, dict[tuple[Taps, ...], Value]]
"""For each (row channel, column channel), the value of each combination of taps, an axis each."""

MOST_PATHS = 50_000
MOST_TRACES = 16
SAMPLES = (0, 5, 11, 40, 120)
"""Which of the smallest geometries tell relations apart, before that is proved."""


def values_equal(equation: Equation, statement: str) -> Iterator[Theorem]:
    """The theorem that makes two maps with given kernels equal, if there is one of this form."""
    of_left, of_right = map(_sums, equation.sides)
    if of_left is None or of_right is None:
        return
    sums = of_left, of_right
    axes: list[_Axis] = []
    for axis in equation.axes:
        found = _Axis.of(equation, axis, sums)
        if found is None:
            return
        axes.append(found)
    totals = [_by_class(by, [axis.classes[j] for axis in axes]) for j, by in enumerate(sums)]
    rounds = any(map(_rounds, equation.sides))
    lemmas = tuple(lemma for axis in axes for lemma in axis.lemmas)
    yield Theorem(
        statement,
        "weights",
        equation.scope(values=True),
        tuple(dict.fromkeys(g for lemma in lemmas for g in lemma.given)),
        lemmas,
        facts=(("values of the classes", _agree(totals[0], totals[1], rounds)),),
        conclusion="The entries are sums over the same classes of tap combinations, with the same "
        "values.",
    )


# ----------------------------------------------------------------------------- values


def _sums(side: Side) -> Sums | None:
    """Every way from a row's channel to a column's through the taps, with its value."""
    total = 1
    for leaf, _ in side.chain:
        stencil = leaf.geometry
        assert isinstance(stencil, Stencil)
        if stencil.local or not all(isinstance(k, int) for k in stencil.kernel):
            return None
        total *= prod(stencil.kernel) * stencil.group_channels
    if total * side.map.out_shape[0] > MOST_PATHS:
        return None
    ways: Sums = {(c, c): {(): {(): 1}} for c in range(side.map.out_shape[0])}
    for (leaf, transposed), name in zip(side.chain, side.names, strict=True):
        steps = _steps(leaf, transposed, name)
        further: Sums = {}
        for (row, channel), by_taps in ways.items():
            for column, taps, value in steps.get(channel, ()):
                place = further.setdefault((row, column), {})
                for before, factor in by_taps.items():
                    combined = _times(factor, value)
                    _add(place, (*before, taps), combined)
        ways = further
    return {place: _per_axis(by_taps) for place, by_taps in ways.items()}


def _steps(leaf: Any, transposed: bool, name: str | None) -> dict[int, list[Any]]:
    """From a channel: the next channels, the taps there, and their values."""
    stencil = leaf.geometry
    taps = leaf.taps
    found: dict[int, list[Any]] = {}
    for o in range(stencil.out_channels):
        for c in range(stencil.group_channels):
            width = stencil.out_channels // stencil.groups
            i = read_channel(o, c, width, stencil.group_channels)
            for t in product(*map(range, stencil.kernel)):
                index = (o, c, *t) if stencil.factors is None else t
                if taps is None:
                    value: Value = {(f"{name}[{','.join(map(str, index))}]",): 1}
                else:
                    value = _value(taps.reshape(-1)[ravel(index, stencil.tap_shape)])
                near, far = (i, o) if transposed else (o, i)
                found.setdefault(near, []).append((far, t, value))
    return found


def _value(number: Any) -> Value:
    """A tap's value, floats as the fractions that they are: nothing over- or underflows."""
    number = float(number) if isinstance(number, np.floating) else number
    number = number.item() if isinstance(number, np.generic) else number
    if isinstance(number, (int, float, Fraction)):
        return {(): Fraction(number)} if number else {}
    value: Value = {}
    for c, names in terms_of(number):
        key = tuple(sorted(names))
        value[key] = value.get(key, 0) + Fraction(c)
    return value


def _rounds(side: Side) -> bool:
    """Whether a weight has floating-point numbers."""
    flat = (v for leaf, _ in side.chain if leaf.weight is not None for v in leaf.weight.flat)
    return any(
        isinstance(v, (float, np.floating)) or bool(getattr(v, "has", None) and v.has(_float()))
        for v in flat
    )


def _float() -> Any:
    from sympy import Float

    return Float


def _times(a: Value, b: Value) -> Value:
    result: Value = {}
    for (m, c), (n, d) in product(a.items(), b.items()):
        key = tuple(sorted(m + n))
        result[key] = result.get(key, 0) + c * d
    return result


def _add(into: dict[Any, Value], key: Any, value: Value) -> None:
    total = into.setdefault(key, {})
    for monomial, c in value.items():
        total[monomial] = total.get(monomial, 0) + c


def _per_axis(by_taps: Mapping[tuple[Taps, ...], Value]) -> dict[tuple[Taps, ...], Value]:
    """Taps by layer and axis turned into taps by axis and layer."""
    return {tuple(zip(*taps, strict=True)): value for taps, value in by_taps.items()}


def _by_class(side: Sums, classes: Sequence[Mapping[Taps, int | None]]) -> Sums:
    """The values summed over each class; combinations that connect nothing fall away."""
    result: Sums = {}
    for place, by_taps in side.items():
        for taps, value in by_taps.items():
            numbers = tuple(of[t] for of, t in zip(classes, taps, strict=True))
            if None not in numbers:
                _add(result.setdefault(place, {}), numbers, value)
    return result


def _agree(a: Sums, b: Sums, rounds: bool) -> bool:
    """Exactly; or with floats up to rounding, all classes of a place together."""
    flat = [
        {(p, c, m): x for p, by in side.items() for c, v in by.items() for m, x in v.items()}
        for side in (a, b)
    ]
    largest = max((abs(x) for side in flat for x in side.values()), default=Fraction(0))
    off: dict[tuple[Place, tuple[str, ...]], Any] = {}
    for key in flat[0].keys() | flat[1].keys():
        place = key[0], key[2]
        off[place] = off.get(place, 0) + abs(flat[0].get(key, 0) - flat[1].get(key, 0))
    allowed = Fraction(float(ROUNDING)) * largest if rounds else 0
    return all(total <= allowed for total in off.values())


# ---------------------------------------------------------------------------- relations


@dataclass(frozen=True)
class _Axis:
    """One axis: the class of every combination of taps on either side, and why."""

    classes: tuple[dict[Taps, int | None], dict[Taps, int | None]]
    lemmas: list[Lemma]

    @classmethod
    def of(cls, equation: Equation, axis: int, sums: tuple[Sums, Sums]) -> _Axis | None:
        """The classes of an axis, or None where some combination can be met in several ways."""
        of_left, of_right, shapes = equation.frame(axis)
        given = tuple(dict.fromkeys((*equation.guards, *of_left, *of_right)))
        lemmas = [Lemma(f"axis {axis}: the shapes are equal", given, (), shapes)]
        sort = _Sorter(f"axis {axis}", given, equation.bounds)
        classes: tuple[dict[Taps, int | None], dict[Taps, int | None]] = ({}, {})
        for j, (name, side) in enumerate(zip(("left", "right"), equation.sides, strict=True)):
            for taps in sorted({taps[axis] for by in sums[j].values() for taps in by}):
                links = side.links(axis, dict(enumerate(map(Polynomial.of, taps))))
                found = sort(f"{name} taps {taps}", links)
                if found is None:
                    return None
                classes[j][taps], more = found
                lemmas += more
        return cls(classes, lemmas)


class _Sorter:
    """Puts relations into classes by how they look at a few geometries, and says what has to be
    proved for that: they are the same as the first of their class at all geometries."""

    def __init__(
        self, where: str, given: tuple[Goal, ...], bounds: Mapping[str, int | None]
    ) -> None:
        self._where, self._given, self._bounds = where, given, bounds
        self._samples = _samples(bounds, given)
        self._first: dict[Any, tuple[int, Sequence[Link]]] = {}

    def __call__(self, what: str, links: Sequence[Link]) -> tuple[int | None, list[Lemma]] | None:
        """The class (None: it connects nothing) and the lemmas; None where it has no class."""
        start = follow(links, self._bounds)
        if not start.single:
            return None
        seen = tuple(_connected(links, values) for values in self._samples)
        if not any(seen):
            nothing = (Goal("ge", Polynomial.of(-1)),)
            where = (*start.guards, *start.equations)
            name = f"{self._where}, {what} connect nothing"
            return None, [Lemma(name, self._given, where, nothing)]
        number, first = self._first.setdefault(seen, (len(self._first), links))
        if first is links:
            return number, []
        lemmas = []
        for arrow, known, wanted in (("⇒", links, first), ("⇐", first, links)):
            found = _implies(known, wanted, self._bounds, self._given)
            if found is None:
                return None
            name = f"{self._where}, {what} {arrow} class {number}"
            lemmas.append(Lemma(name, self._given, *found))
        return number, lemmas


def _implies(
    known: Sequence[Link],
    wanted: Sequence[Link],
    bounds: Mapping[str, Any],
    given: tuple[Goal, ...],
) -> tuple[tuple[Goal, ...], tuple[Goal, ...]] | None:
    """What holds on one combination of taps, and what has to on another."""
    start = follow(known, bounds)
    where = (*start.guards, *start.equations)
    for end in islice(trace(wanted, start.row, start.column, start.places), MOST_TRACES):
        goals = tuple(dict.fromkeys((*end.guards, *end.equations)))
        if plausible(Lemma("", given, where, goals)):
            return where, goals
    return None


def _samples(bounds: Mapping[str, int | None], given: Sequence[Goal]) -> list[Mapping[str, int]]:
    """Some of the smallest geometries, and some at which every symbol is larger."""
    names = list(bounds)
    found = list(islice(instances(names, bounds, given, 20_000), max(SAMPLES) + 1))
    chosen: list[Mapping[str, int]] = [found[j] for j in SAMPLES if j < len(found)]
    least = lowest_values(names, bounds, given)
    for step in (2, 3, 5, 8):
        larger = {name: (least[name] or 0) + step + j for j, name in enumerate(names)}
        if all(goal.holds(larger) for goal in given):
            chosen.append(larger)
    return chosen


def _connected(links: Sequence[Link], values: Mapping[str, int]) -> frozenset[Place]:
    """The connected pairs at one geometry, in plain ints."""
    found: set[Place] | None = None
    for link in links:
        axis, tap = _numeric(link.axis, values), int(link.tap)
        step = {
            (i, o) if link.transposed else (o, i)
            for o in range(axis.outputs)
            for i in [axis.read(o, tap)]
            if axis.inside(i)
        }
        if found is None:
            found = step
            continue
        onward: dict[int, list[int]] = {}
        for near, far in step:
            onward.setdefault(near, []).append(far)
        found = {(row, far) for row, near in found for far in onward.get(near, ())}
    return frozenset(found or ())


def _numeric(axis: Axis, values: Mapping[str, int]) -> Axis:
    def number(value: Any) -> int:
        return Polynomial.of(value).at(values)

    return Axis(
        number(axis.size), number(axis.kernel), number(axis.stride), number(axis.dilation),
        number(axis.before), number(axis.after), axis.mode, axis.flip,
    )  # fmt: skip
