"""What every wrong input is told: expected, given, fix, in one line."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import sympy

import convmatrix as cm

N = sympy.Symbol("n", integer=True, positive=True)
PLAIN = cm.conv1d(1, 1, 3)
WEIGHTED = PLAIN.with_weight([[[1, 2, 3]]])


def graph(layers, *edges):
    """A graph of named layers; an edge is a word of two letters."""
    made = nx.DiGraph()
    for name, layer in layers.items():
        made.add_node(name, layer=layer)
    made.add_edges_from(map(tuple, edges))
    return made


def joined(how):
    made = graph({"a": cm.relu(), "b": cm.relu(), "c": None}, "ac", "bc")
    made.nodes["c"]["join"] = how
    return made


WRONG = [
    (
        "kernel_too_big",
        lambda: cm.conv1d(1, 1, 5).on(3),
        cm.GeometryError,
        "kernel does not fit on axis 0: kernel_size=5 with dilation=1 spans 5, the padded "
        "input has 3; use an input of at least 5, or more padding",
    ),
    (
        "kernel_too_big_dilated",
        lambda: cm.conv2d(1, 1, 3, dilation=2, padding=1).on(5, 2),
        cm.GeometryError,
        "kernel does not fit on axis 1: kernel_size=3 with dilation=2 spans 5, the padded "
        "input has 4; use an input of at least 3, or more padding",
    ),
    (
        "pool_too_big",
        lambda: cm.avg_pool(4).on(3, 3),
        cm.GeometryError,
        "kernel does not fit on axis 0: kernel_size=4 with dilation=1 spans 4, the padded "
        "input has 3; use an input of at least 4, or more padding",
    ),
    (
        "transposed_no_output",
        lambda: cm.conv_transpose1d(1, 1, 3, padding=3).on(2),
        cm.GeometryError,
        "the output would have -2 elements on axis 0; use less padding than (3, 3) or a "
        "larger input",
    ),
    (
        "input_size_0",
        lambda: cm.conv1d(1, 1, 1).on(0),
        cm.GeometryError,
        "input size must be at least 1, got 0",
    ),
    (
        "input_size_negative",
        lambda: cm.conv2d(1, 1, 1).on(5, -1),
        cm.GeometryError,
        "input size must be at least 1, got -1",
    ),
    (
        "input_size_axes",
        lambda: cm.conv2d(1, 1, 3).on(5, 5, 5),
        cm.GeometryError,
        "input size must be an int or 2 of them, one an axis, got (5, 5, 5)",
    ),
    (
        "input_size_float",
        lambda: PLAIN.on(5.0),
        cm.GeometryError,
        "input size must be an integer or one integer an axis, got 5.0",
    ),
    (
        "groups_in",
        lambda: cm.conv2d(4, 6, 3, groups=3),
        cm.GeometryError,
        "groups=3 must divide in_channels=4; use 1 or 2",
    ),
    (
        "groups_out",
        lambda: cm.conv2d(4, 6, 3, groups=4),
        cm.GeometryError,
        "groups=4 must divide out_channels=6; use 1 or 2",
    ),
    (
        "groups_0",
        lambda: cm.conv1d(1, 1, 3, groups=0),
        cm.GeometryError,
        "groups must be at least 1, got 0",
    ),
    (
        "channels_0",
        lambda: cm.conv1d(0, 1, 3),
        cm.GeometryError,
        "in_channels must be at least 1, got 0",
    ),
    (
        "weight_reshape",
        lambda: cm.conv2d(2, 1, 3, weight=np.ones((2, 3, 3))),
        cm.WeightError,
        "weight must have shape (1, 2, 3, 3), got (2, 3, 3); reshape it to (1, 2, 3, 3)",
    ),
    (
        "weight_permuted",
        lambda: cm.conv2d(2, 4, 3, weight=np.ones((3, 3, 2, 4))),
        cm.WeightError,
        "weight must have shape (4, 2, 3, 3), got (3, 3, 2, 4); move its axes into this order"
        " with np.moveaxis (from Keras: cm.keras_weight)",
    ),
    (
        "weight_wrong",
        lambda: cm.conv2d(1, 1, 3, weight=np.ones((1, 1, 5, 5))),
        cm.WeightError,
        "weight must have shape (1, 1, 3, 3), got (1, 1, 5, 5); give one value a tap in that "
        "layout",
    ),
    (
        "weight_with_weight",
        lambda: PLAIN.with_weight([1, 2, 3, 4]),
        cm.WeightError,
        "weight must have shape (1, 1, 3), got (4,); give one value a tap in that layout",
    ),
    (
        "weight_ragged",
        lambda: cm.conv1d(1, 1, 3, weight=[[1, 2], [3]]),
        cm.WeightError,
        "weight must be an array of numbers of shape (1, 1, 3), got [[1, 2], [3]]",
    ),
    (
        "weight_strings",
        lambda: cm.conv1d(1, 1, 3, weight=[[["a", "b", "c"]]]),
        cm.WeightError,
        "weight must be an array of numbers of shape (1, 1, 3), got [[['a', 'b', 'c']]]",
    ),
    (
        "weight_on_relu",
        lambda: cm.relu().with_weight([1]),
        cm.WeightError,
        "ReLU has no weight; give weights to convolutions only",
    ),
    (
        "bias_wrong",
        lambda: cm.conv1d(1, 2, 3, bias=[1, 2, 3]),
        cm.WeightError,
        "bias must have shape (2,), got (3,); give one a channel",
    ),
    (
        "bias_string",
        lambda: cm.conv1d(1, 1, 3, bias="ab"),
        cm.WeightError,
        "bias must be an array of numbers of shape (1,), got 'ab'",
    ),
    (
        "padding_mode",
        lambda: cm.conv1d(1, 1, 3, padding_mode="mirror"),
        cm.GeometryError,
        "padding_mode must be one of ('zeros', 'circular', 'reflect', 'replicate'), got 'mirror'",
    ),
    (
        "padding_mode_none",
        lambda: cm.conv1d(1, 1, 3, padding_mode=None),
        cm.GeometryError,
        "padding_mode must be one of ('zeros', 'circular', 'reflect', 'replicate'), got None",
    ),
    (
        "padding_word",
        lambda: cm.conv1d(1, 1, 3, padding="SAME_UPPER"),
        cm.GeometryError,
        "padding must be numbers or one of ('valid', 'same', 'same_lower', 'full', 'causal'),"
        " got 'SAME_UPPER'",
    ),
    (
        "padding_pair_1d",
        lambda: cm.conv1d(1, 1, 3, padding=(1, 2)),
        cm.GeometryError,
        "padding must be an int, or for each of the 1 axes an int or a (before, after) pair, "
        "got (1, 2); write a pair as ((1, 2),)",
    ),
    (
        "padding_three",
        lambda: cm.conv2d(1, 1, 3, padding=(1, 2, 3)),
        cm.GeometryError,
        "padding must be an int, or for each of the 2 axes an int or a (before, after) pair, "
        "got (1, 2, 3)",
    ),
    (
        "padding_triple",
        lambda: cm.conv1d(1, 1, 3, padding=((1, 2, 3),)),
        cm.GeometryError,
        "padding of an axis must be an int or (before, after), got ((1, 2, 3),)",
    ),
    (
        "padding_float",
        lambda: cm.conv1d(1, 1, 3, padding=1.5),
        cm.GeometryError,
        "padding must be an integer or one integer an axis, got 1.5",
    ),
    (
        "padding_none",
        lambda: cm.conv1d(1, 1, 3, padding=None),
        cm.GeometryError,
        "padding must be an integer or one integer an axis, got None",
    ),
    (
        "padding_negative_conv",
        lambda: cm.conv1d(1, 1, 3, padding=-2).on(5),
        cm.GeometryError,
        "kernel does not fit on axis 0: kernel_size=3 with dilation=1 spans 3, the padded "
        "input has 1; use an input of at least 7, or more padding",
    ),
    (
        "reflect_too_large",
        lambda: cm.conv1d(1, 1, 3, padding=3, padding_mode="reflect").on(3),
        cm.GeometryError,
        "reflect padding on axis 0 must be smaller than the input size 3, got (3, 3); use "
        "padding_mode='replicate' or less padding",
    ),
    (
        "output_padding",
        lambda: cm.conv_transpose1d(1, 1, 3, stride=2, output_padding=2),
        cm.GeometryError,
        "output_padding must be smaller than stride or dilation, got 2 with stride=2, "
        "dilation=1; use at most 1",
    ),
    (
        "output_padding_dilation",
        lambda: cm.conv_transpose1d(1, 1, 3, dilation=3, output_padding=3),
        cm.GeometryError,
        "output_padding must be smaller than stride or dilation, got 3 with stride=1, "
        "dilation=3; use at most 2",
    ),
    (
        "output_padding_negative",
        lambda: cm.conv_transpose1d(1, 1, 3, output_padding=-1),
        cm.GeometryError,
        "output_padding must be at least 0, got -1",
    ),
    (
        "output_padding_same",
        lambda: cm.conv_transpose1d(1, 1, 3, stride=2, padding="same", output_padding=1),
        cm.GeometryError,
        "padding='same' makes the output stride × input, so output_padding must be 0, got 1; "
        "give the padding in numbers instead",
    ),
    (
        "stride_0",
        lambda: cm.conv1d(1, 1, 3, stride=0),
        cm.GeometryError,
        "stride must be at least 1, got 0",
    ),
    (
        "stride_negative",
        lambda: cm.conv2d(1, 1, 3, stride=(1, -2)),
        cm.GeometryError,
        "stride must be at least 1, got -2",
    ),
    (
        "stride_float",
        lambda: cm.conv1d(1, 1, 3, stride=1.5),
        cm.GeometryError,
        "stride must be an integer or one integer an axis, got 1.5",
    ),
    (
        "stride_float_whole",
        lambda: cm.conv1d(1, 1, 3, stride=2.0),
        cm.GeometryError,
        "stride must be an integer or one integer an axis, got 2.0",
    ),
    (
        "stride_string",
        lambda: cm.conv1d(1, 1, 3, stride="2"),
        cm.GeometryError,
        "stride must be an integer or one integer an axis, got '2'",
    ),
    (
        "stride_axes",
        lambda: cm.conv2d(1, 1, 3, stride=(1, 2, 3)),
        cm.GeometryError,
        "stride must be an int or 2 of them, one an axis, got (1, 2, 3)",
    ),
    (
        "kernel_0",
        lambda: cm.conv1d(1, 1, 0),
        cm.GeometryError,
        "kernel_size must be at least 1, got 0",
    ),
    (
        "kernel_negative",
        lambda: cm.conv1d(1, 1, -3),
        cm.GeometryError,
        "kernel_size must be at least 1, got -3",
    ),
    (
        "dilation_0",
        lambda: cm.conv1d(1, 1, 3, dilation=0),
        cm.GeometryError,
        "dilation must be at least 1, got 0",
    ),
    (
        "dilation_negative",
        lambda: cm.conv1d(1, 1, 3, dilation=-1),
        cm.GeometryError,
        "dilation must be at least 1, got -1",
    ),
    (
        "symbolic_oo",
        lambda: cm.conv1d(1, 1, 3, stride=sympy.oo),
        cm.GeometryError,
        "stride must be an integer, got oo",
    ),
    (
        "symbolic_half",
        lambda: cm.conv1d(1, 1, 3, padding=sympy.Rational(5, 2)),
        cm.GeometryError,
        "padding must be an integer, got 5/2",
    ),
    (
        "symbolic_pi",
        lambda: cm.conv1d(1, 1, sympy.pi),
        cm.GeometryError,
        "kernel_size must be an integer, got pi",
    ),
    (
        "symbolic_zoo",
        lambda: cm.conv1d(1, 1, sympy.nan),
        cm.GeometryError,
        "kernel_size must be an integer, got nan",
    ),
    (
        "symbolic_half_k",
        lambda: PLAIN.on(N + sympy.Rational(1, 2)),
        cm.GeometryError,
        "input size must be a finite integer expression, got n + 1/2",
    ),
    (
        "symbolic_nonneg",
        lambda: cm.conv1d(1, 1, 3, stride=-N),
        cm.GeometryError,
        "stride must be at least 1, got -n",
    ),
    (
        "symbolic_to_scipy",
        lambda: WEIGHTED.on(N).to_scipy(),
        cm.SymbolicError,
        "cannot build its matrix: the geometry has the symbols n; build the layer and bind it"
        " with integers in their place, e.g. n=3",
    ),
    (
        "symbolic_to_dense",
        lambda: WEIGHTED.on(N).to_dense(),
        cm.SymbolicError,
        "cannot build its matrix: the geometry has the symbols n; build the layer and bind it"
        " with integers in their place, e.g. n=3",
    ),
    (
        "symbolic_pattern",
        lambda: PLAIN.on(N).pattern,
        cm.SymbolicError,
        "cannot list its pattern: the geometry has the symbols n; build the layer and bind it"
        " with integers in their place, e.g. n=3",
    ),
    (
        "symbolic_nnz",
        lambda: PLAIN.on(N).nnz,
        cm.SymbolicError,
        "cannot count its connections: the geometry has the symbols n; build the layer and "
        "bind it with integers in their place, e.g. n=3",
    ),
    (
        "symbolic_call",
        lambda: WEIGHTED.on(N)(np.ones((1, 5))),
        cm.SymbolicError,
        "cannot apply to an array: the geometry has the symbols n; build the layer and bind "
        "it with integers in their place, e.g. n=3",
    ),
    (
        "symbolic_layer_call",
        lambda: cm.conv1d(1, 1, 3, padding=N, weight=[[[1, 2, 3]]])(np.ones((1, 5))),
        cm.SymbolicError,
        "cannot apply to an array: the geometry has the symbols n; build the layer and bind "
        "it with integers in their place, e.g. n=3",
    ),
    (
        "symbolic_matvec",
        lambda: WEIGHTED.on(N) @ np.ones(5),
        cm.ShapeError,
        "A @ v needs a vector of n elements (or a matrix with so many rows), got shape (5,); "
        "use A(x) for an array of shape (1, n)",
    ),
    (
        "symbolic_inputs_of",
        lambda: PLAIN.on(N).inputs_of((0, 0)),
        cm.SymbolicError,
        "cannot list its connections: the geometry has the symbols n; build the layer and "
        "bind it with integers in their place, e.g. n=3",
    ),
    (
        "symbolic_networkx",
        lambda: PLAIN.on(N).to_networkx(),
        cm.SymbolicError,
        "cannot list its pattern: the geometry has the symbols n; build the layer and bind it"
        " with integers in their place, e.g. n=3",
    ),
    (
        "symbolic_sympy",
        lambda: PLAIN.on(N).to_sympy(),
        cm.SymbolicError,
        "cannot list its pattern: the geometry has the symbols n; build the layer and bind it"
        " with integers in their place, e.g. n=3",
    ),
    (
        "symbolic_upsample",
        lambda: cm.upsample(scale_factor=2, ndim=1).on(N),
        cm.GeometryError,
        "upsample needs a size in numbers, got (n,)",
    ),
    (
        "symbolic_linear_operator",
        lambda: WEIGHTED.on(N).to_linear_operator(),
        cm.SymbolicError,
        "cannot make an operator: the geometry has the symbols n; build the layer and bind it"
        " with integers in their place, e.g. n=3",
    ),
    (
        "symbolic_transposed",
        lambda: WEIGHTED.on(N).T.to_scipy(),
        cm.SymbolicError,
        "cannot build its matrix: the geometry has the symbols n; build the layer and bind it"
        " with integers in their place, e.g. n=3",
    ),
    (
        "weightless_to_scipy",
        lambda: PLAIN.on(5).to_scipy(),
        cm.WeightError,
        "conv1d has no weight and a SciPy matrix needs one; use layer.with_weight(w) with "
        "shape (1, 1, 3), or to_sympy() for symbols, or pattern for connectivity",
    ),
    (
        "weightless_to_dense",
        lambda: PLAIN.on(5).to_dense(),
        cm.WeightError,
        "conv1d has no weight and a dense matrix needs one; use layer.with_weight(w) with "
        "shape (1, 1, 3), or to_sympy() for symbols, or pattern for connectivity",
    ),
    (
        "weightless_call",
        lambda: PLAIN.on(5)(np.ones((1, 5))),
        cm.WeightError,
        "conv1d has no weight and applying it to an array needs one; use layer.with_weight(w)"
        " with shape (1, 1, 3), or to_sympy() for symbols, or pattern for connectivity",
    ),
    (
        "weightless_layer_call",
        lambda: PLAIN(np.ones((1, 5))),
        cm.WeightError,
        "conv1d has no weight and applying it to an array needs one; use layer.with_weight(w)"
        " with shape (1, 1, 3), or to_sympy() for symbols, or pattern for connectivity",
    ),
    (
        "weightless_linear_operator",
        lambda: PLAIN.on(5).to_linear_operator(),
        cm.WeightError,
        "conv1d has no weight and a linear operator needs one; use layer.with_weight(w) with "
        "shape (1, 1, 3), or to_sympy() for symbols, or pattern for connectivity",
    ),
    (
        "weightless_transposed",
        lambda: PLAIN.on(5).T.to_scipy(),
        cm.WeightError,
        "conv1d has no weight and a SciPy matrix needs one; use layer.with_weight(w) with "
        "shape (1, 1, 3), or to_sympy() for symbols, or pattern for connectivity",
    ),
    (
        "weightless_matvec",
        lambda: PLAIN.on(5) @ np.ones(5),
        cm.WeightError,
        "conv1d has no weight and applying it to an array needs one; use layer.with_weight(w)"
        " with shape (1, 1, 3), or to_sympy() for symbols, or pattern for connectivity",
    ),
    (
        "weightless_sequential",
        lambda: cm.sequential(PLAIN, cm.avg_pool(1, ndim=1)).on(5).to_scipy(),
        cm.WeightError,
        "conv1d has no weight and a SciPy matrix needs one; use layer.with_weight(w) with "
        "shape (1, 1, 3), or to_sympy() for symbols, or pattern for connectivity",
    ),
    (
        "symbol_weight_to_scipy",
        lambda: cm.conv1d(1, 1, 3, weight=cm.weight_symbols("w", (1, 1, 3))).on(5).to_scipy(),
        cm.WeightError,
        "a SciPy matrix holds machine numbers, the weight holds exact numbers or symbols; use"
        " A.to_sympy(), or give the weight as int or float",
    ),
    (
        "array_shape",
        lambda: WEIGHTED.on(5)(np.ones((1, 6))),
        cm.ShapeError,
        "expected an array (*batch, 1, 5), got shape (1, 6); bind the layer to that size, or "
        "reshape the array",
    ),
    (
        "array_strings",
        lambda: WEIGHTED.on(3)([["a", "b", "c"]]),
        cm.ShapeError,
        "expected an array of numbers, got dtype <U1",
    ),
    (
        "array_channel_axis",
        lambda: WEIGHTED(np.ones(5)),
        cm.ShapeError,
        "expected an array (*batch, channels, 1 spatial axes), got shape (5,); add a channel "
        "axis with x[None]",
    ),
    (
        "array_channels",
        lambda: cm.conv1d(2, 1, 1, weight=[[[1], [2]]])(np.ones((3, 5))),
        cm.GeometryError,
        "conv1d(2, 1, 1, weight=<1×2×1 int64>) takes 2 channels, its input has 3; give it 3 input "
        "channels, or its input 2",
    ),
    (
        "array_0d",
        lambda: cm.avg_pool(2)(1.0),
        cm.ShapeError,
        "expected an array (*batch, channels, 2 spatial axes), got shape (); add a channel "
        "axis with x[None]",
    ),
    (
        "inputs_of_outside",
        lambda: PLAIN.on(5).inputs_of((0, 3)),
        cm.ShapeError,
        "element (0, 3) is not in shape (1, 3); use (channel, *position) with each index from"
        " 0 to its size - 1",
    ),
    (
        "inputs_of_negative",
        lambda: PLAIN.on(5).inputs_of((0, -4)),
        cm.ShapeError,
        "element (0, -4) is not in shape (1, 3); use (channel, *position) with each index "
        "from 0 to its size - 1",
    ),
    (
        "outputs_of_outside",
        lambda: cm.conv2d(1, 1, 3).on(5, 5).outputs_of((0, 5, 0)),
        cm.ShapeError,
        "element (0, 5, 0) is not in shape (1, 5, 5); use (channel, *position) with each "
        "index from 0 to its size - 1",
    ),
    (
        "outputs_of_axes",
        lambda: cm.conv2d(1, 1, 3).on(5, 5).outputs_of((5, 5)),
        cm.ShapeError,
        "element (5, 5) is not in shape (1, 5, 5); use (channel, *position) with each index "
        "from 0 to its size - 1",
    ),
    (
        "compose",
        lambda: PLAIN.on(9) @ PLAIN.on(5),
        cm.ShapeError,
        "B @ A needs A's output to be B's input: A gives (1, 3), B takes (1, 9); bind B to (3,)",
    ),
    (
        "matvec_length",
        lambda: WEIGHTED.on(5) @ np.ones(4),
        cm.ShapeError,
        "A @ v needs a vector of 5 elements (or a matrix with so many rows), got shape (4,); "
        "use A(x) for an array of shape (1, 5)",
    ),
    (
        "matvec_3d",
        lambda: WEIGHTED.on(5) @ np.ones((5, 2, 2)),
        cm.ShapeError,
        "A @ v needs a vector of 5 elements (or a matrix with so many rows), got shape (5, 2,"
        " 2); use A(x) for an array of shape (1, 5)",
    ),
    (
        "matvec_strings",
        lambda: WEIGHTED.on(3) @ ["a", "b", "c"],
        cm.ShapeError,
        "expected an array of numbers, got dtype <U1",
    ),
    (
        "matvec_scalar",
        lambda: WEIGHTED.on(5) @ 2,
        cm.ShapeError,
        "A @ v needs a vector of 5 elements (or a matrix with so many rows), got shape (); "
        "use A(x) for an array of shape (1, 5)",
    ),
    (
        "nonlinear_to_scipy",
        lambda: cm.max_pool(2).on(4, 4).to_scipy(),
        cm.NotLinearError,
        "max_pool is not linear, so there is no SciPy matrix; it has a pattern, a graph and "
        "inputs_of/outputs_of",
    ),
    (
        "nonlinear_transpose",
        lambda: cm.relu(ndim=1).on(4).T,
        cm.NotLinearError,
        "relu is not linear, so there is no transpose; it has a pattern, a graph and "
        "inputs_of/outputs_of",
    ),
    (
        "nonlinear_sequential",
        lambda: cm.sequential(WEIGHTED, cm.relu(ndim=1)).on(4).to_dense(),
        cm.NotLinearError,
        "relu is not linear, so there is no dense matrix; it has a pattern, a graph and "
        "inputs_of/outputs_of",
    ),
    (
        "nonlinear_to_sympy",
        lambda: cm.relu(ndim=1).on(4).to_sympy(),
        cm.NotLinearError,
        "relu is not linear, so there is no SymPy matrix; it has a pattern, a graph and "
        "inputs_of/outputs_of",
    ),
    (
        "nonlinear_operator",
        lambda: cm.relu(ndim=1).on(4).to_linear_operator(),
        cm.NotLinearError,
        "relu is not linear, so there is no linear operator; it has a pattern, a graph and "
        "inputs_of/outputs_of",
    ),
    (
        "pixel_shuffle_channels",
        lambda: cm.pixel_shuffle(2, channels=6),
        cm.GeometryError,
        "pixel_shuffle needs channels divisible by factor^2=4, got 6; use 4",
    ),
    (
        "pixel_unshuffle_size",
        lambda: cm.pixel_unshuffle(2, channels=1).on(4, 5),
        cm.GeometryError,
        "pixel_unshuffle needs sizes that factor=2 divides, got 5 on axis 1; use 4 or 6",
    ),
    (
        "pixel_shuffle_factor",
        lambda: cm.pixel_shuffle(0, channels=4),
        cm.GeometryError,
        "factor must be at least 1, got 0",
    ),
    (
        "channel_shuffle",
        lambda: cm.channel_shuffle(3, channels=4),
        cm.GeometryError,
        "groups=3 must divide channels=4; use a divisor of 4",
    ),
    (
        "channel_shuffle_0",
        lambda: cm.channel_shuffle(0, channels=4),
        cm.GeometryError,
        "groups must be at least 1, got 0",
    ),
    (
        "upsample_neither",
        lambda: cm.upsample(),
        cm.GeometryError,
        "upsample takes size or scale_factor, one of the two, got size=None and scale_factor=None",
    ),
    (
        "upsample_both",
        lambda: cm.upsample(size=4, scale_factor=2),
        cm.GeometryError,
        "upsample takes size or scale_factor, one of the two, got size=4 and scale_factor=2",
    ),
    (
        "upsample_mode",
        lambda: cm.upsample(scale_factor=2, mode="cubic"),
        cm.GeometryError,
        "upsample mode must be one of ('nearest', 'nearest-exact', 'linear', 'bilinear', "
        "'trilinear'), got 'cubic'",
    ),
    (
        "upsample_align",
        lambda: cm.upsample(scale_factor=2, align_corners=True),
        cm.GeometryError,
        "align_corners belongs to the linear modes, got mode='nearest'",
    ),
    (
        "upsample_axes",
        lambda: cm.upsample(scale_factor=2, mode="bilinear", ndim=1),
        cm.GeometryError,
        "mode='bilinear' has 2 axes, got 1; use 'linear'",
    ),
    (
        "upsample_scale_0",
        lambda: cm.upsample(scale_factor=0),
        cm.GeometryError,
        "scale_factor must be a positive number or 2 of them, one an axis, got 0",
    ),
    (
        "upsample_scale_nan",
        lambda: cm.upsample(scale_factor=float("nan")),
        cm.GeometryError,
        "scale_factor must be a positive number or 2 of them, one an axis, got nan",
    ),
    (
        "upsample_scale_string",
        lambda: cm.upsample(scale_factor="x"),
        cm.GeometryError,
        "scale_factor must be a positive number or 2 of them, one an axis, got 'x'",
    ),
    (
        "upsample_size_0",
        lambda: cm.upsample(size=0),
        cm.GeometryError,
        "size must be at least 1, got 0",
    ),
    (
        "upsample_nothing",
        lambda: cm.upsample(scale_factor=0.1, ndim=1).on(5),
        cm.GeometryError,
        "upsample leaves no output on axis 0: size 5 times scale_factor=0.1; use a "
        "scale_factor of at least 0.2",
    ),
    (
        "crop_nothing",
        lambda: cm.pad(-3, ndim=1).on(5),
        cm.GeometryError,
        "cropping 3 and 3 leaves nothing of the 5 elements on axis 0; crop at most 4 in all",
    ),
    (
        "pad_word",
        lambda: cm.pad("same"),
        cm.GeometryError,
        "pad takes numbers, got 'same'; words belong to a layer with a kernel",
    ),
    (
        "pad_mode",
        lambda: cm.pad(1, mode="mirror"),
        cm.GeometryError,
        "padding_mode must be one of ('zeros', 'circular', 'reflect', 'replicate'), got 'mirror'",
    ),
    (
        "pad_reflect",
        lambda: cm.pad(3, mode="reflect", ndim=1).on(3),
        cm.GeometryError,
        "reflect padding on axis 0 must be smaller than the input size 3, got (3, 3); use "
        "padding_mode='replicate' or less padding",
    ),
    (
        "sequential_empty",
        lambda: cm.sequential(),
        cm.GeometryError,
        "sequential needs at least one layer, got none",
    ),
    (
        "sequential_not_layer",
        lambda: cm.sequential(3),
        cm.GeometryError,
        "sequential takes layers, or one list of them, got 3; make one, e.g. conv2d",
    ),
    (
        "sequential_ndim",
        lambda: cm.sequential(PLAIN, cm.conv2d(1, 1, 3)),
        cm.GeometryError,
        "sequential needs layers with one number of axes: conv1d(1, 1, 3) has 1, conv2d(1, 1, 3) "
        "2; see ndim=",
    ),
    (
        "sequential_channels",
        lambda: cm.sequential(cm.conv1d(1, 2, 3), cm.conv1d(3, 1, 3)),
        cm.GeometryError,
        "layer 2 of sequential: conv1d(3, 1, 3) takes 3 channels, its input has 2; give it 2 "
        "input channels, or its input 3",
    ),
    (
        "sequential_weights",
        lambda: cm.sequential(PLAIN, PLAIN).with_weight([np.ones((1, 1, 3))]),
        cm.WeightError,
        "a sequential of 2 weighted layers takes a list of 2 weights, got 1",
    ),
    (
        "network_cycle",
        lambda: cm.network(nx.DiGraph([("a", "b"), ("b", "a")])),
        cm.GeometryError,
        "network takes a directed acyclic graph with at least one node; remove its cycles",
    ),
    (
        "network_empty",
        lambda: cm.network(nx.DiGraph()),
        cm.GeometryError,
        "network takes a directed acyclic graph with at least one node; remove its cycles",
    ),
    (
        "network_two_outputs",
        lambda: cm.network(graph({"a": cm.relu(), "b": cm.relu(), "c": cm.relu()}, "ab", "ac")),
        cm.GeometryError,
        "network needs one output node, got ['b', 'c']; join them in one node",
    ),
    (
        "network_branches",
        lambda: cm.network(graph({"a": cm.conv1d(1, 1, 1), "b": PLAIN, "c": None}, "ac", "bc")).on(
            5
        ),
        cm.GeometryError,
        "node 'c' joins branches of shapes (1, 5), (1, 3) by add; make their sizes equal, or "
        "use join='concat' to stack channels",
    ),
    (
        "network_branch_channels",
        lambda: cm.network(
            graph({"a": cm.conv1d(1, 1, 1), "b": cm.conv1d(1, 2, 1), "c": None}, "ac", "bc")
        ).on(5),
        cm.GeometryError,
        "node 'c' joins branches of shapes (1, 5), (2, 5) by add; make their sizes equal, or "
        "use join='concat' to stack channels",
    ),
    (
        "network_axes",
        lambda: cm.network(graph({"a": cm.conv1d(1, 1, 1), "b": cm.relu()}, "ab")),
        cm.GeometryError,
        "network needs layers with one number of axes, got 1 (node 'a') and 2 (node 'b'); see "
        "ndim=",
    ),
    (
        "network_not_layer",
        lambda: cm.network(graph({"a": 3})),
        cm.ShapeError,
        "the layer of node 'a' must be a layer, got 3",
    ),
    (
        "network_join",
        lambda: cm.network(joined("mul")),
        cm.GeometryError,
        "join of node 'c' must be one of ('add', 'concat'), got 'mul'",
    ),
    (
        "network_weights",
        lambda: cm.network(graph({"a": cm.conv1d(1, 1, 1)})).with_weight([]),
        cm.WeightError,
        "a network of 1 weighted layers takes a list of 1 weights, got 0",
    ),
    (
        "prove_level",
        lambda: cm.prove_equal(PLAIN.on(5), PLAIN.on(5), level="exact"),
        cm.ProofError,
        "level must be one of ('size', 'connectivity', 'weights'), got 'exact'",
    ),
    (
        "prove_plain_symbol",
        lambda: cm.prove_equal(PLAIN.on(sympy.Symbol("x")), PLAIN.on(5)),
        cm.SymbolicError,
        "a symbol of a geometry is an integer with a plain name, got x; make it with "
        "cm.symbols('x')",
    ),
    (
        "prove_vacuous",
        lambda: cm.prove_equal(cm.conv1d(1, 1, N + 1).on(N), cm.conv1d(1, 1, N + 1).on(N)),
        cm.ProofError,
        "the statement is vacuous: no geometry meets n - 1 ≥ 0; n ≥ 0; -1 ≥ 0; use an input that "
        "the kernel fits",
    ),
    (
        "prove_method",
        lambda: cm.prove_equal(PLAIN.on(N), PLAIN.on(N), method="luck"),
        cm.ProofError,
        "method must be one of ('auto', 'certificate', 'presburger', 'search'), got 'luck'",
    ),
    (
        "prove_transpose_options",
        lambda: cm.prove_transpose(PLAIN, stride=2),
        cm.ProofError,
        "stride belong to the layer; use prove_transpose(layer) or, for every convolution with "
        "them, prove_transpose(stride=...)",
    ),
    (
        "prove_nonlinear",
        lambda: cm.prove_equal(cm.relu(ndim=1).on(5), cm.relu(ndim=1).on(5)),
        cm.NotLinearError,
        "relu is not linear, so there is no proof about matrices; it has a pattern, a graph "
        "and inputs_of/outputs_of",
    ),
    (
        "textbook_pool",
        lambda: cm.textbook_transpose(cm.avg_pool(2), 4),
        cm.ProofError,
        "the textbook construction is of a convolution or its transpose, got avg_pool(2); use"
        " prove_equal for other maps",
    ),
    (
        "prove_transpose_relu",
        lambda: cm.prove_transpose(cm.relu(), 4),
        cm.ProofError,
        "the textbook construction is of a convolution or its transpose, got relu(); use "
        "prove_equal for other maps",
    ),
    (
        "separability_empty",
        lambda: cm.separability([]),
        cm.WeightError,
        "a kernel needs two or more axes and at least one element, got shape (0,); a 1-D "
        "kernel is separable as it is",
    ),
    (
        "separability_1d",
        lambda: cm.separability([1, 2, 1]),
        cm.WeightError,
        "a kernel needs two or more axes and at least one element, got shape (3,); a 1-D "
        "kernel is separable as it is",
    ),
    (
        "separability_ragged",
        lambda: cm.separability([[1, 2], [3]]),
        cm.WeightError,
        "a kernel must be rectangular, got rows of different lengths: [[1, 2], [3]]",
    ),
    (
        "separability_nan",
        lambda: cm.separability([[1.0, float("nan")], [1.0, 1.0]]),
        cm.WeightError,
        "a kernel must be finite, got nan or inf; replace them first",
    ),
    (
        "separability_inf",
        lambda: cm.separability([[1.0, float("inf")], [1.0, 1.0]]),
        cm.WeightError,
        "a kernel must be finite, got nan or inf; replace them first",
    ),
    (
        "separability_inf_object",
        lambda: cm.separability(np.array([[1, float("inf")], [1, 1]], object), exact=True),
        cm.WeightError,
        "a kernel must be finite, got inf; replace it first",
    ),
    (
        "separability_string",
        lambda: cm.separability([["1", "a"], ["1", "1"]]),
        cm.WeightError,
        "a kernel entry must be a finite number, fraction, decimal string or SymPy expression, "
        "got 'a'",
    ),
    (
        "separability_none",
        lambda: cm.separability([[1, None], [1, 1]]),
        cm.WeightError,
        "a kernel entry must be a finite number, fraction, decimal string or SymPy expression, "
        "got None",
    ),
    (
        "separability_tol",
        lambda: cm.separability([[1.0, 2.0], [2.0, 4.0]], tol=-1),
        cm.WeightError,
        "tol must be 0 or more, got -1; leave it out for the default",
    ),
    (
        "separability_tol_nan",
        lambda: cm.separability([[1.0, 2.0], [2.0, 4.0]], tol=float("nan")),
        cm.WeightError,
        "tol must be 0 or more, got nan; leave it out for the default",
    ),
    (
        "separability_exact_complex",
        lambda: cm.separability([[1j, 2.0], [2.0, 4.0]], exact=True),
        cm.WeightError,
        "exact=True takes real numbers, got complex; give SymPy numbers instead",
    ),
    (
        "dtype_complex",
        lambda: cm.conv1d(1, 1, 3, weight=[[[1j, 2, 3]]]).on(5).to_scipy(float),
        cm.WeightError,
        "the matrix holds complex128, which float64 cannot; leave dtype out, or convert the "
        "weight first",
    ),
    (
        "dtype_object",
        lambda: WEIGHTED.on(5).to_scipy(object),
        cm.WeightError,
        "a SciPy matrix holds machine numbers, the weight holds exact numbers or symbols; use"
        " A.to_sympy(), or give the weight as int or float",
    ),
    (
        "keras_kind",
        lambda: cm.keras_weight(np.ones((3, 3, 1, 1)), kind="dense"),
        cm.WeightError,
        "kind must be one of ('conv', 'transpose', 'depthwise'), got 'dense'",
    ),
    (
        "keras_shape",
        lambda: cm.keras_weight(np.ones((3, 3))),
        cm.WeightError,
        "a Keras kernel has shape (*size, in, out), got (3, 3)",
    ),
    (
        "divisor_0",
        lambda: cm.avg_pool(2, divisor_override=0),
        cm.GeometryError,
        "divisor_override must not be 0; leave it out for the window's size",
    ),
    (
        "receptive_shuffle",
        lambda: cm.receptive_field(cm.pixel_shuffle(2, channels=4)),
        cm.GeometryError,
        "pixel_shuffle moves or resizes elements, so there is no one receptive field; ask "
        "inputs_of(element) of the map instead",
    ),
    (
        "explain_symbolic",
        lambda: cm.explain(PLAIN, N),
        cm.SymbolicError,
        "cannot explain it: the geometry has the symbols n; build the layer and bind it with "
        "integers in their place, e.g. n=3",
    ),
    (
        "layer_channels_none",
        lambda: cm.conv1d(None, 1, 3),
        cm.GeometryError,
        "in_channels must be an integer or one integer an axis, got None",
    ),
    (
        "ndim_0",
        lambda: cm.relu(ndim=0),
        cm.GeometryError,
        "a layer has 1 to 15 axes, got 0; see ndim=",
    ),
    (
        "pool_ndim_conflict",
        lambda: cm.avg_pool((2, 2), ndim=3),
        cm.GeometryError,
        "kernel_size must be an int or 3 of them, one an axis, got (2, 2)",
    ),
    (
        "pool_padding_word",
        lambda: cm.avg_pool(2, padding="mirror"),
        cm.GeometryError,
        "padding must be numbers or one of ('valid', 'same', 'same_lower', 'full', 'causal'),"
        " got 'mirror'",
    ),
]

# What is said of these should hold what was given, whatever the words.
ALSO_WRONG = [
    ("weight_holds_none", lambda: cm.conv1d(1, 1, 2, weight=[[[None, 1]]]), "None"),
    (
        "weight_holds_a_string",
        lambda: cm.conv1d(1, 1, 2, weight=np.array([[[1, "a"]]], object)),
        "a",
    ),
    ("padding_mode_list", lambda: cm.conv1d(1, 1, 3, padding_mode=["zeros"]), "['zeros']"),
    (
        "groups_transpose",
        lambda: cm.conv_transpose2d(4, 6, 3, groups=4),
        "groups=4 must divide out_channels=6; use 1 or 2",
    ),
    ("array_ragged", lambda: WEIGHTED.on(3)([[1, 2], [3]]), "[[1, 2], [3]]"),
    ("layer_ragged", lambda: WEIGHTED([[1, 2], [3]]), "[[1, 2], [3]]"),
    ("array_none", lambda: cm.conv1d(1, 1, 1, weight=[[[1]]])([[None]]), "None"),
    ("inputs_of_int", lambda: PLAIN.on(5).inputs_of(37), "37"),
    ("inputs_of_float", lambda: PLAIN.on(5).inputs_of((0, 1.5)), "1.5"),
    ("inputs_of_string", lambda: PLAIN.on(5).inputs_of("01"), "01"),
    (
        "pixel_unshuffle_small",
        lambda: cm.pixel_unshuffle(3, channels=1).on(2, 3),
        "got 2 on axis 0; use 3",
    ),
    ("network_not_graph", lambda: cm.network([1, 2]), "[1, 2]"),
    ("prove_layers", lambda: cm.prove_equal(PLAIN, PLAIN), "conv1d(1, 1, 3)"),
    ("separability_tol_string", lambda: cm.separability(np.eye(2), tol="a"), "'a'"),
    ("dtype_unknown", lambda: WEIGHTED.on(5).to_scipy("floaty"), "floaty"),
    ("factors_int", lambda: cm.spatially_separable(1, 1, 3), "3"),
    ("cost_symbolic", lambda: cm.cost(PLAIN, N), "n"),
]


def caught(call):
    """The exception that a call raises, whatever it is."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - its class is what is tested
        call()
    return caught.value


@pytest.mark.parametrize(
    ("call", "kind", "message"), [pytest.param(*case, id=name) for name, *case in WRONG]
)
def test_message(call, kind, message):
    error = caught(call)
    assert (type(error), str(error)) == (kind, message)
    assert isinstance(error, cm.ConvMatrixError)
    assert isinstance(error, ValueError)


@pytest.mark.parametrize(
    ("call", "given"), [pytest.param(*case, id=name) for name, *case in ALSO_WRONG]
)
def test_what_was_given_is_named(call, given):
    error = caught(call)
    assert isinstance(error, cm.ConvMatrixError), f"{type(error).__name__}: {error}"
    assert given in str(error)
    assert not set("{}\n\r") & set(str(error))
    assert not str(error).endswith("use 3 or 3")


def test_no_message_is_broken():
    for name, call, *_ in WRONG:
        message = str(caught(call))
        assert not set("{}\n\r") & set(message), name
        assert message[-1] != ".", name
        assert len(message) < 240, name


def test_case_names_are_unique():
    names = [name for name, *_ in [*WRONG, *ALSO_WRONG]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("red\x1b[31m", r"red\x1b[31m"),
        ("two\nlines\r\u2028", r"two\nlines\r\u2028"),
        ("bell\a\x9b\x7f", r"bell\x07\x9b\x7f"),
        ("turned\u202e", r"turned\u202e"),
        ("lone\udcff", r"lone\udcff"),
        ("卷积 3×3 ✓ back\\slash", "卷积 3×3 ✓ back\\slash"),
    ],
)
def test_an_error_is_one_line_that_a_terminal_does_not_obey(given, shown):
    error = cm.FileError(f"cannot read {given}")
    assert str(error) == f"cannot read {shown}"
    assert error.args == (f"cannot read {given}",)
    with pytest.raises(cm.FileError) as caught:
        cm.read_layers(f"{given}.foo")
    assert str(caught.value).startswith(f"{shown}.foo has no suffix")
