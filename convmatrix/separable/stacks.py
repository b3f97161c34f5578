"""Many kernels at once: `(…, *k)`, a verdict each, arrays in the result."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from convmatrix.kept import cached_property
from convmatrix.separable.exact import ExactVerdict
from convmatrix.separable.numbers import has_symbols
from convmatrix.separable.numerical import (
    NumericalVerdict,
    relative_distance,
    singular_values,
    units,
)
from convmatrix.separable.precision import COARSE, Precision, own_precision, precision_of
from convmatrix.separable.verdict import Verdict
from convmatrix.typing import Array

__all__ = ["ExactStack", "NumericalStack", "Stack"]

Place = tuple[int, ...]


class Stack:
    """Verdicts on kernels `(*shape, *k)`; a single one is made when it is asked for."""

    exact: bool
    method: str
    tolerance: float | None = None

    def __init__(self, kernels: Array, ndim: int) -> None:
        self.kernels, self.ndim = kernels, ndim
        self.shape = kernels.shape[: kernels.ndim - ndim]
        self._flat = kernels.reshape(-1, *kernels.shape[kernels.ndim - ndim :])

    def one(self, index: Any) -> Verdict:
        """The verdict on the kernel at an index of the stack."""
        return self._one(int(np.ravel_multi_index(index, self.shape)))

    def _one(self, flat: int) -> Verdict:
        raise NotImplementedError

    def _filled(self, values: Any, dtype: Any = object) -> Array:
        """An array `(*shape,)` of one value a kernel."""
        found = np.empty(len(self._flat), dtype)
        for j, value in enumerate(values):
            found[j] = value
        return found.reshape(self.shape)

    @property
    def _every(self) -> Any:
        return (self._one(j) for j in range(len(self._flat)))

    @cached_property
    def minors(self) -> Array:
        """A `Minor` or None for each kernel."""
        return self._filled(verdict.minor for verdict in self._every)

    @cached_property
    def factors(self) -> tuple[Array, ...]:
        """Arrays `(*shape, n)`, one an axis: NaN (or None) for kernels that are not separable."""
        blank: Any = None if self.exact else np.nan
        dtype = object if self.exact else self.kernels.dtype
        found = [np.full((len(self._flat), n), blank, dtype) for n in self._flat.shape[1:]]
        for j in np.flatnonzero(np.asarray(self.separable, bool)):
            for target, factor in zip(found, self._one(int(j)).factors or (), strict=True):
                target[j] = factor
        return tuple(f.reshape(*self.shape, f.shape[1]) for f in found)

    @cached_property
    def split_axes(self) -> Array:
        """Booleans `(*shape, ndim)`: which axes split off."""
        found = np.zeros((len(self._flat), self.ndim), bool)
        for j, verdict in enumerate(self._every):
            found[j, [part[0] for part in verdict.parts if len(part) == 1]] = True
        return found.reshape(*self.shape, self.ndim)

    @property
    def holds_at(self) -> Array:
        """The name of a precision or None for each kernel."""
        names = [p and p.name for p in self.precisions]
        if self.exact:
            sure = self.separable.reshape(-1)
            names = ["exact" if s else name for s, name in zip(sure, names, strict=True)]
        return self._filled(names)

    @cached_property
    def precisions(self) -> list[Precision | None]:
        """Each kernel's `Verdict.precision`."""
        return [verdict.precision for verdict in self._every]

    @property
    def rounded(self) -> list[Precision]:
        """The precisions of the kernels that are not separable to their own."""
        sure = self.separable.reshape(-1)
        return [p for p, s in zip(self.precisions, sure, strict=True) if p and s in (False,)]

    separable: Array
    rank: Array
    distance: Array


class NumericalStack(Stack):
    """Floats and complex numbers: one pass over the singular values of all."""

    exact = False
    tolerance: float

    def __init__(self, kernels: Array, ndim: int, tolerance: float) -> None:
        super().__init__(kernels, ndim)
        self.tolerance = tolerance
        self.sigma = [self._singular_values(axis) for axis in range(1 if ndim == 2 else ndim)]
        self.separable = (self._ratios() <= tolerance).reshape(self.shape)
        self.method = f"numerical: σ₂ against the tolerance {tolerance:.2g} times σ₁"

    def _singular_values(self, axis: int) -> Array:
        moved = np.moveaxis(self._flat, 1 + axis, 1)
        return singular_values(moved.reshape(len(moved), moved.shape[1], -1))

    def _one(self, flat: int) -> Verdict:
        return NumericalVerdict(self._flat[flat], self.tolerance)

    @cached_property
    def precisions(self) -> list[Precision | None]:
        own = own_precision(self._flat[0])
        return [
            own if ratio <= own.tolerance
            else precision_of(kernel, ratio) if ratio <= COARSE else None
            for kernel, ratio in zip(self._flat, self._ratios().tolist(), strict=True)
        ]  # fmt: skip

    def _ratios(self) -> Array:
        """The largest σ₂/σ₁ of each kernel's unfoldings."""
        ratios = [
            sigma[:, 1] / np.where(sigma[:, 0] > 0, sigma[:, 0], 1)
            if sigma.shape[1] > 1
            else np.zeros(len(sigma))
            for sigma in self.sigma
        ]
        return np.asarray(np.max(ratios, axis=0))

    @cached_property
    def rank(self) -> Array:
        """Of kernels of more than two axes the largest of the unfoldings'."""
        every = [(s > self.tolerance * s[:, :1]).sum(axis=1) for s in self.sigma]
        return np.asarray(np.max(every, axis=0)).reshape(self.shape)

    @cached_property
    def distance(self) -> Array:
        every = [relative_distance(sigma) for sigma in self.sigma]
        return np.asarray(np.max(every, axis=0)).reshape(self.shape)

    @cached_property
    def factors(self) -> tuple[Array, ...]:
        """The singular vectors, each with largest entry 1, the first with the kernel's scale."""
        found = [np.full((len(self._flat), n), np.nan, self.kernels.dtype)
                 for n in self._flat.shape[1:]]  # fmt: skip
        chosen = np.flatnonzero(self.separable.reshape(-1))
        kernels = units(self._flat[chosen])
        zero = ~kernels.any(axis=tuple(range(1, kernels.ndim)))
        every, places = np.arange(len(chosen)), []
        for axis, target in enumerate(found):
            moved = np.moveaxis(kernels, 1 + axis, 1)
            tables = moved.reshape(len(moved), moved.shape[1], prod(moved.shape[2:]))
            left = np.linalg.svd(tables, full_matrices=False)[0][:, :, 0]
            places.append(np.abs(left).argmax(axis=1))
            target[chosen] = left / left[every, places[-1]][:, None]
        scale = self._flat[(chosen, *places)]
        found[0][chosen] *= scale[:, None]
        for target in found[1:]:
            target[chosen[zero]] = 0
        return tuple(f.reshape(*self.shape, f.shape[1]) for f in found)


class ExactStack(Stack):
    """Exact numbers and symbols: kernel by kernel; integers that fit in 64 bits all at once."""

    exact = True

    def __init__(self, kernels: Array, ndim: int) -> None:
        super().__init__(kernels, ndim)
        self.method = "exact: cross products with a pivot of each kernel"
        whole = self._machine_integers()
        if whole is None:
            self.separable = self._filled(
                (v.separable for v in self._every), object if has_symbols(kernels) else bool
            )
        else:
            self.separable = _separable_integers(whole).reshape(self.shape)

    def _machine_integers(self) -> Array | None:
        """The kernels as int64, where no cross product can pass 64 bits."""
        if self.ndim != 2 or not all(type(value) is int for value in self._flat.flat):
            return None
        largest = max(abs(value) for value in self._flat.flat)
        return self._flat.astype(np.int64) if 2 * largest * largest < 2**63 else None

    def _one(self, flat: int) -> Verdict:
        kernel = self._flat[flat]
        if not has_symbols(kernel):
            return ExactVerdict(kernel)
        from convmatrix.separable.symbolic import SymbolicVerdict

        return SymbolicVerdict(kernel)

    @cached_property
    def rank(self) -> Array:
        """Of kernels of more than two axes the largest of the unfoldings'; None where unknown."""
        ranks = [verdict.ranks for verdict in self._every]
        known = all(r is not None for rank in ranks for r in rank)
        return self._filled(
            (max(r) if None not in r else None for r in ranks),
            int if known else object,
        )

    @cached_property
    def distance(self) -> Array:
        return self._filled((verdict.distance for verdict in self._every), float)


def _separable_integers(kernels: Array) -> Array:
    """Which of the integer matrices `(n, a, b)` have rank at most 1."""
    count, rows, columns = kernels.shape
    flat = kernels.reshape(count, -1)
    place, every = (flat != 0).argmax(axis=1), np.arange(count)
    r, c = np.divmod(place, columns)
    pivot = flat[every, place][:, None, None]
    cross = kernels[every, :, c][:, :, None] * kernels[every, r][:, None, :]
    answer: Array = (kernels * pivot == cross).reshape(count, rows * columns).all(axis=1)
    return answer
