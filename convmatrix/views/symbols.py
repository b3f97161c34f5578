"""The matrix in SymPy: exact numbers, or a symbol a weight."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.errors import TooLargeError
from convmatrix.layers.calling import public
from convmatrix.pattern import Pattern

if TYPE_CHECKING:
    from sympy import Expr, ImmutableSparseMatrix

__all__ = ["symbol_matrix", "symbols", "to_expression", "weight_symbols"]

Array = np.ndarray[Any, Any]

MOST_TRIPLES = 2_000_000
"""Above this SymPy would take minutes and gigabytes."""


@public
def weight_symbols(name: str, shape: Sequence[int] | int) -> Array:
    """An object array of the symbols `name[i,j,...]`, to flip, transpose or share between layers.

    >>> weight_symbols("w", (1, 1, 3))[0, 0].tolist()
    [w[0,0,0], w[0,0,1], w[0,0,2]]
    """
    from sympy import Symbol

    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    array = np.empty(sizes, object)
    for index in np.ndindex(*sizes):
        array[index] = Symbol(f"{name}[{','.join(map(str, index))}]")
    return array


@public
def symbols(names: str) -> tuple[Expr, ...]:
    """Positive integer symbols for a geometry; `p` and `a` (or any name that starts so) may be 0.

    >>> n, p = symbols("n p")
    >>> n.is_positive, p.is_nonnegative, p.is_positive
    (True, True, None)
    """
    from sympy import Symbol

    return tuple(
        Symbol(name, integer=True, nonnegative=True)
        if name[0] in "pa"
        else Symbol(name, integer=True, positive=True)
        for name in names.replace(",", " ").split()
    )


def to_expression(value: Any) -> Expr:
    """A number of any kind as SymPy's: ints and fractions stay exact."""
    from sympy import Integer, Rational, sympify

    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Fraction):
        return Rational(value.numerator, value.denominator)
    return Integer(value) if isinstance(value, (bool, int)) else sympify(value)


def symbol_matrix(pattern: Pattern, values: Sequence[Array]) -> ImmutableSparseMatrix:
    """The matrix whose entry is the sum, over its triples, of the product of its taps' values.

    `values` holds, a layer, the flat array of what stands for each tap.
    """
    from sympy import ImmutableSparseMatrix, Mul

    if pattern.nnz > MOST_TRIPLES:
        raise TooLargeError(
            f"a SymPy matrix of {pattern.nnz} terms is more than the {MOST_TRIPLES} it can handle; "
            f"use a smaller input, or to_scipy()"
        )
    exact = [[to_expression(v) for v in array.reshape(-1)] for array in values]
    taps = np.unravel_index(pattern.tap, pattern.tap_counts)
    terms: dict[tuple[int, int], list[Expr]] = {}
    for r, c, *index in zip(
        pattern.rows.tolist(), pattern.indices.tolist(), *(t.tolist() for t in taps), strict=True
    ):
        factors = (layer[t] for layer, t in zip(exact, index, strict=True))
        terms.setdefault((r, c), []).append(Mul(*factors))
    entries = {place: sum(term[1:], start=term[0]) for place, term in terms.items()}
    return ImmutableSparseMatrix(*pattern.shape, entries)
