"""The functions that make convolutions: each is a line or two over one recipe."""

from __future__ import annotations

from typing import Any, TypedDict, Unpack

import numpy as np

from convmatrix.errors import WeightError
from convmatrix.layers.arguments import axes_count, count, padding_pairs, per_axis, spatial_axes
from convmatrix.layers.arrays import as_array, as_numpy
from convmatrix.layers.calling import public
from convmatrix.layers.convolution import Convolution, ConvolutionTranspose, conv, conv_transpose
from convmatrix.layers.series import Sequential, sequential
from convmatrix.typing import Array

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "depthwise",
    "depthwise_separable",
    "keras_weight",
    "pointwise",
    "spatially_separable",
]


class WindowOptions(TypedDict, total=False):
    """Keyword arguments that every convolution takes; see `conv2d`."""

    stride: Any
    padding: Any
    dilation: Any
    padding_mode: str


class ConvOptions(WindowOptions, total=False):
    """Keyword arguments of `conv2d`."""

    groups: int
    flip: bool
    weight: Any
    bias: Any


class TransposeOptions(WindowOptions, total=False):
    """Keyword arguments of `conv_transpose2d`."""

    groups: int
    output_padding: Any
    weight: Any
    bias: Any


@public
def conv2d(
    in_channels: int, out_channels: int, kernel_size: Any, **options: Unpack[ConvOptions]
) -> Convolution:
    """A 2-D convolution (deep learning's: a cross-correlation), as PyTorch's `Conv2d`.

    Parameters
    ----------
    in_channels, out_channels
        Channels of input and output.
    kernel_size, stride=1, dilation=1
        An int or one an axis.
    padding=0
        An int, one an axis, a `(before, after)` pair an axis (negative crops), or a word:
        ``valid`` (none), ``same`` (TensorFlow's: output = ceil(input / stride), smaller half
        first), ``same_lower`` (larger half first), ``full`` (every overlap), ``causal`` (before
        only).
    groups=1
        Channels are split in so many groups that do not mix.
    padding_mode="zeros"
        Or ``circular``, ``reflect``, ``replicate``.
    flip=False
        True flips the kernel: the mathematician's convolution.
    weight=None
        Array `(out_channels, in_channels / groups, *kernel_size)` of numbers, fractions or
        symbols; None leaves it symbolic. Where every channel keeps to itself (1 → 1, depthwise)
        one kernel of `kernel_size` serves them all, also by its name: ``"sobel"``,
        ``"gaussian:5"`` (see `kernels`).
    bias=None
        Array `(out_channels,)`, added by `layer(x)` only: it is no part of the matrix.

    Raises
    ------
    GeometryError, WeightError
        Both are `ValueError`; the message says what to change.

    >>> conv2d(1, 1, 3, stride=2, padding=1).on(5, 5).out_shape
    (1, 3, 3)
    >>> conv2d(1, 1, 3, weight="sobel").weight.tolist()
    [[[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]]]
    """
    return conv(2, in_channels, out_channels, kernel_size, **options)


@public
def conv1d(
    in_channels: int, out_channels: int, kernel_size: Any, **options: Unpack[ConvOptions]
) -> Convolution:
    """A 1-D convolution; parameters as in `conv2d`.

    >>> conv1d(1, 1, 3, weight=[[[1, 2, 3]]]).on(4).to_dense()
    array([[1, 2, 3, 0],
           [0, 1, 2, 3]])
    """
    return conv(1, in_channels, out_channels, kernel_size, **options)


@public
def conv3d(
    in_channels: int, out_channels: int, kernel_size: Any, **options: Unpack[ConvOptions]
) -> Convolution:
    """A 3-D convolution; parameters as in `conv2d`.

    >>> conv3d(1, 2, (1, 3, 3), padding="same").on(4, 6, 6).out_shape
    (2, 4, 6, 6)
    """
    return conv(3, in_channels, out_channels, kernel_size, **options)


@public
def conv_transpose2d(
    in_channels: int, out_channels: int, kernel_size: Any, **options: Unpack[TransposeOptions]
) -> ConvolutionTranspose:
    """A 2-D transposed convolution, as PyTorch's `ConvTranspose2d`: the adjoint of a convolution.

    Parameters are those of the convolution whose transpose it is, and `output_padding=0`: so
    many more outputs at the end (computed, not zeros), fewer than `max(stride, dilation)`. With
    ``same`` the output has `stride * input` elements. The weight's layout is
    `(in_channels, out_channels / groups, *kernel_size)`. It takes no `flip`.

    >>> layer = conv_transpose2d(1, 1, 3, stride=2, padding=1)
    >>> layer.on(3, 3).out_shape
    (1, 5, 5)
    """
    return conv_transpose(2, in_channels, out_channels, kernel_size, **options)


@public
def conv_transpose1d(
    in_channels: int, out_channels: int, kernel_size: Any, **options: Unpack[TransposeOptions]
) -> ConvolutionTranspose:
    """A 1-D transposed convolution; parameters as in `conv_transpose2d`.

    >>> conv_transpose1d(1, 1, 2, stride=2, weight=[[[1, 5]]])([[1, 2]])
    array([[ 1,  5,  2, 10]])
    """
    return conv_transpose(1, in_channels, out_channels, kernel_size, **options)


@public
def conv_transpose3d(
    in_channels: int, out_channels: int, kernel_size: Any, **options: Unpack[TransposeOptions]
) -> ConvolutionTranspose:
    """A 3-D transposed convolution; parameters as in `conv_transpose2d`.

    >>> conv_transpose3d(4, 2, 2, stride=2).output_size(5)
    (10, 10, 10)
    """
    return conv_transpose(3, in_channels, out_channels, kernel_size, **options)


@public
def pointwise(
    in_channels: int, out_channels: int, *, ndim: int = 2, **options: Unpack[ConvOptions]
) -> Convolution:
    """A 1×1 convolution: it mixes channels and leaves positions alone.

    >>> pointwise(64, 16).on(7, 7).out_shape
    (16, 7, 7)
    """
    return conv(axes_count(ndim), in_channels, out_channels, 1, **options)


@public
def depthwise(
    channels: int,
    kernel_size: Any,
    *,
    multiplier: int = 1,
    ndim: int | None = None,
    **options: Unpack[ConvOptions],
) -> Convolution:
    """A convolution that keeps channels apart: `groups = channels`, `multiplier` outputs each.

    >>> depthwise(3, 3, multiplier=2).weight_shape
    (6, 1, 3, 3)
    """
    spatial = spatial_axes(ndim, kernel_size)
    outputs = count(channels, "channels") * count(multiplier, "multiplier")
    options.setdefault("groups", channels)
    return conv(spatial, channels, outputs, kernel_size, **options)


@public
def depthwise_separable(
    in_channels: int,
    out_channels: int,
    kernel_size: Any,
    *,
    multiplier: int = 1,
    depthwise_weight: Any = None,
    pointwise_weight: Any = None,
    bias: Any = None,
    ndim: int | None = None,
    **options: Unpack[WindowOptions],
) -> Sequential:
    """A depthwise convolution, then a pointwise one (Keras' `SeparableConv2D`).

    Geometry goes to the depthwise layer, `bias` to the pointwise one.

    >>> depthwise_separable(3, 8, 3, padding=1).on(5, 5).out_shape
    (8, 5, 5)
    """
    first = depthwise(
        in_channels,
        kernel_size,
        multiplier=multiplier,
        ndim=ndim,
        weight=depthwise_weight,
        **options,
    )
    second = pointwise(
        first.out_channels, out_channels, ndim=first.ndim, weight=pointwise_weight, bias=bias
    )
    return sequential(first, second)


@public
def spatially_separable(
    in_channels: int,
    out_channels: int,
    factors: Any,
    *,
    groups: int = 1,
    bias: Any = None,
    flip: bool = False,
    **options: Unpack[WindowOptions],
) -> Sequential:
    """One 1-D convolution an axis, first axis first: a kernel that is an outer product.

    Parameters
    ----------
    factors
        One 1-D kernel an axis; or, for the first axis, `(out_channels, in_channels/groups, k)`
        and for the others `(out_channels, 1, k)`; or an int, the size of a pass without weight.
        The first pass changes the channels, the others run channel by channel.

    >>> passes = spatially_separable(1, 1, ([3, 4, 5], [1, 2, 3]))
    >>> passes.on(3, 3).to_dense().tolist()
    [[3, 6, 9, 4, 8, 12, 5, 10, 15]]
    """
    try:
        kernels = [as_numpy(f) for f in factors]
    except (TypeError, ValueError):
        kernels = []
    if not kernels or any(f.ndim not in (0, 1, 3) or f.dtype.kind not in "biufcO" for f in kernels):
        raise WeightError(
            f"factors must be one 1-D kernel (or kernel size) an axis, got {factors!r:.80}"
        )
    ndim = axes_count(len(kernels))
    passes = []
    for j, factor in enumerate(kernels):
        size = factor.shape[-1] if factor.ndim else count(factor.item(), "kernel_size")
        kernel = tuple(size if axis == j else 1 for axis in range(ndim))
        channels, shared = (in_channels, groups) if j == 0 else (out_channels, out_channels)
        layer = conv(
            ndim, channels, out_channels, kernel, groups=shared, flip=flip,
            bias=bias if j == ndim - 1 else None, **split_geometry(ndim, options, (j,)),
        )  # fmt: skip
        if factor.ndim:
            lead = layer.weight_shape[:2]
            full = np.broadcast_to(factor, (*lead, size)) if factor.ndim == 1 else factor
            layer = layer.with_weight(full.reshape(*full.shape[:2], *kernel))
        passes.append(layer)
    return sequential(*passes)


def split_geometry(ndim: int, options: Any, axes: tuple[int, ...]) -> dict[str, Any]:
    """The geometry of a pass along some axes: their stride, padding and dilation, no other's."""
    strides = per_axis(options.get("stride", 1), ndim, "stride")
    dilations = per_axis(options.get("dilation", 1), ndim, "dilation")
    padding = padding_pairs(options.get("padding", 0), ndim)
    return {
        **options,
        "stride": tuple(strides[j] if j in axes else 1 for j in range(ndim)),
        "dilation": tuple(dilations[j] if j in axes else 1 for j in range(ndim)),
        "padding": padding
        if isinstance(padding, str)
        else tuple(padding[j] if j in axes else (0, 0) for j in range(ndim)),
    }


_KERAS_LAYOUTS = {
    "conv": lambda k: np.moveaxis(k, (-1, -2), (0, 1)),
    "transpose": lambda k: np.moveaxis(k, (-1, -2), (0, 1)),
    "depthwise": lambda k: np.moveaxis(
        k.reshape(*k.shape[:-2], k.shape[-2] * k.shape[-1])[..., None], (-2, -1), (0, 1)
    ),
}


@public
def keras_weight(kernel: Any, kind: str = "conv") -> Array:
    """A Keras kernel `(*size, in, out)` (HWIO) in this package's layout.

    `kind` is ``conv``, ``depthwise`` (`(*size, channels, multiplier)`, also the first kernel of a
    `SeparableConv2D`) or ``transpose`` (`(*size, out, in)`, `Conv2DTranspose`).

    >>> keras_weight(np.zeros((3, 3, 16, 2)), "depthwise").shape
    (32, 1, 3, 3)
    """
    array = as_array(kernel)
    if not isinstance(kind, str) or kind not in _KERAS_LAYOUTS:
        raise WeightError(f"kind must be one of {tuple(_KERAS_LAYOUTS)}, got {kind!r}")
    if array.ndim < 3:
        raise WeightError(f"a Keras kernel has shape (*size, in, out), got {array.shape}")
    return np.ascontiguousarray(_KERAS_LAYOUTS[kind](array))
