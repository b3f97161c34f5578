"""Work in blocks over threads, with BLAS held to one thread a worker.

BLAS limits belong to the whole process. They are set when the first call that needs it starts and
restored when the last one ends, whichever thread that is in, also after an error or an interrupt.
They are only ever lowered to one: raising them above what BLAS started with can hang.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

__all__ = ["available", "one_blas_thread", "run"]


@lru_cache(maxsize=1)
def _blas() -> tuple[Any, ...]:
    """The BLAS libraries that are loaded, found once (NumPy's is, by now)."""
    from threadpoolctl import ThreadpoolController

    found = ThreadpoolController().select(user_api="blas")
    return tuple(found.lib_controllers)


def available() -> int:
    """How many threads a call may use: the process's cores, no more than BLAS is allowed now."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    held = _held.before if _held.users else [library.num_threads for library in _blas()]
    return int(max(1, min([cores or 1, *held])))


class _Held:
    """Who needs BLAS to be single-threaded, and what its limits were before."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.before: list[int] = []


_held = _Held()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """While any such block runs, BLAS uses one thread a call."""
    with _held.lock:
        if not _held.users:
            _held.before = [library.num_threads for library in _blas()]
            for library in _blas():
                library.set_num_threads(1)
        _held.users += 1
    try:
        yield
    finally:
        with _held.lock:
            _held.users -= 1
            if not _held.users:
                for library, number in zip(_blas(), _held.before, strict=True):
                    library.set_num_threads(number)


@lru_cache(maxsize=8)
def _pool(workers: int, process: int) -> ThreadPoolExecutor:  # noqa: ARG001 - a fork has its own
    return ThreadPoolExecutor(workers, thread_name_prefix="convmatrix")


@lru_cache(maxsize=1)
def _core_of_this_thread() -> Callable[[], int] | None:
    """The C library's `sched_getcpu`, where there is one."""
    try:
        return ctypes.CDLL(None).sched_getcpu
    except (AttributeError, OSError, TypeError):
        return None


class _Cores:
    """Keeps the threads of one call on different cores.

    Linux likes to wake a thread on the core of the one that wakes it, and takes a millisecond or
    more to part them: longer than most blocks take. A worker that finds itself on a taken core
    moves away, and may go anywhere again afterwards.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._current = _core_of_this_thread() if hasattr(os, "sched_setaffinity") else None
        self._taken = set() if self._current is None else {self._current()}

    def part(self) -> None:
        """Take a core of one's own, if there is one."""
        if self._current is None:
            return
        with self._lock:
            core = self._current()
            if core in self._taken:
                allowed = os.sched_getaffinity(0)
                free = allowed - self._taken
                if free:
                    os.sched_setaffinity(0, free)
                    core = self._current()
                    os.sched_setaffinity(0, allowed)
            self._taken.add(core)


def run(job: Callable[[Any], None], blocks: Sequence[Any], threads: int) -> None:
    """Run a job on every block; the caller's thread takes its share."""
    if threads == 1 or len(blocks) == 1:
        for block in blocks:
            job(block)
        return
    rest = iter(blocks)
    lock = threading.Lock()
    cores = _Cores()
    stop = False

    def work() -> None:
        nonlocal stop
        while not stop:
            with lock:
                block = next(rest, None)
            if block is None:
                return
            try:
                job(block)
            except BaseException:
                stop = True
                raise

    def help_out() -> None:
        cores.part()
        work()

    helpers = [_pool(threads - 1, os.getpid()).submit(help_out) for _ in range(threads - 1)]
    try:
        work()
    finally:
        stop = True if any(h.done() and h.exception() for h in helpers) else stop
        for helper in helpers:
            if not helper.cancel():
                helper.exception()  # waits: nothing writes to the output after we return
    for helper in helpers:
        if not helper.cancelled():
            helper.result()
