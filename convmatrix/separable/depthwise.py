"""Whether a standard layer is a pointwise after a depthwise one.

A depthwise layer of multiplier M and a pointwise one are together a standard layer whose kernels
that read one input channel, laid out as a matrix `(C_out, taps)`, have rank at most M: the rows of
the depthwise kernels are a basis, the pointwise weights the coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from convmatrix.errors import WeightError
from convmatrix.layers import Sequential, depthwise_separable
from convmatrix.layers.calling import public
from convmatrix.layers.renamed import renamed
from convmatrix.separable.floats import largest_part, scaled_floats
from convmatrix.separable.numbers import (
    check_tolerance,
    each,
    exact_entries,
    has_symbols,
    kernel_array,
)
from convmatrix.separable.precision import default_tolerance
from convmatrix.separable.ranks import exact_rank, rank_factors
from convmatrix.separable.text import markdown
from convmatrix.shapes import times
from convmatrix.typing import Array

__all__ = ["DepthwiseSeparability", "depthwise_separability"]


@dataclass(frozen=True, eq=False)
class DepthwiseSeparability:
    """The verdict of `depthwise_separability`; as a condition it is `separable`.

    Attributes
    ----------
    separable
        Whether the layer is a pointwise after a depthwise convolution with this multiplier.
    exact
        Whether it was decided in exact arithmetic.
    multiplier
        Depthwise kernels an input channel.
    ranks
        For each input channel the rank of its kernels `(C_out, taps)`: the multiplier it needs.
    depthwise
        Weight `(C_in * multiplier, 1, *k)`; channels that need fewer kernels have zeros.
    pointwise
        Weight `(C_out, C_in * multiplier, 1, …)`. Where the layer is not separable, the two are
        the best approximation in the Frobenius norm.
    distance
        Its relative error; 0 where an exact layer is separable.
    method
        Which test was used, with its tolerance.
    """

    separable: bool
    exact: bool
    multiplier: int
    ranks: Array = field(repr=False)
    depthwise: Array = field(repr=False)
    pointwise: Array = field(repr=False)
    distance: float
    method: str

    def __bool__(self) -> bool:
        return self.separable

    @property
    def least_multiplier(self) -> int:
        """The least multiplier with which the layer is depthwise-separable."""
        return max(1, int(self.ranks.max()))

    def layer(self, **geometry: Any) -> Sequential:
        """The depthwise and the pointwise layer in series."""
        inputs = len(self.depthwise) // self.multiplier
        return depthwise_separable(
            inputs, len(self.pointwise), self.depthwise.shape[2:], multiplier=self.multiplier,
            depthwise_weight=self.depthwise, pointwise_weight=self.pointwise, **geometry,
        )  # fmt: skip

    def multiplications(self) -> tuple[int, int]:
        """Multiplications a position: of the standard layer, and of depthwise and pointwise."""
        outputs, taps = len(self.pointwise), prod(self.depthwise.shape[2:])
        inputs = len(self.depthwise) // self.multiplier
        return outputs * inputs * taps, len(self.depthwise) * (taps + outputs)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, without the weights."""
        return {
            "separable": self.separable,
            "exact": self.exact,
            "multiplier": self.multiplier,
            "least_multiplier": self.least_multiplier,
            "ranks": self.ranks.tolist(),
            "distance": self.distance,
            "method": self.method,
        }

    def _repr_markdown_(self) -> str:
        return markdown(str(self))

    def __str__(self) -> str:
        said = "depthwise-separable" if self.separable else "not depthwise-separable"
        before, after = self.multiplications()
        inputs = len(self.depthwise) // self.multiplier
        kernel = times(self.depthwise.shape[2:])
        return (
            f"{said} with multiplier {self.multiplier} (least multiplier {self.least_multiplier})\n"
            f"  read as  {inputs} → {len(self.pointwise)} channels, kernel {kernel}\n"
            f"  distance of the best approximation  {self.distance:.3g} of the weight's norm\n"
            f"  multiplications a position  {before} as one layer, {after} as two\n"
            f"  method  {self.method}"
        )


@renamed(tol="tolerance")
@public
def depthwise_separability(
    weight: Any, *, multiplier: int = 1, tolerance: float | None = None
) -> DepthwiseSeparability:
    """Test whether a standard layer is a pointwise after a depthwise convolution.

    Parameters
    ----------
    weight
        `(C_out, C_in, *k)`, of one group. Integers and fractions are decided exactly.
    multiplier
        Depthwise kernels an input channel.
    tolerance
        For floats: singular values up to so many times the largest count as 0. Default
        `max(C_out, taps) * eps` of the dtype. (Its old name `tol` warns.)

    Raises
    ------
    WeightError
        For a weight that is not of finite numbers in that layout, or a multiplier below 1.

    >>> basis, mix = np.array([[[[1, 2], [0, 1]]]]), np.array([3, -1]).reshape(2, 1, 1, 1)
    >>> verdict = depthwise_separability(mix * basis)
    >>> verdict.separable, verdict.depthwise.tolist(), verdict.pointwise.ravel().tolist()
    (True, [[[[-1, -2], [0, -1]]]], [-3, 1])
    """
    array = kernel_array(weight, 3)
    if (
        isinstance(multiplier, bool)
        or not isinstance(multiplier, (int, np.integer))
        or multiplier < 1
    ):
        raise WeightError(f"multiplier counts kernels a channel, 1 or more, got {multiplier!r}")
    check_tolerance(tolerance)
    outputs, inputs, *kernel = array.shape
    tables = np.moveaxis(array.reshape(outputs, inputs, -1), 1, 0)
    if array.dtype.kind == "O":
        entries = exact_entries(tables)
        if has_symbols(entries):
            raise WeightError("depthwise_separability needs numbers, the weight has symbols")
        ranks = np.array([exact_rank(table) for table in entries])
        method = "exact: rank of each input channel's kernels by fraction-free elimination"
        if ranks.max() <= multiplier:
            pairs = [rank_factors(table) for table in entries]
            return _made(True, pairs, ranks, kernel, int(multiplier), 0.0, method)
        unit, scale = scaled_floats(entries)
        pairs, _, distance = _best(unit, int(multiplier), 0.0)
        try:
            pairs = [(left * float(scale), right) for left, right in pairs]
        except OverflowError:
            pairs = [(each(left, lambda v: Fraction(v) * scale), right) for left, right in pairs]
        return _made(False, pairs, ranks, kernel, int(multiplier), distance, method, exact=True)
    limit = default_tolerance(tables.shape[1:], array.dtype)
    limit = limit if tolerance is None else float(tolerance)
    pairs, ranks, distance = _best(tables, int(multiplier), limit)
    method = f"numerical: singular values against the tolerance {limit:.2g} times the largest"
    holds = bool(ranks.max() <= multiplier)
    return _made(holds, pairs, ranks, kernel, int(multiplier), distance, method, exact=False)


def _best(
    tables: Array, multiplier: int, limit: float
) -> tuple[list[tuple[Array, Array]], Array, float]:
    """The best factors of each table, the ranks, and the relative error of all together."""
    wide = tables.astype(np.complex128 if tables.dtype.kind == "c" else np.float64)
    largest = largest_part(wide).max() or 1.0
    left, sigma, right = np.linalg.svd(wide / largest, full_matrices=False)
    ranks = (sigma > limit * sigma[:, :1]).sum(axis=1)
    root = np.sqrt(sigma * largest)
    pairs = [
        (
            (u[:, :multiplier] * s[:multiplier]).astype(tables.dtype),
            (s[:multiplier, None] * v[:multiplier]).astype(tables.dtype),
        )
        for u, s, v in zip(left, root, right, strict=True)
    ]
    total = float((sigma**2).sum())
    tail = float((sigma[:, multiplier:] ** 2).sum())
    return pairs, ranks, float(np.sqrt(tail / total)) if total else 0.0


def _made(
    holds: bool, pairs: list[tuple[Array, Array]], ranks: Array, kernel: list[int],
    multiplier: int, distance: float, method: str, *, exact: bool = True,
) -> DepthwiseSeparability:  # fmt: skip
    """The verdict, with the factors of all input channels as two weights."""
    outputs, inputs = len(pairs[0][0]), len(pairs)
    dtype = pairs[0][0].dtype
    mix = np.zeros((outputs, inputs, multiplier), dtype)
    basis = np.zeros((inputs, multiplier, prod(kernel)), dtype)
    for c, (left, right) in enumerate(pairs):
        mix[:, c, : left.shape[1]] = left
        basis[c, : len(right)] = right
    return DepthwiseSeparability(
        holds, exact, multiplier, ranks, basis.reshape(inputs * multiplier, 1, *kernel),
        mix.reshape(outputs, inputs * multiplier, *(1,) * len(kernel)), distance, method,
    )  # fmt: skip
