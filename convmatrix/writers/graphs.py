"""Connectivity graphs as files, streamed: memory does not grow with the number of edges."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from convmatrix.graphs import FORMATS, Edges, Window, graph_table
from convmatrix.layers.calling import public
from convmatrix.maps import Map
from convmatrix.maps.given import needs_map
from convmatrix.writers.files import suffix_of, target

__all__ = ["GRAPH_FORMATS", "write_graph"]

GRAPH_FORMATS = (*FORMATS, "svg", "png")


@public
def write_graph(
    a: Map,
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002
    view: str = "bipartite",
    axis: int = 0,
    window: Window | None = None,
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
    if kind in FORMATS:
        table = graph_table(a, view, axis, window)
        if progress is not None:
            edges = table.edges
            table = replace(table, edges=lambda: progress(edges(), table.count))
        how = {"merge": merge} if kind == "mtx" else {}
        write: Callable[[Any], None] = partial(FORMATS[kind], table, **how)
    else:
        from convmatrix.draw import draw_graph, save

        write = partial(save, draw_graph(a, view=view, axis=axis, window=window), kind=kind)
    with target(path) as file:
        if not zipped:
            write(file)
            return
        with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as inner:
            write(inner)
