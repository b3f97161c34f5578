"""What is counted as available: free memory, the control group, the address space."""

from __future__ import annotations

import pytest
from bounds import run

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
