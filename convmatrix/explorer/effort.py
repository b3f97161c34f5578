"""How much work a map asks for, in closed form: known before any of it begins."""

from __future__ import annotations

from math import prod

from convmatrix.layers import Convolution
from convmatrix.maps import LeafMap, Map
from convmatrix.proof import textbook_transpose
from convmatrix.stencil import Stencil

__all__ = ["places", "reach", "textbook_places", "widest"]


def places(A: Map) -> int:
    """Where listing a map's connections may have to look: every tap of every output, and both ends.

    >>> import convmatrix as cm
    >>> places(cm.conv1d(1, 1, 3, padding=2).on(1))
    13
    """
    return sum(sum(leaf.shape) + _taps(leaf) for leaf in A.leaves)


def _taps(leaf: LeafMap) -> int:
    stencil = leaf.geometry
    if not isinstance(stencil, Stencil):
        return 0
    return prod(stencil.out_shape) * stencil.group_channels * prod(stencil.kernel)


def textbook_places(A: Map) -> int:
    """The same of the textbook's transposed convolution, with which a transpose is compared."""
    return sum(
        places(textbook_transpose(leaf.layer, leaf.size))
        for leaf in A.leaves
        if isinstance(leaf.layer, Convolution)
    )


def reach(A: Map) -> int:
    """How many taps a question about a single element goes through, along all axes."""
    stencils = [leaf.geometry for leaf in A.leaves if isinstance(leaf.geometry, Stencil)]
    return sum(sum(stencil.kernel) for stencil in stencils)


def widest(A: Map) -> int:
    """How many connections an element may have, at most."""
    return prod(_width(leaf.geometry) for leaf in A.leaves if isinstance(leaf.geometry, Stencil))


def _width(stencil: Stencil) -> int:
    window = (a.kernel if a.folds else min(a.kernel, a.size) for a in stencil.axes)
    return prod(window) * max(stencil.group_channels, stencil.out_channels // stencil.groups)
