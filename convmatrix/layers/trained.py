"""The weight of a trained convolution, as a model's file gives it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

from convmatrix.errors import WeightError
from convmatrix.layers.arrays import as_numpy
from convmatrix.layers.base import Layer
from convmatrix.layers.convolution import conv, conv_transpose
from convmatrix.layers.printing import Printed
from convmatrix.typing import Array

__all__ = ["TrainedLayer"]


@dataclass(frozen=True, slots=True)
class TrainedLayer(Printed):
    """The weight of a trained convolution, `(C_out, C_in/groups, *k)`; of a transposed one
    `(C_in, C_out/groups, *k)`."""

    name: str
    weight: Array = field(repr=False)
    groups: int = 1
    transposed: bool = False
    geometry: dict[str, Any] = field(default_factory=dict)
    """Stride, padding, dilation and output padding, where the model's file says."""
    bias: Array | None = field(default=None, repr=False)
    layout: str = ""
    """How the weight lay in a file that does not say it, and what told: `HWIO by its name`."""

    def __post_init__(self) -> None:
        weight = as_numpy(self.weight)
        if weight.ndim < 3 or not weight.size or weight.dtype.kind not in "biufc":
            raise WeightError(
                f"{self.name}: a convolution's weight has shape (out, in/groups, *kernel), got "
                f"{weight.shape} of {weight.dtype}"
            )
        object.__setattr__(self, "weight", weight)

    @property
    def kernel(self) -> tuple[int, ...]:
        """The kernel size."""
        return tuple(self.weight.shape[2:])

    def layer(self) -> Layer:
        """The layer with its weight and bias, in the geometry that the file gives (by default:
        none).

        >>> import numpy as np
        >>> TrainedLayer("conv1", np.ones((8, 3, 3, 3)), geometry={"stride": 2}).layer()
        conv2d(3, 8, 3, stride=2, weight=<8×3×3×3 float64>)
        """
        make = conv_transpose if self.transposed else conv
        lead = self.weight.shape[0], self.weight.shape[1] * self.groups
        into, out = lead if self.transposed else lead[::-1]
        return make(
            len(self.kernel), into, out, self.kernel, groups=self.groups, weight=self.weight,
            bias=self.bias, **self.geometry,
        )  # fmt: skip

    @property
    def kind(self) -> str:
        """What the article calls it."""
        if prod(self.kernel) == 1:
            return "1×1"
        if self.transposed:
            return "transposed"
        if self.groups > 1:
            return "depthwise" if self.weight.shape[1] == 1 else "grouped"
        return "standard"
