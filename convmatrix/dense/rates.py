"""How fast one core of the machine that `benchmarks/results` names is: what plans predict with, and
compare algorithms by. On another machine all three differ; their ratios do so less."""

from __future__ import annotations

__all__ = ["CALL", "FLOP", "MOVE"]

MOVE, CALL, FLOP = 1e-9, 5e-6, 1 / 70e9
"""Seconds a number moved, a call of NumPy's, and a float32 operation in a GEMM."""
