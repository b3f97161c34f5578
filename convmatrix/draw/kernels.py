"""Kernels: what they are the product of, and how separable they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.errors import GeometryError, printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from convmatrix.separable import NetworkSeparability, Separability

from convmatrix.draw.canvas import GREY, make_axes, pyplot
from convmatrix.shapes import times

__all__ = ["draw_energies", "draw_separable", "draw_singular_values"]

MOST_TAPS = 15
"""Taps an axis up to which their values are written out."""


def draw_separable(verdict: Separability, *, ax: Axes | None = None) -> Axes:
    """Draw a kernel of two axes as the article does: kernel = column × row.

    One that is not separable is drawn as kernel ≈ column × row, its best separable kernel; the
    title says how far off that is, as part of the kernel's norm. Values are written out up to 15
    an axis.

    `GeometryError` where the verdict is of many kernels, of other than two axes, or depends on
    symbols.
    """
    kernel = _verdict(verdict, "draw_separable").kernel
    if kernel.ndim != 2 or verdict.shape:
        raise GeometryError(f"the drawing is of one kernel of two axes, got shape {kernel.shape}")
    if verdict.factors is not None:
        sign, (column, row) = "=", verdict.factors
    elif verdict.separable is None:
        raise GeometryError("a kernel whose separability depends on symbols has no factors to draw")
    else:
        passes: Any = verdict.terms(1)[0].layers
        sign, (column, row) = "≈", [layer.weight.ravel() for layer in passes]
    h, w = kernel.shape
    ax = make_axes(ax, (0.55 * (2 * w + 4), 0.55 * (h + 1.6)))
    _cells(ax, kernel, (0, 0))
    ax.text(w + 0.7, h / 2, sign, ha="center", va="center", fontsize=18)
    _cells(ax, column[:, None], (w + 1.4, 0))
    ax.text(w + 3.1, h / 2, "×", ha="center", va="center", fontsize=18)
    _cells(ax, row[None, :], (w + 3.8, (h - 1) / 2))
    ax.set(xlim=(-0.1, 2 * w + 3.9), ylim=(h + 0.1, -0.9), aspect="equal")
    said = "separable" if verdict.separable else f"not separable, {verdict.distance:.2g} off"
    ax.set_title(f"{times(kernel.shape)} kernel: {said}", fontsize=9)
    ax.axis("off")
    return ax


def _cells(ax: Axes, values: Any, corner: tuple[float, float]) -> None:
    """A grid of numbers from a corner on, the darker the larger."""
    numbers = np.array([[_value(v) for v in line] for line in values])
    sizes = np.abs(numbers)
    largest = sizes.max() or 1.0
    for (y, x), value in np.ndenumerate(values):
        negative = numbers[y, x].real < 0
        strength = 0.65 * sizes[y, x] / largest
        tint = (1 - strength, 1 - strength / 2, 1.0)[:: 1 if negative else -1]
        place = (corner[0] + x, corner[1] + y)
        ax.add_patch(pyplot().Rectangle(place, 1, 1, facecolor=tint, edgecolor=GREY, lw=1))
        if max(values.shape) <= MOST_TAPS:
            rounded = isinstance(value, (float, complex, np.inexact))
            text = f"{value:.3g}" if rounded else str(value)
            ax.text(place[0] + 0.5, place[1] + 0.5, text, ha="center", va="center",
                    fontsize=9 if len(text) < 4 else 5 if len(text) > 6 else 7)  # fmt: skip


def _value(entry: Any) -> complex:
    """An entry as a number to shade by: 0 for symbols, infinite where it is too large."""
    if not getattr(entry, "is_number", True):
        return 0j
    try:
        return complex(entry)
    except OverflowError:
        return complex(np.finfo(float).max)


def draw_singular_values(verdict: Separability, *, ax: Axes | None = None) -> Axes:
    """Draw a kernel's singular values as bars, with the error of the best sum of so many terms."""
    _verdict(verdict, "draw_singular_values")
    sigma, errors = verdict.singular_values, verdict.errors
    ax = make_axes(ax, (max(3.5, 0.5 * len(sigma) + 2), 3))
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
    from convmatrix.separable import NetworkSeparability

    if not isinstance(report, NetworkSeparability):
        raise GeometryError(
            f"draw_energies takes what network_separability gives, got {report!r:.60}"
        )
    rows = report.layers
    ax = make_axes(ax, (8, max(2.5, 0.2 * len(rows) + 1.2)))
    places = np.arange(len(rows))
    low, first, middle, third, high = np.array([row.energy for row in rows]).T
    ax.hlines(places, low, high, color=GREY, lw=1)
    ax.hlines(places, first, third, color="#457b9d", lw=5)
    ax.plot(middle, places, "o", color="#1d3557", ms=4)
    shown = [printable(row.name) for row in rows]
    short = [name if len(name) <= 28 else f"…{name[-27:]}" for name in shown]
    names = [f"{name}  {times(r.shape[2:])} {r.kind}" for name, r in zip(short, rows, strict=True)]
    ax.set_yticks(places, names, fontsize=6, parse_math=False)
    ax.set(xlim=(min(0.3, low.min()), 1.01), ylim=(len(rows) - 0.5, -0.5))
    ax.set_xlabel("part of a kernel's energy in its best separable kernel (1 = separable)")
    ax.grid(axis="x", color="#dddddd", lw=0.5)
    return ax


def _verdict(given: Any, who: str) -> Separability:
    from convmatrix.separable import Separability

    if not isinstance(given, Separability):
        raise GeometryError(
            f"{who} takes a verdict, got {given!r:.60}; make one: separability(kernel)"
        )
    return given
