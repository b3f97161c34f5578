"""The transpose of a map, the composition of maps, and the map of a layer.

The transpose holds its map and computes nothing of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.dense import Choice
from convmatrix.diagram import Stages, chained, reversed_stages
from convmatrix.errors import GeometryError, ShapeError
from convmatrix.layers import AdjointLayer, ElementaryLayer, Layer, Sequential
from convmatrix.layers.base import held_at, placed
from convmatrix.maps.base import Map
from convmatrix.maps.counting import entries_of
from convmatrix.maps.leaf import LeafMap
from convmatrix.maps.memory import Need, csr_bytes, in_turn, turned
from convmatrix.pattern import SCRATCH, Pattern
from convmatrix.relation import Index, is_symbolic
from convmatrix.stencil import Element, Link
from convmatrix.typing import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["ComposedMap", "TransposedMap", "bind", "compose"]


class TransposedMap(Map):
    """The transpose of a map: rows and columns trade places, nothing is computed."""

    def __init__(self, of: Map, layer: Layer | None = None) -> None:
        self.of, self.layer = of, layer
        vars(of).setdefault("_turned", self)  # so that of.T is this very object, and A.T.T is A
        if layer is not None and isinstance(of, LeafMap):
            of.typed = layer

    @property
    def in_shape(self) -> tuple[Index, ...]:
        return self.of.out_shape

    @property
    def out_shape(self) -> tuple[Index, ...]:
        return self.of.in_shape

    @property
    def leaves(self) -> tuple[LeafMap, ...]:
        return self.of.leaves

    def with_weights(self, weights: Sequence[Array | None]) -> Map:
        return TransposedMap(self.of.with_weights(weights))

    @property
    def T(self) -> Map:
        return self.of

    @property
    def _tap_counts(self) -> tuple[int, ...]:
        return self.of._tap_counts

    @property
    def _collides(self) -> bool:
        return self.of._collides

    def _forward(self, x: Array, choice: Choice | None = None) -> Array:
        return self.of._adjoint(x, choice)

    def _adjoint(self, y: Array, choice: Choice | None = None) -> Array:
        return self.of._forward(y, choice)

    def _pattern(self) -> Pattern:
        return self.of.pattern.T

    def _pattern_need(self) -> Need:
        of = self.of._pattern_need()  # which stays, too
        both = of.kept + csr_bytes(*self.shape, self.nnz, 8)
        return Need(max(of.peak, both), both)

    def _matrix_need(self, size: int) -> Need:
        kept = csr_bytes(*self.shape, self._most_entries(), size)
        return turned(self.of._matrix_need(size), kept)

    def _nnz(self) -> int:
        return self.of._nnz()

    def _paths(self, counts: Array, *, back: bool = False) -> Array:
        return self.of._paths(counts, back=not back)

    def _blocks(self, most: int) -> Iterator[tuple[Array, Array, Array]]:
        for rows, columns, taps in self.of._blocks(most):
            yield columns, rows, taps

    def _stages(self) -> Stages:
        return reversed_stages(self.of._stages())

    def _spread(self, counts: dict[Element, int], *, back: bool) -> dict[Element, int]:
        return self.of._spread(counts, back=not back)

    def _inputs_of(self, output: Element) -> list[Link]:
        return self.of._outputs_of(output)

    def _outputs_of(self, source: Element) -> list[Link]:
        return self.of._inputs_of(source)

    def _matrix(self, dtype: np.dtype[Any]) -> csr_array:
        from convmatrix.views.matrix import transpose

        return transpose(self.of._matrix(dtype))

    def _name(self) -> str:
        if self.layer is not None:
            return self.layer.name
        inner = self.of._name()
        return f"({inner}).T" if " @ " in inner else f"{inner}.T"

    def describe(self) -> str:
        return Map.describe(self) if self.layer is not None else f"({self.of.describe()}).T"


class ComposedMap(Map):
    """Maps one after another; `factors` in order of application, so the matrix is their product
    from right to left."""

    def __init__(self, factors: tuple[Map, ...], layer: Layer | None = None) -> None:
        self.factors, self.layer = factors, layer

    @property
    def in_shape(self) -> tuple[Index, ...]:
        return self.factors[0].in_shape

    @property
    def out_shape(self) -> tuple[Index, ...]:
        return self.factors[-1].out_shape

    @property
    def leaves(self) -> tuple[LeafMap, ...]:
        return tuple(leaf for factor in self.factors for leaf in factor.leaves)

    def with_weights(self, weights: Sequence[Array | None]) -> Map:
        rest = iter(weights)
        return ComposedMap(
            tuple(f.with_weights([next(rest) for _ in f.leaves]) for f in self.factors)
        )

    @property
    def _tap_counts(self) -> tuple[int, ...]:
        return tuple(n for factor in self.factors for n in factor._tap_counts)

    def _forward(self, x: Array, choice: Choice | None = None) -> Array:
        for factor in self.factors:
            x = factor._forward(x, choice)
        return x

    def _adjoint(self, y: Array, choice: Choice | None = None) -> Array:
        for factor in reversed(self.factors):
            y = factor._adjoint(y, choice)
        return y

    def _products(self) -> list[ComposedMap]:
        """The product of the first two factors, of the first three, and so on."""
        return [ComposedMap(self.factors[:n]) for n in range(2, len(self.factors) + 1)]

    def _pattern_need(self) -> Need:
        needs = [factor._pattern_need() for factor in self.factors]
        products = [csr_bytes(*each.shape, each.nnz, 8) for each in self._products()]
        kept = sum(need.kept for need in needs)  # each factor keeps its own
        peak, last = in_turn([Need(SCRATCH, 0), *(Need(0, 0) for _ in products)], [*products])
        return Need(max(kept + peak, *(need.peak for need in needs)), kept + last)

    def _matrix_need(self, size: int) -> Need:
        needs = [factor._matrix_need(size) for factor in self.factors]
        products = [csr_bytes(*a.shape, a._most_entries(), size) for a in self._products()]
        return in_turn(needs, products)

    def _pattern(self) -> Pattern:
        result = self.factors[0].pattern
        for factor in self.factors[1:]:
            result = factor.pattern.after(result)
        return result

    def _paths(self, counts: Array, *, back: bool = False) -> Array:
        for factor in reversed(self.factors) if back else self.factors:
            counts = factor._paths(counts, back=back)
        return counts

    def _stages(self) -> Stages:
        return reduce(chained, (factor._stages() for factor in self.factors))

    def _spread(self, counts: dict[Element, int], *, back: bool) -> dict[Element, int]:
        for factor in reversed(self.factors) if back else self.factors:
            counts = factor._spread(counts, back=back)
        return counts

    def _inputs_of(self, output: Element) -> list[Link]:
        links, weight = [(output, 0)], 1
        for factor in reversed(self.factors):
            links = [
                (e, tap + t * weight) for middle, tap in links for e, t in factor._inputs_of(middle)
            ]
            weight *= prod(factor._tap_counts)
        return sorted(links)

    def _outputs_of(self, source: Element) -> list[Link]:
        links = [(source, 0)]
        for factor in self.factors:
            links = [
                (e, tap * prod(factor._tap_counts) + t)
                for middle, tap in links
                for e, t in factor._outputs_of(middle)
            ]
        return sorted(links)

    def _matrix(self, dtype: np.dtype[Any]) -> csr_array:
        from convmatrix.views import matrix

        result = self.factors[0]._matrix(dtype)
        for factor, product in zip(self.factors[1:], self._products(), strict=True):
            entries = None if self._is_small else entries_of(product._stages())
            result = matrix.compose(result, factor._matrix(dtype), entries)
        return result

    def _name(self) -> str:
        return " @ ".join(factor._name() for factor in reversed(self.factors))

    def describe(self) -> str:
        if self.layer is not None:
            return Map.describe(self)
        return " @ ".join(f"({factor.describe()})" for factor in reversed(self.factors))


def compose(first: Map, then: Map, layer: Layer | None = None) -> Map:
    """`then @ first`."""
    if not _same_shape(first.out_shape, then.in_shape):
        raise ShapeError(
            f"B @ A needs A's output to be B's input: A gives {first.out_shape}, B takes "
            f"{then.in_shape}; {_agreement(first, then)}"
        )
    parts = (
        factor
        for m in (first, then)
        for factor in (m.factors if isinstance(m, ComposedMap) else (m,))
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


def bind(layer: Layer, size: tuple[Index, ...]) -> Map:
    """The map of a layer at an input size."""
    if isinstance(layer, ElementaryLayer):
        return LeafMap(layer, size)
    if isinstance(layer, AdjointLayer):
        return TransposedMap(LeafMap(*held_at(layer, size)), layer)
    if not isinstance(layer, Sequential):
        if type(layer).on is Layer.on:
            raise GeometryError(
                f"{type(layer).__name__} does not say how it binds to a size; derive it from "
                f"ElementaryLayer (bind) or AdjointLayer (adjoint_of), or give it a method on()"
            )
        return layer.on(size)
    result: Map | None = None
    for where, part in layer.numbered:
        with placed(where):
            then = bind(part, size)
        result = then if result is None else compose(result, then, layer)
        size = then.out_shape[1:]
    assert result is not None
    return result
