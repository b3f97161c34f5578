"""What a view of a map takes, before it is built: bytes at most, and bytes that are kept."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from convmatrix.pattern import index_dtype

__all__ = ["Need", "csr_bytes", "in_turn", "turned"]


class Need(NamedTuple):
    """Bytes: at the worst moment, and of what stays when it is done."""

    peak: int
    kept: int


def csr_bytes(rows: int, columns: int, entries: int, *sizes: int) -> int:
    """The bytes of CSR arrays with so many entries, each of them an index and items of `sizes`."""
    index = np.dtype(index_dtype(rows, columns, entries)).itemsize
    return (rows + 1) * index + entries * (index + sum(sizes))


def turned(of: Need, kept: int) -> Need:
    """The need of a transpose, which is made from what it is the transpose of."""
    return Need(max(of.peak, of.kept + kept), kept)


def in_turn(needs: list[Need], products: list[int]) -> Need:
    """The need of factors that are made and multiplied one after another, each product freed when
    the next is done."""
    peak, kept = needs[0]
    for need, product in zip(needs[1:], products, strict=True):
        peak = max(peak, kept + need.peak, kept + need.kept + product)
        kept = product
    return Need(peak, kept)
