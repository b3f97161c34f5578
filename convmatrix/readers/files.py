"""Text from a file."""

from __future__ import annotations

import sys
from pathlib import Path

from convmatrix.errors import FileError

__all__ = ["read_text"]


def read_text(path: str) -> str:
    """A text file; `-` is standard input."""
    if path == "-":
        return sys.stdin.read()
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileError(f"no such file: {path}; give an existing file") from None
    except (OSError, ValueError) as error:  # a name that no file can have, bytes that are no text
        raise FileError(f"cannot read {path}: {error}") from None
