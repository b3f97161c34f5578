"""What every map is: shapes, a transpose, an application, a pattern, and one method a view."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.diagram import Diagram
from convmatrix.errors import ShapeError, WeightError
from convmatrix.kept import cached_property
from convmatrix.layers import Layer
from convmatrix.layers.arrays import as_array, as_numpy, came_as, rounded_once
from convmatrix.limits import check_memory
from convmatrix.maps.applied import along, applied, paths
from convmatrix.maps.arraylike import ArrayLike
from convmatrix.maps.carried import matrix_of, pattern_along
from convmatrix.maps.counting import counts_of, entries_of, total
from convmatrix.maps.memory import Need, matrix_need, pattern_need
from convmatrix.maps.refusals import require_linear, require_numbers, require_weights
from convmatrix.pattern import Pattern, blocks_of
from convmatrix.relation import Index
from convmatrix.shapes import check_element, times
from convmatrix.stencil import Element, Link
from convmatrix.typing import Array
from convmatrix.views.values import (
    as_plain,
    common_dtype,
    edge_values,
    sparse_dtype,
    symbol_values,
)
from convmatrix.walk import links, reached

if TYPE_CHECKING:
    from networkx import DiGraph
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import LinearOperator
    from sympy import ImmutableSparseMatrix

    from convmatrix.maps.made import LeafMap

__all__ = ["Map"]


MOST_LISTED = 1 << 20
"""So many triples are listed to count the distinct ends among them, at most."""


class Map(ArrayLike, ABC):
    """A layer at an input size: a matrix with a shape, a transpose, a pattern and many views.

    `A(x)` applies it to an array `(*batch, *in_shape)`; `A @ v` to a flat vector; `B @ A` composes.
    A map is linear: the bias belongs to `layer(x)`.
    """

    layer: Layer | None = None

    def __copy__(self) -> Map:
        """Itself: a map never changes, and its transpose's transpose is one object."""
        return self

    def __getstate__(self) -> dict[str, Any]:
        """What a copy in another process needs: its transpose, which has it for its own; all else
        that was computed is computed again."""
        kind, kept = type(self), vars(self).items()
        made = {n for n, _ in kept if isinstance(getattr(kind, n, 0), cached_property)} - {"T"}
        return {n: v for n, v in kept if n not in made}

    @property
    @abstractmethod
    def diagram(self) -> Diagram:
        """The layers that it is made of, and how they follow each other; every view reads it."""

    @abstractmethod
    def with_weights(self, weights: Sequence[Array | None]) -> Map:
        """The same map with a weight for each of its `leaves`; None leaves that leaf as it is."""

    # ------------------------------------------------------------------------------ shapes

    @property
    def in_shape(self) -> tuple[Index, ...]:
        """`(channels, *size)` of the input."""
        return self.diagram.in_shape

    @property
    def out_shape(self) -> tuple[Index, ...]:
        """`(channels, *size)` of the output."""
        return self.diagram.out_shape

    @property
    def shape(self) -> tuple[Index, Index]:
        """`(rows, columns)` of the matrix: output and input elements."""
        return prod(self.out_shape), prod(self.in_shape)

    @cached_property
    def leaves(self) -> tuple[LeafMap, ...]:
        """The elementary maps that it is made of, in order of application."""
        from convmatrix.maps.made import leaf_map

        return tuple(map(leaf_map, self.diagram.leaves))

    @property
    def is_linear(self) -> bool:
        """Whether it is a matrix."""
        return all(leaf.layer.is_linear for leaf in self.diagram.leaves)

    @property
    def is_symbolic(self) -> bool:
        """Whether its geometry still has symbols."""
        return any(leaf.symbols for leaf in self.diagram.leaves)

    @property
    def has_weights(self) -> bool:
        """Whether every layer that takes a weight has one."""
        return all(leaf.taps is not None for leaf in self.diagram.leaves)

    # ----------------------------------------------------------------------------- algebra

    @cached_property
    def T(self) -> Map:
        """The transpose: for a convolution, its transposed convolution. `A.T.T is A`."""
        require_linear(self, "transpose")
        from convmatrix.maps.made import TransposedMap

        return TransposedMap(self)

    def __matmul__(self, other: Any) -> Any:
        if isinstance(other, Map):
            from convmatrix.maps.made import compose

            return compose(other, self)
        vector = as_array(other)
        if vector.ndim not in (1, 2) or vector.shape[0] != self.shape[1]:
            raise ShapeError(
                f"A @ v needs a vector of {self.shape[1]} elements (or a matrix with so many "
                f"rows), got shape {vector.shape}; use A(x) for an array of shape {self.in_shape}"
            )
        lead = vector.shape[1:]

        def product(v: Array) -> Array:
            return self(v.T.reshape(*lead, *self.in_shape)).reshape(*lead, -1).T

        return rounded_once(product, vector, came_as(other, vector), self.weights)

    def __call__(self, x: Any) -> Array:
        """Apply to an array `(*batch, *in_shape)` by the dense path; nothing is built."""
        return applied(self, x)

    def weights(self) -> tuple[Array | None, ...]:
        """The weights of its leaves."""
        return tuple(leaf.weight for leaf in self.diagram.leaves)

    # ------------------------------------------------------------------------ connectivity

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
            return only.bound.nnz
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

    def blocks(self, most: int) -> Iterator[tuple[Array, Array, Array]]:
        """The triples `(rows, columns, taps)`, about so many at a time."""
        step = self.diagram.single
        if step is None or step.leaf is None:
            yield from self.pattern.blocks(most)
        else:
            for rows, columns, taps in blocks_of(step.leaf.bound, most):
                yield (columns, rows, taps) if step.back else (rows, columns, taps)

    # ------------------------------------------------------------------------------- views

    @property
    def dtype(self) -> np.dtype[Any]:
        """What the matrix holds: the weights' common dtype, float64 where there are none.

        Half precision, which SciPy has not, becomes float32. Integers become int64, so that no
        product wraps round: `A.to_scipy() @ x` is `A(x)`.
        """
        return common_dtype(self.diagram.leaves)

    def to_scipy(self, dtype: Any = None) -> csr_array:
        """The matrix as a canonical `scipy.sparse.csr_array`, structural zeros kept.

        Parameters
        ----------
        dtype
            What it holds, `A.dtype` by default: the weights' dtype, but int64 of integers, whose
            products would wrap round in a smaller one, and float32 of half precision, which SciPy
            has not. ``dtype="int8"`` takes less memory where the products are made elsewhere.

        Raises
        ------
        WeightError
            Where that dtype cannot hold the entries, or no sparse matrix.

        >>> import convmatrix as cm
        >>> A = cm.conv1d(1, 1, 2, weight=[[[1.0, -1.0]]]).on(3)
        >>> (A.to_scipy().T != A.T.to_scipy()).nnz
        0
        """
        require_linear(self, "SciPy matrix")
        require_numbers(self, "build its matrix")
        require_weights(self, "a SciPy matrix")
        kind = self.dtype if dtype is None else sparse_dtype(dtype)
        if kind != self.dtype and not np.can_cast(self.dtype, kind, "same_kind"):
            raise WeightError(
                f"the matrix holds {self.dtype}, which {kind} cannot; leave dtype out, "
                f"or convert the weight first"
            )
        if not self._is_small:
            need = self._matrix_need(max(kind.itemsize, self.dtype.itemsize))
            check_memory(need.peak, f"the matrix of {times(self.shape)}")
        if kind.kind in "iu" and kind != self.dtype:
            from convmatrix.views.matrix import as_integers

            return as_integers(self._matrix(self.dtype), kind)
        return self._matrix(kind)

    def _matrix_need(self, size: int) -> Need:
        return matrix_need(self.diagram, size)

    def _matrix(self, dtype: np.dtype[Any]) -> csr_array:
        return matrix_of(self.diagram, dtype, counted=not self._is_small)

    def to_dense(self) -> Array:
        """The matrix as a NumPy array; of objects where the weights are fractions or symbols."""
        require_linear(self, "dense matrix")
        require_numbers(self, "build its matrix")
        require_weights(self, "a dense matrix")
        whole = self.dtype.itemsize * prod(self.shape)
        if self.dtype.kind == "O":
            from convmatrix.views.symbols import dense_symbols, symbol_bytes

            check_memory(whole + symbol_bytes(self.nnz), "the dense matrix")
            return dense_symbols(self.to_sympy())
        need = self._matrix_need(self.dtype.itemsize)
        check_memory(max(need.peak, need.kept + whole), "the dense matrix")
        array: Array = self.to_scipy().toarray()
        return array

    def to_linear_operator(self) -> LinearOperator:
        """The map as a SciPy `LinearOperator`; `rmatvec` is Aᴴ; nothing is built."""
        from convmatrix.views.operator import operator

        require_linear(self, "linear operator")
        require_numbers(self, "make an operator")
        require_weights(self, "a linear operator")
        return operator(self.shape, self.dtype, self._flat, self._flat_adjoint)

    def _flat(self, v: Array) -> Array:
        """Apply to `(batch, elements)`."""
        flat = as_numpy(v).reshape(-1, *self.in_shape)
        y = rounded_once(partial(along, self.diagram), flat, came_as(v, flat), self.weights)
        return y.reshape(len(v), -1)

    def _flat_adjoint(self, v: Array) -> Array:
        """Apply the transpose to `(batch, elements)`."""
        flat = as_numpy(v).reshape(-1, *self.out_shape)
        x = rounded_once(partial(along, self.diagram.T), flat, came_as(v, flat), self.weights)
        return x.reshape(len(v), -1)

    def to_sympy(self) -> ImmutableSparseMatrix:
        """The matrix in SymPy: exact numbers, and symbols `w[...]` where a layer has no weight.

        >>> import convmatrix as cm
        >>> cm.conv1d(1, 1, 2).on(3).to_sympy()
        Matrix([
        [w[0,0,0], w[0,0,1],        0],
        [       0, w[0,0,0], w[0,0,1]]])
        """
        from convmatrix.views.symbols import symbol_bytes, symbol_matrix

        require_linear(self, "SymPy matrix")
        require_numbers(self, "list its pattern")
        check_memory(symbol_bytes(self.nnz), "the SymPy matrix")
        return symbol_matrix(self.pattern, symbol_values(self.diagram.leaves))

    def to_networkx(self, view: str = "bipartite", *, lazy: bool = False, axis: int = 0) -> DiGraph:
        """The connectivity as a NetworkX graph; edges run from input to output.

        Parameters
        ----------
        view
            ``"bipartite"``: elements `x_…` of the input and `y_…` of the output, an edge a
            connection (of a composite: a path), with `tap`, and `weight` where there is one.
            ``"layered"``: also the elements `h1_…` between the layers, an edge a connection of one
            layer; nodes have their `layer`, as `networkx.multipartite_layout` takes it.
            ``"channels"``: channels only, who mixes with whom; edges count their `connections`.
            ``"axis"``: coordinates along one spatial axis; the graph of a convolution is the
            product of its axes' and of its channels'.
        lazy
            A read-only graph that stores nothing: neighbours are computed when they are asked for.
            Of the views ``bipartite`` and ``layered``.
        axis
            Which spatial axis the view ``axis`` shows.

        Returns
        -------
        A `DiGraph`, or a `MultiDiGraph` keyed by tap where taps collide. The transpose has the
        same nodes, so its graph is this one reversed.

        >>> import convmatrix as cm
        >>> graph = cm.conv1d(1, 1, 3, padding=1).on(3).to_networkx()
        >>> sorted(graph["x_0_0"].items())
        [('y_0_0', {'tap': 1}), ('y_0_1', {'tap': 0})]
        """
        from convmatrix.graphs.table import to_networkx
        from convmatrix.graphs.views import graph_table

        require_numbers(self, "list its pattern")
        if lazy:
            from convmatrix.graphs.neighbours import lazy_graph

            return lazy_graph(self, view)
        table = graph_table(self, view, axis)
        need = 600 * (table.count + table.node_count)
        check_memory(need, f"a graph of {table.count} connections; lazy=True stores none, or it")
        return to_networkx(table)

    @property
    def collides(self) -> bool:
        """Whether some output reads one input through two taps or paths."""
        only = self.diagram.only
        return self.pattern.collides if only is None else only.bound.collides

    def edge_weights(self, tap: Array | None = None) -> list[Any]:
        """The value of every triple (or of some taps) as a built-in real number, or as text where
        it is complex."""
        return as_plain(edge_values(self.diagram, self.pattern.tap if tap is None else tap))

    # --------------------------------------------------------------------------- explorer

    def explore(self, *, port: int | None = None, browser: bool = True) -> None:
        """Show the map in the explorer: a live page in a browser, until interrupted.

        Needs ``'.[explore]'``. In a notebook, `widget` shows the same in its output.

        Parameters
        ----------
        port
            Of 127.0.0.1; a free one where it is taken.
        browser
            Whether to open one; the address is printed in any case.
        """
        from convmatrix.explorer.live import start
        from convmatrix.explorer.server import serve

        state, own = start(self)
        try:
            serve(state, own, port=port, browser=browser)
        except KeyboardInterrupt:
            print("stopped")

    def widget(self) -> Any:
        """The explorer as a notebook widget; needs ``'.[widget]'``."""
        from convmatrix.explorer.widget import widget

        return widget(self)

    def to_html(self) -> str:
        """The explorer's page of this map, whole in itself: it needs no server and no network."""
        from convmatrix.explorer.live import start
        from convmatrix.explorer.page import page

        return page(*start(self))

    def _repr_html_(self) -> str:
        from convmatrix.explorer.still import still

        return still(self)

    def __repr__(self) -> str:
        arrow = f"{times(self.in_shape)} → {times(self.out_shape)}"
        return f"<{self.name}: {arrow}, matrix {times(self.shape)}>"

    @property
    @abstractmethod
    def name(self) -> str:
        """What it is, in short: the layer, or how it is made of others."""

    def describe(self) -> str:
        """The map in words: the layer and the size it is bound to."""
        return f"{self.layer!r} on {times(self.in_shape[1:])}"
