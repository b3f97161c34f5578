"""The live page's server: what it answers, whom it refuses, how it begins and ends."""

from __future__ import annotations

import concurrent.futures
import json
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from convmatrix.explorer.state import understand

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")


@pytest.fixture(scope="module")
def address():
    from convmatrix.explorer.server import serving

    with serving(port=0) as (url, _):
        yield url


def ask(url, data=b"{}", **headers):
    headers = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def test_the_server_answers(address):
    status, body, headers = ask(f"{address}api/describe", b'{"stride": "2"}')
    assert (status, json.loads(body)["shape"]) == (200, [4, 25])
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert ask(f"{address}api/proof", b"{}")[0] == 200


def test_foreign_hosts_are_refused(address):
    for name in ("evil.example", "127.0.0.1.evil.example", "[::1]x"):
        assert ask(f"{address}api/describe", Host=name)[0] == 400
        assert ask(address, None, Host=name)[0] == 400


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"kernel": "9"}', "kernel does not fit"),
        (b'{"input": "99999x99999"}', "the explorer takes"),
        (b"not json", "this is no JSON"),
        (b"[" * 100_000, "this is no JSON"),
        (b"[1]", "a state is a JSON object"),
        (b'{"stride": [1]}', "stride must be text"),
        (b'{"stride": {"a": 1}}', "stride must be text"),
        (b'{"weight": "' + b"1 " * 600_000 + b'"}', "a state may have 1,000,000 bytes"),
        (b"\xff\xfe", "this is no JSON"),
    ],
    ids=lambda v: str(v)[:24],
)
def test_what_is_no_state_is_answered_400(address, body, message):
    status, answer, _ = ask(f"{address}api/describe", body)
    assert status == 400
    assert message in json.loads(answer)["error"]


def test_forms_from_elsewhere_cannot_post(address):
    status, answer, _ = ask(f"{address}api/describe", b"{}", **{"Content-Type": "text/plain"})
    assert status == 400
    assert "application/json" in json.loads(answer)["error"]


def test_two_hundred_at_once(address):
    states = [
        {"stride": str(1 + j % 3), "padding": str(j % 2), "input": f"{5 + j % 7}"}
        for j in range(200)
    ]
    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        answers = list(
            pool.map(lambda s: ask(f"{address}api/describe", json.dumps(s).encode()), states)
        )
    for state, (status, body, _) in zip(states, answers, strict=True):
        assert status == 200
        assert json.loads(body)["shape"] == list(understand(state).map.shape)


@pytest.fixture
def command_line():
    running = []

    def begin(*words):
        done = subprocess.Popen(
            [sys.executable, "-m", "convmatrix", "explore", "--no-browser", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(done)
        lines = []
        while not (lines and "explorer at" in lines[-1]):
            lines.append(done.stderr.readline())
            assert lines[-1], "it ended"
        return done, re.search(r"http://127\.0\.0\.1:\d+/\S+/", lines[-1])[0], "".join(lines)

    yield begin
    for one in running:
        if one.poll() is None:
            one.kill()
        one.communicate()


def test_ctrl_c_ends_it_cleanly(command_line):
    running, url, _ = command_line("--port", "0", "--stride", "2")
    assert ask(f"{url}api/describe")[0] == 200
    assert json.loads(ask(f"{url}config.json", None)[1])["state"]["stride"] == "2"
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=10)
    assert running.returncode == 0
    assert "output      1×2×2" in out
    assert "Traceback" not in err
    assert "stopped" in err


def test_a_port_in_use_is_said_and_another_taken(command_line):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        _, url, said = command_line("--port", str(port))
    assert f"port {port} is in use; taking another" in said
    assert f":{port}/" not in url
    assert ask(f"{url}api/describe")[0] == 200
