"""The graph of a map that stores nothing: where its neighbours come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.diagram import Stages, Step
from convmatrix.errors import GeometryError
from convmatrix.graphs import lazy
from convmatrix.graphs.table import Space
from convmatrix.graphs.views import bipartite_table, layered_table, spaces_of
from convmatrix.stencil import Stencil

if TYPE_CHECKING:
    from convmatrix.maps.base import Map

__all__ = ["lazy_graph"]


def lazy_graph(a: Map, view: str) -> Any:
    """The graph of a view, which stores nothing."""
    if view not in ("bipartite", "layered"):
        raise GeometryError(f"a lazy graph is of view 'bipartite' or 'layered', got {view!r}")
    stages = a._stages()
    if view == "bipartite":
        stages = Stages((a.in_shape, a.out_shape), (Step(0, 1, a),), 0, 1, stages.flipped)
        # paths of a composite may run in parallel: finding out would list them all
        table = bipartite_table(a, stages, multi=len(a.leaves) > 1 or a._collides)
        spaces = table.spaces
    else:
        table = layered_table(a, stages)
        spaces = spaces_of(stages, stages.shapes)
    places = {space: i for i, space in enumerate(spaces)}
    leaving = [[s for s in stages.steps if s.source == i] for i in range(len(spaces))]
    arriving = [[s for s in stages.steps if s.target == i] for i in range(len(spaces))]

    def out(space: Space, element: Any) -> list[Any]:
        return [
            _neighbours(step, spaces, element, back=step.turned) for step in leaving[places[space]]
        ]

    def back(space: Space, element: Any) -> list[Any]:
        return [
            _neighbours(step, spaces, element, back=not step.turned)
            for step in arriving[places[space]]
        ]

    kinds = dict(table.fields)

    def weigh(part: Any, tap: int) -> Any:
        if "weight" not in kinds:
            return None
        convert: Any = {"long": int, "double": float, "string": str}[kinds["weight"]]
        return convert(1 if part is None else part._edge_weights(np.array([tap]))[0])

    return lazy.lazy_graph(table, out, back, weigh, (lazy_graph, (a, view)))


def _neighbours(step: Step, spaces: tuple[Space, ...], element: Any, *, back: bool) -> Any:
    """What a step writes from an element that it reads; or `back` from one that it writes."""
    read = spaces[step.read]
    if not back:
        element = (element[0] + step.offset, *element[1:])
    space = read if back else spaces[step.written]
    if step.map is None:
        links = [(element, 0)]
    else:
        leaf = step.map.leaves[0] if len(step.map.leaves) == 1 else None
        whole = tuple(step.map.in_shape) == read.shape
        if leaf is not None and (whole or not back) and isinstance(leaf.bound, Stencil):
            reads = leaf.bound.reads if back == (step.map is leaf) else leaf.bound.feeds
            return lazy.gridded(space, *reads(element), step.map)
        links = step.map._inputs_of(element) if back else step.map._outputs_of(element)
    if back and step.offset:
        links = [((c - step.offset, *rest), tap) for (c, *rest), tap in links]
    links = [link for link in links if 0 <= link[0][0] < space.shape[0]]
    return lazy.listed(space, links, step.map)
