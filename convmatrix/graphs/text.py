"""Graphs as text to be read or compiled: DOT and CSV, and of small ones Mermaid and TikZ."""

from __future__ import annotations

from typing import BinaryIO

from convmatrix.errors import TooLargeError
from convmatrix.graphs.lines import edge_lines, filled, write_lines
from convmatrix.graphs.table import GraphTable, as_list

__all__ = ["write_csv", "write_dot", "write_mermaid", "write_tikz"]

MOST_SMALL = 500
"""Edges up to which Mermaid draws (its own limit) and a TikZ picture can be read."""


def write_dot(table: GraphTable, file: BinaryIO) -> None:
    """A node an element, with its attributes; an edge's are text."""
    write_lines(file, ["digraph {", *(f'  {n}="{v}";' for n, v in table.attributes.items())])
    data = ", ".join(f'{name}="%s"' if kind == "string" else f"{name}=%s"
                     for name, kind in table.node_fields)  # fmt: skip
    for names, columns in table.nodes():
        file.write(filled(f"  %s [{data}];\n", [names, *columns]))
    data = ", ".join(f'{name}="%s"' for name, _ in table.fields)
    file.writelines(edge_lines(table, "  %s -> ", "%s", lambda row: f" [{data}];\n" % row))
    file.write(b"}\n")


def write_csv(table: GraphTable, file: BinaryIO) -> None:
    """A row an edge: the ids of its ends, and its attributes."""
    write_lines(file, [",".join(["source", "target", *(name for name, _ in table.fields)])])
    template = ",%s" * len(table.fields) + "\n"
    file.writelines(edge_lines(table, "%s,", "%s", lambda row: template % row))


def _small(table: GraphTable, what: str) -> None:
    if table.count > MOST_SMALL:
        raise TooLargeError(
            f"{what} shows at most {MOST_SMALL} edges, this graph has {table.count}; show a part "
            f"of it (window=[(0, 4), (0, 4)], or a smaller size), or write .graphml or .dot"
        )


def write_mermaid(table: GraphTable, file: BinaryIO) -> None:
    """A flowchart for Markdown, an edge's label its tap; `TooLargeError` above 500 edges."""
    _small(table, "a Mermaid diagram")
    write_lines(file, ["flowchart LR"])
    for names, _ in table.nodes():
        labels = [name.partition("_")[0] + " " + ",".join(name.split("_")[1:]) for name in names]
        file.write(filled('  %s["%s"]\n', [names, labels]))
    for edges in table.edges():
        sources, targets = edges.names()
        file.write(filled('  %s -->|"%s"| %s\n', [sources, edges.columns[0], targets]))


def write_tikz(table: GraphTable, file: BinaryIO) -> None:
    """A picture for LaTeX, a column a layer; `TooLargeError` above 500 edges."""
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
        for source, target, tap in zip(*edges.names(), as_list(edges.columns[0]), strict=True):
            ends = source.replace("_", "-"), target.replace("_", "-")
            lines.append(
                f"  \\draw[tap] ({ends[0]}) -- node[font=\\tiny, near start, above] {{{tap}}} "
                f"({ends[1]});"
            )
    lines.append("\\end{tikzpicture}")
    write_lines(file, lines)
