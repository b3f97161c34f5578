"""Connectivity graphs as files, by NetworkX's own writers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from convmatrix.maps import Map
from convmatrix.writers.files import suffix_of, target

if TYPE_CHECKING:
    from networkx import DiGraph

__all__ = ["GRAPH_FORMATS", "write_graph"]


def _graphml(graph: DiGraph, file: BinaryIO) -> None:
    from networkx import write_graphml

    write_graphml(graph, file, named_key_ids=True)


def _gexf(graph: DiGraph, file: BinaryIO) -> None:
    from networkx import write_gexf

    write_gexf(graph, file)


def _gml(graph: DiGraph, file: BinaryIO) -> None:
    from networkx import write_gml

    write_gml(graph, file)


def _json(graph: DiGraph, file: BinaryIO) -> None:
    from networkx import node_link_data

    file.write(json.dumps(node_link_data(graph, edges="edges")).encode())


def _cytoscape(graph: DiGraph, file: BinaryIO) -> None:
    from networkx import cytoscape_data

    file.write(json.dumps(cytoscape_data(graph)).encode())


def _csv(graph: DiGraph, file: BinaryIO) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    weighted = any("weight" in data for _, _, data in graph.edges(data=True))
    table = csv.writer(text)
    table.writerow(["source", "target", "tap", *(["weight"] if weighted else [])])
    for source, sink, data in graph.edges(data=True):
        table.writerow([source, sink, data["tap"], *([data["weight"]] if weighted else [])])
    text.detach()


_WRITERS: dict[str, Callable[[DiGraph, BinaryIO], None]] = {
    "graphml": _graphml,
    "gexf": _gexf,
    "gml": _gml,
    "json": _json,
    "cyjs": _cytoscape,
    "csv": _csv,
}

GRAPH_FORMATS = (*_WRITERS, "svg", "png")


def write_graph(a: Map, path: str | Path, *, format: str | None = None) -> None:  # noqa: A002
    """Write the connectivity graph of a map; the format by `path`'s suffix, or as given.

    ``graphml``, ``gexf``, ``gml``, ``json`` (node-link), ``cyjs`` (Cytoscape), ``csv`` (an edge a
    line), or a drawing ``svg``, ``png``. Path ``-`` is standard output.
    """
    kind = suffix_of(path, format, GRAPH_FORMATS)
    if kind in _WRITERS:
        graph = a.to_networkx()
        with target(path) as file:
            _WRITERS[kind](graph, file)
        return
    from convmatrix.draw import draw_graph, save

    drawn = draw_graph(a)
    with target(path) as file:
        save(drawn, file, kind)
