"""The part of a graph that some outputs are in, and what they read."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from convmatrix.errors import GeometryError
from convmatrix.graphs.table import Edges, GraphTable, Space
from convmatrix.graphs.weights import edge_columns, weight_kind
from convmatrix.limits import check_memory
from convmatrix.pattern import index_dtype
from convmatrix.shapes import ravel, unravel
from convmatrix.typing import Array

if TYPE_CHECKING:
    from convmatrix.maps.base import Map

__all__ = ["Window", "windowed"]

Window = Iterable[tuple[int, int]]
"""`(start, stop)` for each of the output's axes."""

FEW = 50
"""Where a window has so small a part of the outputs, it is found output by output."""


def windowed(table: GraphTable, a: Map, window: Window) -> GraphTable:
    """The part of a map's bipartite graph that ends in a window of outputs."""
    ranges = _ranges(a.out_shape[1:], window)
    _, sink = table.spaces
    kept = prod((sink.shape[0], *(high - low for low, high in ranges)))
    index_dtype(sink.size)
    check_memory(40 * kept, f"a window of {kept} outputs", "a smaller window")
    grid = np.meshgrid(np.arange(sink.shape[0]), *(np.arange(*r) for r in ranges), indexing="ij")
    inside = np.unique(ravel(grid, sink.shape))
    if len(inside) * FEW < sink.size:
        return _read(table, a, inside)

    def ends(space: Space) -> Array:
        return inside if space == sink else np.empty(0, np.int64)

    return table.part(lambda edges: np.isin(edges.targets, inside), ends)


def _ranges(size: tuple[int, ...], window: Window) -> list[tuple[int, int]]:
    """A window of outputs, checked."""
    try:
        ranges = [(operator.index(low), operator.index(high)) for low, high in window]
    except (TypeError, ValueError):
        ranges = []
    fits = all(0 <= lo < hi <= n for (lo, hi), n in zip(ranges, size, strict=False))
    if len(ranges) != len(size) or not fits:
        raise GeometryError(
            f"a window is a (start, stop) for each of the output's axes {size}, got {window!r}"
        )
    return ranges


def _read(table: GraphTable, a: Map, inside: Array) -> GraphTable:
    """The part that ends in some outputs, found output by output."""
    space, target = table.spaces
    rows, columns, taps = [], [], []
    for flat in inside.tolist():
        for element, tap in a.inputs_of(unravel(flat, a.out_shape)):
            rows.append(flat)
            columns.append(ravel(element, a.in_shape))
            taps.append(tap)
    ends = np.array(columns, np.int64), np.array(rows, np.int64)
    data = edge_columns(a.diagram, weight_kind(a.diagram), np.array(taps, np.int64))
    edges = Edges(space, target, *ends, data)
    return replace(
        table, edges=lambda: iter([edges]), count=len(rows),
        kept={space: np.unique(ends[0]), target: inside},
    )  # fmt: skip
