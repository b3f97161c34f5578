"""What `separability` says."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from convmatrix.errors import ArgumentError, SymbolicError, WeightError
from convmatrix.kept import cached_property
from convmatrix.layers.renamed import former
from convmatrix.separable.floats import scaled_floats
from convmatrix.separable.numbers import has_symbols, plain
from convmatrix.separable.ranks import rank_factors
from convmatrix.separable.text import line, markdown, rounded, text
from convmatrix.typing import Array

if TYPE_CHECKING:
    from convmatrix.layers import Sequential
    from convmatrix.maps import Map
    from convmatrix.separable.stacks import Stack
    from convmatrix.separable.verdict import Verdict

__all__ = ["Separability"]


@dataclass(frozen=True, eq=False, repr=False)
class Separability:
    """The verdict of `separability`, for one kernel or a stack of kernels.

    As a condition it is `separable`: an error where that depends on symbols and for a stack (ask
    `.separable.all()` or `.any()`), a warning where the kernel is not separable but `holds_at` a
    lower precision. Of a stack `separable`, `holds_at`, `rank`, `distance`, `minor`, `factors` and
    `split_axes` are arrays over the stack, and `verdict[i, j]` is the verdict on one kernel.

    Attributes
    ----------
    separable
        True, False, or None where it depends on the kernel's symbols.
    holds_at
        The finest precision at which the kernel is separable, whatever `tolerance` was given:
        ``"exact"``, ``"float64"``, or, of a kernel whose values were rounded, what they were
        rounded to: ``"float32"``, ``"bfloat16"``, ``"float16"``, ``"4 decimals"``, ``"6 digits"``.
        None where it is not separable, or that depends. A kernel that holds only at a lower
        precision than its own has `separable` False, and prints the `tolerance` that counts it.
    exact
        Whether it was decided in exact arithmetic.
    rank
        Rank of the kernel as a matrix: how many separable kernels it is the sum of. None where it
        is not known, or the kernel has more axes and is not separable (see `ranks`).
    factors
        One 1-D kernel an axis whose outer product is the kernel, where it is separable. Of an
        integer kernel they are integers, all but the first without a common divisor.
    minor
        A nonzero 2×2 minor, where it is not.
    distance
        Relative distance to the nearest separable kernel, `sqrt(σ₂² + σ₃² + …) / ‖K‖` in the
        Frobenius norm; of a kernel of more than two axes the largest of its unfoldings', a lower
        bound. NaN where it depends on symbols.
    conditions
        For a kernel with symbols: the polynomials that all vanish where it is separable.
    split_axes
        The axes that split off: the kernel is a 1-D kernel along the axis times the rest.
    method
        Which test was used, with its tolerance.
    kernel
        The kernel that was tested, with exact entries where the test was exact.
    """

    _of: Verdict | Stack
    _notes: tuple[str, ...] = ()

    @property
    def separable(self) -> Any:
        return self._of.separable

    @property
    def exact(self) -> bool:
        return self._of.exact

    @property
    def holds_at(self) -> Any:
        return self._of.holds_at

    @property
    def method(self) -> str:
        return self._of.method

    @property
    def tolerance(self) -> float | None:
        return self._of.tolerance

    @property
    def kernel(self) -> Array:
        return self._of.kernel

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the stack; () for one kernel."""
        return self._of.shape

    @property
    def rank(self) -> Any:
        return self._of.rank

    @property
    def factors(self) -> Any:
        return self._of.factors

    @property
    def minor(self) -> Any:
        return self._of.minor

    @property
    def distance(self) -> Any:
        return self._of.distance

    @property
    def split_axes(self) -> Any:
        return self._of.split_axes

    @property
    def conditions(self) -> tuple[Any, ...]:
        return self._one("conditions").conditions

    @property
    def ranks(self) -> tuple[int | None, ...]:
        """The rank of the unfolding along each axis (the multilinear rank)."""
        return self._one("ranks").ranks

    @property
    def partition(self) -> tuple[tuple[int, ...], ...]:
        """The finest parts of the axes over which the kernel is an outer product."""
        return self._one("partition").partition

    parts = former("parts", "partition")

    def split(self) -> tuple[Array, ...]:
        """A kernel for each part of the `partition`, whose outer product is the kernel.

        >>> from convmatrix import separability
        >>> video = np.multiply.outer([1, 2], [[0, 1], [1, 0]])
        >>> verdict = separability(video)
        >>> verdict.partition, [part.tolist() for part in verdict.split()]
        (((0,), (1, 2)), [[1, 2], [[0, 1], [1, 0]]])
        """
        verdict = self._one("split()")
        return verdict.split(verdict.partition)

    def __getitem__(self, index: Any) -> Separability:
        raise ArgumentError("this is the verdict on one kernel; only a stack has others")

    def __iter__(self) -> Iterator[Separability]:
        raise ArgumentError(
            "a verdict is not a sequence; use np.ndindex(verdict.shape) and verdict[i]"
        )

    def _one(self, name: str) -> Verdict:
        """The verdict on one kernel, of which alone there is a `name`."""
        return cast("Verdict", self._of)

    def __bool__(self) -> bool:
        verdict = self._one("bool()")
        if verdict.separable is None:
            raise SymbolicError(
                f"whether the kernel is separable depends on its symbols: where "
                f"{' and '.join(f'{c} = 0' for c in verdict.conditions[:3])}"
                f"{' and …' if len(verdict.conditions) > 3 else ''}; use .separable, which is None"
            )
        if verdict.rounded:
            warnings.warn(f"False, but {rounded(verdict)}", stacklevel=2)
        return bool(verdict.separable)

    # ------------------------------------------------------------------ sums of separable kernels

    @cached_property
    def singular_values(self) -> Array:
        """Singular values of a kernel of two axes, largest first; of a stack `(*shape, n)`."""
        unit, scale = self._floats("singular_values")
        found: Array = np.linalg.svd(unit, compute_uv=False) * scale
        return found

    @property
    def errors(self) -> tuple[float, ...]:
        """The relative error, in the Frobenius norm, of the best sums of 1, 2, … separable kernels.

        >>> from convmatrix import separability
        >>> [round(e, 3) for e in separability([[0, 1, 0], [1, -4, 1], [0, 1, 0]]).errors]
        [0.101, 0.0, 0.0]
        """
        self._matrix("errors")
        squares = self._one("errors").singular_values() ** 2
        total = float(squares.sum())
        rest = np.append(np.cumsum(squares[:0:-1])[::-1], 0)
        if self._of.exact:
            rest[max(0, self.rank - 1) :] = 0
        return tuple(float(np.sqrt(r / total)) if total else 0.0 for r in rest)

    def rank_factors(self) -> tuple[Array, Array]:
        """Matrices `(m, rank)` and `(rank, n)` whose product is the kernel: exactly where the
        verdict is exact (integers of an integer kernel), else by singular values.

        >>> from convmatrix import separability
        >>> left, right = separability([[0, 1, 0], [1, -4, 1], [0, 1, 0]]).rank_factors()
        >>> (left @ right).tolist()
        [[0, 1, 0], [1, -4, 1], [0, 1, 0]]
        """
        kernel = self._matrix("rank_factors()")
        if self._of.exact:
            return rank_factors(kernel)
        columns, rows = self._svd_terms(self.rank)
        return columns.T, rows

    def terms(self, r: int | None = None, **geometry: Any) -> tuple[Sequential, ...]:
        """Separable layers whose sum is the kernel, or its best approximation by `r` of them.

        Parameters
        ----------
        r
            How many. Left out, or no less than the rank of an exact kernel: as many as the rank,
            with exact numbers. Fewer: those of the largest singular values, with relative error
            `errors[r - 1]`.
        geometry
            Stride, padding, dilation and padding mode, as `spatially_separable` takes them.

        >>> from convmatrix import separability
        >>> one, two = separability([[0, 1, 0], [1, -4, 1], [0, 1, 0]]).terms(padding=1)
        >>> int((one.on(5, 5).to_scipy() + two.on(5, 5).to_scipy()).sum())
        -20
        """
        from convmatrix.layers import spatially_separable

        kernel = self._matrix("terms()")
        if r is not None and (not isinstance(r, (int, np.integer)) or r < 1):
            raise WeightError(f"r is a number of terms, 1 or more, got {r!r}")
        if self._of.exact and (r is None or r >= self.rank):
            left, right = rank_factors(kernel)
            pairs: Any = zip(left.T, right, strict=True)
        else:
            pairs = zip(*self._svd_terms(self.rank if r is None else r), strict=True)
        return tuple(spatially_separable(1, 1, pair, **geometry) for pair in pairs)

    def multiplications(self, r: int | None = None) -> int:
        """Multiplications an output of `r` separable passes; without `r`, of the kernel itself."""
        shape = self._spatial
        return prod(shape) if r is None else r * sum(shape)

    @property
    def break_even(self) -> int:
        """The most separable terms that cost less than the kernel itself."""
        shape = self._spatial
        return (prod(shape) - 1) // sum(shape)

    # ------------------------------------------------------------------ layers and matrices

    def layer(self, **geometry: Any) -> Sequential:
        """The kernel as layers in series: a pass for each part of the `partition`, one
        channel.

        Raises `WeightError` where nothing splits off.

        >>> from convmatrix import separability
        >>> passes = separability([[3, 6, 9], [4, 8, 12], [5, 10, 15]]).layer(stride=2)
        >>> passes.on(5, 5).shape
        (4, 25)
        """
        from convmatrix.separable.as_layers import passes

        return passes(self, geometry)

    def kronecker(self, *size: int, **geometry: Any) -> tuple[Map, ...]:
        """A one-axis map for each axis; the Kronecker product of their matrices is the matrix of
        the single-channel layer at `size`.

        Every axis decides for itself which taps are live (reach an input and not its padding), so
        the product holds with every stride, padding, mode and dilation. It is a product of
        matrices with the places of taps kept: a weight that is 0 is still a connection.

        >>> from convmatrix import separability
        >>> verdict = separability([[3, 6, 9], [4, 8, 12], [5, 10, 15]])
        >>> column, row = verdict.kronecker(5, 5, stride=2, padding=1)
        >>> conv = verdict.layer(stride=2, padding=1).on(5, 5)
        >>> bool((np.kron(column.to_dense(), row.to_dense()) == conv.to_dense()).all())
        True
        """
        from convmatrix.separable.as_layers import kronecker

        return kronecker(self, size, geometry)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: exact numbers that are no integers become text."""
        minor, distance = self.minor, self.distance
        return {
            "separable": self.separable,
            "holds_at": self.holds_at,
            "exact": self.exact,
            "rank": self.rank,
            "factors": self.factors and [[plain(v) for v in f.tolist()] for f in self.factors],
            "minor": minor and minor.to_dict(),
            "distance": None if np.isnan(distance) else distance,
            "conditions": [str(c) for c in self.conditions],
            "split_axes": list(self.split_axes),
            "method": self.method,
        }

    def __repr__(self) -> str:
        return line(self._one("repr()"))

    def __str__(self) -> str:
        return text(self._one("str()"), self._notes)

    def _repr_markdown_(self) -> str:
        return markdown(str(self))

    @property
    def _spatial(self) -> tuple[int, ...]:
        return tuple(self.kernel.shape[len(self.shape) :])

    def _matrix(self, name: str) -> Array:
        """The kernel as a matrix of numbers, or why it is none."""
        kernel = self._one(name).kernel
        if kernel.ndim != 2:
            raise WeightError(
                f"{name} is for kernels of two axes, this one has {kernel.ndim}; use split()"
            )
        if has_symbols(kernel):
            raise WeightError(f"{name} needs numbers, the kernel has symbols; use conditions")
        return kernel

    def _floats(self, name: str) -> tuple[Array, float]:
        """The kernel over its largest entry, and that entry, as floats."""
        unit, scale = scaled_floats(self._matrix(name))
        try:
            return unit, float(scale)
        except OverflowError:
            raise WeightError(
                f"{name} gives floats, and the kernel has entries of more than 1e308; divide it"
            ) from None

    def _svd_terms(self, r: int) -> tuple[Array, Array]:
        """Columns `(r, m)` and rows `(r, n)`, of the largest singular values."""
        unit, scale = self._floats("terms()")
        left, sigma, right = np.linalg.svd(unit, full_matrices=False)
        root = np.sqrt(sigma[:r])
        return (left[:, :r] * root).T * scale, root[:, None] * right[:r]
