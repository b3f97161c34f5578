"""A map of one elementary layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix import dense
from convmatrix.diagram import Stages, Step
from convmatrix.kept import cached_property
from convmatrix.layers import ElementaryLayer, Layer, MaxPool
from convmatrix.layers.arrays import by_float32, result_dtype
from convmatrix.layers.base import bound_at
from convmatrix.maps.base import Map
from convmatrix.maps.memory import Need
from convmatrix.pattern import SCRATCH, Pattern, blocks_of, pattern_bytes, pattern_of
from convmatrix.relation import Index, is_symbolic
from convmatrix.stencil import Bound, Element, Link, Rearrangement, Stencil
from convmatrix.typing import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["LeafMap"]


class LeafMap(Map):
    """One elementary layer at a size."""

    def __init__(self, layer: ElementaryLayer, size: tuple[Index, ...]) -> None:
        self.layer = self.bound_layer = layer
        self.typed: Layer = layer
        """The layer as the person typed it: of a transposed layer's leaf, that layer."""
        self.size = size
        self.bound: Bound = bound_at(layer, size)

    @property
    def in_shape(self) -> tuple[Index, ...]:
        return self.bound.in_shape

    @property
    def out_shape(self) -> tuple[Index, ...]:
        return self.bound.out_shape

    @property
    def leaves(self) -> tuple[LeafMap, ...]:
        return (self,)

    @property
    def symbols(self) -> set[Any]:
        """The symbols in its geometry."""
        found: set[Any] = set()
        if isinstance(self.bound, Rearrangement):
            return found.union(*(n.free_symbols for n in self.size if is_symbolic(n)))
        for axis in self.bound.windows:
            numbers = axis.size, axis.kernel, axis.stride, axis.dilation, axis.before, axis.after
            for value in numbers:
                if type(value) is not int and is_symbolic(value):
                    found |= value.free_symbols
        return found

    def with_weights(self, weights: Sequence[Array | None]) -> Map:
        (weight,) = weights
        return self if weight is None else LeafMap(self.bound_layer.with_weight(weight), self.size)

    @property
    def weight(self) -> Array | None:
        """The layer's weight, where it was given one."""
        return self.bound_layer.values

    @property
    def is_numeric(self) -> bool:
        """Whether every tap has a number: no weight is missing or symbolic."""
        if self.taps is None:
            return False
        flat = self.taps.reshape(-1) if self.taps.dtype.kind == "O" else ()
        return not any(getattr(value, "free_symbols", None) for value in flat)

    @property
    def has_fractions(self) -> bool:
        """Whether its fixed coefficients are not all whole numbers."""
        factors = self.bound.factors if isinstance(self.bound, Stencil) else None
        return factors is not None and any(
            f.denominator != 1 for rows in factors for row in rows for f in row
        )

    @cached_property
    def taps(self) -> Array | None:
        """The exact value of each tap: the weight, or fractions where the layer fixes them."""
        if isinstance(self.bound, Rearrangement):
            return np.array([1])
        if self.bound.factors is None:
            return self.weight
        return _outer(self.bound, object)

    def numbers(self, dtype: np.dtype[Any]) -> Array:
        """The value of each tap as `dtype`."""
        if isinstance(self.bound, Stencil) and self.bound.factors is not None and dtype.kind != "O":
            return _outer(self.bound, np.float64).astype(dtype)
        assert self.taps is not None
        return self.taps.astype(dtype)

    def _forward(self, x: Array, choice: dense.Choice | None = None) -> Array:
        if self.bound_layer.is_linear:
            if choice and choice.method == "sparse":
                return self._by_matrix(self.to_scipy(), x, self.out_shape)
            return dense.forward(self.bound, self.weight, x, choice)
        assert isinstance(self.bound, Stencil)
        if isinstance(self.bound_layer, MaxPool):
            return dense.max_pool(self.bound, x)
        return np.maximum(x, 0)

    def _by_matrix(self, matrix: csr_array, x: Array, shape: tuple[Index, ...]) -> Array:
        """The sparse product itself, in the arithmetic of SciPy, in the dtype of the dense path."""

        def product(x: Array) -> Array:
            return np.asarray((matrix @ x.reshape(len(x), -1).T).T).reshape(len(x), *shape)

        dtype = x.dtype if self.weight is None else result_dtype(self.weight, x)
        y = by_float32(product, x, dtype)
        return y.astype(dtype, copy=False) if dtype.kind in "fc" else y

    def _adjoint(self, y: Array, choice: dense.Choice | None = None) -> Array:
        if choice and choice.method == "sparse":
            return self._by_matrix(self.to_scipy().T, y, self.in_shape)
        return dense.adjoint(self.bound, self.weight, y, choice)

    def _pattern(self) -> Pattern:
        return pattern_of(self.bound)

    def _nnz(self) -> int:
        return self.bound.nnz

    def _paths(self, counts: Array, *, back: bool = False) -> Array:
        return (dense.paths_adjoint if back else dense.paths)(self.bound, counts)

    def _inputs_of(self, output: Element) -> list[Link]:
        return self.bound.inputs_of(output)

    def _outputs_of(self, source: Element) -> list[Link]:
        return self.bound.outputs_of(source)

    @property
    def _collides(self) -> bool:
        return self.bound.collides

    def _blocks(self, most: int) -> Iterator[tuple[Array, Array, Array]]:
        return blocks_of(self.bound, most)

    def _stages(self) -> Stages:
        return Stages((self.in_shape, self.out_shape), (Step(0, 1, self),), 0, 1)

    def _spread(self, counts: dict[Element, int], *, back: bool) -> dict[Element, int]:
        links = self.bound.inputs_of if back else self.bound.outputs_of
        found: dict[Element, int] = {}
        for element, count in counts.items():
            for other, _ in links(element):
                found[other] = found.get(other, 0) + count
        return found

    def _pattern_need(self) -> Need:
        need = pattern_bytes(self.bound, self.bound.nnz)
        return Need(need, need - SCRATCH)

    def _matrix_need(self, size: int) -> Need:
        from convmatrix.views.matrix import matrix_bytes

        need = matrix_bytes(self.bound, size)
        return Need(need, need - SCRATCH)

    def _matrix(self, dtype: np.dtype[Any]) -> csr_array:
        from convmatrix.views.matrix import assemble

        return assemble(self.bound, self.numbers(dtype))

    def _name(self) -> str:
        return self.bound_layer.name


def _outer(stencil: Stencil, dtype: Any) -> Array:
    """The product of the axes' factors, in the layout of the stencil's taps."""
    assert stencil.factors is not None
    ndim, result = len(stencil.axes), np.ones((), dtype)
    for j, rows in enumerate(stencil.factors):
        table = np.array(rows, object).astype(dtype)
        shape = [1] * (2 * ndim)
        shape[j], shape[ndim + j] = table.shape
        result = result * table.reshape(shape)
    outputs = stencil.out_shape[1:] if stencil.local else (1,) * ndim
    return np.broadcast_to(result, (*outputs, *stencil.kernel)).reshape(stencil.tap_shape)
