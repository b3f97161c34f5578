"""What every verdict on one kernel answers, and the minor that refutes it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from convmatrix.kept import cached_property
from convmatrix.separable.floats import ratio_of, relative_tail, unit_floats
from convmatrix.separable.numbers import plain
from convmatrix.typing import Array

if TYPE_CHECKING:
    from convmatrix.separable.precision import Precision

__all__ = ["Minor", "Verdict", "unfold", "unfoldings"]

Place = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Minor:
    """A nonzero 2×2 minor: the proof that a kernel is not separable.

    `value = K[r0, c0] * K[r1, c1] - K[r0, c1] * K[r1, c0]`. A kernel of more than two axes is
    unfolded along `axis`: rows are that axis, columns all the others in C order.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]
    value: Any
    axis: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: an exact value that is no integer becomes text."""
        return {"axis": self.axis, "rows": list(self.rows), "columns": list(self.columns),
                "value": plain(self.value)}  # fmt: skip


class Verdict(ABC):
    """A verdict on one kernel; what is dear to compute is computed when it is asked for."""

    exact: ClassVar[bool]
    shape: ClassVar[tuple[int, ...]] = ()
    kernel: Array
    separable: bool | None
    method: str
    tolerance: float | None = None
    conditions: tuple[Any, ...] = ()

    @cached_property
    def factors(self) -> tuple[Array, ...] | None:
        """One 1-D kernel an axis, where it is separable."""
        return self.split([(j,) for j in range(self.kernel.ndim)]) if self.separable else None

    @property
    @abstractmethod
    def minor(self) -> Minor | None:
        """A nonzero 2×2 minor, where it is not."""

    @property
    @abstractmethod
    def ranks(self) -> tuple[int | None, ...]:
        """The rank of the unfolding along each axis."""

    @property
    def rank(self) -> int | None:
        """That of all unfoldings; None where they differ, or it is not known."""
        ranks = self.ranks
        return ranks[0] if self.separable or len(ranks) == 2 else None

    @abstractmethod
    def splits(self, axes: Place) -> bool:
        """Whether the kernel is a kernel over some axes times one over the others."""

    @abstractmethod
    def split(self, partition: Sequence[Place]) -> tuple[Array, ...]:
        """Kernels over the parts of the axes, whose outer product is the kernel."""

    @cached_property
    def partition(self) -> tuple[Place, ...]:
        """The finest parts of the axes over which the kernel is an outer product.

        The ways to split in two that hold can be intersected, so two axes stay together exactly
        when none of them parts the two.
        """
        ndim = self.kernel.ndim
        if self.separable:
            return tuple((j,) for j in range(ndim))
        apart = np.zeros((ndim, ndim), bool)
        for size in range(1, ndim):
            for axes in combinations(range(ndim), size):
                if 0 in axes and self.splits(axes):
                    others = [j for j in range(ndim) if j not in axes]
                    apart[np.ix_(axes, others)] = True
                    apart[np.ix_(others, axes)] = True
        parts: list[Place] = []
        for j in range(ndim):
            if not any(j in part for part in parts):
                parts.append(tuple(i for i in range(ndim) if not apart[i, j]))
        return tuple(parts)

    @property
    def split_axes(self) -> Place:
        """The axes that are a part of their own."""
        return tuple(part[0] for part in self.partition if len(part) == 1)

    @property
    @abstractmethod
    def precision(self) -> Precision | None:
        """The finest at which the kernel is separable; None where it is at none, or exactly."""

    @cached_property
    def distance(self) -> float:
        """Relative Frobenius distance to the nearest separable kernel; beyond two axes the largest
        of the unfoldings', a lower bound."""
        if self.separable and self.exact:
            return 0.0
        every = unfoldings(self.kernel.ndim)
        return max(float(relative_tail(self.singular_values(axis))) for axis in every)

    @property
    def ratio(self) -> float:
        """The largest σ₂/σ₁ of the unfoldings."""
        every = unfoldings(self.kernel.ndim)
        return max(ratio_of(self.singular_values(axis)) for axis in every)

    def singular_values(self, axis: int = 0) -> Array:
        """Singular values of the unfolding along an axis, of the kernel over its largest entry."""
        table = unfold(unit_floats(self.kernel), (axis,))
        sigma: Array = np.linalg.svd(table, compute_uv=False)
        return sigma

    @property
    def holds_at(self) -> str | None:
        """The name of `precision`."""
        if self.separable and self.exact:
            return "exact"
        return None if self.precision is None else self.precision.name

    @property
    def rounded(self) -> bool:
        """Whether it is not separable, but is at the precision that its values were rounded to."""
        return self.separable is False and self.precision is not None


def unfoldings(ndim: int) -> range:
    """The axes along which a kernel's unfoldings differ: a matrix' two are its transposes."""
    return range(1 if ndim == 2 else ndim)


def unfold(kernel: Array, axes: Sequence[int]) -> Array:
    """The kernel as a matrix: rows are some axes, columns the others, both in C order."""
    moved = np.moveaxis(kernel, axes, range(len(axes)))
    return moved.reshape(prod(moved.shape[: len(axes)]), -1)
