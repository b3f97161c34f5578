"""The values of a map's connections: of taps, packed or not, as numbers, text or symbols."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from convmatrix.diagram import Diagram
from convmatrix.errors import WeightError
from convmatrix.layers.arrays import HALF
from convmatrix.leaf import Leaf
from convmatrix.shapes import unravel
from convmatrix.typing import Array

__all__ = [
    "as_plain", "common_dtype", "edge_values", "number_type", "sparse_dtype", "symbol_values",
    "with_absent",
]  # fmt: skip


def common_dtype(leaves: Sequence[Leaf]) -> np.dtype[Any]:
    """What the matrix of these layers holds; see `Map.dtype`."""
    weights = [leaf.weight for leaf in leaves if leaf.weight is not None]
    kinds = [weight.dtype for weight in weights]
    common = np.result_type(*kinds) if kinds else np.dtype(np.float64)
    if common.kind not in "biu":
        return np.dtype(np.float32) if common == HALF else common
    if any(leaf.has_fractions for leaf in leaves):
        return np.dtype(np.float64)
    return np.dtype(np.uint64 if any(map(_passes_int64, weights)) else np.int64)


def _passes_int64(weight: Array) -> bool:
    return weight.dtype == np.uint64 and bool(weight.max(initial=0) > np.iinfo(np.int64).max)


def number_type(dtype: Any) -> np.dtype[Any]:
    """A dtype of numbers, or `WeightError`."""
    try:
        kind: np.dtype[Any] = np.dtype(dtype)
    except (TypeError, ValueError, SyntaxError):
        kind = np.dtype(np.void)
    # exact numbers are refused with advice of their own
    if kind.kind not in "biufcO" and kind.name != "bfloat16":
        raise WeightError(f"dtype must be a NumPy dtype such as 'float32', got {dtype!r:.60}")
    return kind


def sparse_dtype(dtype: Any) -> np.dtype[Any]:
    """A dtype that SciPy has matrices of, or `WeightError`."""
    kind = number_type(dtype)
    if kind == HALF or kind.name == "bfloat16":
        raise WeightError(f"SciPy has no matrix of {kind}; use dtype='float32'")
    return kind


def edge_values(diagram: Diagram, tap: Array) -> Array:
    """The value of some packed taps, as the matrix holds them."""
    counts, dtype = diagram.tap_counts, common_dtype(diagram.leaves)
    if prod(counts) > np.iinfo(np.int64).max:  # a deep stack's packed taps
        rows = [unravel(int(t), counts) for t in tap]
        taps: Any = tuple(np.array(digits) for digits in zip(*rows, strict=True))
    else:
        taps = np.unravel_index(tap, counts)
    total: Any = 1
    for leaf, digit in zip(diagram.leaves, taps, strict=True):
        total = total * with_absent(leaf.numbers(dtype))[digit]
    return np.asarray(total)


def as_plain(values: Array) -> list[Any]:
    """Values as built-in real numbers, or as text where they are complex."""
    plain: list[Any] = values.tolist()
    if values.dtype.kind == "O":
        return [v if type(v) is int else _plain(v) for v in plain]
    return plain if values.dtype.kind in "biuf" else [str(value) for value in plain]


def _plain(value: Any) -> Any:
    """A number as a float, or as text where no float holds it (complex, infinite, too large)."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return str(value)


def with_absent(values: Array) -> Array:
    """The value of each tap, and behind them a 1 for paths that pass the layer by."""
    return np.append(values.reshape(-1), values.dtype.type(1) if values.dtype.kind != "O" else 1)


def symbol_values(leaves: Sequence[Leaf]) -> list[Array]:
    """What stands for each tap of each leaf: its value, or the symbols `w[...]`, `w1[...]`, ..."""
    from convmatrix.views.symbols import weight_symbols

    weighted = [leaf.layer.weight_shape is not None for leaf in leaves]
    values = []
    for i, leaf in enumerate(leaves):
        if leaf.taps is not None:
            values.append(with_absent(leaf.taps))
        else:
            name = "w" if sum(weighted) == 1 else f"w{sum(weighted[: i + 1])}"
            values.append(with_absent(weight_symbols(name, leaf.geometry.tap_shape)))
    return values
