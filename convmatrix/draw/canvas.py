"""What every drawing needs of Matplotlib, which is loaded when the first is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from convmatrix.errors import MissingExtraError, TooLargeError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["GREY", "MOST_EDGES", "lines_of", "make_axes", "pyplot", "save", "too_large"]

MOST_EDGES = 5_000
"""Above this a drawing of single edges shows nothing but ink."""

GREY = "#8a8f98"
"""Of lines that part, and do not say anything."""


def pyplot() -> Any:
    """Matplotlib's `pyplot`, or `MissingExtraError`."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "a drawing") from None
    return plt


def make_axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """The axes given, or those of a new figure, `(width, height)` in inches."""
    return pyplot().subplots(figsize=size, layout="constrained")[1] if ax is None else ax


def lines_of(ends: Any, **how: Any) -> Any:
    """Lines as one object, each an array `(point, x and y)`."""
    pyplot()  # which says so where there is no Matplotlib
    from matplotlib.collections import LineCollection

    return LineCollection(ends, **how)


def too_large(count: int, most: int = MOST_EDGES, what: str = "edges") -> TooLargeError:
    """The error of a graph that has more than a drawing shows."""
    return TooLargeError(
        f"a drawing shows at most {most} {what}, this graph has {count}; show a part of it "
        f"(window=[(0, 4), (0, 4)]), bind the layer to a smaller input, or "
        f"export the graph and open it in Gephi or Cytoscape"
    )


def save(ax: Axes, file: BinaryIO, kind: str) -> None:
    """Write the figure of a drawing as ``svg`` or ``png`` and close it."""
    figure: Any = ax.figure
    figure.savefig(file, format=kind, dpi=150)
    pyplot().close(figure)
