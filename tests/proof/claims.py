"""The names of the catalogue's claims, and which of them some test holds against something else."""

from __future__ import annotations

import pytest

NAMES = (
    "transpose", "connectivity", "weights", "circular", "sizes", "round-trip", "output-padding",
    "windows", "dilation", "interleaving", "stride", "padding", "grouping", "grouping-one",
    "grouping-depthwise", "depthwise-separable", "separable", "receptive-field",
    "receptive-field-doubling", "gridding", "bilinear", *(f"arithmetic-{j}" for j in range(1, 16)),
)  # fmt: skip

each_claim = pytest.mark.parametrize("name", NAMES)

TRIED: set[str] = set()
"""The claims that some test holds against something else."""


def about(*names):
    TRIED.update(names)
    return lambda test: test
