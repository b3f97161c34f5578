"""Layers one after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

from convmatrix.errors import GeometryError
from convmatrix.layers.base import Layer, by
from convmatrix.layers.calling import public
from convmatrix.layers.composite import CompositeLayer, placed
from convmatrix.relation import Index
from convmatrix.typing import Array, Recipe

if TYPE_CHECKING:
    from convmatrix.dense import Choice
    from convmatrix.maps import Map

__all__ = ["Sequential", "sequential"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sequential(CompositeLayer):
    """Layers applied in order; made by `sequential`, `depthwise_separable` and others."""

    layers: tuple[Layer, ...]

    @property
    def ndim(self) -> int:
        return self.layers[0].ndim

    @property
    def in_channels(self) -> int:
        return self.layers[0].in_channels

    @property
    def out_channels(self) -> int:
        return self.layers[-1].out_channels

    @property
    def parts(self) -> tuple[Layer, ...]:
        return tuple(part for layer in self.layers for part in layer.parts)

    @property
    def takes_channels(self) -> bool:
        return all(layer.takes_channels for layer in self.layers)

    def weighed(self, weights: Iterator[Any]) -> Sequential:
        return Sequential(tuple(layer.weighed(weights) for layer in self.layers))

    def with_channels(self, channels: int) -> Sequential:
        return Sequential(chain(self.layers, channels))

    def map_at(self, size: tuple[Index, ...]) -> Map:
        from convmatrix.maps.made import compose

        factors: list[Map] = []
        for where, part in self.numbered:
            with placed(where):
                factors.append(part.map_at(size))
            size = factors[-1].out_shape[1:]
        return reduce(partial(compose, layer=self), factors)

    def output_size(self, input_size: Any) -> tuple[Index, ...]:
        size = self.sizes(input_size)
        for where, layer in self.numbered:
            with placed(where):
                size = layer.output_size(size)
        return size

    def run(self, x: Array, choice: Choice | None = None) -> Array:
        for where, layer in self.numbered:
            with placed(where):
                x = by(layer, choice)(x)
        return x

    @property
    def numbered(self) -> Iterator[tuple[str, Layer]]:
        """The layers, each with where it stands, as errors say it."""
        return _numbered(self.layers)

    def recipe(self) -> Recipe:
        return "sequential", self.layers, {}


def _numbered(layers: tuple[Layer, ...]) -> Iterator[tuple[str, Layer]]:
    for i, layer in enumerate(layers, start=1):
        yield f"layer {i} of sequential", layer


def chain(layers: tuple[Layer, ...], channels: int) -> tuple[Layer, ...]:
    """The layers, each given its predecessor's channels."""
    fitted = []
    for where, layer in _numbered(layers):
        with placed(where):
            fitted.append(layer.with_channels(channels))
        channels = fitted[-1].out_channels
    return tuple(fitted)


@public
def sequential(*layers: Any) -> Sequential:
    """Layers in series: the first is applied first, so its matrix stands rightmost.

    They may also come as one list, or any other iterable.

    Layers that go with any number of channels take their predecessor's; before the first layer
    that fixes a number they take that layer's.

    >>> import convmatrix as cm
    >>> net = sequential(cm.conv2d(3, 8, 3, padding=1), cm.relu(), cm.pointwise(8, 2))
    >>> net.on(4, 4).out_shape, net.is_linear
    ((2, 4, 4), False)
    """
    layers = _unpacked(layers)
    if not layers:
        raise GeometryError("sequential needs at least one layer, got none")
    for layer in layers:
        if not isinstance(layer, Layer):
            raise GeometryError(
                f"sequential takes layers, or one list of them, got {layer!r:.60}; make one, "
                f"e.g. conv2d"
            )
        if layer.ndim != layers[0].ndim:
            raise GeometryError(
                f"sequential needs layers with one number of axes: {layers[0]!r:.60} has "
                f"{layers[0].ndim}, {layer!r:.60} {layer.ndim}; see ndim="
            )
    fixed = [layer.in_channels for layer in layers if not layer.takes_channels]
    return Sequential(chain(layers, fixed[0]) if fixed else layers)


def _unpacked(given: tuple[Any, ...]) -> tuple[Any, ...]:
    """The layers, also of one iterable of them."""
    if len(given) == 1 and isinstance(given[0], Iterable) and not isinstance(given[0], str):
        return tuple(given[0])
    return given
