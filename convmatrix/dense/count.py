"""How many paths arrive at each element: the layer with every weight and coefficient set to 1.

All output channels of a group then read alike, so channels are added up first and what is left is a
layer of fixed coefficients.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from convmatrix.dense.apply import adjoint, forward
from convmatrix.dense.fixed import gather, scatter
from convmatrix.stencil import Geometry, Rearrangement, Stencil
from convmatrix.typing import Array

__all__ = ["paths", "paths_adjoint"]


def paths(geometry: Geometry, counts: Array) -> Array:
    """Path counts `(1, *in_shape)` at the inputs → `(1, *out_shape)` at the outputs."""
    if isinstance(geometry, Rearrangement):
        return forward(geometry, None, counts)
    mixed = _mix(counts, geometry.groups, geometry.out_channels)
    return gather(_every_tap(geometry, geometry.out_channels), mixed)


def paths_adjoint(geometry: Geometry, counts: Array) -> Array:
    """Path counts `(1, *out_shape)` at the outputs → `(1, *in_shape)` at the inputs."""
    if isinstance(geometry, Rearrangement):
        return adjoint(geometry, None, counts)
    mixed = _mix(counts, geometry.groups, geometry.in_channels)
    return scatter(_every_tap(geometry, geometry.in_channels), mixed)


def _mix(counts: Array, groups: int, channels: int) -> Array:
    """Every channel of a group gets the group's sum."""
    split = counts.reshape(1, groups, -1, *counts.shape[2:]).sum(axis=2)
    return np.repeat(split, channels // groups, axis=1)


def _every_tap(stencil: Stencil, channels: int) -> Stencil:
    """The sum over each window, channel by channel."""
    ones = tuple(((Fraction(1),) * axis.kernel,) for axis in stencil.axes)
    return replace(
        stencil,
        in_channels=channels,
        out_channels=channels,
        groups=channels,
        factors=ones,
        shared=True,
    )
