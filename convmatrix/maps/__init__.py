"""Maps: layers bound to an input size, hence matrices, with one short method a view.

A map is a name over a diagram: one layer, the transpose of a map, maps in a row, a network.
"""

from __future__ import annotations

from convmatrix.maps.base import Map
from convmatrix.maps.carried import applied
from convmatrix.maps.made import ComposedMap, LeafMap, NetworkMap, TransposedMap, compose
from convmatrix.maps.sums import BlockMap, ScaledMap, SumMap, block_diag, hstack, vstack

__all__ = [
    "BlockMap", "ComposedMap", "LeafMap", "Map", "NetworkMap", "ScaledMap", "SumMap",
    "TransposedMap", "applied", "block_diag", "compose", "hstack", "vstack",
]  # fmt: skip
