"""What every layer is: elementary, the adjoint of one, or alike in every channel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from inspect import signature
from typing import TYPE_CHECKING, Any, Self

from convmatrix.errors import GeometryError, NotLinearError, ShapeError, WeightError
from convmatrix.layers.arguments import count, frozen_array, per_axis
from convmatrix.layers.arrays import as_array, came_as, into, rounded_once
from convmatrix.layers.remembered import held_at
from convmatrix.layers.value import Value
from convmatrix.relation import Index
from convmatrix.stencil import Geometry
from convmatrix.typing import Array

if TYPE_CHECKING:
    from convmatrix.dense import Choice
    from convmatrix.diagram import Diagram
    from convmatrix.maps import Map

__all__ = ["AdjointLayer", "ChannelwiseLayer", "ElementaryLayer", "Layer", "by"]


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Layer(Value, ABC):
    """A size-free description of a map. Layers are values: frozen, comparable, reusable."""

    if TYPE_CHECKING:  # fields in some layers and properties in others

        @property
        def ndim(self) -> int:
            """How many spatial axes it has: 1, 2 or 3."""

        @property
        def in_channels(self) -> int:
            """Channels of the input."""

        @property
        def out_channels(self) -> int:
            """Channels of the output."""

    @abstractmethod
    def output_size(self, input_size: Any) -> tuple[Index, ...]:
        """Spatial size of the output for a spatial size of the input (an int or one an axis).

        >>> import convmatrix as cm
        >>> cm.conv2d(1, 1, 3, stride=2, padding=1).output_size((5, 5))
        (3, 3)
        """

    def run(self, x: Array, choice: Choice | None = None) -> Array:
        """Apply to an array `(*batch, channels, *size)`, bias and non-linearity included."""
        from convmatrix.maps import applied

        return applied(self.on(*x.shape[-self.ndim :]), x, choice)

    @property
    def weight_shape(self) -> tuple[Index, ...] | None:
        """Shape of the layer's weight, or None where it has none."""
        return None

    @property
    def is_linear(self) -> bool:
        """Whether it is a matrix (its bias aside)."""
        return True

    @property
    def parts(self) -> tuple[Layer, ...]:
        """The layers that it is made of, itself where it is one."""
        return (self,)

    @property
    def takes_channels(self) -> bool:
        """Whether it goes with however many channels its input has."""
        return False

    def with_weight(self, weight: Any) -> Self:
        """The same layer with a weight of `weight_shape` (numbers, fractions or symbols)."""
        raise WeightError(f"{type(self).__name__} has no weight; give weights to convolutions only")

    def weighed(self, weights: Iterator[Any]) -> Layer:
        """The same layer with the next of the weights, or as many as its parts take."""
        return self if self.weight_shape is None else self.with_weight(next(weights))

    def with_channels(self, channels: int) -> Self:
        """The same layer for an input of so many channels."""
        if count(channels, "channels") != self.in_channels:
            raise GeometryError(
                f"{self!r:.80} takes {self.in_channels} channels, its input has {channels}; give "
                f"it {channels} input channels, or its input {self.in_channels}"
            )
        return self

    def sizes(self, *size: Any) -> tuple[Index, ...]:
        """The input size as a tuple, from `5, 5` or `(5, 5)` or (all axes alike) `5`."""
        value = size[0] if len(size) == 1 else size
        if not size:
            raise GeometryError(
                f"{self!r:.80} needs an input size: {self.ndim} integers, or one for all axes"
            )
        return per_axis(value, self.ndim, "input size")

    def on(self, *size: Any) -> Map:
        """Bind to an input size; the result is the map, hence the matrix.

        >>> import convmatrix as cm
        >>> cm.conv2d(1, 1, 3, stride=2, padding=1).on(5, 5).shape
        (9, 25)
        """
        return self.map_at(self.sizes(*size))

    def map_at(self, size: tuple[Index, ...]) -> Map:
        """The map at a size as a tuple."""
        from convmatrix.maps.made import NetworkMap

        if type(self).on is not Layer.on:
            return self.on(*size)
        return NetworkMap(self, self.diagram(size))

    def diagram(self, size: tuple[Index, ...]) -> Diagram:
        """The layers that it is made of at an input size, and how they follow each other: all that
        a layer which is no `ElementaryLayer` has to say of itself."""
        kind = type(self)
        if kind.map_at is not Layer.map_at or kind.on is not Layer.on:
            return self.map_at(size).diagram
        raise GeometryError(
            f"{kind.__name__} does not say how it binds to a size; derive it from "
            f"ElementaryLayer (bind) or AdjointLayer (adjoint_of), or give it a method on()"
        )

    def __call__(
        self,
        x: Any,
        *,
        method: str = "auto",
        out: Array | None = None,
        threads: int | None = None,
        tolerance: float | None = None,
    ) -> Array:
        """Apply to an array `(*batch, channels, *size)`: binds to its size and adds the bias.

        Parameters
        ----------
        x
            The input: an array, a PyTorch tensor or lists. The result is an array of NumPy's.
            float32 stays float32, integers are exact; float16 and bfloat16 are computed in float32
            and rounded once, at the end (a tensor of bfloat16, which NumPy has not, gives float32).
        method
            How to compute it: ``auto`` (see `plan`), or one of ``direct``, ``winograd``,
            ``toeplitz``, ``lowrank``, ``fft``, ``phases``, ``fold``, ``sparse``; `GeometryError`
            where it does not apply.
        out
            An array of the result's shape and dtype to write it to; it may overlap `x`.
        threads
            How many threads to use; all cores that BLAS may use by default.
        tolerance
            Singular values of a kernel that are so small, relative to its largest, may be left
            out where that makes it faster (``lowrank``); by default only what is rounding.

        >>> import convmatrix as cm
        >>> conv = cm.conv1d(1, 1, 3, weight=[[[1.0, 0.0, -1.0]]])
        >>> conv([[1.0, 2.0, 4.0, 8.0]], method="direct")
        array([[-3., -6.]])
        """
        if isinstance(method, str) and method == "auto" and threads is None and tolerance is None:
            return into(out, self._apply(x))
        from convmatrix.dense import Choice

        number = None if threads is None else count(threads, "threads")
        return into(out, self._apply(x, Choice(method, number, tolerance)))

    def _apply(self, x: Any, choice: Choice | None = None) -> Array:
        array = as_array(x)
        if array.ndim < self.ndim + 1:
            raise ShapeError(
                f"expected an array (*batch, channels, {self.ndim} spatial axes), got shape "
                f"{array.shape}; add a channel axis with x[None]"
            )
        channels = array.shape[-self.ndim - 1]
        run = by(self.with_channels(channels), choice)
        return rounded_once(run, array, came_as(x, array), self._weights)

    def _weights(self) -> list[Array | None]:
        return [getattr(part, "weight", None) for part in self.parts]


def by(layer: Layer, choice: Choice | None) -> Callable[[Array], Array]:
    """How a layer runs when so was chosen; one whose `run` takes no choice is left to itself."""
    if choice is None or not _takes_choice(type(layer)):
        return layer.run
    return partial(layer.run, choice=choice)


@lru_cache
def _takes_choice(kind: type[Layer]) -> bool:
    return "choice" in signature(kind.run).parameters


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ElementaryLayer(Layer):
    """A layer that is one stencil or one rearrangement at a size.

    To make one's own, derive a dataclass (``frozen=True, eq=False, repr=False``) that has `ndim`,
    `in_channels`, `out_channels` and `bind`; where its taps have weights to be given, a field
    `weight` and a `weight_shape`; where it is not `is_linear`, a method `nonlinear`. See
    `examples/14_own_layer.py`.
    """

    @abstractmethod
    def bind(self, size: tuple[Index, ...]) -> Geometry:
        """Its plain data at an input size."""

    @property
    def values(self) -> Array | None:
        """The value of each tap, in the geometry's `tap_shape`, where the layer has a weight."""
        weight: Array | None = getattr(self, "weight", None)
        return weight

    def nonlinear(self, geometry: Geometry, x: Array) -> Array:
        """What a layer that is not linear makes of an array `(batch, *in_shape)`."""
        raise NotLinearError(
            f"{self!r:.80} does not say what it makes of an array; give it a method "
            f"nonlinear(geometry, x)"
        )

    def with_weight(self, weight: Any) -> Self:
        if self.weight_shape is None:
            return Layer.with_weight(self, weight)
        kept = frozen_array(weight, self.weight_shape, "weight")
        return replace(self, weight=kept)  # type: ignore[call-arg]

    def map_at(self, size: tuple[Index, ...]) -> Map:
        from convmatrix.maps.made import LeafMap

        return LeafMap(self, size)

    def output_size(self, input_size: Any) -> tuple[Index, ...]:
        return self.bind(self.sizes(input_size)).out_shape[1:]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AdjointLayer(Layer):
    """A layer that is the transpose of another: it holds that one and computes nothing itself."""

    @property
    def of(self) -> ElementaryLayer:
        """The layer that it is the transpose of: its channels are that one's, the other way."""
        raise GeometryError(
            f"{type(self).__name__} does not say what it is the transpose of; give it a property "
            f"of, or ndim, in_channels and out_channels of its own"
        )

    @abstractmethod
    def adjoint_of(self, size: tuple[Index, ...]) -> tuple[ElementaryLayer, tuple[Index, ...]]:
        """The elementary layer, and the size at which its transpose takes inputs of `size`."""

    @property
    def ndim(self) -> int:
        return self.of.ndim

    @property
    def in_channels(self) -> int:
        return self.of.out_channels

    @property
    def out_channels(self) -> int:
        return self.of.in_channels

    @property
    def takes_channels(self) -> bool:
        return self.of.takes_channels

    @property
    def weight_shape(self) -> tuple[Index, ...] | None:
        return self.of.weight_shape

    def map_at(self, size: tuple[Index, ...]) -> Map:
        from convmatrix.maps.made import LeafMap

        return LeafMap(*held_at(self, size), typed=self).T

    def output_size(self, input_size: Any) -> tuple[Index, ...]:
        return self.adjoint_of(self.sizes(input_size))[1]


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class ChannelwiseLayer(ElementaryLayer):
    """An elementary layer that treats every channel alike and goes with any number of them."""

    spatial: int = 2
    channels: int | None = None

    @property
    def ndim(self) -> int:
        return self.spatial

    @property
    def in_channels(self) -> int:
        return 1 if self.channels is None else self.channels

    @property
    def out_channels(self) -> int:
        return self.in_channels

    @property
    def takes_channels(self) -> bool:
        return self.channels is None

    def with_channels(self, channels: int) -> Self:
        if self.channels is None:
            return replace(self, channels=count(channels, "channels"))
        return Layer.with_channels(self, channels)

    def _common(self) -> dict[str, tuple[Any, Any]]:
        return {"ndim": (self.spatial, 2), "channels": (self.channels, None)}
