"""Wrong uses of maps and their views, by class of error: what each is told."""

import numpy as np
import sympy

import convmatrix as cm

N = sympy.Symbol("n", integer=True, positive=True)
PLAIN = cm.conv1d(1, 1, 3)
WEIGHTED = PLAIN.with_weight([[[1, 2, 3]]])

WRONG = {
    cm.SymbolicError: {
        "symbolic_to_scipy": (
            lambda: WEIGHTED.on(N).to_scipy(),
            "cannot build its matrix: the geometry has the symbols n; build the layer and bind "
            "it with integers in their place, e.g. n=3",
        ),
        "symbolic_to_dense": (
            lambda: WEIGHTED.on(N).to_dense(),
            "cannot build its matrix: the geometry has the symbols n; build the layer and bind "
            "it with integers in their place, e.g. n=3",
        ),
        "symbolic_pattern": (
            lambda: PLAIN.on(N).pattern,
            "cannot list its pattern: the geometry has the symbols n; build the layer and bind "
            "it with integers in their place, e.g. n=3",
        ),
        "symbolic_nnz": (
            lambda: PLAIN.on(N).nnz,
            "cannot count its connections: the geometry has the symbols n; build the layer and "
            "bind it with integers in their place, e.g. n=3",
        ),
        "symbolic_call": (
            lambda: WEIGHTED.on(N)(np.ones((1, 5))),
            "cannot apply to an array: the geometry has the symbols n; build the layer and bind "
            "it with integers in their place, e.g. n=3",
        ),
        "symbolic_layer_call": (
            lambda: cm.conv1d(1, 1, 3, padding=N, weight=[[[1, 2, 3]]])(np.ones((1, 5))),
            "cannot apply to an array: the geometry has the symbols n; build the layer and bind "
            "it with integers in their place, e.g. n=3",
        ),
        "symbolic_inputs_of": (
            lambda: PLAIN.on(N).inputs_of((0, 0)),
            "cannot list its connections: the geometry has the symbols n; build the layer and "
            "bind it with integers in their place, e.g. n=3",
        ),
        "symbolic_networkx": (
            lambda: PLAIN.on(N).to_networkx(),
            "cannot list its pattern: the geometry has the symbols n; build the layer and bind "
            "it with integers in their place, e.g. n=3",
        ),
        "symbolic_sympy": (
            lambda: PLAIN.on(N).to_sympy(),
            "cannot list its pattern: the geometry has the symbols n; build the layer and bind "
            "it with integers in their place, e.g. n=3",
        ),
        "symbolic_linear_operator": (
            lambda: WEIGHTED.on(N).to_linear_operator(),
            "cannot make an operator: the geometry has the symbols n; build the layer and bind "
            "it with integers in their place, e.g. n=3",
        ),
        "symbolic_transposed": (
            lambda: WEIGHTED.on(N).T.to_scipy(),
            "cannot build its matrix: the geometry has the symbols n; build the layer and bind "
            "it with integers in their place, e.g. n=3",
        ),
    },
    cm.ShapeError: {
        "symbolic_matvec": (
            lambda: WEIGHTED.on(N) @ np.ones(5),
            "A @ v needs a vector of n elements (or a matrix with so many rows), got shape (5,); "
            "use A(x) for an array of shape (1, n)",
        ),
        "array_shape": (
            lambda: WEIGHTED.on(5)(np.ones((1, 6))),
            "expected an array (*batch, 1, 5), got shape (1, 6); bind the layer to that size, or "
            "reshape the array",
        ),
        "array_strings": (
            lambda: WEIGHTED.on(3)([["a", "b", "c"]]),
            "expected an array of numbers, got dtype <U1",
        ),
        "array_channel_axis": (
            lambda: WEIGHTED(np.ones(5)),
            "expected an array (*batch, channels, 1 spatial axes), got shape (5,); add a channel "
            "axis with x[None]",
        ),
        "array_0d": (
            lambda: cm.avg_pool(2)(1.0),
            "expected an array (*batch, channels, 2 spatial axes), got shape (); add a channel "
            "axis with x[None]",
        ),
        "inputs_of_outside": (
            lambda: PLAIN.on(5).inputs_of((0, 3)),
            "element (0, 3) is not in shape (1, 3); use (channel, *position) with each index "
            "from 0 to its size - 1",
        ),
        "inputs_of_negative": (
            lambda: PLAIN.on(5).inputs_of((0, -4)),
            "element (0, -4) is not in shape (1, 3); use (channel, *position) with each index "
            "from 0 to its size - 1",
        ),
        "outputs_of_outside": (
            lambda: cm.conv2d(1, 1, 3).on(5, 5).outputs_of((0, 5, 0)),
            "element (0, 5, 0) is not in shape (1, 5, 5); use (channel, *position) with each "
            "index from 0 to its size - 1",
        ),
        "outputs_of_axes": (
            lambda: cm.conv2d(1, 1, 3).on(5, 5).outputs_of((5, 5)),
            "element (5, 5) is not in shape (1, 5, 5); use (channel, *position) with each index "
            "from 0 to its size - 1",
        ),
        "compose": (
            lambda: PLAIN.on(9) @ PLAIN.on(5),
            "B @ A needs A's output to be B's input: A gives (1, 3), B takes (1, 9); bind B to "
            "(3,)",
        ),
        "matvec_length": (
            lambda: WEIGHTED.on(5) @ np.ones(4),
            "A @ v needs a vector of 5 elements (or a matrix with so many rows), got shape (4,); "
            "use A(x) for an array of shape (1, 5)",
        ),
        "matvec_3d": (
            lambda: WEIGHTED.on(5) @ np.ones((5, 2, 2)),
            "A @ v needs a vector of 5 elements (or a matrix with so many rows), got shape (5, "
            "2, 2); use A(x) for an array of shape (1, 5)",
        ),
        "matvec_strings": (
            lambda: WEIGHTED.on(3) @ ["a", "b", "c"],
            "expected an array of numbers, got dtype <U1",
        ),
        "matvec_scalar": (
            lambda: WEIGHTED.on(5) @ 2,
            "A @ v needs a vector of 5 elements (or a matrix with so many rows), got shape (); "
            "use A(x) for an array of shape (1, 5)",
        ),
    },
    cm.GeometryError: {
        "symbolic_upsample": (
            lambda: cm.upsample(scale_factor=2, ndim=1).on(N),
            "upsample needs a size in numbers, got (n,)",
        ),
        "array_channels": (
            lambda: cm.conv1d(2, 1, 1, weight=[[[1], [2]]])(np.ones((3, 5))),
            "conv1d(2, 1, 1, weight=<1×2×1 int64>) takes 2 channels, its input has 3; give it 3 "
            "input channels, or its input 2",
        ),
    },
    cm.WeightError: {
        "weightless_to_scipy": (
            lambda: PLAIN.on(5).to_scipy(),
            "conv1d has no weight and a SciPy matrix needs one; use layer.with_weight(w) with "
            "shape (1, 1, 3), or to_sympy() for symbols, or pattern for connectivity",
        ),
        "weightless_to_dense": (
            lambda: PLAIN.on(5).to_dense(),
            "conv1d has no weight and a dense matrix needs one; use layer.with_weight(w) with "
            "shape (1, 1, 3), or to_sympy() for symbols, or pattern for connectivity",
        ),
        "weightless_call": (
            lambda: PLAIN.on(5)(np.ones((1, 5))),
            "conv1d has no weight and applying it to an array needs one; use "
            "layer.with_weight(w) with shape (1, 1, 3), or to_sympy() for symbols, or pattern "
            "for connectivity",
        ),
        "weightless_layer_call": (
            lambda: PLAIN(np.ones((1, 5))),
            "conv1d has no weight and applying it to an array needs one; use "
            "layer.with_weight(w) with shape (1, 1, 3), or to_sympy() for symbols, or pattern "
            "for connectivity",
        ),
        "weightless_linear_operator": (
            lambda: PLAIN.on(5).to_linear_operator(),
            "conv1d has no weight and a linear operator needs one; use layer.with_weight(w) with "
            "shape (1, 1, 3), or to_sympy() for symbols, or pattern for connectivity",
        ),
        "weightless_transposed": (
            lambda: PLAIN.on(5).T.to_scipy(),
            "conv1d has no weight and a SciPy matrix needs one; use layer.with_weight(w) with "
            "shape (1, 1, 3), or to_sympy() for symbols, or pattern for connectivity",
        ),
        "weightless_matvec": (
            lambda: PLAIN.on(5) @ np.ones(5),
            "conv1d has no weight and applying it to an array needs one; use "
            "layer.with_weight(w) with shape (1, 1, 3), or to_sympy() for symbols, or pattern "
            "for connectivity",
        ),
        "weightless_sequential": (
            lambda: cm.sequential(PLAIN, cm.avg_pool(1, ndim=1)).on(5).to_scipy(),
            "conv1d has no weight and a SciPy matrix needs one; use layer.with_weight(w) with "
            "shape (1, 1, 3), or to_sympy() for symbols, or pattern for connectivity",
        ),
        "symbol_weight_to_scipy": (
            lambda: cm.conv1d(1, 1, 3, weight=cm.weight_symbols("w", (1, 1, 3))).on(5).to_scipy(),
            "a SciPy matrix holds machine numbers, the weight holds exact numbers or symbols; "
            "use A.to_sympy(), or give the weight as int or float",
        ),
        "dtype_complex": (
            lambda: cm.conv1d(1, 1, 3, weight=[[[1j, 2, 3]]]).on(5).to_scipy(float),
            "the matrix holds complex128, which float64 cannot; leave dtype out, or convert the "
            "weight first",
        ),
        "dtype_object": (
            lambda: WEIGHTED.on(5).to_scipy(object),
            "a SciPy matrix holds machine numbers, the weight holds exact numbers or symbols; "
            "use A.to_sympy(), or give the weight as int or float",
        ),
    },
    cm.NotLinearError: {
        "nonlinear_to_scipy": (
            lambda: cm.max_pool(2).on(4, 4).to_scipy(),
            "max_pool is not linear, so there is no SciPy matrix; it has a pattern, a graph and "
            "inputs_of/outputs_of",
        ),
        "nonlinear_transpose": (
            lambda: cm.relu(ndim=1).on(4).T,
            "relu is not linear, so there is no transpose; it has a pattern, a graph and "
            "inputs_of/outputs_of",
        ),
        "nonlinear_sequential": (
            lambda: cm.sequential(WEIGHTED, cm.relu(ndim=1)).on(4).to_dense(),
            "relu is not linear, so there is no dense matrix; it has a pattern, a graph and "
            "inputs_of/outputs_of",
        ),
        "nonlinear_to_sympy": (
            lambda: cm.relu(ndim=1).on(4).to_sympy(),
            "relu is not linear, so there is no SymPy matrix; it has a pattern, a graph and "
            "inputs_of/outputs_of",
        ),
        "nonlinear_operator": (
            lambda: cm.relu(ndim=1).on(4).to_linear_operator(),
            "relu is not linear, so there is no linear operator; it has a pattern, a graph and "
            "inputs_of/outputs_of",
        ),
    },
}

NAMED = {
    "array_ragged": (lambda: WEIGHTED.on(3)([[1, 2], [3]]), "[[1, 2], [3]]"),
    "layer_ragged": (lambda: WEIGHTED([[1, 2], [3]]), "[[1, 2], [3]]"),
    "array_none": (lambda: cm.conv1d(1, 1, 1, weight=[[[1]]])([[None]]), "None"),
    "inputs_of_int": (lambda: PLAIN.on(5).inputs_of(37), "37"),
    "inputs_of_float": (lambda: PLAIN.on(5).inputs_of((0, 1.5)), "1.5"),
    "inputs_of_string": (lambda: PLAIN.on(5).inputs_of("01"), "01"),
    "dtype_unknown": (lambda: WEIGHTED.on(5).to_scipy("floaty"), "floaty"),
}
"""What is said of these holds what was given, whatever the words."""
