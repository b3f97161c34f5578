"""The connectivity as a drawing, a column a space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.draw.canvas import MOST_EDGES, lines_of, make_axes, too_large
from convmatrix.graphs import Edges, Space, Window, graph_table
from convmatrix.maps import Map
from convmatrix.maps.given import needs_map
from convmatrix.shapes import times, unravel
from convmatrix.typing import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_graph"]

MOST_ELEMENTS = 50_000
"""Above this, most of them alone, their dots are one line."""


def draw_graph(
    a: Map, *, view: str = "bipartite", axis: int = 0, window: Window | None = None,
    ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """Draw the connectivity in columns, inputs on the left, an edge's colour its tap.

    `view`, `axis` and `window` are as `write_graph` takes them: a view ``layered`` has a column for
    each layer, a window shows some outputs and what they read. Elements are named where no column
    has more than 60. `TooLargeError` above 5,000 edges.
    """
    needs_map(a, "draw_graph")
    if window is None and view == "bipartite" and a.nnz > MOST_EDGES:
        raise too_large(a.nnz)
    table = graph_table(a, view, axis, window)
    if table.count > MOST_EDGES:
        raise too_large(table.count)
    elements = sum(space.size for space in table.spaces)
    if window is None and elements > MOST_ELEMENTS:
        raise too_large(elements, MOST_ELEMENTS, "elements")
    places = table.kept or {space: np.arange(space.size) for space in table.spaces}
    columns: dict[int, list[Space]] = {}
    for space in table.spaces:
        columns.setdefault(space.layer, []).append(space)
    most = max(sum(len(places[s]) for s in spaces) for spaces in columns.values())
    ax = make_axes(ax, (1 + 2.2 * len(columns), max(3.0, min(12.0, most * 0.28))))
    heights = _heights(columns, places)
    lines, taps = [], []
    for edges in table.edges():
        lines += list(_ends(edges, places, heights))
        taps += list(edges.columns[0])
    drawn = lines_of(lines, array=np.array(taps), cmap="turbo", linewidths=0.9, alpha=0.8)
    ax.add_collection(drawn)
    last = max(columns)
    for layer, spaces in columns.items():
        for space in spaces:
            _draw_column(ax, space, places[space], heights[space], most <= 60, layer == last)
        sizes = ", ".join(f"{s.letter} {times(s.shape)}" for s in spaces)
        ax.text(layer, -0.03, sizes, ha="center", va="bottom", fontsize=8)
    ax.set(xlim=(-0.25, last + 0.25), ylim=(1.04, -0.1))
    ax.axis("off")
    return ax


def _heights(columns: dict[int, list[Space]], places: dict[Space, Array]) -> dict[Space, Array]:
    """How far down each node is, from 0 to 1: the spaces of a column below each other."""
    heights: dict[Space, Array] = {}
    for spaces in columns.values():
        counts = [len(places[space]) for space in spaces]
        every = np.linspace(0, 1, sum(counts)) if sum(counts) > 1 else np.full(sum(counts), 0.5)
        heights.update(zip(spaces, np.split(every, np.cumsum(counts)[:-1]), strict=True))
    return heights


def _ends(edges: Edges, places: dict[Space, Array], heights: dict[Space, Array]) -> Array:
    """Where edges begin and end: `(edge, end, x and y)`."""
    sides = ((edges.source, edges.sources), (edges.target, edges.targets))
    points = [
        [np.full(len(flat), space.layer), heights[space][np.searchsorted(places[space], flat)]]
        for space, flat in sides
    ]
    return np.moveaxis(np.array(points, float), 2, 0)


def _draw_column(
    ax: Axes, space: Space, flat: Array, heights: Any, small: bool, last: bool
) -> None:
    """The nodes of a space, named where there is room; a position where there is one channel."""
    layer = space.layer
    ax.scatter([layer] * len(flat), heights, s=24 if small else 4, color="#222222", zorder=3)
    if not small:
        return
    for i, y in zip(flat.tolist(), heights, strict=True):
        label = times(unravel(i, space.shape)[space.shape[0] == 1 :], ",")
        ax.annotate(label, (layer, y), (6 if last else -6, 0), textcoords="offset points",
                    ha="left" if last else "right", va="center", fontsize=7)  # fmt: skip
