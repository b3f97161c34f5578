"""What every verdict on separability answers, and the minor that refutes it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from convmatrix.kept import cached_property
from convmatrix.typing import Array

if TYPE_CHECKING:
    from convmatrix.separable.precision import Precision

__all__ = [
    "Minor",
    "Verdict",
    "largest_part",
    "ratio_of",
    "relative_tail",
    "scaled_floats",
    "unfold",
    "unit_floats",
]

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


class Verdict(ABC):
    """A verdict on one kernel; what is dear to compute is computed when it is asked for."""

    exact: ClassVar[bool]
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

    @abstractmethod
    def splits(self, axes: Place) -> bool:
        """Whether the kernel is a kernel over some axes times one over the others."""

    @abstractmethod
    def split(self, parts: Sequence[Place]) -> tuple[Array, ...]:
        """Kernels over the parts of the axes, whose outer product is the kernel."""

    @cached_property
    def parts(self) -> tuple[Place, ...]:
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
    @abstractmethod
    def precision(self) -> Precision | None:
        """The finest at which the kernel is separable; None where it is at none, or exactly."""

    @cached_property
    def distance(self) -> float:
        """Relative Frobenius distance to the nearest separable kernel; beyond two axes the largest
        of the unfoldings', a lower bound."""
        if self.separable and self.exact:
            return 0.0
        axes = range(1 if self.kernel.ndim == 2 else self.kernel.ndim)
        return max(relative_tail(self.singular_values(axis)) for axis in axes)

    def singular_values(self, axis: int = 0) -> Array:
        """Singular values of the unfolding along an axis, of the kernel over its largest entry."""
        table = unfold(unit_floats(self.kernel), (axis,))
        sigma: Array = np.linalg.svd(table, compute_uv=False)
        return sigma

    @property
    def holds_at(self) -> str | None:
        """The name of that precision."""
        if self.separable and self.exact:
            return "exact"
        return None if self.precision is None else self.precision.name

    @property
    def rounded(self) -> bool:
        """Whether it is not separable, but is at the precision that its values were rounded to."""
        return self.separable is False and self.precision is not None

    def _worst_ratio(self) -> float:
        """The largest σ₂/σ₁ of the unfoldings."""
        axes = range(1 if self.kernel.ndim == 2 else self.kernel.ndim)
        return max(ratio_of(self.singular_values(axis)) for axis in axes)


def ratio_of(sigma: Array) -> float:
    """`σ₂/σ₁`."""
    return float(sigma[1] / sigma[0]) if len(sigma) > 1 and sigma[0] else 0.0


def unit_floats(kernel: Array) -> Array:
    """The kernel over its largest entry, in double precision; numbers of any size."""
    return scaled_floats(kernel)[0]


def scaled_floats(kernel: Array) -> tuple[Array, Any]:
    """The kernel over its largest entry (of real and imaginary parts), and that entry."""
    if kernel.dtype.kind != "O":
        wide = np.complex128 if kernel.dtype.kind == "c" else np.float64
        array = kernel if kernel.dtype.itemsize > np.dtype(wide).itemsize else kernel.astype(wide)
        largest = largest_part(array).max() or array.real.dtype.type(1)
        return (array / largest).astype(wide), largest
    if all(isinstance(value, (int, Fraction)) for value in kernel.flat):
        most = max(abs(value) for value in kernel.flat) or 1
        flat = [float(Fraction(v) / most) for v in kernel.flat]
        return np.array(flat).reshape(kernel.shape), most
    import sympy

    values = [sympy.sympify(value) for value in kernel.flat]
    most = max((abs(v) for v in values), key=lambda v: sympy.N(v)) or sympy.Integer(1)
    numbers = np.array([complex(sympy.N(v / most)) for v in values]).reshape(kernel.shape)
    return (numbers if numbers.imag.any() else numbers.real), most


def largest_part(array: Array) -> Array:
    """The larger of the sizes of real and imaginary part: unlike the size it cannot overflow."""
    if array.dtype.kind != "c":
        sizes: Array = np.abs(array)
        return sizes
    larger: Array = np.maximum(np.abs(array.real), np.abs(array.imag))
    return larger


def unfold(kernel: Array, axes: Sequence[int]) -> Array:
    """The kernel as a matrix: rows are some axes, columns the others, both in C order."""
    moved = np.moveaxis(kernel, axes, range(len(axes)))
    return moved.reshape(prod(moved.shape[: len(axes)]), -1)


def relative_tail(sigma: Array) -> float:
    """`sqrt(σ₂² + σ₃² + …) / sqrt(σ₁² + σ₂² + …)`."""
    total = float((sigma**2).sum())
    return float(np.sqrt((sigma[1:] ** 2).sum() / total)) if total else 0.0
