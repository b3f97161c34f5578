"""The two sides of an equation between maps: their layers in a row, and which kernels are one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import TYPE_CHECKING

from convmatrix.kept import cached_property
from convmatrix.layers import ConvolutionTranspose
from convmatrix.proof.algebra.lemmas import Goal, at_least, is_zero
from convmatrix.proof.algebra.polynomial import Polynomial
from convmatrix.proof.algebra.theorem import scope, symbol_guards
from convmatrix.proof.compare.kernels import kernel_names
from convmatrix.proof.relate.channels import channel_maps_equal
from convmatrix.proof.relate.traces import Link, chain, valid
from convmatrix.stencil import Stencil

if TYPE_CHECKING:
    from convmatrix.leaf import Leaf
    from convmatrix.maps import Map

__all__ = ["Equation", "Side"]

Matching = Mapping[int, int]
"""For each kernel on the right, the one on the left that it is, as places in the chains."""


@dataclass(frozen=True)
class Side:
    """One side of an equation: its layers from row to column, each with whether it is transposed,
    and the name of the kernel behind each."""

    map: Map
    chain: tuple[tuple[Leaf, bool], ...]
    names: tuple[str | None, ...]

    @classmethod
    def of(cls, m: Map, names: Sequence[str | None]) -> Side:
        """The side of a map whose leaves have kernels of these names."""
        steps = chain(m)
        return cls(m, tuple(step[:2] for step in steps), tuple(names[place] for *_, place in steps))

    def links(self, axis: int, taps: Mapping[int, Polynomial]) -> list[Link]:
        """The chain along an axis, through the tap (0 where none is given) of each place in it."""
        found = []
        for j, (leaf, transposed) in enumerate(self.chain):
            assert isinstance(leaf.geometry, Stencil)
            link = Link(leaf.geometry.windows[axis], transposed, taps.get(j, Polynomial.of(0)))
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

    @property
    def places(self) -> dict[str, list[int]]:
        """The places in the chain of each kernel, by its name."""
        found: dict[str, list[int]] = {}
        for j in self.kernels:
            found.setdefault(self.names[j] or "", []).append(j)
        return found

    def validity(self, axis: int) -> tuple[Goal, ...]:
        """What must hold for its layers to exist along an axis."""
        goals: list[Goal] = []
        for link, (leaf, _) in zip(self.links(axis, {}), self.chain, strict=True):
            goals += (*valid(link.axis), *_of_output_padding(leaf, axis))
        return tuple(dict.fromkeys(goals))


@dataclass(frozen=True, eq=False)
class Equation:
    """That two maps on polynomials are equal, at every geometry.

    Attributes
    ----------
    A, B
        The maps, products of layers that may have symbols.
    bounds
        The lower bound of each symbol (None: any integer).
    level
        ``size``, ``connectivity`` or ``weights``.
    given
        What is supposed beside the bounds.
    exists
        Whether B has to exist where A does; else both are supposed to.
    channels
        Whether the channel rules agree, where that is known already.
    """

    A: Map
    B: Map
    bounds: Mapping[str, int | None]
    level: str
    given: Sequence[Goal] = ()
    exists: bool = False
    channels: bool | None = None

    @cached_property
    def sides(self) -> tuple[Side, Side]:
        """Both sides; for mere connectivity every kernel is one of its own, whatever its values."""
        found = []
        for m, names in zip((self.A, self.B), kernel_names(self.A, self.B), strict=True):
            if self.level != "weights":
                names = [f"w{j}" if _has_kernel(leaf) else None for j, leaf in enumerate(m.leaves)]
            found.append(Side.of(m, names))
        return found[0], found[1]

    @property
    def free(self) -> bool:
        """Whether no kernel on either side has numbers."""
        return all(side.free for side in self.sides)

    @property
    def axes(self) -> range:
        """The numbers of the axes."""
        return range(len(self.A.in_shape) - 1)

    @property
    def guards(self) -> tuple[Goal, ...]:
        """All that is supposed of the symbols."""
        return (*symbol_guards(self.bounds), *self.given)

    def scope(self, *, values: bool = False) -> str:
        """For which geometries, and unless kernels have `values` for which weights, it speaks."""
        return scope(self.bounds, self.level, exists=self.exists, values=values, given=self.given)

    def matchings(self) -> Iterator[Matching]:
        """The ways to give every kernel on the right one of the same name on the left; below the
        level of weights kernels need no match."""
        if self.level != "weights":
            yield {}
            return
        left, right = (side.places for side in self.sides)
        if {n: len(at) for n, at in left.items()} != {n: len(at) for n, at in right.items()}:
            return
        groups = [
            [dict(zip(right[name], order, strict=True)) for order in permutations(left[name])]
            for name in sorted(left)
        ]
        for choice in product(*groups):
            yield {r: le for part in choice for r, le in part.items()}

    def channels_agree(self, matching: Matching) -> bool:
        """Whether the channel rules, which have no symbols, agree triple by triple."""
        if self.channels is not None:
            return self.channels
        left, right = self.sides
        names = {le: f"{left.names[le]}_{le}" for le in left.kernels}
        of_left = [(*step, names.get(j)) for j, step in enumerate(left.chain)]
        of_right = [(*step, names.get(matching.get(j, -1))) for j, step in enumerate(right.chain)]
        return channel_maps_equal(of_left, of_right, self.level)

    def frame(self, axis: int) -> tuple[tuple[Goal, ...], tuple[Goal, ...], tuple[Goal, ...]]:
        """What must hold for the left and the right side to exist along an axis, and that their
        shapes are equal."""
        of_left, of_right = (side.validity(axis) for side in self.sides)
        ends = [
            (self.A.out_shape[axis + 1], self.B.out_shape[axis + 1]),
            (self.A.in_shape[axis + 1], self.B.in_shape[axis + 1]),
        ]
        shapes = tuple(goal for a, b in ends for goal in is_zero(Polynomial.of(a) - b))
        return of_left, of_right, shapes


def _has_kernel(leaf: Leaf) -> bool:
    """Whether it does more than pick elements, so that its tap and weight matter."""
    if leaf.weight is not None or leaf.taps is None or leaf.taps.size != 1:
        return True
    return bool(leaf.taps.item() != 1)


def _of_output_padding(leaf: Leaf, axis: int) -> list[Goal]:
    """`output_padding` is smaller than the larger of stride and dilation."""
    if not isinstance(leaf.typed, ConvolutionTranspose):
        return []
    extra, held = leaf.typed.output_padding[axis], leaf.typed.conv
    s, d = Polynomial.of(held.stride[axis]), Polynomial.of(held.dilation[axis])
    largest = s if d == 1 else (s + d + abs(s - d)) // 2
    return at_least(largest - 1 - extra)
