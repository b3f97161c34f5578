"""Whether a kernel is an outer product of 1-D kernels, a layer depthwise-separable or grouped."""

from convmatrix.separable.base import Minor
from convmatrix.separable.depthwise import DepthwiseSeparability, depthwise_separability
from convmatrix.separable.groups import ChannelGroups, channel_groups
from convmatrix.separable.question import separability
from convmatrix.separable.verdict import Separability

__all__ = [
    "ChannelGroups",
    "DepthwiseSeparability",
    "Minor",
    "Separability",
    "channel_groups",
    "depthwise_separability",
    "separability",
]
