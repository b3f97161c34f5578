"""Who may ask a live page: this machine, from the page itself, with the word in its address."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from secrets import compare_digest
from typing import Any

from convmatrix.explorer.live import wrong
from convmatrix.explorer.page import POLICY

__all__ = ["HEADERS", "Guard"]

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Any, Send], Awaitable[None]]

HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
"""Of every response, whatever its status."""


class Guard:
    """An ASGI application that only those see who may, with `HEADERS` on all of its responses.

    The address begins with a token, as that of a notebook server has one: other users of this
    machine do not know it, nor does a page elsewhere, which therefore cannot even navigate here.
    """

    def __init__(self, app: App, token: str) -> None:
        self.app = app
        self.prefix = f"/{token}/" if token else "/"

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def headed(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        refusal = self._refusal(scope)
        if refusal:
            await _refuse(headed, *refusal)
            return
        path = scope["path"][len(self.prefix) - 1 :]
        inner = {**scope, "path": path, "raw_path": path.encode()}
        await self.app(inner, receive, headed)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and reason, where a request is to be refused."""
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not re.fullmatch(rb"(127\.0\.0\.1|localhost)(:\d{1,5})?", hosts[0]):
            return 400, "this explorer answers at 127.0.0.1 and localhost only"
        origins = [value for name, value in scope["headers"] if name == b"origin"]
        if any(origin != b"http://" + hosts[0] for origin in origins):
            return 403, "this explorer answers its own page only, not one from elsewhere"
        begin = scope["path"].encode("utf-8", "replace")[: len(self.prefix)]
        if not compare_digest(begin, self.prefix.encode()):
            return 403, "this explorer is private; open the whole address that it printed"
        return None


async def _refuse(send: Send, status: int, message: str) -> None:
    body = json.dumps(wrong(message)).encode()
    kind = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": kind})
    await send({"type": "http.response.body", "body": body})
