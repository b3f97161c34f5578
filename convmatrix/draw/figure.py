"""A map in one figure: its grids, its matrix and its graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convmatrix.draw.canvas import pyplot
from convmatrix.draw.graph import draw_graph
from convmatrix.draw.grids import OUTPUT, by_side, draw_grid
from convmatrix.draw.matrix import draw_matrix
from convmatrix.maps import Map
from convmatrix.maps.given import needs_map
from convmatrix.maps.shaped import require_numbers
from convmatrix.stencil import Element

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_figure"]


def draw_figure(a: Map, *, names: dict[str, dict[Element, str]] | None = None) -> Figure:
    """Draw input grid, output grid, matrix and (small) graph side by side.

    `names` may label elements: `{"input": {(0, 0, 0): "a"}, "output": {...}}`. Of maps of one
    channel and 1 or 2 axes, which `draw_grid`, `draw_matrix` and `draw_graph` take.
    """
    require_numbers(needs_map(a, "draw_figure"), "draw it")
    labels = by_side(names)
    plot = pyplot()
    figure: Figure = plot.figure(figsize=(13, 5), layout="constrained")
    subfigures: Any = figure.subfigures(1, 3, width_ratios=[2.4, 6, 4])
    grids, matrix, graph = subfigures
    top, bottom = grids.subplots(2, 1)
    draw_grid(a.in_shape, labels.get("input", {}), labels.get("input"), title="input", ax=top)
    draw_grid(
        a.out_shape, labels.get("output", {}), labels.get("output"),
        title="output", colour=OUTPUT, ax=bottom,
    )  # fmt: skip
    draw_matrix(a, ax=matrix.subplots())
    draw_graph(a, ax=graph.subplots())
    return figure
