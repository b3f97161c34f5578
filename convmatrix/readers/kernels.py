"""A kernel as people write it: inline, or a file."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from os.path import isfile
from pathlib import Path
from typing import Any

import numpy as np

from convmatrix import kernels
from convmatrix.errors import FileError, WeightError
from convmatrix.readers.arrays import read_array
from convmatrix.readers.files import read_text
from convmatrix.readers.weights import MODELS
from convmatrix.typing import Array

__all__ = ["parse_kernel", "read_kernel"]


TEXTS = (".csv", ".txt")
"""Files of numbers: a row a line, with commas, semicolons or spaces between."""


def read_kernel(text: str) -> Array:
    """A kernel as people write it: inline (see `parse_kernel`), by its name (`sobel`,
    `gaussian:5:1.2`), or as a file `.npy`, `.json`, `.csv` or `.txt`.

    >>> read_kernel("prewitt").tolist()
    [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]
    """
    suffix = Path(text).suffix.lower()
    if suffix in MODELS:
        raise FileError(
            f"{text} is a model, not a kernel; take one of its layers, with --layer NAME"
        )
    if suffix == ".json":
        return parse_kernel(read_text(text))
    if suffix in TEXTS:
        lines = [line.partition("#")[0].strip() for line in read_text(text).splitlines()]
        rows = [re.sub(r"[;,\t]", " ", line) for line in lines if line]
        return parse_kernel("; ".join(rows if len(rows) > 1 else [line for line in lines if line]))
    if suffix == ".npy" or (len(text) < 1024 and isfile(text)):
        return read_array(text)
    if re.fullmatch(r"[A-Za-z]+(:[^ ;]*)?", text):
        return kernels.named(text)
    return parse_kernel(text)


def parse_kernel(text: str) -> Array:
    """A kernel given inline: `3 6 9; 4 8 12; 5 10 15` or JSON.

    Numbers are exact: integers, fractions (`1/3`) and decimals.

    >>> parse_kernel("1 2; 1/2 1").tolist()
    [[1, 2], [Fraction(1, 2), 1]]
    """
    try:
        if text.lstrip().startswith(("[", "{")):
            array = np.array(json.loads(text))
            if array.dtype.kind not in "biuf":
                raise ValueError(text)
            return array
        rows = [row.replace(",", " ").split() for row in text.split(";") if row.strip()]
        parsed = [[_exact(word) for word in row] for row in rows]
    except (ValueError, ZeroDivisionError, RecursionError):
        raise WeightError(
            f"a kernel (weight) is rows like '1 2; 2 4', JSON, a name like sobel or a file .npy "
            f".json .csv .txt, got {text!r:.60}"
        ) from None
    if not parsed or len({len(row) for row in parsed}) != 1:
        raise WeightError(
            f"a kernel needs rows of equal length, got {text!r:.60}; use ; between rows"
        )
    array = np.array(parsed[0] if len(parsed) == 1 else parsed, object)
    small = all(type(v) is int and abs(v) < 2**63 for v in array.flat)
    return array.astype(np.int64) if small else array


def _exact(word: str) -> Any:
    if len(word) > 400 or re.search(r"e[+-]?\d{4}", word, re.I):
        raise ValueError(word)  # nobody means it, and its digits would fill the memory
    number = Fraction(word)
    return int(number) if number.denominator == 1 and "/" not in word else number
