"""Maps: layers bound to an input size, hence matrices, with one short method a view.

A map is a leaf (one elementary layer), the transpose of a map, or a composition of maps.
"""

from __future__ import annotations

from convmatrix.maps.algebra import ComposedMap, TransposedMap, bind, compose
from convmatrix.maps.base import Map, applied
from convmatrix.maps.leaf import LeafMap

__all__ = ["ComposedMap", "LeafMap", "Map", "TransposedMap", "applied", "bind", "compose"]
