"""The graph of a map that stores nothing: where its neighbours come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.diagram import Diagram, Step
from convmatrix.errors import GeometryError
from convmatrix.graphs import lazy
from convmatrix.graphs.table import Space
from convmatrix.graphs.views import bipartite_table, layered_table, spaces_of
from convmatrix.stencil import Element, Stencil
from convmatrix.views.values import as_plain, edge_values
from convmatrix.walk import links

if TYPE_CHECKING:
    from convmatrix.maps.base import Map

__all__ = ["lazy_graph"]

Way = tuple[Space, Space, Callable[[Element], Any], Callable[[Element], Any]]
"""From one space to another: what an element leads to, and what leads to one."""


def lazy_graph(a: Map, view: str) -> Any:
    """The graph of a view, which stores nothing."""
    if view not in ("bipartite", "layered"):
        raise GeometryError(f"a lazy graph is of view 'bipartite' or 'layered', got {view!r}")
    diagram = a.diagram
    if view == "bipartite":
        # paths of a composite may run in parallel: finding out would list them all
        table = bipartite_table(a, diagram, multi=len(diagram.leaves) > 1 or a.collides)
        spaces = table.spaces
    else:
        table = layered_table(a, diagram)
        spaces = spaces_of(diagram, diagram.shapes)
    ways = list(_ways(diagram, spaces, whole=view == "bipartite"))

    def out(space: Space, element: Any) -> list[Any]:
        return [forward(element) for source, _, forward, _ in ways if source == space]

    def back(space: Space, element: Any) -> list[Any]:
        return [backward(element) for _, target, _, backward in ways if target == space]

    kinds = dict(table.fields)

    def weigh(part: Diagram | None, tap: int) -> Any:
        if "weight" not in kinds:
            return None
        convert: Any = {"long": int, "double": float, "string": str}[kinds["weight"]]
        return convert(1 if part is None else as_plain(edge_values(part, np.array([tap])))[0])

    return lazy.lazy_graph(table, out, back, weigh, (lazy_graph, (a, view)))


def _ways(diagram: Diagram, spaces: tuple[Space, ...], *, whole: bool) -> Iterator[Way]:
    if whole and diagram.single is None:
        x, y = spaces
        yield (
            x, y, lambda element: lazy.listed(y, links(diagram, element), diagram),
            lambda element: lazy.listed(x, links(diagram.T, element), diagram),
        )  # fmt: skip
        return
    places = {diagram.input: 0, diagram.output: 1} if whole else range(len(spaces))
    for step in diagram.steps:
        source, target = spaces[places[step.source]], spaces[places[step.target]]
        yield source, target, partial(_across, step, target), partial(_across, step.T, source)


def _across(step: Step, space: Space, element: Element) -> Any:
    """What an element leads to across a step, in the space where that ends."""
    channel, *rest = element
    moved, leaf = (channel + step.enters, *rest), step.leaf
    if leaf is None:
        inside = 0 <= moved[0] < space.shape[0]
        return lazy.listed(space, [(moved, 0)] if inside else [], None)
    taken, given = leaf.ends(step.back)
    if not 0 <= moved[0] < taken[0]:
        return lazy.listed(space, [], None)
    own = Diagram.of(leaf)
    if isinstance(leaf.bound, Stencil) and (step.leaves, given[0]) == (0, space.shape[0]):
        across = leaf.bound.reads if step.back else leaf.bound.feeds
        return lazy.gridded(space, *across(moved), own)
    found = (((c + step.leaves, *place), tap) for (c, *place), tap in leaf.links(moved, step.back))
    return lazy.listed(space, [link for link in found if 0 <= link[0][0] < space.shape[0]], own)
