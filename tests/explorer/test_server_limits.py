"""What the server of the live page does about questions that are too large, and odd clients."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from explorer.hostile import ENDLESS, GREEDY, HOSTILE, own
from explorer.test_server import ask

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from convmatrix.explorer import connections, desk
from convmatrix.explorer.server import application, serving


@pytest.fixture(scope="module")
def address():
    with serving(own=HOSTILE, port=0) as (url, _):
        yield url


def post(url, state, path="api/describe", **headers):
    return ask(f"{url}{path}", json.dumps(state).encode(), **headers)


@contextmanager
def connected(url, data):
    """A connection on which so many bytes were sent."""
    port = int(url.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as one:
        one.sendall(data)
        yield one


def request(url, state, path="api/describe"):
    """A whole question, as bytes."""
    body = json.dumps(state).encode()
    place = "/" + url.split("/", 3)[3] + path
    return (
        f"POST {place} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


# ------------------------------------------------------------------------- who may ask what


def test_without_the_token_nothing_is_told(address):
    root = address.rsplit("/", 2)[0]
    token = address.rsplit("/", 2)[1]
    assert len(token) >= 20
    for place in (
        "/",
        "/config.json",
        "/api/ping",
        "/api/describe",
        f"/{token[:-1]}/",
        f"/{token}",
    ):
        status, body, _ = ask(root + place, None)
        assert status == 403, place
        assert "open the whole address that it printed" in json.loads(body)["error"]
    assert post(f"{root}/{'x' * len(token)}/", {})[0] == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1:{port}"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "https://127.0.0.1:{port}"}, 403),
        ({"Origin": "null"}, 403),
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
        ({"Content-Type": "Application/JSON"}, 200),
        ({"Content-Type": "application/jsonx"}, 400),
        ({"Content-Type": "text/plain"}, 400),
        ({"Content-Type": ""}, 400),
    ],
    ids=str,
)
def test_origin_and_type_are_looked_at(address, headers, status):
    port = address.split(":")[2].split("/")[0]
    given = {name: value.replace("{port}", port) for name, value in headers.items()}
    assert post(address, {"stride": "2"}, **given)[0] == status


def run(coroutine):
    """What it gives, in a thread: this one may have the loop of the browser's tests."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def guarded(path, desk):
    """Status and header names of a response, from the application itself."""
    sent = []

    async def once():
        scope = {
            "type": "http", "method": "POST", "path": path, "query_string": b"",
            "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
        }  # fmt: skip

        async def receive():
            return {"type": "http.request", "body": b"{}", "more_body": False}

        async def send(message):
            sent.append(message)

        await application(desk)(scope, receive, send)

    with pytest.raises(ZeroDivisionError):  # which the server's log has
        run(once())
    return sent[0]["status"], {name.decode() for name, _ in sent[0]["headers"]}


SECURITY = {"content-security-policy", "x-content-type-options", "referrer-policy", "cache-control"}


def test_every_response_has_the_security_headers(address):
    class Broken:
        own = None

        async def ask(self, *_, **__):
            raise ZeroDivisionError

    answers = {
        200: ask(address, None),
        400: post(address, {"stride": "0"}),
        403: post(address, {}, Origin="http://evil.example"),
        404: ask(f"{address}nowhere", None),
        405: ask(f"{address}api/describe", None),
    }
    for status, (got, _, headers) in answers.items():
        assert got == status
        assert {name.lower() for name in headers} >= SECURITY, status
    status, names = guarded("/api/describe", Broken())
    assert (status, names & SECURITY) == (500, SECURITY)
    with connected(address, b"no request\r\n\r\n") as one:
        answer = one.recv(10_000).decode().lower()
    assert answer.startswith("http/1.1 400")
    assert all(name in answer for name in SECURITY)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"stride": "1", "stride": "2"}', "a state names each of its words once"),
        (b'{"stride": NaN}', "stride must be text, got float"),
        (b'{"stride": 1e999}', "stride must be text, got float"),
        (b'{"stride": ' + b"9" * 5000 + b"}", "this is no JSON"),
        (b'{"flip": "\\ud800"}', "flip must be text"),
        (b'{"weight": "\\ud800"}', "weight must be text"),
        (b'{"a":' * 50_000, "this is no JSON"),
        (b"null", "a state is a JSON object"),
        (b"", "this is no JSON"),
    ],
    ids=lambda v: str(v)[:24],
)
def test_odd_json_is_answered_in_a_line(address, body, message):
    status, answer, _ = ask(f"{address}api/describe", body)
    assert status == 400
    assert message in json.loads(answer)["error"]


# ------------------------------------------------------------------------ what is too large


def test_an_endless_question_ends(address, monkeypatch):
    monkeypatch.setattr(desk, "SECONDS", 0.5)
    begin = time.perf_counter()
    status, body, _ = post(address, own(ENDLESS))
    assert time.perf_counter() - begin < 5
    assert status == 400
    assert "this takes longer than 0.5 s; use smaller numbers" in json.loads(body)["error"]
    assert post(address, own(4))[0] == 200


def test_a_greedy_question_ends(address):
    status, body, _ = post(address, own(GREEDY))
    assert status == 400
    error = json.loads(body)["error"]
    assert "this cannot be shown (MemoryError); use smaller numbers" in error
    assert post(address, own(4))[0] == 200


def test_who_goes_is_not_worked_for(address):
    """More endless questions than there are places; their clients go; the next is answered."""
    for _ in range(6):
        with connected(address, request(address, own(ENDLESS))):
            time.sleep(0.05)
    begin = time.perf_counter()
    assert post(address, own(4))[0] == 200
    assert time.perf_counter() - begin < 5


def test_too_many_questions_are_refused(monkeypatch):
    monkeypatch.setattr(desk, "MOST_WAITING", 1)
    with serving(own=HOSTILE, port=0) as (url, _):
        question = request(url, own(ENDLESS))
        with connected(url, question), connected(url, question), connected(url, question):
            time.sleep(0.5)
            status, body, _ = post(url, {})
            assert ask(f"{url}api/ping", None)[0] == 200
    assert status == 503
    assert "1 questions wait already; ask again in a moment" in json.loads(body)["error"]


def test_a_nursery_that_dies_is_followed_by_another():
    asked = desk.Desk()
    asked.host.nursery.kill()
    asked.host.nursery.wait()
    try:
        status, _ = run(asked.ask(b"{}"))
    finally:
        asked.close()
    assert status == 200


def test_no_process_is_left():
    before = set(_children(os.getpid()))
    with serving(own=HOSTILE, port=0) as (url, _), connected(url, request(url, own(ENDLESS))):
        (nursery,) = set(_children(os.getpid())) - before
        while not (children := list(_children(nursery))):
            time.sleep(0.05)
    assert not any(Path(f"/proc/{process}").exists() for process in (nursery, *children))


def _children(process):
    for task in Path(f"/proc/{process}/task").iterdir():
        yield from map(int, (task / "children").read_text().split())


def test_a_stop_ends_threads_questions_too(monkeypatch):
    monkeypatch.setattr(desk, "_forks", lambda: False)

    async def stopped():
        asked = desk.Desk()
        monkeypatch.setattr(desk, "answered", lambda *_, **__: time.sleep(2))
        asyncio.get_running_loop().call_later(0.1, asked.close)
        return await asked.ask(b"{}")

    status, text = run(stopped())
    assert status == 503
    assert "the explorer has been stopped" in json.loads(text)["error"]


def test_without_a_fork_threads_answer(monkeypatch):
    monkeypatch.setattr(desk, "_forks", lambda: False)

    async def all_of_them():
        asked = desk.Desk()
        return [await asked.ask(b'{"stride": "2"}'), await asked.ask(b"[]"),
                await asked.ask(b'{"stride": "2"}', proof=True)]  # fmt: skip

    (good, text), (bad, _), (proved, _) = run(all_of_them())
    assert (good, bad, proved) == (200, 400, 200)
    assert json.loads(text)["shape"] == [4, 25]


def test_what_cannot_be_pickled_is_said():
    with pytest.raises(desk.FileError, match=r"cannot be pickled .* write a page instead"):
        desk.Desk(lambda: None)


# --------------------------------------------------------------------- who misbehaves


def test_half_a_request_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(connections, "PATIENCE", 0.2)
    with serving(port=0) as (url, _):
        whole = request(url, {"stride": "2"})
        halves = [b"", b"POST / HT", whole[:60], whole[:-3]]
        for half in halves:
            with connected(url, half) as one:
                assert one.recv(10) == b"", half  # it was closed
        with connected(url, whole[:-3]) as one:
            time.sleep(0.1)
            one.sendall(whole[-3:])
            assert one.recv(1000).startswith(b"HTTP/1.1 200")


PROGRAM = """
import sys
from explorer.hostile import HOSTILE, own, ENDLESS
from convmatrix.explorer.server import serve
def say(text):
    print(text, file=sys.stderr, flush=True)

serve(own(ENDLESS), HOSTILE, port=0, browser=False, say=say)
"""


@contextmanager
def served(**more):
    """A server in a process of its own, and its address."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stderr=subprocess.PIPE, text=True, **more
    )
    try:
        line = process.stderr.readline()
        yield process, line.split()[2]
    finally:
        process.kill()
        process.communicate()


def test_ctrl_c_ends_what_is_under_way_in_a_word():
    with served() as (process, url):
        question = request(url, own(ENDLESS))
        with connected(url, question), connected(url, question), connected(url, question[:-3]):
            time.sleep(1)
            begin = time.perf_counter()
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=10)
        assert time.perf_counter() - begin < 5
    assert said.split() == ["stopped"]


def test_clients_that_go_in_the_middle_are_no_news():
    with served() as (process, url):
        question = request(url, own(ENDLESS))
        for cut in (10, len(question) - 3, len(question)) * 20:
            with connected(url, question[:cut]):
                pass
        chunked = (
            question.split(b"Content-")[0] + b"Transfer-Encoding: chunked\r\n\r\nno length\r\n"
        )
        for odd in (question + b"\x00garbage\r\n\r\n", chunked):
            with connected(url, odd):
                time.sleep(0.2)
        assert ask(f"{url}api/ping", None)[0] == 200
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    assert said.split() == ["stopped"]


def test_more_connections_than_descriptors_are_no_news():
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

    with served(preexec_fn=few) as (process, url):
        held = []
        for _ in range(400):
            held.append(socket.socket())
            held[-1].setblocking(False)
            held[-1].connect_ex(("127.0.0.1", int(url.split(":")[2].split("/")[0])))
            time.sleep(0.002)  # or the system keeps them waiting
        for one in held:
            one.close()
        assert ask(f"{url}api/ping", None)[0] == 200
        assert post(url, {})[0] == 200
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    assert said.split() == ["stopped"]
