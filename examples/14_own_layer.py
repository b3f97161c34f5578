"""A layer of one's own: locally connected, and with a hexagonal kernel.

A layer is what it becomes at a size, its geometry: one relation an axis, i = s·o + d·t - p, and a
rule for the channels. Who writes that down in `bind` gets the rest: matrix, transpose, symbols,
graphs, receptive fields, proofs and the dense path all read the geometry and nothing else.

A locally connected layer has the connections of a convolution but shares no weight: each output
position has a kernel of its own. A hexagonal kernel lives on a grid of hexagons, stored as a square
one by shearing it, so that a cell's six neighbours and the cell itself lie in a 3×3 window without
two opposite corners.
"""

import pickle
from dataclasses import dataclass
from functools import cached_property

import numpy as np

import convmatrix as cm


@dataclass(frozen=True, eq=False, repr=False)
class LocallyConnected(cm.ElementaryLayer):
    """A kernel for each output position, so its weights belong to one input size."""

    in_channels: int
    out_channels: int
    kernel_size: tuple[int, ...]
    size: tuple[int, ...]
    weight: np.ndarray | None = None

    @property
    def ndim(self):
        return len(self.kernel_size)

    @property
    def weight_shape(self):
        return self.bind(self.size).tap_shape  # (out_channels, *outputs, in_channels, *kernel)

    def bind(self, size):
        if size != self.size:
            raise cm.GeometryError(f"this layer has weights for size {self.size}, got {size}")
        axes = tuple(cm.Axis(n, kernel=k) for n, k in zip(size, self.kernel_size, strict=True))
        return cm.Stencil(axes, self.in_channels, self.out_channels, groups=1, shared=False)


CELLS = ((0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1))
"""Where the seven cells of a hexagon lie in the 3×3 window."""


@dataclass(frozen=True, eq=False, repr=False)
class Hexagonal(cm.ElementaryLayer):
    """A cell and its six neighbours; the window's other two corners are always 0."""

    in_channels: int
    out_channels: int
    weight: np.ndarray | None = None

    ndim = 2

    @property
    def weight_shape(self):
        return (self.out_channels, self.in_channels, len(CELLS))

    @cached_property
    def values(self):
        """The weight, or symbols for it, in the window."""
        cells = self.weight
        if cells is None:
            cells = cm.weight_symbols("h", self.weight_shape)
        window = np.zeros((*self.weight_shape[:2], 3, 3), cells.dtype)
        for number, (row, column) in enumerate(CELLS):
            window[..., row, column] = cells[..., number]
        return window

    def bind(self, size):
        axes = tuple(cm.Axis(n, kernel=3, before=1, after=1) for n in size)
        return cm.Stencil(axes, self.in_channels, self.out_channels, groups=1)


# --- locally connected: a convolution's matrix, in which no two entries are one weight
rng = np.random.default_rng(0)
bare = LocallyConnected(1, 1, (3, 3), (5, 5))
conv = cm.conv2d(1, 1, 3).on(5, 5)
A = bare.on(5, 5)
print(A)
print("row 0:", [value for value in A.to_sympy()[0, :] if value != 0][:4], "...")
assert len(A.to_sympy().free_symbols) == A.nnz == 81
assert len(conv.to_sympy().free_symbols) == 9
assert cm.prove_equal(A, conv, level="connectivity").holds
assert not cm.prove_equal(A, conv).holds
print(f"{cm.cost(bare, 5, 5)}; a convolution: {cm.cost(conv)}")

# --- shared weights make it that convolution
kernel = rng.integers(-3, 4, (1, 1, 3, 3))
shared = bare.with_weight(np.broadcast_to(kernel[:, None, None], bare.weight_shape))
same = cm.conv2d(1, 1, 3, weight=kernel)
assert cm.prove_equal(shared.on(5, 5), same.on(5, 5)).holds

# --- in numbers: the matrix and the dense path, forward and transposed
layer = bare.with_weight(rng.standard_normal(bare.weight_shape))
x, y = rng.standard_normal((1, 5, 5)), rng.standard_normal((1, 3, 3))
A = layer.on(5, 5)
assert np.allclose(layer(x).ravel(), A.to_scipy() @ x.ravel())
assert np.allclose(A.T(y).ravel(), A.to_scipy().T @ y.ravel())
assert np.isclose(np.vdot(layer(x), y), np.vdot(x, A.T(y)))
assert pickle.loads(pickle.dumps(layer)) == layer

# --- hexagonal: seven symbols, six neighbours, and each is a neighbour of its neighbours
cells = Hexagonal(1, 1)
H = cells.on(6, 6)
print(f"\n{H}")
middle = H.to_sympy()[14, :]
print("cell (2, 2):", [f"{v} at {divmod(j, 6)}" for j, v in enumerate(middle) if v != 0])
assert len(H.to_sympy().free_symbols) == 7
ones = cells.with_weight(np.ones((1, 1, 7), int)).on(6, 6)
around = ones.to_dense()
assert around[14].sum() == 7  # the cell itself and six more
assert (around == around.T).all()

# --- two steps reach the 19 cells of the hexagon of radius 2
twice = ones @ ones
assert np.count_nonzero(twice.to_dense()[14]) == 19
field = cm.receptive_field(cells, (6, 6))
print("window:", " × ".join(str(axis.size) for axis in field))

# --- they go with other layers, and the transpose of the stack is the stack transposed
net = cm.sequential(cm.conv2d(1, 1, 3, padding=1, weight="sobel"), ones.layer, cm.relu())
assert net(rng.standard_normal((1, 6, 6))).min() >= 0
stack = cm.sequential(*net.layers[:2]).on(6, 6)
assert cm.prove_equal(stack.T, net.layers[0].on(6, 6).T @ ones.T).holds
print("\nboth layers are what their geometry says, in every view")
