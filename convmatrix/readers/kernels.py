"""A kernel as people write it: inline, or a file."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from convmatrix.errors import WeightError
from convmatrix.readers.arrays import read_array

__all__ = ["parse_kernel", "read_kernel"]


Array = np.ndarray[Any, Any]


def read_kernel(text: str) -> Array:
    """A kernel given inline (see `parse_kernel`) or as an `.npy` file."""
    if text.endswith(".npy") or (len(text) < 1024 and Path(text).is_file()):
        return read_array(text)
    return parse_kernel(text)


def parse_kernel(text: str) -> Array:
    """A kernel given inline: `3 6 9; 4 8 12; 5 10 15` or JSON.

    Numbers are exact: integers, fractions (`1/3`) and decimals.

    >>> parse_kernel("1 2; 1/2 1").tolist()
    [[1, 2], [Fraction(1, 2), 1]]
    """
    try:
        if text.lstrip().startswith("["):
            array = np.array(json.loads(text))
            if array.dtype.kind not in "biuf":
                raise ValueError(text)
            return array
        rows = [row.replace(",", " ").split() for row in text.split(";") if row.strip()]
        parsed = [[_exact(word) for word in row] for row in rows]
    except (ValueError, ZeroDivisionError):
        raise WeightError(
            f"a kernel (weight) is an .npy file or rows like '1 2; 2 4', got {text!r:.60}"
        ) from None
    if not parsed or len({len(row) for row in parsed}) != 1:
        raise WeightError(f"a kernel needs rows of equal length, got {text!r}; use ; between rows")
    array = np.array(parsed[0] if len(parsed) == 1 else parsed, object)
    small = all(type(v) is int and abs(v) < 2**63 for v in array.flat)
    return array.astype(np.int64) if small else array


def _exact(word: str) -> Any:
    if len(word) > 400 or re.search(r"e[+-]?\d{4}", word, re.I):
        raise ValueError(word)  # nobody means it, and its digits would fill the memory
    number = Fraction(word)
    return int(number) if number.denominator == 1 and "/" not in word else number
