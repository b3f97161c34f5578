"""Who is connected with whom: triples, counts, links, paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import Any

import numpy as np

from convmatrix.kept import cached_property
from convmatrix.limits import check_memory
from convmatrix.maps.carried import paths, pattern_along
from convmatrix.maps.counting import counts_of, entries_of, total
from convmatrix.maps.memory import pattern_need
from convmatrix.maps.shaped import Shaped, require_numbers
from convmatrix.pattern import Pattern
from convmatrix.shapes import check_element
from convmatrix.stencil import Element, Link
from convmatrix.triples import blocks_of
from convmatrix.typing import Array
from convmatrix.walk import links, reached

__all__ = ["Connected"]

MOST_LISTED = 1 << 20
"""So many triples are listed to count the distinct ends among them, at most."""


class Connected(Shaped):
    """A map as connections between elements."""

    @cached_property
    def pattern(self) -> Pattern:
        """The triples (output, tap, input) as CSR arrays, which are kept and can not be changed;
        see `Pattern`."""
        require_numbers(self, "list its pattern")
        if not self._is_small:
            need = pattern_need(self.diagram, self.nnz).peak
            check_memory(need, f"a pattern of {self.nnz} triples")
        return self._pattern().frozen()

    def _pattern(self) -> Pattern:
        return pattern_along(self.diagram)

    @property
    def _is_small(self) -> bool:
        """Whether any view of it fits: even if every output were connected through every tap."""
        return bool(self.shape[0] * prod(self.diagram.tap_counts) < 1 << 20)

    def blocks(self, most: int) -> Iterator[tuple[Array, Array, Array]]:
        """The triples `(rows, columns, taps)`, about so many at a time."""
        step = self.diagram.single
        if step is None or step.leaf is None:
            yield from self.pattern.blocks(most)
        else:
            for rows, columns, taps in blocks_of(step.leaf.geometry, most):
                yield (columns, rows, taps) if step.back else (rows, columns, taps)

    @property
    def nnz(self) -> int:
        """How many triples (output, tap, input) there are: the exact number of multiplications of
        a layer; of a composite, whose tap is one of each layer, the number of paths. Nothing is
        built. The matrix stores `entries`, which are fewer where triples share their ends.

        >>> import convmatrix as cm
        >>> stack = cm.sequential(cm.conv1d(1, 1, 3), cm.conv1d(1, 1, 3)).on(5)
        >>> stack.nnz, stack.entries, stack.shape
        (9, 5, (1, 5))
        """
        require_numbers(self, "count its connections")
        only = self.diagram.only
        if only is not None:
            return only.geometry.nnz
        terms = counts_of(self.diagram)
        return int(paths(self.diagram).sum()) if terms is None else total(terms)

    def counted(self) -> str:
        """How many connections there are, in words: of several layers they are paths."""
        return f"{self.nnz:,} {'connections' if len(self.leaves) == 1 else 'paths'}"

    @property
    def connections(self) -> int:
        """The triples (output, tap, input), `nnz` by its other name."""
        return self.nnz

    @property
    def entries(self) -> int | None:
        """How many entries the matrix stores: distinct (output, input) pairs that are connected,
        whatever the weights are; None where they are too many to be told apart without it."""
        require_numbers(self, "count its entries")
        found = entries_of(self.diagram)
        if found is None and self.nnz <= MOST_LISTED:
            pattern = self.pattern
            keys = pattern.rows.astype(np.int64) * self.shape[1] + pattern.indices
            return len(np.unique(keys))
        return found

    def inputs_of(self, output: Iterable[int] | int) -> list[Link]:
        """What an output element reads: `[(input element, tap), ...]`; nothing is built.

        An element is `(channel, *position)`; a negative index counts from the end, the only
        channel may be left out, and one integer is the flat index.

        >>> import convmatrix as cm
        >>> cm.conv1d(1, 1, 3, padding=1).on(4).inputs_of((0, 0))
        [((0, 0), 1), ((0, 1), 2)]
        """
        require_numbers(self, "list its connections")
        return links(self.diagram.T, check_element(output, self.out_shape))

    def outputs_of(self, source: Iterable[int] | int) -> list[Link]:
        """What reads an input element: `[(output element, tap), ...]`; nothing is built."""
        require_numbers(self, "list its connections")
        return links(self.diagram, check_element(source, self.in_shape))

    def path_count(self, source: Iterable[int] | int, output: Iterable[int] | int) -> int:
        """How many paths lead from an input element to an output element; nothing is built.

        >>> import convmatrix as cm
        >>> stack = cm.sequential(cm.conv1d(1, 1, 3), cm.conv1d(1, 1, 3)).on(7)
        >>> [stack.path_count((0, i), (0, 0)) for i in range(7)]
        [1, 2, 3, 2, 1, 0, 0]
        """
        require_numbers(self, "count its paths")
        start, end = check_element(source, self.in_shape), check_element(output, self.out_shape)
        return reached(self.diagram, {start: 1}).get(end, 0)

    def reach(self, elements: Any, *, back: bool = False) -> list[Element]:
        """The output elements that input elements reach, in order; with `back` the input elements
        that reach output elements. Nothing is built.

        Parameters
        ----------
        elements
            An element (see `inputs_of`), or several.

        >>> import convmatrix as cm
        >>> conv = cm.conv1d(1, 1, 3, dilation=2).on(9)
        >>> conv.reach((0, 4)), conv.reach([(0, 0), (0, 1)], back=True)
        ([(0, 0), (0, 2), (0, 4)], [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5)])
        """
        require_numbers(self, "follow its connections")
        given = list(elements) if isinstance(elements, Iterable) else elements
        if not isinstance(given, list) or (given and not isinstance(given[0], Iterable)):
            given = [given]
        way = self.diagram.T if back else self.diagram
        return sorted(reached(way, {check_element(e, way.in_shape): 1 for e in given}))
