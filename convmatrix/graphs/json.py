"""Graphs as JSON: NetworkX's node-link data, and Cytoscape's."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, BinaryIO

from convmatrix.graphs.lines import edge_lines, filled
from convmatrix.graphs.table import GraphTable, as_list

__all__ = ["write_cytoscape", "write_json"]


def write_json(table: GraphTable, file: BinaryIO) -> None:
    """NetworkX's `node_link_data`: the edges under ``edges``, ids under ``id``."""
    multi = f'"multigraph": {json.dumps(table.multi)}'
    head = f'"directed": true, {multi}, "graph": {json.dumps(table.attributes)}'
    file.write(f'{{{head}, "nodes": [\n'.encode())
    _nodes(table, file, '{%s, "id": "%%s"}', 1)
    file.write(b'\n], "edges": [\n')
    _edges(table, file, '{"source": "%s", ', "")
    file.write(b"\n]}\n")


def write_cytoscape(table: GraphTable, file: BinaryIO) -> None:
    """NetworkX's `cytoscape_data`, which Cytoscape opens: each element's attributes under
    ``data``."""
    data = json.dumps(list(map(list, table.attributes.items())))
    head = f'"data": {data}, "directed": true, "multigraph": {json.dumps(table.multi)}'
    file.write(f'{{{head}, "elements": {{"nodes": [\n'.encode())
    _nodes(table, file, '{"data": {%s, "id": "%%s", "value": "%%s", "name": "%%s"}}', 3)
    file.write(b'\n], "edges": [\n')
    _edges(table, file, '{"data": {"source": "%s", ', "}")
    file.write(b"\n]}}\n")


def _nodes(table: GraphTable, file: BinaryIO, template: str, times: int) -> None:
    """Nodes as JSON objects, with commas between: their attributes in the template, and their id
    some times."""
    fields, between = table.node_fields, b""
    template = template % ", ".join(f'"{name}": %s' for name, _ in fields) + ",\n"
    for names, columns in table.nodes():
        values = [_values(c, kind) for c, (_, kind) in zip(columns, fields, strict=True)]
        file.write(between + filled(template, [*values, *[names] * times])[:-2])
        between = b",\n"


def _values(column: Any, kind: str) -> Iterable[Any]:
    """Values as JSON writes them."""
    return as_list(column) if kind == "long" else map(json.dumps, column)


def _edges(table: GraphTable, file: BinaryIO, start: str, end: str) -> None:
    """Edges as JSON objects, with commas between."""
    data = ", ".join(f'"{name}": %s' for name, _ in table.fields)
    key = ', "key": %s' if table.multi else ""
    template = f"{data}{key}}}{end}"

    def rest(row: tuple[Any, ...]) -> str:
        values = map(json.dumps, row)
        return template % (*values, *([row[0]] if table.multi else []))

    skip = len(",\n")
    for text in edge_lines(table, f",\n{start}", '"target": "%s", ', rest):
        file.write(text[skip:])
        skip = 0
