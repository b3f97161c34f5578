"""The channel rules of two products of layers, compared by their triples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.layers import conv1d
from convmatrix.proof.compare.terms import Variables, connected, differences, polynomials

if TYPE_CHECKING:
    from convmatrix.leaf import Leaf
    from convmatrix.maps import LeafMap, Map

__all__ = ["channel_maps_equal"]

Step = tuple["Leaf", bool, str | None]


def channel_maps_equal(left: Sequence[Step], right: Sequence[Step], level: str) -> bool:
    """Whether both sides mix the same channels through the same weights (row to column order;
    each leaf with whether it is transposed, and the name of its kernel)."""
    variables = Variables()
    sides = []
    for steps in (left, right):
        product: Map | None = None
        kernels: list[Any] = []
        for leaf, transposed, name in reversed(steps):
            factor = _channel_map(leaf)
            kernels.append(
                None if name is None else variables.kernel(name, factor.geometry.tap_shape)
            )
            part = factor.T if transposed else factor
            product = part if product is None else part @ product
        assert product is not None
        sides.append((product, kernels))
    (a, _), (b, _) = sides
    if a.shape != b.shape:
        return False
    if level == "size":
        return True
    if level == "connectivity":
        return bool(np.array_equal(connected(a), connected(b)))
    return not len(differences(*(polynomials(m, k, variables) for m, k in sides)))


def _channel_map(leaf: Leaf) -> LeafMap:
    """What a layer does to the channels: itself with a kernel of one tap, on one element."""
    stencil = leaf.geometry
    channels = stencil.in_channels, stencil.out_channels  # type: ignore[union-attr]
    layer = conv1d(*channels, 1, groups=stencil.groups)  # type: ignore[union-attr]
    if stencil.factors is not None:  # type: ignore[union-attr]
        layer = layer.with_weight(np.ones(layer.weight_shape, int))
    return layer.on(1)  # type: ignore[return-value]
