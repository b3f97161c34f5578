"""What every map is: a diagram with shapes, connections and views, and the algebra of matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.errors import ShapeError
from convmatrix.kept import cached_property
from convmatrix.layers.arrays import as_array, came_as, rounded_once
from convmatrix.limits import check_memory
from convmatrix.maps.carried import applied
from convmatrix.maps.shaped import require_linear, require_numbers, require_weights
from convmatrix.maps.viewed import Viewed
from convmatrix.typing import Array

if TYPE_CHECKING:
    from networkx import DiGraph

__all__ = ["Map"]


class Map(Viewed):
    """A layer at an input size: a matrix with a shape, a transpose, a pattern and many views.

    `A(x)` applies it to an array `(*batch, *in_shape)`; `A @ v` to a flat vector; `B @ A` composes.
    A map is linear: the bias belongs to `layer(x)`.
    """

    def __copy__(self) -> Map:
        """Itself: a map never changes, and its transpose's transpose is one object."""
        return self

    def __getstate__(self) -> dict[str, Any]:
        """What a copy in another process needs: its transpose, which has it for its own; all else
        that was computed is computed again."""
        kind, kept = type(self), vars(self).items()
        made = {n for n, _ in kept if isinstance(getattr(kind, n, 0), cached_property)} - {"T"}
        return {n: v for n, v in kept if n not in made}

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

    # ------------------------------------------------------------------------ vector space

    def __add__(self, other: Any) -> Any:
        from convmatrix.maps.sums import added

        return added(self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self + -1 * other if isinstance(other, Map) else self + other

    def __rsub__(self, other: Any) -> Any:
        return -1 * self + other

    def __mul__(self, factor: Any) -> Map:
        from convmatrix.maps.sums import scaled

        return scaled(self, factor)

    __rmul__ = __mul__

    def __truediv__(self, factor: Any) -> Map:
        from convmatrix.maps.sums import reciprocal, scaled

        return scaled(self, reciprocal(factor))

    def __neg__(self) -> Map:
        return -1 * self

    # -------------------------------------------------------------- by others' names

    def transpose(self) -> Map:
        """The transpose, by NumPy's name for it."""
        return self.T

    @property
    def H(self) -> Map:
        """The conjugate transpose; of real weights the transpose itself.

        >>> import convmatrix as cm
        >>> cm.conv1d(1, 1, 2, weight=[1, 1j]).on(2).H.to_dense().ravel().tolist()
        [(1+0j), -1j]
        """
        require_weights(self, "the conjugate transpose")
        if self.dtype.kind in "biuf":
            return self.T
        return self.T.with_weights([w if w is None else np.conj(w) for w in self.T.weights()])

    def matvec(self, v: Any) -> Any:
        """`A @ v`, as SciPy's iterative solvers call it."""
        return self @ v

    def rmatvec(self, v: Any) -> Any:
        """`A.H @ v`."""
        return self.H @ v

    def matmat(self, m: Any) -> Any:
        """`A @ m` of a matrix, a column at a time."""
        return self @ m

    def __rmatmul__(self, other: Any) -> Any:
        return (self.T @ as_array(other).T).T

    # ------------------------------------------------------------------ graph and explorer

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
        from convmatrix.graphs import graph_table, to_networkx

        require_numbers(self, "list its pattern")
        if lazy:
            from convmatrix.graphs.lazy import lazy_graph

            return lazy_graph(self, view)
        table = graph_table(self, view, axis)
        need = 600 * (table.count + table.node_count)
        check_memory(need, f"a graph of {table.count} connections; lazy=True stores none, or it")
        return to_networkx(table)

    @property
    def collides(self) -> bool:
        """Whether some output reads one input through two taps or paths."""
        only = self.diagram.only
        return self.pattern.collides if only is None else only.geometry.collides

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

        serve(*start(self), port=port, browser=browser)

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
