"""A layer at a size as plain data: all that a page may show. The page computes nothing."""

from __future__ import annotations

from typing import Any

from convmatrix.analysis import explain
from convmatrix.layers import Layer

__all__ = ["MOST_CONNECTIONS", "describe"]

MOST_CONNECTIONS = 20_000
"""Above this a page would show ink, so the connections are left out."""


def describe(layer: Layer, *input_size: Any) -> dict[str, Any]:
    """Everything about a layer at an input size, ready for JSON.

    What `explain` tells, and under ``connections`` the pattern's `indptr`, `indices` and `tap`
    (None for maps of more than `MOST_CONNECTIONS` connections).

    >>> import convmatrix as cm
    >>> describe(cm.conv1d(1, 1, 3, padding=1), 3)["connections"]["indices"]
    [0, 1, 0, 1, 2, 1, 2]
    """
    explained = explain(layer, *input_size)
    connections = None
    if explained.nnz <= MOST_CONNECTIONS:
        pattern = layer.on(*input_size).pattern
        connections = {
            "indptr": pattern.indptr.tolist(),
            "indices": pattern.indices.tolist(),
            "tap": pattern.tap.tolist(),
        }
    return {**explained.to_dict(), "text": str(explained), "connections": connections}
