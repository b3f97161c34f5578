"""See a convolution as the matrix that it is.

The public names, and nothing else. They are loaded when first used, so that importing the package
costs no more than importing NumPy; `__init__.pyi` lists them for type checkers, and a test holds
the two lists together.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np  # noqa: F401 - all that is loaded at once: everything here needs it

__version__ = "0.1.0"

_HOMES = {
    "analysis": (
        "Connectivity Cost Explanation Plan ReceptiveField connectivity cost explain plan "
        "receptive_field"
    ),
    "errors": (
        "ArgumentError CertificateError ConvMatrixError FileError GeometryError MissingExtraError "
        "NotLinearError OutsideError ProofError ShapeError SymbolicError TooLargeError WeightError"
    ),
    "factors": "Factorization factorization",
    "layers": (
        "AdjointLayer AveragePool ChannelShuffle ChannelwiseLayer Convolution "
        "ConvolutionTranspose ElementaryLayer Layer MaxPool Network Pad PixelShuffle "
        "PixelUnshuffle ReLU Sample Sequential Upsample ZeroInsert avg_pool channel_shuffle "
        "conv1d conv2d conv3d "
        "conv_transpose1d conv_transpose2d conv_transpose3d depthwise depthwise_separable "
        "keras_weight max_pool network pad pixel_shuffle pixel_unshuffle pointwise relu sample "
        "sequential spatially_separable upsample zero_insert"
    ),
    "maps": (
        "BlockMap ComposedMap LeafMap Map NetworkMap ScaledMap SumMap TransposedMap block_diag "
        "hstack vstack"
    ),
    "pattern": "Pattern",
    "proof": (
        "Certificate Claim Counterexample Proof catalogue prove prove_equal prove_transpose "
        "textbook_transpose"
    ),
    "readers": "read_layers",
    "relation": "Axis",
    "separable": (
        "ChannelGroups DepthwiseSeparability LayerSeparability Minor NetworkSeparability "
        "Separability TrainedLayer channel_groups depthwise_separability network_separability "
        "separability"
    ),
    "stencil": "Rearrangement Stencil",
    "views.symbols": "symbols weight_symbols",
    "writers": "write_graph write_matrix",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}
_MODULES = ("draw", "kernels")

__all__ = sorted([*_HOME_OF, *_MODULES])


def __getattr__(name: str) -> Any:
    """Load a public name from its module when it is first used."""
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
