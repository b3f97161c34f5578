"""A kernel's entries: floats as they are, everything else as exact numbers or symbols."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from math import lcm
from typing import Any

import numpy as np

from convmatrix.errors import WeightError

__all__ = [
    "exact_entries",
    "has_symbols",
    "integers",
    "kernel_array",
    "nonzero",
    "number",
    "plain",
    "shown",
]

Array = np.ndarray[Any, Any]


_WORDS = {2: "two", 3: "three"}


def kernel_array(kernel: Any, least: int = 2) -> Array:
    """The kernel as an array of at least so many axes: floats and complex numbers as they are,
    everything else as objects."""
    try:
        array = np.asarray(kernel)
    except ValueError:
        raise WeightError(
            f"a kernel must be rectangular, got rows of different lengths: {kernel!r:.60}"
        ) from None
    if array.ndim < least or not array.size:
        raise WeightError(
            f"a kernel needs {_WORDS[least]} or more axes and at least one element, got shape "
            f"{array.shape}; a 1-D kernel is separable as it is"
        )
    if array.dtype.kind in "fc":
        if not np.isfinite(array).all():
            raise WeightError("a kernel must be finite, got nan or inf; replace them first")
        return array
    if array.dtype.kind not in "biuOUS":
        raise WeightError(f"a kernel must be of numbers, got dtype {array.dtype}")
    return array.astype(object)


def exact_entries(array: Array, *, decimal: bool = False) -> Array:
    """The entries as ints, fractions, SymPy numbers or symbols; floats as the binary fractions that
    they are, or with `decimal` as the shortest decimals that print like them."""
    if _kinds(array) == {int}:
        return array
    entries = np.empty(array.shape, object)
    for index, value in np.ndenumerate(array):
        entries[index] = number(str(value) if decimal and array.dtype.kind == "f" else value)
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
        elif (getattr(value, "is_number", False) and value.is_finite) or (
            getattr(value, "free_symbols", None) and hasattr(value, "as_numer_denom")
        ):
            return value
        else:
            raise WeightError(
                f"a kernel entry must be a finite number, fraction, decimal string or SymPy "
                f"expression, got {value!r}"
            ) from None
    except (AttributeError, OverflowError, ZeroDivisionError):
        raise WeightError(f"a kernel must be finite, got {value!r}; replace it first") from None
    return found.numerator if found.denominator == 1 else found


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
    """A kernel of rational numbers times their common denominator; None where some are not."""
    kinds = _kinds(entries)
    if kinds == {int}:
        return entries
    if not kinds <= {int, Fraction}:
        return None
    common = reduce(lcm, (value.denominator for value in entries.flat), 1)
    if common == 1:
        return entries
    whole = np.empty(entries.shape, object)
    for index, value in np.ndenumerate(entries):
        whole[index] = int(value * common)
    return whole


def nonzero(value: Any) -> bool:
    """Whether a number is not 0, for SymPy's too, whose zero need not look like zero."""
    if hasattr(value, "equals"):
        return not value.equals(0)
    return bool(value != 0)


def plain(value: Any) -> Any:
    """A number for JSON: exact ones that are no integers become text."""
    return value if isinstance(value, (int, float)) else str(value)


def shown(value: Any) -> str:
    """A number for people."""
    if isinstance(value, complex):
        return f"{value:.6g}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
