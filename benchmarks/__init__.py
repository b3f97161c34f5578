"""Measurements, never tests: `python -m benchmarks` prints ratios against limits in one run."""
