"""What a state may ask for: refused before any of the work begins."""

from __future__ import annotations

from math import prod

from convmatrix.errors import TooLargeError
from convmatrix.explorer.effort import places
from convmatrix.layers import AveragePool, Layer, MaxPool, Upsample
from convmatrix.maps import LeafMap, Map
from convmatrix.stencil import Stencil

__all__ = ["check_layer", "check_map", "check_weights"]

MOST_ELEMENTS = 10**9
MOST_WEIGHTS = 10**6
MOST_COEFFICIENTS = 10**5
"""Of a layer whose coefficients are fixed, and fractions."""
MOST_PADDING = 10**5
MOST_RESIZED = 10_000
"""Elements along an axis that is resized, each of whose outputs has coefficients of its own."""
MOST_COMPOSED = 10**5
"""Elements of a map of several layers, whose connections are counted by listing them."""
MOST_PLACES = 2 * 10**6
"""Places where such a map's layers look for connections."""


def check_weights(layer: Layer) -> None:
    """Raise `TooLargeError` where a layer without a weight would need too large a one."""
    weights = sum(prod(part.weight_shape or ()) for part in layer.parts)
    if weights > MOST_WEIGHTS:
        raise TooLargeError(
            f"the kernel would have {weights:,} weights, the explorer takes {MOST_WEIGHTS:,}; "
            f"use a smaller kernel or fewer channels"
        )


def check_layer(layer: Layer, size: tuple[int, ...]) -> None:
    """Raise `TooLargeError` where resizes or pools would have too large tables at a size."""
    for part in layer.parts:
        if isinstance(part, (AveragePool, MaxPool)):
            _few(prod(part.kernel_size), MOST_WEIGHTS)
        if isinstance(part, Upsample):
            lengths = [n * max(1, f) for n, f in zip(size, part.scale_factor or (), strict=False)]
            if max(lengths, default=0) > MOST_RESIZED:
                raise TooLargeError(
                    f"an axis of {max(lengths):,.0f} elements is resized, the explorer takes "
                    f"{MOST_RESIZED:,}; use a smaller input or scale"
                )


def check_map(A: Map) -> None:
    """Raise `TooLargeError` where a map has too many elements, or takes too long to count."""
    elements = sum(A.shape)
    for leaf in A.leaves:
        _check_leaf(leaf)
    if elements > MOST_ELEMENTS:
        raise TooLargeError(
            f"the map has {elements:,} elements, the explorer takes {MOST_ELEMENTS:,}; "
            f"use a smaller input or fewer channels"
        )
    if len(A.leaves) > 1 and places(A) > MOST_PLACES:
        raise TooLargeError(
            f"a map of several layers may go through {MOST_PLACES:,} taps here, this one has "
            f"{places(A):,}; use a smaller kernel or input"
        )
    if len(A.leaves) > 1 and elements > MOST_COMPOSED:
        raise TooLargeError(
            f"a map of several layers may have {MOST_COMPOSED:,} elements here, this one has "
            f"{elements:,}; use a smaller input"
        )


def _check_leaf(leaf: LeafMap) -> None:
    if not isinstance(leaf.geometry, Stencil):
        return
    padding = max((abs(a.before) + abs(a.after) for a in leaf.geometry.windows), default=0)
    if padding > MOST_PADDING:
        raise TooLargeError(
            f"padding is {padding:,}, the explorer takes {MOST_PADDING:,}; use less of it"
        )
    if leaf.weight is not None:  # which is held already
        return
    fixed = leaf.geometry.factors is not None and leaf.is_linear
    _few(prod(leaf.geometry.tap_shape), MOST_COEFFICIENTS if fixed else MOST_WEIGHTS)


def _few(count: int, most: int) -> None:
    if count > most:
        raise TooLargeError(
            f"the layer would have {count:,} coefficients, the explorer takes {most:,}; use a "
            f"smaller input or kernel"
        )
