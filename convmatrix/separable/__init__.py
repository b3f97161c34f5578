"""Whether a kernel is an outer product of 1-D kernels, a layer depthwise-separable or grouped."""

from convmatrix.layers.trained import TrainedLayer
from convmatrix.separable.depthwise import DepthwiseSeparability, depthwise_separability
from convmatrix.separable.groups import ChannelGroups, channel_groups
from convmatrix.separable.network import (
    LayerSeparability,
    NetworkSeparability,
    network_separability,
)
from convmatrix.separable.result import Separability
from convmatrix.separable.separability import separability
from convmatrix.separable.verdict import Minor

__all__ = [
    "ChannelGroups", "DepthwiseSeparability", "LayerSeparability", "Minor", "NetworkSeparability",
    "Separability", "TrainedLayer", "channel_groups", "depthwise_separability",
    "network_separability", "separability",
]  # fmt: skip
