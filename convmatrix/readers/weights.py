"""The convolutions of a trained model: ONNX, NumPy archives, safetensors, PyTorch."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from convmatrix.analysis.trained import TrainedLayer
from convmatrix.errors import FileError, MissingExtraError, WeightError
from convmatrix.layers.calling import public
from convmatrix.separable.numbers import as_numpy

__all__ = ["MODELS", "read_layers"]

Array = np.ndarray[Any, Any]


@public
def read_layers(source: Any) -> list[TrainedLayer]:
    """The weights of all convolutions of a model, in its order.

    Parameters
    ----------
    source
        A file `.onnx`, `.npz`, `.safetensors`, `.pt` or `.pth` (a PyTorch state dict or module); a
        `torch.nn.Module`; or a mapping of names to arrays, as a state dict is.
        Files other than ONNX say nothing of groups or of transposed layers: a weight
        `(C, 1, *k)` is taken for a depthwise layer, all others for standard ones.

    Raises
    ------
    FileError
        Where a file cannot be read.
    WeightError
        Where there is no convolution in it.
    MissingExtraError
        Where the library that reads the format is not installed.

    >>> [layer.kind for layer in read_layers({"conv.weight": np.ones((4, 3, 3, 3))})]
    ['standard']
    """
    if isinstance(source, (str, Path)):
        path = Path(source)
        reader = MODELS.get(path.suffix.lower())
        if reader is None:
            raise FileError(
                f"{path} has no suffix of a model that can be read; use one of {', '.join(MODELS)}"
            )
        if not path.is_file():
            raise FileError(f"cannot read {path}: no such file")
        layers, what = reader(path), str(path)
    else:
        layers, what = list(_of_object(source)), "the model"
    if not layers:
        raise WeightError(f"{what} has no convolution with its weight in it; nothing to test")
    return layers


def _of_object(source: Any) -> Iterator[TrainedLayer]:
    """Of a module, a state dict, or what a PyTorch file holds."""
    if callable(getattr(source, "named_modules", None)):
        for name, module in source.named_modules():
            weight = getattr(module, "weight", None)
            if hasattr(module, "transposed") and hasattr(module, "groups") and weight is not None:
                array = _array(weight, name)
                turned = bool(module.transposed)
                yield TrainedLayer(name, array, int(module.groups), turned, _of_module(module))
        return
    if not isinstance(source, Mapping):
        raise WeightError(
            f"expected a file, a torch.nn.Module or a mapping of names to arrays, got "
            f"{type(source).__name__}"
        )
    held = source.get("state_dict", source.get("model", source))
    for name, value in (held if isinstance(held, Mapping) else source).items():
        shape = getattr(value, "shape", None)
        if shape is not None and 3 <= len(shape) <= 5 and 0 not in shape:
            array = _array(value, name)
            if array.dtype.kind in "fiu":
                yield TrainedLayer(str(name), array, _likely_groups(array), False)


def _of_module(module: Any) -> dict[str, Any]:
    """The geometry of a PyTorch module, whose names are ours."""
    names = ("stride", "padding", "dilation", *(("output_padding",) if module.transposed else ()))
    found = {name: getattr(module, name) for name in names if hasattr(module, name)}
    mode = getattr(module, "padding_mode", "zeros")
    return found if mode == "zeros" else {**found, "padding_mode": mode}


def _likely_groups(weight: Array) -> int:
    return weight.shape[0] if weight.shape[1] == 1 else 1


def _array(value: Any, name: Any) -> Array:
    """A tensor as an array of finite numbers."""
    try:
        array = as_numpy(value)
    except Exception as error:
        raise WeightError(
            f"the weight {name} is no array of numbers ({_first_line(error)}); load the model onto "
            f"the CPU, with dense and unquantised weights"
        ) from None
    if array.dtype.kind in "fc" and not np.isfinite(array).all():
        raise WeightError(f"the weight {name} has nan or inf; mend or leave out that layer")
    return array


def _onnx(path: Path) -> list[TrainedLayer]:
    try:
        import onnx
        from onnx import helper, numpy_helper
    except ImportError:
        raise MissingExtraError("onnx", "onnx", f"reading {path}") from None
    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:
        raise FileError(f"cannot read {path} as ONNX: {_first_line(error)}") from None
    tensors: dict[str, Any] = {tensor.name: tensor for tensor in graph.initializer}
    made = {output: node for node in graph.node for output in node.output}

    def constant(name: str) -> Array | None:
        """A tensor that is stored, or follows from stored ones; None where it is computed."""
        if name in tensors:
            stored: Array = numpy_helper.to_array(tensors[name], base_dir=str(path.parent))
            return stored
        node = made.get(name)
        if node is None or node.op_type not in ("Constant", "Identity", "DequantizeLinear"):
            return None
        options = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Constant":
            return numpy_helper.to_array(options["value"]) if "value" in options else None
        inputs = [constant(one) for one in node.input]
        if any(one is None for one in inputs):
            return None
        if node.op_type == "Identity":
            return inputs[0]
        return _dequantised(inputs, options)

    layers, skipped = [], []
    for node in graph.node:
        if node.op_type not in ("Conv", "ConvTranspose"):
            continue
        options = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        try:
            weight = constant(node.input[1])
        except Exception as error:
            raise FileError(
                f"cannot read the weight {node.input[1]} of {path}: {_first_line(error)}"
            ) from None
        if weight is None:
            skipped.append(node.name or node.input[1])
            continue
        name = node.name or node.input[1]
        transposed = node.op_type == "ConvTranspose"
        weight = _array(weight, name)
        geometry = _of_node(options, weight.ndim - 2, transposed)
        groups = int(options.get("group", 1))
        layers.append(TrainedLayer(name, weight, groups, transposed, geometry))
    if skipped:
        warnings.warn(
            f"{path.name}: left out {', '.join(skipped[:5])}{', …' if len(skipped) > 5 else ''} "
            f"({len(skipped)} layers), whose weights the model computes as it runs",
            stacklevel=3,
        )
    return layers


_AUTO_PADS = {"SAME_UPPER": "same", "SAME_LOWER": "same_lower", "VALID": "valid"}


def _of_node(options: dict[str, Any], ndim: int, transposed: bool) -> dict[str, Any]:
    """The geometry of an ONNX node: its pads are all befores, then all afters."""
    pads = options.get("pads", [0] * (2 * ndim))
    auto = _AUTO_PADS.get(bytes(options.get("auto_pad", b"NOTSET")).decode())
    found: dict[str, Any] = {
        "stride": tuple(options.get("strides", [1] * ndim)),
        "dilation": tuple(options.get("dilations", [1] * ndim)),
        "padding": auto or tuple(zip(pads[:ndim], pads[ndim:], strict=True)),
    }
    if transposed:
        found["output_padding"] = tuple(options.get("output_padding", [0] * ndim))
    return found


def _dequantised(inputs: list[Any], options: dict[str, Any]) -> Array:
    """`(weight - zero point) * scale`, along an axis where the scale is a vector."""
    weight, scale, *zero = inputs
    shape = [1] * weight.ndim
    if np.ndim(scale) == 1:
        shape[options.get("axis", 1)] = -1
    start = np.reshape(zero[0], shape).astype(np.float32) if zero else np.float32(0)
    result: Array = (weight.astype(np.float32) - start) * np.reshape(scale, shape)
    return result


def _npz(path: Path) -> list[TrainedLayer]:
    try:
        with np.load(path, allow_pickle=False) as held:
            return list(_of_object({name: held[name] for name in held.files}))
    except WeightError:
        raise
    except Exception as error:
        raise FileError(f"cannot read {path} as a NumPy archive: {_first_line(error)}") from None


def _safetensors(path: Path) -> list[TrainedLayer]:
    try:
        from safetensors.numpy import load_file
    except ImportError:
        raise MissingExtraError("safetensors", "safetensors", f"reading {path}") from None
    try:
        tensors = load_file(str(path))
    except Exception as error:
        raise FileError(
            f"cannot read {path} as safetensors: {_first_line(error)}; tensors of types that NumPy "
            f"has not (bfloat16, float8) must be saved as float32"
        ) from None
    return list(_of_object(tensors))


def _torch(path: Path) -> list[TrainedLayer]:
    try:
        import torch
    except ImportError:
        raise MissingExtraError("torch", "torch", f"reading {path}") from None
    try:
        held = torch.load(str(path), map_location="cpu", weights_only=True)
    except Exception as error:
        raise FileError(
            f"cannot read {path} as a PyTorch state dict: {_first_line(error)}"
        ) from None
    return list(_of_object(held))


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


MODELS: dict[str, Callable[[Path], list[TrainedLayer]]] = {
    ".onnx": _onnx, ".npz": _npz, ".safetensors": _safetensors, ".pt": _torch, ".pth": _torch,
}  # fmt: skip
"""What reads a model, by its file's suffix."""
