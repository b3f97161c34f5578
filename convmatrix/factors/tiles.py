"""The factors of a matrix that tile algorithms run through: direct, winograd, toeplitz, phases.

Each maker gives `(name, entries)` from left to right, with exact numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from convmatrix.dense.direct import grouped
from convmatrix.dense.phases import Phases
from convmatrix.dense.problem import Problem
from convmatrix.dense.toeplitz import Toeplitz
from convmatrix.dense.winograd import Winograd
from convmatrix.dense.winograd_transforms import transforms
from convmatrix.errors import GeometryError
from convmatrix.factors.entries import (
    Entries,
    block_diagonal,
    dense_entries,
    multiplied,
    permuted,
    picking,
)
from convmatrix.relation import Axis
from convmatrix.shapes import ravel
from convmatrix.stencil import Stencil
from convmatrix.typing import Array

__all__ = [
    "broadcast",
    "direct_factors",
    "exact_kernels",
    "gathering",
    "phases_factors",
    "place_read",
    "toeplitz_factors",
    "winograd_factors",
]


def gathering(shape: Sequence[int], stencil: Stencil, places: Sequence[Array]) -> Entries:
    """The matrix that picks, for each index `(channel, ...)` of `shape`, the input element at the
    padded places (one array an axis, broadcast together over the rest of `shape`)."""
    channels, inputs = shape[0], stencil.in_shape
    live: Any = np.ones((), bool)
    folded = []
    for axis, place in zip(stencil.windows, places, strict=True):
        padded = (place >= -axis.before) & (place < axis.size + axis.after)
        at = axis.fold(np.where(padded, place, 0))
        live = live & padded & axis.inside(at)
        folded.append(at)
    flat = ravel(np.broadcast_arrays(*folded), inputs[1:])
    flat, live = (np.broadcast_to(x, shape[1:]).reshape(-1) for x in (flat, live))
    rows = np.arange(channels)[:, None] * flat.size + np.flatnonzero(live)
    columns = np.arange(channels)[:, None] * prod(inputs[1:]) + flat[live]
    values = np.array([1] * rows.size, object)
    return Entries((prod(shape), prod(inputs)), rows.reshape(-1), columns.reshape(-1), values)


def place_read(axis: Axis, o: Any, t: Any) -> Any:
    """The padded place that output `o` reads at kernel place `t` (not tap: a flip is the
    kernel's)."""
    return replace(axis, flip=False).source(o, t)


def broadcast(values: Array, j: int, ndim: int) -> Array:
    """A vector along axis j of ndim."""
    return values.reshape([-1 if i == j else 1 for i in range(ndim)])


def exact_kernels(stencil: Stencil, weight: Array) -> Array:
    """`(groups, out/groups, window)` in Python numbers, taps in the order of the places."""
    exact = np.array([v.item() if isinstance(v, np.generic) else v for v in weight.flat], object)
    return grouped(Problem(stencil, 1, np.dtype(object)), exact.reshape(weight.shape))


def direct_factors(stencil: Stencil, weight: Array) -> list[tuple[str, Entries]]:
    """`weights · gather`: a copy of every window, then a block for each group."""
    kernels, ndim = exact_kernels(stencil, weight), len(stencil.axes)
    outputs = stencil.out_shape[1:]
    places = [
        place_read(
            axis,
            broadcast(np.arange(axis.outputs), ndim + j, 2 * ndim),
            broadcast(np.arange(axis.kernel), j, 2 * ndim),
        )
        for j, axis in enumerate(stencil.windows)
    ]
    gather = gathering((stencil.in_channels, *stencil.kernel, *outputs), stencil, places)
    weights = block_diagonal([dense_entries(block) for block in kernels]).times_identity(
        prod(outputs)
    )
    return [("weights", weights), ("gather", gather)]


def winograd_factors(stencil: Stencil, weight: Array) -> list[tuple[str, Entries]]:
    """`scatter · Aᵀ · U · Bᵀ · gather`: windows of tiles, transformed, multiplied, and back."""
    problem = Problem(stencil, 1, np.dtype(float))
    made = Winograd(problem, np.ones(weight.shape))
    m, n, tiles, d = made.m, made.n, made.tiles, made.d
    ndim, axes = problem.ndim, problem.axes
    at, g, bt = (np.array(x, object) for x in transforms(m, axes[0].kernel))
    cells, total = prod(d) * prod(tiles), 3 * ndim
    places = []
    for j, axis in enumerate(axes):
        point = broadcast(np.arange(n) * d[j], j, total)
        phase = broadcast(np.arange(d[j]), ndim + j, total)
        tile = broadcast(np.arange(tiles[j]) * m * d[j], 2 * ndim + j, total)
        places.append(point + phase + tile + axis.first)
    channels = stencil.in_channels
    gather = gathering((channels, *(n,) * ndim, *d, *tiles), stencil, places)
    points = n**ndim
    order = np.arange(channels * points * cells).reshape(channels, points, cells).swapaxes(0, 1)
    gather = permuted(picking(order, order.size), gather)
    kernels = exact_kernels(stencil, weight)
    groups, each, _ = kernels.shape
    flat = kernels.reshape(groups, each, stencil.group_channels, -1)
    full = np.tensordot(reduce(np.kron, [g] * ndim), flat, axes=(1, 3))
    weights = block_diagonal(
        [dense_entries(full[p, q]) for p in range(points) for q in range(groups)]
    )
    back = dense_entries(reduce(np.kron, [at] * ndim)).times_identity(stencil.out_channels * cells)
    into = dense_entries(reduce(np.kron, [bt] * ndim)).times_identity(channels * cells)
    return [
        ("scatter", _tiles_to_outputs(stencil, m, d, tiles)), ("Aᵀ", back),
        ("U", weights.times_identity(cells)), ("Bᵀ", into), ("gather", gather),
    ]  # fmt: skip


def _tiles_to_outputs(stencil: Stencil, m: int, d: Sequence[int], tiles: Sequence[int]) -> Entries:
    """From `(*m, channels, *phases, *tiles)` to `(channels, *outputs)`."""
    ndim, outputs = len(tiles), stencil.out_shape[1:]
    shape = (*(m,) * ndim, stencil.out_channels, *d, *tiles)
    index: list[Any] = [None] * len(shape)
    index[ndim] = broadcast(np.arange(stencil.out_channels), 0, ndim + 1)
    for j, length in enumerate(outputs):
        o = np.arange(length)
        slow, phase = o // d[j], o % d[j]
        for place, value in ((j, slow % m), (ndim + 1 + j, phase), (2 * ndim + 1 + j, slow // m)):
            index[place] = broadcast(value, 1 + j, ndim + 1)
    return picking(ravel(np.broadcast_arrays(*index), shape), prod(shape))


def toeplitz_factors(stencil: Stencil, weight: Array) -> list[tuple[str, Entries]]:
    """`scatter · tiles · gather`: a small Toeplitz matrix for each tile of rows."""
    problem = Problem(stencil, 1, np.dtype(object))
    kernels = exact_kernels(stencil, weight)
    made = Toeplitz(problem, np.ones(weight.shape, object))
    matrix = made.tile_matrix(kernels)
    rows, count, reach = made.rows, made.tiles, made.reach
    (first, *rest), outputs, ndim = problem.axes, problem.outputs, problem.ndim
    inner, each = prod(outputs[1:]), stencil.out_channels // stencil.groups
    total = 2 + 2 * (ndim - 1)  # tile, row in reach, other taps, other outputs; channels lead
    starts = place_read(first, np.arange(count)[:, None] * rows, 0) + np.arange(reach)
    places = [starts.reshape(count, reach, *(1,) * (total - 2))]
    for j, axis in enumerate(rest):
        outs = broadcast(np.arange(axis.outputs), ndim + 1 + j, total)
        places.append(place_read(axis, outs, broadcast(np.arange(axis.kernel), 2 + j, total)))
    taps = prod(axis.kernel for axis in rest)
    shape = (stencil.in_channels, count, reach, *(a.kernel for a in rest), *outputs[1:])
    gather = gathering(shape, stencil, places)
    split = (stencil.groups, stencil.group_channels, count, reach, taps, inner)
    order = np.arange(prod(split)).reshape(split).transpose(0, 2, 3, 1, 4, 5)
    gather = permuted(picking(order, order.size), gather)
    tiles = block_diagonal([dense_entries(block[0]) for block in matrix for _ in range(count)])
    made_shape = (stencil.groups, count, each, rows, inner)
    moved = np.arange(prod(made_shape)).reshape(made_shape).transpose(0, 2, 1, 3, 4)
    cut = moved.reshape(stencil.out_channels, count * rows, inner)[:, : outputs[0]]
    scatter = picking(np.ascontiguousarray(cut), prod(made_shape))
    return [("scatter", scatter), ("tiles", tiles.times_identity(inner)), ("gather", gather)]


def phases_factors(stencil: Stencil, weight: Array) -> list[tuple[str, Entries]]:
    """The transpose: every output to every phase's convolution, each run, results interleaved."""
    if any(axis.mode != "zeros" for axis in stencil.windows):
        raise GeometryError("method 'phases' does not apply: it needs zero padding")
    exact = np.array([v.item() if isinstance(v, np.generic) else v for v in weight.flat], object)
    small: list[tuple[Stencil, Array, Any]] = []
    made = Phases(
        Problem(stencil, 1, np.dtype(object)), exact.reshape(weight.shape),
        lambda problem, kernel: _Recorded(problem, kernel, small),  # type: ignore[arg-type,return-value]
    )  # fmt: skip
    residues = [found for _, found in made.parts]
    width = prod(stencil.out_shape)
    copies = Entries(
        (len(small) * width, width), np.arange(len(small) * width),
        np.tile(np.arange(width), len(small)), np.array([1] * (len(small) * width), object),
    )  # fmt: skip
    blocks, sizes = [], []
    for part, kernel, _ in small:
        (_, weights), (_, gather) = direct_factors(part, kernel)
        blocks.append(multiplied(weights, gather))
        sizes.append(part.out_shape)
    rows, columns, start = [], [], 0
    numbers = np.arange(prod(stencil.in_shape)).reshape(stencil.in_shape)
    for size, found in zip(sizes, residues, strict=True):
        inside = np.arange(prod(size)).reshape(stencil.in_channels, len(found), *size[1:]) + start
        for j, residue in enumerate(found):
            places = tuple(
                slice(r, None, axis.stride)
                for r, axis in zip(residue, stencil.windows, strict=True)
            )
            target = numbers[(slice(None), *places)]
            cut: Any = (slice(None), j, *map(slice, target.shape[1:]))
            rows.append(target.reshape(-1))
            columns.append(inside[cut].reshape(-1))
        start += prod(size)
    flat = np.concatenate(rows) if rows else np.empty(0, np.int64)
    from_phases = np.concatenate(columns) if columns else np.empty(0, np.int64)
    interleave = Entries(
        (prod(stencil.in_shape), start), flat, from_phases, np.array([1] * flat.size, object)
    )
    return [("interleave", interleave), ("phases", block_diagonal(blocks)), ("copies", copies)]


class _Recorded:
    """Stands where an algorithm would be made, and only notes for what."""

    name, spreads, workspace, seconds, error_bound = "noted", "", 0, 0.0, 0.0

    def __init__(self, problem: Problem, kernel: Array, notes: list[Any]) -> None:
        self.problem = problem
        notes.append((problem.stencil, kernel, None))
