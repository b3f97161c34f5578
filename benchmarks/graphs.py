"""`python -m benchmarks graphs`: graphs and their files against NetworkX's own."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import convmatrix as cm
from benchmarks.timing import header, write

__all__ = ["graphs"]

HEAD = ["| what | ours | theirs | theirs / ours |", "| --- | ---: | ---: | ---: |"]
LARGE = "cm.conv2d(64, 64, 3, padding=1).on(56, 56)"
MEMORY = """
import time
import numpy as np, convmatrix as cm
from convmatrix.writers import write_graph
a = {map}
write_graph(cm.conv1d(1, 1, 2).on(9), {path!r})  # everything is imported now
def held(what):
    (line,) = [x for x in open("/proc/self/status") if x.startswith(what)]
    return int(line.split()[1])
open("/proc/self/clear_refs", "w").write("5")  # forget the peak of before
before = held("VmRSS")
start = time.perf_counter()
write_graph(a, {path!r})
print(time.perf_counter() - start, held("VmHWM") - before)
"""


def graphs() -> None:
    """Times as ratios in one run; memory as the growth of a process's peak."""
    import networkx as nx
    import scipy.sparse as sp

    from convmatrix.writers import write_graph

    about = header("networkx", "pyarrow")
    rows: list[dict[str, Any]] = []
    print("\n".join(["", *HEAD]))

    def row(what: str, ours: str, theirs: str = "–", ratio: float | None = None) -> None:
        rows.append({"what": what, "ours": ours, "theirs": theirs, "ratio": ratio})
        print(_line(rows[-1]), flush=True)

    text = "cm.conv2d(8, 8, 3, padding=1).on(42, 42)"
    weight = np.random.default_rng(0).random((8, 8, 3, 3))
    a = cm.conv2d(8, 8, 3, padding=1, weight=weight).on(42, 42)
    edges = f"{a.nnz:,} edges"
    ours, stored = _timed(a.to_networkx)
    matrix = a.to_scipy()
    empty = sp.csr_array((matrix.shape[0],) * 2), sp.csr_array((matrix.shape[1],) * 2)
    square = sp.block_array([[empty[1], matrix.T], [None, empty[0]]]).tocsr()
    theirs, _ = _timed(lambda: nx.from_scipy_sparse_array(square, create_using=nx.DiGraph))
    row(f"to_networkx, {edges}: from_scipy_sparse_array", f"{ours:.2f} s", f"{theirs:.2f} s",
        theirs / ours)  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for kind, writer in (("graphml", nx.write_graphml), ("gexf", nx.write_gexf)):
            ours, _ = _timed(lambda kind=kind: write_graph(a, place / f"a.{kind}"))
            theirs, _ = _timed(lambda kind=kind, w=writer: w(stored, place / f"b.{kind}"))
            row(f"{kind}, {edges}: NetworkX's writer", f"{ours:.2f} s", f"{theirs:.2f} s",
                theirs / ours)  # fmt: skip
            _, memory = _apart(text, str(place / f"a.{kind}"))
            row(f"{kind}, {edges}: peak memory", f"{memory / 1024:.0f} MiB")
        stored = None
        path = str(place / "large.parquet")
        took, memory = _apart(LARGE, path)
        row(f"parquet, {eval(LARGE).nnz:,} edges", f"{took:.0f} s, {memory / 1024:.0f} MiB")
        row("parquet, rows and degrees read back", _checked(path, eval(LARGE)))
    for name, large in (
        ("1 channel", cm.conv2d(1, 1, 3, padding=1).on(10_541, 10_541)),
        ("64 channels", cm.conv2d(64, 64, 3, padding=1).on(166, 166)),
    ):
        lazy = large.to_networkx(lazy=True)
        asked = [_node(large, letter) for letter in "xy" for _ in range(5000)]
        took, _ = _timed(lambda lazy=lazy, asked=asked: [_asked(lazy, node) for node in asked])
        for node in asked:
            answer = [*(lazy.successors(node) if node[0] == "x" else lazy.predecessors(node))]
            element = tuple(map(int, node.split("_")[1:]))
            links = large.outputs_of(element) if node[0] == "x" else large.inputs_of(element)
            letter = "y" if node[0] == "x" else "x"
            assert answer == ["_".join(map(str, (letter, *e))) for e, _ in links]
        row(f"10,000 queries of a lazy graph, {large.nnz:,} edges, {name}", f"{took:.2f} s")
    write("graphs", about, rows, [*HEAD, *map(_line, rows)])


def _asked(lazy: Any, node: str) -> int:
    """How many neighbours a query lists."""
    return len(list(lazy.successors(node) if node[0] == "x" else lazy.predecessors(node)))


def _node(a: Any, letter: str) -> str:
    shape = a.in_shape if letter == "x" else a.out_shape
    return "_".join([letter, *(str(random.randrange(n)) for n in shape)])


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """The better of two runs, and what it gave."""
    best, result = float("inf"), None
    for _ in range(2):
        result = None
        start = time.perf_counter()
        result = run()
        best = min(best, time.perf_counter() - start)
    return best, result


def _apart(text: str, path: str) -> tuple[float, int]:
    """Seconds and KiB of memory that writing a map's graph takes, in a process of its own."""
    script = MEMORY.format(map=text, path=path)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    took, memory = done.stdout.split()
    return float(took), int(memory)


def _checked(path: str, a: Any) -> str:
    """Row count and degrees of a Parquet file, against the map's own."""
    import pyarrow.parquet as pq

    found = cm.connectivity(a)
    reads, feeds, rows = np.zeros(a.shape[0], np.int64), np.zeros(a.shape[1], np.int64), 0
    for batch in pq.ParquetFile(path).iter_batches(
        1 << 20, columns=["source_index", "target_index"]
    ):
        source, target = (batch.column(j).to_numpy() for j in range(2))
        feeds += np.bincount(source, minlength=len(feeds))
        reads += np.bincount(target, minlength=len(reads))
        rows += len(source)
    equal = (reads == found.reads.ravel()).all() and (feeds == found.feeds.ravel()).all()
    assert rows == a.nnz
    assert equal
    return f"{rows:,}, equal"


def _line(row: dict[str, Any]) -> str:
    ratio = "–" if row["ratio"] is None else f"{row['ratio']:.1f}"
    return f"| {row['what']} | {row['ours']} | {row['theirs']} | {ratio} |"
