"""What a view of a map takes, before it is built: bytes at most, and bytes that are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import prod
from typing import NamedTuple

import numpy as np

from convmatrix.diagram import Diagram
from convmatrix.leaf import Leaf
from convmatrix.maps.counting import counts_everywhere, entries_of, total
from convmatrix.maps.intervals import most_entries
from convmatrix.pattern import SCRATCH, index_dtype
from convmatrix.triples import pattern_bytes

__all__ = ["Need", "about_entries", "csr_bytes", "matrix_need", "pattern_need"]


class Need(NamedTuple):
    """Bytes: at the worst moment, and of what stays when it is done."""

    peak: int
    kept: int


def csr_bytes(rows: int, columns: int, entries: int, *sizes: int) -> int:
    """The bytes of CSR arrays with so many entries, each of them an index and items of `sizes`."""
    index = np.dtype(index_dtype(rows, columns, entries)).itemsize
    return (rows + 1) * index + entries * (index + sum(sizes))


def about_entries(diagram: Diagram) -> int:
    """How many entries the matrix has, or about how many it may have at most."""
    found = entries_of(diagram)
    if found is not None:
        return found
    return min(prod(diagram.in_shape) * prod(diagram.out_shape), most_entries(diagram))


def matrix_need(diagram: Diagram, size: int) -> Need:
    """What building the matrix takes, with values of `size` bytes."""
    from convmatrix.views.matrix import matrix_bytes

    columns = prod(diagram.in_shape)

    def result(space: int) -> int:
        rows = prod(diagram.shapes[space])
        return csr_bytes(rows, columns, about_entries(diagram.until(space)), size)

    return _along(diagram, lambda leaf: matrix_bytes(leaf.geometry, size), result)


def pattern_need(diagram: Diagram, nnz: int) -> Need:
    """What building the pattern of so many triples takes."""
    columns, found = prod(diagram.in_shape), counts_everywhere(diagram)

    def result(space: int) -> int:
        paths = nnz if found is None else total(found.get(space, []))
        return csr_bytes(prod(diagram.shapes[space]), columns, paths, 8)

    need = _along(diagram, lambda leaf: pattern_bytes(leaf.geometry, leaf.geometry.nnz), result)
    return Need(need.peak + SCRATCH, need.kept)


def _along(diagram: Diagram, own: Callable[[Leaf], int], result: Callable[[int], int]) -> Need:
    """The need of a walk: what it holds at each application, while a leaf's own form is made and
    what has come to it goes through. `own` and `result` are bytes, of a leaf and at a space."""
    left = Counter(space for each in diagram.applications for space, _ in each.sources)
    held, peak = {diagram.input: 0}, 0
    for leaf, back, _, sources, targets in diagram.applications:
        arrived = sum(held.get(space, 0) for space, _ in sources)
        joined = 4 * arrived * (len(sources) > 1)  # as triples, sorted
        peak = max(peak, sum(held.values()) + joined)
        left.subtract(space for space, _ in sources)
        for space, _ in sources:
            if not left[space]:
                held.pop(space, None)
        made, kept = 0, 0
        if leaf is not None:
            made = own(leaf)
            kept = made - SCRATCH
            made = max(made, 2 * kept) if back else made
        for space, _ in targets:
            new = result(space)
            through = kept + new if arrived else made
            summed = 2 * new * (space in held)
            peak = max(peak, sum(held.values()) + arrived + max(made, through + summed))
            held[space] = new
    return Need(peak, held[diagram.output])
