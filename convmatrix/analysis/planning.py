"""How a layer will be run on arrays: which algorithm, in how many blocks, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from convmatrix.dense.choice import Choice, automatic, automatic_transposed
from convmatrix.dense.direct import rounding
from convmatrix.dense.engine import engine
from convmatrix.dense.lowrank import LowRank
from convmatrix.dense.problem import Problem
from convmatrix.dense.rates import MOVE
from convmatrix.dense.threads import available
from convmatrix.errors import GeometryError, ShapeError
from convmatrix.layers import Layer
from convmatrix.layers.arguments import count, is_sequence
from convmatrix.layers.calling import is_one_of, public
from convmatrix.layers.printing import Printed
from convmatrix.leaf import Leaf
from convmatrix.limits import check_memory
from convmatrix.maps import Map
from convmatrix.maps.given import given_layer
from convmatrix.maps.shaped import require_numbers
from convmatrix.pattern import index_dtype
from convmatrix.stencil import Stencil
from convmatrix.typing import Array
from convmatrix.views.values import number_type

__all__ = ["Plan", "plan"]


HALF_UNITS = {"float16": 2.0**-11, "bfloat16": 2.0**-8}
"""What rounding a result to half precision adds, relative to it."""


@dataclass(frozen=True, slots=True)
class Plan(Printed):
    """How a layer runs on arrays of one shape and dtype.

    Attributes
    ----------
    algorithm
        What runs: ``direct``, ``winograd``, ``toeplitz``, ``lowrank``, ``fft``, ``phases``,
        ``fold``, ``passes``
        (fixed coefficients), or several for several layers.
    threads, blocks
        Threads that work at a time, and pieces that the work is cut into.
    workspace
        Bytes held beside input, output and weight, transformed weights included.
    macs
        Multiplications of a direct sum, padding counted.
    seconds
        Predicted time of one call, on one machine that was measured (see `benchmarks/`): good
        for comparing algorithms there, a rough guess elsewhere.
    error_bound
        Of the result, relative to the largest value of |w| applied to |x|; 0 where it is exact.
        For layers in a row it is that of the worst of them.
    reason, spreads
        Why it was chosen; how far a NaN or an infinity would reach (such results are computed
        again directly).
    """

    algorithm: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    dtype: str
    threads: int
    blocks: int
    workspace: int
    macs: int
    seconds: float
    error_bound: float
    reason: str
    spreads: str = ""
    parts: tuple[Plan, ...] = field(default=(), repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        names = ("algorithm", "dtype", "threads", "blocks", "workspace", "macs", "seconds",
                 "error_bound")  # fmt: skip
        shapes = {"input_shape": list(self.input_shape), "output_shape": list(self.output_shape)}
        words = {"reason": self.reason, "spreads": self.spreads}
        parts = [part.to_dict() for part in self.parts]
        return {**{n: getattr(self, n) for n in names}, **shapes, **words, "parts": parts}

    def __str__(self) -> str:
        lines = [
            f"{self.algorithm}: {self.input_shape} → {self.output_shape} {self.dtype}",
            f"  why        {self.reason}",
            f"  work       {self.macs:,} multiplications of a direct sum, in {self.blocks} blocks",
            f"  threads    {self.threads}",
            f"  predicted  {1e3 * self.seconds:.3g} ms",
            f"  workspace  {self.workspace / 2**20:.2f} MiB",
            f"  error      at most {self.error_bound:.1e} of the largest |w| applied to |x|",
        ]
        if self.spreads:
            lines.append(f"  NaN        {self.spreads}; such a result is computed directly again")
        return "\n".join([*lines, *(f"\n{part}" for part in self.parts)])


@public
def plan(
    layer: Layer | Map,
    input_shape: Iterable[int] | None = None,
    dtype: Any = "float32",
    *,
    method: str = "auto",
    threads: int | None = None,
    tolerance: float | None = None,
) -> Plan:
    """How `layer(x, method=, threads=, tolerance=)` runs on arrays of a shape and dtype.

    Parameters
    ----------
    layer
        Any linear layer. Where it has no weight, one of full rank is meant, of the given dtype: a
        kernel of low rank may run faster, which is known when its numbers are.
    input_shape
        Of the array, batch and channels included; a map has one of its own.

    Raises
    ------
    GeometryError
        Where the method does not apply.
    TooLargeError
        Where a weight of that size does not fit in memory.

    >>> import convmatrix as cm
    >>> cm.plan(cm.conv2d(64, 64, 3, padding=1), (1, 64, 56, 56)).algorithm
    'winograd'
    >>> print(cm.plan(cm.conv2d(1, 1, 3, stride=2, padding=1), (1, 5, 5), "float64"))
    toeplitz: (1, 5, 5) → (1, 3, 3) float64
      why        the whole matrix is one tile: that costs less than to gather
      work       81 multiplications of a direct sum, in 1 blocks
      threads    1
      predicted  0.01 ms
      workspace  0.00 MiB
      error      at most 2.8e-15 of the largest |w| applied to |x|
      NaN        a NaN or an infinity reaches every output; such a result is computed directly again
    """
    kind = number_type(dtype)
    shape, lead, A = _bound(layer, input_shape)
    require_numbers(A, "plan it")
    if is_one_of(method, ["sparse"]):
        raise GeometryError(
            "a plan is of the dense path, method='sparse' is SciPy's product with A.to_scipy(); "
            "plan another method, or none"
        )
    batch, parts = prod(shape[:lead]), []
    inner = shape[:lead] + A.in_shape
    if A.diagram.chain is None:
        raise ShapeError(f"a plan is of layers in a row, got {A!r:.80}")
    for step in A.diagram.chain:
        leaf, transposed = step.leaf, step.back
        assert leaf is not None
        outer = shape[:lead] + leaf.ends(transposed)[1]
        try:
            parts.append(
                _one(
                    leaf, transposed, batch, kind, Choice(method, threads, tolerance), inner, outer
                )
            )
        except OverflowError:
            index_dtype(prod(inner), prod(outer))  # which says that no array has so many elements
            raise
        inner = outer
    if len(parts) == 1:
        return parts[0]
    return Plan(
        " → ".join(part.algorithm for part in parts), shape, inner, str(kind),
        max(part.threads for part in parts), sum(part.blocks for part in parts),
        max(part.workspace for part in parts), sum(part.macs for part in parts),
        sum(part.seconds for part in parts),
        max(part.error_bound for part in parts), "one layer after another", parts=tuple(parts),
    )  # fmt: skip


def _bound(
    given: Layer | Map, input_shape: Iterable[int] | None
) -> tuple[tuple[int, ...], int, Map]:
    """The shape of the input, how many of its axes are the batch's, and the map."""
    if input_shape is None and isinstance(given, Map):
        return given.in_shape, 0, given
    given_shape = input_shape if input_shape is not None and is_sequence(input_shape) else ()
    shape = tuple(count(n, "input_shape") for n in given_shape)
    ndim = len(given.in_shape) - 1 if isinstance(given, Map) else given_layer(given, "plan").ndim
    lead = len(shape) - ndim - 1
    if lead < 0:
        raise ShapeError(
            f"expected the shape of an array (*batch, channels, {ndim} sizes), got {input_shape}"
        )
    if isinstance(given, Map):
        if shape[lead:] != given.in_shape:
            raise ShapeError(f"the map takes {given.in_shape}, got {shape}; leave the shape out")
        return shape, lead, given
    return shape, lead, given.with_channels(shape[lead]).on(*shape[lead + 1 :])


def _one(
    leaf: Leaf, transposed: bool, batch: int, dtype: np.dtype[Any], choice: Choice,
    inner: tuple[int, ...], outer: tuple[int, ...],
) -> Plan:  # fmt: skip
    stencil = leaf.geometry
    half = dtype.name in HALF_UNITS
    wide = np.dtype(np.float32) if half else dtype
    rounded = HALF_UNITS[dtype.name] if half else 0.0
    if not isinstance(stencil, Stencil) or stencil.factors is not None or not stencil.shared:
        why, A = "fixed coefficients: one pass an axis, or a rearrangement", 0.0
        if isinstance(stencil, Stencil) and not stencil.shared:
            terms = max(stencil.group_channels, stencil.out_channels) * prod(stencil.kernel)
            why = "a weight for each output position: one pass a tap"
            A = rounding(wide, terms) + rounded
        return Plan("passes", inner, outer, str(dtype), 1, 1, 0, batch * stencil.nnz,
                    2 * batch * stencil.nnz * MOVE, A, why)  # fmt: skip
    weight = _of_full_rank(stencil.tap_shape, wide) if leaf.weight is None else leaf.weight
    made, _ = engine(stencil, weight, batch, wide, choice, transposed=transposed)
    problem = made.problem
    look = Problem(stencil, batch, wide, choice.threads or available(), choice.tolerance or 0.0)
    if choice.method != "auto":
        why = "asked for"
    elif transposed:
        why = automatic_transposed(look)[1]
    else:
        why = automatic(look, weight.astype(wide))[1]
    if leaf.weight is None and not transposed and LowRank.refuse(look) is None:
        why += "; the weight is unknown, one of full rank is meant"
    blocks = max(1, len(made.blocks))
    A = made.error_bound + rounded
    return Plan(
        made.name, inner, outer, str(dtype), min(problem.threads, blocks), blocks, made.workspace,
        problem.macs, made.seconds, A, why, made.spreads,
    )  # fmt: skip


def _of_full_rank(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Numbers for a weight that is not there: random ones, whose kernels have full rank."""
    need = 4 * prod(shape) * max(8, dtype.itemsize)  # as they are made, and once transformed
    check_memory(need, "the weight that the plan is made with", "fewer channels or taps")
    rng = np.random.default_rng(0)
    if dtype.kind in "fc":
        return rng.standard_normal(shape).astype(dtype)
    return rng.integers(0, 2, shape).astype(dtype)
