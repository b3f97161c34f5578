"""Is a standard layer depthwise-separable, or grouped? Structure across the channels.

A depthwise layer of multiplier M and a pointwise one are together a standard layer whose kernels
that read one input channel, laid out as a matrix `(C_out, taps)`, have rank at most M: the rows of
the depthwise kernels are a basis, the pointwise weights the coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.errors import WeightError
from convmatrix.layers import Convolution, Sequential, depthwise_separable, pointwise, sequential
from convmatrix.layers.convolution import conv
from convmatrix.separable.base import largest_part, scaled_floats
from convmatrix.separable.exact import exact_rank, rank_factors
from convmatrix.separable.numbers import (
    check_tolerance,
    exact_entries,
    has_symbols,
    kernel_array,
    nonzero,
)
from convmatrix.separable.numerical import default_tolerance

if TYPE_CHECKING:
    from networkx import Graph

__all__ = ["ChannelGroups", "DepthwiseSeparability", "channel_groups", "depthwise_separability"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class DepthwiseSeparability:
    """The verdict of `depthwise_separability`.

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

    def __str__(self) -> str:
        said = "depthwise-separable" if self.separable else "not depthwise-separable"
        before, after = self.multiplications()
        return (
            f"{said} with multiplier {self.multiplier} (least multiplier {self.least_multiplier})\n"
            f"  distance of the best approximation  {self.distance:.3g} of the weight's norm\n"
            f"  multiplications a position  {before} as one layer, {after} as two\n"
            f"  method  {self.method}"
        )


def depthwise_separability(
    weight: Any, *, multiplier: int = 1, tol: float | None = None
) -> DepthwiseSeparability:
    """Test whether a standard layer is a pointwise after a depthwise convolution.

    Parameters
    ----------
    weight
        `(C_out, C_in, *k)`, of one group. Integers and fractions are decided exactly.
    multiplier
        Depthwise kernels an input channel.
    tol
        For floats: singular values up to `tol` times the largest count as 0. Default
        `max(C_out, taps) * eps` of the dtype.

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
    check_tolerance(tol)
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
            raise WeightError(
                "the best approximation has floats, and the weight entries of more than 1e308; "
                "divide it"
            ) from None
        return _made(False, pairs, ranks, kernel, int(multiplier), distance, method, exact=True)
    limit = default_tolerance(tables.shape[1:], array.dtype) if tol is None else float(tol)
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


# -------------------------------------------------------------------------------- groups


@dataclass(frozen=True, eq=False)
class ChannelGroups:
    """The finest grouping of channels under which a layer is block diagonal.

    Attributes
    ----------
    groups
        `(input channels, output channels)` of each block, in the order of their first channels: the
        connected components of the channel graph. A channel without any weight is a block of its
        own.
    in_order
        The most groups with which a grouped convolution, its channels in their order, is this
        layer (PyTorch's `groups`).
    weight
        The weight `(C_out, C_in, *k)`.
    """

    groups: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    in_order: int
    weight: Array = field(repr=False)
    tolerance: float = field(default=0.0, repr=False)

    @property
    def count(self) -> int:
        """How many blocks there are."""
        return len(self.groups)

    @property
    def equal(self) -> bool:
        """Whether all blocks have as many inputs and outputs: then the layer is a grouped one
        between two orders of the channels."""
        return len({(len(inputs), len(outputs)) for inputs, outputs in self.groups}) == 1

    @cached_property
    def graph(self) -> Graph:
        """The channel graph: nodes `("in", c)` and `("out", o)`, an edge where there is a
        weight."""
        from networkx import Graph

        graph: Graph = Graph()
        outputs, inputs = self.weight.shape[:2]
        graph.add_nodes_from(("in", c) for c in range(inputs))
        graph.add_nodes_from(("out", o) for o in range(outputs))
        live = _live(self.weight, self.tolerance)
        graph.add_edges_from((("in", int(c)), ("out", int(o))) for o, c in np.argwhere(live))
        return graph

    def layer(self, **geometry: Any) -> Convolution | Sequential:
        """The same layer as a grouped convolution, between permutations where they are needed.

        Raises `WeightError` where the blocks differ in size.

        >>> weight = np.eye(4)[[2, 3, 0, 1]].reshape(4, 4, 1)
        >>> found = channel_groups(weight)
        >>> bool((found.layer().on(3).to_dense() == np.kron(weight[..., 0], np.eye(3))).all())
        True
        """
        outputs, inputs, *kernel = self.weight.shape
        if not kernel:  # of a linear layer
            return replace(self, weight=self.weight[..., None]).layer(**geometry)
        if self.in_order == self.count:
            return self._grouped(range(inputs), range(outputs), geometry)
        if not self.equal:
            sizes = sorted({(len(i), len(o)) for i, o in self.groups})
            raise WeightError(
                f"blocks of different sizes {sizes} (inputs, outputs) are no grouped convolution; "
                f"use .groups to run them one by one"
            )
        read = [c for block, _ in self.groups for c in block]
        made = [o for _, block in self.groups for o in block]
        ndim = len(kernel)
        before = np.eye(inputs, dtype=int)[read].reshape(inputs, inputs, *(1,) * ndim)
        after = np.eye(outputs, dtype=int)[np.argsort(made)]
        bias = geometry.pop("bias", None)
        return sequential(
            pointwise(inputs, inputs, ndim=ndim, weight=before),
            self._grouped(read, made, geometry),
            pointwise(
                outputs, outputs, ndim=ndim, bias=bias,
                weight=after.reshape(outputs, outputs, *(1,) * ndim),
            ),
        )  # fmt: skip

    def _grouped(self, read: Any, made: Any, geometry: dict[str, Any]) -> Convolution:
        outputs, inputs, *kernel = self.weight.shape
        ordered = self.weight[np.ix_(list(made), list(read))]
        each_in, each_out = inputs // self.count, outputs // self.count
        weight = np.concatenate([
            ordered[g * each_out : (g + 1) * each_out, g * each_in : (g + 1) * each_in]
            for g in range(self.count)
        ])  # fmt: skip
        return conv(
            len(kernel),
            inputs,
            outputs,
            tuple(kernel),
            groups=self.count,
            weight=weight,
            **geometry,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, without the weight."""
        blocks = [{"inputs": list(i), "outputs": list(o)} for i, o in self.groups]
        return {"count": self.count, "in_order": self.in_order, "equal": self.equal,
                "groups": blocks}  # fmt: skip

    def __str__(self) -> str:
        shown = [f"  inputs {_run(i)} → outputs {_run(o)}" for i, o in self.groups[:8]]
        more = [f"  and {self.count - 8} more"] if self.count > 8 else []
        head = f"{self.count} channel groups; as a grouped convolution in order: {self.in_order}"
        return "\n".join([head, *shown, *more])


def channel_groups(weight: Any, *, tol: float = 0.0) -> ChannelGroups:
    """The finest grouping of channels under which a layer is block diagonal.

    Parameters
    ----------
    weight
        `(C_out, C_in, *k)`, of one group, numbers of any kind or symbols.
    tol
        Weights up to `tol` times the largest are no connection. Default: those that are 0.

    >>> weight = np.zeros((4, 4, 3, 3))
    >>> weight[:2, :2] = weight[2:, 2:] = 1
    >>> print(channel_groups(weight))
    2 channel groups; as a grouped convolution in order: 2
      inputs 0–1 → outputs 0–1
      inputs 2–3 → outputs 2–3
    """
    import networkx as nx

    array = kernel_array(weight, 2)
    if not isinstance(tol, (int, float, np.number)) or not 0 <= tol < 1:
        raise WeightError(f"tol is relative, 0 <= tol < 1, got {tol!r}")
    live = _live(array, float(tol))
    inputs = live.shape[1]
    # Outputs that read the same inputs are one node: a dense layer has a row of edges, not all.
    patterns, kind = np.unique(live, axis=0, return_inverse=True)
    graph: Any = nx.Graph()
    graph.add_nodes_from(("in", c) for c in range(inputs))
    graph.add_edges_from((("in", int(c)), ("kind", int(k))) for k, c in np.argwhere(patterns))
    members: dict[int, list[int]] = {}
    for o, k in enumerate(kind.reshape(-1).tolist()):
        members.setdefault(k, []).append(o)
    blocks: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    for component in nx.connected_components(graph):
        read = sorted(c for side, c in component if side == "in")
        made = sorted(o for side, k in component if side == "kind" for o in members[k])
        blocks.append((tuple(read), tuple(made)))
    blocks += [((), (o,)) for o in np.flatnonzero(~live.any(axis=1)).tolist()]
    blocks.sort(key=lambda block: (min(block[0], default=inputs), block[1]))
    return ChannelGroups(tuple(blocks), _in_order(live), array, float(tol))


def _live(weight: Array, tol: float) -> Array:
    """Booleans `(C_out, C_in)`: whether there is a weight."""
    if weight.dtype.kind == "O":
        entries = exact_entries(weight).reshape(*weight.shape[:2], -1)
        if tol and not has_symbols(entries):
            entries = scaled_floats(entries)[0]
            return np.asarray(np.abs(entries).max(axis=2) > tol * np.abs(entries).max())
        return np.array([[any(nonzero(v) for v in kernel) for kernel in row] for row in entries])
    sizes = largest_part(weight).reshape(*weight.shape[:2], -1).max(axis=2)
    return np.asarray(sizes > tol * sizes.max())


def _in_order(live: Array) -> int:
    """The most equal, contiguous groups outside of whose blocks there is no weight."""
    outputs, inputs = live.shape
    for groups in range(np.gcd(outputs, inputs), 1, -1):
        if outputs % groups or inputs % groups:
            continue
        owner_out, owner_in = (np.arange(n) // (n // groups) for n in (outputs, inputs))
        if not live[owner_out[:, None] != owner_in].any():
            return int(groups)
    return 1


def _run(channels: tuple[int, ...]) -> str:
    """Channels for people: a run by its ends."""
    if not channels:
        return "none"
    if len(channels) > 1 and channels == tuple(range(channels[0], channels[-1] + 1)):
        return f"{channels[0]}–{channels[-1]}"
    return ", ".join(map(str, channels[:8])) + (", …" if len(channels) > 8 else "")
