"""`python -m benchmarks memory`: what views take against what was predicted, and refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from benchmarks.timing import header, write

__all__ = ["memory"]

CONV = "cm.conv2d(4, 4, 3, padding=1, weight=np.ones((4, 4, 3, 3)))"
MAPS = {
    "convolution": CONV + ".on({0}, {0})",
    "its transpose": CONV + ".on({0}, {0}).T",
    "int8 weights": CONV.replace("3))", "3), 'i1')") + ".on({0}, {0})",
    "padding 59, kernel 60": (
        "cm.conv2d(1, 1, 60, padding=59, weight=np.ones((1, 1, 60, 60))).on({0} // 4, {0} // 4)"
    ),
    "circular": CONV.replace("1, w", "1, padding_mode='circular', w") + ".on({0}, {0})",
    "reflect": (
        "cm.conv2d(1, 4, 5, padding=2, padding_mode='reflect', weight=np.ones((4, 1, 5, 5)))"
        ".on({0}, {0})"
    ),
    "fractions": (
        "cm.conv2d(1, 1, 3, weight=np.full((1, 1, 3, 3), Fraction(1, 3), object)).on({0}, {0})"
    ),
    "product of two": (
        "cm.sequential(cm.conv2d(1, 4, 3, padding=1, weight=np.ones((4, 1, 3, 3))), "
        + CONV
        + ").on({0} // 2, {0} // 2)"
    ),
    "product with zeros": (
        "cm.sequential(cm.conv2d(1, 4, 3, padding=1, weight=np.zeros((4, 1, 3, 3))), "
        + CONV
        + ").on({0} // 2, {0} // 2)"
    ),
    "residual block": "residual({0})",
}
VIEWS = {"pattern": 256, "to_scipy()": 256, "to_dense()": 48, "to_networkx()": 64, "to_sympy()": 16}
HUGE = 100_000
"""The size at which the same views are refused."""

SETUP = """
import gc, json, resource, sys, time
from fractions import Fraction
import networkx as nx, numpy as np, scipy.sparse, sympy
import convmatrix as cm, convmatrix.limits as limits
import convmatrix.proof, convmatrix.layers.network, convmatrix.views.matrix
import convmatrix.views.symbol_matrix, convmatrix.graphs

def residual(n):
    graph = nx.DiGraph()
    layers = {k: cm.conv2d(4, 4, 3, padding=1, weight=np.ones((4, 4, 3, 3))) for k in "ab"}
    for name, layer in layers.items():
        graph.add_node(name, layer=layer)
    graph.add_node("skip", layer=cm.pad(0, channels=4))
    graph.add_edges_from([("a", "b"), ("b", "sum"), ("skip", "sum")])
    return cm.network(graph).on(n // 4, n // 4)

def held(what):
    (line,) = [x for x in open("/proc/self/status") if x.startswith(what)]
    return int(line.split()[1]) * 1024

asked, check = [0], limits.check_memory
def spy(need, *told):
    asked.append(need)
    check(need, *told)
for module in [m for n, m in sys.modules.items() if n.startswith("convmatrix")]:
    if getattr(module, "check_memory", None) is check:
        module.check_memory = spy
"""
RUN = """
a = {map}
open("/proc/self/clear_refs", "w").write("5")  # forget the peak of before
before, start, what = held("VmRSS"), time.perf_counter(), "built"
try:
    kept = a.{view}
except cm.TooLargeError:
    what = "refused"
except cm.WeightError as error:
    what = "has none"
taken = time.perf_counter() - start
print(json.dumps([what, taken, held("VmHWM") - before, max(asked)]))
"""


def memory() -> None:
    """The growth of a fresh process's peak, a row a map and view."""
    about = header()
    heads = ["| map | view | predicted MB | peak / predicted | refused in ms | with MiB |",
             "| --- | --- | ---: | ---: | ---: | ---: |"]  # fmt: skip
    print("\n".join(["", *heads]))
    rows: list[dict[str, Any]] = []
    for name, text in MAPS.items():
        for view, size in VIEWS.items():
            what, _, peak, need = _measured(text.format(size), view)
            if what == "has none":
                continue
            assert what == "built", (name, view)
            refusal, taken, grown, _ = _measured(text.format(HUGE), view)
            assert refusal == "refused", (name, view, refusal)
            rows.append({"map": name, "view": view, "predicted": need, "ratio": peak / need,
                         "refused": taken, "grown": grown})  # fmt: skip
            print(_line(rows[-1]), flush=True)
    worst = {key: max(row[key] for row in rows) for key in ("ratio", "refused", "grown")}
    closing = (
        f"At worst {worst['ratio']:.2f} of what was predicted; a refusal takes "
        f"{1e3 * worst['refused']:.0f} ms and {worst['grown'] / 2**20:.0f} MiB."
    )
    print(f"\n{closing}")
    write("memory", about, rows, [*heads, *map(_line, rows), "", closing])


def _line(row: dict[str, Any]) -> str:
    return (
        f"| {row['map']} | `{row['view']}` | {row['predicted'] / 1e6:.0f} | {row['ratio']:.2f} "
        f"| {1e3 * row['refused']:.0f} | {row['grown'] / 2**20:.0f} |"
    )


def _measured(text: str, view: str) -> tuple[str, float, int, int]:
    program = SETUP + RUN.format(map=text, view=view)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    what, taken, peak, need = json.loads(done.stdout)
    return what, taken, peak, need
