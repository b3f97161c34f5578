"""What is counted as available: free memory, the control group, the address space."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from bounds import run, within

import convmatrix as cm
from convmatrix import limits


def test_address_space_counts():
    result = run(
        "import convmatrix as cm, convmatrix.limits as l\n"
        "print(l.available_memory())\n"
        "try: cm.conv2d(1, 1, 31, padding=15).on(1000, 1000).pattern\n"
        "except cm.TooLargeError as error: print(error)",
        memory=3 << 30,
        env={"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": ":".join(__import__("sys").path)},
    )
    have, message = result.stdout.splitlines()
    assert 0 < int(have) < 3 << 30
    assert "are available" in message


@pytest.mark.parametrize(
    ("line", "limit", "used"),
    [
        ("0::/a/b", "memory.max", "memory.current"),
        ("5:cpu,memory:/a/b", "memory.limit_in_bytes", "memory.usage_in_bytes"),
    ],
)
def test_control_groups_count_with_their_parents(monkeypatch, line, limit, used):
    top = "/sys/fs/cgroup" + ("/memory" if "memory:" in line else "")
    files = {
        "/proc/self/cgroup": f"9:pids:/a\n{line}\n",
        f"{top}/a/b/{limit}": "max" if "max" in limit else "9223372036854771712",
        f"{top}/a/b/{used}": "5",
        f"{top}/a/{limit}": "1000",
        f"{top}/a/{used}": "700",
        f"{top}/a/memory.stat": "anon 3\ninactive_file 100\n",
    }
    monkeypatch.setattr(limits, "_read", lambda path: files.get(str(path), ""))
    assert min(n for n in limits._control_groups() if n is not None) == 400
    monkeypatch.setattr(limits, "_free", lambda: 10**15)
    monkeypatch.setattr(limits, "_address_space", lambda: None)
    assert limits.available_memory() == 400
    with pytest.raises(cm.TooLargeError, match=r"would take 0\.0 GB, 0\.0 GB are available"):
        limits.check_memory(limits.SMALL, "this")


def test_a_system_that_tells_nothing_refuses_nothing(monkeypatch):
    monkeypatch.setattr(limits, "available_memory", lambda: None)
    limits.check_memory(10**30, "anything")


CALLS = [
    lambda: cm.upsample(scale_factor=2, mode="linear", ndim=1).on(10**5).nnz,
    lambda: cm.upsample(scale_factor=2, mode="linear", ndim=1).on(10**10).nnz,
    lambda: cm.avg_pool(3, padding=1, count_include_pad=False).on(10**5, 10**5).nnz,
    lambda: cm.avg_pool(3, padding=1, count_include_pad=False).on(10**9, 10**9).nnz,
    lambda: cm.conv2d(1, 1, 3, weight=np.ones((1, 1, 3, 3)), padding=10**6)(np.ones((1, 5, 5))),
    lambda: cm.conv1d(1, 1, 10**9, padding=10**9 - 1).on(1).inputs_of((0, 0)),
    lambda: cm.conv1d(1, 1, 10**9, padding=10**9 - 1).on(1).outputs_of((0, 0)),
    lambda: cm.draw.draw_figure(cm.conv2d(1, 1, 3).on(10**6, 10**6)),
]


@pytest.mark.parametrize("call", CALLS)
def test_small_questions_of_large_things_are_answered_or_refused_at_once(call):
    with within(3, work=True), suppress(cm.TooLargeError):
        assert call() is not None
