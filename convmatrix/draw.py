"""Figures with Matplotlib: each function takes `ax=` and returns the Axes it drew on."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from convmatrix.errors import GeometryError, MissingExtraError, TooLargeError
from convmatrix.maps import Map
from convmatrix.stencil import Element, unravel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convmatrix.analysis import NetworkSeparability
    from convmatrix.separable import Separability

__all__ = [
    "draw_energies", "draw_figure", "draw_graph", "draw_grid", "draw_matrix", "draw_separable",
    "draw_singular_values", "save",
]  # fmt: skip

MOST_EDGES = 5_000
"""Above this a drawing of single edges shows nothing but ink."""

GREY = "#8a8f98"


def _pyplot() -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "a drawing") from None
    return plt


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    return _pyplot().subplots(figsize=size, layout="constrained")[1] if ax is None else ax


def draw_matrix(a: Map, *, ax: Axes | None = None) -> Axes:
    """Draw the matrix, a colour a tap: the Toeplitz structure is its diagonals.

    Where a tap's id is its place in the kernel alone (many channels), colours repeat by kernel
    position.
    """
    pattern = a.pattern
    window = prod(a.leaves[-1].bound.tap_shape[2:]) or 1 if len(a.leaves) == 1 else pattern.nnz
    image = np.full(a.shape, np.nan)
    image[pattern.rows, pattern.indices] = pattern.tap % max(1, window)
    ax = _axes(ax, (6, 6 * max(0.25, min(1.0, a.shape[0] / a.shape[1]))))
    ax.imshow(image, cmap="turbo", interpolation="nearest", aspect="equal")
    ax.set(xlabel=f"input element ({_times(a.in_shape)})", ylabel=f"output ({_times(a.out_shape)})")
    ax.set_title(f"{_times(a.shape)} matrix, {a.nnz:,} connections, a colour a tap", fontsize=9)
    if max(a.shape) <= 40:
        ax.set_xticks(np.arange(-0.5, a.shape[1]), minor=True)
        ax.set_yticks(np.arange(-0.5, a.shape[0]), minor=True)
        ax.grid(which="minor", color="#dddddd", linewidth=0.5)
        ax.tick_params(which="minor", length=0)
    return ax


def draw_graph(a: Map, *, ax: Axes | None = None) -> Axes:
    """Draw the connectivity: inputs on the left, outputs on the right, an edge's colour its tap."""
    from matplotlib.collections import LineCollection

    if a.nnz > MOST_EDGES:
        raise TooLargeError(
            f"a drawing shows at most {MOST_EDGES} edges, this map has {a.nnz}; bind the layer to "
            f"a smaller input, or export the graph and open it in Gephi or Cytoscape"
        )
    rows, columns = a.shape
    ax = _axes(ax, (5, max(3.0, min(12.0, max(rows, columns) * 0.28))))
    pattern = a.pattern
    left, right = _heights(columns), _heights(rows)
    lines = np.empty((pattern.nnz, 2, 2))
    lines[:, 0, 0], lines[:, 1, 0] = 0.0, 1.0
    lines[:, 0, 1], lines[:, 1, 1] = left[pattern.indices], right[pattern.rows]
    edges = LineCollection(list(lines), array=pattern.tap, cmap="turbo", linewidths=0.9, alpha=0.8)
    ax.add_collection(edges)
    small = max(rows, columns) <= 60
    for x, heights, shape, align in (
        (0, left, a.in_shape, "right"),
        (1, right, a.out_shape, "left"),
    ):
        ax.scatter([x] * len(heights), heights, s=24 if small else 4, color="#222222", zorder=3)
        if small:
            for i, y in enumerate(heights):
                label = ",".join(map(str, _position(unravel(i, shape), shape)))
                ax.annotate(label, (x, y), (-6 if x == 0 else 6, 0), textcoords="offset points",
                            ha=align, va="center", fontsize=7)  # fmt: skip
    ax.set(xlim=(-0.25, 1.25), ylim=(1.04, -0.04))
    ax.set_title(f"input {_times(a.in_shape)}  →  output {_times(a.out_shape)}", fontsize=9)
    ax.axis("off")
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
    ax = _axes(ax, (0.45 * size[1] + 0.6, 0.45 * size[0] + 0.6))
    lights = {_cell(e) for e in lit}
    labels = {_cell(e): text for e, text in (names or {}).items()}
    for y in range(size[0]):
        for x in range(size[1]):
            face = colour if (y, x) in lights else "white"
            ax.add_patch(_pyplot().Rectangle((x, y), 1, 1, facecolor=face, edgecolor=GREY, lw=1))
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
    plot = _pyplot()
    labels = names or {}
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


MOST_TAPS = 15
"""Taps an axis up to which their values are written out."""


def draw_separable(verdict: Separability, *, ax: Axes | None = None) -> Axes:
    """Draw a kernel of two axes as the article does: kernel = column × row.

    One that is not separable is drawn as kernel ≈ column × row, its best separable kernel.
    """
    kernel = verdict.kernel
    if kernel.ndim != 2 or verdict.shape:
        raise GeometryError(f"the drawing is of one kernel of two axes, got shape {kernel.shape}")
    if verdict.factors is not None:
        sign, (column, row) = "=", verdict.factors
    elif verdict.separable is None:
        raise GeometryError("a kernel whose separability depends on symbols has no factors to draw")
    else:
        left, sigma, right = np.linalg.svd(kernel.astype(float))
        sign, column, row = "≈", left[:, 0] * sigma[0], right[0]
    h, w = kernel.shape
    ax = _axes(ax, (0.55 * (2 * w + 4), 0.55 * (h + 1.6)))
    _cells(ax, kernel, (0, 0))
    ax.text(w + 0.7, h / 2, sign, ha="center", va="center", fontsize=18)
    _cells(ax, column[:, None], (w + 1.4, 0))
    ax.text(w + 3.1, h / 2, "×", ha="center", va="center", fontsize=18)
    _cells(ax, row[None, :], (w + 3.8, (h - 1) / 2))
    ax.set(xlim=(-0.1, 2 * w + 3.9), ylim=(h + 0.1, -0.9), aspect="equal")
    said = "separable" if verdict.separable else f"not separable, {verdict.distance:.2g} off"
    ax.set_title(f"{_times(kernel.shape)} kernel: {said}", fontsize=9)
    ax.axis("off")
    return ax


def _cells(ax: Axes, values: Any, corner: tuple[float, float]) -> None:
    """A grid of numbers from a corner on, the darker the larger."""
    sizes = np.array([[abs(complex(v)) if getattr(v, "is_number", True) else 0.0 for v in line]
                      for line in values])  # fmt: skip
    largest = sizes.max() or 1.0
    for (y, x), value in np.ndenumerate(values):
        negative = getattr(value, "is_number", True) and complex(value).real < 0
        strength = 0.65 * sizes[y, x] / largest
        tint = (
            (1 - strength, 1 - strength / 2, 1.0)
            if negative
            else (1.0, 1 - strength / 2, 1 - strength)
        )
        place = (corner[0] + x, corner[1] + y)
        ax.add_patch(_pyplot().Rectangle(place, 1, 1, facecolor=tint, edgecolor=GREY, lw=1))
        if max(values.shape) <= MOST_TAPS:
            text = f"{value:.3g}" if isinstance(value, (float, np.floating)) else str(value)
            ax.text(place[0] + 0.5, place[1] + 0.5, text, ha="center", va="center",
                    fontsize=9 if len(text) < 4 else 5 if len(text) > 6 else 7)  # fmt: skip


def draw_singular_values(verdict: Separability, *, ax: Axes | None = None) -> Axes:
    """Draw a kernel's singular values as bars, with the error of the best sum of so many terms."""
    sigma, errors = verdict.singular_values, verdict.errors
    ax = _axes(ax, (max(3.5, 0.5 * len(sigma) + 2), 3))
    places = np.arange(1, len(sigma) + 1)
    ax.bar(places, sigma / (sigma[0] or 1), color="#457b9d")
    for place, size, error in zip(places, sigma / (sigma[0] or 1), errors, strict=True):
        if len(sigma) <= MOST_TAPS:
            ax.annotate(f"{error:.1%}" if error > 1e-3 else f"{error:.0e}" if error else "0",
                        (place, size), (0, 2), textcoords="offset points", ha="center",
                        fontsize=7)  # fmt: skip
    ax.set(xlabel="term", ylabel="singular value / first", ylim=(0, 1.12))
    ax.set_xticks(places if len(sigma) <= MOST_TAPS else places[:: len(places) // 10])
    ax.set_title("singular values; above: error of the sum up to there", fontsize=9)
    return ax


def draw_energies(report: NetworkSeparability, *, ax: Axes | None = None) -> Axes:
    """Draw the energy of the kernels' first separable term, a line a layer: its median, its middle
    half and 5 to 95 %."""
    rows = report.layers
    ax = _axes(ax, (8, max(2.5, 0.2 * len(rows) + 1.2)))
    places = np.arange(len(rows))
    low, first, middle, third, high = np.array([row.energy for row in rows]).T
    ax.hlines(places, low, high, color=GREY, lw=1)
    ax.hlines(places, first, third, color="#457b9d", lw=5)
    ax.plot(middle, places, "o", color="#1d3557", ms=4)
    short = [r.name if len(r.name) <= 28 else f"…{r.name[-27:]}" for r in rows]
    names = [f"{name}  {_times(r.shape[2:])} {r.kind}" for name, r in zip(short, rows, strict=True)]
    ax.set_yticks(places, names, fontsize=6)
    ax.set(xlim=(min(0.3, low.min()), 1.01), ylim=(len(rows) - 0.5, -0.5))
    ax.set_xlabel("part of a kernel's energy in its best separable kernel (1 = separable)")
    ax.grid(axis="x", color="#dddddd", lw=0.5)
    return ax


def save(ax: Axes, file: BinaryIO, kind: str) -> None:
    """Write the figure of a drawing as ``svg`` or ``png`` and close it."""
    figure: Any = ax.figure
    figure.savefig(file, format=kind, dpi=150)
    _pyplot().close(figure)


def _heights(n: int) -> np.ndarray[Any, Any]:
    return np.linspace(0, 1, n) if n > 1 else np.array([0.5])


def _cell(element: Element) -> tuple[int, int]:
    position = (0, *element[1:])[-2:]
    return position[0], position[1]


def _position(element: Element, shape: tuple[int, ...]) -> Element:
    return element[1:] if shape[0] == 1 else element


def _times(shape: Iterable[int]) -> str:
    return "×".join(map(str, shape))
