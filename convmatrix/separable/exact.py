"""Exact verdicts: a pivot and cross products, with factors or a nonzero 2×2 minor.

A kernel is separable exactly when every 2×2 minor of every unfolding vanishes (rank at most 1).
With a pivot `p` (any nonzero entry) it is enough to look at the minors through `p`: a kernel of
N axes is separable exactly when `K[i] * p**(N-1)` equals the product of the N entries that share
all but one coordinate with the pivot, for every index `i`. So the test takes as long as it takes
to read the kernel a few times.
"""

from __future__ import annotations

from abc import abstractmethod
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

__all__ = ["ExactVerdict", "PivotVerdict", "fibre", "find_minor"]

Place = tuple[int, ...]


def content(part: Array) -> Any:
    """What all entries share, with the sign of the first: their quotients are coprime integers."""
    values = list(part.flat)
    lead = next(v for v in values if nonzero(v))
    if not all(isinstance(v, (int, Fraction)) for v in values):
        return lead
    common = reduce(lcm, (v.denominator for v in values))
    shared = reduce(gcd, (int(v * common) for v in values))
    return Fraction(shared, common) * (1 if lead > 0 else -1)


class PivotVerdict(Verdict):
    """What follows, in exact arithmetic, from one entry that is not 0."""

    exact = True
    pivot: Place | None
    """Where that entry is; None of a kernel of zeros."""
    field: Array
    """The kernel in entries that can be divided."""
    scaled: Array
    """The kernel, perhaps with rows times a number each, which is enough to see what vanishes."""

    @staticmethod
    @abstractmethod
    def shared(part: Array) -> Any:
        """What all entries share, which may be divided out."""

    @staticmethod
    @abstractmethod
    def tidy(value: Any) -> Any:
        """A quotient in its simplest form."""

    @staticmethod
    @abstractmethod
    def nonzero(value: Any) -> bool:
        """Whether a difference is not 0."""

    def split(self, partition: Sequence[Place]) -> tuple[Array, ...]:
        """In the simplest entries: of an integer kernel integers, all but the first without a
        common divisor."""
        if self.pivot is None:
            shapes = [[self.kernel.shape[j] for j in axes] for axes in partition]
            return tuple(np.zeros(shape, object) for shape in shapes)
        first, *rest = (fibre(self.field, self.pivot, axes) for axes in partition)
        power = self.field[self.pivot] ** len(rest)
        scale = Fraction(1, power) if isinstance(power, int) else 1 / power
        found = []
        for part in rest:
            unit = self.shared(part)
            found.append(each(part, lambda v, unit=unit: self.tidy(v / unit)))
            scale = scale * unit
        return (each(first, lambda v: self.tidy(v * scale)), *found)

    def splits(self, axes: Place) -> bool:
        if self.pivot is None:
            return True
        others = tuple(j for j in range(self.kernel.ndim) if j not in axes)
        sides = (fibre(self.scaled, self.pivot, part).reshape(-1) for part in (axes, others))
        rest = unfold(self.scaled, axes) * self.scaled[self.pivot] - np.multiply.outer(*sides)
        return not any(self.nonzero(value) for value in rest.flat)


class ExactVerdict(PivotVerdict):
    """The verdict on one kernel of ints, fractions or SymPy numbers."""

    shared = staticmethod(content)
    tidy = staticmethod(simplest)
    nonzero = staticmethod(nonzero)

    def __init__(self, kernel: Array) -> None:
        self.kernel = kernel
        whole = integers(kernel)
        self._rational = whole is not None
        self.field = kernel if self._rational else in_field(kernel)
        self.scaled = self.field if whole is None else whole
        self.pivot = self._first_nonzero(self.scaled)
        self._wrong = None if self.pivot is None else self._first_wrong(self.pivot)
        self.separable = self._wrong is None
        self.method = "exact: every entry is 0"
        if self.pivot is not None:
            pivot = f"K{list(self.pivot)} = {shown(kernel[self.pivot])}"
            self.method = f"exact: cross products with the pivot {pivot}"

    def _first_nonzero(self, entries: Array) -> Place | None:
        if not self._rational:
            return next((i for i, value in np.ndenumerate(entries) if nonzero(value)), None)
        places = np.flatnonzero(entries)
        if not len(places):
            return None
        return tuple(int(i) for i in np.unravel_index(places[0], entries.shape))

    def _first_wrong(self, pivot: Place) -> Place | None:
        """The first entry that is not what the fibres through the pivot say."""
        kernel = machine_integers(self.scaled) if self._rational else self.scaled
        fibres = [fibre(kernel, pivot, (axis,)) for axis in range(kernel.ndim)]
        power = kernel[pivot] ** (kernel.ndim - 1)
        rest = kernel * power - reduce(np.multiply.outer, fibres)
        return self._first_nonzero(rest)

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
        if self.separable or not self._rational or self.scaled is self.kernel:
            return None
        try:
            floats = self.kernel.astype(np.float64)
        except OverflowError:
            return None
        return precision_of(floats, self.ratio)


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
