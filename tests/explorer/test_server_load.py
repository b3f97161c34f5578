"""The live page's server under the worst that may be asked of it, by clients that have gone."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import pytest
from explorer.hostile import ENDLESS, GREEDY, own
from explorer.test_server import ask
from explorer.test_server_limits import connected, post, request, served

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

MEMORY = 500 << 20
WORST = [
    own(ENDLESS),
    own(GREEDY),
    {"kernel": "120", "input": "120x120", "padding": "119"},
    {"kind": "zero_insert", "stride": "99999999", "input": "5"},
    {"kernel": "999999", "input": "9999999"},
    {"kernel": "60x60", "input": "60x60",
     "weight": " ".join(f"{n}/{10**12 - n}" for n in range(1, 3601))},
    {"kind": "depthwise", "input": "60x60", "in_channels": "3", "padding": "1"},
    {"kind": "upsample", "input": "90x90", "padding_mode": "linear"},
]  # fmt: skip


def family(process):
    """A process and all that it began."""
    yield process
    for task in Path(f"/proc/{process}/task").glob("*"):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            yield from family(int(child))


def memory(process):
    """Bytes that a process and all that it began hold, what they share counted once for each."""
    pages = 0
    for one in family(process):
        try:
            pages += int(Path(f"/proc/{one}/statm").read_text().split()[1])
        except OSError:  # it has ended
            continue
    return pages * 4096


def test_forty_of_the_worst_whose_clients_have_gone():
    """A ping, the next answer, the memory of all processes, and Ctrl-C."""
    with served() as (process, url):
        assert post(url, {})[0] == 200  # it has begun
        held, over = [], threading.Event()

        def watch():
            while not over.is_set():
                held.append(memory(process.pid))
                time.sleep(0.02)

        watching = threading.Thread(target=watch)
        watching.start()
        for n in range(40):
            with connected(url, request(url, WORST[n % len(WORST)])):
                pass
        pings = []
        for _ in range(20):
            begin = time.perf_counter()
            assert ask(f"{url}api/ping", None)[0] == 200
            pings.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        assert post(url, {"stride": "2"})[0] == 200
        answered = time.perf_counter() - begin
        with connected(url, request(url, own(GREEDY))):  # and of clients that stay
            assert post(url, own(GREEDY))[0] == 400
        over.set()
        watching.join()
        question = request(url, own(ENDLESS))
        with connected(url, question), connected(url, question), connected(url, question):
            begin = time.perf_counter()
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=10)
            stopped = time.perf_counter() - begin
    assert max(held) <= MEMORY
    assert sorted(pings)[len(pings) // 2] <= 0.2  # a busy machine may delay one, not most
    assert answered <= 2
    assert stopped <= 2
    assert said.split() == ["stopped"]
    print(f"{max(held) >> 20} MiB, ping {max(pings):.3f} s, answer {answered:.2f} s, "
          f"stop {stopped:.2f} s")  # fmt: skip
