"""Connectivity graphs as files, streamed: memory does not grow with the number of edges."""

from __future__ import annotations

import gzip
import operator
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from convmatrix.errors import GeometryError
from convmatrix.graphs.arrays import write_matrix_market, write_parquet
from convmatrix.graphs.formats import FORMATS
from convmatrix.graphs.table import Edges, GraphTable, Space
from convmatrix.graphs.views import graph_table, window_table
from convmatrix.layers.calling import public
from convmatrix.limits import check_memory
from convmatrix.maps import Map
from convmatrix.maps.given import needs_map
from convmatrix.pattern import index_dtype
from convmatrix.shapes import ravel
from convmatrix.typing import Array
from convmatrix.writers.files import suffix_of, target

__all__ = ["GRAPH_FORMATS", "table_of", "write_graph"]


_WRITERS: dict[str, Callable[[GraphTable, BinaryIO], None]] = {
    **FORMATS, "mtx": write_matrix_market, "parquet": write_parquet,
}  # fmt: skip

GRAPH_FORMATS = (*_WRITERS, "svg", "png")

FEW = 50
"""Where a window has so small a part of the outputs, it is found output by output."""


@public
def write_graph(
    a: Map,
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002
    view: str = "bipartite",
    axis: int = 0,
    window: Any = None,
    merge: bool = False,
    progress: Callable[[Iterator[Edges], int], Iterator[Edges]] | None = None,
) -> None:
    """Write the connectivity graph of a map; the format by `path`'s suffix, or as given.

    Parameters
    ----------
    path
        A file, which appears complete or not at all; ``-`` is standard output. A suffix ``.gz``
        behind the format's compresses.
    format
        ``graphml`` and ``gexf`` (with places, for Gephi), ``gml``, ``dot`` or ``gv``, ``net``
        (Pajek), ``json`` (node-link), ``cyjs`` (Cytoscape), ``csv`` and ``parquet`` (a row an
        edge), ``mtx`` (Matrix Market: row the target, column the source), ``mmd`` (Mermaid) and
        ``tex`` (TikZ) for small graphs, or a drawing ``svg``, ``png``.
        All name elements alike: ``x_0_1_2`` is input channel 0, row 1, column 2, ``y_…`` an output.
        Parquet's columns are ``source``, ``target`` (those ids), ``source_index``,
        ``target_index`` (flat, in C order), of several spaces ``from``, ``to`` (the ids' letters),
        ``tap`` and, of a layer with numbers, ``weight``.
    view, axis
        As `Map.to_networkx` takes them.
    window
        Of the views of elements, only the outputs in some ranges, one an axis, e.g.
        `[(0, 4), (0, 4)]`, and what they are connected with.
    merge
        Add up parallel edges, for ``mtx``, which cannot hold them.
    progress
        Wraps the edges that are written, given how many there are.

    Raises
    ------
    FileError
        Where the file cannot be written, or the suffix names no format.
    GeometryError
        Where the format cannot hold the graph; it says what would be lost.
    TooLargeError
        Where the graph is too large to be drawn.

    >>> import convmatrix as cm
    >>> write_graph(cm.conv1d(1, 1, 2).on(3), "-", format="csv")
    source,target,tap
    x_0_0,y_0_0,0
    x_0_1,y_0_0,1
    x_0_1,y_0_1,0
    x_0_2,y_0_1,1
    """
    needs_map(a, "write_graph")
    zipped = str(path).lower().endswith(".gz")
    kind = suffix_of(str(path)[:-3] if zipped else path, format, GRAPH_FORMATS)
    if kind not in _WRITERS:
        from convmatrix.draw import draw_graph, save

        drawn = draw_graph(a, view=view, axis=axis, window=window)
        with target(path) as file:
            _zipped(zipped, file, lambda out: save(drawn, out, kind))
        return
    table = table_of(a, view, axis, window)
    if progress is not None:
        edges = table.edges
        table = replace(table, edges=lambda: progress(edges(), table.count))
    write: Any = _WRITERS[kind]
    if kind == "mtx":
        write = partial(write, merge=merge)
    with target(path) as file:
        _zipped(zipped, file, lambda out: write(table, out))


def _zipped(zipped: bool, file: BinaryIO, write: Callable[[Any], None]) -> None:
    """Write into a file, compressed or not."""
    if not zipped:
        write(file)
        return
    with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as inner:
        write(inner)


def table_of(a: Map, view: str = "bipartite", axis: int = 0, window: Any = None) -> GraphTable:
    """The graph of a view of a map, or its part in a window."""
    table = graph_table(a, view, axis)
    if window is None:
        return table
    if view != "bipartite":
        raise GeometryError(
            f"a window is for view 'bipartite', got {view!r}; leave one of them out"
        )
    ranges = window_ranges(a, window)
    _, sink = table.spaces
    kept = prod((sink.shape[0], *(high - low for low, high in ranges)))
    index_dtype(sink.size)
    check_memory(40 * kept, f"a window of {kept} outputs", "a smaller window")
    grid = np.meshgrid(np.arange(sink.shape[0]), *(np.arange(*r) for r in ranges), indexing="ij")
    inside = np.unique(ravel(grid, sink.shape))
    if len(inside) * FEW < sink.size:
        return window_table(a, inside)

    def ends(space: Space) -> Array:
        return inside if space == sink else np.empty(0, np.int64)

    return table.part(lambda edges: np.isin(edges.targets, inside), ends)


def window_ranges(a: Map, window: Any) -> list[tuple[int, int]]:
    """A window of outputs, checked: `(start, stop)` an axis."""
    size = a.out_shape[1:]
    try:
        ranges = [(operator.index(low), operator.index(high)) for low, high in window]
    except (TypeError, ValueError):
        ranges = []
    fits = all(0 <= lo < hi <= n for (lo, hi), n in zip(ranges, size, strict=False))
    if len(ranges) != len(size) or not fits:
        raise GeometryError(
            f"a window is a (start, stop) for each of the output's axes {size}, got {window!r}"
        )
    return ranges
