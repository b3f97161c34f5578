"""Verdicts to rounding: second singular values against a tolerance relative to the first.

A stack of kernels is decided at once. The singular values of small kernels are square roots of
the eigenvalues of a Gram matrix, which has a closed form for two and three rows; where one is so
small that the form would lose digits, LAPACK computes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from convmatrix.kept import cached_property
from convmatrix.separable.floats import ratio_of, unit_floats, units
from convmatrix.separable.precision import Precision, precision_of
from convmatrix.separable.verdict import Minor, Verdict, unfold
from convmatrix.typing import Array

__all__ = ["NumericalVerdict", "singular_values"]

Place = tuple[int, ...]

CHUNK = 4096
"""Kernels worked on at a time, so that they stay in cache."""
DEGENERATE, NEARLY = 1e-4, 1e-6
"""Ratio of eigenvalues below which the closed form loses more digits than it may, and distance of
the cosine from 1 within which it does."""


class NumericalVerdict(Verdict):
    """The verdict on one kernel of floats or complex numbers."""

    exact = False
    tolerance: float

    def __init__(self, kernel: Array, tolerance: float) -> None:
        self.kernel, self.tolerance = kernel, tolerance
        self._unit = unit_floats(kernel)
        ratios = [ratio_of(self.singular_values(axis)) for axis in range(kernel.ndim)]
        self._worst, self._ratio = int(np.argmax(ratios)), max(ratios)
        self.separable = self._ratio <= tolerance
        self.method = (
            f"numerical: σ₂/σ₁ = {self._ratio:.2g} against the tolerance {tolerance:.2g}"
            if self._unit.any()
            else "numerical: every entry is 0"
        )

    def singular_values(self, axis: int = 0) -> Array:
        axis = 0 if self.kernel.ndim == 2 else axis
        if axis not in self._sigma:
            self._sigma[axis] = np.linalg.svd(unfold(self._unit, (axis,)), compute_uv=False)
        return self._sigma[axis]

    @cached_property
    def _sigma(self) -> dict[int, Array]:
        return {}

    @cached_property
    def precision(self) -> Precision | None:
        return precision_of(self.kernel, self._ratio)

    def split(self, parts: Sequence[Place]) -> tuple[Array, ...]:
        """The leading singular vectors, each with largest entry 1, the first with the scale."""
        shapes = [[self.kernel.shape[j] for j in axes] for axes in parts]
        if not self._unit.any():
            return tuple(np.zeros(shape, self.kernel.dtype) for shape in shapes)
        found, scale, place = [], self.kernel, [0] * self.kernel.ndim
        for axes, shape in zip(parts, shapes, strict=True):
            vector = np.linalg.svd(unfold(self._unit, axes), full_matrices=False)[0][:, 0]
            at = int(np.abs(vector).argmax())
            for j, i in zip(axes, np.unravel_index(at, shape), strict=True):
                place[j] = int(i)
            found.append((vector / vector[at]).reshape(shape))
        first = found[0] * scale[tuple(place)]
        return tuple(f.astype(self.kernel.dtype) for f in (first, *found[1:]))

    def splits(self, axes: Place) -> bool:
        sigma = np.linalg.svd(unfold(self._unit, axes), compute_uv=False)
        return ratio_of(sigma) <= self.tolerance

    @cached_property
    def ranks(self) -> tuple[int, ...]:
        every = (self.singular_values(axis) for axis in range(self.kernel.ndim))
        return tuple(int((s > self.tolerance * s[0]).sum()) for s in every)

    @cached_property
    def minor(self) -> Minor | None:
        """The largest minor through the largest entry, in the worst unfolding."""
        if self.separable:
            return None
        axis, table = self._worst, unfold(self._unit, (self._worst,))
        r, c = (int(i) for i in np.unravel_index(np.abs(table).argmax(), table.shape))
        minors = table * table[r, c] - np.multiply.outer(table[:, c], table[r])
        there = np.unravel_index(np.abs(minors).argmax(), minors.shape)
        (r0, r1), (c0, c1) = sorted((r, int(there[0]))), sorted((c, int(there[1])))
        a, b, d, e = (
            unfold(self.kernel, (axis,))[place].item()
            for place in ((r0, c0), (r0, c1), (r1, c0), (r1, c1))
        )
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            value: Any = a * e - b * d
        if not value or not np.isfinite(value):  # out of range, though the entries are not
            value = _exact_minor(a, b, d, e)
        return Minor((r0, r1), (c0, c1), value, axis)


def _exact_minor(a: Any, b: Any, d: Any, e: Any) -> Any:
    """`a*e - b*d` of floats or complex numbers, exactly."""
    parts = [(Fraction(*v.real.as_integer_ratio()), Fraction(*v.imag.as_integer_ratio()))
             for v in (a, b, d, e)]  # fmt: skip
    (ar, ai), (br, bi), (dr, di), (er, ei) = parts
    real, imaginary = ar * er - ai * ei - br * dr + bi * di, ar * ei + ai * er - br * di - bi * dr
    if not imaginary:
        return real
    import sympy

    exact = [sympy.Rational(v.numerator, v.denominator) for v in (real, imaginary)]
    return exact[0] + exact[1] * sympy.I


# ------------------------------------------------------------------------- many kernels at once


def singular_values(tables: Array) -> Array:
    """Singular values `(n, min(a, b))` of matrices `(n, a, b)`, largest first, each in units of its
    matrix' largest entry.

    >>> singular_values(np.array([[[3.0, 0.0], [0.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]]))
    array([[1.  , 0.75],
           [0.  , 0.  ]])
    """
    if tables.shape[1] > tables.shape[2]:
        tables = tables.swapaxes(1, 2)
    count, rows = tables.shape[:2]
    result = np.empty((count, rows))
    for low in range(0, count, CHUNK):
        part = tables[low : low + CHUNK]
        result[low : low + CHUNK] = _of_units(units(part))
    return result


def _of_units(tables: Array) -> Array:
    """The singular values of matrices whose largest entries are 1."""
    rows = tables.shape[1]
    if rows > 3 or tables.dtype.kind == "c":
        values: Array = np.linalg.svd(tables, compute_uv=False)
        return values
    lines = np.ascontiguousarray(tables.transpose(1, 2, 0))
    if rows == 1:
        length: Array = np.sqrt(np.einsum("jn,jn->n", lines[0], lines[0])).reshape(-1, 1)
        return length
    gram = [[np.einsum("jn,jn->n", lines[i], lines[j]) for j in range(i + 1)] for i in range(rows)]
    values, sure = _eigenvalues_2(gram) if rows == 2 else _eigenvalues_3(gram)
    sigma: Array = np.sqrt(np.maximum(values, 0).T)
    unsure = ~(sure & (values[-1] > DEGENERATE * values[0]))
    sigma[unsure] = np.linalg.svd(tables[unsure], compute_uv=False)
    return sigma


def _eigenvalues_2(gram: list[list[Array]]) -> tuple[Array, Any]:
    (a,), (b, c) = gram
    middle, half = (a + c) / 2, (a - c) / 2
    root = np.sqrt(half * half + b * b)
    return np.stack([middle + root, middle - root]), True


def _eigenvalues_3(gram: list[list[Array]]) -> tuple[Array, Any]:
    """Of symmetric 3×3 matrices, by the angle of their characteristic cubic; and where that angle
    is sure, which it is not where two eigenvalues are nearly equal.

    Source: O. Smith, *Eigenvalues of a symmetric 3×3 matrix*, 1961.
    """
    (a,), (d, b), (e, f, c) = gram
    middle = (a + b + c) / 3
    a, b, c = a - middle, b - middle, c - middle
    dd, ee, ff = d * d, e * e, f * f
    p = np.sqrt((a * a + b * b + c * c + 2 * (dd + ee + ff)) / 6)
    det = a * (b * c - ff) - b * ee - c * dd + 2 * d * e * f
    scale = np.where(p > 0, p, 1)
    cosine = np.clip(det / (2 * scale * scale * scale), -1, 1)
    angle = np.arccos(cosine) / 3
    first = middle + 2 * p * np.cos(angle)
    last = middle + 2 * p * np.cos(angle + 2 * np.pi / 3)
    values = np.stack([first, 3 * middle - first - last, last])
    return values, np.abs(cosine) < 1 - NEARLY
