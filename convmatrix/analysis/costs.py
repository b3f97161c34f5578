"""Parameters and multiplications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

from convmatrix.layers import ConvolutionTranspose, Layer
from convmatrix.layers.calling import public
from convmatrix.layers.convolution import Convolution
from convmatrix.layers.printing import Printed
from convmatrix.maps import LeafMap, Map
from convmatrix.maps.given import given_map
from convmatrix.maps.shaped import require_numbers
from convmatrix.stencil import Stencil

__all__ = ["Cost", "cost"]


@dataclass(frozen=True, slots=True)
class Cost(Printed):
    """What one application of a layer costs (one example, biases' additions left out).

    Attributes
    ----------
    parameters
        Weights and biases.
    macs
        Multiply-accumulates as papers count them: every window is full, padding counted. A
        transposed convolution's are its input positions times its taps.
    exact_macs
        Those that read a real input: the triples of the layers that have a weight.
    """

    parameters: int
    macs: int
    exact_macs: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"{self.parameters:,} parameters, {self.macs:,} MACs "
            f"({self.exact_macs:,} without padding)"
        )


@public
def cost(layer: Layer | Map, *input_size: Any) -> Cost:
    """Count parameters and multiply-accumulates of a layer at an input size, or of a map.

    >>> import convmatrix as cm
    >>> print(cost(cm.conv_transpose2d(8, 4, 3, stride=2, padding=1, output_padding=1), (7, 7)))
    288 parameters, 14,112 MACs (12,800 without padding)
    """
    A = given_map(layer, input_size, "cost")
    require_numbers(A, "count its cost")
    weighted = [leaf for leaf in A.leaves if leaf.layer.weight_shape]
    return Cost(
        sum(map(_parameters, _parts(layer, A))),
        sum(map(_macs, weighted)),
        sum(leaf.nnz for leaf in weighted),
    )


def _parts(layer: Layer | Map, A: Map) -> Sequence[Layer]:
    """The layers whose parameters count: of a map that is no layer's, those of its elementary
    maps."""
    source = A.layer if isinstance(layer, Map) else layer
    return [leaf.layer for leaf in A.leaves] if source is None else source.parts


def _parameters(layer: Layer) -> int:
    weights = prod(layer.weight_shape) if layer.weight_shape is not None else 0
    if isinstance(layer, (Convolution, ConvolutionTranspose)) and layer.bias is not None:
        weights += layer.bias.size
    return int(weights)


def _macs(leaf: LeafMap) -> int:
    stencil = leaf.geometry
    assert isinstance(stencil, Stencil)
    return int(prod(stencil.out_shape) * stencil.group_channels * prod(stencil.kernel))
