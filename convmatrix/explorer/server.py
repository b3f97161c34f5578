"""The live page: Starlette on 127.0.0.1, everything from this package, nothing from elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
import threading
import time
import webbrowser
from collections.abc import Callable, Coroutine, Iterator, Mapping
from functools import cache
from typing import Any

from convmatrix.errors import ConvMatrixError, FileError, GeometryError, MissingExtraError
from convmatrix.explorer.desk import Answer, Desk
from convmatrix.explorer.guard import Guard
from convmatrix.explorer.live import vocabulary, wrong
from convmatrix.explorer.page import host, module, shell, style
from convmatrix.explorer.presets import PRESETS
from convmatrix.layers import Layer
from convmatrix.maps import Map

__all__ = ["HOST", "application", "serve", "serving"]

HOST = "127.0.0.1"
PORT = 8627
MOST_BYTES = 1_000_000
"""Of a question."""

_BOOT = 'import convmatrix from "./explorer.js";\n'


def application(desk: Desk, state: Mapping[str, str] | None = None, *, token: str = "") -> Any:
    """The ASGI application that shows a state first; `desk` answers its questions.

    `/TOKEN/` is the page; `POST api/describe` and `api/proof` beside it answer a state with JSON,
    with status 400 and ``{"ok": false, "error": ...}``, or with 503 where too many wait. A request
    for another host, from another origin or without the token is refused.
    """
    try:
        from starlette.applications import Starlette
        from starlette.requests import ClientDisconnect
        from starlette.responses import JSONResponse, Response
        from starlette.routing import Route
    except ImportError:
        raise MissingExtraError("Starlette with uvicorn", "explore", "the live page") from None

    begin = dict(PRESETS[0]["state"] if state is None else state)
    config = {"state": begin, "vocabulary": vocabulary(desk.own), "live": True}
    head = '<link rel="stylesheet" href="./explorer.css">'
    body = '<script type="module" src="./host.js"></script>'
    home = shell("convmatrix explorer", head, body)

    def fixed(text: str, kind: str) -> Any:
        async def answer(_: Any) -> Any:
            return Response(text, media_type=kind)

        return answer

    def asked(*, proof: bool) -> Any:
        async def respond(request: Any) -> Any:
            try:
                posted = await _body(request)
                status, text = await _unless_gone(request, desk.ask(posted, proof=proof))
            except ConvMatrixError as error:
                return JSONResponse(wrong(str(error)), 400, {"connection": "close"})
            except ClientDisconnect:
                return Response(status_code=400)  # to nobody
            return Response(text, status, media_type="application/json")

        return respond

    async def ping(_: Any) -> Any:
        return JSONResponse({"ok": True})

    script = "text/javascript"
    routes = [
        Route("/", fixed(home, "text/html")),
        Route("/explorer.js", fixed(module(), script)),
        Route("/host.js", fixed(_BOOT + host(), script)),
        Route("/explorer.css", fixed(style(), "text/css")),
        Route("/config.json", fixed(json.dumps(config), "application/json")),
        Route("/api/describe", asked(proof=False), methods=["POST"]),
        Route("/api/proof", asked(proof=True), methods=["POST"]),
        Route("/api/ping", ping),
    ]
    return Guard(Starlette(routes=routes), token)


async def _body(request: Any) -> bytes:
    """What was posted; `GeometryError` where it is no JSON, or too long."""
    kind, _, _ = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != "application/json":  # which no form elsewhere can post
        raise GeometryError("post a state as application/json")
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST_BYTES:
            raise GeometryError(f"a state may have {MOST_BYTES:,} bytes; this one has more")
    return bytes(data)


async def _unless_gone(request: Any, answer: Coroutine[Any, Any, Answer]) -> Answer:
    """The answer, unless the client goes before: then the work on it ends, and so does this."""
    from starlette.requests import ClientDisconnect

    working, leaving = asyncio.ensure_future(answer), asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()


def _socket(port: int | None, say: Callable[[str], None]) -> socket.socket:
    """A socket on the port, or on a free one where it is taken."""
    wanted = PORT if port is None else port
    for number in (wanted, 0):
        place = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind((HOST, number))
            place.listen()
            return place
        except (OSError, OverflowError) as error:
            place.close()
            if isinstance(error, OverflowError) or number == 0:
                raise FileError(f"cannot listen on port {number}: {error}; use --port") from None
            say(f"port {number} is in use; taking another")
    raise AssertionError


def serve(
    state: Mapping[str, str] | None = None,
    own: Layer | Map | None = None,
    *,
    port: int | None = None,
    browser: bool = True,
    say: Callable[[str], None] = print,
) -> None:
    """Serve the live page until it is interrupted, and open a browser on it.

    Parameters
    ----------
    state
        Words that are shown first; the article's figure by default.
    own
        The layer or map behind ``kind=own``.
    port
        Of 127.0.0.1; where it is in use a free one is taken, and that is said.
    browser
        Whether to open one.
    say
        Told the address, and whatever else there is to say.
    """
    try:
        with serving(state, own, port=port, say=say) as (address, alive):
            say(f"explorer at {address} (Ctrl-C stops it)")
            if browser and not webbrowser.open(address):
                say("no browser opened; open the address yourself")
            while alive():
                time.sleep(0.1)
    except KeyboardInterrupt:
        say("stopped")


@contextlib.contextmanager
def serving(
    state: Mapping[str, str] | None = None,
    own: Layer | Map | None = None,
    *,
    port: int | None = None,
    say: Callable[[str], None] = print,
) -> Iterator[tuple[str, Callable[[], bool]]]:
    """The live page in the background: its address, and whether it still runs."""
    try:
        import uvicorn

        from convmatrix.explorer.connections import Connection, room
    except ImportError:
        raise MissingExtraError("uvicorn", "explore", "the live page") from None
    place = _socket(port, say)
    desk = Desk(own)
    config = uvicorn.Config(
        application(desk, state, token=_token()),
        log_level="error", lifespan="off", server_header=False, backlog=room()[1],
        loop="asyncio", http=Connection, ws="none", timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [place]}, name="explorer", daemon=True
    )
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield f"http://{HOST}:{place.getsockname()[1]}/{_token()}/", thread.is_alive
    finally:
        desk.close()  # so that no question is waited for
        server.should_exit = True
        thread.join(5)
        place.close()


@cache
def _token() -> str:
    """What an address of this process begins with, so that only who started it can open it."""
    return secrets.token_urlsafe(16)
