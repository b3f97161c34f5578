"""The triples of an elementary layer, listed box by box of outputs into arrays of their size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from convmatrix.limits import check_memory
from convmatrix.pattern import BLOCK, SCRATCH, Pattern, index_dtype, row_starts
from convmatrix.relation import Axis, mirrored
from convmatrix.resize import ResizeAxis
from convmatrix.shapes import ravel
from convmatrix.stencil import Geometry, Rearrangement, Stencil
from convmatrix.typing import Array

__all__ = [
    "Rows", "assembled", "axis_rows", "blocks_of", "channel_rows", "listed", "pattern_bytes",
    "pattern_of",
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Some rows, each a run of `reads` (inputs, in order) and of the `taps` they are read through:
    row `r` has the places from `start[r]` to `start[r + 1]`."""

    start: Array
    reads: Array
    taps: Array

    @property
    def counts(self) -> Array:
        """How many inputs each row reads."""
        return np.diff(self.start)


def channel_rows(stencil: Stencil, kind: Any, most: int = BLOCK) -> Iterator[Rows]:
    """The rows of output channel 0, some at a time, by index arithmetic alone: nothing is searched
    or probed. All channels have the same ones, but for offsets."""
    outputs = [axis.outputs for axis in stencil.axes]
    whole = prod(stencil.kernel) * stencil.group_channels
    behind: list[range] | None = None
    for box in _boxes(outputs, max(1, most // whole)):
        if behind != box[1:]:
            behind, rest = box[1:], _rest(stencil, box)
        yield _box_rows(stencil, kind, box, rest)


def _boxes(sizes: list[int], most: int) -> Iterator[list[range]]:
    """Coordinates `0 <= i < n` an axis, cut into boxes that follow one another in C order and have
    about so many places at most."""
    first, *rest = sizes
    step = most // prod(rest)
    if step == 0 and rest:
        for i in range(first):
            yield from ([range(i, i + 1), *box] for box in _boxes(rest, most))
        return
    for low in range(0, first, max(1, step)):
        yield [range(low, min(low + max(1, step), first)), *map(range, rest)]


def _rest(stencil: Stencil, box: list[range]) -> _Rest:
    """The rows of all axes but the first."""
    rest = Rows(np.array([0, 1]), np.array([0]), np.array([0]))
    for j in reversed(range(1, len(box))):
        axis = axis_rows(stencil.axes[j], box[j])
        planes = prod(stencil.in_shape[2 + j :]), prod(stencil.kernel[j + 1 :])
        rest = _cross(axis, _Rest(rest), *planes)
    step = 0 if stencil.factors is not None else prod(stencil.kernel)
    return _Rest(rest, stencil.group_channels, prod(stencil.in_shape[1:]), step)


def _box_rows(stencil: Stencil, kind: Any, box: list[range], rest: _Rest) -> Rows:
    """The rows of a box of outputs."""
    first = axis_rows(stencil.axes[0], box[0])
    rows = _cross(first, rest, prod(stencil.in_shape[2:]), prod(stencil.kernel[1:]))
    reads, taps = rows.reads, rows.taps
    if any(axis.collides for axis in stencil.axes[:-1]):  # every row is whole: modes that fold
        order = np.argsort(reads.reshape(len(rows.start) - 1, -1), axis=1, kind="stable")
        reads, taps = (
            np.take_along_axis(a.reshape(order.shape), order, axis=1).reshape(-1)
            for a in (reads, taps)
        )
    if stencil.local:
        places = np.arange(len(rows.start) - 1) + ravel((b[0] for b in box), stencil.out_shape[1:])
        each = prod(stencil.kernel) * (stencil.group_channels if stencil.factors is None else 1)
        taps = taps + np.repeat(places * each, rows.counts)
    return Rows(rows.start, reads.astype(kind, copy=False), taps)


def axis_rows(axis: Axis | ResizeAxis, outputs: range) -> Rows:
    """What outputs along one axis read."""
    o = np.arange(outputs.start, outputs.stop)
    if isinstance(axis, Axis):
        index_dtype(*map(abs, (axis.size, axis.stride, axis.dilation, axis.before, axis.after)))
        if not axis.folds and len(o) * axis.kernel > BLOCK:
            return _cut_rows(axis, o)
    t = np.arange(axis.kernel)
    t = np.broadcast_to(t[::-1] if isinstance(axis, Axis) and axis.flip else t, (len(o), len(t)))
    reads = axis.read(o[:, None], t)
    if axis.folds:
        order = np.argsort(reads, axis=1, kind="stable")
        reads, t = np.take_along_axis(reads, order, 1), np.take_along_axis(t, order, 1)
    live = axis.inside(reads)
    return Rows(row_starts(live.sum(axis=1), np.int64), reads[live], t[live])


def _cut_rows(axis: Axis, o: Array) -> Rows:
    """The same, cut to real inputs before anything is listed: of large kernels in much padding
    hardly a tap reads one."""
    bare = replace(axis, flip=False)
    begin, step = bare.source(o, 0), bare.source(0, 1) - bare.source(0, 0)
    first = np.maximum(-(begin // step), 0)
    last = np.minimum((axis.size - 1 - begin) // step, axis.kernel - 1)
    counts = np.maximum(last - first + 1, 0)
    start = row_starts(counts, np.int64)
    t = np.arange(start[-1]) + np.repeat(first - start[:-1], counts)
    t = mirrored(t, axis.kernel) if axis.flip else t
    return Rows(start, axis.read(np.repeat(o, counts), t), t)


@dataclass(slots=True, eq=False)
class _Rest:
    """The rows of some axes, and the channels that lie before them: what an axis is crossed with.

    `plane` and `window` are how far apart channels are among inputs and taps.
    """

    rows: Rows
    channels: int = 1
    plane: int = 0
    window: int = 0
    known: tuple[int, tuple[Array, Array, Array]] | None = None

    def offsets(self, count: int) -> tuple[Array, Array, Array]:
        """Of rows crossed with an axis that has so many places (channels come first in a row, then
        these, then ours): which of these each place is, and how far on its input and tap are."""
        if self.known is None or self.known[0] != count:  # away from borders all are the same
            size, counts = self.channels * count, self.rows.counts
            begin = np.repeat(self.rows.start[:-1], counts * size)
            place = np.arange(len(begin)) - begin * size
            outer, inner = np.divmod(place, np.repeat(counts, counts * size))
            channel, outer = np.divmod(outer, count)
            inner += begin
            reads = self.rows.reads[inner] + channel * self.plane
            self.known = count, (outer, reads, self.rows.taps[inner] + channel * self.window)
        return self.known[1]


def _cross(first: Rows, rest: _Rest, plane: int, window: int) -> Rows:
    """The rows of an axis and of those behind it together; `plane` and `window` are how far apart
    neighbours along the axis are among inputs and taps."""
    counts = np.multiply.outer(first.counts, rest.rows.counts).reshape(-1) * rest.channels
    start = row_starts(counts, np.int64)
    reads, taps = np.empty(start[-1], np.int64), np.empty(start[-1], np.int64)
    height = len(rest.rows.counts)
    for low, high, count in _runs(first.counts):
        into = slice(start[low * height], start[high * height])
        if into.start < into.stop:
            here, shape = slice(first.start[low], first.start[high]), (high - low, count)
            outer, *offsets = rest.offsets(count)
            ends = (first.reads, plane, reads), (first.taps, window, taps)
            for (own, step, out), offset in zip(ends, offsets, strict=True):
                part = out[into].reshape(high - low, -1)
                np.take(own[here].reshape(shape) * step, outer, axis=1, out=part, mode="clip")
                part += offset
    return Rows(start, reads, taps)


def _runs(counts: Array) -> Iterator[tuple[int, int, int]]:
    """`(first, stop, count)` of rows that follow one another with as many places."""
    edges = [0, *(np.flatnonzero(np.diff(counts)) + 1).tolist(), len(counts)]
    yield from ((low, high, int(counts[low])) for low, high in pairwise(edges) if low < high)


def listed(stencil: Stencil, kind: Any) -> tuple[int, Iterable[Rows]]:
    """How many triples the rows of output channel 0 have, and these rows, some at a time."""
    plane, whole = prod(stencil.out_shape[1:]), prod(stencil.kernel) * stencil.group_channels
    rows: Iterable[Rows] = channel_rows(stencil, kind)
    if plane * whole <= BLOCK:
        rows = list(rows)
        return sum(len(part.reads) for part in rows), rows
    each = (axis_rows(axis, range(axis.outputs)) for axis in stencil.axes)
    return stencil.group_channels * prod(len(along.reads) for along in each), rows


def assembled(
    stencil: Stencil, kind: Any, width: int, parts: Iterable[Rows],
    told: Callable[[slice, Array], None],
) -> tuple[Array, Array]:  # fmt: skip
    """`indptr` and `indices` of all rows from those of output channel 0 (see `listed`), nothing
    but they allocated; `told` is given the taps of these, some at a time, and their places."""
    groups, channels, plane = stencil.groups, stencil.out_channels, prod(stencil.out_shape[1:])
    indptr, indices = np.empty(channels * plane + 1, kind), np.empty(channels * width, kind)
    start, rows = (
        indptr[1:].reshape(channels, plane),
        indices.reshape(groups, channels // groups, width),
    )
    row = low = 0
    for part in parts:
        here = slice(low, low + len(part.reads))
        start[0, row : row + len(part.counts)] = part.start[1:] + low
        rows[0, 0, here] = part.reads
        told(here, part.taps)
        row, low = row + len(part.counts), here.stop
    step = stencil.group_channels * prod(stencil.in_shape[1:])
    for group in range(1, groups):
        np.add(rows[0, 0], kind(group * step), out=rows[group, 0])
    rows[:, 1:] = rows[:, :1]
    for o in range(1, channels):
        np.add(start[0], kind(o * width), out=start[o])
    indptr[0] = 0
    return indptr, indices


def blocks_of(geometry: Geometry, most: int = 1 << 20) -> Iterator[tuple[Array, Array, Array]]:
    """The triples `(rows, columns, taps)` in the pattern's order, some output rows at a time, in
    memory that does not grow with their number."""
    kind = index_dtype(prod(geometry.out_shape), prod(geometry.in_shape), prod(geometry.tap_shape))
    if isinstance(geometry, Rearrangement):
        for low in range(0, prod(geometry.out_shape), most):
            rows = np.arange(low, min(low + most, prod(geometry.out_shape)), dtype=kind)
            yield rows, _moved(geometry, rows), np.zeros(len(rows), kind)
        return
    width, plane = geometry.out_channels // geometry.groups, prod(geometry.out_shape[1:])
    group_step = geometry.group_channels * prod(geometry.in_shape[1:])
    single = plane * geometry.group_channels * prod(geometry.kernel) <= most
    kept = list(channel_rows(geometry, kind, most)) if single else None
    for o in range(geometry.out_channels):
        low = o * plane
        for part in kept or channel_rows(geometry, kind, most):
            outputs = np.arange(low, low + len(part.start) - 1, dtype=kind)
            columns = part.reads + kind(o // width * group_step)
            taps = part.taps + o * geometry.channel_taps
            yield np.repeat(outputs, part.counts), columns, taps.astype(kind)
            low += len(outputs)


def _moved(geometry: Rearrangement, outputs: Array) -> Array:
    """The input that each output of a permutation is."""
    places = np.unravel_index(outputs, [geometry.parts[j] for j in geometry.order])
    found = dict(zip(geometry.order, places, strict=True))
    flat = ravel((found[j] for j in range(len(geometry.parts))), geometry.parts)
    return np.asarray(flat, outputs.dtype)


def pattern_bytes(geometry: Geometry, nnz: int) -> int:
    """The memory that the pattern of an elementary layer at a size takes."""
    rows, columns = prod(geometry.out_shape), prod(geometry.in_shape)
    kind, tap_kind = index_dtype(rows, columns, nnz), index_dtype(prod(geometry.tap_shape))
    sizes = np.dtype(kind).itemsize, np.dtype(tap_kind).itemsize
    return (rows + 1) * sizes[0] + nnz * sum(sizes) + SCRATCH


def pattern_of(geometry: Geometry) -> Pattern:
    """The triples of an elementary layer at a size."""
    shape, nnz = (prod(geometry.out_shape), prod(geometry.in_shape)), geometry.nnz
    kind, tap_kind = index_dtype(*shape, nnz), index_dtype(prod(geometry.tap_shape))
    check_memory(pattern_bytes(geometry, nnz), f"a pattern of {nnz} triples")
    if isinstance(geometry, Rearrangement):
        one = np.arange(shape[0] + 1, dtype=kind)
        return Pattern(one, _moved(geometry, one[:-1]), np.zeros(shape[0], kind), shape)
    width, parts = listed(geometry, kind)
    tap = np.empty((geometry.out_channels, width), tap_kind)

    def told(here: slice, taps: Array) -> None:
        tap[0, here] = taps

    indptr, indices = assembled(geometry, kind, width, parts, told)
    for o in range(1, geometry.out_channels):
        np.add(tap[0], tap_kind(o * geometry.channel_taps), out=tap[o])
    return Pattern(indptr, indices, tap.reshape(-1), shape, (prod(geometry.tap_shape),))
