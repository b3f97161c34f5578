"""A separable kernel as layers in series, and its matrix as a Kronecker product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.errors import WeightError
from convmatrix.layers import Layer, Sequential, sequential, spatially_separable
from convmatrix.layers.convolution import conv
from convmatrix.layers.makers import split_geometry

if TYPE_CHECKING:
    from convmatrix.maps import Map
    from convmatrix.separable.result import Separability

__all__ = ["kronecker", "passes"]


def passes(verdict: Separability, geometry: dict[str, Any]) -> Sequential:
    """A pass for each part of the axes, one channel."""
    if verdict.shape:
        raise WeightError("a layer is of one kernel; pick one of the stack, e.g. verdict[0, 0]")
    if verdict.separable:
        return spatially_separable(1, 1, verdict.factors, **geometry)
    if len(verdict.partition) == 1:
        raise WeightError(
            "no axis of the kernel splits off, so it is no series of passes; use terms() for a "
            "sum of separable layers"
        )
    ndim = verdict.kernel.ndim
    layers: list[Layer] = []
    bias = geometry.pop("bias", None)
    for axes, part in zip(verdict.partition, verdict.split(), strict=True):
        weight = part.reshape([n if j in axes else 1 for j, n in enumerate(verdict.kernel.shape)])
        options = split_geometry(ndim, geometry, axes)
        last = bias if len(layers) == len(verdict.partition) - 1 else None
        layers.append(
            conv(ndim, 1, 1, weight.shape, weight=weight[None, None], bias=last, **options)
        )
    return sequential(*layers)


def kronecker(
    verdict: Separability, size: tuple[Any, ...], geometry: dict[str, Any]
) -> tuple[Map, ...]:
    """A one-axis map for each axis of a separable kernel at a size."""
    if verdict.shape or verdict.factors is None:
        raise WeightError(
            "only a separable kernel's matrix is a Kronecker product of one-axis matrices; use "
            "terms() for a sum of such products"
        )
    ndim = verdict.kernel.ndim
    spatial = tuple(size[0]) if len(size) == 1 and np.ndim(size[0]) else size
    if len(spatial) != ndim:
        raise WeightError(f"the kernel has {ndim} axes, so give {ndim} sizes, got {spatial}")
    maps = []
    for j, (factor, n) in enumerate(zip(verdict.factors, spatial, strict=True)):
        options: dict[str, Any] = {
            name: value[j : j + 1] if isinstance(value, tuple) else value
            for name, value in split_geometry(ndim, geometry, (j,)).items()
        }
        maps.append(conv(1, 1, 1, len(factor), weight=factor[None, None], **options).on(n))
    return tuple(maps)
