"""Figures with Matplotlib: each function takes `ax=` and returns the Axes it drew on."""

from convmatrix.draw.kernels import draw_energies, draw_separable, draw_singular_values
from convmatrix.draw.maps import (
    draw_counts,
    draw_figure,
    draw_graph,
    draw_grid,
    draw_grids,
    draw_matrix,
    draw_receptive_field,
    save,
)

__all__ = [
    "draw_counts", "draw_energies", "draw_figure", "draw_graph", "draw_grid", "draw_grids",
    "draw_matrix", "draw_receptive_field", "draw_separable", "draw_singular_values", "save",
]  # fmt: skip
