"""`python -m benchmarks scaling`: time against pixels and batch, over three decades."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

import convmatrix as cm
from benchmarks.timing import RESULTS, header, timed, write

__all__ = ["scaling"]

SIDES = [32, 64, 128, 256, 512, 1024]
BATCHES = [1, 3, 10, 30, 100, 300, 1000]
HEAD = ["| algorithm | what grows | from | to | slope |", "| --- | --- | ---: | ---: | ---: |"]


def scaling() -> None:
    """Slopes in log-log, 1 where the cost is linear, and a plot."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        sys.exit("this suite draws; run: python -m pip install '.[plot]'")
    about = header("matplotlib")
    print("\n".join(["", *HEAD]))
    rng = np.random.default_rng(0)
    smooth = np.exp(-(np.linspace(-2, 2, 31) ** 2))
    bell = np.outer(smooth, smooth)[None, None]
    layers = {
        "direct": (cm.conv2d(8, 8, 3, padding=1), "direct"),
        "winograd": (cm.conv2d(32, 32, 3, padding=1), "winograd"),
        "toeplitz": (cm.depthwise(8, 3, padding=1), "toeplitz"),
        "lowrank": (cm.conv2d(1, 1, 31, padding=15, weight=bell), "lowrank"),
        "fft": (cm.conv2d(1, 1, 31, padding=15), "fft"),
        "phases": (cm.conv_transpose2d(16, 8, 4, stride=2, padding=1), "phases"),
    }  # fmt: skip
    figure, panels = plt.subplots(1, 2, figsize=(11, 4.5), constrained_layout=True)
    rows = []
    for name, (layer, method) in layers.items():
        weight = layer.weight if name == "lowrank" else rng.standard_normal(layer.weight_shape)
        weighted = layer.with_weight(weight.astype(np.float32))
        shapes = {
            "pixels": [(1, layer.in_channels, n, n) for n in SIDES],
            "batch": [(b, layer.in_channels, 32, 32) for b in BATCHES],
        }
        for panel, (what, grown) in zip(panels, shapes.items(), strict=True):
            amount = [s[0] if what == "batch" else s[2] * s[3] for s in grown]
            taken = [_seconds(weighted, shape, method, rng) for shape in grown]
            top = slice(-3, None)
            slope = float(np.polyfit(np.log(amount[top]), np.log(taken[top]), 1)[0])
            rows.append({"name": name, "what": what, "amount": amount, "seconds": taken,
                         "slope": slope})  # fmt: skip
            print(_line(rows[-1]), flush=True)
            panel.loglog(amount, [1e9 * t / a for t, a in zip(taken, amount, strict=True)],
                         marker="o", label=f"{name} (slope {slope:.2f})")  # fmt: skip
    for panel, what in zip(panels, ("pixels", "batch"), strict=True):
        panel.set(
            xlabel=what, ylabel="ns each", title=f"Cost of each of the {what}; flat is linear"
        )
        panel.grid(alpha=0.3)
        panel.legend(fontsize=8)
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / "scaling.png", dpi=110)
    said = "Slopes over the last three sizes; 1 is linear. Small inputs pay for calls."
    write("scaling", about, rows, [*HEAD, *map(_line, rows), "", said, "", "![cost](scaling.png)"])


def _line(row: dict[str, Any]) -> str:
    low, high = row["amount"][0], row["amount"][-1]
    return f"| {row['name']} | {row['what']} | {low:,} | {high:,} | {row['slope']:.2f} |"


def _seconds(layer: Any, shape: tuple[int, ...], method: str, rng: Any) -> float:
    x = rng.standard_normal(shape).astype(np.float32)
    return timed(lambda: layer(x, method=method), 0.15)
