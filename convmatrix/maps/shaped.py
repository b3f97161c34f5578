"""What every map says of itself: its diagram, shapes and name; and what a question needs of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.diagram import Diagram
from convmatrix.errors import NotLinearError, SymbolicError, WeightError
from convmatrix.kept import cached_property
from convmatrix.layers import Layer
from convmatrix.relation import Index
from convmatrix.shapes import times
from convmatrix.typing import Array
from convmatrix.views.values import common_dtype

if TYPE_CHECKING:
    from convmatrix.maps.base import Map
    from convmatrix.maps.made import LeafMap

__all__ = ["Shaped", "require_linear", "require_numbers", "require_weights"]


class Shaped(ABC):
    """A diagram with a name. All that a kind of map has to say is abstract here."""

    layer: Layer | None = None

    @property
    @abstractmethod
    def diagram(self) -> Diagram:
        """The layers that it is made of, and how they follow each other; every view reads it."""

    @property
    @abstractmethod
    def T(self) -> Map:
        """The transpose."""

    @abstractmethod
    def with_weights(self, weights: Sequence[Array | None]) -> Map:
        """The same map with a weight for each of its `leaves`; None leaves that leaf as it is."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What it is, in short: the layer, or how it is made of others."""

    @property
    def in_shape(self) -> tuple[Index, ...]:
        """`(channels, *size)` of the input."""
        return self.diagram.in_shape

    @property
    def out_shape(self) -> tuple[Index, ...]:
        """`(channels, *size)` of the output."""
        return self.diagram.out_shape

    @property
    def shape(self) -> tuple[Index, Index]:
        """`(rows, columns)` of the matrix: output and input elements."""
        return prod(self.out_shape), prod(self.in_shape)

    @cached_property
    def leaves(self) -> tuple[LeafMap, ...]:
        """The elementary maps that it is made of, in order of application."""
        from convmatrix.maps.made import leaf_map

        return tuple(map(leaf_map, self.diagram.leaves))

    @property
    def is_linear(self) -> bool:
        """Whether it is a matrix."""
        return all(leaf.layer.is_linear for leaf in self.diagram.leaves)

    @property
    def is_symbolic(self) -> bool:
        """Whether its geometry still has symbols."""
        return any(leaf.symbols for leaf in self.diagram.leaves)

    @property
    def has_weights(self) -> bool:
        """Whether every layer that takes a weight has one."""
        return all(leaf.taps is not None for leaf in self.diagram.leaves)

    @property
    def dtype(self) -> np.dtype[Any]:
        """What the matrix holds: the weights' common dtype, float64 where there are none.

        Half precision, which SciPy has not, becomes float32. Integers become int64, so that no
        product wraps round: `A.to_scipy() @ x` is `A(x)`.
        """
        return common_dtype(self.diagram.leaves)

    def weights(self) -> tuple[Array | None, ...]:
        """The weights of its leaves."""
        return tuple(leaf.weight for leaf in self.diagram.leaves)

    def __repr__(self) -> str:
        arrow = f"{times(self.in_shape)} → {times(self.out_shape)}"
        return f"<{self.name}: {arrow}, matrix {times(self.shape)}>"

    def describe(self) -> str:
        """The map in words: the layer and the size it is bound to."""
        return f"{self.layer!r} on {times(self.in_shape[1:])}"


def require_linear(a: Shaped, what: str) -> None:
    """`NotLinearError` where a layer is no matrix."""
    for leaf in a.diagram.leaves:
        if not leaf.layer.is_linear:
            raise NotLinearError(
                f"{leaf.typed.name} is not linear, so there is no {what}; it "
                f"has a pattern, a graph and inputs_of/outputs_of"
            )


def require_numbers(a: Shaped, what: str) -> None:
    """`SymbolicError` where the geometry still has symbols."""
    names = sorted({str(s) for leaf in a.diagram.leaves for s in leaf.symbols})
    if names:
        raise SymbolicError(
            f"cannot {what}: the geometry has the symbols {', '.join(names)}; build the layer "
            f"and bind it with integers in their place, e.g. {names[0]}=3"
        )


def require_weights(a: Shaped, what: str) -> None:
    """`WeightError` where a layer that takes a weight has none."""
    for leaf in a.diagram.leaves:
        if leaf.taps is None:
            raise WeightError(
                f"{leaf.typed.name} has no weight and {what} needs one; use "
                f"layer.with_weight(w) with shape {leaf.layer.weight_shape}, or "
                f"to_sympy() for symbols, or pattern for connectivity"
            )
