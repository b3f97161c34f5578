"""Well-known spatial kernels, as correlation kernels: exact numbers where they are rational.

Every function returns a new array: integers as int64, other rational kernels as objects of
`fractions.Fraction`, sampled ones as float64. `dtype=` converts, to integers only what they hold.

>>> sobel()
array([[-1,  0,  1],
       [-2,  0,  2],
       [-1,  0,  1]])
>>> box(2).tolist()
[[Fraction(1, 4), Fraction(1, 4)], [Fraction(1, 4), Fraction(1, 4)]]
>>> gaussian(3, dtype="float32")
array([[0.0625, 0.125 , 0.0625],
       [0.125 , 0.25  , 0.125 ],
       [0.0625, 0.125 , 0.0625]], dtype=float32)
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from fractions import Fraction
from functools import reduce
from math import comb, cos, radians, sin
from typing import Any

import numpy as np

from convmatrix.errors import GeometryError, WeightError
from convmatrix.limits import check_memory
from convmatrix.typing import Array

__all__ = [
    "NAMES",
    "box",
    "emboss",
    "gabor",
    "gaussian",
    "identity",
    "laplacian",
    "log",
    "motion",
    "named",
    "prewitt",
    "roberts",
    "scharr",
    "sharpen",
    "sobel",
    "unsharp",
]


MOST_TAPS, LEAST = 4096, 1e-3
"""Taps an axis at most, and the least width of a Gaussian."""
MOST_EXACT, MOST_AXES = 256, 16
"""Taps an axis of a Gaussian of fractions, whose numbers grow with it; and axes at most."""
BYTES = 32
"""An entry takes, with what is made on the way."""


def sobel(axis: int = -1, *, ndim: int = 2, dtype: Any = None) -> Array:
    """Derivative along an axis, smoothed by [1, 2, 1] along the others (as `scipy.ndimage.sobel`).

    Source: I. Sobel and G. Feldman, 1968.
    """
    return _derivative([1, 2, 1], axis, ndim, dtype)


def prewitt(axis: int = -1, *, ndim: int = 2, dtype: Any = None) -> Array:
    """Derivative along an axis, smoothed by [1, 1, 1] along the others.

    Source: J. Prewitt, 1970.
    """
    return _derivative([1, 1, 1], axis, ndim, dtype)


def scharr(axis: int = -1, *, ndim: int = 2, dtype: Any = None) -> Array:
    """Derivative along an axis, smoothed by [3, 10, 3] along the others.

    Source: H. Scharr, 2000.
    """
    return _derivative([3, 10, 3], axis, ndim, dtype)


def roberts(diagonal: int = 0, *, dtype: Any = None) -> Array:
    """Difference along a diagonal (0: down to the right, 1: up). Source: L. Roberts, 1963.

    >>> roberts(1).tolist()
    [[0, 1], [-1, 0]]
    """
    if diagonal not in (0, 1):
        raise GeometryError(f"diagonal is 0 or 1, got {diagonal!r}")
    return _made([[0, 1], [-1, 0]] if diagonal else [[1, 0], [0, -1]], dtype)


def laplacian(neighbours: int = 4, *, ndim: int = 2, dtype: Any = None) -> Array:
    """Sum of the neighbours less so many times the middle: those along the axes (4 in 2-D, 6 in
    3-D), or all (8, 26).

    >>> laplacian(8).tolist()
    [[1, 1, 1], [1, -8, 1], [1, 1, 1]]
    """
    _check_shape(3, ndim)
    if neighbours not in (2 * ndim, 3**ndim - 1):
        raise GeometryError(
            f"in {ndim}-D a laplacian has {2 * ndim} or {3**ndim - 1} neighbours, got "
            f"{neighbours!r}"
        )
    far = np.abs(np.indices((3,) * ndim) - 1).sum(axis=0)
    kernel = (far == 1 if neighbours == 2 * ndim else far > 0).astype(np.int64)
    kernel[(1,) * ndim] = -neighbours
    return _made(kernel, dtype)


def identity(size: int = 3, *, ndim: int = 2, dtype: Any = None) -> Array:
    """1 in the middle, 0 elsewhere."""
    size = _size(size, odd=True)
    _check_shape(size, ndim)
    kernel = np.zeros((size,) * ndim, np.int64)
    kernel[(size // 2,) * ndim] = 1
    return _made(kernel, dtype)


def box(size: int = 3, *, ndim: int = 2, dtype: Any = None) -> Array:
    """The mean of a window."""
    size = _size(size)
    _check_shape(size, ndim)
    return _made(np.full((size,) * ndim, Fraction(1, size**ndim), object), dtype)


def gaussian(
    size: int = 3, sigma: float | None = None, *, ndim: int = 2, dtype: Any = None
) -> Array:
    """The binomial kernel, exact, whose variance is `(size - 1)/4` an axis; or, with `sigma`, the
    Gaussian sampled at the taps, with sum 1 (as MATLAB's `fspecial` and OpenCV)."""
    size = _size(size)
    _check_shape(size, ndim)
    if sigma is None:
        if size > MOST_EXACT or size**ndim > MOST_EXACT**2:
            raise GeometryError(
                f"an exact gaussian has at most {MOST_EXACT} taps an axis and {MOST_EXACT**2} in "
                f"all, got {size} an axis; give sigma for floats"
            )
        row = np.array([Fraction(comb(size - 1, j), 2 ** (size - 1)) for j in range(size)], object)
    else:
        far = ((np.arange(size) - (size - 1) / 2) / _positive(sigma)) ** 2
        row = np.exp((far.min() - far) / 2)
        row /= row.sum()
    return _made(reduce(np.multiply.outer, [row] * ndim), dtype)


def unsharp(
    size: int = 5, amount: Any = 1, sigma: float | None = None, *, dtype: Any = None
) -> Array:
    """The image and `amount` times its difference from `gaussian(size, sigma)`.

    >>> unsharp(5)[2, 2]
    Fraction(119, 64)
    """
    size = _size(size, odd=True)
    _finite(amount, "amount")
    kernel = -amount * gaussian(size, sigma)
    kernel[size // 2, size // 2] += 1 + amount
    return _made(kernel, dtype)


def sharpen(*, dtype: Any = None) -> Array:
    """The image less its `laplacian(4)`."""
    return _made([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], dtype)


def emboss(*, dtype: Any = None) -> Array:
    """The image and its slope along the diagonal."""
    return _made([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], dtype)


def log(size: int = 5, sigma: float = 0.5, *, dtype: Any = None) -> Array:
    """Laplacian of a Gaussian, with sum 0 (as MATLAB's ``fspecial('log')``)."""
    size = _size(size)
    y, x = np.indices((size,) * 2) - (size - 1) / 2
    squares, bell = x * x + y * y, gaussian(size, _positive(sigma))
    kernel = bell * (squares - 2 * sigma**2) / sigma**4
    return _made(kernel - kernel.mean(), dtype)


def gabor(
    size: int = 21, sigma: float = 4.0, theta: float = 0.0, wavelength: float = 8.0,
    gamma: float = 1.0, psi: float = 0.0, *, dtype: Any = None,
) -> Array:  # fmt: skip
    """A wave under a Gaussian, along `theta` (in radians, from the last axis to the first), with
    phase `psi`; `gamma` narrows the Gaussian across. With `gamma` 1 it is of rank 2, and
    separable where `theta` is a multiple of π/2.

    >>> gabor(5).shape
    (5, 5)
    """
    size = _size(size, odd=True)
    for name, value in (("theta", theta), ("gamma", gamma), ("psi", psi)):
        _finite(value, name)
    y, x = np.indices((size,) * 2) - size // 2
    across, along = x * cos(theta) + y * sin(theta), y * cos(theta) - x * sin(theta)
    bell = np.exp(-(across**2 + (gamma * along) ** 2) / (2 * _positive(sigma) ** 2))
    return _made(bell * np.cos(2 * np.pi * across / _positive(wavelength) + psi), dtype)


def motion(size: int = 9, angle: float = 0.0, *, dtype: Any = None) -> Array:
    """The mean along a line through the middle, `angle` in degrees counterclockwise; exact at
    multiples of 45, else each tap weighted by its nearness to the line.

    >>> motion(3, 90).tolist()
    [[0, Fraction(1, 3), 0], [0, Fraction(1, 3), 0], [0, Fraction(1, 3), 0]]
    """
    size = _size(size, odd=True)
    middle = size // 2
    if not isinstance(angle, (int, float, np.number)) or not np.isfinite(angle):
        raise GeometryError(f"angle must be a finite number of degrees, got {angle!r}")
    if angle % 45 == 0:
        step = {0: (0, 1), 45: (-1, 1), 90: (1, 0), 135: (1, 1)}[int(angle % 180)]
        kernel = np.full((size, size), 0, object)
        for j in range(-middle, middle + 1):
            kernel[middle + j * step[0], middle + j * step[1]] = Fraction(1, size)
        return _made(kernel, dtype)
    y, x = np.indices((size, size)) - middle
    slope, rise = cos(radians(angle)), sin(radians(angle))
    weights = np.maximum(0, 1 - np.abs(x * rise + y * slope))
    weights *= np.abs(x * slope - y * rise) <= middle
    return _made(weights / weights.sum(), dtype)


NAMES: dict[str, Callable[..., Array]] = {
    "sobel": sobel, "prewitt": prewitt, "scharr": scharr, "roberts": roberts,
    "laplacian": laplacian, "identity": identity, "box": box, "gaussian": gaussian,
    "unsharp": unsharp, "sharpen": sharpen, "emboss": emboss, "log": log, "gabor": gabor,
    "motion": motion,
}  # fmt: skip
"""The kernels by name."""


def named(text: str) -> Array:
    """A kernel by its name and positional arguments, `gaussian:5:1.2`.

    >>> named("laplacian:8")[1].tolist()
    [1, -8, 1]
    """
    if not isinstance(text, str):
        raise WeightError(f"a kernel's name is a text, e.g. 'gaussian:5', got {text!r:.60}")
    name, *given = text.split(":")
    name = name.strip().lower()
    if name not in NAMES:
        near = get_close_matches(name, NAMES, 1)
        hint = f"did you mean {near[0]!r}? There" if near else "there"
        raise WeightError(f"no kernel is called {name[:40]!r}; {hint} are {', '.join(NAMES)}")
    try:
        arguments = [float(g) if "." in g or "e" in g.lower() else int(g) for g in given]
        return NAMES[name](*arguments)
    except (TypeError, ValueError) as error:
        if isinstance(error, GeometryError):
            raise
        raise WeightError(
            f"{text!r} is no kernel: {name} takes numbers with colons between, e.g. gaussian:5:1.2"
        ) from None


def _derivative(smooth: list[int], axis: int, ndim: int, dtype: Any) -> Array:
    _check_shape(3, ndim)
    if not isinstance(axis, (int, np.integer)) or not -ndim <= axis < ndim:
        raise GeometryError(f"axis must be one of {ndim}, got {axis!r}")
    rows = [np.array([-1, 0, 1] if j == axis % ndim else smooth) for j in range(ndim)]
    return _made(reduce(np.multiply.outer, rows), dtype)


def _made(kernel: Any, dtype: Any) -> Array:
    array = np.asarray(kernel)
    if dtype is None:
        return array
    try:
        wanted = np.dtype(dtype)
    except (TypeError, ValueError):
        wanted = np.dtype("V")
    if wanted.kind not in "biufcO":
        raise WeightError(f"dtype must be a NumPy dtype of numbers, e.g. 'float32', got {dtype!r}")
    made = array.astype(wanted)
    if wanted.kind in "biu" and (made != array).any():
        raise WeightError(
            f"dtype={wanted} does not hold the kernel's numbers; use a wider one, or 'float32'"
        )
    return made


def _size(size: Any, *, odd: bool = False) -> int:
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
        raise GeometryError(f"size counts taps an axis, 1 or more, got {size!r}")
    if size > MOST_TAPS:
        raise GeometryError(f"size counts taps an axis, at most {MOST_TAPS}, got {_said(size)}")
    if odd and size % 2 == 0:
        raise GeometryError(f"size must be odd, so that there is a middle, got {size!r}")
    return int(size)


def _check_shape(size: int, ndim: Any) -> None:
    """Refuse a number of axes that no array has, and a kernel that would not fit in memory."""
    if isinstance(ndim, bool) or not isinstance(ndim, (int, np.integer)):
        raise GeometryError(f"ndim counts axes, 1 to {MOST_AXES}, got {ndim!r}")
    if not 1 <= ndim <= MOST_AXES:
        raise GeometryError(f"ndim counts axes, 1 to {MOST_AXES}, got {_said(ndim)}")
    check_memory(BYTES * size ** int(ndim), "the kernel", "a smaller size or fewer axes")


def _said(count: Any) -> Any:
    """An integer in a message; Python prints none of thousands of digits."""
    return count if abs(count) < 10**9 else "a number of ten digits or more"


def _finite(value: Any, name: str) -> Any:
    if not isinstance(value, (int, float, Fraction, np.number)) or not -np.inf < value < np.inf:
        raise GeometryError(f"{name} must be a finite number, got {value!r:.60}")
    return value


def _positive(value: float) -> float:
    if not isinstance(value, (int, float, np.number)) or not LEAST < value < np.inf:
        raise GeometryError(
            f"sigma and wavelength must be positive numbers of taps, {LEAST} or more, got {value!r}"
        )
    return value
