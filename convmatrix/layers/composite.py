"""Layers that are made of others."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from convmatrix.errors import GeometryError, WeightError
from convmatrix.layers.base import Layer

__all__ = ["CompositeLayer", "placed"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CompositeLayer(Layer):
    """A layer that is made of others: linear where they are, with their weights in order."""

    @property
    @abstractmethod
    def parts(self) -> tuple[Layer, ...]: ...

    @property
    def is_linear(self) -> bool:
        return all(part.is_linear for part in self.parts)

    @abstractmethod
    def weighed(self, weights: Iterator[Any]) -> Self: ...

    def with_weight(self, weight: Any) -> Self:
        """The same layers with one weight for each layer that has one, in order."""
        weights = list(weight) if isinstance(weight, (list, tuple)) else [weight]
        wanted = sum(part.weight_shape is not None for part in self.parts)
        if len(weights) != wanted:
            raise WeightError(
                f"a {self.name} of {wanted} weighted layers takes a list of {wanted} weights, got "
                f"{len(weights)}"
            )
        return self.weighed(iter(weights))


@contextmanager
def placed(where: str) -> Iterator[None]:
    """Say of a layer that does not fit where it stands."""
    try:
        yield
    except GeometryError as error:
        raise GeometryError(f"{where}: {error}") from None
