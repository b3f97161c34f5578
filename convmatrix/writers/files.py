"""Opening a file to write so that it appears complete or not at all."""

from __future__ import annotations

import io
import os
import secrets
import stat
import sys
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from convmatrix.errors import FileError

__all__ = ["suffix_of", "target"]

NAMELESS = hasattr(os, "O_TMPFILE") and os.path.isdir("/proc/self/fd")
"""Whether the system has files without a name, of which nothing can be left."""


def target(path: str | Path) -> AbstractContextManager[BinaryIO]:
    """A binary file that takes its name when the block ends well; ``-`` is standard output.

    Symbolic links are followed. A file that is there is replaced in one step and keeps its mode and
    owner; one that is read-only is refused. Its other names (hard links) keep the old contents: to
    change those too, it would have to be written over, and a failure half-way would lose it.
    """
    if str(path) == "-":
        return _standard_output()
    place, old = _place(path)
    if os.path.islink(place) or not (old is None or stat.S_ISREG(old.st_mode)):
        return _written_over(path, place)
    return _replaced(path, place, old)


@contextmanager
def _standard_output() -> Iterator[BinaryIO]:
    bare = getattr(sys.stdout, "buffer", None)
    held = io.BytesIO() if bare is None else bare
    yield held
    if bare is None:  # a notebook's, which takes text only
        sys.stdout.write(held.getvalue().decode())
    sys.stdout.flush()


@contextmanager
def _written_over(path: str | Path, place: str) -> Iterator[BinaryIO]:
    """A pipe, a device or an open file, which cannot be replaced."""
    try:
        with open(place, "wb") as file:
            yield file
    except OSError as error:
        raise _refusal(path, error, "") from None


def _place(path: str | Path) -> tuple[str, os.stat_result | None]:
    """Where a file's links lead, and what is there; `FileError` where it may not be written."""
    if not isinstance(path, (str, os.PathLike)):
        raise FileError(f"expected the path of a file, or '-', got {path!r:.60}")
    try:
        place, old = os.fsdecode(path), None
        old = os.stat(place)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _refusal(f"{path!s:.200}", error, "; use another name") from None
    except ValueError as error:
        raise FileError(f"cannot write {path!s:.60}: {error}; use another name") from None
    place = _followed(place)
    if old is not None and stat.S_ISDIR(old.st_mode):
        raise FileError(f"cannot write {path}: it is a folder; add the name of a file")
    if old is not None and not (old.st_mode & 0o222 and os.access(place, os.W_OK)):
        raise FileError(
            f"cannot write {path}: it is read-only; allow it (chmod u+w) or use another name"
        )
    return place, old


def _followed(place: str) -> str:
    """Where the links lead that a path ends in; one of /proc is an open file, and stays."""
    while os.path.islink(place):
        folder = os.path.realpath(os.path.dirname(place))
        if folder.startswith("/proc/"):
            break
        place = os.path.join(folder, os.readlink(place))
    return place


@contextmanager
def _replaced(path: str | Path, place: str, old: os.stat_result | None) -> Iterator[BinaryIO]:
    """A new file that takes the place of the old one at the end, however long its name is."""
    folder = os.path.dirname(place) or "."
    spare = os.path.join(folder, f".convmatrix-{secrets.token_hex(8)}")
    try:
        handle, named = _opened(path, folder, spare, old)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            if old is not None:
                _make_like(handle, place, old)
            os.fsync(handle)
            if not named and old is None and _linked(handle, place):
                return
            if not named:
                _linked(handle, spare)
        os.replace(spare, place)
    except OSError as error:
        raise _refusal(path, error, "; nothing was written") from None
    finally:
        with suppress(FileNotFoundError):
            os.unlink(spare)
        _sync(folder)


def _opened(
    path: str | Path, folder: str, spare: str, old: os.stat_result | None
) -> tuple[int, bool]:
    """A new file, and whether it has a name already, the spare one."""
    mode = 0o666 if old is None else 0o600  # the system takes the umask off
    if NAMELESS:
        with suppress(OSError):  # a file system that has none
            return os.open(folder, os.O_TMPFILE | os.O_RDWR, mode), False
    how = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        return os.open(spare, how, mode), True
    except OSError as error:
        if old is None or not isinstance(error, PermissionError):
            raise _refusal(path, error, "; choose another folder") from None
        raise FileError(
            f"cannot write {path}: its folder takes no new file ({error.strerror}), and a failure "
            f"half-way would lose the old one; choose another folder"
        ) from None


def _linked(handle: int, name: str) -> bool:
    """Give a nameless file a name; False where that is taken."""
    try:  # any src_dir_fd makes Python follow the link of /proc
        os.link(f"/proc/self/fd/{handle}", name, src_dir_fd=handle)
    except FileExistsError:
        return False
    return True


def _make_like(handle: int, place: str, old: os.stat_result) -> None:
    """Give a file the owner, the access lists and the mode of the one that it replaces."""
    if not hasattr(os, "fchown"):
        return
    mode = stat.S_IMODE(old.st_mode)
    try:
        os.fchown(handle, old.st_uid, old.st_gid)
    except PermissionError:
        mode &= 0o707  # what the old group might is not for ours
    for name in os.listxattr(place) if hasattr(os, "listxattr") else ():
        with suppress(OSError):
            os.setxattr(handle, name, os.getxattr(place, name))
    os.fchmod(handle, mode)


def _sync(folder: str) -> None:
    """Have the names in a folder stored, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _refusal(path: str | Path, error: OSError, rest: str) -> FileError:
    return FileError(f"cannot write {path}: {error.strerror or error}{rest}")


def suffix_of(path: str | Path, given: str | None, known: Collection[str]) -> str:
    """The format of a file: as given, else by its suffix; `FileError` where it is not known."""
    if not isinstance(path, (str, os.PathLike)) or not isinstance(given, (str, type(None))):
        raise FileError(f"expected a path and a format's name, got {path!r:.60} and {given!r:.60}")
    name = (given or Path(path).suffix).lower().lstrip(".")
    if name not in known:
        if not given and str(path) == "-":
            raise FileError(
                f"standard output has no suffix; add format={next(iter(known))!r}, or another of "
                f"{', '.join(known)}"
            )
        said = f"format={given!r}" if given else f"the suffix of {path}"
        raise FileError(
            f"{said} names no format that can be written; use one of {', '.join(known)}"
        )
    return name
