"""What every map is: shapes, a transpose, an application, a pattern, and one method a view."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.errors import NotLinearError, ShapeError, SymbolicError, WeightError
from convmatrix.kept import cached_property
from convmatrix.layers import Layer
from convmatrix.layers.arrays import HALF, as_array, as_numpy, came_as, rounded_once
from convmatrix.limits import check_memory
from convmatrix.maps.arraylike import ArrayLike
from convmatrix.maps.counting import counts_of, entries_of, grid, total
from convmatrix.maps.intervals import most_entries
from convmatrix.maps.memory import Need
from convmatrix.pattern import Pattern
from convmatrix.relation import Index
from convmatrix.shapes import check_element, times, unravel
from convmatrix.stencil import Element, Link
from convmatrix.typing import Array

if TYPE_CHECKING:
    from networkx import DiGraph
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import LinearOperator
    from sympy import ImmutableSparseMatrix

    from convmatrix.dense import Choice
    from convmatrix.diagram import Stages
    from convmatrix.maps.leaf import LeafMap

__all__ = ["Map", "applied"]


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
        """What a copy in another process needs; what was computed from it is computed again."""
        kept = vars(self).items()
        return {n: v for n, v in kept if not isinstance(getattr(type(self), n, 0), cached_property)}

    # ------------------------------------------------------------------------------ shapes

    @property
    @abstractmethod
    def in_shape(self) -> tuple[Index, ...]:
        """`(channels, *size)` of the input."""

    @property
    @abstractmethod
    def out_shape(self) -> tuple[Index, ...]:
        """`(channels, *size)` of the output."""

    @property
    def shape(self) -> tuple[Index, Index]:
        """`(rows, columns)` of the matrix: output and input elements."""
        return prod(self.out_shape), prod(self.in_shape)

    @property
    @abstractmethod
    def leaves(self) -> tuple[LeafMap, ...]:
        """The elementary maps that it is made of, in order of application."""

    @property
    def is_linear(self) -> bool:
        """Whether it is a matrix."""
        return all(leaf.bound_layer.is_linear for leaf in self.leaves)

    @property
    def is_symbolic(self) -> bool:
        """Whether its geometry still has symbols."""
        return any(leaf.symbols for leaf in self.leaves)

    @property
    def has_weights(self) -> bool:
        """Whether every layer that takes a weight has one."""
        return all(leaf.taps is not None for leaf in self.leaves)

    # ----------------------------------------------------------------------------- algebra

    @property
    def T(self) -> Map:
        """The transpose: for a convolution, its transposed convolution. `A.T.T is A`."""
        self._require_linear("transpose")
        from convmatrix.maps.algebra import TransposedMap

        if "_turned" not in vars(self):
            TransposedMap(self)
        turned: Map = vars(self)["_turned"]
        return turned

    def __matmul__(self, other: Any) -> Any:
        if isinstance(other, Map):
            from convmatrix.maps.algebra import compose

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

        return rounded_once(product, vector, came_as(other, vector), self._weights)

    def __call__(self, x: Any) -> Array:
        """Apply to an array `(*batch, *in_shape)` by the dense path; nothing is built."""
        return applied(self, x)

    def _weights(self) -> tuple[Array | None, ...]:
        """The weights of its leaves."""
        return tuple(leaf.weight for leaf in self.leaves)

    @abstractmethod
    def _forward(self, x: Array, choice: Choice | None = None) -> Array:
        """Apply to `(batch, *in_shape)`."""

    @abstractmethod
    def _adjoint(self, y: Array, choice: Choice | None = None) -> Array:
        """Apply the transpose to `(batch, *out_shape)`."""

    @abstractmethod
    def with_weights(self, weights: Sequence[Array | None]) -> Map:
        """The same map with a weight for each of its `leaves`; None leaves that leaf as it is."""

    # ------------------------------------------------------------------------ connectivity

    @cached_property
    def pattern(self) -> Pattern:
        """The triples (output, tap, input) as CSR arrays, which are kept and can not be changed;
        see `Pattern`."""
        self._require_numbers("list its pattern")
        if not self._is_small:
            check_memory(self._pattern_need().peak, f"a pattern of {self.nnz} triples")
        return self._pattern().frozen()

    @property
    def _is_small(self) -> bool:
        """Whether any view of it fits: even if every output were connected through every tap."""
        return bool(self.shape[0] * prod(self._tap_counts) < 1 << 20)

    @abstractmethod
    def _pattern_need(self) -> Need:
        """What building the pattern takes."""

    @abstractmethod
    def _pattern(self) -> Pattern: ...

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
        self._require_numbers("count its connections")
        return self._nnz()

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
        self._require_numbers("count its entries")
        found = entries_of(self._stages())
        if found is None and self.nnz <= MOST_LISTED:
            pattern = self.pattern
            keys = pattern.rows.astype(np.int64) * self.shape[1] + pattern.indices
            return len(np.unique(keys))
        return found

    def _nnz(self) -> int:
        terms = counts_of(self._stages())
        return int(self._all_paths().sum()) if terms is None else total(terms)

    @abstractmethod
    def _paths(self, counts: Array, *, back: bool = False) -> Array:
        """Path counts `(1, *in_shape)` pushed through the map (or `back` through it)."""

    def inputs_of(self, output: Iterable[int] | int) -> list[Link]:
        """What an output element reads: `[(input element, tap), ...]`; nothing is built.

        An element is `(channel, *position)`; a negative index counts from the end, the only
        channel may be left out, and one integer is the flat index.

        >>> import convmatrix as cm
        >>> cm.conv1d(1, 1, 3, padding=1).on(4).inputs_of((0, 0))
        [((0, 0), 1), ((0, 1), 2)]
        """
        self._require_numbers("list its connections")
        return self._inputs_of(check_element(output, self.out_shape))

    def outputs_of(self, source: Iterable[int] | int) -> list[Link]:
        """What reads an input element: `[(output element, tap), ...]`; nothing is built."""
        self._require_numbers("list its connections")
        return self._outputs_of(check_element(source, self.in_shape))

    def path_count(self, source: Iterable[int] | int, output: Iterable[int] | int) -> int:
        """How many paths lead from an input element to an output element; nothing is built.

        >>> import convmatrix as cm
        >>> stack = cm.sequential(cm.conv1d(1, 1, 3), cm.conv1d(1, 1, 3)).on(7)
        >>> [stack.path_count((0, i), (0, 0)) for i in range(7)]
        [1, 2, 3, 2, 1, 0, 0]
        """
        self._require_numbers("count its paths")
        start, end = check_element(source, self.in_shape), check_element(output, self.out_shape)
        return self._spread({start: 1}, back=False).get(end, 0)

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
        self._require_numbers("follow its connections")
        given = list(elements) if isinstance(elements, Iterable) else elements
        if not isinstance(given, list) or (given and not isinstance(given[0], Iterable)):
            given = [given]
        shape = self.out_shape if back else self.in_shape
        return sorted(self._spread({check_element(e, shape): 1 for e in given}, back=back))

    def _blocks(self, most: int) -> Iterator[tuple[Array, Array, Array]]:
        """The triples `(rows, columns, taps)`, about so many at a time."""
        return self.pattern.blocks(most)

    def _all_paths(self, *, back: bool = False) -> Array:
        """How many paths end at each output (or, `back`, begin at each input): int64, or Python's
        integers where 64 bits do not hold their sum."""
        ends = self.in_shape if back else self.out_shape
        largest = max(map(prod, self._stages().shapes))
        check_memory(32 * largest, f"an array of the paths of {largest} elements")
        terms = counts_of(self._stages(), back=back)
        if terms is not None:
            return grid(terms, ends)
        shape = (1, *(self.out_shape if back else self.in_shape))
        about = float(self._paths(np.ones(shape), back=back).sum())
        kind: Any = object if about > 2.0**62 else np.int64
        found: Array = self._paths(np.ones(shape, kind), back=back)[0]
        return found

    @abstractmethod
    def _stages(self) -> Stages:
        """The map taken apart into elementary maps."""

    @abstractmethod
    def _spread(self, counts: dict[Element, int], *, back: bool) -> dict[Element, int]:
        """Path counts of some elements pushed through the map (or `back` through it)."""

    @abstractmethod
    def _inputs_of(self, output: Element) -> list[Link]: ...

    @abstractmethod
    def _outputs_of(self, source: Element) -> list[Link]: ...

    # ------------------------------------------------------------------------------- views

    @property
    def dtype(self) -> np.dtype[Any]:
        """What the matrix holds: the weights' common dtype, float64 where there are none.

        Half precision, which SciPy has not, becomes float32. Integers become int64, so that no
        product wraps round: `A.to_scipy() @ x` is `A(x)`.
        """
        given = [weight.dtype for weight in self._weights() if weight is not None]
        common = np.result_type(*given) if given else np.dtype(np.float64)
        if common.kind not in "biu":
            return np.dtype(np.float32) if common == HALF else common
        if any(leaf.has_fractions for leaf in self.leaves):
            return np.dtype(np.float64)
        large = any(w is not None and _passes_int64(w) for w in self._weights())
        return np.dtype(np.uint64 if large else np.int64)

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
        self._require_linear("SciPy matrix")
        self._require_numbers("build its matrix")
        self._require_weights("a SciPy matrix")
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

    @abstractmethod
    def _matrix_need(self, size: int) -> Need:
        """What building the matrix takes, with values of `size` bytes."""

    def _most_entries(self) -> int:
        """How many entries the matrix has, or about how many it may have at most."""
        stages = self._stages()
        found = entries_of(stages)
        return min(prod(self.shape), most_entries(stages)) if found is None else found

    @abstractmethod
    def _matrix(self, dtype: np.dtype[Any]) -> csr_array: ...

    def to_dense(self) -> Array:
        """The matrix as a NumPy array; of objects where the weights are fractions or symbols."""
        self._require_linear("dense matrix")
        self._require_numbers("build its matrix")
        self._require_weights("a dense matrix")
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

        self._require_linear("linear operator")
        self._require_numbers("make an operator")
        self._require_weights("a linear operator")
        return operator(self.shape, self.dtype, self._flat, self._flat_adjoint)

    def _flat(self, v: Array) -> Array:
        """Apply to `(batch, elements)`."""
        flat = as_numpy(v).reshape(-1, *self.in_shape)
        y = rounded_once(self._forward, flat, came_as(v, flat), self._weights)
        return y.reshape(len(v), -1)

    def _flat_adjoint(self, v: Array) -> Array:
        """Apply the transpose to `(batch, elements)`."""
        flat = as_numpy(v).reshape(-1, *self.out_shape)
        x = rounded_once(self._adjoint, flat, came_as(v, flat), self._weights)
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

        self._require_linear("SymPy matrix")
        self._require_numbers("list its pattern")
        check_memory(symbol_bytes(self.nnz), "the SymPy matrix")
        return symbol_matrix(self.pattern, symbol_values(self.leaves))

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

        self._require_numbers("list its pattern")
        if lazy:
            from convmatrix.graphs.neighbours import lazy_graph

            return lazy_graph(self, view)
        table = graph_table(self, view, axis)
        need = 600 * (table.count + table.node_count)
        check_memory(need, f"a graph of {table.count} connections; lazy=True stores none, or it")
        return to_networkx(table)

    @property
    def _tap_counts(self) -> tuple[int, ...]:
        """How many taps each leaf has, as digits of a path's packed tap."""
        return tuple(prod(leaf.bound.tap_shape) for leaf in self.leaves)

    @property
    def _collides(self) -> bool:
        """Whether some output reads one input through two taps or paths."""
        return self.pattern.collides

    @property
    def _doubles(self) -> bool:
        """Whether two paths may share both ends and all taps."""
        return False

    def _edge_weights(self, tap: Array | None = None) -> list[Any]:
        """The value of every triple (or of some taps) as a built-in real number, or as text where
        it is complex."""
        total = self._edge_values(tap)
        weights: list[Any] = total.tolist()
        if total.dtype.kind == "O":
            return [v if type(v) is int else _plain(v) for v in weights]
        return weights if total.dtype.kind in "biuf" else [str(weight) for weight in weights]

    def _edge_values(self, tap: Array | None = None) -> Array:
        """The value of every triple (or of some taps), as the matrix holds them."""
        tap = self.pattern.tap if tap is None else tap
        if prod(self._tap_counts) > np.iinfo(np.int64).max:  # a deep stack's packed taps
            rows = [unravel(int(t), self._tap_counts) for t in tap]
            taps: Any = tuple(np.array(digits) for digits in zip(*rows, strict=True))
        else:
            taps = np.unravel_index(tap, self._tap_counts)
        total: Any = 1
        for leaf, digit in zip(self.leaves, taps, strict=True):
            total = total * with_absent(leaf.numbers(self.dtype))[digit]
        return np.asarray(total)

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

    # --------------------------------------------------------------------------- refusals

    def _require_linear(self, what: str) -> None:
        for leaf in self.leaves:
            if not leaf.bound_layer.is_linear:
                raise NotLinearError(
                    f"{leaf.typed.name} is not linear, so there is no {what}; it "
                    f"has a pattern, a graph and inputs_of/outputs_of"
                )

    def _require_numbers(self, what: str) -> None:
        names = sorted({str(s) for leaf in self.leaves for s in leaf.symbols})
        if names:
            raise SymbolicError(
                f"cannot {what}: the geometry has the symbols {', '.join(names)}; build the layer "
                f"and bind it with integers in their place, e.g. {names[0]}=3"
            )

    def _require_weights(self, what: str) -> None:
        for leaf in self.leaves:
            if leaf.taps is None:
                raise WeightError(
                    f"{leaf.typed.name} has no weight and {what} needs one; use "
                    f"layer.with_weight(w) with shape {leaf.bound_layer.weight_shape}, or "
                    f"to_sympy() for symbols, or pattern for connectivity"
                )

    def __repr__(self) -> str:
        arrow = f"{times(self.in_shape)} → {times(self.out_shape)}"
        return f"<{self._name()}: {arrow}, matrix {times(self.shape)}>"

    @abstractmethod
    def _name(self) -> str: ...

    def describe(self) -> str:
        """The map in words: the layer and the size it is bound to."""
        return f"{self.layer!r} on {times(self.in_shape[1:])}"


def number_type(dtype: Any) -> np.dtype[Any]:
    """A dtype of numbers, or `WeightError`."""
    try:
        kind: np.dtype[Any] = np.dtype(dtype)
    except (TypeError, ValueError, SyntaxError):
        kind = np.dtype(np.void)
    if (
        kind.kind not in "biufcO" and kind.name != "bfloat16"
    ):  # exact numbers are refused with advice of their own
        raise WeightError(f"dtype must be a NumPy dtype such as 'float32', got {dtype!r:.60}")
    return kind


def sparse_dtype(dtype: Any) -> np.dtype[Any]:
    """A dtype that SciPy has matrices of, or `WeightError`."""
    kind = number_type(dtype)
    if kind == HALF or kind.name == "bfloat16":
        raise WeightError(f"SciPy has no matrix of {kind}; use dtype='float32'")
    return kind


def _passes_int64(weight: Array) -> bool:
    return weight.dtype == np.uint64 and bool(weight.max(initial=0) > np.iinfo(np.int64).max)


def _plain(value: Any) -> Any:
    """A number as a float, or as text where no float holds it (complex, infinite, too large)."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return str(value)


def with_absent(values: Array) -> Array:
    """The value of each tap, and behind them a 1 for paths that pass the layer by."""
    return np.append(values.reshape(-1), values.dtype.type(1) if values.dtype.kind != "O" else 1)


def symbol_values(leaves: tuple[LeafMap, ...]) -> list[Array]:
    """What stands for each tap of each leaf: its value, or the symbols `w[...]`, `w1[...]`, ..."""
    from convmatrix.views.symbols import weight_symbols

    weighted = [leaf.bound_layer.weight_shape is not None for leaf in leaves]
    values = []
    for i, leaf in enumerate(leaves):
        if leaf.taps is not None:
            values.append(with_absent(leaf.taps))
        else:
            name = "w" if sum(weighted) == 1 else f"w{sum(weighted[: i + 1])}"
            values.append(with_absent(weight_symbols(name, leaf.bound.tap_shape)))
    return values


def applied(A: Map, x: Any, choice: Choice | None = None) -> Array:
    """A map applied to an array `(*batch, *in_shape)`, by what was chosen."""
    A._require_numbers("apply to an array")
    A._require_weights("applying it to an array")
    array = as_array(x)
    lead = array.ndim - len(A.in_shape)
    if lead < 0 or array.shape[lead:] != A.in_shape:
        raise ShapeError(
            f"expected an array (*batch, {', '.join(map(str, A.in_shape))}), got shape "
            f"{array.shape}; bind the layer to that size, or reshape the array"
        )
    if array.dtype.kind not in "biufcO":
        raise ShapeError(f"expected an array of numbers, got dtype {array.dtype}")
    batch = array.shape[:lead]
    flat = array.reshape(prod(batch), *A.in_shape)
    y = rounded_once(partial(A._forward, choice=choice), flat, came_as(x, array), A._weights)
    return y.reshape(*batch, *A.out_shape)
