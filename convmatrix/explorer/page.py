"""A self-contained page: the summary, the grids, the matrix; no script, no outside request.

Pointing at an element or a matrix entry shows who it is connected to (as its SVG title).
"""

from __future__ import annotations

from html import escape
from math import prod
from typing import Any

from convmatrix.stencil import unravel

__all__ = ["page"]

CELL = 28
STYLE = """
:root { color-scheme: light dark; --ink: #1d2129; --paper: #fff; --line: #9aa1ab; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaee; --paper: #16181d; --line: #59606b; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
       max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
pre { overflow-x: auto; padding: 1rem; border: 1px solid var(--line); border-radius: 6px; }
figure { display: inline-block; margin: 0 2rem 1rem 0; vertical-align: top; max-width: 100%;
         overflow-x: auto; }
figcaption { font-size: 0.9em; margin-bottom: 0.4rem; }
svg { display: block; } rect { stroke: var(--line); } .none { fill: var(--paper); }
text { font: 10px system-ui, sans-serif; text-anchor: middle; fill: #16181d; pointer-events: none; }
rect:hover { stroke: var(--ink); stroke-width: 2; }
"""


def page(description: dict[str, Any]) -> str:
    """The page of what `describe` returns, as HTML text."""
    title = escape(description["layer"])
    connections = description["connections"]
    figures = (
        _figures(description, connections)
        if connections is not None
        else f"<p>{description['nnz']:,} connections are too many to draw one by one; bind the "
        f"layer to a smaller input to see them.</p>"
    )
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body>\n<h1>{title}</h1>\n"
        "<p>A convolution is a matrix. Each row of the matrix is an output element, each column an "
        "input element, each colour a kernel tap; the transposed convolution is the same picture "
        "read by columns. Point at a cell to see what it is connected to.</p>\n"
        f"<pre>{escape(description['text'])}</pre>\n{figures}\n"
        "</body></html>\n"
    )


def _figures(description: dict[str, Any], connections: dict[str, list[int]]) -> str:
    in_shape, out_shape = description["in_shape"], description["out_shape"]
    reads: list[list[str]] = [[] for _ in range(prod(out_shape))]
    feeds: list[list[str]] = [[] for _ in range(prod(in_shape))]
    rows = []
    for r, (low, high) in enumerate(
        zip(connections["indptr"], connections["indptr"][1:], strict=False)
    ):
        for j in range(low, high):
            c, t = connections["indices"][j], connections["tap"][j]
            rows.append((r, c, t))
            reads[r].append(f"{_name(c, in_shape)} through tap {t}")
            feeds[c].append(f"{_name(r, out_shape)} through tap {t}")
    return "\n".join(
        [
            _grids("input", in_shape, feeds, "feeds outputs"),
            _grids("output", out_shape, reads, "reads inputs"),
            _matrix(rows, in_shape, out_shape),
        ]
    )


def _name(flat: int, shape: list[int]) -> str:
    return f"({', '.join(map(str, unravel(flat, shape)))})"


def _grids(side: str, shape: list[int], links: list[list[str]], verb: str) -> str:
    """One grid a channel (and a slice, in 3-D); an element's title says what it is connected to."""
    height, width = ([1, *shape[1:]])[-2:]
    figures = []
    for slab in range(prod(shape) // (height * width)):
        cells = []
        for i in range(height * width):
            flat = slab * height * width + i
            x, y = i % width * CELL, i // width * CELL
            text = f"{side} {_name(flat, shape)} {verb}:\n" + ("\n".join(links[flat]) or "none")
            fill = 'class="none"' if not links[flat] else f'fill="{_shade(len(links[flat]))}"'
            cells.append(
                f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" {fill}>'
                f"<title>{escape(text)}</title></rect>"
                f'<text x="{x + CELL // 2}" y="{y + CELL // 2 + 4}">{len(links[flat])}</text>'
            )
        where = unravel(slab * height * width, shape)[: max(1, len(shape) - 2)]
        caption = f"{side}, channel {', slice '.join(map(str, where))}: connections of each element"
        figures.append(_figure(caption, width * CELL, height * CELL, cells))
    return "\n".join(figures)


def _matrix(rows: list[tuple[int, int, int]], in_shape: list[int], out_shape: list[int]) -> str:
    height, width = prod(out_shape), prod(in_shape)
    cell = max(2, min(CELL // 2, 900 // max(height, width, 1)))
    taps = 1 + max((t for _, _, t in rows), default=0)
    cells = [
        f'<rect class="none" x="0" y="0" width="{width * cell}" height="{height * cell}"></rect>'
    ]
    for r, c, t in rows:
        text = f"output {_name(r, out_shape)} reads input {_name(c, in_shape)} through tap {t}"
        cells.append(
            f'<rect x="{c * cell}" y="{r * cell}" width="{cell}" height="{cell}" '
            f'fill="{_colour(t, taps)}"><title>{escape(text)}</title></rect>'
        )
    return _figure(f"matrix, {height}×{width}", width * cell, height * cell, cells)


def _figure(caption: str, width: int, height: int, cells: list[str]) -> str:
    return (
        f"<figure><figcaption>{escape(caption)}</figcaption>"
        f'<svg role="img" aria-label="{escape(caption)}" width="{width + 2}" height="{height + 2}" '
        f'viewBox="-1 -1 {width + 2} {height + 2}">{"".join(cells)}</svg></figure>'
    )


def _colour(tap: int, taps: int) -> str:
    return f"hsl({round(360 * tap / max(1, taps))} 70% 60%)"


def _shade(count: int) -> str:
    return f"hsl(205 70% {max(45, 92 - 4 * count)}%)"
