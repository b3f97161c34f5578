"""What a layer becomes at a size: the same objects as long as the layer lives.

The dense path finds the engine that it kept by the identity of a geometry and a weight
(`dense/engine.py`), so the same layer must give the same ones each time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from convmatrix.kept import Kept
from convmatrix.relation import Index, is_symbolic
from convmatrix.stencil import Geometry

if TYPE_CHECKING:
    from convmatrix.layers.base import AdjointLayer, ElementaryLayer, Layer

__all__ = ["geometry_at", "held_at"]

MOST_REMEMBERED = 1024
geometries, held = Kept(MOST_REMEMBERED), Kept(MOST_REMEMBERED)


def _remembered(kept: Kept, layer: Layer, size: tuple[Index, ...], make: Callable[..., Any]) -> Any:
    """What a layer becomes at a size, the same object as long as the layer lives."""
    known = kept.get(layer, size)
    if known is not None:
        return known
    return make(size) if is_symbolic(*size) else kept.put(layer, size, make(size))


def geometry_at(layer: ElementaryLayer, size: tuple[Index, ...]) -> Geometry:
    """`layer.bind(size)`, the same object for the same layer."""
    found: Geometry = _remembered(geometries, layer, size, layer.bind)
    return found


def held_at(
    layer: AdjointLayer, size: tuple[Index, ...]
) -> tuple[ElementaryLayer, tuple[Index, ...]]:
    """`layer.adjoint_of(size)`, the same objects for the same layer."""
    found: tuple[ElementaryLayer, tuple[Index, ...]] = _remembered(
        held, layer, size, layer.adjoint_of
    )
    return found
