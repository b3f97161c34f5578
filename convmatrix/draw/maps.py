"""Maps: grids, matrices, graphs, receptive fields and overlaps."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from convmatrix.errors import GeometryError, MissingExtraError, TooLargeError
from convmatrix.graphs import Window, graph_table
from convmatrix.limits import check_memory
from convmatrix.maps import Map
from convmatrix.maps.given import needs_map
from convmatrix.maps.shaped import require_numbers
from convmatrix.shapes import check_element, times, unravel
from convmatrix.stencil import Element
from convmatrix.walk import reached

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


__all__ = [
    "draw_counts", "draw_figure", "draw_graph", "draw_grid", "draw_grids", "draw_matrix",
    "draw_receptive_field", "save",
]  # fmt: skip

MOST_EDGES = 5_000
"""Above this a drawing of single edges shows nothing but ink."""

MOST_ELEMENTS = 50_000
"""Above this, most of them alone, their dots are one line."""

BYTES = 32
"""An entry of a drawn matrix takes: a float, and what Matplotlib makes of it."""

MOST_BLOCKS = 64
"""Blocks a side up to which the lines between the Toeplitz blocks are drawn."""

GREY = "#8a8f98"


def pyplot() -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "a drawing") from None
    return plt


def make_axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    return pyplot().subplots(figsize=size, layout="constrained")[1] if ax is None else ax


def _lines(ends: Any, **how: Any) -> Any:
    pyplot()  # which says so where there is no Matplotlib
    from matplotlib.collections import LineCollection

    return LineCollection(ends, **how)


def draw_matrix(a: Map, *, ax: Axes | None = None) -> Axes:
    """Draw the matrix, a colour a tap: the Toeplitz structure is its diagonals.

    Where a tap's id is its place in the kernel alone (many channels), colours repeat by kernel
    position.
    """
    require_numbers(needs_map(a, "draw_matrix"), "draw it")
    check_memory(BYTES * prod(a.shape), "the picture of the matrix", "a smaller input")
    pattern = a.pattern
    window = prod(a.leaves[-1].bound.tap_shape[2:]) or 1 if len(a.leaves) == 1 else pattern.nnz
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


def draw_graph(
    a: Map,
    *,
    view: str = "bipartite",
    axis: int = 0,
    window: Window | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the connectivity in columns, inputs on the left, an edge's colour its tap.

    `view`, `axis` and `window` are as `write_graph` takes them: a view ``layered`` has a column for
    each layer, a window shows some outputs and what they read.
    """
    needs_map(a, "draw_graph")
    if window is None and view == "bipartite" and a.nnz > MOST_EDGES:
        raise _too_large(a.nnz)
    table = graph_table(a, view, axis, window)
    if table.count > MOST_EDGES:
        raise _too_large(table.count)
    elements = sum(space.size for space in table.spaces)
    if window is None and elements > MOST_ELEMENTS:
        raise _too_large(elements, MOST_ELEMENTS, "elements")
    places = {space: np.empty(0, np.int64) for space in table.spaces}
    for space, flat in table.places():
        places[space] = np.concatenate([places[space], flat])
    columns: dict[int, list[Any]] = {}
    for space in table.spaces:
        columns.setdefault(space.layer, []).append(space)
    most = max(sum(len(places[s]) for s in spaces) for spaces in columns.values())
    ax = make_axes(ax, (1 + 2.2 * len(columns), max(3.0, min(12.0, most * 0.28))))
    heights: dict[Any, np.ndarray[Any, Any]] = {}
    for spaces in columns.values():
        every = _heights(sum(len(places[s]) for s in spaces))
        for space in spaces:
            count = len(places[space])
            heights[space], every = every[:count], every[count:]
    lines, taps = [], []
    for edges in table.edges():
        left = heights[edges.source][np.searchsorted(places[edges.source], edges.sources)]
        right = heights[edges.target][np.searchsorted(places[edges.target], edges.targets)]
        ends = np.empty((len(left), 2, 2))
        ends[:, 0, 0], ends[:, 1, 0] = edges.source.layer, edges.target.layer
        ends[:, 0, 1], ends[:, 1, 1] = left, right
        lines += list(ends)
        taps += list(edges.columns[0])
    ax.add_collection(_lines(lines, array=np.array(taps), cmap="turbo", linewidths=0.9, alpha=0.8))
    last = max(columns)
    for layer, spaces in columns.items():
        for space in spaces:
            _draw_column(ax, space, places[space], heights[space], most <= 60, layer == last)
        sizes = ", ".join(f"{s.letter} {times(s.shape)}" for s in spaces)
        ax.text(layer, -0.03, sizes, ha="center", va="bottom", fontsize=8)
    ax.set(xlim=(-0.25, last + 0.25), ylim=(1.04, -0.1))
    ax.axis("off")
    return ax


def _too_large(count: int, most: int = MOST_EDGES, what: str = "edges") -> TooLargeError:
    return TooLargeError(
        f"a drawing shows at most {most} {what}, this graph has {count}; show a part of it "
        f"(window=[(0, 4), (0, 4)]), bind the layer to a smaller input, or "
        f"export the graph and open it in Gephi or Cytoscape"
    )


def _draw_column(ax: Axes, space: Any, flat: Any, heights: Any, small: bool, last: bool) -> None:
    """The nodes of a space, named where there is room."""
    layer = space.layer
    ax.scatter([layer] * len(flat), heights, s=24 if small else 4, color="#222222", zorder=3)
    if not small:
        return
    for i, y in zip(flat.tolist(), heights, strict=True):
        label = ",".join(map(str, _position(unravel(i, space.shape), space.shape)))
        ax.annotate(label, (layer, y), (6 if last else -6, 0), textcoords="offset points",
                    ha="left" if last else "right", va="center", fontsize=7)  # fmt: skip


def draw_grids(
    a: Map, *, names: dict[str, dict[Element, str]] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the input's grid, the output's grid and the edges between them, as the article's figure.

    `names` may label elements: `{"input": {(0, 0, 0): "a"}, "output": {(0, 0, 0): "1"}}`. Then only
    the edges of named inputs are drawn, a colour an input; otherwise all, a colour a tap.
    """
    given = _labels(names)
    needs_map(a, "draw_grids")
    if a.nnz > MOST_EDGES:
        raise _too_large(a.nnz)
    (top, left), (bottom, right) = (_size_of_grid(shape) for shape in (a.in_shape, a.out_shape))
    gap = 1.5 + 0.35 * max(left, right)
    lift, drop = max(0, bottom - top) / 2, max(0, top - bottom) / 2
    ax = make_axes(ax, (0.5 * (left + right + gap) + 0.4, 0.5 * max(top, bottom) + 0.6))
    _grid_cells(ax, a.in_shape, given.get("input", {}), (0, lift), "#ffd166", 0.32)
    _grid_cells(ax, a.out_shape, given.get("output", {}), (left + gap, drop), "#9ad1d4", 0.68)
    chosen = list(given.get("input", {})) or [
        unravel(i, a.in_shape) for i in range(prod(a.in_shape))
    ]
    lines, colours = [], []
    spread = 0.8 / max(1, len(chosen) - 1)
    for number, element in enumerate(chosen):
        y, x = _cell(element)
        start = np.array([x + 0.72, lift + y + 0.68])
        for other, tap in a.outputs_of(element):
            v, u = _cell(other)
            end = np.array([left + gap + u + 0.28, drop + v + 0.2 + spread * number * 0.8])
            bend = (start + end) / 2 + (0, 0.9 * (number * spread - 0.4))
            t = np.linspace(0, 1, 24)[:, None]
            lines.append((1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end)
            colours.append(number if given.get("input") else tap)
    ax.add_collection(_lines(
        lines, array=np.array(colours), cmap="tab10" if given.get("input") else "turbo",
        linewidths=1.2 if given.get("input") else 0.7, alpha=0.85, zorder=4,
    ))  # fmt: skip
    ax.set(xlim=(-0.1, left + gap + right + 0.1), ylim=(max(top, bottom) + 0.1, -0.1))
    ax.set_aspect("equal")
    ax.set_title(f"input {times(a.in_shape)}  →  output {times(a.out_shape)}", fontsize=9)
    ax.axis("off")
    return ax


def _size_of_grid(shape: tuple[int, ...]) -> tuple[int, int]:
    size = shape[1:] if len(shape) == 3 else (1, *shape[1:])
    if len(size) != 2 or shape[0] != 1:
        raise GeometryError(f"a grid shows one channel of 1-D or 2-D, got shape {shape}")
    return size[0], size[1]


def _grid_cells(
    ax: Axes, shape: tuple[int, ...], names: dict[Element, str], corner: tuple[float, float],
    colour: str, shift: float,
) -> None:  # fmt: skip
    """Cells of a grid from a corner on, the named ones lit, with their names at `shift`."""
    height, width = _size_of_grid(shape)
    labels = {_cell(e): text for e, text in names.items()}
    for y in range(height):
        for x in range(width):
            place = (corner[0] + x, corner[1] + y)
            face = colour if (y, x) in labels else "white"
            ax.add_patch(pyplot().Rectangle(place, 1, 1, facecolor=face, edgecolor=GREY, lw=1))
            if (y, x) in labels:
                ax.text(place[0] + shift, place[1] + 0.36, labels[y, x], ha="center", va="center",
                        fontsize=12, weight="bold", zorder=5)  # fmt: skip


def draw_counts(counts: Any, *, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw a map of counts `(channels, *size)`, its first channel: the overlap of a transposed
    layer (`connectivity(...).reads`), or how often inputs are seen (`.feeds`)."""
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


def draw_grid(
    shape: tuple[int, ...],
    lit: Iterable[Element] = (),
    names: dict[Element, str] | None = None,
    *,
    title: str = "",
    colour: str = "#ffd166",
    ax: Axes | None = None,
) -> Axes:
    """Draw a feature map of one channel as a grid, some elements lit, some named."""
    size = shape[1:] if len(shape) == 3 else (1, *shape[1:])
    if len(size) != 2 or shape[0] != 1:
        raise GeometryError(f"a grid shows one channel of 1-D or 2-D, got shape {shape}")
    if prod(size) > MOST_EDGES:
        raise TooLargeError(
            f"a grid shows at most {MOST_EDGES} cells, this has {prod(size)}; draw a smaller map"
        )
    ax = make_axes(ax, (0.45 * size[1] + 0.6, 0.45 * size[0] + 0.6))
    lit = [check_element(element, shape) for element in lit]
    for element in names or {}:
        check_element(element, shape)
    lights = {_cell(e) for e in lit}
    labels = {_cell(e): text for e, text in (names or {}).items()}
    for y in range(size[0]):
        for x in range(size[1]):
            face = colour if (y, x) in lights else "white"
            ax.add_patch(pyplot().Rectangle((x, y), 1, 1, facecolor=face, edgecolor=GREY, lw=1))
            if (y, x) in labels:
                ax.text(x + 0.5, y + 0.5, labels[y, x], ha="center", va="center", fontsize=10)
    ax.set(xlim=(-0.05, size[1] + 0.05), ylim=(size[0] + 0.05, -0.05), aspect="equal")
    ax.set_title(title, fontsize=9)
    ax.axis("off")
    return ax


def draw_figure(a: Map, *, names: dict[str, dict[Element, str]] | None = None) -> Figure:
    """Draw input grid, output grid, matrix and (small) graph side by side.

    `names` may label elements: `{"input": {(0, 0, 0): "a"}, "output": {...}}`.
    """
    require_numbers(needs_map(a, "draw_figure"), "draw it")
    labels = _labels(names)
    plot = pyplot()
    figure: Figure = plot.figure(figsize=(13, 5), layout="constrained")
    subfigures: Any = figure.subfigures(1, 3, width_ratios=[2.4, 6, 4])
    grids, matrix, graph = subfigures
    top, bottom = grids.subplots(2, 1)
    draw_grid(a.in_shape, labels.get("input", {}), labels.get("input"), title="input", ax=top)
    draw_grid(
        a.out_shape, labels.get("output", {}), labels.get("output"),
        title="output", colour="#9ad1d4", ax=bottom,
    )  # fmt: skip
    draw_matrix(a, ax=matrix.subplots())
    draw_graph(a, ax=graph.subplots())
    return figure


def save(ax: Axes, file: BinaryIO, kind: str) -> None:
    """Write the figure of a drawing as ``svg`` or ``png`` and close it."""
    figure: Any = ax.figure
    figure.savefig(file, format=kind, dpi=150)
    pyplot().close(figure)


def _labels(names: Any) -> dict[str, dict[Element, str]]:
    """The names of elements a side, or `GeometryError` where they are of none."""
    given = {} if names is None else names
    if not isinstance(given, dict) or not given.keys() <= {"input", "output"}:
        raise GeometryError(
            f"names are by side, {{'input': {{(0, 0, 0): 'a'}}, 'output': ...}}, got {names!r:.60}"
        )
    return given


def _heights(n: int) -> np.ndarray[Any, Any]:
    return np.linspace(0, 1, n) if n > 1 else np.array([0.5])


def _cell(element: Element) -> tuple[int, int]:
    position = (0, *element[1:])[-2:]
    return position[0], position[1]


def _position(element: Element, shape: tuple[int, ...]) -> Element:
    return element[1:] if shape[0] == 1 else element
