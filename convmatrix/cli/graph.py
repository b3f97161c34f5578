"""`convmatrix graph`: who is connected to whom."""

from __future__ import annotations

import sys
from typing import Any

import click

import convmatrix as cm
from convmatrix.cli.asked import Asked
from convmatrix.cli.geometry import geometry, input_option, leave_out, model_argument
from convmatrix.cli.help import Verb
from convmatrix.cli.out import format_option, json_option, output_option, say, show, write
from convmatrix.errors import GeometryError, TooLargeError

__all__ = ["graph"]


@click.command(cls=Verb)
@output_option
@format_option
@click.option("--view", default="bipartite", show_default=True, metavar="VIEW",
              help="bipartite, layered, channels or axis.")  # fmt: skip
@click.option("--axis", default=0, show_default=True, help="Which axis the view axis shows.")
@click.option("--window", metavar="W", help="Only these outputs: 0:4x0:4, first:stop an axis.")
@click.option("--from", "source", metavar="ELEMENT", help="What an input element feeds: 0,1,1.")
@click.option("--to", "sink", metavar="ELEMENT", help="What an output element reads: 0,1,1.")
@click.option("--lazy", is_flag=True, help="Store nothing: compute what is asked for.")
@click.option("--merge", is_flag=True, help="Add up parallel edges, for .mtx.")
@click.option("--stats", is_flag=True, help="Degrees, dead inputs, checkerboard, gridding.")
@json_option
@model_argument
@input_option
@geometry
def graph(
    asked: Asked, output: str | None, format: str | None, view: str,  # noqa: A002
    axis: int, window: str | None, source: str | None, sink: str | None, lazy: bool, merge: bool,
    stats: bool, as_json: bool,
) -> int | None:  # fmt: skip
    """The connectivity graph, written (-o) or printed.

    -o writes .graphml .gexf .gml .dot .gv .net .json .cyjs .csv .parquet .mtx .mmd .tex, or draws
    .svg .png; with .gz behind it, compressed. With --from and --to: how many paths there are, exit
    1 if none.

    \b
    convmatrix graph --input 28x28 --stride 2 -o graph.graphml
    convmatrix graph --to 0,1,1
    """  # noqa: D301 - click's mark of a paragraph that is not wrapped
    question = "--stats" if stats else "--from" if source else "--to" if sink else None
    if question and (output is not None or window is not None):
        raise GeometryError(f"{question} prints; leave -o and --window out (--json prints JSON)")
    if question:
        leave_out("view", "axis", "format", "merge", "lazy", why=f"with {question}")
    if stats:
        leave_out("source", "sink", why="with --stats")
    if view != "axis":
        leave_out("axis", why="without --view axis")
    if output is None and not as_json:
        leave_out("format", "merge", why="without -o")
    if output is not None or window is not None:
        leave_out("lazy", why="where nothing is stored anyway")
    A = asked.map()
    if stats:
        found = cm.connectivity(A)
        show(found.to_dict(), str(found), as_json)
        return None
    if source is not None or sink is not None:
        return _ends(A, source, sink, as_json)
    ranges = None if window is None else _window(window)
    if output is not None or as_json:
        _write_graph(A, output or "-", format or (None if output else "json"),
                     view=view, axis=axis, window=ranges, merge=merge)  # fmt: skip
        return None
    if ranges is None and sum(A.shape) + A.nnz > MOST_PRINTED:
        raise TooLargeError(
            f"a graph of {sum(A.shape):,} elements, {A.counted()}, is too large to print; "
            f"write it with -o, or ask for a part with --window, --from or --to"
        )
    network = A.to_networkx(view, lazy=lazy, axis=axis) if ranges is None else None
    if network is None:
        from convmatrix.graphs import graph_table, to_networkx

        network = to_networkx(graph_table(A, view, axis, ranges))
    for start, end, data in network.edges(data=True):
        (name, value), *_ = data.items()
        write(f"{start} → {end} {name} {value}")
    return None


MOST_PRINTED = 1_000_000
"""Elements and connections together; NetworkX holds them all first."""


def _write_graph(A: Any, output: str, format: str | None, **how: Any) -> None:  # noqa: A002
    from convmatrix.writers import write_graph

    written, how_written = 0, format

    def watched(edges: Any, count: int) -> Any:
        nonlocal written
        if count < 1_000_000:
            for block in edges:
                written += len(block.sources)
                yield block
            return
        with click.progressbar(length=count, label="writing edges", file=sys.stderr) as bar:
            for block in edges:
                written += len(block.sources)
                yield block
                bar.update(len(block.sources))

    write_graph(A, output, format=format, progress=watched, **how)
    if output != "-":
        whole = how["view"] == "bipartite" and how["window"] is None
        what = f"{sum(A.shape):,} elements, {A.counted()}"
        kind = (how_written or output).lower().removesuffix(".gz").rsplit(".", 1)[-1]
        edges = "a drawing" if kind in ("svg", "png") else f"{written:,} edges"
        say(f"wrote {output}: {what if whole else edges}")


def _window(text: str) -> list[tuple[int, int]]:
    """`0:4x0:4` as ranges."""
    try:
        parts = [part.split(":") for part in text.replace(",", "x").split("x")]
        return [(int(low), int(high)) for low, high in parts]
    except ValueError:
        raise GeometryError(
            f"--window takes first:stop an axis with x between, e.g. 0:4x0:4, got {text!r}"
        ) from None


def _element(text: str, option: str, letter: str) -> tuple[int, ...]:
    """`0,1,1`, or a node's id, whose letter must be the side's."""
    parts = text.replace("_", ",").split(",")
    if parts[0].isalpha() and parts[0] != letter:
        raise GeometryError(
            f"{option} takes an element of the side {letter}, e.g. {letter}_0_1_1, got {text!r}"
        )
    try:
        return tuple(map(int, parts[1:] if parts[0].isalpha() else parts))
    except ValueError:
        raise GeometryError(
            f"{option} takes an element channel,y,x (or a node's id), e.g. 0,1,1, got {text!r}"
        ) from None


def _ends(A: Any, source: str | None, sink: str | None, as_json: bool) -> int:
    """What an input feeds, what an output reads, or the paths between both."""
    diagram = A.diagram
    letters = diagram.letters[diagram.input], diagram.letters[diagram.output]
    start = None if source is None else _element(source, "--from", letters[0])
    end = None if sink is None else _element(sink, "--to", letters[1])
    if start is not None and end is not None:
        paths = A.path_count(start, end)
        data = {"from": list(start), "to": list(end), "paths": paths}
        show(data, f"{paths} path{'' if paths == 1 else 's'}", as_json)
        return 0 if paths else 1
    links = A.outputs_of(start) if start is not None else A.inputs_of(end)
    data = {"from" if start is not None else "to": list(start or end or ()),
            "links": [{"element": list(e), "tap": t} for e, t in links]}  # fmt: skip
    lines = [f"{','.join(map(str, e))} tap {t}" for e, t in links]
    show(data, "\n".join(lines) or "nothing", as_json)
    return 0
