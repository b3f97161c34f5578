"""Maps as a vector space, and as blocks of a larger one: sums, multiples, stacks along channels.

All are diagrams: a sum is ways that meet, a multiple one more layer of one tap a channel, a block a
way from some channels of the input to some of the output.
"""

from __future__ import annotations

import numbers
from fractions import Fraction
from itertools import accumulate
from typing import Any

import numpy as np

from convmatrix.diagram import Builder, Diagram
from convmatrix.errors import ArgumentError, ShapeError
from convmatrix.kept import cached_property
from convmatrix.layers import depthwise
from convmatrix.layers.calling import public
from convmatrix.maps.base import Map
from convmatrix.maps.given import needs_map
from convmatrix.maps.made import ComposedMap, Weights, bracketed, shared_out
from convmatrix.maps.shaped import require_linear, require_numbers
from convmatrix.relation import is_symbolic
from convmatrix.shapes import times

__all__ = [
    "BlockMap", "ScaledMap", "SumMap", "added", "block_diag", "hstack", "reciprocal", "scaled",
    "vstack",
]  # fmt: skip


class SumMap(Map):
    """A sum of maps between the same spaces; `terms` in the order in which they were added.

    A tap of its pattern packs the taps of all layers, as a network's does: those of the other terms
    are passed by.
    """

    def __init__(self, terms: tuple[Map, ...]) -> None:
        self.terms = terms

    @cached_property
    def diagram(self) -> Diagram:
        built = Builder(self.terms[0].in_shape, self.terms[0].out_shape)
        for term in self.terms:
            part = term.diagram
            built.add(part, {part.input: 0, part.output: 1}, passed=True)
        return built.done(0, 1)

    def with_weights(self, weights: Weights) -> Map:
        return SumMap(tuple(shared_out(self.terms, weights)))

    @property
    def name(self) -> str:
        return " + ".join(term.name for term in self.terms).replace("+ -1 *", "-")

    def describe(self) -> str:
        return " + ".join(f"({term.describe()})" for term in self.terms)


class ScaledMap(ComposedMap):
    """A multiple of a map: behind it a layer that multiplies every channel by one factor."""

    def __init__(self, of: Map, factor: Any) -> None:
        channels, *size = of.out_shape
        # what has numbers keeps their kind: float32 times 2 is float32
        kind = np.result_type(of.dtype, factor) if of.has_weights and _is_real(factor) else None
        shape = (channels, 1, *[1] * len(size))
        weight = np.full(shape, factor, kind or np.asarray(factor).dtype)
        layer = depthwise(channels, 1, ndim=len(size), weight=weight)
        super().__init__((of, layer.on(*size)))
        self.of, self.factor = of, factor

    @property
    def name(self) -> str:
        return f"{self.factor} * {bracketed(self.of.name)}"

    def describe(self) -> str:
        return f"{self.factor} * ({self.of.describe()})"


class BlockMap(Map):
    """Maps as blocks of one matrix: below one another where `rows`, beside one another where
    `columns`; both is a block diagonal."""

    def __init__(self, maps: tuple[Map, ...], *, rows: bool, columns: bool) -> None:
        self.maps, self.rows, self.columns = maps, rows, columns

    @cached_property
    def diagram(self) -> Diagram:
        inputs, outputs = [m.in_shape for m in self.maps], [m.out_shape for m in self.maps]
        built = Builder(_stacked(inputs, self.columns), _stacked(outputs, self.rows))
        starts = zip(_starts(inputs, self.columns), _starts(outputs, self.rows), strict=True)
        for m, (first, last) in zip(self.maps, starts, strict=True):
            part = m.diagram
            source = built.space(m.in_shape) if self.columns else 0
            target = built.space(m.out_shape) if self.rows else 1
            if self.columns:
                built.fan([(0, -first)], None, source)
            built.add(part, {part.input: source, part.output: target}, passed=True)
            if self.rows:
                built.fan([(target, last)], None, 1)
        return built.done(0, 1)

    def with_weights(self, weights: Weights) -> Map:
        maps = tuple(shared_out(self.maps, weights))
        return BlockMap(maps, rows=self.rows, columns=self.columns)

    @property
    def name(self) -> str:
        kind = "block_diag" if self.rows and self.columns else "vstack" if self.rows else "hstack"
        return f"{kind}({', '.join(m.name for m in self.maps)})"

    def describe(self) -> str:
        return f"{self.name} on {times(self.in_shape[1:])}"


def _stacked(shapes: list[Any], stacked: bool) -> Any:
    return (sum(s[0] for s in shapes), *shapes[0][1:]) if stacked else shapes[0]


def _starts(shapes: list[Any], stacked: bool) -> list[int]:
    """The channel at which each block begins."""
    widths = [shape[0] * stacked for shape in shapes]
    return [0, *accumulate(widths[:-1])]


def added(a: Map, b: Any) -> Any:
    """`a + b`; 0 is nothing to add, so that `sum(maps)` works."""
    if not isinstance(b, Map):
        if isinstance(b, (int, float)) and b == 0:
            return a
        raise ArgumentError(
            f"a map is added to a map, got {b!r:.60}; for a matrix use A.to_scipy() + matrix"
        )
    for m in (a, b):
        _require_plain(m, "sum")
    if (a.in_shape, a.out_shape) != (b.in_shape, b.out_shape):
        raise ShapeError(
            f"A + B needs maps between the same spaces, got {times(a.in_shape)} → "
            f"{times(a.out_shape)} and {times(b.in_shape)} → {times(b.out_shape)}; bind their "
            f"layers so that both agree"
        )
    return SumMap(tuple(t for m in (a, b) for t in (m.terms if isinstance(m, SumMap) else (m,))))


def scaled(a: Map, factor: Any) -> Map:
    """`factor * a`."""
    value = factor.item() if isinstance(factor, np.ndarray) and factor.ndim == 0 else factor
    exact = isinstance(value, (numbers.Number, np.number)) or is_symbolic(value)
    if isinstance(factor, Map) or not exact or isinstance(value, (bool, np.bool_)):
        raise ArgumentError(
            f"a map is multiplied by a number, got {factor!r:.60}; A @ B composes, A(x) applies"
        )
    _require_plain(a, "multiple")
    return ScaledMap(a, value)


def reciprocal(factor: Any) -> Any:
    """`1 / factor`, exact where that is: of fractions and symbols."""
    if isinstance(factor, (int, float, complex, Fraction, np.number)) and factor == 0:
        raise ArgumentError("a map cannot be divided by 0; divide by a number that is not 0")
    exact = isinstance(factor, Fraction) or is_symbolic(factor)
    if not exact and not isinstance(factor, (numbers.Number, np.number)):
        return factor  # which `scaled` refuses
    return 1 / factor


def _is_real(value: Any) -> bool:
    return isinstance(value, (int, float, complex, np.number))


def _require_plain(m: Map, what: str) -> None:
    require_linear(m, what)
    require_numbers(m, f"make a {what}")


@public
def vstack(*maps: Any) -> BlockMap:
    """Maps of one input below one another: their outputs are stacked along the channels.

    Parameters
    ----------
    maps
        Maps with equal `in_shape` and equal output sizes, one by one or as one list.

    >>> import convmatrix as cm
    >>> A, B = (cm.conv1d(1, 1, 2, weight=[w]).on(3) for w in ([[1, -1]], [[1, 1]]))
    >>> vstack(A, B).to_dense().tolist()
    [[1, -1, 0], [0, 1, -1], [1, 1, 0], [0, 1, 1]]
    """
    return _blocks("vstack", maps, rows=True, columns=False)


@public
def hstack(*maps: Any) -> BlockMap:
    """Maps to one output beside one another: their inputs are stacked along the channels, and what
    they give is added.

    Parameters
    ----------
    maps
        Maps with equal `out_shape` and equal input sizes, one by one or as one list.

    >>> import convmatrix as cm
    >>> A, B = (cm.conv1d(1, 1, 2, weight=[w]).on(3) for w in ([[1, -1]], [[1, 1]]))
    >>> hstack(A, B).to_dense().tolist()
    [[1, -1, 0, 1, 1, 0], [0, 1, -1, 0, 1, 1]]
    """
    return _blocks("hstack", maps, rows=False, columns=True)


@public
def block_diag(*maps: Any) -> BlockMap:
    """Maps that have nothing to do with each other as one: inputs and outputs are stacked along
    the channels, as the groups of a grouped convolution are.

    Parameters
    ----------
    maps
        Maps with equal input sizes and equal output sizes, one by one or as one list.

    >>> import convmatrix as cm
    >>> A, B = (cm.conv1d(1, 1, 2, weight=[w]).on(2) for w in ([[1, -1]], [[1, 1]]))
    >>> block_diag(A, B).to_dense().tolist()
    [[1, -1, 0, 0], [0, 0, 1, 1]]
    """
    return _blocks("block_diag", maps, rows=True, columns=True)


def _blocks(who: str, given: tuple[Any, ...], *, rows: bool, columns: bool) -> BlockMap:
    one_list = len(given) == 1 and isinstance(given[0], (list, tuple))
    maps = tuple(needs_map(m, who) for m in (given[0] if one_list else given))
    if not maps:
        raise ArgumentError(f"{who} takes at least one map, got none")
    for m in maps:
        _require_plain(m, who)
    for side, stacked in (("in_shape", columns), ("out_shape", rows)):
        shapes = {getattr(m, side)[stacked:] for m in maps}
        if len(shapes) > 1:
            what = "sizes" if stacked else "shapes"
            side_name = "input" if side == "in_shape" else "output"
            raise ShapeError(
                f"{who} needs maps of equal {side_name} {what}, got "
                f"{' and '.join(map(times, sorted(shapes)))}; bind their layers so that they agree"
            )
    return BlockMap(maps, rows=rows, columns=columns)
