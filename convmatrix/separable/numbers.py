"""A kernel's entries: floats as they are, everything else as exact numbers or symbols."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from math import lcm
from typing import Any

import numpy as np

from convmatrix.errors import WeightError
from convmatrix.kernels import named
from convmatrix.layers.arrays import as_numpy
from convmatrix.separable.floats import largest_part
from convmatrix.separable.precision import default_tolerance
from convmatrix.typing import Array

__all__ = [
    "check_tolerance",
    "each",
    "exact_entries",
    "has_symbols",
    "in_field",
    "integers",
    "kernel_array",
    "nonzero",
    "number",
    "plain",
    "shown",
    "shown_all",
    "simplest",
    "simplified",
]


_WORDS = {2: "two", 3: "three"}
MOST_BITS = 10_000
"""Of an integer that is printed in base 10."""


def kernel_array(kernel: Any, least: int = 2) -> Array:
    """The kernel as an array of at least so many axes: floats and complex numbers as they are (a
    copy, that later changes do not reach), everything else as objects."""
    if isinstance(kernel, str):
        kernel = named(kernel)
    try:
        array = as_numpy(kernel)
    except WeightError:
        raise
    except ValueError:
        raise WeightError(
            f"a kernel must be rectangular, got rows of different lengths: {kernel!r:.60}"
        ) from None
    if not array.ndim:
        raise WeightError(
            f"a kernel is an array or a name, got {kernel!r:.60}; of a layer give its .weight"
        )
    if array.dtype.kind == "f" and isinstance(kernel, (list, tuple)):
        given = np.asarray(kernel, object)  # NumPy makes floats of large ints beside negative ones
        if array.shape == given.shape and _kinds(given) <= {int, bool}:
            array = given
    if array.ndim < least or not array.size:
        raise WeightError(
            f"a kernel needs {_WORDS[least]} or more axes and at least one element, got shape "
            f"{array.shape}; a 1-D kernel is separable as it is"
        )
    if array.dtype.kind in "fc":
        if not np.isfinite(array).all():
            raise WeightError("a kernel must be finite, got nan or inf; replace them first")
        array = array.copy()
        array.flags.writeable = False
        return array
    if array.dtype.kind not in "biuOUS":
        raise WeightError(f"a kernel must be of numbers, got dtype {array.dtype}")
    return array.astype(object)


def check_tolerance(tolerance: Any) -> None:
    """Raise `WeightError` where a tolerance is no number from 0 on."""
    is_number = isinstance(tolerance, (int, float, np.number))
    if tolerance is not None and not (is_number and tolerance >= 0):
        raise WeightError(
            f"tolerance must be 0 or more, got {tolerance!r}; leave it out for the default"
        )


def exact_entries(array: Array, *, decimal: bool = False) -> Array:
    """The entries as ints, fractions, SymPy numbers or symbols; floats as the binary fractions that
    they are, or with `decimal` as the shortest decimals that print like them."""
    if _kinds(array) == {int}:
        return array
    entries = np.empty(array.shape, object)
    for index, value in np.ndenumerate(array):
        as_text = decimal and isinstance(value, (float, np.floating))
        entries[index] = number(str(value) if as_text else value)
    return entries


def number(value: Any) -> Any:
    """A Python int where it is whole, else a Fraction, else a SymPy number or symbol."""
    try:
        if isinstance(value, np.generic):  # Fraction would keep NumPy's integers, which overflow
            value = value.item() if value.dtype.kind in "biuU" else Fraction(*_ratio(value))
        found = Fraction(value)
    except (TypeError, ValueError):
        if getattr(value, "is_Rational", False):
            found = Fraction(int(value.p), int(value.q))
        elif hasattr(value, "as_numer_denom") and _is_scalar(value):
            return value
        else:
            raise WeightError(
                f"a kernel entry must be a finite number, fraction, decimal string or SymPy "
                f"expression, got {value!r}"
            ) from None
    except (AttributeError, OverflowError, ZeroDivisionError):
        raise WeightError(f"a kernel must be finite, got {value!r}; replace it first") from None
    return found.numerator if found.denominator == 1 else found


def _is_scalar(value: Any) -> bool:
    """Whether a SymPy expression is a finite number, or one in commutative symbols."""
    import sympy

    if value.has(sympy.oo, sympy.zoo, sympy.nan) or value.is_finite is False:
        return False
    return all(s.is_Symbol and s.is_commutative for s in value.free_symbols)


def _ratio(value: Any) -> tuple[int, int]:
    numerator, denominator = value.as_integer_ratio()
    return int(numerator), int(denominator)


def has_symbols(entries: Array) -> bool:
    """Whether some entry depends on a symbol."""
    if _kinds(entries) <= {int, Fraction}:
        return False
    return any(getattr(value, "free_symbols", None) for value in entries.flat)


def _kinds(entries: Array) -> set[type]:
    """The types of the entries: one quick pass, for large kernels."""
    return set(map(type, entries.reshape(-1).tolist()))


def integers(entries: Array) -> Array | None:
    """A kernel of rational numbers, each row times its common denominator; None where some numbers
    are not. What vanishes does so still, and ranks stay: a common denominator of all would be as
    long as all of them together."""
    kinds = _kinds(entries)
    if kinds == {int}:
        return entries
    if not kinds <= {int, Fraction}:
        return None
    whole = np.empty(entries.shape, object)
    for j, row in enumerate(entries):
        common = reduce(lcm, (value.denominator for value in row.flat), 1)
        whole[j] = each(row, lambda value, common=common: int(value * common))
    return whole


def nonzero(value: Any) -> bool:
    """Whether a number is not 0, for SymPy's too, whose zero need not look like zero."""
    if hasattr(value, "equals"):
        return not value.equals(0)
    return bool(value != 0)


def in_field(entries: Array) -> Array:
    """Numbers that can be divided: SymPy's where some are, since `int / int` is a float."""
    if _kinds(entries) <= {Fraction}:
        return entries
    import sympy

    field = np.empty(entries.shape, object)
    for index, value in np.ndenumerate(entries):
        field[index] = (
            sympy.Rational(value.numerator, value.denominator)
            if isinstance(value, (int, Fraction))
            else value
        )
    return field


def plain(value: Any) -> Any:
    """A number for JSON: exact ones that are no integers become text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value.bit_length() < MOST_BITS else hex(value)
    return value if isinstance(value, (bool, float)) else shown(value)


def shown(value: Any) -> str:
    """A number for people; very long integers, which Python does not print, in base 16."""
    if isinstance(value, complex):
        return f"{value:.6g}"
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    if isinstance(value, (int, Fraction)):
        parts = value.numerator, value.denominator
        texts = [str(n) if n.bit_length() < MOST_BITS else hex(n) for n in parts]
        return texts[0] if parts[1] == 1 else "/".join(texts)
    return str(value)


def shown_all(values: Array) -> list[str]:
    """A row of numbers for people: of floats what is nothing beside the largest is 0."""
    if values.dtype.kind in "fc":
        noise = default_tolerance(values.shape, values.dtype) * largest_part(values).max()
        parts = [np.where(abs(p) <= noise, 0, p) for p in (values.real, values.imag)]
        values = parts[0] + 1j * parts[1] if values.dtype.kind == "c" else parts[0]
    return [shown(value) for value in values.tolist()]


def each(array: Array, function: Any) -> Array:
    """An array of objects, each what a function makes of an entry."""
    result = np.empty(array.shape, object)
    for index, value in np.ndenumerate(array):
        result[index] = function(value)
    return result


def simplest(value: Any) -> Any:
    """A result in its simplest form; unlike an entry it need not be checked."""
    if hasattr(value, "is_Rational") and not value.is_Rational:
        value = simplified(value)
        if not value.is_Rational:
            return value
    return number(value)


def simplified(value: Any) -> Any:
    """A SymPy number with a rational denominator, others as they are."""
    return value.radsimp() if hasattr(value, "radsimp") else value
