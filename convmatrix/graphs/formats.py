"""Graphs as text, written some nodes and edges at a time; what NetworkX reads back is equal,
but for the places that files for Gephi have.

A block of lines is one template, repeated, filled by one `%`: that is what makes it fast.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from math import isfinite
from typing import Any, BinaryIO
from xml.sax.saxutils import escape

import numpy as np

from convmatrix.errors import TooLargeError
from convmatrix.graphs.pajek import write_pajek
from convmatrix.graphs.places import places_of
from convmatrix.graphs.table import Edges, GraphTable, Names, as_list, as_objects

__all__ = ["FORMATS"]

MOST_KEPT = 1 << 18
"""Texts of edge attributes kept at a time."""
MOST_SMALL = 500
"""Edges up to which Mermaid draws (its own limit) and a TikZ picture can be read."""


def _filled(template: str, columns: Iterable[Iterable[Any]]) -> bytes:
    """The template once for each row of the columns."""
    lists = [as_list(c) if isinstance(c, (list, np.ndarray)) else list(c) for c in columns]
    text: str = template * len(lists[0]) % tuple(chain.from_iterable(zip(*lists, strict=True)))
    return text.encode()


def _edge_lines(
    table: GraphTable, source: str, target: str, rest: Callable[[tuple[Any, ...]], str],
    number: str = "",
) -> Iterator[str]:  # fmt: skip
    """Lines of edges, some at a time: an id in the template `source`, one in `target`, and what
    `rest` makes of the attributes, once for each that occurs. `number` counts in front."""
    sources, targets = Names(table.spaces, source), Names(table.spaces, target)
    count = 0
    for edges in table.edges():
        if not len(edges.sources):
            continue
        parts = [
            sources.of(edges.source, edges.sources),
            targets.of(edges.target, edges.targets),
            _tails(edges.columns, rest),
        ]
        if number:
            numbers = range(count, count + len(edges.sources))
            parts.insert(0, [f'{number}"{j}"' for j in numbers])
            count += len(edges.sources)
        yield "".join(chain.from_iterable(zip(*parts, strict=True)))


def _tails(columns: list[Any], rest: Callable[[tuple[Any, ...]], str]) -> list[str]:
    """The text of each edge's attributes. Within some edges all others follow from the first, the
    tap: so there are few different texts."""
    taps = np.asarray(columns[0])
    if not len(taps):
        return []
    if taps.max() < MOST_KEPT:
        first = np.full(int(taps.max()) + 1, -1)
        first[taps[::-1]] = np.arange(len(taps))[::-1]
        inverse = taps
    else:
        _, first, inverse = np.unique(taps, return_index=True, return_inverse=True)
    places = first.tolist()
    picked = [
        column[places].tolist() if isinstance(column, np.ndarray) else [column[j] for j in places]
        for column in columns
    ]
    rows = zip(*picked, strict=True)
    made = [rest(row) if j >= 0 else "" for j, row in zip(places, rows, strict=True)]
    found: list[str] = as_objects(made)[inverse].tolist()
    return found


def _placed(table: GraphTable) -> Iterator[tuple[list[str], list[list[Any]]]]:
    """Ids and attributes of all nodes, and their places, some at a time."""
    places = places_of(table)
    for space, flat in table.places():
        yield space.names(flat), [*space.attributes(flat, table.layered), *places(space, flat)]


def _graphml(table: GraphTable, file: BinaryIO) -> None:
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
    file.write(("\n".join(lines) + "\n").encode())
    fields = [*(f"n{j}" for j in range(len(table.node_fields))), "x", "y"]  # Gephi takes x and y
    data = "".join(f'<data key="{field}">%s</data>' for field in fields)
    for names, columns in _placed(table):
        file.write(_filled(f'    <node id="%s">{data}</node>\n', [names, *columns]))
    data = "".join(f'<data key="e{j}">%s</data>' for j in range(len(table.fields)))
    # Of several edges between two nodes Gephi and yEd keep those whose ids differ.
    start, number = ("", "    <edge id=") if table.multi else ("    <edge", "")
    template = f">{data}</edge>\n"
    for text in _edge_lines(
        table, f'{start} source="%s"', ' target="%s"', lambda row: template % row, number
    ):
        file.write(text.encode())
    file.write(b"  </graph>\n</graphml>\n")


def _gexf(table: GraphTable, file: BinaryIO) -> None:
    plain = [(j, name, kind) for j, (name, kind) in enumerate(table.fields)
             if not (name == "weight" and kind != "string")]  # fmt: skip
    weight = next((j for j, (name, kind) in enumerate(table.fields)
                   if name == "weight" and kind != "string"), None)  # fmt: skip
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
    file.write(("\n".join(lines) + "\n").encode())
    values = "".join(f'<attvalue for="n{j}" value="%s" />' for j in range(len(table.node_fields)))
    place = '<viz:position x="%s" y="%s" z="0" />'
    template = f'      <node id="%s" label="%s"><attvalues>{values}</attvalues>{place}</node>\n'
    for names, columns in _placed(table):
        file.write(_filled(template, [names, names, *columns]))
    file.write(f'    </nodes>\n    <edges count="{table.count}">\n'.encode())
    values = "".join(f'<attvalue for="e{j}" value="%s" />' for j, _, _ in plain)
    heavy = "" if weight is None else ' weight="%s"'
    template = f"{heavy}><attvalues>{values}</attvalues></edge>\n"
    order = [*([] if weight is None else [weight]), *(j for j, _, _ in plain)]
    for text in _edge_lines(
        table, ' source="%s"', ' target="%s"',
        lambda row: template % tuple(row[j] for j in order), '      <edge id=',
    ):  # fmt: skip
        file.write(text.encode())
    file.write(b"    </edges>\n  </graph>\n</gexf>\n")


def _gml(table: GraphTable, file: BinaryIO) -> None:
    start = ["graph [", "  directed 1", *(["  multigraph 1"] if table.multi else [])]
    start += [f'  {name} "{value}"' for name, value in table.attributes.items()]
    file.write(("\n".join(start) + "\n").encode())
    strings = {"string": '"%s"'}
    data = "".join(f"\n    {n} {strings.get(k, '%s')}" for n, k in table.node_fields)
    starts, total = {}, 0
    for space in table.spaces:
        starts[space] = total
        total += space.size
    for space, flat in table.places():
        names, columns = space.names(flat), space.attributes(flat, table.layered)
        template = f'  node [\n    id %d\n    label "%s"{data}\n  ]\n'
        file.write(_filled(template, [flat + starts[space], names, *columns]))
    data = "".join(f"\n    {n} {strings.get(k, '%s')}" for n, k in table.fields)
    key = "\n    key %s" if table.multi else ""
    template = f"{key}{data}\n  ]\n"
    kinds = [kind for _, kind in table.fields]

    def rest(row: tuple[Any, ...]) -> str:
        values = (_gml_float(v) if k == "double" else v for v, k in zip(row, kinds, strict=True))
        return template % (*([row[0]] if table.multi else []), *values)

    for edges in table.edges():
        numbered = edges._replace(
            sources=edges.sources + starts[edges.source],
            targets=edges.targets + starts[edges.target],
        )  # fmt: skip
        file.write(_numbered(numbered, rest))
    file.write(b"]\n")


def _numbered(edges: Edges, rest: Callable[[tuple[Any, ...]], str]) -> bytes:
    """Edges of GML, whose ends are numbers."""
    template = "  edge [\n    source %d\n    target %d%s"
    return _filled(template, [edges.sources, edges.targets, _tails(edges.columns, rest)])


def _gml_float(value: float) -> str:
    """As GML wants it: always with a point, capital E."""
    text = repr(float(value)).upper()
    if not isfinite(value):
        return {"INF": "+INF", "-INF": "-INF"}.get(text, "NAN")
    mantissa, e, exponent = text.partition("E")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}{e}{exponent}"


def _dot(table: GraphTable, file: BinaryIO) -> None:
    start = ["digraph {", *(f'  {n}="{v}";' for n, v in table.attributes.items())]
    file.write(("\n".join(start) + "\n").encode())
    data = ", ".join(f'{name}="%s"' if kind == "string" else f"{name}=%s"
                     for name, kind in table.node_fields)  # fmt: skip
    for names, columns in table.nodes():
        file.write(_filled(f"  %s [{data}];\n", [names, *columns]))
    data = ", ".join(f'{name}="%s"' for name, _ in table.fields)
    for text in _edge_lines(table, "  %s -> ", "%s", lambda row: f" [{data}];\n" % row):
        file.write(text.encode())
    file.write(b"}\n")


def _jsons(column: Any, kind: str) -> Iterable[Any]:
    """Values as JSON writes them."""
    values = as_list(column)
    if kind == "long":
        return values
    if kind == "double" and all(map(isfinite, values)):
        return map(repr, values)
    return map(json.dumps, values)


def _objects(file: BinaryIO, blocks: Iterable[list[Iterable[Any]]], template: str) -> None:
    """The rows of blocks of columns as JSON objects, with commas between."""
    between = b""
    for columns in blocks:
        file.write(between + _filled(template + ",\n", columns)[:-2])
        between = b",\n"


def _json(table: GraphTable, file: BinaryIO) -> None:
    multi = json.dumps(table.multi)
    file.write(f'{{"directed": true, "multigraph": {multi}, '
               f'"graph": {json.dumps(table.attributes)}, "nodes": [\n'.encode())  # fmt: skip
    fields = table.node_fields
    data = ", ".join(f'"{name}": %s' for name, _ in fields)
    _objects(file, ([*_by_kind(c, fields), names] for names, c in table.nodes()),
             f'{{{data}, "id": "%s"}}')  # fmt: skip
    file.write(b'\n], "edges": [\n')
    _json_edges(table, file, '{"source": "%s", ', "")
    file.write(b"\n]}\n")


def _json_edges(table: GraphTable, file: BinaryIO, start: str, end: str) -> None:
    """Edges as JSON objects, with commas between."""
    data = ", ".join(f'"{name}": %s' for name, _ in table.fields)
    key = ', "key": %s' if table.multi else ""
    template = f"{data}{key}}}{end}"

    def rest(row: tuple[Any, ...]) -> str:
        values = map(json.dumps, row)
        return template % (*values, *([row[0]] if table.multi else []))

    first = True
    for text in _edge_lines(table, f",\n{start}", '"target": "%s", ', rest):
        file.write(text[2 * first :].encode())
        first = False


def _by_kind(columns: list[Any], fields: tuple[tuple[str, str], ...]) -> list[Iterable[Any]]:
    return [_jsons(column, kind) for column, (_, kind) in zip(columns, fields, strict=True)]


def _cytoscape(table: GraphTable, file: BinaryIO) -> None:
    data = json.dumps(list(map(list, table.attributes.items())))
    multi = json.dumps(table.multi)
    file.write(f'{{"data": {data}, "directed": true, "multigraph": {multi}, '
               f'"elements": {{"nodes": [\n'.encode())  # fmt: skip
    fields = table.node_fields
    data = ", ".join(f'"{name}": %s' for name, _ in fields)
    template = f'{{"data": {{{data}, "id": "%s", "value": "%s", "name": "%s"}}}}'
    _objects(file, ([*_by_kind(c, fields), n, n, n] for n, c in table.nodes()), template)
    file.write(b'\n], "edges": [\n')
    _json_edges(table, file, '{"data": {"source": "%s", ', "}")
    file.write(b"\n]}}\n")


def _csv(table: GraphTable, file: BinaryIO) -> None:
    head = ["source", "target", *(name for name, _ in table.fields)]
    file.write((",".join(head) + "\n").encode())
    template = ",%s" * len(table.fields) + "\n"
    for text in _edge_lines(table, "%s,", "%s", lambda row: template % row):
        file.write(text.encode())


def _small(table: GraphTable, what: str) -> None:
    if table.count > MOST_SMALL:
        raise TooLargeError(
            f"{what} shows at most {MOST_SMALL} edges, this graph has {table.count}; show a part "
            f"of it (--window, or a smaller size), or write .graphml or .dot"
        )


def _mermaid(table: GraphTable, file: BinaryIO) -> None:
    _small(table, "a Mermaid diagram")
    file.write(b"flowchart LR\n")
    for names, _ in table.nodes():
        labels = [name.partition("_")[0] + " " + ",".join(name.split("_")[1:]) for name in names]
        file.write(_filled('  %s["%s"]\n', [names, labels]))
    for edges in table.edges():
        ends = [
            e.names(f) for e, f in ((edges.source, edges.sources), (edges.target, edges.targets))
        ]
        file.write(_filled('  %s -->|"%s"| %s\n', [ends[0], edges.columns[0], ends[1]]))


def _tikz(table: GraphTable, file: BinaryIO) -> None:
    _small(table, "a TikZ picture")
    lines = [
        "\\begin{tikzpicture}[x=3cm, y=-0.6cm, node/.style={circle, draw, inner sep=1.5pt, "
        "font=\\tiny}, tap/.style={->, >=stealth}]",
    ]
    for space, flat in table.places():
        shift = (len(flat) - 1) / 2
        for j, name in enumerate(space.names(flat)):
            label = "{,}".join(name.split("_")[1:])
            place = f"({space.layer},{j - shift:g})"
            lines.append(f"  \\node[node] ({name.replace('_', '-')}) at {place} {{${label}$}};")
    for edges in table.edges():
        sources, targets = edges.source.names(edges.sources), edges.target.names(edges.targets)
        for source, target, tap in zip(sources, targets, as_list(edges.columns[0]), strict=True):
            ends = source.replace("_", "-"), target.replace("_", "-")
            lines.append(
                f"  \\draw[tap] ({ends[0]}) -- node[font=\\tiny, near start, above] {{{tap}}} "
                f"({ends[1]});"
            )
    lines.append("\\end{tikzpicture}")
    file.write(("\n".join(lines) + "\n").encode())


FORMATS: dict[str, Callable[[GraphTable, BinaryIO], None]] = {
    "graphml": _graphml, "gexf": _gexf, "gml": _gml, "dot": _dot, "gv": _dot, "net": write_pajek,
    "json": _json, "cyjs": _cytoscape, "csv": _csv, "mmd": _mermaid, "tex": _tikz,
}  # fmt: skip
"""What writes a graph as text, by suffix."""
