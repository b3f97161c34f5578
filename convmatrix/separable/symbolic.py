"""Kernels with symbols: the polynomials whose vanishing is separability, and what follows.

Over the field of rational functions a kernel has rank 1 or not, which the minors through one
entry that is not the zero polynomial decide: then it is separable for all values. Otherwise it is
separable for those values at which all 2×2 minors vanish; through an entry that can never be 0,
the minors through it are enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import sympy
from sympy.polys.rings import PolyElement, PolyRing

from convmatrix.separable.exact import PivotVerdict
from convmatrix.separable.numbers import each, number
from convmatrix.separable.verdict import Minor, unfold, unfoldings
from convmatrix.typing import Array

__all__ = ["SymbolicVerdict"]

Place = tuple[int, ...]

MOST_CONDITIONS, MOST_WORK = 12, 12
"""Up to so many conditions, and symbols times degree, a Gröbner basis is asked whether all can hold
at once: the time of one has no useful bound."""
FREE = sympy.Symbol("x").assumptions0
"""What is assumed of a symbol of which nothing is said."""


def _nonzero(value: Any) -> bool:
    """Whether an expression is not 0 for some values."""
    if value.is_zero is not None:
        return not value.is_zero
    value = sympy.expand(value)
    if value.is_zero is not None or value.is_polynomial():
        return bool(value != 0)
    return not value.equals(0)


def _common(part: Array) -> Any:
    """What all entries share: their greatest common divisor, or one of them."""
    values = [value for value in part.flat if _nonzero(value)]
    if all(value.is_polynomial() for value in values):
        shared = sympy.gcd_list(values)
        return shared if not values[0].could_extract_minus_sign() else -shared
    return values[0]


def _tidy(value: Any) -> Any:
    found = sympy.cancel(value) if value.free_symbols else value
    return found if found.free_symbols else number(found)


class SymbolicVerdict(PivotVerdict):
    """The verdict on one kernel of polynomials or other expressions in symbols."""

    shared = staticmethod(_common)
    tidy = staticmethod(_tidy)
    nonzero = staticmethod(_nonzero)

    def __init__(self, kernel: Array) -> None:
        self.kernel = self.field = self.scaled = each(kernel, _without_zeros)
        places = [i for i, value in np.ndenumerate(self.kernel) if _nonzero(value)]
        sure: Iterator[Any] = (i for i in places if self.kernel[i].is_zero is False)  # type: ignore[attr-defined]
        self.pivot = next(sure, places[0] if places else None)
        self._ring = _ring_of(self.kernel)
        self._minors: list[tuple[Any, Minor]] = []
        if self.pivot is not None:
            never = self.kernel[self.pivot].is_zero is False
            if never or not self._is_rational:
                self._minors = list(self._through_pivot() if never else self._every())
            elif next(self._through_pivot(), None) is not None:
                self._minors = list(self._every())
        self.conditions = tuple(_distinct(polynomial for polynomial, _ in self._minors))
        self.separable, why = self._decide()
        self.method = f"symbolic: {why}"

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_ring": None}  # SymPy's rings do not always bear to be copied

    @property
    def _is_rational(self) -> bool:
        """Whether the entries are rational functions: among others, two that are not 0 may have a
        product that is, as x + |x| and x - |x|."""
        return all(value.is_rational_function(*value.free_symbols) for value in self.kernel.flat)

    def _decide(self) -> tuple[bool | None, str]:
        if self.pivot is None:
            return True, "every entry is 0"
        pivot = f"the pivot K{list(self.pivot)} = {self.kernel[self.pivot]}"
        if not self.conditions:
            return True, f"all minors through {pivot} vanish" if self._is_rational else (
                "all 2×2 minors vanish"
            )
        if any(_never_zero(c) for c in self.conditions):
            return False, "a minor is never 0 under the assumptions"
        if _contradict(self.conditions):
            return False, "the minors cannot all be 0 (their Gröbner basis is 1)"
        count = len(self.conditions)
        said = "1 minor is" if count == 1 else f"{count} minors are"
        return None, f"it depends: {said} not 0 for all values"

    def _table(self, axis: int) -> Array:
        """The unfolding along an axis, as polynomials where its entries are: SymPy's expressions
        take a hundred times as long."""
        table = unfold(self.kernel, (axis,))
        return table if self._ring is None else each(table, self._ring.from_expr)

    def _through_pivot(self) -> Iterator[tuple[Any, Minor]]:
        """The minors through the pivot that are not 0, in every unfolding."""
        assert self.pivot is not None
        for axis in unfoldings(self.kernel.ndim):
            table = self._table(axis)
            rest = [n for j, n in enumerate(self.kernel.shape) if j != axis]
            column = int(
                np.ravel_multi_index([i for j, i in enumerate(self.pivot) if j != axis], rest)
            )
            for r, c in np.ndindex(*table.shape):
                if r != self.pivot[axis] and c != column:
                    rows, columns = sorted((self.pivot[axis], r)), sorted((column, c))
                    yield from _minor(table, rows, columns, axis)

    def _every(self) -> Iterator[tuple[Any, Minor]]:
        for axis in unfoldings(self.kernel.ndim):
            table = self._table(axis)
            for rows in combinations(range(table.shape[0]), 2):
                for columns in combinations(range(table.shape[1]), 2):
                    yield from _minor(table, rows, columns, axis)

    @property
    def minor(self) -> Minor | None:
        """One that is never 0 under the assumptions, or, where only all together cannot vanish or
        it depends, the first that is not 0 for all values."""
        if not self._minors:
            return None
        sure = (minor for polynomial, minor in self._minors if _never_zero(polynomial))
        return next(sure, self._minors[0][1])

    @property
    def ranks(self) -> tuple[int | None, ...]:
        """Known where the kernel is separable and some entry is never 0."""
        if self.pivot is None:
            return (0,) * self.kernel.ndim
        known = self.separable and self.kernel[self.pivot].is_zero is False
        return (1 if known else None,) * self.kernel.ndim

    precision = None

    @property
    def distance(self) -> float:
        return 0.0 if self.separable else float("nan")


def _without_zeros(value: Any) -> Any:
    """An entry with 0 for the symbols that are assumed to be 0."""
    found = sympy.sympify(value)
    return found.subs({s: 0 for s in found.free_symbols if s.is_zero})


def _ring_of(kernel: Array) -> Any:
    """The ring of polynomials with rational coefficients that all entries are in, or None."""
    symbols = sorted(set().union(*(value.free_symbols for value in kernel.flat)), key=str)
    if not symbols or any(value.has(sympy.Float) for value in kernel.flat):
        return None
    found = PolyRing(symbols, sympy.QQ, sympy.lex)
    try:
        each(kernel, found.from_expr)
    except (ValueError, sympy.CoercionFailed):
        return None
    return found


def _minor(table: Array, rows: Any, columns: Any, axis: int) -> Iterator[tuple[Any, Minor]]:
    """The numerator of a minor, if it is not 0, and the minor."""
    (r0, r1), (c0, c1) = rows, columns
    value = table[r0, c0] * table[r1, c1] - table[r0, c1] * table[r1, c0]
    places = (int(r0), int(r1)), (int(c0), int(c1))
    if isinstance(value, PolyElement):
        if value:
            yield _primitive(value).as_expr(), Minor(*places, value.as_expr(), axis)
        return
    value = sympy.expand(value)
    if _nonzero(value):
        yield _numerator(value), Minor(*places, value, axis)


def _primitive(polynomial: Any) -> Any:
    """With integer coefficients without a common divisor, the leading one positive; a number is 1,
    since only whether it is 0 matters."""
    if polynomial.is_ground:
        return polynomial.ring.one
    found = polynomial.primitive()[1]
    return -found if found.LC < 0 else found


def _numerator(value: Any) -> Any:
    """The primitive numerator, with a positive leading coefficient."""
    top = sympy.expand(sympy.fraction(sympy.cancel(value))[0])
    if not top.free_symbols:
        return sympy.Integer(1)
    try:
        polynomial = sympy.Poly(top, *sorted(top.free_symbols, key=str)).primitive()[1]
    except sympy.PolynomialError:
        return top
    return (-polynomial if polynomial.LC().is_negative else polynomial).as_expr()


def _never_zero(value: Any) -> bool:
    """Whether an expression is different from 0 under the assumptions on its symbols; without any,
    a polynomial has a root."""
    symbols = value.free_symbols
    if symbols and value.is_polynomial() and all(s.assumptions0 == FREE for s in symbols):
        return False
    return value.is_zero is False or sympy.factor(value).is_zero is False


def _contradict(conditions: Sequence[Any]) -> bool:
    """Whether polynomials have no common zero, not even a complex one (Hilbert)."""
    symbols = set().union(*(c.free_symbols for c in conditions))
    if len(conditions) > MOST_CONDITIONS or not all(c.is_polynomial(*symbols) for c in conditions):
        return False
    degree = max(sympy.Poly(c, *symbols).total_degree() for c in conditions)
    if degree * len(symbols) > MOST_WORK:
        return False
    basis = sympy.groebner(conditions, *sorted(symbols, key=str), order="grevlex")
    return bool(basis.exprs == [1])


def _distinct(polynomials: Iterator[Any]) -> list[Any]:
    return list(dict.fromkeys(polynomials))
