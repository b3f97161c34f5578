"""`python -m benchmarks images`: image filters against OpenCV, SciPy and PyTorch."""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import geometric_mean, median
from typing import Any

import numpy as np

import convmatrix as cm
from benchmarks.timing import cores, header, interleaved, progress, spread, write

__all__ = ["images"]

SIZES = [(1024, 1024), (2160, 3840)]
HEAD = [
    "| filter | image | auto ms | against OpenCV | SciPy | PyTorch | algorithm |",
    "| --- | --- | ---: | ---: | ---: | ---: | --- |",
]


def kernels() -> dict[str, Any]:
    """Suite I: float32 kernels of rank 1, of full rank, and a Gabor filter."""
    rng = np.random.default_rng(0)
    found = {"Sobel 3": np.outer([1, 2, 1], [1, 0, -1])}
    for k in (5, 15, 31, 63):
        bell = np.exp(-((np.arange(k) - k // 2) ** 2) / (2 * (k / 6) ** 2))
        found[f"Gaussian {k}"] = np.outer(bell, bell) / bell.sum() ** 2
    found["box 15"] = np.full((15, 15), 1 / 225)
    for k in (7, 15, 31, 63):
        found[f"random {k}"] = rng.standard_normal((k, k))
    y, x = np.mgrid[-10:11, -10:11]
    across, along = x * np.cos(0.7) + y * np.sin(0.7), y * np.cos(0.7) - x * np.sin(0.7)
    wave = np.cos(2 * np.pi * across / 8)
    found["Gabor 21"] = np.exp(-(across**2 + 0.36 * along**2) / 32) * wave
    return {name: kernel.astype(np.float32) for name, kernel in found.items()}


def images() -> None:
    """Times as ratios to the best that each peer has for the kernel, the same threads for all
    that have threads (SciPy's `fft` has workers)."""
    try:
        import cv2
        import torch
    except ImportError:
        sys.exit("this suite needs its peers; run: python -m pip install '.[bench]'")
    torch.set_num_threads(cores())
    torch.set_grad_enabled(False)
    cv2.setNumThreads(cores())
    about = header("torch", "opencv-python-headless")
    print("\n".join(["", *HEAD]))
    cases = [(n, w, c, s) for s in SIZES for c in (1, 3) for n, w in kernels().items()]
    rows: list[dict[str, Any]] = []
    for name, kernel, channels, size in progress(cases, len(cases)):
        rows.append(_row(name, kernel, channels, size, cv2, torch))
        print(_line(rows[-1]), flush=True)
    summary = [
        f"against {peer}: geometric mean {geometric_mean(r[key] for r in rows):.2f}, "
        f"from {min(r[key] for r in rows):.2f} to {max(r[key] for r in rows):.2f}."
        for peer, key in (("OpenCV", "opencv"), ("SciPy", "scipy"), ("PyTorch", "torch"))
    ]
    print("\n".join(["", *summary]))
    write("images", about, rows, [*HEAD, *map(_line, rows), "", *summary])


def _line(row: dict[str, Any]) -> str:
    low, high = row["spread"]
    return (
        f"| {row['name']} | {row['image']} | {1e3 * row['auto']:.2f} | "
        f"{row['opencv']:.2f} ({low:.2f}–{high:.2f}) | {row['scipy']:.2f} | {row['torch']:.2f} | "
        f"{row['algorithm']} |"
    )


def _row(
    name: str, kernel: Any, channels: int, size: tuple[int, int], cv2: Any, torch: Any
) -> dict[str, Any]:
    x = np.random.default_rng(1).standard_normal((channels, *size)).astype(np.float32)
    weight = np.repeat(kernel[None, None], channels, axis=0)
    padding = len(kernel) // 2
    layer = cm.depthwise(channels, len(kernel), padding=padding, weight=weight)
    result = layer(x)
    runs: dict[str, Callable[[], Any]] = {"auto": lambda: layer(x)}
    runs |= _opencv(x, kernel, cv2) | _scipy(x, kernel) | _torch(x, weight, kernel, torch)
    for peer, run in runs.items():
        if peer == "torch conv2d":
            continue  # minutes for the large ones, and it has tests of its own
        got = np.asarray(run()).reshape(channels, *size) if "opencv" not in peer else run()
        if "opencv" in peer:
            got = got.reshape(*size, channels).transpose(2, 0, 1)
        assert np.allclose(got, result, rtol=1e-3, atol=1e-3 * np.abs(result).max()), peer
    rounds = interleaved(runs)
    best = {
        peer: min((r for n, r in rounds.items() if n.startswith(peer)), key=median)
        for peer in ("opencv", "scipy", "torch")
    }
    auto = median(rounds["auto"])
    return {
        "name": name, "image": f"{channels}×{size[0]}×{size[1]}", "auto": auto,
        **{peer: auto / median(r) for peer, r in best.items()},
        "spread": spread(rounds["auto"], best["opencv"]),
        "algorithm": cm.plan(layer, x.shape).algorithm,
        "peers": {n: median(r) for n, r in rounds.items()},
    }  # fmt: skip


def _passes(kernel: Any) -> tuple[Any, Any] | None:
    """Column and row of a kernel of rank 1."""
    u, sizes, v = np.linalg.svd(kernel.astype(float))
    if sizes[1] > 1e-6 * sizes[0]:
        return None
    return (u[:, 0] * sizes[0]).astype(np.float32), v[0].astype(np.float32)


def _opencv(x: Any, kernel: Any, cv2: Any) -> dict[str, Callable[[], Any]]:
    image = np.ascontiguousarray(x.transpose(1, 2, 0))
    edge, deep, pair = cv2.BORDER_CONSTANT, cv2.CV_32F, _passes(kernel)
    found = {"opencv filter2D": lambda: cv2.filter2D(image, deep, kernel, borderType=edge)}
    if pair is not None:
        column, row = pair
        found["opencv sepFilter2D"] = lambda: cv2.sepFilter2D(
            image, deep, row, column, borderType=edge
        )
    return found


def _scipy(x: Any, kernel: Any) -> dict[str, Callable[[], Any]]:
    from scipy import fft, ndimage, signal

    flipped, pair = kernel[None, ::-1, ::-1], _passes(kernel)

    def overlap_add() -> Any:
        with fft.set_workers(cores()):
            return signal.oaconvolve(x, flipped, mode="same", axes=(1, 2))

    found = {"scipy oaconvolve": overlap_add}
    if len(kernel) <= 15:
        found["scipy ndimage"] = lambda: ndimage.correlate(x, kernel[None], mode="constant")
    if pair is not None:
        column, row = pair
        found["scipy ndimage passes"] = lambda: ndimage.correlate1d(
            ndimage.correlate1d(x, column, axis=1, mode="constant"), row, axis=2, mode="constant"
        )
    return found


def _torch(x: Any, weight: Any, kernel: Any, torch: Any) -> dict[str, Callable[[], Any]]:
    run, image, groups = torch.nn.functional.conv2d, torch.from_numpy(x)[None], len(x)
    whole, half, pair = torch.from_numpy(weight), len(kernel) // 2, _passes(kernel)
    found = {}
    if pair is None or half < 4:  # for kernels of rank 1 two passes are its best
        found["torch conv2d"] = lambda: run(image, whole, padding=half, groups=groups)
    if pair is not None:
        column, row = (torch.from_numpy(np.repeat(v[None], groups, 0)) for v in pair)
        down, along = column[:, None, :, None].contiguous(), row[:, None, None].contiguous()
        found["torch passes"] = lambda: run(
            run(image, down, padding=(half, 0), groups=groups), along, padding=(0, half),
            groups=groups,
        )  # fmt: skip
    return found
