"""Where the neighbours of a graph that stores nothing come from."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from convmatrix.diagram import Diagram, Step
from convmatrix.graphs.table import Space, node_id
from convmatrix.stencil import Element, Stencil
from convmatrix.walk import links

__all__ = ["Bundle", "Links", "ways_of"]

Bundle = tuple[list[str], Callable[[], list[int]], Any]
"""Ids of neighbours, the taps of their edges, and the diagram whose taps they are (or None)."""
Links = Callable[[Space, Element], list[Bundle]]
"""The neighbours of an element, in one direction."""
Way = tuple[Space, Space, Callable[[Element], Bundle], Callable[[Element], Bundle]]
"""From one space to another: what an element leads to, and what leads to one."""


def ways_of(diagram: Diagram, spaces: tuple[Space, ...], *, whole: bool) -> list[Way]:
    """The ways between a diagram's spaces, its steps; with `whole` those from its input to its
    output alone."""
    if whole and diagram.single is None:
        x, y = spaces

        def across(part: Diagram, space: Space, element: Element) -> Bundle:
            return _listed(space, links(part, element), diagram)

        return [(x, y, partial(across, diagram, y), partial(across, diagram.T, x))]
    places = {diagram.input: 0, diagram.output: 1} if whole else range(len(spaces))
    ends = [(step, spaces[places[step.source]], spaces[places[step.target]])
            for step in diagram.steps]  # fmt: skip
    return [(x, y, partial(_across, step, y), partial(_across, step.T, x)) for step, x, y in ends]


def _across(step: Step, space: Space, element: Element) -> Bundle:
    """What an element leads to across a step, in the space where that ends."""
    channel, *rest = element
    moved, leaf = (channel + step.enters, *rest), step.leaf
    if leaf is None:
        inside = 0 <= moved[0] < space.shape[0]
        return _listed(space, [(moved, 0)] if inside else [], None)
    taken, given = leaf.ends(step.back)
    if not 0 <= moved[0] < taken[0]:
        return _listed(space, [], None)
    own = Diagram.of(leaf)
    if isinstance(leaf.geometry, Stencil) and (step.exits, given[0]) == (0, space.shape[0]):
        across = leaf.geometry.reads if step.back else leaf.geometry.feeds
        return _gridded(space, *across(moved), own)
    found = (((c + step.exits, *place), tap) for (c, *place), tap in leaf.links(moved, step.back))
    return _listed(space, [link for link in found if 0 <= link[0][0] < space.shape[0]], own)


def _listed(space: Space, links: list[tuple[Element, int]], of: Any) -> Bundle:
    """Links to elements of a space as a bundle."""
    names = [node_id(space.letter, element) for element, _ in links]
    return names, lambda: [tap for _, tap in links], of


def _gridded(
    space: Space, channels: range, step: int, places: list[tuple[Element, int]], of: Any
) -> Bundle:
    """The same of links that are channels × positions: ids are made of two halves."""
    tails = ["".join(f"_{i}" for i in position) for position, _ in places]
    names = [head + tail for head in [f"{space.letter}_{c}" for c in channels] for tail in tails]
    return names, lambda: [t + j * step for j in range(len(channels)) for _, t in places], of
