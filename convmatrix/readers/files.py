"""A file's text, and what is said where a file cannot be read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convmatrix.errors import ConvMatrixError, FileError

__all__ = ["first_line", "read_text", "reading"]


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


@contextmanager
def reading(path: Path, what: str, rest: str = "") -> Iterator[None]:
    """Whatever another library raises becomes one line of ours, a `FileError`."""
    try:
        yield
    except (ConvMatrixError, MemoryError):
        raise
    except Exception as error:
        raise FileError(f"cannot read {path} as {what}: {first_line(error)}{rest}") from None


def first_line(error: Exception) -> str:
    """What an error of another library says, in one short line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
