"""A map in a notebook without a widget: a static picture, which exported notebooks keep."""

from __future__ import annotations

from html import escape
from typing import Any

from convmatrix.maps import Map

__all__ = ["still"]

MOST_ENTRIES = 3_000
"""Above so many connections only the words are shown."""
SIDE = 320
RAMP = ("#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#fde725")


def still(A: Map) -> str:
    """The map as HTML: its name, and its matrix with a colour a tap where that is not too large.

    >>> import convmatrix as cm
    >>> still(cm.conv1d(1, 1, 2).on(3)).count("<rect")
    5
    """
    name = escape(repr(A))
    if A.is_symbolic:
        return f"<code>{name}</code>"
    rows, columns = A.shape
    if A.nnz > MOST_ENTRIES or not A.nnz:
        hint = "; .explore() shows a window of them" if A.nnz else ""
        return f"<code>{name}</code><br><small>{A.counted()}{hint}</small>"
    return f"<code>{name}</code><br>{_picture(A, rows, columns)}"


def _picture(A: Map, rows: int, columns: int) -> str:
    pattern = A.pattern
    cell = max(1.0, min(14.0, SIDE / max(rows, columns)))
    kinds = sorted(set(pattern.tap.tolist()))
    colour = {tap: _colour(j, len(kinds)) for j, tap in enumerate(kinds)}
    width, height = columns * cell, rows * cell
    told = f"{A.entries:,} entries, {A.counted()}"
    label = escape(f"matrix {rows}×{columns}, {told}, a colour a tap")
    entries = "".join(
        f'<rect x="{c * cell:g}" y="{r * cell:g}" width="{cell:g}" height="{cell:g}" '
        f'fill="{colour[t]}"/>'
        for r, c, t in _triples(pattern)
    )
    return (
        f'<svg role="img" aria-label="{label}" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}"><rect width="100%" height="100%" fill="none" '
        f'stroke="#888"/>{entries}</svg>'
    )


def _triples(pattern: Any) -> Any:
    return zip(pattern.rows.tolist(), pattern.indices.tolist(), pattern.tap.tolist(), strict=True)


def _colour(place: int, count: int) -> str:
    return RAMP[round((len(RAMP) - 1) * place / max(1, count - 1))]
