"""Where the questions of a live page wait, and who answers them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pickle
import socket
import subprocess
import sys
import threading
from typing import Protocol

from convmatrix.errors import FileError
from convmatrix.explorer.live import answered, wrong
from convmatrix.explorer.nursery import HEAD, MEMORY, SECONDS
from convmatrix.layers import Layer
from convmatrix.maps import Map

__all__ = ["Desk"]

AT_ONCE = 2
"""Questions that are worked on; others wait."""
MOST_WAITING = 256

Answer = tuple[int, bytes]
"""An HTTP status, and JSON."""


class Host(Protocol):
    """Who answers: processes, or threads where there is no fork."""

    async def answer(self, body: bytes, proof: bool) -> tuple[bool, bytes]: ...

    def close(self) -> None: ...


class Desk:
    """Answers questions, `AT_ONCE` together, each for `SECONDS` at most.

    A question whose `ask` is cancelled ends, wherever it stands.
    """

    def __init__(self, own: Layer | Map | None = None) -> None:
        self.own = own
        self.host: Host = Processes(own) if _forks() else Threads(own)
        self.closed = False
        self.slots = asyncio.Semaphore(AT_ONCE)
        self.waiting = 0

    async def ask(self, body: bytes, *, proof: bool = False) -> Answer:
        """The answer to a posted state: all that is shown of it, or the `proof` for all sizes."""
        if self.waiting >= MOST_WAITING:
            return _refused(503, f"{MOST_WAITING} questions wait already; ask again in a moment")
        self.waiting += 1
        try:
            await self.slots.acquire()
        finally:
            self.waiting -= 1
        try:
            async with asyncio.timeout(SECONDS):
                ok, text = await self.host.answer(body, proof)
        except TimeoutError:
            return _refused(400, f"this takes longer than {SECONDS} s; use smaller numbers")
        except EOFError:
            if self.closed:
                return _refused(503, "the explorer has been stopped")
            return _refused(
                400,
                f"this takes more than the {MEMORY >> 20} MiB that the explorer gives a question; "
                f"use smaller numbers",
            )
        finally:
            self.slots.release()
        return 200 if ok else 400, text

    def close(self) -> None:
        """End every question; may be called from another thread."""
        self.closed = True
        self.host.close()


def _refused(status: int, message: str) -> Answer:
    return status, json.dumps(wrong(message)).encode()


def _forks() -> bool:
    """Whether processes fork here: not on Windows, and on macOS not safely with its own BLAS."""
    return hasattr(os, "fork") and sys.platform != "darwin" and bool(sys.executable)


_NURSERY = """
import json, sys
sys.path[:] = json.loads(sys.argv[2])
from convmatrix.explorer.nursery import main
main(int(sys.argv[1]))
"""
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Processes:
    """A process a question, from a nursery that begins at once, and anew if it dies."""

    def __init__(self, own: Layer | Map | None) -> None:
        try:
            self.own = pickle.dumps(own)
        except Exception as error:  # whatever a foreign object's pickling raises
            raise FileError(
                f"cannot show {own!r} live, it cannot be pickled ({error}); write a page instead, "
                f"e.g. to_html()"
            ) from None
        self.closed = False
        self._begin()

    def _begin(self) -> None:
        self.control, theirs = socket.socketpair()
        with theirs:
            self.nursery = subprocess.Popen(
                [sys.executable, "-c", _NURSERY, str(theirs.fileno()), json.dumps(sys.path)],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
                env={**os.environ, **_ONE_THREAD},
                start_new_session=True,  # or Ctrl-C would end it before us
            )  # fmt: skip
        threading.Thread(target=self._hand_over, args=[self.nursery], daemon=True).start()

    def _hand_over(self, nursery: subprocess.Popen[bytes]) -> None:
        assert nursery.stdin is not None
        with contextlib.suppress(OSError), nursery.stdin as file:
            file.write(self.own)

    async def answer(self, body: bytes, proof: bool) -> tuple[bool, bytes]:
        ours, theirs = socket.socketpair()
        with theirs:
            self._give(theirs)
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        try:
            writer.write(HEAD.pack(proof, len(body)) + body)
            ok, length = HEAD.unpack(await reader.readexactly(HEAD.size))
            return ok, await reader.readexactly(length)
        except ConnectionError:
            raise EOFError from None
        finally:
            writer.transport.abort()  # which ends the child, if it has not ended

    def _give(self, end: socket.socket) -> None:
        """A child's end of a socket to the nursery; where that has died, to a new one."""
        if self.nursery.poll() is not None and not self.closed:
            self.control.close()
            self._begin()
        with contextlib.suppress(OSError):  # dying: the child's end closes, which is told
            socket.send_fds(self.control, [b"+"], [end.fileno()])

    def close(self) -> None:
        self.closed = True
        with contextlib.suppress(OSError):
            self.control.shutdown(socket.SHUT_RDWR)  # the nursery ends its children, and itself
        try:
            self.nursery.wait(1)
        except subprocess.TimeoutExpired:
            self.nursery.kill()
            self.nursery.wait()
        self.control.close()


class Threads:
    """A thread a question, where there is no fork: one that is given up still runs to its end."""

    def __init__(self, own: Layer | Map | None) -> None:
        self.own = own
        self.room = threading.Semaphore(AT_ONCE)
        self.asked: set[asyncio.Future[tuple[bool, bytes]]] = set()

    async def answer(self, body: bytes, proof: bool) -> tuple[bool, bytes]:
        answer: asyncio.Future[tuple[bool, bytes]] = asyncio.get_running_loop().create_future()

        def work() -> None:
            with self.room:
                if not answer.done():
                    _deliver(answer, answered(body, self.own, proof=proof))

        threading.Thread(target=work, daemon=True).start()
        self.asked.add(answer)
        try:
            return await answer
        finally:
            self.asked.discard(answer)

    def close(self) -> None:
        for answer in list(self.asked):
            _deliver(answer, None)


def _deliver(answer: asyncio.Future[tuple[bool, bytes]], told: tuple[bool, bytes] | None) -> None:
    """Hand an answer, or that there will be none, to the loop that waits for it."""

    def hand() -> None:
        if not answer.done():
            answer.set_exception(EOFError()) if told is None else answer.set_result(told)

    with contextlib.suppress(RuntimeError):  # the loop has ended
        answer.get_loop().call_soon_threadsafe(hand)
