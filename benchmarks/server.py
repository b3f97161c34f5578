"""`python -m benchmarks server`: the live page's server under the worst states that pass its
limits, asked by clients that have gone."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from benchmarks.timing import header, write

__all__ = ["family", "server"]

CLIENTS, PINGS, ROUNDS = 40, 40, 3
HEAD = ["| what | median | worst | asked |", "| --- | ---: | ---: | ---: |"]
WORST: list[dict[str, str]] = [
    {"input": "10x10x10", "padding": "5", "in_channels": "4"},
    {"kind": "upsample", "input": "4999", "padding_mode": "linear"},
    {"kind": "avg_pool", "input": "7", "kernel": "2000", "stride": "50", "padding": "1999"},
    {"kind": "max_pool", "input": "3000", "kernel": "3000", "padding": "same"},
    {"kind": "conv_transpose", "input": "30000", "kernel": "30000", "stride": "7"},
    {"in_channels": "60", "out_channels": "60", "input": "3x3",
     "weight": " ".join(str(n % 97) for n in range(60 * 60 * 9))},
    {"input": "64x64", "padding": "1", "weight": " ".join([f"1/{'9' * 300}"] * 9),
     "x": " ".join(f"1/{10**38 + n}" for n in range(4096))},
    {"kernel": "20", "input": "20x20",
     "weight": " ".join(f"{7 * n + 1}/{10**12 - n}" for n in range(400))},
    {"kernel": "120", "input": "120x120"},
    {"kernel": "999999", "input": "9999999"},
    {"kind": "zero_insert", "stride": "99999999", "input": "5"},
]  # fmt: skip


def server() -> None:
    """Pings, the next answer, memory and Ctrl-C while forty questions were asked and given up."""
    about = header("uvicorn", "starlette")
    taken: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        _round(lambda what, value: taken.setdefault(what, []).append(value))
    rows = [
        {"what": what, "median": round(median(values), 3), "worst": round(max(values), 3),
         "asked": ASKED[what], "unit": UNITS[what]}
        for what, values in taken.items()
    ]  # fmt: skip
    table = [*HEAD, *map(_line, rows)]
    print("\n".join(["", *table]))
    write("server", about, rows, table)


ASKED = {
    f"a ping, while {CLIENTS} have asked and gone": 0.2, "the next answer": 2.0, "Ctrl-C": 2.0,
    "memory of all processes, shared pages each time": 500,
    "memory of all processes, shared pages once": 500,
}  # fmt: skip
PING, ANSWER, STOP, RESIDENT, SHARED = ASKED
UNITS = dict.fromkeys(ASKED, "s") | dict.fromkeys((RESIDENT, SHARED), "MiB")


def _line(row: dict[str, Any]) -> str:
    figures = (f"{row[name]:g} {row['unit']}" for name in ("median", "worst", "asked"))
    return f"| {row['what']} | {' | '.join(figures)} |"


def _round(note: Callable[[str, float], None]) -> None:
    command = [sys.executable, "-m", "convmatrix", "explore", "--no-browser", "--port", "0"]
    running = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    found = re.search(r"http://\S+/", running.stderr.readline())
    assert found is not None
    url = found[0]
    _post(url, {})
    over = threading.Event()
    held: list[tuple[float, float]] = []
    watching = threading.Thread(target=_watch, args=[running.pid, over, held])
    watching.start()
    for n in range(CLIENTS):
        _ask_and_go(url, n)
    for _ in range(PINGS):
        note(PING, _seconds(lambda: _get(f"{url}api/ping")))
    for n in range(CLIENTS):
        _ask_and_go(url, n)
    note(ANSWER, _seconds(lambda: _post(url, {"stride": "2"})))
    for state in WORST:
        _post(url, state)
    over.set()
    watching.join()
    note(RESIDENT, max(resident for resident, _ in held))
    note(SHARED, max(shared for _, shared in held))
    for n in range(CLIENTS):
        _ask_and_go(url, n)

    def stop() -> None:
        running.send_signal(signal.SIGINT)
        running.communicate()

    note(STOP, _seconds(stop))


def _seconds(run: Callable[[], object]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def _get(url: str, body: bytes | None = None) -> None:
    kind = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, body, kind), timeout=60) as answer:
        answer.read()


def _post(url: str, state: dict[str, str]) -> None:
    _get(f"{url}api/describe", json.dumps(state).encode())


def _ask_and_go(url: str, n: int) -> None:
    """Send a whole question, about the proof for all sizes every third time, and close."""
    place, body = urlsplit(url), json.dumps(WORST[n % len(WORST)]).encode()
    assert place.port is not None
    what = "describe" if n % 3 else "proof"
    head = (
        f"POST {place.path}api/{what} HTTP/1.1\r\nHost: {place.netloc}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", place.port)) as one:
        one.sendall(head.encode() + body)


def _watch(process: int, over: threading.Event, held: list[tuple[float, float]]) -> None:
    while not over.is_set():
        held.append(_memory(process))
        time.sleep(0.02)


def family(process: int) -> Iterator[int]:
    """A process and all that it began."""
    yield process
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:  # it has ended
            continue
        for child in children:
            yield from family(int(child))


def _memory(process: int) -> tuple[float, float]:
    """Resident MiB of a process and all that it began: shared pages counted each time, and once."""
    resident = shared = 0
    for one in family(process):
        try:
            text = Path(f"/proc/{one}/smaps_rollup").read_text()
        except OSError:
            continue
        resident += _kilobytes("Rss", text)
        shared += _kilobytes("Pss", text)
    return resident / 1024, shared / 1024


def _kilobytes(name: str, text: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0
