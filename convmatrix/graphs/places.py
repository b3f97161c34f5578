"""Where a graph's nodes lie in a drawing: each space as its grid, from the input on the left to the
output on the right."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from convmatrix.graphs.table import GraphTable, Space
from convmatrix.typing import Array

__all__ = ["Places", "places_of"]

Places = Callable[[Space, Array], tuple[list[float], list[float]]]
"""The coordinates of a space's elements; y grows upwards, as Gephi has it."""

SPACING = 20.0
"""Between neighbours; Gephi's nodes are 10 wide."""
GAP = 3
"""Empty columns (or rows) between two spaces."""


def places_of(table: GraphTable) -> Places:
    """The places of a graph's nodes.

    >>> from convmatrix import conv1d
    >>> from convmatrix.graphs.views import graph_table
    >>> table = graph_table(conv1d(1, 1, 2).on(3))
    >>> places = places_of(table)
    >>> [places(space, np.arange(space.size)) for space in table.spaces]
    [([0.0, 0.0, 0.0], [0.0, -20.0, -40.0]), ([80.0, 80.0], [0.0, -20.0])]
    """
    corners: dict[Space, tuple[int, int]] = {}
    left = 0
    for layer in sorted({space.layer for space in table.spaces}):
        top, widest = 0, 0
        for space in table.spaces:
            if space.layer == layer:
                corners[space] = (left, top)
                height, width = _extent(space)
                top, widest = top + height + GAP, max(widest, width)
        left += widest + GAP

    def places(space: Space, flat: Array) -> tuple[list[float], list[float]]:
        (x, y), (column, row) = corners[space], _cells(space, flat)
        return (SPACING * (x + column)).tolist(), (SPACING * -(y + row)).tolist()

    return places


def _sheets(space: Space) -> tuple[int, int, int, int]:
    """Channels, slices of a volume, rows and columns of a space; one axis is a column."""
    channels = space.shape[0] if space.has_channel else 1
    axes = space.shape[1:] if space.has_channel else space.shape
    rows, columns = axes[-2:] if len(axes) > 1 else (*axes, 1, 1)[:2]
    return channels, prod(axes[:-2]), rows, columns


def _steps(space: Space) -> tuple[int, int]:
    """Rows from one channel to the next, and columns from one slice to the next."""
    _, slices, rows, columns = _sheets(space)
    return rows + (rows > 1), columns + (slices > 1)


def _extent(space: Space) -> tuple[int, int]:
    """Rows and columns that a space takes: channels below each other, slices side by side."""
    channels, slices, _, _ = _sheets(space)
    down, right = _steps(space)
    return channels * down, slices * right


def _cells(space: Space, flat: Array) -> tuple[Array, Array]:
    """Column and row of elements."""
    channel, part, row, column = np.unravel_index(flat, _sheets(space))
    down, right = _steps(space)
    return part * right + column, channel * down + row
