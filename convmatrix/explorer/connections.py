"""The connections of a live page, none of which may wait for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from convmatrix.explorer.guard import HEADERS

__all__ = ["Connection", "room"]

MOST = 512
"""Connections at once."""
PATIENCE = 5.0
"""Seconds after which half a request, or an answer that nobody reads, is looked at again."""


def room() -> tuple[int, int]:
    """How many connections may be open, and wait to be accepted, so that descriptors are left.

    Of those that are too many about four times as many as wait are open until they are closed.
    """
    try:
        import resource
    except ImportError:  # Windows, whose sockets are no descriptors
        return MOST, MOST // 4
    few, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    left = max(48, few - 64) if few != resource.RLIM_INFINITY else 12 * MOST
    return min(MOST, left // 3), min(MOST // 4, left // 12)


class Connection(H11Protocol):
    """One that ends where half a request stays half, and at once where there are too many."""

    watch: asyncio.TimerHandle | None = None
    stuck: object = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > room()[0]:
            transport.abort()
        else:
            self._look_again()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.watch is not None:
            self.watch.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        if self.conn.their_state is h11.SEND_BODY:  # half a request
            self.transport.abort()
        else:
            super().shutdown()

    def _look_again(self) -> None:
        self.watch = self.loop.call_later(PATIENCE, self._look)

    def _look(self) -> None:
        """End the connection where it waits for the same as when it was looked at last."""
        before, self.stuck = self.stuck, self._waits_for()
        if self.stuck is not None and self.stuck == before:
            self.transport.abort()
        else:
            self._look_again()

    def _waits_for(self) -> Any:
        if self.transport.get_write_buffer_size():
            return "reading", self.cycle
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            return "writing", self.cycle
        return None

    def send_400_response(self, msg: str) -> None:
        if self.conn.our_state is not h11.IDLE:  # in the middle of an answer
            self.transport.abort()
            return
        kind = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
        start = h11.Response(status_code=400, headers=[*kind, *HEADERS], reason=b"Bad Request")
        for event in (start, h11.Data(data=msg.encode()), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
