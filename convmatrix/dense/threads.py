"""Work in blocks over threads, with BLAS held to one thread a worker.

BLAS limits belong to the whole process. They are lowered when the first call that needs it starts
and restored when the last one ends, whichever thread that is in; and they are only ever lowered to
one: raising them above what BLAS started with can hang.

An interrupt may come at any line of the caller's thread, those that clean up included. So whatever
cleans up can be run again and is (`surely`), the caller never takes a lock that a helper waits for,
and helpers are bare threads: those of `concurrent.futures` are asked through locks.
"""

from __future__ import annotations

import ctypes
import os
import threading
from _thread import start_new_thread
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from queue import SimpleQueue
from typing import Any

__all__ = ["available", "run", "surely"]

Job = Callable[[Any], None]


def surely(work: Callable[[], Any], clean_up: Callable[[], None]) -> None:
    """Do the work, then clean up to the end, even if an interrupt hits the cleaning: it is done
    twice, so it must do no harm where there is nothing left to do."""
    try:
        try:
            work()
        finally:
            clean_up()
    finally:
        clean_up()


# -------------------------------------------------------------------------------------- BLAS


@lru_cache(maxsize=1)
def _blas() -> tuple[Any, ...]:
    """The BLAS libraries that are loaded, found once (NumPy's is, by now)."""
    from threadpoolctl import ThreadpoolController

    found = ThreadpoolController().select(user_api="blas")
    return tuple(found.lib_controllers)


def available() -> int:
    """How many threads a call may use: the process's cores, no more than BLAS is allowed now."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    now = [library.num_threads for library in _blas()]
    return int(max(1, min([cores or 1, *(_limit.before or now)])))


class _Limit:
    """BLAS at one thread a call as long as any thread is a user."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._users: set[int] = set()
        self.before: tuple[int, ...] = ()
        """The limits to be restored; none where they are not lowered."""

    def lower(self) -> None:
        """Make this thread a user."""
        self._users.add(threading.get_ident())
        surely(self._settle, self._unlock)

    def restore(self) -> None:
        """Make this thread a user no longer."""
        self._users.discard(threading.get_ident())
        if self.before:
            surely(self._settle, self._unlock)

    def _settle(self) -> None:
        """Make the limits what the users need. `before` is set before the first is lowered, and
        cleared after the last is restored: wherever this stops, the next call goes on from there.
        """
        self._lock.acquire()
        if self._users and not self.before:
            self.before = tuple(library.num_threads for library in _blas())
            for library in _blas():
                library.set_num_threads(1)
        elif not self._users and self.before:
            for library, number in zip(_blas(), self.before, strict=True):
                library.set_num_threads(number)
            self.before = ()

    def _unlock(self) -> None:
        with suppress(RuntimeError):  # it is not ours: never taken, or given back already
            self._lock.release()

    def forked(self) -> None:
        """In a child process: its one thread has no call under way, whatever the parent had."""
        self._lock = threading.RLock()
        self._users.clear()
        self.restore()


_limit = _Limit()


# ----------------------------------------------------------------------------------- helpers


class _Helpers:
    """Threads that wait for something to call, for as long as the process lives."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._started: list[int] = []

    def call(self, work: Callable[[], None], times: int) -> None:
        """Let as many helpers call `work`, as soon as they are free."""
        with suppress(RuntimeError):  # where no more can be had, the caller does the rest
            while len(self._started) < times:
                self._started.append(start_new_thread(self._serve, (self._calls,)))
        for _ in range(times):
            self._calls.put(work)

    @staticmethod
    def _serve(calls: SimpleQueue[Callable[[], None]]) -> None:
        while True:
            calls.get()()


_helpers = _Helpers()


def _forked() -> None:
    """A child process has the memory of its parent, and none of its threads but one."""
    global _helpers
    _helpers = _Helpers()
    _limit.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


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


class _Shared:
    """Blocks that the caller's thread and helpers take in turn."""

    def __init__(self, job: Job, blocks: Sequence[Any]) -> None:
        self._job, self._rest = job, deque(blocks)
        self._cores = _Cores()
        self._stopped = False
        self._busy: set[int] = set()
        self._left: SimpleQueue[int] = SimpleQueue()
        self.errors: list[BaseException] = []

    def work(self) -> None:
        """Do blocks until none is left or a thread has failed."""
        while not self._stopped:
            try:
                block = self._rest.popleft()
            except IndexError:
                return
            self._job(block)

    def help(self) -> None:
        """The same in a helper. It is busy before it looks whether to stop, so that whoever stops
        it sees it."""
        me = threading.get_ident()
        self._busy.add(me)
        try:
            if not self._stopped:
                self._cores.part()
                self.work()
        except BaseException as error:
            self.errors.append(error)
            self._stopped = True
        finally:
            self._busy.discard(me)
            self._left.put(me)

    def stop(self) -> None:
        """Let no block be begun, and wait for those under way: nothing writes to an output or a
        buffer once its call has ended."""
        self._stopped = True
        while self._busy:
            self._left.get()


def run(threads: int, *stages: tuple[Job, Sequence[Any]]) -> None:
    """Run each stage's job on its every block, one stage after another, by so many threads, the
    caller's among them; BLAS is held to one thread meanwhile."""

    def all_stages() -> None:
        _limit.lower()
        for job, blocks in stages:
            _run(job, blocks, min(threads, len(blocks)))

    surely(all_stages, _limit.restore)


def _run(job: Job, blocks: Sequence[Any], threads: int) -> None:
    shared = _Shared(job, blocks)

    def work() -> None:
        _helpers.call(shared.help, threads - 1)
        shared.work()

    surely(work, shared.stop)
    for error in shared.errors:
        raise error
