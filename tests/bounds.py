"""Bounds on what a call may take: time by an alarm, memory by a process of its own."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest


@contextmanager
def within(seconds, *, work=False):
    """Raise TimeoutError in the main thread when the block takes longer; with `work` when it takes
    more of the processor, whatever else the machine does."""
    timer, sent = (
        (signal.ITIMER_PROF, signal.SIGPROF) if work else (signal.ITIMER_REAL, signal.SIGALRM)
    )

    def stop(*_):
        raise TimeoutError(f"still running after {seconds} s")

    before = signal.signal(sent, stop)
    signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        signal.setitimer(timer, 0)
        signal.signal(sent, before)


def run(code, *, seconds=60, memory=None, **more):
    """A Python program in a process of its own, which may take so many bytes of address space."""

    def limit():
        if memory is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=seconds,
        preexec_fn=limit, check=False, **more,
    )  # fmt: skip


def peak_of(setup, code):
    """By how many bytes a statement raises the peak of resident memory, in a fresh process; and
    what it raised, as `Name: message`, or ''."""
    program = f"""
import resource
import numpy as np
import convmatrix as cm
{setup}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    kept = ({code})
    error = ""
except Exception as found:
    error = f"{{type(found).__name__}}: {{found}}"
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
print(error)
"""
    result = run(program)
    if result.returncode:
        pytest.fail(result.stderr[-2000:])
    peak, _, error = result.stdout.partition("\n")
    return int(peak), error.strip()
