"""Tensors that are stored under names, looked at before they are read."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from convmatrix.errors import WeightError, printable
from convmatrix.layers import keras_weight
from convmatrix.layers.arrays import as_numpy
from convmatrix.layers.trained import TrainedLayer
from convmatrix.limits import check_memory
from convmatrix.readers.files import first_line
from convmatrix.readers.growth import check_growth
from convmatrix.readers.layouts import layout_of
from convmatrix.typing import Array

__all__ = ["Stored", "finite_array", "layers_of", "stored_in"]


WEIGHT_NAME = re.compile(
    r"(|.*?[./_])(weight|kernel|depthwise_kernel|pointwise_kernel)(:0)?", re.DOTALL
)
COPIES = 2
"""Of a weight, while it is read and checked."""


class Stored(NamedTuple):
    """A tensor: its shape, its bytes when read, and a function that reads it."""

    shape: tuple[int, ...]
    nbytes: int
    read: Callable[[], Any]


def stored_in(mapping: Mapping[Any, Any]) -> dict[str, Stored]:
    """What of a mapping has a shape."""
    return {
        str(name): Stored(tuple(value.shape), _bytes(value), _held(value))
        for name, value in mapping.items()
        if getattr(value, "shape", None) is not None
    }


def _held(value: Any) -> Callable[[], Any]:
    return lambda: value


def _bytes(value: Any) -> int:
    itemsize = getattr(getattr(value, "dtype", None), "itemsize", 8)
    return prod(int(n) for n in value.shape) * int(itemsize)


def layers_of(
    tensors: Mapping[str, Stored], layout: str | None = None, path: Path | None = None
) -> Iterator[TrainedLayer]:
    """The convolutions among tensors; nothing else is read."""
    weights = {n: t for n, t in tensors.items() if 3 <= len(t.shape) <= 5 and 0 not in t.shape}
    sizes = [t.nbytes for t in weights.values()]
    if path is None:
        check_memory(max(sizes, default=0), "checking these weights", "smaller ones")
    else:
        instead = "if you trust it, load it and give read_layers the mapping"
        check_growth(path, COPIES * sum(sizes), instead)
    for name, tensor in weights.items():
        array = finite_array(tensor.read(), name)
        if array.dtype.kind in "fiu":
            yield _layer(name, array, tensors, layout)


def _layer(
    name: str, array: Array, tensors: Mapping[str, Stored], given: str | None
) -> TrainedLayer:
    layout = layout_of(name, array.shape, given)
    if layout.order == "OIHW":
        weight, transposed = array, False
        groups = array.shape[0] if array.shape[1] == 1 else 1
    else:
        weight, transposed = keras_weight(array, layout.kind), layout.kind == "transpose"
        groups = array.shape[-2] if layout.kind == "depthwise" else 1
    bias = _bias(name, tensors)
    if bias is not None and len(bias) != (
        weight.shape[1] * groups if transposed else weight.shape[0]
    ):
        groups, transposed, bias = _turned(weight, bias, name)
    told = f"{layout.order} {layout.told}" if layout.told else ""
    return TrainedLayer(name, weight, groups, transposed, bias=bias, layout=told)


def _bias(name: str, tensors: Mapping[str, Stored]) -> Array | None:
    """The vector stored beside a weight as its bias."""
    found = WEIGHT_NAME.fullmatch(name)
    if found is None:
        return None
    start, word, end = found.groups("")
    if word == "depthwise_kernel" and f"{start}pointwise_kernel{end}" in tensors:
        return None  # of a separable convolution the second kernel has it
    bias = tensors.get(f"{start}bias{end}")
    return finite_array(bias.read(), f"{start}bias{end}") if bias and len(bias.shape) == 1 else None


def _turned(weight: Array, bias: Array, name: str) -> tuple[int, bool, Array | None]:
    """Groups of a transposed convolution `(in, out/groups, *k)`, as the length of its bias says."""
    groups, left = divmod(len(bias), weight.shape[1])
    if left == 0 and groups and weight.shape[0] % groups == 0:
        return groups, True, bias
    warnings.warn(
        f"{printable(name)}: left out its bias of {len(bias)} numbers, which fits no convolution "
        f"with a weight of shape {weight.shape}",
        stacklevel=5,
    )
    return weight.shape[0] if weight.shape[1] == 1 else 1, False, None


def finite_array(value: Any, name: Any) -> Array:
    """A tensor as an array of finite numbers; those of types that NumPy has not as float32."""
    try:
        array = as_numpy(value)
    except Exception as error:
        raise WeightError(
            f"the weight {name} is no array of numbers ({first_line(error)}); load the model onto "
            f"the CPU, with dense and unquantised weights"
        ) from None
    if array.dtype.kind in "fc" and not np.isfinite(array).all():
        raise WeightError(f"the weight {name} has nan or inf; mend or leave out that layer")
    return array
