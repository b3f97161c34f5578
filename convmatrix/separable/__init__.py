"""Whether a kernel is an outer product of 1-D kernels, a layer depthwise-separable or grouped."""

from convmatrix.separable.base import Minor
from convmatrix.separable.channels import (
    ChannelGroups,
    DepthwiseSeparability,
    channel_groups,
    depthwise_separability,
)
from convmatrix.separable.verdict import Separability, separability

__all__ = [
    "ChannelGroups",
    "DepthwiseSeparability",
    "Minor",
    "Separability",
    "channel_groups",
    "depthwise_separability",
    "separability",
]
