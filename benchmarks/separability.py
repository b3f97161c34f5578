"""`python -m benchmarks separability`: verdicts against SymPy, LAPACK and a loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, files
from typing import Any

import numpy as np
import sympy

import convmatrix as cm
from benchmarks.timing import header, timed, write

__all__ = ["separability"]

COUNT = 1_200_000
"""3×3 kernels: about what a ResNet-50 has."""
LOOPED = 20_000
"""Kernels that a loop is timed over; its time is scaled up."""
HEAD = ["| what | ours ms | theirs ms | theirs / ours |", "| --- | ---: | ---: | ---: |"]


def separability() -> None:
    """Times, and ratios to what one would use instead, in one run."""
    about = header("sympy")
    rng = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []
    print("\n".join(["", *HEAD]))

    def row(what: str, ours: float, theirs: float | None = None) -> None:
        rows.append({"what": what, "ours": ours, "theirs": theirs})
        print(_line(rows[-1]), flush=True)

    left, right = rng.integers(1, 100, (2, 200))
    whole = np.outer(left, right)
    once = _once(lambda: sympy.Matrix(whole.tolist()).rank())
    row("200×200 integers, separable: SymPy's rank", timed(lambda: _all(whole), 0.5), once)
    other = whole.copy()
    other[150, 170] += 1
    once = _once(lambda: sympy.Matrix(other.tolist()).rank())
    row("200×200 integers, not separable: SymPy's rank", timed(lambda: _all(other), 0.5), once)

    a, b = sympy.symbols("a:6"), sympy.symbols("b:6")
    outer = np.array([[x * y for y in b] for x in a])
    sympy.core.cache.clear_cache()
    cold = _once(lambda: _all(outer))
    row("6×6 outer product of symbols, SymPy's cache empty", cold)

    stack = rng.standard_normal((COUNT, 3, 3)).astype(np.float32)
    ours = timed(lambda: _stack(stack), 2.0)
    loop = timed(lambda: [np.linalg.svd(kernel) for kernel in stack[:LOOPED]], 0.5)
    values = timed(lambda: np.linalg.svd(stack, compute_uv=False), 0.5)
    row(f"{COUNT:,} 3×3 kernels: a loop of numpy.linalg.svd", ours, loop * COUNT / LOOPED)
    row(f"{COUNT:,} 3×3 kernels: batched values of numpy.linalg.svd", ours, values)
    flat = np.einsum("ni,nj->nij", *rng.standard_normal((2, COUNT // 10, 3)))
    values = timed(lambda: np.linalg.svd(flat, compute_uv=False), 0.5)
    row(f"{COUNT // 10:,} separable 3×3 kernels: batched values", timed(lambda: _stack(flat), 0.5),
        values)  # fmt: skip
    larger = rng.standard_normal((50_000, 7, 7)).astype(np.float32)
    values = timed(lambda: np.linalg.svd(larger, compute_uv=False), 0.5)
    row("50,000 7×7 kernels: batched values", timed(lambda: _stack(larger), 0.5), values)
    try:
        models = [f.locate() for f in files("rapidocr-onnxruntime") if f.suffix == ".onnx"]
    except PackageNotFoundError:
        models = []
    for model in models:
        found = _once(lambda model=model: cm.network_separability(cm.read_layers(str(model))))
        row(f"{model.name}, read and tested", found)
    write("separability", about, rows, [*HEAD, *map(_line, rows)])


def _all(kernel: Any) -> None:
    """The verdict with its certificate."""
    verdict = cm.separability(kernel)
    assert (verdict.factors is None) != (verdict.minor is None)


def _stack(kernels: Any) -> None:
    """Verdict, rank and distance of every kernel."""
    verdict = cm.separability(kernels, axes=(-2, -1))
    _ = verdict.separable, verdict.rank, verdict.distance


def _once(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _line(row: dict[str, Any]) -> str:
    theirs, ratio = "–", "–"
    if row["theirs"] is not None:
        theirs, ratio = f"{1e3 * row['theirs']:,.1f}", f"{row['theirs'] / row['ours']:,.1f}"
    return f"| {row['what']} | {1e3 * row['ours']:,.1f} | {theirs} | {ratio} |"
