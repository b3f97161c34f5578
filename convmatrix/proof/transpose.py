"""The transposed convolution is the transpose: the textbook construction, and the proof.

Source: V. Dumoulin and F. Visin, arXiv:1603.07285, relationship 14 (insert stride - 1 zeros, pad,
convolve at stride 1 with the flipped kernel), here with asymmetric padding, dilation and groups.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.errors import GeometryError, ProofError
from convmatrix.layers import (
    Convolution,
    ConvolutionTranspose,
    Layer,
    Pad,
    conv1d,
    pad,
    pointwise,
    zero_insert,
)
from convmatrix.proof.equality import compare
from convmatrix.proof.polynomials import Variables
from convmatrix.proof.result import Proof
from convmatrix.relation import Axis, Index

if TYPE_CHECKING:
    from convmatrix.maps import Map

__all__ = ["prove_transpose", "textbook_transpose"]

Array = np.ndarray[Any, Any]

MOST_TRIPLES = 1_000_000
"""Above this the triples of axes and channels are compared one factor at a time."""


def textbook_transpose(layer: Layer, *size: Any) -> Map:
    """The transpose of a convolution on an input of `size`, built as textbooks build it.

    Insert `stride - 1` zeros, pad, and run a stride-1 convolution whose kernel is flipped and
    whose channels are swapped within each group. Where the convolution's padding mode is not
    ``zeros``, the padding's own transpose follows.

    >>> import convmatrix as cm
    >>> conv = cm.conv1d(1, 1, 3, stride=2, padding=1)
    >>> [type(leaf.layer).__name__ for leaf in textbook_transpose(conv, 5).leaves]
    ['Sample', 'Pad', 'Convolution']
    """
    conv, sizes = _convolution(layer, size)
    built = _textbook(conv, sizes)
    if conv.weight is None:
        return built
    swapped = _swap(conv.weight, conv.groups)
    return built.with_weights(
        [swapped if leaf.bound_layer.weight_shape else None for leaf in built.leaves]
    )


def _convolution(layer: Layer, size: tuple[Any, ...]) -> tuple[Convolution, tuple[Index, ...]]:
    if isinstance(layer, ConvolutionTranspose):
        held, sizes = layer.adjoint_of(layer.sizes(*size))
        assert isinstance(held, Convolution)
        return held, sizes
    if not isinstance(layer, Convolution):
        raise ProofError(
            f"the textbook construction is of a convolution or its transpose, got {layer!r:.80}; "
            f"use prove_equal for other maps"
        )
    return layer, layer.sizes(*size)


def _textbook(conv: Convolution, size: tuple[Index, ...]) -> Map:
    axes = conv.bind(size).windows
    outputs = tuple(axis.outputs for axis in axes)
    channels, ndim = conv.out_channels, conv.ndim
    spaced = zero_insert(conv.stride, ndim=ndim, channels=channels).on(outputs)
    around = []
    for axis, length in zip(axes, spaced.out_shape[1:], strict=True):
        plain = replace(axis, size=_unfolded(axis)[0], before=_unfolded(axis)[1], mode="zeros")
        around.append((plain.last, plain.size + plain.span - 1 - length - plain.last))
    padded = pad(tuple(around), ndim=ndim, channels=channels).on(spaced.out_shape[1:])
    flipped = Convolution(
        channels,
        conv.in_channels,
        conv.kernel_size,
        (1,) * ndim,
        ((0, 0),) * ndim,
        conv.dilation,
        conv.groups,
        flip=not conv.flip,
    )
    result = flipped.on(padded.out_shape[1:]) @ padded @ spaced
    if conv.padding_mode != "zeros":
        around = [(axis.before, axis.after) for axis in axes]
        fold = Pad(tuple(around), conv.padding_mode, spatial=ndim, channels=conv.in_channels)
        result = fold.on(size).T @ result
    return result  # type: ignore[no-any-return]


def _unfolded(axis: Axis) -> tuple[Index, Index]:
    """Size and leading padding of the convolution that is left when a folding padding is split
    off as a layer of its own."""
    if axis.mode == "zeros":
        return axis.size, axis.before
    return axis.size + axis.before + axis.after, 0


def _swap(weight: Array, groups: int) -> Array:
    """Output and input channels exchanged within each group."""
    outputs, inputs, *kernel = weight.shape
    split = weight.reshape(groups, outputs // groups, inputs, *kernel)
    return split.swapaxes(1, 2).reshape(groups * inputs, outputs // groups, *kernel)


def prove_transpose(layer: Layer | None = None, *size: Any) -> Proof:
    """Prove that the matrix transpose is the textbook transposed convolution, tap for tap.

    Parameters
    ----------
    layer
        A convolution, or a transposed convolution (then the one that it holds is meant). None
        means every 1-D convolution.
    size
        The input size at which to prove it, for all weights. Without a size the proof would have
        to hold at all sizes; no engine here decides that yet, so all small ones are searched and
        the verdict is None (unknown), or False with a counterexample.

    >>> import convmatrix as cm
    >>> print(prove_transpose(cm.conv2d(1, 1, 3, stride=2, padding=1), 5, 5))
    proved: Aᵀ = zero_insert → pad → flipped stride-1 convolution, A: 1×5×5 → 1×3×3
      level   weights
      scope   1×3×3 → 1×5×5, all weights
      method  canonical triples (row, column, tap, multiplicity): 49 compared
    """
    if layer is None:
        return _search_geometries()
    if len(size) == 1 and size[0] is None:
        size = ()
    if not size:
        return _search_sizes(layer)
    conv, sizes = _convolution(layer, size)
    A = replace(conv, weight=None, bias=None).on(sizes)
    A._require_numbers("compare its triples")
    statement = (
        f"Aᵀ = zero_insert → pad → flipped stride-1 convolution"
        f"{'' if conv.padding_mode == 'zeros' else ' → transposed padding'}, "
        f"A: {'×'.join(map(str, A.in_shape))} → {'×'.join(map(str, A.out_shape))}"
    )
    if A.nnz <= MOST_TRIPLES:
        return _by_triples(conv, sizes, statement)
    longest = max(axis.pairs for axis in conv.bind(sizes).windows)
    if max(longest, prod(conv.weight_shape[:2])) > 8 * MOST_TRIPLES:
        scope = f"nothing compared: an axis has {longest} triples, more than {8 * MOST_TRIPLES}"
        return Proof(None, statement, "weights", scope, "none: too large; prove a smaller size")
    return _by_factors(conv, sizes, statement)


def _by_triples(conv: Convolution, size: tuple[int, ...], statement: str) -> Proof:
    conv = replace(conv, weight=None, bias=None)
    A, B = conv.on(size).T, _textbook(conv, size)
    variables = Variables()
    kernel = variables.kernel("w", conv.weight_shape)
    swapped = _swap(kernel.reshape(conv.weight_shape), conv.groups).reshape(-1)
    right = [swapped if leaf.bound_layer.weight_shape else None for leaf in B.leaves]
    return compare(A, B, [kernel], right, variables, level="weights", statement=statement)


def _by_factors(conv: Convolution, size: tuple[int, ...], statement: str) -> Proof:
    """The same proof on each axis and on the channels by itself.

    Both sides are products: a triple of the whole is a triple of each axis and one of the channel
    rule, in variables that are disjoint, and raveling is injective.
    """
    parts = [
        (_channels(conv), (1,)),
        *((_one_axis(axis), (axis.size,)) for axis in conv.bind(size).windows),
    ]
    for part, n in parts:
        proof = _by_triples(part, n, statement)
        if not proof:
            return proof
    A = conv.on(size)
    return Proof(
        True,
        statement,
        "weights",
        f"{'×'.join(map(str, A.out_shape))} → {'×'.join(map(str, A.in_shape))}, all weights",
        f"canonical triples (row, column, tap, multiplicity) of the channel rule and of each of "
        f"the {conv.ndim} axes; the product of equals is equal",
        witness={"nnz": A.nnz, "elements": prod(A.in_shape)},
    )


def _channels(conv: Convolution) -> Convolution:
    return pointwise(conv.in_channels, conv.out_channels, groups=conv.groups, ndim=1)


def _one_axis(axis: Axis) -> Convolution:
    return conv1d(
        1, 1, axis.kernel, stride=axis.stride, padding=((axis.before, axis.after),),
        dilation=axis.dilation, padding_mode=axis.mode, flip=axis.flip,
    )  # fmt: skip


# --------------------------------------------------------------- where no engine decides yet

SMALL = range(1, 13)


def _search_sizes(layer: Layer) -> Proof:
    """All equal sizes up to 12 an axis; a refutation, or honestly unknown."""
    statement = "Aᵀ = zero_insert → pad → flipped stride-1 convolution, at every input size"
    tried = []
    for n in SMALL:
        try:
            proof = prove_transpose(layer, *(n,) * layer.ndim)
        except GeometryError:
            continue
        if not proof:
            return replace(proof, statement=statement)
        tried.append(n)
    if not tried:
        raise ProofError(
            f"{layer!r:.80} fits no input of up to {SMALL[-1]} elements an axis; give a size"
        )
    sizes = f"input sizes {tried[0]}..{tried[-1]} an axis searched, none fails"
    return Proof(None, statement, "weights", sizes, "bounded search by canonical triples")


def _search_geometries() -> Proof:
    """All small 1-D geometries; a refutation, or honestly unknown."""
    statement = "Aᵀ = zero_insert → pad → flipped stride-1 convolution, for every 1-D geometry"
    ranges = {
        "n": range(1, 7), "kernel_size": range(1, 4), "stride": range(1, 4),
        "dilation": range(1, 3), "padding": range(3),
    }  # fmt: skip
    tried = 0
    for values in product(*ranges.values()):
        n, k, s, d, p = values
        try:
            proof = prove_transpose(conv1d(1, 1, k, stride=s, dilation=d, padding=p), n)
        except GeometryError:
            continue
        if not proof:
            return replace(proof, statement=statement)
        tried += 1
    bounds = ", ".join(f"{name} {r[0]}..{r[-1]}" for name, r in ranges.items())
    scope = f"{tried} geometries searched ({bounds}), none fails"
    return Proof(None, statement, "weights", scope, "bounded search by canonical triples")
