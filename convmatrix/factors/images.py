"""The factors of a matrix that whole-image algorithms run through: lowrank and fft."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np

from convmatrix.dense.fft import block_lengths, laid_out
from convmatrix.dense.lowrank import passes
from convmatrix.dense.problem import Problem
from convmatrix.factors.entries import Entries, block_diagonal, dense_entries, picking
from convmatrix.factors.tiles import broadcast, exact_kernels, gathering
from convmatrix.relation import Axis, source
from convmatrix.shapes import ravel
from convmatrix.stencil import Stencil
from convmatrix.typing import Array

__all__ = ["fft_factors", "lowrank_factors"]


def lowrank_factors(stencil: Stencil, weight: Array) -> list[tuple[str, Entries]]:
    """`sum · rows · columns · gather`: a pass along each axis for each rank, then their sum."""
    down, along = stencil.windows
    padded = [axis.size + axis.before + axis.after for axis in (down, along)]
    starts = [
        broadcast(np.arange(n) - axis.before, j, 2)
        for j, (n, axis) in enumerate(zip(padded, (down, along), strict=True))
    ]
    gather = gathering((stencil.in_channels, *padded), stencil, starts)
    each, size = stencil.out_channels // stencil.groups, prod(padded)
    copies, column_passes, row_passes, sums = [], [], [], []
    for o, (columns, rows) in enumerate(_rank_factors(stencil, weight)):
        sums.append(dense_entries(np.full((1, len(columns)), 1, object)))
        for column, row in zip(columns, rows, strict=True):
            copies.append(o // each * size + np.arange(size))
            tall, wide = _correlation(column, down), _correlation(row, along)
            column_passes.append(tall.times_identity(padded[1]))
            row_passes.append(block_diagonal([wide] * down.outputs))
    pick = picking(np.concatenate([*copies, np.empty(0, np.int64)]), stencil.in_channels * size)
    return [
        ("sum", block_diagonal(sums).times_identity(down.outputs * along.outputs)),
        ("rows", block_diagonal(row_passes)), ("columns", block_diagonal(column_passes)),
        ("copies", pick), ("gather", gather),
    ]  # fmt: skip


def _rank_factors(stencil: Stencil, weight: Array) -> list[tuple[Array, Array]]:
    """For each output channel its columns and rows: exactly for integers and fractions, else up
    to rounding."""
    kernels = exact_kernels(stencil, weight).reshape(-1, *stencil.kernel)
    if any(isinstance(value, (float, complex)) for value in kernels.flat):
        wide = np.result_type(weight, np.float64)
        return [
            (columns.astype(object), rows.astype(object))
            for columns, rows in passes(Problem(stencil, 1, wide), weight.astype(wide))
        ]
    from sympy import Matrix

    from convmatrix.views.symbols import to_expression

    found: list[Any] = []
    for kernel in kernels:
        if not kernel.any():
            found.append(
                (np.empty((0, len(kernel)), object), np.empty((0, kernel.shape[1]), object))
            )
            continue
        columns, rows = Matrix(
            [[to_expression(v) for v in row] for row in kernel]
        ).rank_decomposition()
        found.append((np.array(columns.T.tolist(), object), np.array(rows.tolist(), object)))
    return found


def _correlation(taps: Array, axis: Axis) -> Entries:
    """The Toeplitz matrix `outputs × padded` of a row of taps along an axis."""
    padded = axis.size + axis.before + axis.after
    matrix = np.zeros((axis.outputs, padded), object)
    for o, t in product(range(axis.outputs), range(axis.kernel)):
        place = source(o, t, stride=axis.stride, dilation=axis.dilation, before=0)
        matrix[o, place] = taps[t]
    return dense_entries(matrix)


def fft_factors(stencil: Stencil, weight: Array) -> list[tuple[str, Entries]]:
    """`scatter · inverse DFT · spectrum · DFT · gather`, block by block of overlap-save."""
    axes, ndim = stencil.windows, len(stencil.axes)
    wide = np.result_type(weight, np.float64)
    lengths = block_lengths(Problem(stencil, 1, wide))
    steps = [f - axis.span + 1 for f, axis in zip(lengths, axes, strict=True)]
    counts = [-(-axis.outputs // step) for axis, step in zip(axes, steps, strict=True)]
    places = [
        broadcast(np.arange(n) * step, j, 2 * ndim)
        + broadcast(np.arange(f), ndim + j, 2 * ndim)
        + axis.first
        for j, (n, step, f, axis) in enumerate(zip(counts, steps, lengths, axes, strict=True))
    ]
    blocks, size = prod(counts), prod(lengths)
    gather = gathering((stencil.in_channels, *counts, *lengths), stencil, places)
    kernels = exact_kernels(stencil, weight).astype(wide)
    groups, each, _ = kernels.shape
    laid = laid_out(stencil, kernels, lengths)
    spectrum = np.conj(np.fft.fftn(laid.conj(), axes=range(3, 3 + ndim)))
    flat = spectrum.reshape(groups, each, stencil.group_channels, size)
    dft: Array = np.ones((1, 1))
    for f in lengths:
        dft = np.kron(dft, np.fft.fft(np.eye(f)))
    inverse = dense_entries(dft.conj() / size)
    o, c, b, f = (
        x.reshape(-1)
        for x in np.indices((stencil.out_channels, stencil.group_channels, blocks, size))
    )
    channel = o // each * stencil.group_channels + c
    width = blocks * size
    values = flat[o // each, o % each, c, f]
    products = Entries(
        (stencil.out_channels * width, stencil.in_channels * width),
        o * width + b * size + f, channel * width + b * size + f, values.astype(object),
    )  # fmt: skip
    return [
        ("scatter", _blocks_to_outputs(stencil, counts, steps, lengths)),
        ("inverse DFT", block_diagonal([inverse] * stencil.out_channels * blocks)),
        ("spectrum", products),
        ("DFT", block_diagonal([dense_entries(dft)] * stencil.in_channels * blocks)),
        ("gather", gather),
    ]  # fmt: skip


def _blocks_to_outputs(
    stencil: Stencil, counts: list[int], steps: list[int], lengths: tuple[int, ...]
) -> Entries:
    """From `(channels, *blocks, *lengths)` to `(channels, *outputs)`."""
    ndim, shape = len(lengths), (stencil.out_channels, *counts, *lengths)
    index = [broadcast(np.arange(stencil.out_channels), 0, ndim + 1)]
    outputs = [np.arange(n) for n in stencil.out_shape[1:]]
    index += [
        broadcast(o // s, 1 + j, ndim + 1)
        for j, (o, s) in enumerate(zip(outputs, steps, strict=True))
    ]
    index += [
        broadcast(o % s, 1 + j, ndim + 1)
        for j, (o, s) in enumerate(zip(outputs, steps, strict=True))
    ]
    return picking(ravel(np.broadcast_arrays(*index), shape), prod(shape))
