"""What a file would take when it is read, asked before it is."""

from __future__ import annotations

import os
from pathlib import Path

from convmatrix.errors import TooLargeError
from convmatrix.limits import check_memory

__all__ = ["check_growth"]

MOST_GROWN = 100
"""A file that takes so many times its size is no model and no picture, where that is much."""
A_LITTLE = 1 << 28


def check_growth(path: str | Path, need: int, instead: str) -> None:
    """Raise `TooLargeError` before a small file is read that would fill the memory."""
    size = os.path.getsize(path)
    if need > max(A_LITTLE, MOST_GROWN * size):
        raise TooLargeError(
            f"{path} has {size:,} bytes and would take {need:,} when read; {instead}"
        )
    check_memory(need, f"reading {path}", "a part of it")
