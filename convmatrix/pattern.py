"""A bound layer's triples (output element, tap, input element) as CSR arrays.

The pattern is structural: it says who is connected to whom and through which tap, whatever the
weights are, so a zero weight is still a connection. Where a padding mode folds two taps onto one
input, a row holds that input twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from convmatrix.errors import TooLargeError
from convmatrix.limits import check_memory
from convmatrix.relation import Axis
from convmatrix.resize import ResizeAxis
from convmatrix.stencil import Bound, Rearrangement, Stencil, ravel

__all__ = [
    "ChannelRows", "Pattern", "blocks_of", "channel_rows", "index_dtype", "pattern_of", "spread",
]  # fmt: skip

Array = np.ndarray[Any, Any]


def index_dtype(*sizes: int) -> type[np.signedinteger[Any]]:
    """int32 while every number fits in it, else int64."""
    return np.int32 if max(sizes) <= np.iinfo(np.int32).max else np.int64


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """Triples as CSR arrays: row `r` (flat output element) reads `indices[j]` through `tap[j]`
    for `j` from `indptr[r]` to `indptr[r + 1]`, in the order of the inputs.

    Attributes
    ----------
    indptr, indices, tap
        Integer arrays of lengths `shape[0] + 1`, `nnz`, `nnz`.
    shape
        `(output elements, input elements)`.
    tap_counts
        How many taps each layer has, in order of application. A composite's tap is a flat index
        into this shape: `np.unravel_index(tap, tap_counts)` gives the tap of each layer.

    >>> import convmatrix as cm
    >>> pattern = cm.conv1d(1, 1, 3, padding=1).on(3).pattern
    >>> pattern.indptr, pattern.indices, pattern.tap
    (array([0, 2, 5, 7]...), array([0, 1, 0, 1, 2, 1, 2]...), array([1, 2, 0, 1, 2, 0, 1]...))
    """

    indptr: Array
    indices: Array
    tap: Array
    shape: tuple[int, int]
    tap_counts: tuple[int, ...] = (1,)

    @property
    def nnz(self) -> int:
        """How many triples there are."""
        return len(self.indices)

    @property
    def rows(self) -> Array:
        """The output element of every triple."""
        outputs = np.arange(self.shape[0], dtype=self.indices.dtype)
        return np.repeat(outputs, np.diff(self.indptr))

    @property
    def collides(self) -> bool:
        """Whether some output reads one input through two taps."""
        rows = self.rows
        return bool(((rows[1:] == rows[:-1]) & (self.indices[1:] == self.indices[:-1])).any())

    @property
    def T(self) -> Pattern:
        """The same triples with output and input exchanged."""
        order = np.argsort(self.indices, kind="stable")
        counts = np.bincount(self.indices, minlength=self.shape[1])
        return Pattern(
            _indptr(counts, self.indptr.dtype),
            self.rows[order],
            self.tap[order],
            self.shape[::-1],
            self.tap_counts,
        )

    def blocks(self, most: int) -> Iterator[tuple[Array, Array, Array]]:
        """The triples `(rows, columns, taps)`, so many at a time."""
        rows = self.rows
        for low in range(0, self.nnz, most):
            here = slice(low, low + most)
            yield rows[here], self.indices[here], self.tap[here]

    def after(self, first: Pattern) -> Pattern:
        """The paths through `first` and then this pattern; taps of both, packed into one index."""
        reach = np.diff(first.indptr)[self.indices]
        nnz = int(reach.sum())
        counts = (*first.tap_counts, *self.tap_counts)
        if prod(counts) > np.iinfo(np.int64).max:
            raise TooLargeError(f"a composite of {prod(counts)} tap combinations passes 64 bits")
        check_memory(48 * nnz, f"a pattern of {nnz} paths")
        step = np.arange(nnz) - np.repeat(np.cumsum(reach) - reach, reach)
        inner = np.repeat(first.indptr[self.indices], reach) + step
        columns, rows = first.indices[inner], np.repeat(self.rows, reach)
        tap = first.tap[inner].astype(np.int64) * prod(self.tap_counts) + np.repeat(self.tap, reach)
        order = np.lexsort((tap, columns, rows))
        kind = index_dtype(*self.shape, first.shape[1], nnz)
        indptr = _indptr(np.bincount(rows, minlength=self.shape[0]), kind)
        shape = (self.shape[0], first.shape[1])
        return Pattern(indptr, columns[order].astype(kind), tap[order], shape, counts)

    def __repr__(self) -> str:
        return f"Pattern({self.nnz} triples, shape={self.shape}, tap_counts={self.tap_counts})"


def _indptr(counts: Array, kind: Any) -> Array:
    indptr = np.zeros(len(counts) + 1, kind)
    np.cumsum(counts, out=indptr[1:])
    return indptr


@dataclass(frozen=True, slots=True, eq=False)
class ChannelRows:
    """The rows of one output channel. All channels have the same ones, but for offsets.

    Columns count from the first input channel of the group, taps from the channel's first.
    """

    counts: Array
    columns: Array
    taps: Array
    collides: bool


def _axis_reads(axis: Axis | ResizeAxis, outputs: Array) -> tuple[Array, Array, Array]:
    """Sources, validity and tap of each (output, place), places in the order of the sources."""
    o, t = outputs[:, None], np.arange(axis.kernel)[None]
    if isinstance(axis, Axis) and axis.flip:
        t = t[:, ::-1]
    reads = axis.read(o, t)
    return reads, axis.inside(reads), t


def _grid(arrays: Sequence[Array]) -> tuple[Array, ...]:
    """One array `(outputs, places)` an axis, shaped to broadcast over (*outputs, *places)."""
    ndim = len(arrays)
    grids = []
    for j, array in enumerate(arrays):
        shape = [1] * (2 * ndim)
        shape[j], shape[ndim + j] = array.shape
        grids.append(array.reshape(shape))
    return tuple(grids)


def channel_rows(stencil: Stencil, kind: Any, part: range | None = None) -> ChannelRows:
    """The rows of one output channel, by index arithmetic alone: nothing is searched or probed.
    Of the first axis' outputs all, or a part."""
    every = [np.arange(axis.outputs) for axis in stencil.axes]
    if part is not None:
        every[0] = every[0][part.start : part.stop]
    outputs, window = prod(map(len, every)), prod(stencil.kernel)
    spatial = (*map(len, every), *stencil.kernel)
    reads = map(_axis_reads, stencil.axes, every)
    places, valid, taps = map(_grid, zip(*reads, strict=True))

    flat = ravel((p.astype(kind) for p in places), stencil.in_shape[1:])
    flat = flat.reshape(outputs, 1, window)
    channel = np.arange(stencil.group_channels, dtype=kind)[:, None]
    columns = (flat + channel * prod(stencil.in_shape[1:])).reshape(outputs, -1)

    position = _grid([o[:, None] for o in every])
    tap = stencil.tap(0, 0, position, taps).astype(kind)
    tap = np.broadcast_to(tap, spatial).reshape(outputs, 1, window) if stencil.local else (
        np.broadcast_to(tap, (*(1,) * len(position), *stencil.kernel)).reshape(1, 1, window)
    )  # fmt: skip
    if stencil.factors is None:
        tap = tap + channel * window
    tap = np.broadcast_to(tap, (outputs, len(channel), window)).reshape(outputs, -1)

    if stencil.folds:
        order = np.argsort(columns, axis=1, kind="stable")
        columns = np.take_along_axis(columns, order, axis=1)
        tap = np.take_along_axis(tap, order, axis=1)
        collides = bool((columns[:, 1:] == columns[:, :-1]).any())
        return ChannelRows(_full(columns), columns.reshape(-1), tap.reshape(-1), collides)
    live: Array = np.ones((), bool)
    for inside in valid:
        live = live & inside
    if live.all():
        return ChannelRows(_full(columns), columns.reshape(-1), tap.reshape(-1), False)
    live = np.broadcast_to(live, spatial).reshape(outputs, 1, window)
    live = np.broadcast_to(live, (outputs, len(channel), window)).reshape(outputs, -1)
    return ChannelRows(live.sum(axis=1), columns[live], tap[live], False)


def _full(columns: Array) -> Array:
    return np.full(len(columns), columns.shape[1], np.int64)


def spread(stencil: Stencil, rows: ChannelRows, kind: Any) -> tuple[Array, Array]:
    """`indptr` and `indices` of all output channels, from those of one."""
    groups, width = stencil.groups, stencil.out_channels // stencil.groups
    indptr = _indptr(np.tile(rows.counts, stencil.out_channels), kind)
    indices = np.empty((groups, width, len(rows.columns)), kind)
    step = stencil.group_channels * prod(stencil.in_shape[1:])
    for group in range(groups):
        np.add(rows.columns, kind(group * step), out=indices[group, 0])
        indices[group, 1:] = indices[group, 0]
    return indptr, indices.reshape(-1)


BLOCK = 1 << 20
"""Triples of a block, about."""


def blocks_of(bound: Bound, most: int = BLOCK) -> Iterator[tuple[Array, Array, Array]]:
    """The triples `(rows, columns, taps)` in the pattern's order, some output rows at a time, in
    memory that does not grow with their number."""
    kind = index_dtype(prod(bound.out_shape), prod(bound.in_shape), prod(bound.tap_shape))
    if isinstance(bound, Rearrangement):
        yield from pattern_of(bound).blocks(most)
        return
    first, inner = bound.out_shape[1], prod(bound.out_shape[2:])
    a_row = max(1, inner * bound.group_channels * prod(bound.kernel))
    step = max(1, min(first, most // a_row))
    parts = [range(low, min(low + step, first)) for low in range(0, first, step)]
    kept = channel_rows(bound, kind, parts[0]) if len(parts) == 1 else None
    width = bound.out_channels // bound.groups
    group_step = bound.group_channels * prod(bound.in_shape[1:])
    tap_step = bound.group_channels * prod(bound.kernel) if bound.factors is None else 0
    for o in range(bound.out_channels):
        for part in parts:
            rows = kept or channel_rows(bound, kind, part)
            start = (o * first + part.start) * inner
            outputs = np.arange(start, start + len(rows.counts), dtype=kind)
            columns = rows.columns + kind(o // width * group_step)
            yield np.repeat(outputs, rows.counts), columns, rows.taps + kind(o * tap_step)


def pattern_of(bound: Bound) -> Pattern:
    """The triples of an elementary layer at a size."""
    shape = (prod(bound.out_shape), prod(bound.in_shape))
    kind = index_dtype(*shape, bound.nnz)
    check_memory(2 * np.dtype(kind).itemsize * bound.nnz, f"a pattern of {bound.nnz} triples")
    if isinstance(bound, Rearrangement):
        place = np.arange(shape[1], dtype=kind).reshape(bound.parts).transpose(bound.order)
        one = np.arange(shape[0] + 1, dtype=kind)
        return Pattern(one, place.reshape(-1), np.zeros(shape[0], kind), shape)
    rows = channel_rows(bound, kind)
    indptr, indices = spread(bound, rows, kind)
    tap = np.empty((bound.out_channels, len(rows.taps)), index_dtype(prod(bound.tap_shape)))
    step = bound.group_channels * prod(bound.kernel) if bound.factors is None else 0
    for o in range(bound.out_channels):
        np.add(rows.taps, tap.dtype.type(o * step), out=tap[o])
    return Pattern(indptr, indices, tap.reshape(-1), shape, (prod(bound.tap_shape),))
