"""Graphs for Pajek: numbered vertices with places, and arcs with values."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from convmatrix.errors import GeometryError
from convmatrix.graphs.places import places_of
from convmatrix.graphs.table import GraphTable, Space, as_list
from convmatrix.typing import Array

__all__ = ["write_pajek"]


def write_pajek(table: GraphTable, file: BinaryIO) -> None:
    """Vertices `number "id" x y` with x and y from 0 to 1, and arcs `from to weight l "tap"`: the
    tap is the arc's label, the weight 1 where there is none."""
    if dict(table.fields).get("weight") == "string":
        raise GeometryError("complex weights do not go into this file; write .csv or .json")
    starts = _vertices(table, file)
    file.write(b"*Arcs\n")
    weighted = [name for name, _ in table.fields].index("weight") if len(table.fields) > 1 else None
    for edges in table.edges():
        ends = [
            _numbers(table, space, flat) + starts[space]
            for space, flat in ((edges.source, edges.sources), (edges.target, edges.targets))
        ]
        taps = as_list(edges.columns[0])
        weights = [1] * len(taps) if weighted is None else as_list(edges.columns[weighted])
        rows = zip(*(end.tolist() for end in ends), weights, taps, strict=True)
        lines = (
            f'{source} {target} {weight!r} l "{tap}"\n' for source, target, weight, tap in rows
        )
        file.write("".join(lines).encode())


def _vertices(table: GraphTable, file: BinaryIO) -> dict[Space, int]:
    """Write the vertices; the number of each space's first."""
    file.write(f"*Vertices {table.node_count}\n".encode())
    places = places_of(table)
    corners = [places(space, np.array([space.size - 1])) for space in table.spaces]
    scale = max(1.0, *(max(x, -y) for (x,), (y,) in corners))
    starts: dict[Space, int] = {}
    number = 1
    for space, flat in table.places():
        starts.setdefault(space, number)
        names, (xs, ys) = space.names(flat), places(space, flat)
        rows = zip(range(number, number + len(flat)), names, xs, ys, strict=True)
        file.write("".join(
            f'{n} "{name}" {x / scale:.6f} {-y / scale:.6f} ellipse\n' for n, name, x, y in rows
        ).encode())  # fmt: skip
        number += len(flat)
    return starts


def _numbers(table: GraphTable, space: Space, flat: Array) -> Array:
    """Which of its space's vertices an element is."""
    return flat if table.kept is None else np.searchsorted(table.kept[space], flat)
