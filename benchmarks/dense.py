"""`python -m benchmarks dense`: network layers against PyTorch, in one run with the GEMM peak.

Contenders take turns, with a rest between them: OpenBLAS threads spin for about 0.1 s after a call
and would slow the next one's. A round is long (0.25 s), because after a rest the scheduler takes
some 30 ms to put two threads on two cores. A row is the median of its rounds; where they differ by
more than half, all are taken once more.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any

import numpy as np

import convmatrix as cm

__all__ = ["NETWORK", "network"]

# name: batch, in, size, out, kernel, stride, padding, dilation, groups, transposed
NETWORK: dict[str, tuple[Any, ...]] = {
    "VGG 64→64 3×3 at 224": (1, 64, (224, 224), 64, 3, 1, 1, 1, 1, False),
    "VGG 256→256 3×3 at 56": (1, 256, (56, 56), 256, 3, 1, 1, 1, 1, False),
    "ResNet-50 stem 7×7 s2": (1, 3, (224, 224), 64, 7, 2, 3, 1, 1, False),
    "ResNet-50 64 3×3 at 56": (1, 64, (56, 56), 64, 3, 1, 1, 1, 1, False),
    "ResNet-50 128 3×3 at 28": (1, 128, (28, 28), 128, 3, 1, 1, 1, 1, False),
    "ResNet-50 256 3×3 at 14": (1, 256, (14, 14), 256, 3, 1, 1, 1, 1, False),
    "ResNet-50 512 3×3 at 7": (1, 512, (7, 7), 512, 3, 1, 1, 1, 1, False),
    "ResNet-50 128 3×3 s2 at 56": (1, 128, (56, 56), 128, 3, 2, 1, 1, 1, False),
    "ResNet-50 1×1 256→64 at 56": (1, 256, (56, 56), 64, 1, 1, 0, 1, 1, False),
    "ResNet-50 1×1 2048→512 at 7": (1, 2048, (7, 7), 512, 1, 1, 0, 1, 1, False),
    "batch 8 64→64 3×3 at 56": (8, 64, (56, 56), 64, 3, 1, 1, 1, 1, False),
    "MobileNetV2 depthwise 32 at 112": (1, 32, (112, 112), 32, 3, 1, 1, 1, 32, False),
    "MobileNetV2 depthwise 96 s2 at 112": (1, 96, (112, 112), 96, 3, 2, 1, 1, 96, False),
    "MobileNetV2 depthwise 384 at 14": (1, 384, (14, 14), 384, 3, 1, 1, 1, 384, False),
    "ConvNeXt depthwise 7×7 96 at 56": (1, 96, (56, 56), 96, 7, 1, 3, 1, 96, False),
    "ResNeXt g32 128 at 56": (1, 128, (56, 56), 128, 3, 1, 1, 1, 32, False),
    "AlexNet conv2 g2 5×5": (1, 96, (27, 27), 256, 5, 1, 2, 1, 2, False),
    "DeepLab d6 512→256 at 33": (1, 512, (33, 33), 256, 3, 1, 6, 6, 1, False),
    "DeepLab d12 512→256 at 33": (1, 512, (33, 33), 256, 3, 1, 12, 12, 1, False),
    "DCGAN transposed 512→256 k4 s2 at 8": (1, 512, (8, 8), 256, 4, 2, 1, 1, 1, True),
    "transposed 128→3 k4 s2 at 32": (1, 128, (32, 32), 3, 4, 2, 1, 1, 1, True),
    "FCN transposed 21→21 k16 s8 at 64": (1, 21, (64, 64), 21, 16, 8, 4, 1, 1, True),
    "U-Net transposed 256→128 k2 s2 at 56": (1, 256, (56, 56), 128, 2, 2, 0, 1, 1, True),
    "WaveNet 64→64 k2 d4, 16000": (1, 64, (16000,), 64, 2, 1, "causal", 4, 1, False),
    "3-D 16→32 3³ at 16×56×56": (1, 16, (16, 56, 56), 32, 3, 1, 1, 1, 1, False),
}

REST, ROUNDS, ROUND = 0.12, 3, 0.25


def timed(run: Callable[[], object], seconds: float) -> float:
    """The median of the calls that fit into so many seconds (three at least), after one more."""
    run()
    taken: list[float] = []
    start = time.perf_counter()
    while len(taken) < 3 or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begin)
    return median(taken)


def interleaved(runs: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Every contender's rounds, in turn, with rests."""
    rounds: dict[str, list[float]] = {name: [] for name in runs}
    for attempt in range(2):
        for _ in range(ROUNDS):
            for name, run in runs.items():
                time.sleep(REST)
                rounds[name].append(timed(run, ROUND))
        if all(median(r[-ROUNDS:]) < 1.5 * min(r[-ROUNDS:]) for r in rounds.values()) or attempt:
            break
        rounds = {name: [] for name in runs}
    return rounds


def network() -> None:
    """Suite N: float32 network layers, `auto` and `direct` against PyTorch, the same threads."""
    try:
        import torch
    except ImportError:
        sys.exit("this suite needs PyTorch; run: python -m pip install 'convmatrix[bench]'")
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    torch.set_num_threads(threads or 1)
    torch.set_grad_enabled(False)
    square = np.random.default_rng(0).standard_normal((1024, 1024)).astype(np.float32)
    peak = 2 * 1024**3 / timed(lambda: square @ square, 0.5) / 1e9
    print(f"PyTorch {torch.__version__}, {threads} threads, GEMM peak {peak:.0f} GFLOP/s")
    if "OPENBLAS_CORETYPE" in os.environ:
        print(f"OPENBLAS_CORETYPE={os.environ['OPENBLAS_CORETYPE']}")
    print("\n| layer | PyTorch ms | auto | direct | algorithm | workspace MiB | error |")
    print("| --- | ---: | ---: | ---: | --- | ---: | ---: |")
    rows = []
    for name, spec in NETWORK.items():
        rows.append(_row(name, spec, torch))
        print(_line(rows[-1]), flush=True)
    every = [row["auto"] for row in rows]
    dense = [r["direct"] for r in rows if r["groups"] < 16 and r["direct"]]
    print(f"\nauto: geometric mean {geometric_mean(every):.2f}, largest {max(every):.2f}")
    print(f"direct, dense rows: geometric mean {geometric_mean(dense):.2f}")
    place = Path(__file__).parent / "results" / "network.json"
    place.parent.mkdir(exist_ok=True)
    machine = {"machine": platform.machine(), "python": platform.python_version(),
               "numpy": np.__version__, "torch": torch.__version__, "threads": threads,
               "gemm": peak}  # fmt: skip
    place.write_text(json.dumps({**machine, "rows": rows}, ensure_ascii=False, indent=1) + "\n")


def _line(row: dict[str, Any]) -> str:
    direct = f"{row['direct']:.2f}" if row["direct"] else "–"
    spread = f" ({row['spread'][0]:.2f}–{row['spread'][1]:.2f})"
    return (
        f"| {row['name']} | {1e3 * row['torch']:.3f} | {row['auto']:.2f}{spread} | {direct} | "
        f"{row['algorithm']} | {row['workspace'] / 2**20:.1f} | {row['error']:.0e} |"
    )


def _row(name: str, spec: tuple[Any, ...], torch: Any) -> dict[str, Any]:
    batch, inputs, size, outputs, k, s, p, d, groups, transposed = spec
    ndim, rng = len(size), np.random.default_rng(0)
    x = rng.standard_normal((batch, inputs, *size)).astype(np.float32)
    shape = (inputs, outputs // groups) if transposed else (outputs, inputs // groups)
    w = rng.standard_normal((*shape, *(k,) * ndim)).astype(np.float32)
    kind = "conv_transpose" if transposed else "conv"
    layer = getattr(cm, f"{kind}{ndim}d")(
        inputs, outputs, k, stride=s, padding=p, dilation=d, groups=groups, weight=w
    )
    tx, tw, functional = torch.from_numpy(x), torch.from_numpy(w), torch.nn.functional
    run = getattr(functional, f"{kind}{ndim}d")
    if p == "causal":
        peer = lambda: run(functional.pad(tx, (d * (k - 1), 0)), tw, dilation=d)  # noqa: E731
    else:
        peer = lambda: run(tx, tw, stride=s, padding=p, dilation=d, groups=groups)  # noqa: E731
    contenders: dict[str, Callable[[], object]] = {"torch": peer, "auto": lambda: layer(x)}
    if not transposed:
        contenders["direct"] = lambda: layer(x, method="direct")
    rounds = interleaved(contenders)
    ratios = sorted(a / b for a, b in zip(rounds["auto"], rounds["torch"], strict=True))
    plan = cm.plan(layer, x.shape)
    direct = median(rounds["direct"]) / median(rounds["torch"]) if not transposed else None
    return {
        "name": name, "groups": groups, "torch": median(rounds["torch"]),
        "auto": median(rounds["auto"]) / median(rounds["torch"]), "direct": direct,
        "spread": [ratios[0], ratios[-1]], "algorithm": plan.algorithm,
        "workspace": plan.workspace, "error": _error(layer, x, w),
    }  # fmt: skip


def _error(layer: Any, x: Any, w: Any) -> float:
    """The largest error against float64, relative to the largest value of |w| applied to |x|."""
    wide = layer.with_weight(w.astype(float))
    method = "direct" if layer.name.startswith("conv") and "transpose" not in layer.name else "fold"
    exact = wide(x.astype(float), method=method)
    size = layer.with_weight(np.abs(w).astype(float))(np.abs(x).astype(float), method=method)
    return float(np.abs(layer(x) - exact).max() / size.max())
