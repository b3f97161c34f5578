"""Ranks of exact matrices, and exact matrices of least size whose product one is."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from math import lcm

import numpy as np

from convmatrix.separable.numbers import (
    each,
    in_field,
    integers,
    nonzero,
    number,
    simplest,
    simplified,
)
from convmatrix.typing import Array

__all__ = ["exact_rank", "rank_factors"]


PRIME = 2_147_483_629
"""Below 2**31, so that products of remainders fit in 64 bits."""


def exact_rank(kernel: Array) -> int:
    """Rank of a matrix of exact numbers, by fraction-free elimination.

    Source: E. Bareiss, *Sylvester's identity and multistep integer-preserving Gaussian
    elimination*, 1968. A rank modulo a prime is never too large, so where it is full it is right.
    """
    whole = integers(kernel)
    if whole is None:
        return len(_pivots(kernel))
    small = int(min(kernel.shape))
    if small > 8 and _modular_rank(whole) == small:
        return small
    table = whole.copy() if whole.shape[0] <= whole.shape[1] else whole.T.copy()
    rank, last = 0, 1
    for column in range(table.shape[1]):
        places = np.flatnonzero(table[rank:, column])
        if not len(places):
            continue
        table[[rank, rank + places[0]]] = table[[rank + places[0], rank]]
        pivot = table[rank, column]
        below = table[rank + 1 :]
        below[:] = (pivot * below - np.multiply.outer(below[:, column], table[rank])) // last
        last = pivot
        rank += 1
        if rank == len(table):
            break
    return rank


def _modular_rank(whole: Array) -> int:
    table = (whole % PRIME).astype(np.int64)
    rank = 0
    for column in range(table.shape[1]):
        places = np.flatnonzero(table[rank:, column])
        if not len(places):
            continue
        table[[rank, rank + places[0]]] = table[[rank + places[0], rank]]
        table[rank] = table[rank] * pow(int(table[rank, column]), -1, PRIME) % PRIME
        below = table[rank + 1 :]
        below[:] = (below - below[:, column, None] * table[rank] % PRIME) % PRIME
        rank += 1
        if rank == len(table):
            break
    return rank


def _pivots(kernel: Array) -> list[tuple[int, Array]]:
    """Pivot columns and rows of the reduced echelon form, over the numbers' field."""
    rows = [list(row) for row in in_field(kernel)]
    found = 0
    columns = []
    for column in range(kernel.shape[1]):
        lead = next((r for r in range(found, len(rows)) if nonzero(rows[r][column])), None)
        if lead is None:
            continue
        rows[found], rows[lead] = rows[lead], rows[found]
        head = rows[found][column]
        rows[found] = [simplified(v / head) for v in rows[found]]
        for r in range(len(rows)):
            if r != found:
                factor = rows[r][column]
                pairs = zip(rows[r], rows[found], strict=True)
                rows[r] = [simplified(a - factor * b) for a, b in pairs]
        columns.append(column)
        found += 1
    return [(c, np.array(rows[j], object)) for j, c in enumerate(columns)]


def rank_factors(kernel: Array) -> tuple[Array, Array]:
    """Exact matrices `(m, r)` and `(r, n)` whose product is the kernel, with the least r.

    Of an integer kernel both are of integers: of full rank the kernel and an identity; else the
    second is its row echelon form by unimodular row operations (Hermite's, but for sizes), the
    first the columns of their inverse that meet it.
    """
    if exact_rank(kernel) == min(kernel.shape):
        identity = np.eye(min(kernel.shape), dtype=int).astype(object)
        tall = kernel.shape[0] > kernel.shape[1]
        return (kernel.copy(), identity) if tall else (identity, kernel.copy())
    whole = integers(kernel)
    if whole is None:
        pivots = _pivots(kernel)
        columns = np.array([kernel[:, c] for c, _ in pivots], object).reshape(-1, len(kernel)).T
        right = np.array([row for _, row in pivots], object).reshape(-1, kernel.shape[1])
        return columns, each(right, simplest)
    rows = [list(row) for row in whole]
    inverse = [[int(i == j) for j in range(len(rows))] for i in range(len(rows))]
    rank = 0
    for column in range(kernel.shape[1]):
        while True:
            live = [r for r in range(rank, len(rows)) if rows[r][column]]
            if not live:
                break
            lead = min(live, key=lambda r: abs(rows[r][column]))
            rows[rank], rows[lead] = rows[lead], rows[rank]
            for row in inverse:
                row[rank], row[lead] = row[lead], row[rank]
            if len(live) == 1:
                rank += 1
                break
            for r in range(rank + 1, len(rows)):
                times = rows[r][column] // rows[rank][column]
                if times:
                    rows[r] = [a - times * b for a, b in zip(rows[r], rows[rank], strict=True)]
                    for row in inverse:
                        row[rank] += times * row[r]
        if rank == len(rows):
            break
    left = np.array([row[:rank] for row in inverse], object).reshape(len(rows), rank)
    right = np.array(rows[:rank], object).reshape(rank, kernel.shape[1])
    for j, row in enumerate(kernel):
        common = reduce(lcm, (value.denominator for value in row), 1)
        if common > 1:
            left[j] = each(left[j], lambda v, common=common: number(Fraction(v, common)))
    return left, right
