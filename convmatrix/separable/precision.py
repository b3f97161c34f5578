"""Kernels of numbers that were rounded once: at which precision they are separable.

A separable kernel whose entries are rounded, each by at most `u` of its size, has σ₂/σ₁ ≤ u (Weyl;
in the Frobenius norm the errors are at most `u` times the kernel, whatever its shape). So float32
numbers in a float64 array, or decimals of a few digits, are not separable to float64's rounding
though the kernel that they came from was. The values themselves tell how they were rounded: they
fit a narrower format, or have few decimals.

- Values that fit float32 often come from arithmetic in float32, of a few roundings. The tolerance
  is what an array of that dtype gets, so that both get one answer.
- Values of float16, bfloat16, or few decimals were stored so, after one rounding. Then every
  cross product is off by no more than the errors of its entries allow, which is asked of each: a
  much sharper test than one norm, and it has to be, as these errors are large.

Few digits in few numbers fit a separable kernel by chance. Where random numbers would do so in
more than one case of 1000, nothing is said. Integers are exact, and were not rounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from functools import reduce
from math import log
from typing import Any

import numpy as np

from convmatrix.separable.floats import largest_part
from convmatrix.typing import Array

__all__ = ["Precision", "default_tolerance", "own_precision", "precision_of", "round_up"]


COARSE = 2.0**-6
"""Errors larger than these, relative to the kernel, are no precision worth a name."""
MOST_EXACT = 2.0**53
"""Larger floats are whole numbers all of them."""
WIDEST = np.dtype(np.float64)
"""What is computed in, whatever the kernel's type."""
CHANCE = 1e-3
"""How often random numbers may pass the test of a single rounding."""


@dataclass(frozen=True, slots=True)
class Precision:
    """How a kernel's values were rounded, and the tolerance with which it counts as separable."""

    name: str
    tolerance: float


@dataclass(frozen=True, slots=True)
class Format:
    """A binary floating-point format: bits of the significand, exponent of the least number, and
    the largest number."""

    name: str
    bits: int
    least: int
    largest: float

    def spacing(self, values: Array) -> Array:
        """The distance between this format's numbers at each value."""
        exponents = np.where(values == 0, self.least, np.frexp(values)[1] - self.bits)
        gaps: Array = np.ldexp(1.0, np.maximum(exponents, self.least))
        return gaps

    def holds(self, values: Array) -> bool:
        """Whether all values are numbers of this format."""
        if np.abs(values).max() > self.largest:
            return False
        steps = values / self.spacing(values)
        return bool((steps == np.rint(steps)).all())


BFLOAT16 = Format("bfloat16", 8, -133, 3.39e38)
FLOAT16 = Format("float16", 11, -24, 65504.0)
FLOAT32 = Format("float32", 24, -149, 3.4028235e38)


def default_tolerance(shape: Any, dtype: Any) -> float:
    """`max(shape) * eps`, as `numpy.linalg.matrix_rank`."""
    return float(max(shape) * max(np.finfo(dtype).eps, np.finfo(np.float64).eps))


def own_precision(kernel: Array) -> Precision:
    """That of a kernel's own type, or of double precision, in which wider ones are computed."""
    real = np.finfo(kernel.dtype).dtype
    name = real.name if real.itemsize <= WIDEST.itemsize else WIDEST.name
    return Precision(name, default_tolerance(kernel.shape, kernel.dtype))


def precision_of(kernel: Array, ratio: float) -> Precision | None:
    """The precision at which a kernel of floats, with this σ₂/σ₁, is separable.

    >>> kernel = np.outer([1.0, 2.0, 3.0], [0.1, 0.2, 0.7]).astype("float32").astype("float64")
    >>> precision_of(kernel, 2e-8)
    Precision(name='float32', tolerance=3.576...e-07)
    >>> precision_of(np.round(np.outer([0.12, 0.23, 0.41], [0.315, 0.217, 0.93]), 4), 5e-5).name
    '4 decimals'
    """
    own = own_precision(kernel)
    if ratio <= own.tolerance:
        return own
    parts = np.stack([kernel.real, kernel.imag]) if kernel.dtype.kind == "c" else kernel[None]
    largest = np.abs(parts).max()
    if ratio > COARSE or (largest <= MOST_EXACT and (parts == np.rint(parts)).all()):
        return None
    written = _written(parts)
    single = default_tolerance(kernel.shape, np.float32)
    singles = FLOAT32.holds(parts) or _are_printed_singles(parts, written)
    if own.tolerance < single and ratio <= single and singles:
        return Precision("float32", single)
    for name, errors in _roundings(parts, written):
        bound = float(np.linalg.norm(errors / largest) / np.linalg.norm(parts / largest))
        if bound <= COARSE and _rounded_once(kernel, errors.sum(axis=0)):
            return Precision(name, max(bound, ratio))
    return None


def round_up(value: float) -> str:
    """To two digits, and no less than it is: a tolerance to type.

    >>> round_up(8.345e-07)
    '8.4e-7'
    """
    return str(Decimal(value).normalize(Context(prec=2, rounding=ROUND_CEILING))).lower()


@dataclass(frozen=True, slots=True)
class Written:
    """Numbers in decimal: the most places after the point, the most significant digits, and the
    power of ten of each number's first digit."""

    decimals: int
    digits: int
    firsts: Array


def _written(parts: Array) -> Written | None:
    """The shortest decimals that read as these numbers; None where some fill their type."""
    sizes, places = np.unique(np.abs(parts), return_inverse=True)
    decimals, digits, firsts = 0, 0, []
    for size in sizes:
        number = Decimal(str(size)).normalize()
        _, figures, exponent = number.as_tuple()
        if len(figures) > np.finfo(parts.dtype).precision:
            return None
        decimals = max(decimals, -int(exponent))
        digits = max(digits, len(figures))
        firsts.append(number.adjusted())
    return Written(decimals, digits, np.array(firsts)[places].reshape(parts.shape))


def _are_printed_singles(parts: Array, written: Written | None) -> bool:
    """Whether the numbers are what float32 numbers are printed as, which have 7 to 9 digits: with
    fewer, every decimal is."""
    if written is None or written.digits <= np.finfo(np.float32).precision:
        return False
    return bool((parts.astype(np.float32).astype(str).astype(parts.dtype) == parts).all())


def _roundings(parts: Array, written: Written | None) -> Iterator[tuple[str, Array]]:
    """Ways in which all values may have been rounded once, and the most that each is off."""
    narrow = next((narrow for narrow in (BFLOAT16, FLOAT16) if narrow.holds(parts)), None)
    if narrow is not None:
        yield narrow.name, narrow.spacing(parts) / 2
    if written is not None:
        places, digits = written.decimals, written.digits
        yield f"{places} decimal{'s'[: places != 1]}", np.full(parts.shape, 0.5 * 10.0**-places)
        last = written.firsts - digits + 1
        yield f"{digits} digit{'s'[: digits != 1]}", np.where(parts == 0, 0, 0.5 * 10.0**last)


def _rounded_once(kernel: Array, errors: Array) -> bool:
    """Whether a separable kernel may lie within `errors` of the entries, and not by chance.

    With a pivot p, an entry times p**(N-1) is the product of the N entries that share all but one
    coordinate with the pivot, up to what their errors allow.
    """
    largest = largest_part(kernel).max()
    unit, errors = kernel / largest, errors / largest + 4 * np.finfo(float).eps
    pivot = np.unravel_index(np.abs(unit).argmax(), unit.shape)
    axes = range(unit.ndim)

    def sides(table: Array) -> tuple[Array, Array]:
        lines = [table[tuple(slice(None) if j == axis else pivot[j] for j in axes)]
                 for axis in axes]  # fmt: skip
        return table * table[pivot] ** (unit.ndim - 1), reduce(np.multiply.outer, lines)

    left, right = sides(unit)
    room = sum(
        wide - size
        for wide, size in zip(sides(np.abs(unit) + errors), sides(np.abs(unit)), strict=True)
    )
    if (abs(left - right) > room).any():
        return False
    moved = sum(np.indices(unit.shape)[j] != pivot[j] for j in axes)
    scale = np.maximum(sum(map(abs, (left, right))), room)
    return bool(np.log((room / scale)[moved > 1]).sum() <= log(CHANCE))
