"""Whether a standard layer is grouped: its blocks are components of the channel graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from math import gcd
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.errors import ArgumentError, WeightError, no_truth_value
from convmatrix.kept import cached_property
from convmatrix.layers import Convolution, Sequential, pointwise, sequential
from convmatrix.layers.calling import public
from convmatrix.layers.convolution import conv
from convmatrix.layers.renamed import renamed
from convmatrix.separable.floats import largest_part, scaled_floats
from convmatrix.separable.numbers import (
    exact_entries,
    has_symbols,
    kernel_array,
    nonzero,
)
from convmatrix.separable.text import markdown
from convmatrix.typing import Array

if TYPE_CHECKING:
    from networkx import Graph

__all__ = ["ChannelGroups", "channel_groups"]


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

    def __bool__(self) -> bool:
        raise no_truth_value("channel groups", ".count > 1 or .in_order > 1")

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

        Channels without a weight fill up its groups, of which it has the most that hold the other
        blocks and divide both numbers of channels. Raises `WeightError` where those blocks differ
        in size.

        >>> weight = np.eye(4)[[2, 3, 0, 1]].reshape(4, 4, 1)
        >>> found = channel_groups(weight)
        >>> bool((found.layer().on(3).to_dense() == np.kron(weight[..., 0], np.eye(3))).all())
        True
        """
        outputs, inputs, *kernel = self.weight.shape
        own = sorted({"groups", "weight"} & geometry.keys())
        if own:
            raise ArgumentError(f"the layer has its {' and '.join(own)} from here; leave that out")
        if not kernel:  # of a linear layer
            return replace(self, weight=self.weight[..., None]).layer(**geometry)
        held = self._held()
        if len(held) <= self.in_order:
            return self._grouped(range(inputs), range(outputs), self.in_order, geometry)
        read, made = _joined(held)
        ndim = len(kernel)
        before = np.eye(inputs, dtype=int)[read].reshape(inputs, inputs, *(1,) * ndim)
        after = np.eye(outputs, dtype=int)[np.argsort(made)]
        bias = geometry.pop("bias", None)
        return sequential(
            pointwise(inputs, inputs, ndim=ndim, weight=before),
            self._grouped(read, made, len(held), geometry),
            pointwise(
                outputs, outputs, ndim=ndim, bias=bias,
                weight=after.reshape(outputs, outputs, *(1,) * ndim),
            ),
        )  # fmt: skip

    def _held(self) -> list[tuple[list[int], list[int]]]:
        """Inputs and outputs of the most equal groups that hold the blocks of live channels."""
        live = [block for block in self.groups if all(block)]
        sizes = sorted({(len(i), len(o)) for i, o in live})
        if len(sizes) > 1:
            raise WeightError(
                f"blocks of different sizes {sizes} (inputs, outputs) are no grouped convolution; "
                f"use .groups to run them one by one"
            )
        outputs, inputs = self.weight.shape[:2]
        each = sizes[0] if sizes else (1, 1)
        most = gcd(inputs, outputs)
        for count in (n for n in range(most, 0, -1) if most % n == 0):
            room = min(inputs // count // each[0], outputs // count // each[1])
            if room * count >= len(live):
                break
        held = [_joined(live[g * room : (g + 1) * room]) for g in range(count)]
        dead_in, dead_out = map(iter, _joined([b for b in self.groups if not all(b)]))
        for read, made in held:
            read += islice(dead_in, inputs // count - len(read))
            made += islice(dead_out, outputs // count - len(made))
        return held

    def _grouped(self, read: Any, made: Any, count: int, geometry: dict[str, Any]) -> Convolution:
        outputs, inputs, *kernel = self.weight.shape
        ordered = self.weight[np.ix_(list(made), list(read))]
        each_in, each_out = inputs // count, outputs // count
        weight = np.concatenate([
            ordered[g * each_out : (g + 1) * each_out, g * each_in : (g + 1) * each_in]
            for g in range(count)
        ])  # fmt: skip
        return conv(
            len(kernel), inputs, outputs, tuple(kernel), groups=count, weight=weight, **geometry
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, without the weight."""
        blocks = [{"inputs": list(i), "outputs": list(o)} for i, o in self.groups]
        return {"count": self.count, "in_order": self.in_order, "equal": self.equal,
                "groups": blocks}  # fmt: skip

    def _repr_markdown_(self) -> str:
        return markdown(str(self))

    def __str__(self) -> str:
        shown = [f"  inputs {_run(i)} → outputs {_run(o)}" for i, o in self.groups[:8]]
        more = [f"  and {self.count - 8} more"] if self.count > 8 else []
        said = "1 channel group" if self.count == 1 else f"{self.count} channel groups"
        head = f"{said}; as a grouped convolution in order: {self.in_order}"
        return "\n".join([head, *shown, *more])


@renamed(tol="tolerance")
@public
def channel_groups(weight: Any, *, tolerance: float = 0.0) -> ChannelGroups:
    """The finest grouping of channels under which a layer is block diagonal.

    Parameters
    ----------
    weight
        `(C_out, C_in, *k)`, of one group, numbers of any kind or symbols.
    tolerance
        Weights up to so many times the largest are no connection. Default: those that are 0.
        (Its old name `tol` warns.)

    >>> weight = np.zeros((4, 4, 3, 3))
    >>> weight[:2, :2] = weight[2:, 2:] = 1
    >>> print(channel_groups(weight))
    2 channel groups; as a grouped convolution in order: 2
      inputs 0–1 → outputs 0–1
      inputs 2–3 → outputs 2–3
    """
    import networkx as nx

    array = kernel_array(weight, 2)
    if not isinstance(tolerance, (int, float, np.number)) or not 0 <= tolerance < 1:
        raise WeightError(f"tolerance is relative, 0 <= tolerance < 1, got {tolerance!r}")
    live = _live(array, float(tolerance))
    inputs = live.shape[1]
    # Outputs that read the same inputs are one node: a dense layer has a row of edges, not all.
    patterns, pattern = np.unique(live, axis=0, return_inverse=True)
    graph: Any = nx.Graph()
    graph.add_nodes_from(("in", c) for c in range(inputs))
    graph.add_edges_from((("in", int(c)), ("pattern", int(k))) for k, c in np.argwhere(patterns))
    members: dict[int, list[int]] = {}
    for o, k in enumerate(pattern.reshape(-1).tolist()):
        members.setdefault(k, []).append(o)
    blocks: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    for component in nx.connected_components(graph):
        read = sorted(c for side, c in component if side == "in")
        made = sorted(o for side, k in component if side == "pattern" for o in members[k])
        blocks.append((tuple(read), tuple(made)))
    blocks += [((), (o,)) for o in np.flatnonzero(~live.any(axis=1)).tolist()]
    blocks.sort(key=lambda block: (min(block[0], default=inputs), block[1]))
    return ChannelGroups(tuple(blocks), _in_order(live), array, float(tolerance))


def _joined(blocks: Sequence[tuple[Sequence[int], Sequence[int]]]) -> tuple[list[int], list[int]]:
    """The inputs and the outputs of several blocks."""
    return [c for block, _ in blocks for c in block], [o for _, block in blocks for o in block]


def _live(weight: Array, tolerance: float) -> Array:
    """Booleans `(C_out, C_in)`: whether there is a weight."""
    if weight.dtype.kind == "O":
        entries = exact_entries(weight).reshape(*weight.shape[:2], -1)
        if tolerance and not has_symbols(entries):
            entries = scaled_floats(entries)[0]
            return np.asarray(np.abs(entries).max(axis=2) > tolerance * np.abs(entries).max())
        return np.array([[any(nonzero(v) for v in kernel) for kernel in row] for row in entries])
    sizes = largest_part(weight).reshape(*weight.shape[:2], -1).max(axis=2)
    return np.asarray(sizes > tolerance * sizes.max())


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
