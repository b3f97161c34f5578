"""Many kernels at once: `(…, *k)`, a verdict each, arrays in the result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import prod
from typing import Any

import numpy as np

from convmatrix.kept import cached_property
from convmatrix.separable.exact import ExactVerdict
from convmatrix.separable.floats import largest_part, relative_tail, units
from convmatrix.separable.numbers import has_symbols
from convmatrix.separable.numerical import NumericalVerdict, singular_values
from convmatrix.separable.precision import COARSE, Precision, own_precision, precision_of
from convmatrix.separable.verdict import Verdict, unfoldings
from convmatrix.typing import Array

__all__ = ["ExactStack", "NumericalStack", "Stack", "exact_verdict", "of_rank_one"]

Place = tuple[int, ...]


class Stack(ABC):
    """Verdicts on kernels `(*shape, *k)`, which answer as one verdict does, in arrays over the
    stack; a single one is made when it is asked for."""

    exact: bool
    method: str
    tolerance: float | None = None
    separable: Array
    rank: Array
    distance: Array

    def __init__(self, kernels: Array, ndim: int) -> None:
        self.kernel, self.ndim = kernels, ndim
        self.shape = kernels.shape[: kernels.ndim - ndim]
        self._flat = kernels.reshape(-1, *kernels.shape[kernels.ndim - ndim :])

    def one(self, index: Any) -> Verdict:
        """The verdict on the kernel at an index of the stack."""
        return self._one(int(np.ravel_multi_index(index, self.shape)))

    @abstractmethod
    def _one(self, flat: int) -> Verdict: ...

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
    def minor(self) -> Array:
        """A `Minor` or None for each kernel."""
        return self._filled(verdict.minor for verdict in self._every)

    @cached_property
    def factors(self) -> tuple[Array, ...]:
        """Arrays `(*shape, n)`, one an axis: NaN (or None) for kernels that are not separable."""
        blank: Any = None if self.exact else np.nan
        dtype = object if self.exact else self.kernel.dtype
        found = [np.full((len(self._flat), n), blank, dtype) for n in self._flat.shape[1:]]
        self._fill(found, np.flatnonzero(np.asarray(self.separable, bool)))
        return tuple(f.reshape(*self.shape, f.shape[1]) for f in found)

    def _fill(self, found: list[Array], chosen: Array) -> None:
        """Put the factors of the chosen kernels in their places."""
        for j in chosen.tolist():
            for target, factor in zip(found, self._one(j).factors or (), strict=True):
                target[j] = factor

    @cached_property
    def split_axes(self) -> Array:
        """Booleans `(*shape, ndim)`: which axes split off."""
        found = np.zeros((len(self._flat), self.ndim), bool)
        for j, verdict in enumerate(self._every):
            found[j, list(verdict.split_axes)] = True
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

    def singular_values(self) -> Array | None:
        """Of all kernels at once, where there is such a way."""
        return None


class NumericalStack(Stack):
    """Floats and complex numbers: one pass over the singular values of all."""

    exact = False
    tolerance: float

    def __init__(self, kernels: Array, ndim: int, tolerance: float) -> None:
        super().__init__(kernels, ndim)
        self.tolerance = tolerance
        self.sigma = [singular_values(_unfolded(self._flat, axis)) for axis in unfoldings(ndim)]
        self.separable = (self._ratios() <= tolerance).reshape(self.shape)
        self.method = f"numerical: σ₂ against the tolerance {tolerance:.2g} times σ₁"

    def singular_values(self) -> Array | None:
        if self.ndim != 2:
            return None
        largest = largest_part(self.kernel).max(axis=(-2, -1))
        values: Array = self.sigma[0].reshape(*self.shape, -1) * largest[..., None]
        return values

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
        every = [relative_tail(sigma) for sigma in self.sigma]
        return np.asarray(np.max(every, axis=0)).reshape(self.shape)

    def _fill(self, found: list[Array], chosen: Array) -> None:
        """The singular vectors, each with largest entry 1, the first with the kernel's scale."""
        kernels = units(self._flat[chosen])
        zero = ~kernels.any(axis=tuple(range(1, kernels.ndim)))
        every, places = np.arange(len(chosen)), []
        for axis, target in enumerate(found):
            left = np.linalg.svd(_unfolded(kernels, axis), full_matrices=False)[0][:, :, 0]
            places.append(np.abs(left).argmax(axis=1))
            target[chosen] = left / left[every, places[-1]][:, None]
        scale = self._flat[(chosen, *places)]
        found[0][chosen] *= scale[:, None]
        for target in found[1:]:
            target[chosen[zero]] = 0


def _unfolded(kernels: Array, axis: int) -> Array:
    """The kernels `(n, *k)` as matrices, whose rows are an axis."""
    moved = np.moveaxis(kernels, 1 + axis, 1)
    return moved.reshape(*moved.shape[:2], prod(moved.shape[2:]))


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
            self.separable = of_rank_one(whole).reshape(self.shape)

    def _machine_integers(self) -> Array | None:
        """The kernels as int64, where no cross product can pass 64 bits."""
        if self.ndim != 2 or not all(type(value) is int for value in self._flat.flat):
            return None
        largest = max(abs(value) for value in self._flat.flat)
        return self._flat.astype(np.int64) if 2 * largest * largest < 2**63 else None

    def _one(self, flat: int) -> Verdict:
        return exact_verdict(self._flat[flat])

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


def exact_verdict(kernel: Array) -> Verdict:
    """The verdict on one kernel of exact numbers or symbols."""
    if not has_symbols(kernel):
        return ExactVerdict(kernel)
    from convmatrix.separable.symbolic import SymbolicVerdict

    return SymbolicVerdict(kernel)


def of_rank_one(kernels: Array) -> Array:
    """Which of the matrices `(n, a, b)` have rank at most 1, where no product of two entries is
    rounded: each entry times a pivot is the product of the two across.

    >>> of_rank_one(np.array([[[0, 2], [0, 4]], [[1, 2], [3, 4]]]))
    array([ True, False])
    """
    count, rows, columns = kernels.shape
    flat = kernels.reshape(count, -1)
    place, every = (flat != 0).argmax(axis=1), np.arange(count)
    r, c = np.divmod(place, columns)
    pivot = flat[every, place][:, None, None]
    cross = kernels[every, :, c][:, :, None] * kernels[every, r][:, None, :]
    answer: Array = (kernels * pivot == cross).reshape(count, rows * columns).all(axis=1)
    return answer
