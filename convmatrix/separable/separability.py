"""`separability`: what is asked, of which kernels, and how it is decided."""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from convmatrix.errors import ShapeError, WeightError
from convmatrix.layers.calling import public
from convmatrix.layers.renamed import renamed
from convmatrix.separable.floats import scaled_floats
from convmatrix.separable.numbers import check_tolerance, exact_entries, has_symbols, kernel_array
from convmatrix.separable.numerical import NumericalVerdict
from convmatrix.separable.precision import default_tolerance
from convmatrix.separable.result import Separability
from convmatrix.separable.stack_result import StackSeparability
from convmatrix.separable.stacks import ExactStack, NumericalStack, exact_verdict
from convmatrix.typing import Array

__all__ = ["separability"]


FEW = 4
"""Channels from which an array is taken for a layer's weight."""


@renamed(tol="tolerance")
@public
def separability(
    kernel: Any,
    *,
    axes: tuple[int, ...] | None = None,
    exact: bool | Literal["decimal"] | None = None,
    tolerance: float | None = None,
) -> Separability:
    """Test whether a kernel is an outer product of one 1-D kernel an axis.

    Parameters
    ----------
    kernel
        Array of two or more axes, or the name of a kernel (`kernels.named`). Integers, `Fraction`,
        `Decimal`, SymPy numbers, decimal strings and symbols are decided exactly; floats and
        complex numbers to rounding.
    axes
        Which axes are the kernel's; the others stack kernels, and the fields of the result are
        arrays over them: `axes=(-2, -1)` for a weight `(C_out, C_in, h, w)`. Left out, all are
        the kernel's; but an array of four or five axes that looks like a layer's weight is refused.
    exact
        True takes floats as the binary fractions that they are. (Mind that a float64 outer
        product is then hardly ever separable: its entries were rounded.) ``"decimal"`` takes them
        as the decimals that they are printed as, 0.1 as 1/10.
    tolerance
        Separable where the second singular value of every unfolding is at most so many times the
        first; exact numbers are then taken as floats, but for 0. Default for floats
        `max(shape) * eps` of the dtype, as `numpy.linalg.matrix_rank`. Numbers that were rounded
        before (float32 in a float64 array, few decimals) fail it: `holds_at` names the precision
        at which they pass, and the printed verdict the tolerance. (Its old name `tol` warns.)

    Raises
    ------
    WeightError
        For a kernel that is empty, ragged, of fewer than two axes, or not of finite numbers.
    ShapeError
        For a layer's weight without `axes`.

    >>> print(separability([[3, 6, 9], [4, 8, 12], [5, 10, 15]]))
    separable: [3, 4, 5]ᵀ × [1, 2, 3]
      method  exact: cross products with the pivot K[0, 0] = 3
    >>> separability([[1, 0], [0, 1]]).minor
    Minor(rows=(0, 1), columns=(0, 1), value=1, axis=0)
    >>> print(separability(np.outer([0.1, 0.2, 0.3], [0.1, 0.7, 0.2]).astype("f4").astype("f8")))
    separable at float32 precision, not to float64's rounding: rows (1, 2) and columns (1, 2) ...
      judged at that precision with  tolerance=3.6e-7
      distance to the nearest separable kernel  4.93e-09 of its norm
      method  numerical: σ₂/σ₁ = 4.9e-09 against the tolerance 6.7e-16
    >>> separability("sobel").factors[0].tolist()
    [-1, -2, -1]
    >>> import sympy
    >>> a, b, c = sympy.symbols("a b c", positive=True)
    >>> separability([[a, b], [c, 1]]).conditions
    (a - b*c,)
    >>> separability(np.ones((8, 4, 3, 3)), axes=(-2, -1))
    Separability(32 of 32 kernels separable, shape=(8, 4), exact=False)
    """
    array = kernel_array(kernel)
    check_tolerance(tolerance)
    if not (exact is None or isinstance(exact, bool) or exact == "decimal"):
        raise WeightError(f"exact must be True, False, 'decimal' or None, got {exact!r}")
    if exact and tolerance is not None:
        raise WeightError(
            f"exact={exact!r} leaves nothing to tolerance={tolerance!r}; leave one of them out"
        )
    notes = _check_axes(array) if axes is None else ()
    ndim, array = _stacked(array, axes)
    stacked = array.ndim > ndim
    if array.dtype.kind == "O" or exact:
        if array.dtype.kind == "c":
            raise WeightError(
                "exact=True takes real numbers, got complex; give SymPy numbers instead"
            )
        entries = exact_entries(array, decimal=exact == "decimal")
        if exact is not False and not tolerance:
            if stacked:
                return StackSeparability(ExactStack(entries, ndim))
            return Separability(exact_verdict(entries), notes)
        if has_symbols(entries):
            option = "exact=False" if exact is False else "tolerance"
            raise WeightError(f"{option} needs numbers, the kernel has symbols; leave it out")
        array = _floats(entries)
    limit = default_tolerance(array.shape[array.ndim - ndim :], array.dtype)
    limit = limit if tolerance is None else float(tolerance)
    if stacked:
        return StackSeparability(NumericalStack(array, ndim, limit))
    return Separability(NumericalVerdict(array, limit), notes)


def _floats(entries: Array) -> Array:
    """Exact numbers as floats."""
    unit, scale = scaled_floats(entries)
    if not sys.float_info.min < scale < sys.float_info.max:
        raise WeightError(
            "a tolerance is for floats, and the kernel's largest entry is beyond them; divide it"
        )
    rational = all(isinstance(value, (int, Fraction)) for value in entries.flat)
    return entries.astype(np.float64) if rational else unit * float(scale)


def _stacked(array: Array, axes: Any) -> tuple[int, Array]:
    """How many axes are the kernel's, and the array with those last."""
    if axes is None:
        return array.ndim, array
    try:
        places = [range(array.ndim)[axis] for axis in axes]
    except (TypeError, IndexError):
        places = []
    if len(places) < 2 or len(set(places)) < len(places):
        raise WeightError(
            f"axes must name two or more different axes of an array of shape {array.shape}, got "
            f"{axes!r}; use axes=(-2, -1) for a weight (C_out, C_in, h, w)"
        )
    return len(places), np.moveaxis(array, places, range(-len(places), 0))


def _check_axes(array: Array) -> tuple[str, ...]:
    """Raise `ShapeError` for a kernel that is the weight of a layer by its shape; for one that may
    be, a line to print.

    A weight has two axes of channels, first or last, of which one is longer than the kernel is
    along any axis. Fewer channels than `FEW` are as likely a kernel of so many axes.
    """
    if array.ndim not in (4, 5):
        return ()
    ndim = array.ndim - 2
    layouts = [
        (array.shape[:2], array.shape[2:], tuple(range(-ndim, 0))),
        (array.shape[-2:], array.shape[:-2], tuple(range(ndim))),
    ]
    for channels, kernel, places in layouts:
        if max(channels) >= FEW and max(channels) > max(kernel):
            raise ShapeError(
                f"an array of shape {array.shape} looks like the weight of a layer; use "
                f"axes={places} to judge each of its kernels, or axes={(*range(array.ndim),)} for "
                f"the whole as one kernel of {array.ndim} axes"
            )
    (*_, last), (*_, first) = layouts
    return (f"  as one kernel of {array.ndim} axes; of a layer's weight axes={last} judges each "
            f"kernel, or axes={first} with channels last",)  # fmt: skip
