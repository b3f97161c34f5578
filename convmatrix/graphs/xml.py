"""Graphs as XML, GraphML and GEXF: with places, for Gephi."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.sax.saxutils import escape

from convmatrix.graphs.lines import edge_lines, filled, write_lines
from convmatrix.graphs.places import places_of
from convmatrix.graphs.table import GraphTable

__all__ = ["write_gexf", "write_graphml"]


def _placed(table: GraphTable) -> Iterator[tuple[list[str], list[list[Any]]]]:
    """Ids and attributes of all nodes, and their places, some at a time."""
    places = places_of(table)
    for space, flat in table.places():
        yield space.names(flat), [*space.attributes(flat, table.layered), *places(space, flat)]


def write_graphml(table: GraphTable, file: BinaryIO) -> None:
    """An element's place is in its attributes ``x`` and ``y``, which Gephi takes."""
    keys = [
        *((f"g{j}", name, "string", "graph") for j, name in enumerate(table.attributes)),
        *((f"n{j}", name, kind, "node") for j, (name, kind) in enumerate(table.node_fields)),
        *((name, name, "double", "node") for name in ("x", "y")),
        *((f"e{j}", name, kind, "edge") for j, (name, kind) in enumerate(table.fields)),
    ]
    lines = [
        "<?xml version='1.0' encoding='utf-8'?>",
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns '
        'http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">',
        *(f'  <key id="{key}" for="{scope}" attr.name="{name}" attr.type="{kind}" />'
          for key, name, kind, scope in keys),
        '  <graph edgedefault="directed">',
        *(f'    <data key="g{j}">{escape(v)}</data>'
          for j, v in enumerate(table.attributes.values())),
    ]  # fmt: skip
    write_lines(file, lines)
    fields = [*(f"n{j}" for j in range(len(table.node_fields))), "x", "y"]
    data = "".join(f'<data key="{field}">%s</data>' for field in fields)
    for names, columns in _placed(table):
        file.write(filled(f'    <node id="%s">{data}</node>\n', [names, *columns]))
    data = "".join(f'<data key="e{j}">%s</data>' for j in range(len(table.fields)))
    # Of several edges between two nodes Gephi and yEd keep those whose ids differ.
    start, number = ("", "    <edge id=") if table.multi else ("    <edge", "")
    template = f">{data}</edge>\n"
    file.writelines(edge_lines(
        table, f'{start} source="%s"', ' target="%s"', lambda row: template % row, number
    ))  # fmt: skip
    file.write(b"  </graph>\n</graphml>\n")


def write_gexf(table: GraphTable, file: BinaryIO) -> None:
    """An element's place is its ``viz:position``, a weight that is a number its edge's own."""
    heavy = [j for j, (name, kind) in enumerate(table.fields)
             if name == "weight" and kind != "string"]  # fmt: skip
    plain = [(j, *field) for j, field in enumerate(table.fields) if j not in heavy]
    lines = [
        "<?xml version='1.0' encoding='utf-8'?>",
        '<gexf xmlns="http://www.gexf.net/1.2draft" xmlns:viz="http://www.gexf.net/1.2draft/viz" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="http://www.gexf.net/1.2draft '
        'http://www.gexf.net/1.2draft/gexf.xsd" version="1.2">',
        "  <meta><creator>convmatrix</creator></meta>",
        '  <graph defaultedgetype="directed" mode="static">',
        '    <attributes class="node" mode="static">',
        *(f'      <attribute id="n{j}" title="{name}" type="{kind}" />'
          for j, (name, kind) in enumerate(table.node_fields)),
        "    </attributes>",
        '    <attributes class="edge" mode="static">',
        *(f'      <attribute id="e{j}" title="{name}" type="{kind}" />' for j, name, kind in plain),
        "    </attributes>",
        f'    <nodes count="{table.node_count}">',
    ]  # fmt: skip
    write_lines(file, lines)
    values = "".join(f'<attvalue for="n{j}" value="%s" />' for j in range(len(table.node_fields)))
    place = '<viz:position x="%s" y="%s" z="0" />'
    template = f'      <node id="%s" label="%s"><attvalues>{values}</attvalues>{place}</node>\n'
    for names, columns in _placed(table):
        file.write(filled(template, [names, names, *columns]))
    file.write(f'    </nodes>\n    <edges count="{table.count}">\n'.encode())
    values = "".join(f'<attvalue for="e{j}" value="%s" />' for j, _, _ in plain)
    template = ' weight="%s"' * len(heavy) + f"><attvalues>{values}</attvalues></edge>\n"
    order = [*heavy, *(j for j, _, _ in plain)]
    file.writelines(edge_lines(
        table, ' source="%s"', ' target="%s"',
        lambda row: template % tuple(row[j] for j in order), '      <edge id=',
    ))  # fmt: skip
    file.write(b"    </edges>\n  </graph>\n</gexf>\n")
