"""Opening a file to write so that it appears complete or not at all."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from convmatrix.errors import FileError

__all__ = ["suffix_of", "target"]


@contextmanager
def target(path: str | Path) -> Iterator[BinaryIO]:
    """A binary file that takes its name when the block ends well; ``-`` is standard output."""
    if str(path) == "-":
        bare = getattr(sys.stdout, "buffer", None)
        held = io.BytesIO() if bare is None else bare
        yield held
        if bare is None:  # a notebook's, which takes text only
            sys.stdout.write(held.getvalue().decode())
        sys.stdout.flush()
        return
    if not isinstance(path, (str, os.PathLike)):
        raise FileError(f"expected the path of a file, or '-', got {path!r:.60}")
    place = Path(path)
    try:
        special = place.exists() and not place.is_file() and not place.is_dir()
    except (OSError, ValueError) as error:
        raise FileError(f"cannot write {str(place)[:60]!r}: {error}; use another name") from None
    if special:
        try:  # a pipe or a device: it must be written to, not replaced
            with place.open("wb") as file:
                yield file
        except OSError as error:
            raise FileError(f"cannot write {place}: {error.strerror}") from None
        return
    try:
        handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise FileError(f"cannot write {place}: {why}; choose another folder") from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        mode = 0o666 & ~_umask()
        os.chmod(name, mode)
        os.replace(name, place)
    except OSError as error:
        raise FileError(f"cannot write {place}: {error.strerror}; nothing was written") from None
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def suffix_of(path: str | Path, given: str | None, known: Collection[str]) -> str:
    """The format of a file: as given, else by its suffix; `FileError` where it is not known."""
    if not isinstance(path, (str, os.PathLike)) or not isinstance(given, (str, type(None))):
        raise FileError(f"expected a path and a format's name, got {path!r:.60} and {given!r:.60}")
    name = (given or Path(path).suffix).lower().lstrip(".")
    if name not in known:
        if not given and str(path) == "-":
            raise FileError(
                f"standard output has no suffix; add --format, one of {', '.join(known)}"
            )
        said = f"--format {given}" if given else f"the suffix of {path}"
        raise FileError(
            f"{said} names no format that can be written; use one of {', '.join(known)}"
        )
    return name
