"""The convolutions of an ONNX file, with the weights, biases and geometry that its nodes give."""

from __future__ import annotations

import warnings
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from convmatrix.errors import ConvMatrixError, FileError, MissingExtraError, printable
from convmatrix.layers.trained import TrainedLayer
from convmatrix.limits import check_memory
from convmatrix.readers.files import first_line, reading
from convmatrix.readers.stored import finite_array
from convmatrix.typing import Array

__all__ = ["read_onnx"]


MOST = 2**31
WIDEST = 16
"""Bytes of the largest element of a tensor, a complex number."""


def read_onnx(path: Path) -> list[TrainedLayer]:
    """The layers of an ONNX file; it warns of those whose weights are computed."""
    try:
        import onnx
    except ImportError:
        raise MissingExtraError("onnx", "onnx", f"reading {path}") from None
    with reading(path, "ONNX"):
        graph = onnx.load(str(path), load_external_data=False).graph
    stored = _Constants(graph, path)
    layers, skipped, unbiased = [], [], []
    for node in graph.node:
        if node.op_type not in ("Conv", "ConvTranspose"):
            continue
        name = node.name or (node.input[1] if len(node.input) > 1 else node.op_type)
        try:
            layer = _layer(node, name, stored)
        except ConvMatrixError as error:
            raise FileError(f"cannot read {name} of {path}: {error}") from None
        except Exception as error:  # ONNX's functions raise of every kind for a damaged node
            raise FileError(f"cannot read {name} of {path}: {first_line(error)}") from None
        if layer is None:
            skipped.append(name)
            continue
        if len(node.input) > 2 and node.input[2] and layer.bias is None:
            unbiased.append(name)
        layers.append(layer)
    _say(path, "left out", skipped, "whose weights")
    _say(path, "left out the biases of", unbiased, "which")
    return layers


def _say(path: Path, what: str, names: list[str], which: str) -> None:
    """Warn of what is computed, and so not in the file."""
    if names:
        some = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        warnings.warn(
            f"{printable(path.name)}: {what} {printable(some)} ({len(names)} layers), {which} the "
            f"model computes as it runs",
            stacklevel=4,
        )


def _layer(node: Any, name: str, stored: _Constants) -> TrainedLayer | None:
    """A node as a layer; None where its weight is computed."""
    if len(node.input) < 2:
        raise FileError(f"{node.op_type} takes an input and a weight, and has {len(node.input)}")
    weight = stored.of(node.input[1])
    if weight is None:
        return None
    weight = finite_array(weight, node.input[1])
    if not 3 <= weight.ndim <= 5 or not weight.size or weight.dtype.kind not in "fiu":
        raise FileError(
            f"its weight has shape {weight.shape} of {weight.dtype}, and must have 3 to 5 axes of "
            f"numbers"
        )
    bias = stored.of(node.input[2]) if len(node.input) > 2 and node.input[2] else None
    transposed = node.op_type == "ConvTranspose"
    options = _options(node)
    (groups,) = _numbers({"group": [options.get("group", 1)]}, "group", 1, 1)
    if groups < 1 or weight.shape[0] % groups:
        raise FileError(f"group={groups} must divide {weight.shape[0]} channels")
    return TrainedLayer(
        name, weight, groups, transposed, _geometry(options, weight.ndim - 2, transposed),
        None if bias is None else finite_array(bias, node.input[2]),
    )  # fmt: skip


def _options(node: Any) -> dict[str, Any]:
    from onnx.helper import get_attribute_value

    return {a.name: get_attribute_value(a) for a in node.attribute}


_PADS = {"SAME_UPPER": "same", "SAME_LOWER": "same_lower", "VALID": "valid"}


def _geometry(options: dict[str, Any], ndim: int, transposed: bool) -> dict[str, Any]:
    """The geometry of a node: its pads are all befores, then all afters."""
    word = options.get("auto_pad", b"NOTSET")
    if word not in {b"NOTSET", b"", *(w.encode() for w in _PADS)}:
        raise FileError(f"auto_pad must be NOTSET or one of {', '.join(_PADS)}, got {word!r:.60}")
    if "output_shape" in options:
        raise FileError(
            "its output_shape sets a padding that depends on the input's size; export the model "
            "with pads"
        )
    pads = _numbers(options, "pads", 2 * ndim, 0)
    found: dict[str, Any] = {
        "stride": _numbers(options, "strides", ndim, 1),
        "dilation": _numbers(options, "dilations", ndim, 1),
        "padding": _PADS.get(word.decode()) or tuple(zip(pads[:ndim], pads[ndim:], strict=True)),
    }
    if transposed:
        found["output_padding"] = _numbers(options, "output_padding", ndim, 0)
    return found


def _numbers(options: dict[str, Any], name: str, count: int, default: int) -> tuple[int, ...]:
    given = options.get(name, [default] * count)
    fits = isinstance(given, list) and len(given) == count
    if not fits or not all(type(n) is int and abs(n) < MOST for n in given):
        raise FileError(f"{name} must be {count} integers below 2^31, got {given!r:.60}")
    return tuple(given)


class _Constants:
    """The tensors that a graph stores, and those that follow from them; each is made once."""

    def __init__(self, graph: Any, path: Path) -> None:
        self._tensors = {tensor.name: tensor for tensor in graph.initializer}
        self._made = {output: node for node in graph.node for output in node.output}
        self._known: dict[str, Array | None] = {}
        self._folder = str(path.parent)

    def of(self, name: str) -> Array | None:
        """A tensor by its name; None where it is computed from the model's input."""
        waiting = {name: None}  # in order: each is needed by the one before it
        while waiting:
            top = next(reversed(waiting))
            missing = [i for i in self._needs(top) if i not in self._known]
            if not missing:
                self._known[top] = self._value(top)
                del waiting[top]
            elif missing[0] in waiting:  # it needs itself
                self._known[missing[0]] = None
            else:
                waiting[missing[0]] = None
        return self._known[name]

    def _needs(self, name: str) -> list[str]:
        """The tensors that one follows from, where it is not stored itself."""
        node = None if name in self._tensors or name in self._known else self._made.get(name)
        if node is None or node.op_type not in ("Identity", "DequantizeLinear"):
            return []
        return [i for i in node.input if i]

    def _value(self, name: str) -> Array | None:
        if name in self._known:
            return self._known[name]
        if name in self._tensors:
            return self._array(self._tensors[name])
        node = self._made.get(name)
        if node is None or node.op_type not in ("Constant", "Identity", "DequantizeLinear"):
            return None
        options = _options(node)
        if node.op_type == "Constant":
            return self._array(options["value"]) if "value" in options else None
        inputs = [self._known[i] for i in node.input if i]
        if not inputs or any(one is None for one in inputs):
            return None
        return inputs[0] if node.op_type == "Identity" else _dequantised(inputs, options)

    def _array(self, tensor: Any) -> Array:
        from onnx.numpy_helper import to_array

        check_memory(WIDEST * prod(tensor.dims), f"the tensor {tensor.name}", "a smaller model")
        found: Array = to_array(tensor, base_dir=self._folder)
        return found


def _dequantised(inputs: list[Any], options: dict[str, Any]) -> Array:
    """`(weight - zero point) * scale`, along an axis where the scale is a vector."""
    weight, scale, *zero = inputs
    axis = options.get("axis", 1)
    one_each = np.ndim(scale) == 1 and np.size(scale) > 1
    if np.size(scale) != (weight.shape[axis] if one_each else 1):
        raise FileError(
            f"a scale of shape {np.shape(scale)} fits no axis of a weight of shape {weight.shape}"
        )
    shape = [1] * weight.ndim
    if one_each:
        shape[axis] = -1
    start = np.reshape(zero[0], shape).astype(np.float32) if zero else np.float32(0)
    result: Array = (weight.astype(np.float32) - start) * np.reshape(scale, shape)
    return result
