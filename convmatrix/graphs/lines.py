"""The lines of a graph's text, some at a time.

A block of lines is one template, repeated, filled by one `%`: that is what makes it fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, BinaryIO

import numpy as np

from convmatrix.graphs.table import GraphTable, Names, as_list, as_objects

__all__ = ["edge_lines", "filled", "tails", "write_lines"]

MOST_KEPT = 1 << 18
"""Texts of edge attributes kept at a time."""


def write_lines(file: BinaryIO, lines: Iterable[str]) -> None:
    """Write some lines: a head, a foot, or a small graph."""
    file.write("".join(f"{line}\n" for line in lines).encode())


def filled(template: str, columns: Iterable[Iterable[Any]]) -> bytes:
    """The template once for each row of the columns.

    >>> filled("%s=%d;", [["a", "b"], np.array([1, 2])])
    b'a=1;b=2;'
    """
    lists = [as_list(c) if isinstance(c, (list, np.ndarray)) else list(c) for c in columns]
    text: str = template * len(lists[0]) % tuple(chain.from_iterable(zip(*lists, strict=True)))
    return text.encode()


def edge_lines(
    table: GraphTable, source: str, target: str, rest: Callable[[tuple[Any, ...]], str],
    number: str = "",
) -> Iterator[bytes]:  # fmt: skip
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
            tails(edges.columns, rest),
        ]
        if number:
            numbers = range(count, count + len(edges.sources))
            parts.insert(0, [f'{number}"{j}"' for j in numbers])
            count += len(edges.sources)
        yield "".join(chain.from_iterable(zip(*parts, strict=True))).encode()


def tails(columns: list[Any], rest: Callable[[tuple[Any, ...]], str]) -> list[str]:
    """The text that `rest` makes of each edge's attributes. Within some edges all others follow
    from the first, the tap: so there are few different texts."""
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
