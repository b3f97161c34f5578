"""The process whose children answer the questions of a live page: one child a question.

It has everything loaded and a single thread, so that a child begins within milliseconds and may end
at any time: by itself, by its limits, or because nobody waits for its answer any more.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

from convmatrix.explorer.live import answered, proof_for, view

__all__ = ["HEAD", "MEMORY", "SECONDS", "main"]

MEMORY = 80 << 20
"""Bytes that a question may take beyond what is loaded, and some times what stands behind
``kind=own``."""
OWN_TIMES = 4
SECONDS = 10
"""Of processor time, that a question may take."""

HEAD = struct.Struct("!?Q")
"""Before a question, whether it is about the proof, and its length; before an answer, whether all
is well, and its length."""


def _receive(of: socket.socket) -> tuple[bool, bytes]:
    with of.makefile("rb") as file:
        flag, length = HEAD.unpack(file.read(HEAD.size))
        return flag, file.read(length)


def main(descriptor: int) -> None:
    """Begin a child for every socket that arrives, until the other end of `descriptor` is closed.

    What stands behind ``kind=own`` is read from the standard input, as a pickle.
    """
    control = socket.socket(fileno=descriptor)
    pickled = sys.stdin.buffer.read()
    own, memory = pickle.loads(pickled), MEMORY + OWN_TIMES * len(pickled)
    del pickled
    _load(view)
    Nursery(control, own, memory).run()


def _load(question: Callable[[dict[str, str]], Any]) -> None:
    """Load what a question loads, so that no child has to."""
    question({})
    gc.collect()
    gc.freeze()  # or a child's collector would copy all of it by touching it


class Nursery:
    """The children under way, each with our copy of its socket."""

    def __init__(self, control: socket.socket, own: Any, memory: int) -> None:
        self.control, self.own, self.memory = control, own, memory
        self.idle: int | None = 1000  # milliseconds, until what only proofs need is loaded
        self.children: dict[int, tuple[int, socket.socket]] = {}  # by descriptor: process, socket
        self.poll = select.poll()
        self.woken, self.waker = socket.socketpair()
        for end in (self.woken, self.waker):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.waker.fileno(), warn_on_full_buffer=False)
        self.poll.register(control, select.POLLIN)
        self.poll.register(self.woken, select.POLLIN)

    def run(self) -> None:
        """Serve until the other end of the control is closed; no child outlives it."""
        try:
            while True:
                ready = self.poll.poll(self.idle)
                if not ready:
                    _load(proof_for)
                    self.idle = None
                for descriptor, _ in ready:
                    if descriptor == self.control.fileno():
                        data, given, *_ = socket.recv_fds(self.control, 1, 1)
                        if not data:
                            return
                        self._begin(socket.socket(fileno=given[0]))
                    elif descriptor == self.woken.fileno():
                        with contextlib.suppress(BlockingIOError):
                            self.woken.recv(4096)
                        self._bury()
                    elif descriptor in self.children:  # nobody waits any more
                        self._end(descriptor)
        finally:
            for descriptor in list(self.children):
                self._end(descriptor)

    def _begin(self, asked: socket.socket) -> None:
        process = os.fork()
        if process == 0:
            try:
                signal.set_wakeup_fd(-1)
                for end in (self.control, self.woken, self.waker):
                    end.close()
                _answer(asked, self.own, self.memory)
            finally:
                os._exit(0)
        self.children[asked.fileno()] = process, asked
        self.poll.register(asked, 0)  # which tells that the other end is closed, nothing else

    def _bury(self) -> None:
        """Let go of the children that ended."""
        for descriptor, (process, _) in list(self.children.items()):
            if os.waitpid(process, os.WNOHANG)[0]:
                self._forget(descriptor)

    def _end(self, descriptor: int) -> None:
        process, _ = self.children[descriptor]
        os.kill(process, signal.SIGKILL)  # it is ours until it is waited for, whatever it did
        os.waitpid(process, 0)
        self._forget(descriptor)

    def _forget(self, descriptor: int) -> None:
        self.poll.unregister(descriptor)
        self.children.pop(descriptor)[1].close()


def _answer(asked: socket.socket, own: Any, memory: int) -> None:
    """What a child does: one question, within its limits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    proof, body = _receive(asked)
    if proof:
        proof_for({})  # what only proofs need is loaded now, if it is not yet, and not counted
    _limit(memory)
    ok, text = answered(body, own, proof=proof)
    asked.sendall(HEAD.pack(ok, len(text)) + text)


def _limit(memory: int) -> None:
    """Refuse this process more memory, and end it when it has had its time."""
    import resource

    limits = {resource.RLIMIT_CPU: SECONDS + 1, resource.RLIMIT_CORE: 0}
    with contextlib.suppress(OSError):  # no /proc: memory is bounded by what states may ask for
        with open("/proc/self/statm") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
        limits[resource.RLIMIT_AS] = taken + memory
    for kind, most in limits.items():
        _, held = resource.getrlimit(kind)  # which no process may raise
        least = most if held == resource.RLIM_INFINITY else min(most, held)
        resource.setrlimit(kind, (least, least))
