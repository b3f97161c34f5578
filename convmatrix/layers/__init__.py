"""Layers: frozen, size-free descriptions, and the functions that make them.

This is the friendly front: only here do ints, lists and words such as ``"same"`` stand for exact
values. Behind it everything is an exact tuple.
"""

from __future__ import annotations

from convmatrix.layers.base import AdjointLayer, ChannelwiseLayer, ElementaryLayer, Layer
from convmatrix.layers.convolution import Convolution, ConvolutionTranspose
from convmatrix.layers.makers import (
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
    depthwise,
    depthwise_separable,
    keras_weight,
    pointwise,
    spatially_separable,
)
from convmatrix.layers.network import Network, network
from convmatrix.layers.picking import Pad, ReLU, Sample, ZeroInsert, pad, relu, sample, zero_insert
from convmatrix.layers.pooling import AveragePool, MaxPool, avg_pool, max_pool
from convmatrix.layers.series import Sequential, sequential
from convmatrix.layers.shuffling import (
    ChannelShuffle,
    PixelShuffle,
    PixelUnshuffle,
    channel_shuffle,
    pixel_shuffle,
    pixel_unshuffle,
)
from convmatrix.layers.upsample import Upsample, upsample

__all__ = [
    "AdjointLayer",
    "AveragePool",
    "ChannelShuffle",
    "ChannelwiseLayer",
    "Convolution",
    "ConvolutionTranspose",
    "ElementaryLayer",
    "Layer",
    "MaxPool",
    "Network",
    "Pad",
    "PixelShuffle",
    "PixelUnshuffle",
    "ReLU",
    "Sample",
    "Sequential",
    "Upsample",
    "ZeroInsert",
    "avg_pool",
    "channel_shuffle",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "depthwise",
    "depthwise_separable",
    "keras_weight",
    "max_pool",
    "network",
    "pad",
    "pixel_shuffle",
    "pixel_unshuffle",
    "pointwise",
    "relu",
    "sample",
    "sequential",
    "spatially_separable",
    "upsample",
    "zero_insert",
]
