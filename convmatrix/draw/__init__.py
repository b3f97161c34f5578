"""Figures with Matplotlib: each function takes `ax=` and returns the Axes it drew on."""

from __future__ import annotations

from convmatrix.draw.canvas import save
from convmatrix.draw.figure import draw_figure
from convmatrix.draw.graph import draw_graph
from convmatrix.draw.grids import draw_counts, draw_grid, draw_grids, draw_receptive_field
from convmatrix.draw.kernels import draw_energies, draw_separable, draw_singular_values
from convmatrix.draw.matrix import draw_matrix

__all__ = [
    "draw_counts", "draw_energies", "draw_figure", "draw_graph", "draw_grid", "draw_grids",
    "draw_matrix", "draw_receptive_field", "draw_separable", "draw_singular_values", "save",
]  # fmt: skip
