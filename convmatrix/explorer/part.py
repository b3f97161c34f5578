"""The part of a map that is shown: all of it, or a window of outputs and what they read."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from convmatrix.errors import GeometryError
from convmatrix.explorer.effort import places, reach, widest
from convmatrix.maps import Map
from convmatrix.shapes import times
from convmatrix.typing import Array
from convmatrix.walk import links

__all__ = ["MOST_CONNECTIONS", "MOST_SHOWN", "Part", "part_of"]


MOST_CONNECTIONS = 60_000
"""Above this a page would show ink, so a window is shown instead."""
MOST_SHOWN = 12_000
"""Input and output elements together that are shown at once."""
MOST_LINKS = 6_000
"""Connections of a window that nobody asked for."""
MOST_PLACES = 500_000
"""Places that are looked at for connections."""


@dataclass(frozen=True, eq=False)
class Part:
    """Some outputs and inputs, as the products of coordinates an axis, and what connects them."""

    out: tuple[tuple[int, ...], ...]
    into: tuple[tuple[int, ...], ...]
    rows: Array
    indices: Array
    tap: Array
    digits: tuple[Array, ...]
    whole: bool

    @property
    def shape(self) -> tuple[int, int]:
        """How many outputs and inputs are shown."""
        return prod(map(len, self.out)), prod(map(len, self.into))

    def to_dict(self) -> dict[str, Any]:
        """Plain data: CSR arrays over the elements that are shown, in C order."""
        counts = np.bincount(self.rows, minlength=self.shape[0])
        one = len(self.digits) == 1
        return {
            "out": [list(axis) for axis in self.out],
            "in": [list(axis) for axis in self.into],
            "indptr": [0, *np.cumsum(counts).tolist()],
            "indices": self.indices.tolist(),
            "tap": self.tap.tolist(),
            "digits": None if one else [digit.tolist() for digit in self.digits],
            "whole": self.whole,
        }


def part_of(A: Map, window: str | None = None) -> Part | None:
    """The whole map where it is small, else a window; None where one output reads too much.

    >>> import convmatrix as cm
    >>> part = part_of(cm.conv2d(64, 64, 3, padding=1).on(1000, 1000))
    >>> part.whole, [(axis[0], axis[-1]) for axis in part.out]
    (False, [(0, 0), (0, 1), (0, 1)])
    """
    small = sum(A.shape) <= MOST_SHOWN and A.nnz <= MOST_CONNECTIONS
    if small and places(A) <= MOST_PLACES and not window:
        pattern = A.pattern
        rows, indices, tap = pattern.rows, pattern.indices, pattern.tap
        full = [tuple(tuple(range(n)) for n in shape) for shape in (A.out_shape, A.in_shape)]
        return Part(full[0], full[1], rows, indices, tap, _digits(A, tap), True)
    if window:
        part = _window(A, _ranges(window, A.out_shape), MOST_CONNECTIONS)
        if part is None:
            raise GeometryError(
                f"the window has more than {MOST_CONNECTIONS:,} connections, or its kernels more "
                f"taps, too many to show; make window smaller"
            )
        return part
    side = {2: 64, 3: 16, 4: 6}[len(A.out_shape)]
    while side >= 1:
        ranges = [range(1), *(range(min(n, side)) for n in A.out_shape[1:])]
        part = _window(A, ranges, MOST_LINKS)
        if part is not None:
            return part
        side //= 2
    return None


def _ranges(window: str, shape: tuple[int, ...]) -> list[range]:
    """`0:1x0:8x0:8` as ranges, channels first."""
    parts = window.replace(",", "x").split("x")
    try:
        ranges = [range(*map(int, part.split(":"))) for part in parts]
        fits = all(
            r.step == 1 and 0 <= r.start < r.stop <= n for r, n in zip(ranges, shape, strict=True)
        )
    except (ValueError, TypeError):
        fits = False
    if not fits:
        raise GeometryError(
            f"window takes first:stop of the output's channels and each axis within "
            f"{times(shape)}, e.g. {'x'.join(f'0:{min(n, 8)}' for n in shape)}, "
            f"got {window!r:.60}"
        )
    return ranges


def _window(A: Map, ranges: list[range], most: int) -> Part | None:
    """The outputs of a window and what they read; None where that is more than `most`, or where it
    takes long to find."""
    if A.nnz > most * A.shape[0] or widest(A) > MOST_CONNECTIONS:
        return None  # one output alone reads more, on average or in the middle
    count = prod(map(len, ranges))
    if count > MOST_SHOWN:
        raise GeometryError(
            f"the window has {count:,} outputs, the explorer shows {MOST_SHOWN:,}; make window "
            f"smaller"
        )
    if count * reach(A) > MOST_PLACES:
        return None
    outputs = [np.arange(r.start, r.stop) for r in ranges]
    grid = np.stack(np.meshgrid(*outputs, indexing="ij"), -1).reshape(-1, len(ranges))
    reads: list[tuple[int, ...]] = []
    rows: list[int] = []
    taps: list[int] = []
    for row, element in enumerate(grid.tolist()):
        found = links(A.diagram.T, tuple(element))
        if len(reads) + len(found) > most:
            return None
        reads += [source for source, _ in found]
        taps += [tap for _, tap in found]
        rows += [row] * len(found)
    sources = np.array(reads, np.int64).reshape(-1, len(A.in_shape))
    used = [np.unique(column) if len(sources) else np.arange(1) for column in sources.T]
    boxes = [np.arange(axis[0], axis[-1] + 1) for axis in used]
    shown = boxes if prod(map(len, boxes)) <= MOST_SHOWN - len(grid) else used
    index = [np.searchsorted(axis, column) for axis, column in zip(shown, sources.T, strict=True)]
    flat = np.ravel_multi_index(index, [len(axis) for axis in shown])
    tap = np.array(taps, np.int64)
    return Part(
        tuple(tuple(axis.tolist()) for axis in outputs),
        tuple(tuple(axis.tolist()) for axis in shown),
        np.array(rows, np.int64), flat.astype(np.int64), tap, _digits(A, tap), False,
    )  # fmt: skip


def _digits(A: Map, tap: Array) -> tuple[Array, ...]:
    """Each layer's tap of every connection; as many as it has taps where a path passes it by."""
    return tuple(np.unravel_index(tap, A.diagram.tap_counts)) if len(tap) else tuple(
        np.empty(0, np.int64) for _ in A.leaves
    )  # fmt: skip
