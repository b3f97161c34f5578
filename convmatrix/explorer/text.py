"""The explorer in a terminal: grids and matrix in Unicode."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from convmatrix.shapes import times, unravel

__all__ = ["text"]

GLYPHS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOST_GLYPHS = 72
"""Above so many rows or columns the matrix is drawn in dots."""
MOST_CELLS = 400
"""Above so many elements a grid is only named."""
DOTS = 100
"""Width and height of a matrix in dots, in characters at most."""


def text(told: dict[str, Any]) -> str:
    """What `describe` returns, drawn: input and output grids, and the matrix, a glyph a tap.

    >>> import convmatrix as cm
    >>> from convmatrix.explorer import describe
    >>> print(text(describe(cm.conv1d(1, 1, 3, padding=1, weight=[[[1, 0, -1]]]), 4)))
    input 1×4
      ┌───┬───┬───┬───┐
      │ 1 │ 2 │ 3 │ 4 │
      └───┴───┴───┴───┘
    output 1×4
      ┌────┬────┬────┬────┐
      │ -2 │ -2 │ -2 │  3 │
      └────┴────┴────┴────┘
    matrix 4×4, a glyph a tap: 0 is the kernel's first
      12··
      012·
      ·012
      ··01
    """
    values = told["values"] or {}
    parts = [
        *_grid("input", told["in_shape"], values.get("x")),
        *_grid("output", told["out_shape"], values.get("y")),
        *_matrix(told),
    ]
    return "\n".join(parts)


def _grid(name: str, shape: list[int], values: list[str] | None) -> list[str]:
    title = f"{name} {times(shape)}"
    if values is None or len(values) > MOST_CELLS:
        return [title]
    rows, columns = [1, *shape[1:]][-2:] if len(shape) > 1 else (1, shape[0])
    each = rows * columns
    width = max(map(len, values)) + 2
    lines = [title]
    for slab in range(len(values) // each):
        if len(values) > each:
            place = unravel(slab * each, shape)[: -2 if len(shape) > 2 else -1]
            lines.append(f"  channel {', slice '.join(map(str, place))}")
        lines.append(_rule("┌┬┐", columns, width))
        for row in range(rows):
            start = slab * each + row * columns
            cells = (value.rjust(width - 1) + " " for value in values[start : start + columns])
            lines.append(f"  │{'│'.join(cells)}│")
            if row + 1 < rows:
                lines.append(_rule("├┼┤", columns, width))
        lines.append(_rule("└┴┘", columns, width))
    return lines


def _rule(ends: str, columns: int, width: int) -> str:
    return f"  {ends[0]}{ends[1].join(['─' * width] * columns)}{ends[2]}"


def _matrix(told: dict[str, Any]) -> list[str]:
    part = told["connections"]
    if part is None:
        kind = "connections" if len(told["weights"]) == 1 else "paths"
        return [f"{told['paths']:,} {kind}, too many to draw"]
    rows, columns = prod(map(len, part["out"])), prod(map(len, part["in"]))
    place = np.repeat(np.arange(rows), np.diff(part["indptr"]))
    taps = np.array((part["digits"] or [part["tap"]])[0], np.int64)
    shape = told["weights"][0]["shape"]
    window = prod(shape[2:]) if told["weights"][0]["free"] else prod(shape)
    if max(rows, columns) > MOST_GLYPHS or window > len(GLYPHS):
        title = f"matrix {rows}×{columns}, dots where entries are"
        lines = _dots(rows, columns, place, np.array(part["indices"], np.int64))
    else:
        title = f"matrix {rows}×{columns}, a glyph a tap: 0 is the kernel's first"
        cells = np.full((rows, columns), "·")
        for r, c, t in zip(place, part["indices"], taps % max(1, window), strict=True):
            cells[r, c] = GLYPHS[t] if cells[r, c] == "·" else "*"
        lines = ["".join(line) for line in cells]
        title += ", * several" if "*" in cells else ""
    if not part["whole"]:
        title += f" (a window of {times(told['shape'])})"
    return [title, *(f"  {line}" for line in lines)]


def _dots(rows: int, columns: int, r: Any, c: Any) -> list[str]:
    """Braille: two dots across and four down in a character, scaled to fit."""
    scale = max(1.0, columns / (2 * DOTS), rows / (4 * DOTS / 2))
    across, down = int(np.ceil(columns / scale / 2)), int(np.ceil(rows / scale / 4))
    x, y = (c / scale).astype(int), (r / scale).astype(int)
    bits = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
    cells = np.zeros((down, across), int)
    np.bitwise_or.at(cells, (y // 4, x // 2), bits[y % 4, x % 2])
    return ["".join(chr(0x2800 + code) for code in line) for line in cells]
