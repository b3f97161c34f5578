"""Exact verdicts: a pivot and cross products, with factors or a nonzero 2×2 minor.

A kernel is separable exactly when every 2×2 minor of every unfolding vanishes (rank at most 1).
With a pivot `p` (any nonzero entry) it is enough to look at the minors through `p`: a kernel of
N axes is separable exactly when `K[i] * p**(N-1)` equals the product of the N entries that share
all but one coordinate with the pivot, for every index `i`. So the test takes as long as it takes
to read the kernel a few times.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from math import gcd, lcm
from typing import Any

import numpy as np

from convmatrix.kept import cached_property
from convmatrix.separable.numbers import each, in_field, integers, nonzero, shown, simplest
from convmatrix.separable.precision import Precision, precision_of
from convmatrix.separable.ranks import exact_rank
from convmatrix.separable.verdict import Minor, Verdict, unfold
from convmatrix.typing import Array

__all__ = ["ExactVerdict", "fibre", "find_minor"]

Place = tuple[int, ...]


class ExactVerdict(Verdict):
    """The verdict on one kernel of ints, fractions or SymPy numbers."""

    exact = True

    def __init__(self, kernel: Array) -> None:
        self.kernel = kernel
        self._whole = integers(kernel)
        self._fractions = any(isinstance(value, Fraction) for value in kernel.flat)
        self._field = kernel if self._whole is not None else in_field(kernel)
        self.pivot = self._pivot()
        self._wrong = None if self.pivot is None else self._first_wrong(self.pivot)
        self.separable = self._wrong is None
        self.method = "exact: every entry is 0"
        if self.pivot is not None:
            pivot = f"K{list(self.pivot)} = {shown(kernel[self.pivot])}"
            self.method = f"exact: cross products with the pivot {pivot}"

    def _pivot(self) -> Place | None:
        if self._whole is not None:
            places = np.flatnonzero(self._whole)
            if not len(places):
                return None
            return tuple(int(i) for i in np.unravel_index(places[0], self.kernel.shape))
        return next((i for i, value in np.ndenumerate(self._field) if nonzero(value)), None)

    def _first_wrong(self, pivot: Place) -> Place | None:
        """The first entry that is not what the fibres through the pivot say."""
        kernel = self._field if self._whole is None else machine_integers(self._whole)
        fibres = [fibre(kernel, pivot, (axis,)) for axis in range(kernel.ndim)]
        power = kernel[pivot] ** (kernel.ndim - 1)
        rest = kernel * power - reduce(np.multiply.outer, fibres)
        if self._whole is None:
            return next((i for i, value in np.ndenumerate(rest) if nonzero(value)), None)
        places = np.flatnonzero(rest)
        if not len(places):
            return None
        return tuple(int(i) for i in np.unravel_index(places[0], rest.shape))

    def split(self, parts: Sequence[Place]) -> tuple[Array, ...]:
        """In the simplest numbers: of an integer kernel integers, all but the first without a
        common divisor."""
        if self.pivot is None:
            return tuple(np.zeros([self.kernel.shape[j] for j in axes], object) for axes in parts)
        fibres = [fibre(self._field, self.pivot, axes) for axes in parts]
        power = self._field[self.pivot] ** (len(fibres) - 1)
        scale = Fraction(1, power) if isinstance(power, int) else 1 / power
        found = []
        for part in fibres[1:]:
            unit = content(part)
            found.append(each(part, lambda v, unit=unit: simplest(v / unit)))
            scale = scale * unit
        first = each(fibres[0], lambda v: simplest(v * scale))
        return (first, *found)

    @cached_property
    def minor(self) -> Minor | None:
        if self.separable:
            return None
        assert self.pivot is not None
        assert self._wrong is not None
        return find_minor(self.kernel, self.pivot, self._wrong)

    @cached_property
    def ranks(self) -> tuple[int, ...]:
        if self.separable:
            return (int(self.pivot is not None),) * self.kernel.ndim
        if self.kernel.ndim == 2:
            return (exact_rank(self.kernel),) * 2
        return tuple(exact_rank(unfold(self.kernel, (j,))) for j in range(self.kernel.ndim))

    @cached_property
    def precision(self) -> Precision | None:
        """Of fractions, as decimals and floats that were taken exactly are; integers are what they
        are."""
        if self.separable or self._whole is None or not self._fractions:
            return None
        try:
            floats = self.kernel.astype(np.float64)
        except OverflowError:
            return None
        return precision_of(floats, self._worst_ratio())

    def splits(self, axes: Place) -> bool:
        if self.pivot is None:
            return True
        others = tuple(j for j in range(self.kernel.ndim) if j not in axes)
        kernel = self._field if self._whole is None else self._whole
        product = np.multiply.outer(
            fibre(kernel, self.pivot, axes).reshape(-1),
            fibre(kernel, self.pivot, others).reshape(-1),
        )
        rest = unfold(kernel, axes) * kernel[self.pivot] - product
        return not any(nonzero(value) for value in rest.flat)


def machine_integers(kernel: Array) -> Array:
    """The same as int64 where no cross product can pass 64 bits, else as they are."""
    try:
        small = kernel.astype(np.int64)
    except OverflowError:
        return kernel
    largest = max(-int(small.min()), int(small.max()))
    return small if 2 * largest**kernel.ndim < 2**63 else kernel


def fibre(kernel: Array, pivot: Place, axes: Place) -> Array:
    """The entries that share all coordinates but those of some axes with the pivot."""
    place = tuple(slice(None) if j in axes else i for j, i in enumerate(pivot))
    part: Array = kernel[place]
    return part


def content(part: Array) -> Any:
    """What all entries share, with the sign of the first: their quotients are coprime integers."""
    values = list(part.flat)
    lead = next(v for v in values if nonzero(v))
    if not all(isinstance(v, (int, Fraction)) for v in values):
        return lead
    common = reduce(lcm, (v.denominator for v in values))
    shared = reduce(gcd, (int(v * common) for v in values))
    return Fraction(shared, common) * (1 if lead > 0 else -1)


def find_minor(kernel: Array, pivot: Place, wrong: Place) -> Minor:
    """A nonzero minor, found by moving from the pivot to the wrong entry one axis at a time.

    At each step the minor through pivot and a partly moved index is tested in the unfolding along
    the moved axis; if all vanished, the entry would have been right.
    """
    for axis in range(kernel.ndim):
        table = unfold(kernel, (axis,))
        shape = [n for j, n in enumerate(kernel.shape) if j != axis]
        near = [i for j, i in enumerate(pivot) if j != axis]
        for cut in range(kernel.ndim):
            far = [wrong[j] if j >= cut else pivot[j] for j in range(kernel.ndim) if j != axis]
            columns = sorted(int(np.ravel_multi_index(at, shape)) for at in (near, far))
            rows = sorted((pivot[axis], wrong[axis]))
            if rows[0] == rows[1] or columns[0] == columns[1]:
                continue
            (r0, r1), (c0, c1) = rows, columns
            value = table[r0, c0] * table[r1, c1] - table[r0, c1] * table[r1, c0]
            if nonzero(value):
                return Minor((r0, r1), (c0, c1), simplest(value), axis)
    raise AssertionError("a kernel that is not separable has a nonzero minor")
