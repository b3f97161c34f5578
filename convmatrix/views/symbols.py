"""The matrix in SymPy: exact numbers, or a symbol a weight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.errors import GeometryError, TooLargeError
from convmatrix.layers.arguments import count, is_sequence
from convmatrix.layers.calling import public
from convmatrix.pattern import Pattern
from convmatrix.relation import is_symbolic
from convmatrix.typing import Array

if TYPE_CHECKING:
    from sympy import Expr, ImmutableSparseMatrix

__all__ = [
    "dense_symbols", "symbol_bytes", "symbol_matrix", "symbols", "to_expression",
    "weight_symbols",
]  # fmt: skip


MOST_TRIPLES = 250_000
"""Above this SymPy would take more than a minute."""
MOST_SYMBOLS = 2_000_000
"""So many symbols of weights are made, at most."""
BYTES = 1_600
"""What SymPy takes for an entry, about."""


@public
def weight_symbols(name: str, shape: Any) -> Array:
    """An object array of the symbols `name[i,j,...]`, to flip, transpose or share between layers.

    >>> weight_symbols("w", (1, 1, 3))[0, 0].tolist()
    [w[0,0,0], w[0,0,1], w[0,0,2]]
    """
    from sympy import Symbol

    given = tuple(shape) if is_sequence(shape) else (shape,)
    sizes = tuple(count(n, "shape", least=0) for n in given)
    if is_symbolic(*sizes):
        raise GeometryError(f"weight_symbols needs a shape in numbers, got {shape!r:.60}")
    if prod(sizes) > MOST_SYMBOLS or len(sizes) > 32:
        raise TooLargeError(
            f"weight_symbols makes at most {MOST_SYMBOLS:,} symbols along 32 axes, got shape "
            f"{sizes!s:.60}; use a smaller kernel"
        )
    array = np.empty(sizes, object)
    for index in np.ndindex(*sizes):
        array[index] = Symbol(f"{name}[{','.join(map(str, index))}]")
    return array


@public
def symbols(names: str, *, nonnegative: str | Iterable[str] | None = None) -> Any:
    """Positive integer symbols for a geometry; `p…`, `a…` (or those in `nonnegative`) may be 0.

    Parameters
    ----------
    names
        One name for one symbol; several, with spaces or commas between, for a tuple (``"n,"`` is
        a tuple of one), as SymPy has it.
    nonnegative
        The names that may be 0, in one text or a list; by default those that begin with p or a,
        as padding and the a of output_padding do. What holds from 0 on holds from 1 on too, so a
        name that is caught by its first letter makes a statement weaker, never wrong.

    >>> n, p = symbols("n p")
    >>> n.is_positive, p.is_nonnegative, p.is_positive
    (True, True, None)
    >>> symbols("alpha", nonnegative="").is_positive
    True
    >>> [s.is_positive for s in symbols("alpha pad q", nonnegative=["pad", "q"])]
    [True, None, None]
    """
    from sympy import Symbol

    words = _names(names)
    if nonnegative is None:
        zero = {word for word in words if word[0] in "pa"}
    else:
        given = nonnegative if is_sequence(nonnegative) else (nonnegative,)
        zero = {name for text in given for name in _names(text)}
    if not words or not zero <= {*words}:
        raise GeometryError(
            f"symbols takes names with spaces or commas between, e.g. 'n k p', and nonnegative "
            f"some of them, got {names!r} and nonnegative={nonnegative!r}"
        )
    made = tuple(
        Symbol(word, integer=True, **{"nonnegative" if word in zero else "positive": True})
        for word in words
    )
    return made[0] if len(made) == 1 and "," not in names else made


def _names(text: Any) -> list[str]:
    if not isinstance(text, str):
        raise GeometryError(f"symbols takes names in one text, e.g. 'n k p', got {text!r:.60}")
    return text.replace(",", " ").split()


def to_expression(value: Any) -> Expr:
    """A number of any kind as SymPy's: ints and fractions stay exact."""
    from sympy import Integer, Rational, sympify

    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Fraction):
        return Rational(value.numerator, value.denominator)
    return Integer(value) if isinstance(value, (bool, int)) else sympify(value)


def symbol_bytes(triples: int) -> int:
    """The memory that a SymPy matrix of so many triples takes; `TooLargeError` where SymPy would
    take minutes."""
    if triples > MOST_TRIPLES:
        raise TooLargeError(
            f"a SymPy matrix of {triples} terms is more than the {MOST_TRIPLES} it can handle; "
            f"use a smaller input, or to_scipy()"
        )
    return BYTES * triples


def symbol_matrix(pattern: Pattern, values: Sequence[Array]) -> ImmutableSparseMatrix:
    """The matrix whose entry is the sum, over its triples, of the product of its taps' values.

    `values` holds, a layer, the flat array of what stands for each tap.
    """
    from sympy import Add, Mul

    from convmatrix.views.symbol_matrix import SymbolMatrix

    exact = [[to_expression(v) for v in array.reshape(-1)] for array in values]
    taps = np.unravel_index(pattern.tap, pattern.tap_counts)
    terms: dict[tuple[int, int], list[Expr]] = {}
    for r, c, *index in zip(
        pattern.rows.tolist(), pattern.indices.tolist(), *(t.tolist() for t in taps), strict=True
    ):
        factors = (layer[t] for layer, t in zip(exact, index, strict=True))
        terms.setdefault((r, c), []).append(Mul(*factors))
    entries = {place: Add(*term) for place, term in terms.items()}
    return SymbolMatrix(*pattern.shape, entries)


def dense_symbols(matrix: ImmutableSparseMatrix) -> Array:
    """The same as a NumPy array of SymPy's numbers."""
    from sympy import Integer

    array = np.full(matrix.shape, Integer(0), object)
    for place, value in matrix.todok().items():
        array[place] = value
    return array
