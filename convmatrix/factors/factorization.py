"""Every dense algorithm is a factorisation of the same matrix: here are its factors.

Reading a product from right to left is running the algorithm: gather the input, transform it,
multiply by the weights, transform back, put the results in their places.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from convmatrix.dense.choice import methods
from convmatrix.dense.problem import Problem
from convmatrix.errors import GeometryError, WeightError
from convmatrix.factors.entries import Entries
from convmatrix.factors.images import fft_factors, lowrank_factors
from convmatrix.factors.tiles import (
    direct_factors,
    phases_factors,
    toeplitz_factors,
    winograd_factors,
)
from convmatrix.layers.calling import is_one_of, public
from convmatrix.layers.printing import Printed
from convmatrix.limits import check_memory
from convmatrix.maps import LeafMap, Map, TransposedMap
from convmatrix.maps.given import needs_map
from convmatrix.stencil import Stencil

__all__ = ["Factorization", "factorization", "ways"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Factorization(Printed):
    """Factors whose product is a map's matrix.

    Attributes
    ----------
    factors
        Left to right, SciPy sparse matrices, or SymPy ones where it is `exact`.
    names
        What each of them does.
    real
        Whether the weights are real.
    """

    method: str
    factors: tuple[Any, ...]
    names: tuple[str, ...]
    exact: bool
    real: bool = True

    def product(self) -> Any:
        """The factors multiplied out; of the DFT's, whose imaginary parts cancel up to rounding,
        the real part where the weights are real."""
        made = reduce(lambda a, b: a @ b, self.factors)
        return made.real if self.method == "fft" and self.real else made

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, without the numbers."""
        factors = [
            {"name": name, "shape": list(factor.shape)}
            for name, factor in zip(self.names, self.factors, strict=True)
        ]
        return {"method": self.method, "exact": self.exact, "real": self.real, "factors": factors}

    def __repr__(self) -> str:
        return f"<Factorization {str(self).splitlines()[0]}>"

    def __str__(self) -> str:
        shapes = [f"{f.shape[0]}×{f.shape[1]}" for f in self.factors]
        width = max(map(len, self.names))
        rows = [
            f"  {name:<{width}}  {shape}" for name, shape in zip(self.names, shapes, strict=True)
        ]
        return "\n".join([f"{self.method}: {' · '.join(self.names)}", *rows])


MAKERS: dict[str, Callable[..., list[tuple[str, Entries]]]] = {
    "direct": direct_factors, "winograd": winograd_factors, "toeplitz": toeplitz_factors,
    "lowrank": lowrank_factors, "fft": fft_factors,
}  # fmt: skip


NAMES = {
    "direct": ("weights", "gather"),
    "winograd": ("scatter", "Aᵀ", "U", "Bᵀ", "gather"),
    "toeplitz": ("scatter", "tiles", "gather"),
    "lowrank": ("sum", "rows", "columns", "copies", "gather"),
    "fft": ("scatter", "inverse DFT", "spectrum", "DFT", "gather"),
    "phases": ("interleave", "phases", "copies"),
}
"""What the factors of each method are called, from left to right."""


@public
def factorization(m: Map, method: str = "direct", *, exact: bool = False) -> Factorization:
    """The factors of a map's matrix that a dense algorithm runs through.

    Parameters
    ----------
    m
        A weighted convolution at a size, or its transpose.
    method
        ``direct``, ``winograd``, ``toeplitz``, ``lowrank``, ``fft``; for a transpose ``phases``
        as well.
    exact
        SymPy matrices, exact for integers and fractions (not with ``fft``).

    Raises
    ------
    GeometryError
        Where the method does not apply.
    WeightError
        Where the map has no weight.

    >>> import convmatrix as cm
    >>> A = cm.conv1d(1, 1, 3, padding=1, weight=[[[1, 2, 3]]]).on(4)
    >>> print(cm.factorization(A, "winograd"))
    winograd: scatter · Aᵀ · U · Bᵀ · gather
      scatter  4×4
      Aᵀ       4×6
      U        6×6
      Bᵀ       6×6
      gather   6×4
    >>> cm.factorization(A, "winograd", exact=True).product() == A.to_sympy()
    True
    """
    leaf, transposed = _untransposed(m)
    if not isinstance(leaf, LeafMap) or not isinstance(leaf.geometry, Stencil):
        raise GeometryError(f"a factorization is of one weighted layer, got {m!r:.80}")
    if leaf.geometry.factors is not None or leaf.weight is None:
        raise WeightError(f"{m!r:.80} has no weight to factor; use layer.with_weight(w)")
    known = [*MAKERS, *(["phases"] if transposed else [])]
    if not is_one_of(method, known):
        raise GeometryError(f"method must be one of {', '.join(known)} here, got {method!r}")
    problem = Problem(leaf.geometry, 1, np.dtype(float))
    reason = methods(problem, transposed=method == "phases").get(method)
    if reason is not None:
        raise GeometryError(f"method {method!r} does not apply: {reason}")
    if exact and method == "fft":
        raise GeometryError("method 'fft' rounds: roots of unity are no fractions; use exact=False")
    positions = prod(leaf.out_shape[1:]) * prod(leaf.geometry.tap_shape)
    check_memory(40 * positions, "the factors", "a smaller input")
    parts = (phases_factors if method == "phases" else MAKERS[method])(leaf.geometry, leaf.weight)
    if transposed and method != "phases":
        turned = _turned(tuple(name for name, _ in parts))
        parts = list(zip(turned, [part.T for _, part in reversed(parts)], strict=True))
    built = tuple(part.to_sympy() if exact else part.to_scipy() for _, part in parts)
    return Factorization(
        method, built, tuple(name for name, _ in parts), exact, not np.iscomplexobj(leaf.weight)
    )


def ways(m: Map) -> dict[str, tuple[str, ...]]:
    """The methods that factor a map's matrix, with the names of their factors; nothing is built.

    >>> import convmatrix as cm
    >>> ways(cm.conv2d(1, 1, 3, stride=2).on(5, 5))
    {'direct': ('weights', 'gather'), 'toeplitz': ('scatter', 'tiles', 'gather')}
    """
    leaf, transposed = _untransposed(m)
    if not isinstance(leaf, LeafMap) or not isinstance(leaf.geometry, Stencil):
        return {}
    if leaf.geometry.factors is not None:
        return {}
    problem, found = Problem(leaf.geometry, 1, np.dtype(float)), {}
    for method, names in NAMES.items():
        if method == "phases" and not transposed:
            continue
        if method in methods(problem, transposed=method == "phases"):
            continue
        turned = transposed and method != "phases"
        found[method] = _turned(names) if turned else names
    return found


def _untransposed(m: Map) -> tuple[Map, bool]:
    """The map, or what it is the transpose of, and whether it is one."""
    given = needs_map(m, "factorization")
    return (given.of, True) if isinstance(given, TransposedMap) else (given, False)


def _turned(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the transposed factors, in their order."""
    return tuple(f"{name}ᵀ".replace("ᵀᵀ", "") for name in reversed(names))
