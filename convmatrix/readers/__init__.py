"""Reading the weights of trained networks."""

from convmatrix.readers.weights import MODELS, read_layers

__all__ = ["MODELS", "read_layers"]
