"""The transposed convolution as textbooks build it: insert zeros, pad, convolve with the flip.

Source: V. Dumoulin and F. Visin, arXiv:1603.07285, relationship 14 (insert stride - 1 zeros, pad
`d(k-1) - p` before and `d(k-1) - p + a` after with `a = (n + 2p - d(k-1) - 1) mod s`, convolve at
stride 1 with the flipped kernel), here with asymmetric padding, dilation and groups.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from convmatrix.errors import ProofError
from convmatrix.layers import Convolution, ConvolutionTranspose, Layer, Pad, pad, zero_insert
from convmatrix.layers.calling import public
from convmatrix.relation import Axis, Index
from convmatrix.typing import Array

if TYPE_CHECKING:
    from convmatrix.maps import Map

__all__ = [
    "CONSTRUCTION", "held_convolution", "not_a_convolution", "swapped", "textbook",
    "textbook_transpose",
]  # fmt: skip

CONSTRUCTION = "Aᵀ = zero_insert → pad → flipped stride-1 convolution"


@public
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
    conv, sizes = held_convolution(layer, size)
    built = textbook(conv, sizes)
    if conv.weight is None:
        return built
    weight = swapped(conv.weight, conv.groups)
    return built.with_weights(
        [weight if leaf.layer.weight_shape else None for leaf in built.leaves]
    )


def held_convolution(layer: Layer, size: tuple[Any, ...]) -> tuple[Convolution, tuple[Index, ...]]:
    """The convolution that is transposed, and its input size."""
    if isinstance(layer, ConvolutionTranspose):
        held, sizes = layer.adjoint_of(layer.sizes(*size))
        assert isinstance(held, Convolution)
        return held, sizes
    if not isinstance(layer, Convolution):
        raise ProofError(not_a_convolution(layer))
    return layer, layer.sizes(*size)


def not_a_convolution(layer: object) -> str:
    """What to say of any other layer."""
    return (
        f"the textbook construction is of a convolution or its transpose, got {layer!r:.80}; "
        f"use prove_equal for other maps"
    )


def textbook(conv: Convolution, size: tuple[Index, ...]) -> Map:
    """The construction, without weights."""
    axes = conv.bind(size).windows
    outputs = tuple(axis.outputs for axis in axes)
    channels, ndim = conv.out_channels, conv.ndim
    spaced = zero_insert(conv.stride, ndim=ndim, channels=channels).on(outputs)
    around = [
        (axis.last, axis.span - 1 - axis.after + axis.room % axis.stride)
        for axis in map(_unfolded, axes)
    ]
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


def _unfolded(axis: Axis) -> Axis:
    """What is left of an axis when a padding that folds is split off as a layer of its own."""
    if axis.mode == "zeros":
        return axis
    return replace(axis, size=axis.size + axis.before + axis.after, before=0, after=0, mode="zeros")


def swapped(weight: Array, groups: int) -> Array:
    """Output and input channels exchanged within each group."""
    outputs, inputs, *kernel = weight.shape
    split = weight.reshape(groups, outputs // groups, inputs, *kernel)
    return split.swapaxes(1, 2).reshape(groups * inputs, outputs // groups, *kernel)
