"""How much memory there is, asked before it is taken: nothing starts that could not end."""

from __future__ import annotations

import os
from pathlib import Path

from convmatrix.errors import TooLargeError

__all__ = ["available_memory", "check_memory"]

BUILDS_NOTHING = "A(x), A.nnz, A.inputs_of(...) or A.to_linear_operator(), which build nothing"


def check_memory(need: int, what: str, use: str = BUILDS_NOTHING) -> None:
    """Raise `TooLargeError` before `need` bytes are asked of a process that may have fewer.

    >>> check_memory(10**18, "the matrix", "a smaller input")
    Traceback (most recent call last):
    ...
    convmatrix.errors.TooLargeError: the matrix would take 1000000000.0 GB, ... use a smaller input
    """
    if need < SMALL:
        return
    have = available_memory()
    if have is not None and need > have:
        raise TooLargeError(
            f"{what} would take {_gigabytes(need)}, {_gigabytes(have)} are available; use {use}"
        )


SMALL = 1 << 26
"""Fewer bytes than these are not asked about: the answer would take longer than the work."""


def _gigabytes(count: int) -> str:
    """A number of bytes; integers of any size have no float."""
    return f"{count // 10**9}.{count // 10**8 % 10} GB"


def available_memory() -> int | None:
    """Bytes that this process may still take: the least of the machine's free memory, what its
    control group leaves and what RLIMIT_AS leaves; None where the system tells none of them."""
    known = [n for n in (_free(), *_control_groups(), _address_space()) if n is not None]
    return max(0, min(known)) if known else None


def _free() -> int | None:
    """Free memory, with the caches that would be given up: Linux' own estimate."""
    for line in _read("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows; a system without these names
        return None


def _control_groups() -> list[int | None]:
    """What each control group that holds this process leaves (versions 2 and 1)."""
    found: list[int | None] = []
    for line in _read("/proc/self/cgroup").splitlines():
        _, controllers, place = line.split(":", 2)
        if controllers == "":
            top, limit, used = Path("/sys/fs/cgroup"), "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            top = Path("/sys/fs/cgroup/memory")
            limit, used = "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        group = top / place.lstrip("/")
        for folder in (group, *group.parents):
            found.append(_left(folder, limit, used))
            if folder == top:
                break
    return found


def _left(folder: Path, limit: str, used: str) -> int | None:
    most, now = _read(folder / limit).strip(), _read(folder / used).strip()
    if not most.isdigit() or not now.isdigit():
        return None
    cached = 0  # the page cache counts as used, and is given up on demand
    for line in _read(folder / "memory.stat").splitlines():
        name, _, value = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file"):
            cached = int(value)
    return int(most) - int(now) + cached


def _address_space() -> int | None:
    """What RLIMIT_AS leaves."""
    try:
        import resource
    except ImportError:
        return None
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most == resource.RLIM_INFINITY:
        return None
    pages = _read("/proc/self/statm").split()
    return most - int(pages[0]) * resource.getpagesize() if pages else most


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
