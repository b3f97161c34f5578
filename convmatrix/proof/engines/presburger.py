"""Presburger arithmetic: sets of integers given by linear constraints, decided by isl (islpy).

Strides and dilations must be numbers, so that every constraint is linear. The places between row
and column and the values of quotients are existential variables, which isl eliminates exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from convmatrix.errors import MissingExtraError
from convmatrix.proof.algebra.lemmas import Goal
from convmatrix.proof.algebra.polynomial import Absolute, Defined, Polynomial
from convmatrix.proof.relate.axes import Relations
from convmatrix.proof.relate.traces import Trace
from convmatrix.proof.statements.statement import Statement

__all__ = ["decide"]

Values = dict[str, int]


class _NotLinearError(Exception):
    """A product of variables, which isl does not know."""


def decide(statement: Statement, *, needed: bool = False) -> tuple[bool | None, str, Values | None]:
    """Whether isl proves a statement, how or why not, and where it refutes it the geometry of
    smallest sum at which the sides differ.

    Raises `MissingExtraError` where islpy is `needed` and missing.
    """
    try:
        import islpy as isl
    except ImportError:
        missing = MissingExtraError("islpy", "proof", "Presburger arithmetic")
        if needed:
            raise missing from None
        return None, str(missing), None
    sides = statement.relations()
    if sides is None:
        return None, "it is no statement about maps, which isl decides", None
    symbols, level = list(statement.bounds), statement.level
    values: Values | None = None
    compared = False
    for axes in sides:
        compared = True
        try:
            differing = [_difference(isl, symbols, axis, level) for axis in axes]
        except _NotLinearError as product:
            return None, f"isl needs linear constraints, and there is {product}", None
        if any(d is None for d in differing):
            return None, "more than one way leads from row to column through the same taps", None
        if all(d.is_empty() for d in differing):
            many = "1 axis" if len(axes) == 1 else f"{len(axes)} axes"
            return True, f"sets of (row, column, taps) on {many} compared", None
        values = values or _smallest(isl, symbols, [d for d in differing if not d.is_empty()])
    if not compared:
        return None, "isl compares maps whose kernels are free and have the same names", None
    return False, "isl finds a difference", values


def _difference(isl: Any, symbols: Sequence[str], axis: Relations, level: str) -> Any:
    """The geometries at which both sides differ along an axis, as a parameter set."""
    given = _Text(symbols).set(axis.given)
    valid = isl.Set(given)
    odd = valid.subtract(isl.Set(_Text(symbols).set((*axis.given, *axis.shapes))))
    if level == "size":
        return odd
    sides = []
    for traced, taps in (axis.left, axis.right):
        if level == "weights" and not traced.single:
            return None
        text = _Text(symbols).relation(traced, taps if level == "weights" else ())
        sides.append(isl.Set(text).intersect_params(valid))
    a, b = sides
    return odd.union(a.subtract(b).union(b.subtract(a)).params())


def _smallest(isl: Any, symbols: Sequence[str], sets: Sequence[Any]) -> Values | None:
    """The point of smallest sum in a union of parameter sets."""
    everything = sets[0]
    for more in sets[1:]:
        everything = everything.union(more)
    ids = ", ".join(f"x{j}" for j in range(len(symbols)))
    total = " + ".join(f"x{j}" for j in range(len(symbols)))
    sums = isl.Set(f"[{ids}] -> {{ [z] : z = {total} }}").intersect_params(everything)
    lowest = sums.project_out(isl.dim_type.param, 0, len(symbols)).dim_min_val(0)
    if not lowest.is_int():
        return None
    point = sums.intersect(isl.Set(f"{{ [z] : z = {lowest} }}")).params()
    values: Values = {}
    for j, name in enumerate(symbols):
        low = point.move_dims(isl.dim_type.set, 0, isl.dim_type.param, j, 1).dim_min_val(0)
        values[name] = int(str(low))
        point = point.intersect(isl.Set(f"[{ids}] -> {{ : x{j} = {low} }}"))
    return values


class _Text:
    """Polynomials as isl writes constraints; symbols are parameters, all else is existential."""

    def __init__(self, symbols: Sequence[str]) -> None:
        self._ids = {name: f"x{j}" for j, name in enumerate(symbols)}
        self._parameters = ", ".join(self._ids.values())
        self._inner: list[str] = []
        self._facts: list[str] = []

    def set(self, goals: Iterable[Goal]) -> str:
        """The parameters that meet all goals."""
        return f"[{self._parameters}] -> {{ : {self._where(goals, [])} }}"

    def relation(self, traced: Trace, taps: Sequence[Polynomial]) -> str:
        """All `[row, column, taps]` of a trace."""
        ends = [traced.row, traced.column, *taps]
        places = [f"y{j}" for j in range(len(ends))]
        equal = [f"{y} = {self._linear(p)}" for y, p in zip(places, ends, strict=True)]
        where = self._where((*traced.guards, *traced.equations), equal)
        return f"[{self._parameters}] -> {{ [{', '.join(places)}] : {where} }}"

    def _where(self, goals: Iterable[Goal], more: list[str]) -> str:
        parts = more + [self._constraint(goal) for goal in goals]
        parts += self._facts
        body = " and ".join(parts) or "true"
        return f"exists ({', '.join(self._inner)} : {body})" if self._inner else body

    def _constraint(self, goal: Goal) -> str:
        return f"{self._linear(goal.value)} {'>=' if goal.kind == 'ge' else '='} 0"

    def _linear(self, value: Polynomial) -> str:
        parts = []
        for monomial, c in value.terms.items():
            if len(monomial) > 1:
                raise _NotLinearError("*".join(monomial))
            parts.append(f"{c}*{self._id(monomial[0])}" if monomial else str(c))
        return "(" + (" + ".join(parts) or "0") + ")"

    def _id(self, name: str) -> str:
        if name not in self._ids:
            self._ids[name] = f"e{len(self._inner)}"
            self._inner.append(self._ids[name])
            if isinstance(name, Absolute):
                inside, size = self._linear(name.inside[0]), self._ids[name]
                self._facts.append(
                    f"({size} = {inside} and {inside} >= 0 or {size} = -{inside} and {inside} < 0)"
                )
            elif isinstance(name, Defined):
                self._facts += [f"{self._linear(fact)} >= 0" for fact in name.facts()[0]]
        return self._ids[name]
