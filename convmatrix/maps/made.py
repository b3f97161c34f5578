"""The maps that there are, by how they are made: of one layer, turned round, one after another, of
a network. Each is a name over a diagram."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.diagram import Diagram, chained
from convmatrix.errors import ShapeError
from convmatrix.kept import cached_property
from convmatrix.layers import ElementaryLayer, Layer
from convmatrix.layers.remembered import geometry_at
from convmatrix.leaf import Leaf
from convmatrix.maps.base import Map
from convmatrix.maps.memory import Need
from convmatrix.pattern import Pattern
from convmatrix.relation import Index, is_symbolic
from convmatrix.typing import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["ComposedMap", "LeafMap", "NetworkMap", "TransposedMap", "compose", "leaf_map"]

Weights = Sequence[Array | None]


class LeafMap(Leaf, Map):
    """One elementary layer at a size."""

    layer: ElementaryLayer

    def __init__(
        self, layer: ElementaryLayer, size: tuple[Index, ...], typed: Layer | None = None
    ) -> None:
        super().__init__(layer, size, geometry_at(layer, size), typed)

    @cached_property
    def diagram(self) -> Diagram:
        # not of itself: in a ring a large pattern would outlive its map until the next collection
        return Diagram.of(Leaf(self.layer, self.size, self.geometry, self.typed))

    @property
    def leaves(self) -> tuple[LeafMap, ...]:
        return (self,)

    @cached_property
    def T(self) -> Map:
        if self.typed is self.layer:
            return Map.T.func(self)
        return TransposedMap(self, self.typed)

    def with_weights(self, weights: Weights) -> Map:
        (weight,) = weights
        return self if weight is None else LeafMap(self.layer.with_weight(weight), self.size)

    @property
    def name(self) -> str:
        return self.layer.name


def leaf_map(leaf: Leaf) -> LeafMap:
    """The map of a leaf."""
    if isinstance(leaf, LeafMap):
        return leaf
    return LeafMap(leaf.layer, leaf.size, leaf.typed)


class TransposedMap(Map):
    """The transpose of a map: rows and columns trade places, nothing is computed."""

    def __init__(self, of: Map, layer: Layer | None = None) -> None:
        self.of, self.layer = of, layer

    @cached_property
    def diagram(self) -> Diagram:
        return self.of.diagram.T

    @property
    def T(self) -> Map:
        return self.of

    def with_weights(self, weights: Weights) -> Map:
        return TransposedMap(self.of.with_weights(weights))

    @property
    def collides(self) -> bool:
        return self.of.collides

    def blocks(self, most: int) -> Iterator[tuple[Array, Array, Array]]:
        for rows, columns, taps in self.of.blocks(most):
            yield columns, rows, taps

    def _pattern(self) -> Pattern:
        return self.of.pattern.T

    def _matrix(self, dtype: np.dtype[Any]) -> csr_array:
        from convmatrix.views.matrix import transpose

        return transpose(self.of._matrix(dtype))

    def _matrix_need(self, size: int) -> Need:
        of = self.of._matrix_need(size)
        return Need(max(of.peak, of.kept + of.kept), of.kept)

    @property
    def name(self) -> str:
        if self.layer is not None:
            return self.layer.name
        return f"{bracketed(self.of.name)}.T"

    def describe(self) -> str:
        return Map.describe(self) if self.layer is not None else f"({self.of.describe()}).T"


class ComposedMap(Map):
    """Maps one after another; `factors` in order of application, so the matrix is their product
    from right to left."""

    def __init__(self, factors: tuple[Map, ...], layer: Layer | None = None) -> None:
        self.factors, self.layer = factors, layer

    @cached_property
    def diagram(self) -> Diagram:
        return chained([factor.diagram for factor in self.factors])

    def with_weights(self, weights: Weights) -> Map:
        return ComposedMap(tuple(shared_out(self.factors, weights)))

    @property
    def name(self) -> str:
        return " @ ".join(_as_factor(factor.name) for factor in reversed(self.factors))

    def describe(self) -> str:
        if self.layer is not None:
            return Map.describe(self)
        return " @ ".join(f"({factor.describe()})" for factor in reversed(self.factors))


class NetworkMap(Map):
    """A layer that says its diagram, such as a network, at an input size.

    A tap of its pattern is a path's taps, packed: the digit of a layer that the path passes by is
    one more than the layer's last tap.
    """

    def __init__(self, layer: Layer, diagram: Diagram) -> None:
        self.layer, self._diagram = layer, diagram

    @property
    def diagram(self) -> Diagram:
        return self._diagram

    def with_weights(self, weights: Weights) -> Map:
        assert self.layer is not None
        leaves = shared_out(map(leaf_map, self.diagram.leaves), weights)
        return NetworkMap(self.layer, self.diagram.with_leaves(tuple(leaves)))

    @property
    def name(self) -> str:
        assert self.layer is not None
        return self.layer.name


def _as_factor(name: str) -> str:
    return bracketed(name) if " + " in name or " - " in name else name


def bracketed(name: str) -> str:
    """A name that stands for one thing beside an operator."""
    return f"({name})" if " " in name else name


def shared_out(maps: Iterable[Map], weights: Weights) -> Iterator[Any]:
    """The maps, each with as many of the weights as it has leaves."""
    rest = iter(weights)
    return (m.with_weights([next(rest) for _ in m.diagram.leaves]) for m in maps)


def compose(first: Map, then: Map, layer: Layer | None = None) -> Map:
    """`then @ first`."""
    if not _same_shape(first.out_shape, then.in_shape):
        raise ShapeError(
            f"B @ A needs A's output to be B's input: A gives {first.out_shape}, B takes "
            f"{then.in_shape}; {_agreement(first, then)}"
        )
    parts = (
        factor for m in (first, then) for factor in (m.factors if type(m) is ComposedMap else (m,))
    )
    return ComposedMap(tuple(parts), layer)


def _agreement(first: Map, then: Map) -> str:
    """What to change so that `then @ first` is one map."""
    given, taken = first.out_shape, then.in_shape
    channels = f"make B's layer with in_channels={given[0]}" if given[0] != taken[0] else ""
    size = f"bind B to {given[1:]}" if not _same_shape(given[1:], taken[1:]) else ""
    turned = {"B.T @ A": (given, then.out_shape), "B @ A.T": (first.in_shape, taken)}
    fits = "".join(f", or take {name}" for name, pair in turned.items() if _same_shape(*pair))
    return " and ".join(filter(None, (channels, size))) + fits


def _same_shape(a: tuple[Index, ...], b: tuple[Index, ...]) -> bool:
    """Whether two shapes are equal; in symbols, whether their differences simplify to 0."""
    if a == b or len(a) != len(b):
        return a == b
    return all(
        x == y or (is_symbolic(x, y) and _vanishes(x - y)) for x, y in zip(a, b, strict=True)
    )


def _vanishes(difference: Any) -> bool:
    """Whether an expression is 0 once remainders are written as quotients."""
    if not hasattr(difference, "replace"):
        return bool(difference == 0)
    from sympy import Mod, floor

    plain = difference.replace(Mod, lambda x, y: x - y * floor(x / y))
    return bool(plain.expand() == 0)
