"""The live page: Starlette on 127.0.0.1, everything from this package, nothing from elsewhere."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from convmatrix.errors import FileError, MissingExtraError
from convmatrix.explorer.live import proof_for, view, vocabulary
from convmatrix.explorer.page import POLICY, host, module, shell, style
from convmatrix.explorer.presets import PRESETS
from convmatrix.layers import Layer
from convmatrix.maps import Map

__all__ = ["HOST", "application", "serve", "serving"]

HOST = "127.0.0.1"
PORT = 8627
MOST_BYTES = 1_000_000
"""Of a question."""

_BOOT = 'import convmatrix from "./explorer.js";\n'


def application(state: Mapping[str, str] | None = None, own: Layer | Map | None = None) -> Any:
    """The ASGI application that shows a state first, with `own` behind ``kind=own``.

    `/` is the page; `POST /api/describe` and `/api/proof` answer a state with JSON, or with status
    400 and ``{"ok": false, "error": ...}``. A request for another host is refused.
    """
    try:
        from starlette.applications import Starlette
        from starlette.concurrency import run_in_threadpool
        from starlette.middleware import Middleware
        from starlette.middleware.trustedhost import TrustedHostMiddleware
        from starlette.responses import JSONResponse, Response
        from starlette.routing import Route
    except ImportError:
        raise MissingExtraError("Starlette with uvicorn", "explore", "the live page") from None

    begin = dict(PRESETS[0]["state"] if state is None else state)
    config = {"state": begin, "vocabulary": vocabulary(own), "live": True}
    head = '<link rel="stylesheet" href="./explorer.css">'
    body = '<script type="module" src="./host.js"></script>'
    home = shell("convmatrix explorer", head, body)
    headers = {
        "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
    }  # fmt: skip

    def fixed(text: str, kind: str) -> Any:
        async def answer(_: Any) -> Any:
            return Response(text, media_type=kind, headers=headers)

        return answer

    def asked(answer: Callable[..., dict[str, Any]]) -> Any:
        async def respond(request: Any) -> Any:
            given = await _body(request)
            told = given if "error" in given else await run_in_threadpool(answer, given, own)
            return JSONResponse(told, 200 if told["ok"] else 400, headers=headers)

        return respond

    async def ping(_: Any) -> Any:
        return JSONResponse({"ok": True}, headers=headers)

    script = "text/javascript"
    return Starlette(
        routes=[
            Route("/", fixed(home, "text/html")),
            Route("/explorer.js", fixed(module(), script)),
            Route("/host.js", fixed(_BOOT + host(), script)),
            Route("/explorer.css", fixed(style(), "text/css")),
            Route("/config.json", fixed(json.dumps(config), "application/json")),
            Route("/api/describe", asked(view), methods=["POST"]),
            Route("/api/proof", asked(proof_for), methods=["POST"]),
            Route("/api/ping", ping),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
    )


async def _body(request: Any) -> dict[str, Any]:
    """The state that was posted, or the answer that says what is wrong with it."""

    def wrong(message: str) -> dict[str, Any]:
        return {"ok": False, "error": message, "field": None}

    if not request.headers.get("content-type", "").startswith("application/json"):
        return wrong("post a state as application/json")  # so no form elsewhere can post one
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST_BYTES:
            return wrong(f"a state may have {MOST_BYTES:,} bytes; this one has more")
    try:
        given = json.loads(data)
    except (ValueError, RecursionError):
        return wrong("a state is a JSON object of words; this is no JSON")
    if not isinstance(given, dict) or "error" in given:
        return wrong("a state is a JSON object of words")
    return given


def _socket(port: int | None, say: Callable[[str], None]) -> socket.socket:
    """A socket on the port, or on a free one where it is taken."""
    wanted = PORT if port is None else port
    for number in (wanted, 0):
        place = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind((HOST, number))
            place.listen(512)
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
    state, own
        As `application` takes them.
    port
        Of 127.0.0.1; where it is in use a free one is taken, and that is said.
    browser
        Whether to open one.
    say
        Told the address, and whatever else there is to say.
    """
    with serving(state, own, port=port, say=say) as (address, alive):
        say(f"explorer at {address} (Ctrl-C stops it)")
        if browser and not webbrowser.open(address):
            say("no browser opened; open the address yourself")
        while alive():
            time.sleep(0.1)


@contextlib.contextmanager
def serving(
    state: Mapping[str, str] | None = None,
    own: Layer | Map | None = None,
    *,
    port: int | None = None,
    say: Callable[[str], None] = print,
) -> Iterator[tuple[str, Callable[[], bool]]]:
    """The live page in the background: its address, and whether it still runs."""
    app = application(state, own)
    try:
        import uvicorn
    except ImportError:
        raise MissingExtraError("uvicorn", "explore", "the live page") from None
    place = _socket(port, say)
    config = uvicorn.Config(
        app, log_level="error", lifespan="off", server_header=False, backlog=512,
        timeout_graceful_shutdown=2,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [place]}, name="explorer", daemon=True
    )
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield f"http://{HOST}:{place.getsockname()[1]}/", thread.is_alive
    finally:
        server.should_exit = True
        thread.join(5)
        place.close()
