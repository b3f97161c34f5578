"""Kernels as floats over their largest entry, so that numbers of any size neither overflow nor
vanish, and what is asked of their singular values."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from convmatrix.typing import Array

__all__ = ["largest_part", "ratio_of", "relative_tail", "scaled_floats", "unit_floats", "units"]


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


def units(kernels: Array) -> Array:
    """Each kernel `(n, ...)` over its largest entry, in double precision."""
    wide = np.complex128 if kernels.dtype.kind == "c" else np.float64
    if kernels.dtype.itemsize <= np.dtype(wide).itemsize:
        kernels = kernels.astype(wide)
    largest = largest_part(kernels).max(axis=tuple(range(1, kernels.ndim)), initial=0)
    largest = np.where(largest > 0, largest, 1).reshape(-1, *(1,) * (kernels.ndim - 1))
    return (kernels / largest).astype(wide, copy=False)


def largest_part(array: Array) -> Array:
    """The larger of the sizes of real and imaginary part: unlike the size it cannot overflow."""
    if array.dtype.kind != "c":
        sizes: Array = np.abs(array)
        return sizes
    larger: Array = np.maximum(np.abs(array.real), np.abs(array.imag))
    return larger


def ratio_of(sigma: Array) -> float:
    """`σ₂/σ₁`."""
    return float(sigma[1] / sigma[0]) if len(sigma) > 1 and sigma[0] else 0.0


def relative_tail(sigma: Array) -> Array:
    """`sqrt(σ₂² + σ₃² + …) / sqrt(σ₁² + σ₂² + …)`, along the last axis."""
    squares = sigma * sigma
    total = squares.sum(axis=-1)
    tail: Array = np.sqrt(squares[..., 1:].sum(axis=-1) / np.where(total > 0, total, 1))
    return tail
