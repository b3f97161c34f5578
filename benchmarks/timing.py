"""Timing contenders against each other in one process, and writing down what came out.

Contenders take turns, with a rest between them: OpenBLAS threads spin for about 0.1 s after a call
and would slow the next one's. A round is long (0.25 s), because after a rest the scheduler takes
some 30 ms to put two threads on two cores. A row is the median of its rounds; where they differ by
more than half, all are taken once more. A call of over 0.3 s is taken
once, in one round.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

__all__ = ["cores", "header", "interleaved", "progress", "spread", "timed", "write"]

REST, ROUNDS, ROUND, SLOW = 0.12, 3, 0.25, 0.3
RESULTS = Path(__file__).parent / "results"


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def timed(run: Callable[[], object], seconds: float) -> float:
    """The median of the calls that fit into so many seconds (three at least), after one more; a
    call of over 0.3 s is not repeated."""
    begin = time.perf_counter()
    run()
    first = time.perf_counter() - begin
    if first > SLOW:
        return first
    taken: list[float] = []
    start = time.perf_counter()
    while len(taken) < 3 or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begin)
    return median(taken)


def interleaved(runs: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Every contender's rounds, in turn, with rests."""
    for attempt in range(2):
        rounds: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(ROUNDS):
            for name, run in runs.items():
                if rounds[name] and rounds[name][0] > SLOW:
                    continue
                time.sleep(REST)
                rounds[name].append(timed(run, ROUND))
        if attempt or all(median(r) < 1.5 * min(r) for r in rounds.values()):
            break
    return rounds


def spread(ours: list[float], theirs: list[float]) -> list[float]:
    """Smallest and largest ratio of any of our rounds to any of theirs."""
    return [min(ours) / max(theirs), max(ours) / min(theirs)]


def header(*packages: str) -> dict[str, Any]:
    """Machine, versions, threads, and the GEMM peak of this run; printed too."""
    square = np.random.default_rng(0).standard_normal((1024, 1024)).astype(np.float32)
    peak = 2 * 1024**3 / timed(lambda: square @ square, 0.5) / 1e9
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "scipy", *packages)}
    found = {
        "machine": _processor(), "python": platform.python_version(), **versions,
        "threads": cores(), "gemm": round(peak),
        "openblas_coretype": os.environ.get("OPENBLAS_CORETYPE", ""),
    }  # fmt: skip
    print(_line(found))
    return found


def _line(about: dict[str, Any]) -> str:
    names = [k for k in about if k not in ("machine", "threads", "gemm", "openblas_coretype")]
    versions = ", ".join(f"{name} {about[name]}" for name in names)
    core = about["openblas_coretype"]
    return (
        f"{about['machine']}, {about['threads']} threads, float32 GEMM {about['gemm']} GFLOP/s; "
        f"{versions}" + (f"; OPENBLAS_CORETYPE={core}" if core else "")
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]} ({platform.machine()})" if names else platform.machine()


def progress(items: Iterable[Any], total: int) -> Iterator[Any]:
    """The items, counted on the terminal."""
    for number, item in enumerate(items, start=1):
        if sys.stderr.isatty():
            bar = "#" * (30 * number // total)
            print(f"\r[{bar:<30}] {number}/{total}", end="\r", file=sys.stderr, flush=True)
        yield item


def write(name: str, about: dict[str, Any], rows: list[Any], table: list[str]) -> None:
    """`results/name.json` and `results/name.md`."""
    RESULTS.mkdir(exist_ok=True)
    data = json.dumps({**about, "rows": rows}, ensure_ascii=False, indent=1)
    (RESULTS / f"{name}.json").write_text(data + "\n", encoding="utf-8")
    text = "\n".join([f"Measured by `python -m benchmarks {name}`. {_line(about)}.", "", *table])
    (RESULTS / f"{name}.md").write_text(text + "\n", encoding="utf-8")
