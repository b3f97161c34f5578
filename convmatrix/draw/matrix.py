"""The matrix as a picture."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from convmatrix.draw.canvas import make_axes
from convmatrix.limits import check_memory
from convmatrix.maps import Map
from convmatrix.maps.given import needs_map
from convmatrix.maps.shaped import require_numbers
from convmatrix.shapes import times

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_matrix"]

BYTES = 32
"""An entry of a drawn matrix takes: a float, and what Matplotlib makes of it."""

MOST_BLOCKS = 64
"""Blocks a side up to which the lines between the Toeplitz blocks are drawn."""


def draw_matrix(a: Map, *, ax: Axes | None = None) -> Axes:
    """Draw the matrix, a colour a tap: the Toeplitz structure is its diagonals.

    Where a tap's id is its place in the kernel alone (many channels), colours repeat by kernel
    position. Lines part the blocks, each a row of the image, thicker ones the channels.
    `TooLargeError` where the picture, of an entry a place, does not fit into memory.
    """
    require_numbers(needs_map(a, "draw_matrix"), "draw it")
    check_memory(BYTES * prod(a.shape), "the picture of the matrix", "a smaller input")
    pattern = a.pattern
    window = prod(a.leaves[-1].geometry.tap_shape[2:]) or 1 if len(a.leaves) == 1 else pattern.nnz
    image = np.full(a.shape, np.nan)
    image[pattern.rows, pattern.indices] = pattern.tap % max(1, window)
    ax = make_axes(ax, (6, 6 * max(0.25, min(1.0, a.shape[0] / a.shape[1]))))
    ax.imshow(image, cmap="turbo", interpolation="nearest", aspect="equal")
    ax.set(xlabel=f"input element ({times(a.in_shape)})", ylabel=f"output ({times(a.out_shape)})")
    ax.set_title(f"{times(a.shape)} matrix, {a.counted()}, a colour a tap", fontsize=9)
    for lines, shape in ((ax.axvline, a.in_shape), (ax.axhline, a.out_shape)):
        block = prod(shape[2:]) or 1  # a block is one row (of a channel, in 1-D)
        if len(shape) > 2 and prod(shape) // block <= MOST_BLOCKS:
            for place in range(block, prod(shape), block):
                width = 1.2 if place % prod(shape[1:]) == 0 else 0.5
                lines(place - 0.5, color="#555555", lw=width)
    if max(a.shape) <= 40:
        ax.set_xticks(np.arange(-0.5, a.shape[1]), minor=True)
        ax.set_yticks(np.arange(-0.5, a.shape[0]), minor=True)
        ax.grid(which="minor", color="#dddddd", linewidth=0.5)
        ax.tick_params(which="minor", length=0)
    return ax
