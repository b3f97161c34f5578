"""The convolutions of a trained model: ONNX, NumPy archives, safetensors, PyTorch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from convmatrix.errors import FileError, TooLargeError, WeightError
from convmatrix.layers.calling import public
from convmatrix.layers.trained import TrainedLayer
from convmatrix.readers.archives import of_mapping, read_npz, read_safetensors, read_torch
from convmatrix.readers.layouts import LAYOUTS
from convmatrix.readers.onnx_graph import read_onnx
from convmatrix.readers.stored import finite_array

__all__ = ["MODELS", "read_layers"]


@public
def read_layers(source: Any, *, layout: str | None = None) -> list[TrainedLayer]:
    """The weights and biases of all convolutions of a model, in its order.

    Parameters
    ----------
    source
        A file `.onnx`, `.npz`, `.safetensors`, `.pt` or `.pth` (a PyTorch state dict or module); a
        `torch.nn.Module`; or a mapping of names to arrays, as a state dict is.
        Archives and mappings say nothing of geometry or groups: a weight `(C, 1, *k)` is taken for
        a depthwise layer (of one input channel: `dataclasses.replace(layer, groups=1)`), others for
        standard ones, for transposed ones where only that fits the bias beside them (`conv.bias` of
        `conv.weight`).
    layout
        How the weights of an archive or mapping lie: ``"OIHW"`` (out, in, *size), PyTorch's, or
        ``"HWIO"`` (*size, in, out), that of Keras, TensorFlow and Flax. Without it names
        (`conv/kernel:0`, `depthwise_kernel`) and shapes tell, and what nothing tells is taken for
        OIHW; each layer's `layout` says which.

    Raises
    ------
    FileError
        Where a file cannot be read.
    TooLargeError
        Where reading it would take more memory than there is, or far more than its size says.
    WeightError
        Where there is no convolution in it.
    MissingExtraError
        Where the library that reads the format is not installed.

    >>> import numpy as np
    >>> read_layers({"conv.weight": np.ones((4, 3, 5, 5)), "conv.bias": np.ones(4)})[0].layer()
    conv2d(3, 4, 5, weight=<4×3×5×5 float64>, bias=<4 float64>)
    >>> read_layers({"conv2d/kernel:0": np.ones((5, 5, 3, 4))})
    [TrainedLayer(name='conv2d/kernel:0', groups=1, transposed=False, geometry={},
    layout='HWIO by its name')]
    """
    if layout is not None and layout not in LAYOUTS:
        raise WeightError(f"layout must be one of {', '.join(LAYOUTS)}, got {layout!r}")
    try:
        layers, what = _read(source, layout)
    except MemoryError:
        raise TooLargeError(
            "reading the model takes more memory than there is; use a smaller one"
        ) from None
    if not layers:
        raise WeightError(f"{what} has no convolution with its weight in it; nothing to test")
    return layers


def _read(source: Any, layout: str | None) -> tuple[list[TrainedLayer], str]:
    """The layers of a model, and what to call it."""
    if isinstance(source, (str, Path)):
        path = Path(source)
        reader = MODELS.get(path.suffix.lower())
        if reader is None:
            raise FileError(
                f"{path} has no suffix of a model that can be read; use one of {', '.join(MODELS)}"
            )
        if not os.path.isfile(path):
            raise FileError(f"cannot read {path}: no such file")
        return reader(path, layout), str(path)
    if callable(getattr(source, "named_modules", None)):
        _says_its_layout("a module", layout)
        return list(_of_module(source)), "the model"
    if not isinstance(source, Mapping):
        raise WeightError(
            f"expected a file, a torch.nn.Module or a mapping of names to arrays, got "
            f"{type(source).__name__}"
        )
    return of_mapping(source, layout), "the model"


def _says_its_layout(what: str, layout: str | None) -> None:
    if layout is not None:
        raise WeightError(f"layout is for archives and mappings; {what} says how its weights lie")


def _of_module(model: Any) -> Iterator[TrainedLayer]:
    for name, module in model.named_modules():
        weight = getattr(module, "weight", None)
        if hasattr(module, "transposed") and hasattr(module, "groups") and weight is not None:
            bias = getattr(module, "bias", None)
            yield TrainedLayer(
                name, finite_array(weight, name), int(module.groups), bool(module.transposed),
                _geometry(module), None if bias is None else finite_array(bias, f"{name}.bias"),
            )  # fmt: skip


def _geometry(module: Any) -> dict[str, Any]:
    """The geometry of a PyTorch module, whose names are ours."""
    names = ("stride", "padding", "dilation", *(("output_padding",) if module.transposed else ()))
    found = {name: getattr(module, name) for name in names if hasattr(module, name)}
    mode = getattr(module, "padding_mode", "zeros")
    return found if mode == "zeros" else {**found, "padding_mode": mode}


def _onnx(path: Path, layout: str | None) -> list[TrainedLayer]:
    _says_its_layout("an ONNX file", layout)
    return read_onnx(path)


MODELS: dict[str, Callable[[Path, str | None], list[TrainedLayer]]] = {
    ".onnx": _onnx, ".npz": read_npz, ".safetensors": read_safetensors,
    ".pt": read_torch, ".pth": read_torch,
}  # fmt: skip
"""What reads a model, by its file's suffix."""
