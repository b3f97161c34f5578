"""`python -m benchmarks [SUITE ...]`: figures as ratios in one run."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import scipy
import scipy.sparse  # loaded before anything is timed

import convmatrix as cm


def seconds(run: Callable[[], object], times: int) -> list[float]:
    """How long each of several runs took; the result is let go before the next."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        result = run()
        taken.append(time.perf_counter() - start)
        del result
    return taken


def peak() -> int:
    """The most memory that this process ever held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def matrix() -> None:
    """64→64 3×3 at 56×56 in float64, against filling arrays of the result's size."""
    weight = np.random.default_rng(0).standard_normal((64, 64, 3, 3))
    layer = cm.conv2d(64, 64, 3, padding=1, weight=weight)
    A = layer.on(56, 56)
    nnz = A.nnz
    small = layer.on(4, 4).to_scipy()  # everything is imported now
    before = peak()
    built, filled = [], []
    for _ in range(7):
        built += seconds(A.to_scipy, 1)
        filled += seconds(lambda: (np.full(nnz, 1, np.int32), np.full(nnz, 1.0)), 1)
    held = nnz * (small.indices.itemsize + small.data.itemsize)
    print(f"matrix of {nnz:,} non-zeros, {small.indices.dtype} indices, {small.dtype} data")
    print(f"  build {median(built):.3f} s ({min(built):.3f} to {max(built):.3f})")
    print(f"  fill  {median(filled):.3f} s ({min(filled):.3f} to {max(filled):.3f})")
    print(f"  build / fill {median(built) / median(filled):.2f}")
    print(f"  peak memory / result {(peak() - before) / held:.2f}")


def imports() -> None:
    """`import convmatrix` against `import numpy`, whole processes in turn."""
    taken: dict[str, list[float]] = {"numpy": [], "convmatrix": []}
    for _ in range(21):
        for name, times in taken.items():
            command = [sys.executable, "-c", f"import {name}"]
            times += seconds(lambda c=command: subprocess.run(c, check=True), 1)
    for name, times in taken.items():
        print(f"import {name:<11}{1e3 * median(times):6.1f} ms (from {1e3 * min(times):.1f})")
    print(f"  convmatrix / numpy {median(taken['convmatrix']) / median(taken['numpy']):.2f}")


def proofs() -> None:
    """All-sizes proofs: a cold start, checks, Presburger arithmetic, the whole catalogue."""
    command = [sys.executable, "-m", "convmatrix", "prove", "transpose"]
    cold = seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL), 5)
    print(f"prove transpose, all parameters, cold start {median(cold):.2f} s (to {max(cold):.2f})")

    text = cm.prove_transpose().certificate.to_json()
    fresh = (
        "import sys, time; from convmatrix import Certificate; text = sys.stdin.read();"
        "start = time.perf_counter(); Certificate.from_json(text).check();"
        "print(time.perf_counter() - start)"
    )
    checks = [
        float(subprocess.run([sys.executable, "-c", fresh], input=text, check=True,
                             capture_output=True, text=True).stdout)
        for _ in range(5)
    ]  # fmt: skip
    print(f"  its certificate ({len(text) / 1e3:.0f} kB), read and checked in a fresh process")
    print(f"  {1e3 * median(checks):.0f} ms (to {1e3 * max(checks):.0f})")

    def fixed(s: int, d: int) -> None:
        proof = cm.prove_transpose(stride=s, dilation=d, padding_mode="zeros", method="presburger")
        assert proof.holds

    fixed(1, 1)  # islpy is loaded, the channels are proved
    each = [seconds(lambda s=s, d=d: fixed(s, d), 1)[0] for s in range(1, 9) for d in range(1, 9)]
    print(f"fixed stride and dilation by isl, 64 pairs {1e3 * median(each):.1f} ms a pair")
    print(f"  the slowest {1e3 * max(each):.1f} ms")

    start = time.perf_counter()
    verdicts = [cm.prove(name).holds for name in cm.catalogue()]
    print(f"catalogue of {len(verdicts)} statements {time.perf_counter() - start:.1f} s")
    print(f"  proved {sum(v is True for v in verdicts)}")


def small() -> None:
    """The article's figure on arrays: a call once it is planned."""
    layer = cm.conv2d(1, 1, 3, stride=2, padding=1, weight=np.arange(9.0).reshape(1, 1, 3, 3))
    x = np.arange(25.0).reshape(1, 5, 5)
    layer(x)
    calls = sorted(seconds(lambda: layer(x), 1)[0] for _ in range(2000))
    print(f"5×5 figure, planned: {1e6 * median(calls):.1f} µs a call")


def dense() -> None:
    """The dense path against its peers, and how its cost grows."""
    from benchmarks.images import images
    from benchmarks.network import network
    from benchmarks.scaling import scaling

    small()
    network()
    images()
    scaling()


if __name__ == "__main__":
    from benchmarks.explorer import explorer
    from benchmarks.graphs import graphs
    from benchmarks.house import house
    from benchmarks.images import images
    from benchmarks.memory import memory
    from benchmarks.network import network
    from benchmarks.scaling import scaling
    from benchmarks.separability import separability
    from benchmarks.server import server

    suites = {
        "matrix": matrix, "import": imports, "proofs": proofs, "dense": dense, "small": small,
        "network": network, "images": images, "scaling": scaling,
        "separability": separability, "graphs": graphs, "explorer": explorer,
        "server": server, "memory": memory,
    }  # fmt: skip
    if sys.argv[1:2] == ["house"]:
        sys.exit(house(*sys.argv[2:]))
    chosen = sys.argv[1:] or ["matrix", "import", "proofs", "dense"]
    if unknown := set(chosen) - set(suites):
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}; use one of {', '.join(suites)}")
    versions = f"NumPy {np.__version__}, SciPy {scipy.__version__}"
    print(f"{platform.machine()}, Python {platform.python_version()}, {versions}")
    for name in chosen:
        suites[name]()
