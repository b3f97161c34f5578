"""Feature maps as grids: alone, connected with each other, or with counts in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.draw.canvas import GREY, MOST_EDGES, lines_of, make_axes, pyplot, too_large
from convmatrix.errors import GeometryError, TooLargeError
from convmatrix.maps import Map
from convmatrix.maps.given import needs_map
from convmatrix.shapes import check_element, times, unravel
from convmatrix.stencil import Element
from convmatrix.typing import Array
from convmatrix.walk import reached

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["OUTPUT", "by_side", "draw_counts", "draw_grid", "draw_grids", "draw_receptive_field"]

INPUT, OUTPUT = "#ffd166", "#9ad1d4"
"""What elements of either side are lit with."""


def draw_grids(
    a: Map, *, names: dict[str, dict[Element, str]] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the input's grid, the output's grid and the edges between them, as the article's figure.

    `names` may label elements: `{"input": {(0, 0, 0): "a"}, "output": {(0, 0, 0): "1"}}`. Then only
    the edges of named inputs are drawn, a colour an input; otherwise all, a colour a tap. Both
    sides have one channel and 1 or 2 axes. `TooLargeError` above 5,000 edges.
    """
    given = by_side(names)
    needs_map(a, "draw_grids")
    if a.nnz > MOST_EDGES:
        raise too_large(a.nnz)
    (top, left), (bottom, right) = (_size(shape) for shape in (a.in_shape, a.out_shape))
    gap = 1.5 + 0.35 * max(left, right)
    lift, drop = max(0, bottom - top) / 2, max(0, top - bottom) / 2
    ax = make_axes(ax, (0.5 * (left + right + gap) + 0.4, 0.5 * max(top, bottom) + 0.6))
    named, font = given.get("input", {}), {"fontsize": 12, "weight": "bold", "zorder": 5}
    for side, shape, colour, corner, shift in (
        ("input", a.in_shape, INPUT, (0, lift), 0.32),
        ("output", a.out_shape, OUTPUT, (left + gap, drop), 0.68),
    ):
        texts = given.get(side, {})
        _draw_cells(ax, shape, texts, texts, colour, corner, (shift, 0.36), **font)
    chosen = list(named) or [unravel(i, a.in_shape) for i in range(prod(a.in_shape))]
    lines, colours = [], []
    spread = 0.8 / max(1, len(chosen) - 1)
    for number, element in enumerate(chosen):
        y, x = _cell(element, a.in_shape)
        start = np.array([x + 0.72, lift + y + 0.68])
        for other, tap in a.outputs_of(element):
            v, u = _cell(other, a.out_shape)
            end = np.array([left + gap + u + 0.28, drop + v + 0.2 + spread * number * 0.8])
            lines.append(_curve(start, end, 0.9 * (number * spread - 0.4)))
            colours.append(number if named else tap)
    ax.add_collection(lines_of(
        lines, array=np.array(colours), cmap="tab10" if named else "turbo",
        linewidths=1.2 if named else 0.7, alpha=0.85, zorder=4,
    ))  # fmt: skip
    ax.set(xlim=(-0.1, left + gap + right + 0.1), ylim=(max(top, bottom) + 0.1, -0.1))
    ax.set_aspect("equal")
    ax.set_title(f"input {times(a.in_shape)}  →  output {times(a.out_shape)}", fontsize=9)
    ax.axis("off")
    return ax


def _curve(start: Array, end: Array, bend: float) -> Array:
    """Points of a parabola between two, which is drawn down by `bend` half-way."""
    t, middle = np.linspace(0, 1, 24)[:, None], (start + end) / 2 + (0, bend)
    curve: Array = (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end
    return curve


def draw_grid(
    shape: tuple[int, ...],
    lit: Iterable[Element] = (),
    names: dict[Element, str] | None = None,
    *,
    title: str = "",
    colour: str = INPUT,
    ax: Axes | None = None,
) -> Axes:
    """Draw a feature map of one channel as a grid, some elements lit, some named.

    `shape` is `(1, width)` or `(1, height, width)`, of up to 5,000 cells; an element that is not in
    it raises `ShapeError`.
    """
    height, width = _size(shape)
    if height * width > MOST_EDGES:
        raise TooLargeError(
            f"a grid shows at most {MOST_EDGES} cells, this has {height * width}; draw a smaller "
            f"map"
        )
    ax = make_axes(ax, (0.45 * width + 0.6, 0.45 * height + 0.6))
    _draw_cells(ax, shape, list(lit), names or {}, colour, fontsize=10)
    ax.set(xlim=(-0.05, width + 0.05), ylim=(height + 0.05, -0.05), aspect="equal")
    ax.set_title(title, fontsize=9)
    ax.axis("off")
    return ax


def by_side(names: Any) -> dict[str, dict[Element, str]]:
    """The names of elements a side, or `GeometryError` where they are of none."""
    given = {} if names is None else names
    if not isinstance(given, dict) or not given.keys() <= {"input", "output"}:
        raise GeometryError(
            f"names are by side, {{'input': {{(0, 0, 0): 'a'}}, 'output': ...}}, got {names!r:.60}"
        )
    return given


def _size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of a grid."""
    size = shape[1:] if len(shape) == 3 else (1, *shape[1:])
    if len(size) != 2 or shape[0] != 1:
        raise GeometryError(f"a grid shows one channel of 1-D or 2-D, got shape {shape}")
    return size[0], size[1]


def _cell(element: Element, shape: tuple[int, ...]) -> tuple[int, int]:
    """Row and column of an element in its grid, or `ShapeError`."""
    _, *place = check_element(element, shape)
    return (place[0], place[1]) if len(place) > 1 else (0, place[0])


def _draw_cells(
    ax: Axes, shape: tuple[int, ...], lit: Collection[Element], names: dict[Element, str],
    colour: str, corner: tuple[float, float] = (0, 0), shift: tuple[float, float] = (0.5, 0.5),
    **font: Any,
) -> None:  # fmt: skip
    """Cells of a grid from a corner on, some lit, some with a name, which is `shift` into it."""
    lights = {_cell(element, shape) for element in lit}
    labels = {_cell(element, shape): text for element, text in names.items()}
    for y, x in np.ndindex(*_size(shape)):
        place = (corner[0] + x, corner[1] + y)
        face = colour if (y, x) in lights else "white"
        ax.add_patch(pyplot().Rectangle(place, 1, 1, facecolor=face, edgecolor=GREY, lw=1))
        if (y, x) in labels:
            ax.text(place[0] + shift[0], place[1] + shift[1], labels[y, x], ha="center",
                    va="center", **font)  # fmt: skip


def draw_counts(counts: Any, *, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw a map of counts `(channels, *size)`, its first channel: the overlap of a transposed
    layer (`connectivity(...).reads`), or how often inputs are seen (`.feeds`). Up to 24 a side they
    are written out."""
    table = np.asarray(counts)
    table = table[0] if table.ndim == 3 else table
    table = table[None] if table.ndim == 1 else table
    if table.ndim != 2:
        raise GeometryError(f"counts are drawn in 1-D or 2-D, got shape {np.shape(counts)}")
    ax = make_axes(ax, (0.3 * table.shape[1] + 1.2, 0.3 * table.shape[0] + 0.6))
    shown = ax.imshow(table, cmap="viridis", vmin=0)
    if max(table.shape) <= 24:
        for (y, x), value in np.ndenumerate(table):
            light = value < 0.6 * table.max()
            ax.text(x, y, str(value), ha="center", va="center", fontsize=7,
                    color="white" if light else "black")  # fmt: skip
    else:
        ax.figure.colorbar(shown, ax=ax, shrink=0.8)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_title(title, fontsize=9)
    return ax


def draw_receptive_field(a: Map, output: Element, *, ax: Axes | None = None) -> Axes:
    """Draw over the input's grid by how many paths an output sees each element, and the box around
    all that it sees; of several channels their sum."""
    needs_map(a, "draw_receptive_field")
    output = check_element(output, a.out_shape)
    counts = np.zeros(a.in_shape, np.int64)
    for element, paths in reached(a.diagram.T, {tuple(output): 1}).items():
        counts[element] = paths
    total = counts.sum(axis=0)
    seen = np.argwhere(np.atleast_2d(total))
    ax = draw_counts(total, title=f"what output {times(output, ',')} sees", ax=ax)
    if len(seen):
        (low, first), (high, last) = seen.min(axis=0), seen.max(axis=0)
        box = (first - 0.5, low - 0.5), last - first + 1, high - low + 1
        ax.add_patch(pyplot().Rectangle(*box, fill=False, edgecolor="#e63946", lw=2))
    return ax
