"""A map as a matrix of polynomials in its weights, in a canonical form that can be compared.

Every triple of the pattern is a term: a coefficient times one variable a layer. Terms are sorted
and merged, so two maps are equal for all weights exactly when these arrays are equal. Nothing
depends on the values of the weights: the pattern is linear in each layer's weight and never
branches on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.errors import ProofError
from convmatrix.typing import Array

if TYPE_CHECKING:
    from convmatrix.leaf import Leaf
    from convmatrix.maps import Map

__all__ = [
    "OUT_OF_RANGE", "ROUNDING", "Kernels", "Polynomials", "Variables", "connected", "differences",
    "exact_number", "polynomials", "terms_of",
]  # fmt: skip

ROUNDING = 64 * np.finfo(np.float64).eps
"""How far two floating-point sums may lie apart, relative to the largest coefficient."""

NONE = -1
"""The variable of a factor that is a plain number."""

Kernels = Sequence[Array | None]
"""For each leaf of a map, the variable of each of its taps; None where it has a weight."""


class Variables:
    """The variables that two maps share, each a small int with a name."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self.names: list[str] = []

    def id(self, name: str) -> int:
        """The number of a variable."""
        if name not in self._ids:
            self._ids[name] = len(self.names)
            self.names.append(name)
        return self._ids[name]

    def kernel(self, name: str, shape: Sequence[int]) -> Array:
        """The variables `name[i,j,...]` of a whole kernel, flat."""
        indices = np.ndindex(*shape)
        return np.array([self.id(f"{name}[{','.join(map(str, i))}]") for i in indices], np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Polynomials:
    """Merged terms `coefficient * product(variables)`, sorted by row, column and variables."""

    shape: tuple[int, int]
    terms: Array
    """Rows `(row, column, variable, variable, ...)`, variables sorted, -1 for none."""
    coefficients: Array


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """What stands for each tap of a leaf: terms `start[tap]` to `start[tap] + count[tap]`."""

    start: Array
    count: Array
    variables: Array | None
    numbers: Array | None


def polynomials(m: Map, kernels: Kernels, variables: Variables) -> Polynomials:
    """The canonical form of a map whose kernels are these of the variables.

    Raises `ProofError` where a product of floats leaves their range.
    """
    pattern = m.pattern
    taps = np.unravel_index(pattern.tap, pattern.tap_counts)
    places = np.column_stack([pattern.rows, pattern.indices]).astype(np.int64)
    triple = np.arange(pattern.nnz)
    monomials = np.empty((pattern.nnz, 0), np.int64)
    coefficients: Array = np.ones(pattern.nnz, np.int64)
    vanishing = np.zeros(pattern.nnz, bool)
    for leaf, tap, kernel in zip(m.leaves, taps, kernels, strict=True):
        factor = _factor(leaf, kernel, variables)
        here = tap[triple]
        repeats = factor.count[here]
        step = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        term = np.repeat(factor.start[here], repeats) + step
        triple, monomials, coefficients, vanishing = (
            np.repeat(array, repeats, axis=0)
            for array in (triple, monomials, coefficients, vanishing)
        )
        if factor.variables is not None:
            monomials = np.column_stack([monomials, factor.variables[term]])
        if factor.numbers is not None:
            numbers = factor.numbers[term]
            with np.errstate(over="ignore", under="ignore"):  # looked at below
                coefficients = coefficients * numbers
            vanishing = vanishing | (numbers == 0)
    _require_range(coefficients, vanishing)
    terms = np.column_stack([places[triple], np.sort(monomials, axis=1)])
    return Polynomials(pattern.shape, *_merge(terms, coefficients))


OUT_OF_RANGE = (
    "the weights' products leave the range of floating point; scale the weights, or give them as "
    "integers or fractions"
)


def _require_range(coefficients: Array, vanishing: Array) -> None:
    """`ProofError` where a product of floats has over- or underflowed; `vanishing` says which
    have a factor that is 0."""
    if coefficients.dtype.kind not in "Ofc":
        return
    least = float(np.finfo(np.float64).tiny)
    for c, zero in zip(coefficients.tolist(), vanishing.tolist(), strict=True):
        inexact = isinstance(c, (float, complex))
        if inexact and not zero and (not np.isfinite(c) or abs(c) < least):
            raise ProofError(OUT_OF_RANGE)


def _factor(leaf: Leaf, kernel: Array | None, variables: Variables) -> Factor:
    """The variables and numbers that stand for the taps of a leaf."""
    if leaf.taps is None:
        assert kernel is not None
        return _one_each(kernel.size, kernel[:, None], None)
    flat = leaf.taps.reshape(-1)
    if flat.dtype.kind != "O":
        plain = flat.size == 1 and flat[0] == 1
        return _one_each(flat.size, None, None if plain else _python_numbers(flat))
    terms: list[list[tuple[list[int], Any]]] = [_terms(value, variables) for value in flat]
    terms.append([([], 1)])  # for paths that pass the layer by
    count = np.array([len(t) for t in terms])
    degree = max((len(ids) for t in terms for ids, _ in t), default=0)
    table = np.full((count.sum(), degree), NONE, np.int64)
    numbers = np.empty(count.sum(), object)
    for row, (ids, number) in enumerate(term for t in terms for term in t):
        table[row, : len(ids)] = ids
        numbers[row] = number
    return Factor(np.cumsum(count) - count, count, table, numbers)


def _one_each(taps: int, variables: Array | None, numbers: Array | None) -> Factor:
    """A term a tap, and behind them the number 1 for paths that pass the layer by."""
    if variables is not None:
        variables = np.concatenate([variables, [[NONE] * variables.shape[1]]])
    numbers = None if numbers is None else np.append(numbers, 1)
    return Factor(np.arange(taps + 1), np.ones(taps + 1, np.int64), variables, numbers)


def _python_numbers(flat: Array) -> Array:
    """Integers as Python's, so that no product overflows; floats in double precision."""
    if flat.dtype.kind in "biu":
        return flat.astype(object)
    return flat.astype(np.complex128 if flat.dtype.kind == "c" else np.float64)


def _terms(value: Any, variables: Variables) -> list[tuple[list[int], Any]]:
    """A tap's value as a sum of numbers times variables."""
    if isinstance(value, (int, float, complex, Fraction, np.number)):
        return [([], value)]
    return [([variables.id(name) for name in names], c) for c, names in terms_of(value)]


def terms_of(value: Any) -> list[tuple[Any, list[str]]]:
    """A weight in symbols as a sum of numbers, each times the names of its symbols."""
    from sympy import Poly
    from sympy.polys.polyerrors import BasePolynomialError

    symbols = sorted(value.free_symbols, key=str)
    if not symbols:
        return [(exact_number(value), [])]
    if value.is_Symbol:
        return [(1, [str(value)])]
    try:
        found = Poly(value, *symbols).terms()
    except BasePolynomialError:
        raise ProofError(
            f"a weight in a proof is a polynomial in its symbols, got {value}; give each tap its "
            f"own symbol with weight_symbols(name, shape)"
        ) from None
    return [
        (
            exact_number(c),
            [str(s) for s, power in zip(symbols, powers, strict=True) for _ in range(power)],
        )
        for powers, c in found
    ]


def exact_number(number: Any) -> Any:
    """A SymPy number as an int or a fraction where it is one."""
    if number.is_Rational:
        return Fraction(int(number.p), int(number.q))
    return float(number) if number.is_Float else number


def _merge(terms: Array, coefficients: Array) -> tuple[Array, Array]:
    """Equal terms added up, zero terms dropped."""
    if not len(terms):
        return terms, coefficients
    order = np.lexsort(terms.T[::-1])
    terms, coefficients = terms[order], coefficients[order]
    first = np.r_[True, (terms[1:] != terms[:-1]).any(axis=1)]
    coefficients = np.add.reduceat(coefficients, np.flatnonzero(first))
    live = coefficients != 0
    return terms[first][live], coefficients[live]


def connected(m: Map) -> Array:
    """The connected (row, column) pairs of a map, each as one number, in order."""
    return np.unique(m.pattern.rows.astype(np.int64) * m.shape[1] + m.pattern.indices)


def differences(left: Polynomials, right: Polynomials) -> Array:
    """The `(row, column)` places at which they differ, in order.

    Exact where all numbers are exact; floating-point coefficients may differ by rounding.
    """
    width = max(left.terms.shape[1], right.terms.shape[1])
    a, b = _widen(left.terms, width), _widen(right.terms, width)
    if np.array_equal(a, b) and _agree(left.coefficients, right.coefficients).all():
        return np.empty((0, 2), np.int64)
    terms, rest = _merge(np.concatenate([a, b]), np.r_[left.coefficients, -right.coefficients])
    if any(isinstance(v, (float, complex)) for v in rest.tolist()):
        largest = max(np.abs(side.coefficients).max(initial=0) for side in (left, right))
        terms = terms[np.abs(rest).astype(float) > ROUNDING * float(largest)]
    return np.unique(terms[:, :2], axis=0)


def _agree(a: Array, b: Array) -> Array:
    return np.asarray(a == b)


def _widen(terms: Array, width: int) -> Array:
    """Variables padded in front with none, which keeps them sorted."""
    missing = width - terms.shape[1]
    filler = np.full((len(terms), missing), NONE, np.int64)
    return np.concatenate([terms[:, :2], filler, terms[:, 2:]], axis=1)
