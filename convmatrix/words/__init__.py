"""The words of the command line, turned into layers."""

from convmatrix.words.kinds import KINDS, USES, arguments_of, build_layer, fit_weight, kind_of
from convmatrix.words.numbers import Options, numbers, option, padding, sizes

__all__ = [
    "KINDS", "USES", "Options", "arguments_of", "build_layer", "fit_weight", "kind_of", "numbers",
    "option", "padding", "sizes",
]  # fmt: skip
