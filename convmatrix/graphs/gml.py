"""Graphs as GML, whose nodes are numbers with a label."""

from __future__ import annotations

from math import isfinite
from typing import Any, BinaryIO

from convmatrix.graphs.lines import filled, tails, write_lines
from convmatrix.graphs.table import GraphTable

__all__ = ["write_gml"]


def write_gml(table: GraphTable, file: BinaryIO) -> None:
    """A node an element, numbered through all spaces, its id its label; an edge names two numbers,
    and in a multigraph its tap as its key."""
    start = ["graph [", "  directed 1", *(["  multigraph 1"] if table.multi else [])]
    write_lines(file, [*start, *(f'  {n} "{value}"' for n, value in table.attributes.items())])
    starts, total = {}, 0
    for space in table.spaces:
        starts[space] = total
        total += space.size
    template = f'  node [\n    id %d\n    label "%s"{_fields(table.node_fields)}\n  ]\n'
    for space, flat in table.places():
        columns = space.attributes(flat, table.layered)
        file.write(filled(template, [flat + starts[space], space.names(flat), *columns]))
    data = f"{_fields(table.fields)}\n  ]\n"

    def rest(row: tuple[Any, ...]) -> str:
        pairs = zip(row, table.fields, strict=True)
        key = f"\n    key {row[0]}" if table.multi else ""
        return key + data % tuple(_float(v) if kind == "double" else v for v, (_, kind) in pairs)

    template = "  edge [\n    source %d\n    target %d%s"
    for edges in table.edges():
        sources, targets = (
            edges.sources + starts[edges.source],
            edges.targets + starts[edges.target],
        )
        file.write(filled(template, [sources, targets, tails(edges.columns, rest)]))
    file.write(b"]\n")


def _fields(fields: tuple[tuple[str, str], ...]) -> str:
    """The template of attributes; texts are quoted."""
    return "".join(f'\n    {n} "%s"' if kind == "string" else f"\n    {n} %s" for n, kind in fields)


def _float(value: float) -> str:
    """As GML wants it: always with a point, capital E."""
    text = repr(float(value)).upper()
    if not isfinite(value):
        return {"INF": "+INF", "-INF": "-INF"}.get(text, "NAN")
    mantissa, e, exponent = text.partition("E")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}{e}{exponent}"
