"""What an edge of a graph carries: its tap, and its weight, of one type in a graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from convmatrix.diagram import Diagram
from convmatrix.typing import Array
from convmatrix.views.values import as_plain, common_dtype, edge_values

__all__ = ["edge_columns", "edge_fields", "weight_kind"]

_DTYPES: dict[str, Any] = {"long": np.int64, "double": np.float64}


def weight_kind(diagram: Diagram) -> str | None:
    """The type of a map's weights in a graph: None where there are none, or symbols."""
    leaves = diagram.leaves
    if not all(leaf.layer.is_linear and leaf.is_numeric for leaf in leaves):
        return None
    dtype = common_dtype(leaves)
    if dtype.kind == "O":
        values = [v for leaf in leaves for v in leaf.numbers(dtype).flat]
        if all(type(v) is int for v in values):
            return "long"
        # exact fractions become floats where one holds each, else everything is text
        return "double" if all(map(_is_real, values)) else "string"
    return "long" if dtype.kind in "biu" else "double" if dtype.kind == "f" else "string"


def _is_real(value: Any) -> bool:
    """Whether a float holds it, rounded."""
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def edge_fields(kind: str | None) -> tuple[tuple[str, str], ...]:
    """Name and type of an edge's attributes: its tap, and its weight where there is one."""
    return (("tap", "long"), *(() if kind is None else (("weight", kind),)))


def _weights(diagram: Diagram | None, kind: str, tap: Array) -> Any:
    """The weights of some taps, of one type: an array, or a list of texts or large integers."""
    if diagram is None:
        return ["1"] * len(tap) if kind == "string" else np.ones(len(tap), _DTYPES[kind])
    values = edge_values(diagram, tap)
    large = values.dtype.kind == "u" and values.size and values.max() > np.iinfo(np.int64).max
    if values.dtype.kind in "iuf" and kind != "string" and not large:
        return values.astype(_DTYPES[kind], copy=False)
    weights = as_plain(values)
    if kind == "string":
        return [str(weight) for weight in weights]
    try:
        return np.array(weights, _DTYPES[kind])
    except OverflowError:
        return weights


def edge_columns(diagram: Diagram | None, kind: str | None, tap: Array) -> list[Any]:
    """What `edge_fields` names, of edges with some taps; an edge of no layer weighs 1."""
    return [tap, *([] if kind is None else [_weights(diagram, kind, tap)])]
