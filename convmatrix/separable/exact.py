"""Is a spatial kernel an outer product of 1-D kernels? Exactly, with a certificate.

A kernel is separable exactly when every 2×2 minor of every unfolding vanishes (rank at most 1).
With a pivot `p` (any nonzero entry) it is enough to look at the minors through `p`: a kernel of
N axes is separable exactly when `K[i] * p**(N-1)` equals the product of the N entries that share
all but one coordinate with the pivot, for every index `i`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from math import gcd
from typing import Any

import numpy as np

from convmatrix.errors import WeightError

__all__ = ["Minor", "Separability", "separability"]

Array = np.ndarray[Any, Any]


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


@dataclass(frozen=True, slots=True)
class Separability:
    """The verdict of `separability`.

    Attributes
    ----------
    separable
        True or False.
    exact
        Whether it was decided in exact arithmetic.
    factors
        One 1-D kernel an axis whose outer product is the kernel, where it is separable. Of an
        integer kernel they are integers, all but the first without a common divisor.
    minor
        A nonzero 2×2 minor, where it is not.
    distance
        Relative distance to the nearest separable kernel, `sqrt(σ₂² + σ₃² + …) / ‖K‖` in the
        Frobenius norm; of a kernel of more than two axes the largest of its unfoldings', a lower
        bound.
    method
        Which test was used, with its tolerance.
    """

    separable: bool
    exact: bool
    factors: tuple[Array, ...] | None
    minor: Minor | None
    distance: float
    method: str
    kernel: Array = field(repr=False)
    tolerance: float | None = field(default=None, repr=False)

    @property
    def rank(self) -> int | None:
        """Rank of the kernel as a matrix; None where it has more axes and is not separable."""
        if self.separable:
            return int(any(_nonzero(value) for value in self.kernel.reshape(-1)))
        if self.kernel.ndim != 2:
            return None
        if self.exact:
            return _exact_rank(self.kernel)
        sigma = np.linalg.svd(self.kernel, compute_uv=False)
        return int((sigma > (self.tolerance or 0) * sigma[0]).sum())

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: exact numbers that are no integers become text."""
        return {
            "separable": self.separable,
            "exact": self.exact,
            "rank": self.rank,
            "factors": self.factors and [[_plain(v) for v in f.tolist()] for f in self.factors],
            "minor": self.minor
            and {
                "axis": self.minor.axis,
                "rows": list(self.minor.rows),
                "columns": list(self.minor.columns),
                "value": _plain(self.minor.value),
            },
            "distance": self.distance,
            "method": self.method,
        }

    def __str__(self) -> str:
        if self.factors is not None:
            shown = " × ".join(f"[{', '.join(map(_short, f.tolist()))}]" for f in self.factors)
            shown = shown.replace("] ×", "]ᵀ ×", 1) if len(self.factors) == 2 else shown
            return f"separable: {shown}\n  method  {self.method}"
        assert self.minor is not None
        return (
            f"not separable: rows {self.minor.rows} and columns {self.minor.columns}"
            f"{f' of the unfolding along axis {self.minor.axis}' if self.kernel.ndim > 2 else ''} "
            f"have the minor {_short(self.minor.value)}, which is not 0\n"
            f"  distance to the nearest separable kernel  {self.distance:.3g} of its norm\n"
            f"  method  {self.method}"
        )


def separability(
    kernel: Any, *, exact: bool | None = None, tol: float | None = None
) -> Separability:
    """Test whether a kernel is an outer product of one 1-D kernel an axis.

    Parameters
    ----------
    kernel
        Array of two or more axes. Integers, `Fraction`, SymPy numbers and decimal strings are
        decided exactly; floats and complex numbers to rounding.
    exact
        True takes floats as the binary fractions that they are. (Mind that a float64 outer
        product is then hardly ever separable: its entries were rounded.)
    tol
        For floats: separable where the second singular value of every unfolding is at most `tol`
        times the first. Default `max(shape) * eps` of the dtype, as `numpy.linalg.matrix_rank`.

    Raises
    ------
    WeightError
        For a kernel that is empty, ragged, of fewer than two axes, or not of finite numbers.

    >>> print(separability([[3, 6, 9], [4, 8, 12], [5, 10, 15]]))
    separable: [3, 4, 5]ᵀ × [1, 2, 3]
      method  exact: cross products with the pivot K[0, 0] = 3
    >>> separability([[1, 0], [0, 1]]).minor
    Minor(rows=(0, 1), columns=(0, 1), value=1, axis=0)
    """
    array = _kernel(kernel)
    if tol is not None and not (isinstance(tol, (int, float, np.number)) and tol >= 0):
        raise WeightError(f"tol must be 0 or more, got {tol!r}; leave it out for the default")
    if array.dtype.kind == "O" or exact:
        if array.dtype.kind == "c":
            raise WeightError(
                "exact=True takes real numbers, got complex; give SymPy numbers instead"
            )
        return _exact(_exact_entries(array))
    return _rounded(array, tol)


def _kernel(kernel: Any) -> Array:
    """The kernel as an array: floats and complex as they are, everything else exact objects."""
    try:
        array = np.asarray(kernel)
    except ValueError:
        raise WeightError(
            f"a kernel must be rectangular, got rows of different lengths: {kernel!r:.60}"
        ) from None
    if array.ndim < 2 or not array.size:
        raise WeightError(
            f"a kernel needs two or more axes and at least one element, got shape {array.shape}; "
            f"a 1-D kernel is separable as it is"
        )
    if array.dtype.kind in "fc":
        if not np.isfinite(array).all():
            raise WeightError("a kernel must be finite, got nan or inf; replace them first")
        return array
    return array.astype(object)


def _exact_entries(array: Array) -> Array:
    entries = np.empty(array.shape, object)
    for index, value in np.ndenumerate(array):
        entries[index] = _number(value)
    return entries


def _number(value: Any) -> Any:
    """A Python int where it is whole, else a Fraction, else a SymPy number."""
    try:
        number = Fraction(value)
    except (TypeError, ValueError):
        if getattr(value, "is_Rational", False):
            number = Fraction(int(value.p), int(value.q))
        elif getattr(value, "is_number", False) and value.is_finite:
            return value
        else:
            raise WeightError(
                f"a kernel entry must be a finite number, fraction, decimal string or SymPy "
                f"number, got {value!r}"
            ) from None
    except OverflowError:
        raise WeightError(f"a kernel must be finite, got {value!r}; replace it first") from None
    return number.numerator if number.denominator == 1 else number


def _nonzero(value: Any) -> bool:
    if hasattr(value, "equals"):  # a SymPy number: zero need not look like zero
        return not value.equals(0)
    return bool(value != 0)


def _exact(kernel: Array) -> Separability:
    pivot = next((i for i, value in np.ndenumerate(kernel) if _nonzero(value)), None)
    if pivot is None:
        zeros = tuple(np.zeros(n, object) for n in kernel.shape)
        return Separability(True, True, zeros, None, 0.0, "exact: every entry is 0", kernel)
    p = kernel[pivot]
    method = f"exact: cross products with the pivot K{list(pivot)} = {p}"
    fibres = [kernel[(*pivot[:j], slice(None), *pivot[j + 1 :])] for j in range(kernel.ndim)]
    outer = reduce(np.multiply.outer, fibres)
    rest = kernel * p ** (kernel.ndim - 1) - outer
    wrong = next((i for i, value in np.ndenumerate(rest) if _nonzero(value)), None)
    if wrong is None:
        factors = _primitive(fibres, p)
        return Separability(True, True, factors, None, 0.0, method, kernel)
    minor = _minor(kernel, pivot, wrong)
    return Separability(False, True, None, minor, _distance(kernel), method, kernel)


def _primitive(fibres: list[Array], p: Any) -> tuple[Array, ...]:
    """The fibres scaled so that their outer product is the kernel, in the simplest numbers."""
    power = p ** (len(fibres) - 1)
    scale = Fraction(1, power) if isinstance(power, int) else 1 / power
    factors = []
    for fibre in fibres[1:]:
        unit = _content(fibre)
        factors.append(np.array([_number(v / unit) for v in fibre], object))
        scale = scale * unit
    first = np.array([_number(v * scale) for v in fibres[0]], object)
    return (first, *factors)


def _content(fibre: Array) -> Any:
    """What all entries share, with the sign of the first: their quotients are coprime integers."""
    lead = next(v for v in fibre if _nonzero(v))
    if not all(isinstance(v, (int, Fraction)) for v in fibre):
        return lead
    fractions = [Fraction(v) for v in fibre]
    common = reduce(lambda a, b: a * b // gcd(a, b), (f.denominator for f in fractions))
    shared = reduce(gcd, (int(f * common) for f in fractions))
    return Fraction(shared, common) * (1 if lead > 0 else -1)


def _minor(kernel: Array, pivot: tuple[int, ...], wrong: tuple[int, ...]) -> Minor:
    """A nonzero minor, found by moving from the pivot to the wrong entry one axis at a time.

    At each step the minor through pivot and a partly moved index is tested in the unfolding along
    the moved axis; if all vanished, the entry would have been right.
    """
    for axis in range(kernel.ndim):
        table = np.moveaxis(kernel, axis, 0).reshape(kernel.shape[axis], -1)
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
            if _nonzero(value):
                return Minor((r0, r1), (c0, c1), _number(value), axis)
    raise AssertionError("a kernel that is not separable has a nonzero minor")


def _distance(kernel: Array) -> float:
    """Relative Frobenius distance to the nearest separable kernel (a lower bound beyond 2-D)."""
    floats = kernel.astype(complex if kernel.dtype.kind == "c" else float)
    largest = np.abs(floats).max()
    if not largest:
        return 0.0
    return max(_tail(floats / largest, axis) for axis in range(kernel.ndim))


def _tail(kernel: Array, axis: int) -> float:
    table = np.moveaxis(kernel, axis, 0).reshape(kernel.shape[axis], -1)
    sigma = np.linalg.svd(table, compute_uv=False)
    return float(np.sqrt((sigma[1:] ** 2).sum() / (sigma**2).sum()))


def _rounded(kernel: Array, tol: float | None) -> Separability:
    largest = np.abs(kernel).max()
    bound = float(max(kernel.shape) * np.finfo(kernel.dtype).eps) if tol is None else float(tol)
    if not largest:
        zeros = tuple(np.zeros(n, kernel.dtype) for n in kernel.shape)
        return Separability(
            True, False, zeros, None, 0.0, "numerical: every entry is 0", kernel, bound
        )
    unit = kernel / largest  # so that no square over- or underflows
    ratios = []
    vectors = []
    for axis in range(kernel.ndim):
        table = np.moveaxis(unit, axis, 0).reshape(kernel.shape[axis], -1)
        left, sigma, _ = np.linalg.svd(table, full_matrices=False)
        ratios.append(float(sigma[1] / sigma[0]) if len(sigma) > 1 else 0.0)
        vectors.append(left[:, 0])
    method = f"numerical: σ₂/σ₁ = {max(ratios):.2g} against the tolerance {bound:.2g}"
    distance = _distance(kernel)
    if max(ratios) <= bound:
        factors = _unit_factors(kernel, vectors)
        return Separability(True, False, factors, None, distance, method, kernel, bound)
    pivot = tuple(int(i) for i in np.unravel_index(np.abs(kernel).argmax(), kernel.shape))
    minor = _largest_minor(kernel, pivot, int(np.argmax(ratios)))
    return Separability(False, False, None, minor, distance, method, kernel, bound)


def _unit_factors(kernel: Array, vectors: Sequence[Array]) -> tuple[Array, ...]:
    """The singular vectors, each with largest entry 1, the first with the kernel's scale."""
    scaled = [v / v[np.abs(v).argmax()] for v in vectors]
    at = tuple(int(np.abs(v).argmax()) for v in vectors)
    return (scaled[0] * kernel[at], *scaled[1:])


def _largest_minor(kernel: Array, pivot: tuple[int, ...], axis: int) -> Minor:
    table = np.moveaxis(kernel, axis, 0).reshape(kernel.shape[axis], -1)
    shape = [n for j, n in enumerate(kernel.shape) if j != axis]
    r = pivot[axis]
    c = int(np.ravel_multi_index([i for j, i in enumerate(pivot) if j != axis], shape))
    minors = table * table[r, c] - np.multiply.outer(table[:, c], table[r])
    other_r, other_c = (int(i) for i in np.unravel_index(np.abs(minors).argmax(), minors.shape))
    (r0, r1), (c0, c1) = sorted((r, other_r)), sorted((c, other_c))
    value = table[r0, c0] * table[r1, c1] - table[r0, c1] * table[r1, c0]
    return Minor((r0, r1), (c0, c1), value.item(), axis)


def _exact_rank(kernel: Array) -> int:
    """Rank by fraction-free elimination (Bareiss), so integers stay integers."""
    rows = [list(row) for row in kernel]
    rank, last = 0, 1
    for column in range(kernel.shape[1]):
        lead = next((r for r in range(rank, len(rows)) if _nonzero(rows[r][column])), None)
        if lead is None:
            continue
        rows[rank], rows[lead] = rows[lead], rows[rank]
        pivot = rows[rank][column]
        for r in range(rank + 1, len(rows)):
            head = rows[r][column]
            pairs = zip(rows[r], rows[rank], strict=True)
            rows[r] = [_divide(pivot * a - head * b, last) for a, b in pairs]
        last = pivot
        rank += 1
        if rank == len(rows):
            break
    return rank


def _divide(a: Any, b: Any) -> Any:
    return a // b if isinstance(a, int) and isinstance(b, int) else a / b


def _plain(value: Any) -> Any:
    return value if isinstance(value, (int, float)) else str(value)


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
