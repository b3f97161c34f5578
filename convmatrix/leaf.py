"""One elementary layer at a size, with the value of each of its taps."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.errors import WeightError
from convmatrix.kept import cached_property
from convmatrix.relation import Index, is_symbolic
from convmatrix.stencil import Geometry, Link, Rearrangement, Stencil
from convmatrix.typing import Array

if TYPE_CHECKING:
    from convmatrix.layers import ElementaryLayer, Layer

__all__ = ["Leaf"]

Shape = tuple[Index, ...]


class Leaf:
    """One elementary layer at a size.

    Attributes
    ----------
    layer, size
        The layer, and the spatial size of its input.
    geometry
        What the layer becomes at that size.
    typed
        The layer as the person typed it: of a transposed layer's leaf, that layer.
    """

    def __init__(
        self, layer: ElementaryLayer, size: Shape, geometry: Geometry, typed: Layer | None = None
    ) -> None:
        self.layer, self.size, self.geometry = layer, size, geometry
        self.typed: Layer = layer if typed is None else typed

    @property
    def in_shape(self) -> Shape:
        """`(channels, *size)` of what the layer reads."""
        return self.geometry.in_shape

    @property
    def out_shape(self) -> Shape:
        """`(channels, *size)` of what it writes."""
        return self.geometry.out_shape

    def ends(self, back: bool) -> tuple[Shape, Shape]:
        """The shapes that it takes and gives, read forward or `back`."""
        return (self.out_shape, self.in_shape) if back else (self.in_shape, self.out_shape)

    def links(self, element: tuple[int, ...], back: bool) -> list[Link]:
        """What an element of its input feeds; or, `back`, what one of its output reads."""
        return self.geometry.inputs_of(element) if back else self.geometry.outputs_of(element)

    @property
    def symbols(self) -> set[Any]:
        """The symbols in its geometry."""
        if isinstance(self.geometry, Rearrangement):
            numbers: Any = self.size
        else:
            numbers = (
                n
                for axis in self.geometry.windows
                for n in (
                    axis.size, axis.kernel, axis.stride, axis.dilation, axis.before, axis.after
                )
            )  # fmt: skip
        return set().union(
            *(n.free_symbols for n in numbers if type(n) is not int and is_symbolic(n))
        )

    @cached_property
    def weight(self) -> Array | None:
        """The layer's weight, where it was given one: a value for each tap."""
        values = self.layer.values
        if values is not None and values.size != prod(self.geometry.tap_shape):
            raise WeightError(
                f"{self.layer!r:.80} gives {values.size} values, but at size {self.size} it has "
                f"taps of shape {self.geometry.tap_shape}; give its values in that shape"
            )
        return values

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
        factors = self.geometry.factors if isinstance(self.geometry, Stencil) else None
        return factors is not None and any(
            f.denominator != 1 for rows in factors for row in rows for f in row
        )

    @cached_property
    def taps(self) -> Array | None:
        """The exact value of each tap: the weight, or fractions where the layer fixes them."""
        if isinstance(self.geometry, Rearrangement):
            return np.array([1])
        if self.geometry.factors is None:
            return self.weight
        return _outer(self.geometry, object)

    def numbers(self, dtype: np.dtype[Any]) -> Array:
        """The value of each tap as `dtype`."""
        if (
            isinstance(self.geometry, Stencil)
            and self.geometry.factors is not None
            and dtype.kind != "O"
        ):
            return _outer(self.geometry, np.float64).astype(dtype)
        assert self.taps is not None
        return self.taps.astype(dtype)


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
