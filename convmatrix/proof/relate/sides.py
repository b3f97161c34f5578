"""The two sides of an equation between maps: their layers in a row, and which kernels are one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations, product
from typing import TYPE_CHECKING

from convmatrix.layers import ConvolutionTranspose
from convmatrix.proof.algebra.lemmas import Goal, at_least, is_zero
from convmatrix.proof.algebra.polynomial import Polynomial
from convmatrix.proof.relate.channels import channel_maps_equal
from convmatrix.proof.relate.traces import Link, chain, valid
from convmatrix.stencil import Stencil

if TYPE_CHECKING:
    from convmatrix.leaf import Leaf
    from convmatrix.maps import LeafMap, Map

__all__ = ["Side", "channels_agree", "frame_of_axis", "kernel_names", "matchings", "sides"]


def kernel_names(A: Map, B: Map) -> tuple[list[str | None], list[str | None]]:
    """The kernel that each leaf of two maps stands for; None where it has numbers.

    Where both maps are made of the very same layer objects, a layer object is one kernel wherever
    it occurs; else kernels are numbered in the order in which `leaves` gives them: of application,
    where a transposed product keeps the order of what it transposes.
    """
    free_a = [leaf for leaf in A.leaves if leaf.taps is None]
    free_b = [leaf for leaf in B.leaves if leaf.taps is None]
    known = list(dict.fromkeys(id(leaf.typed) for leaf in free_a))
    shared = set(known) == {id(leaf.typed) for leaf in free_b}

    def side(leaves: tuple[LeafMap, ...]) -> list[str | None]:
        weighted = [leaf.layer.weight_shape is not None for leaf in leaves]
        names: list[str | None] = []
        for i, leaf in enumerate(leaves):
            if leaf.taps is not None:
                names.append(None)
                continue
            place = known.index(id(leaf.typed)) + 1 if shared else sum(weighted[: i + 1])
            several = len(known) > 1 if shared else sum(weighted) > 1
            names.append(f"w{place}" if several else "w")
        return names

    return side(A.leaves), side(B.leaves)


@dataclass(frozen=True)
class Side:
    """One side of an equation: its layers from row to column, and the kernel behind each."""

    map: Map
    chain: tuple[tuple[Leaf, bool], ...]
    names: tuple[str | None, ...]

    def links(self, axis: int, taps: Mapping[int, Polynomial]) -> list[Link]:
        found = []
        for j, (leaf, transposed) in enumerate(self.chain):
            assert isinstance(leaf.bound, Stencil)
            link = Link(leaf.bound.windows[axis], transposed, taps.get(j, Polynomial.of(0)))
            found.append(link)
        return found

    @property
    def kernels(self) -> list[int]:
        """The places in the chain that have a kernel of their own."""
        return [j for j, name in enumerate(self.names) if name is not None]

    @property
    def free(self) -> bool:
        """Whether every layer either has a free kernel or only picks elements."""
        return all(leaf.taps is None or not _has_kernel(leaf) for leaf, _ in self.chain)


def sides(A: Map, B: Map, level: str) -> tuple[Side, Side]:
    """Both sides; for mere connectivity every kernel is one of its own, whatever its values."""
    found = []
    for m, names in zip((A, B), kernel_names(A, B), strict=True):
        if level != "weights":
            names = [f"w{j}" if _has_kernel(leaf) else None for j, leaf in enumerate(m.leaves)]
        links = tuple(chain(m))
        digits = reversed([step.digit for step in m.diagram.steps])
        found.append(Side(m, links, tuple(names[digit] for digit in digits)))
    return found[0], found[1]


def _has_kernel(leaf: Leaf) -> bool:
    """Whether it does more than pick elements, so that its tap and weight matter."""
    picks = leaf.weight is None and leaf.taps is not None and leaf.taps.size == 1
    return not (picks and leaf.taps.item() == 1)  # type: ignore[union-attr]


def matchings(left: Side, right: Side) -> Iterator[dict[int, int]]:
    """The ways to give every kernel on the right one of the same name on the left."""
    names = sorted({left.names[j] or "" for j in left.kernels})
    if sorted(left.names[j] or "" for j in left.kernels) != sorted(
        right.names[j] or "" for j in right.kernels
    ):
        return
    groups = [
        [
            dict(zip([j for j in right.kernels if right.names[j] == name], order, strict=True))
            for order in permutations([j for j in left.kernels if left.names[j] == name])
        ]
        for name in names
    ]
    for choice in product(*groups):
        yield {r: le for part in choice for r, le in part.items()}


def frame_of_axis(
    left: Side, right: Side, axis: int
) -> tuple[tuple[tuple[Goal, ...], tuple[Goal, ...]], tuple[Goal, ...]]:
    """What must hold for each side to exist along an axis, and that their shapes are equal."""
    of_left, of_right = (
        tuple(
            dict.fromkeys(
                goal
                for link, (leaf, _) in zip(side.links(axis, {}), side.chain, strict=True)
                for goal in (*valid(link.axis), *_of_output_padding(leaf, axis))
            )
        )
        for side in (left, right)
    )
    ends = [
        (left.map.out_shape[axis + 1], right.map.out_shape[axis + 1]),
        (left.map.in_shape[axis + 1], right.map.in_shape[axis + 1]),
    ]
    shapes = tuple(goal for a, b in ends for goal in is_zero(Polynomial.of(a) - b))
    return (of_left, of_right), shapes


def _of_output_padding(leaf: Leaf, axis: int) -> list[Goal]:
    """`output_padding` is smaller than the larger of stride and dilation."""
    if not isinstance(leaf.typed, ConvolutionTranspose):
        return []
    extra, held = leaf.typed.output_padding[axis], leaf.typed.conv
    s, d = Polynomial.of(held.stride[axis]), Polynomial.of(held.dilation[axis])
    largest = s if d == 1 else (s + d + abs(s - d)) // 2
    return at_least(largest - 1 - extra)


def channels_agree(left: Side, right: Side, matching: Mapping[int, int], level: str) -> bool:
    """Whether the channel rules, which have no symbols, agree triple by triple."""
    names = {le: f"{left.names[le]}_{le}" for le in left.kernels}
    return channel_maps_equal(
        [(leaf, transposed, names.get(j)) for j, (leaf, transposed) in enumerate(left.chain)],
        [
            (leaf, transposed, names.get(matching.get(j, -1)))
            for j, (leaf, transposed) in enumerate(right.chain)
        ],
        level,
    )
