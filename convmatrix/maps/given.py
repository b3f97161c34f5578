"""What a function was given: a map, a layer to bind, or something else."""

from __future__ import annotations

from typing import Any

from convmatrix.errors import GeometryError
from convmatrix.layers import Layer
from convmatrix.maps.base import Map

__all__ = ["given_layer", "given_map", "needs_map"]


def given_map(given: Any, size: tuple[Any, ...], who: str) -> Map:
    """A map, or a layer bound to its input size."""
    if isinstance(given, Map):
        if size:
            raise GeometryError(
                f"a map has its size; give {who}(map) or {who}(layer, size), got a map and {size}"
            )
        return given
    return given_layer(given, who).on(*size)


def given_layer(given: Any, who: str) -> Layer:
    """A layer, or an error that says what the function takes."""
    if not isinstance(given, Layer):
        raise GeometryError(
            f"{who} takes a layer with its input size, or a map, got {given!r:.60}; make one, e.g. "
            f"conv2d(1, 1, 3)"
        )
    return given


def needs_map(given: Any, who: str) -> Map:
    """A map, or an error that says how to make one."""
    if isinstance(given, Map):
        return given
    fix = "bind the layer to a size: layer.on(5, 5)"
    if not isinstance(given, Layer):
        fix = "make one, e.g. conv2d(1, 1, 3).on(5, 5)"
    raise GeometryError(f"{who} takes a map, got {given!r:.60}; {fix}")
