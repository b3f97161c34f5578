"""A map applied to arrays: a walk through the dense path, or through matrices."""

from __future__ import annotations

from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix import dense
from convmatrix.dense import Choice
from convmatrix.diagram import Diagram
from convmatrix.errors import ShapeError
from convmatrix.layers import MaxPool
from convmatrix.layers.arrays import as_array, by_float32, came_as, result_dtype, rounded_once
from convmatrix.leaf import Leaf
from convmatrix.limits import check_memory
from convmatrix.maps.counting import counts_of, grid
from convmatrix.maps.refusals import require_numbers, require_weights
from convmatrix.stencil import Stencil
from convmatrix.typing import Array
from convmatrix.views.values import common_dtype
from convmatrix.walk import Arrays, walk

if TYPE_CHECKING:
    from convmatrix.maps.shaped import Shaped

__all__ = ["along", "applied", "paths"]


def applied(a: Shaped, x: Any, choice: Choice | None = None) -> Array:
    """A map applied to an array `(*batch, *in_shape)`, by what was chosen."""
    require_numbers(a, "apply to an array")
    require_weights(a, "applying it to an array")
    array = as_array(x)
    lead = array.ndim - len(a.in_shape)
    if lead < 0 or array.shape[lead:] != a.in_shape:
        raise ShapeError(
            f"expected an array (*batch, {', '.join(map(str, a.in_shape))}), got shape "
            f"{array.shape}; bind the layer to that size, or reshape the array"
        )
    if array.dtype.kind not in "biufcO":
        raise ShapeError(f"expected an array of numbers, got dtype {array.dtype}")
    batch = array.shape[:lead]
    flat = array.reshape(prod(batch), *a.in_shape)
    walked = partial(along, a.diagram, choice=choice)
    y = rounded_once(walked, flat, came_as(x, array), a.weights)
    return y.reshape(*batch, *a.out_shape)


def along(diagram: Diagram, x: Array, choice: Choice | None = None) -> Array:
    """Carry an array `(batch, *in_shape)` to the output."""
    result: Array = walk(diagram, x, Arrays(partial(_through, choice)))
    return result


def _through(choice: Choice | None, leaf: Leaf, x: Array, back: bool) -> Array:
    if not leaf.layer.is_linear:
        assert isinstance(leaf.bound, Stencil)
        pools = isinstance(leaf.layer, MaxPool)
        return dense.max_pool(leaf.bound, x) if pools else np.maximum(x, 0)
    if choice and choice.method == "sparse":
        return _by_matrix(leaf, x, back)
    return (dense.adjoint if back else dense.forward)(leaf.bound, leaf.weight, x, choice)


def _by_matrix(leaf: Leaf, x: Array, back: bool) -> Array:
    """The sparse product itself, in the arithmetic of SciPy, in the dtype of the dense path."""
    from convmatrix.views.matrix import assemble

    matrix: Any = assemble(leaf.bound, leaf.numbers(common_dtype([leaf])))
    matrix = matrix.T if back else matrix

    def product(x: Array) -> Array:
        return np.asarray((matrix @ x.reshape(len(x), -1).T).T).reshape(len(x), *leaf.ends(back)[1])

    dtype = x.dtype if leaf.weight is None else result_dtype(leaf.weight, x)
    y = by_float32(product, x, dtype)
    return y.astype(dtype, copy=False) if dtype.kind in "fc" else y


def paths(diagram: Diagram) -> Array:
    """How many paths end at each output `(*out_shape)`: int64, or Python's integers where 64 bits
    do not hold their sum."""
    largest = max(map(prod, diagram.shapes))
    check_memory(32 * largest, f"an array of the paths of {largest} elements")
    terms = counts_of(diagram)
    if terms is not None:
        return grid(terms, diagram.out_shape)
    shape = (1, *diagram.in_shape)
    about = float(walk(diagram, np.ones(shape), _COUNTS).sum())
    kind: Any = object if about > 2.0**62 else np.int64
    found: Array = walk(diagram, np.ones(shape, kind), _COUNTS)[0]
    return found


_COUNTS = Arrays(
    lambda leaf, counts, back: (dense.paths_adjoint if back else dense.paths)(leaf.bound, counts)
)
