"""How a window slides: over the padded input, or over the transpose's zero-inserted input.

Plain data, so that a page can step through it: where each tap of each output reads on the padded
grid, and which element (or zero) stands at each place of it.
"""

from __future__ import annotations

from math import prod
from typing import Any

from convmatrix.layers import Convolution
from convmatrix.leaf import Leaf
from convmatrix.maps import Map
from convmatrix.proof import textbook_transpose
from convmatrix.relation import Axis
from convmatrix.stencil import Stencil, read_channel

__all__ = ["MOST_CELLS", "VALUE", "walks"]

MOST_CELLS = 2_500
"""Above so many cells of the padded grid nothing is drawn."""

VALUE, INSERTED, PADDED = 0, 1, 2


def walks(A: Map) -> dict[str, list[dict[str, Any]]]:
    """The walk of each layer, forward and transposed, in the order of application.

    Each has the layer's `name`, the `form` (``window`` or ``textbook``) and

    - `shape` and `first`: size of the padded grid `(channels, *size)`, and its first coordinate an
      axis
    - `element` and `zero`: for each place the flat element that stands there, or −1 where a zero
      does; 0 for elements, 1 for inserted zeros, 2 for padding
    - `reads`: an axis each, for each output position the place that each tap reads
    - `channels`: for each output channel the input channels that it reads
    - `out_shape`

    >>> import convmatrix as cm
    >>> walk = walks(cm.conv1d(1, 1, 3, stride=2, padding=1).on(5))
    >>> walk["forward"][0]["reads"], walk["forward"][0]["element"]
    ([[[0, 1, 2], [2, 3, 4], [4, 5, 6]]], [-1, 0, 1, 2, 3, 4, -1])
    >>> walk["backward"][0]["element"]
    [-1, 0, -1, 1, -1, 2, -1]
    """
    steps = A.diagram.steps
    forward = [_walk(step.leaf, step.back) for step in steps]
    backward = [_walk(step.leaf, not step.back) for step in reversed(steps)]
    return {
        "forward": [walk for walk in forward if walk is not None],
        "backward": [walk for walk in backward if walk is not None],
    }


def _walk(leaf: Leaf | None, turned: bool) -> dict[str, Any] | None:
    if leaf is None or not isinstance(leaf.geometry, Stencil):
        return None
    if len(leaf.geometry.windows) < len(leaf.geometry.axes):
        return None
    if not turned:
        return _window(leaf)
    return _textbook(leaf) if isinstance(leaf.layer, Convolution) else None


def _window(leaf: Leaf) -> dict[str, Any] | None:
    """The plain sliding window over the padded input."""
    stencil = leaf.geometry
    assert isinstance(stencil, Stencil)
    spans = [_places(axis) for axis in stencil.windows]
    shape = (stencil.in_channels, *map(len, spans))
    if prod(shape) > MOST_CELLS:
        return None
    inside = [
        [i if axis.inside(i) else -1 for i in map(axis.fold, span)]
        for axis, span in zip(stencil.windows, spans, strict=True)
    ]
    element = _products(stencil.in_channels, inside, stencil.in_shape)
    return {
        **_form(leaf, "window", stencil, spans),
        "shape": list(shape),
        "first": [span[0] for span in spans],
        "element": element,
        "zero": [VALUE if e >= 0 else PADDED for e in element],
    }


def _places(axis: Axis) -> range:
    """The places of the padded axis: every one that a tap may read, and every input."""
    reads = [axis.source(o, t) for o in range(axis.outputs) for t in (0, axis.kernel - 1)]
    return range(min(0, *reads), max(axis.size - 1, *reads) + 1)


def _products(channels: int, inside: list[list[int]], shape: tuple[int, ...]) -> list[int]:
    """Flat elements of the padded grid, −1 where any axis is outside."""
    flat = list(range(channels))
    for line, size in zip(inside, shape[1:], strict=True):
        flat = [-1 if i < 0 or f < 0 else f * size + i for f in flat for i in line]
    return flat


def _form(leaf: Leaf, form: str, stencil: Stencil, spans: list[range]) -> dict[str, Any]:
    width = stencil.out_channels // stencil.groups
    firsts = [
        read_channel(o, 0, width, stencil.group_channels) for o in range(stencil.out_channels)
    ]
    return {
        "name": leaf.typed.name,
        "form": form,
        "reads": [
            [[axis.source(o, t) - span[0] for t in range(axis.kernel)] for o in range(axis.outputs)]
            for axis, span in zip(stencil.windows, spans, strict=True)
        ],
        "channels": [list(range(c, c + stencil.group_channels)) for c in firsts],
        "out_shape": list(stencil.out_shape),
    }


def _textbook(leaf: Leaf) -> dict[str, Any] | None:
    """Zeros inserted and padded, then a window at stride 1."""
    conv = leaf.layer
    assert isinstance(conv, Convolution)
    spaced, padded, flipped, *folded = textbook_transpose(conv, leaf.size).leaves
    shape = padded.out_shape
    if prod(shape) > MOST_CELLS:
        return None
    assert isinstance(flipped.geometry, Stencil)
    inserted = dict(_entries(padded))
    values = {c: r for r, c in _entries(spaced)}  # held as the sampling that it is adjoint to
    places = [inserted.get(place) for place in range(prod(shape))]
    element = [-1 if place is None else values.get(place, -1) for place in places]
    zero = [PADDED if place is None else VALUE if place in values else INSERTED for place in places]
    spans = [range(n) for n in shape[1:]]
    return {
        **_form(flipped, "textbook", flipped.geometry, spans),
        "name": leaf.typed.name,
        "shape": list(shape),
        "first": [0] * (len(shape) - 1),
        "element": element,
        "zero": zero,
        "folds": bool(folded),
    }


def _entries(leaf: Any) -> list[tuple[int, int]]:
    pattern = leaf.pattern
    return list(zip(pattern.rows.tolist(), pattern.indices.tolist(), strict=True))
