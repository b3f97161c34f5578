"""Files of named tensors: NumPy archives, safetensors, PyTorch state dicts."""

from __future__ import annotations

import json
import re
import warnings
import zipfile
from collections.abc import Mapping
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from convmatrix.errors import FileError, MissingExtraError
from convmatrix.layers.trained import TrainedLayer
from convmatrix.readers.arrays import npy_header
from convmatrix.readers.files import reading
from convmatrix.readers.growth import check_growth
from convmatrix.readers.stored import Stored, layers_of, stored_in

__all__ = ["of_mapping", "read_npz", "read_safetensors", "read_torch"]


def read_npz(path: Path, layout: str | None = None) -> list[TrainedLayer]:
    """The layers of a NumPy archive, of which no other array is read."""
    with reading(path, "a NumPy archive"), zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        tensors = {info.filename[:-4]: _member(archive, info) for info in members}
        return list(layers_of(tensors, layout, path))


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Stored:
    """An array of an archive by its header alone."""
    with archive.open(info) as file:
        shape, dtype = npy_header(file)
        start = file.tell()
    size = prod(shape) * dtype.itemsize
    if not dtype.hasobject and start + size != info.file_size:
        raise FileError(
            f"{info.filename} says it holds {size:,} bytes of numbers, and holds "
            f"{info.file_size - start:,}; the file is damaged, save it again"
        )

    def read() -> Any:
        with archive.open(info) as file:
            return np.lib.format.read_array(file, allow_pickle=False)

    return Stored(shape, size, read)


def read_safetensors(path: Path, layout: str | None = None) -> list[TrainedLayer]:
    """The layers of a safetensors file."""
    try:
        from safetensors import safe_open
    except ImportError:
        raise MissingExtraError("safetensors", "safetensors", f"reading {path}") from None
    hint = "; tensors of types that NumPy has not (float8) must be saved as float32"
    with reading(path, "safetensors", hint), safe_open(str(path), "numpy") as file:
        tensors = {}
        for name in file.keys():  # noqa: SIM118 - the file is no mapping
            part = file.get_slice(name)
            shape, bits = tuple(part.get_shape()), re.search(r"\d+", part.get_dtype())
            size = prod(shape) * int(bits[0] if bits else 8) // 8
            brain = part.get_dtype() == "BF16"  # which NumPy has not
            read = partial(_bfloat16, path, name) if brain else partial(file.get_tensor, name)
            tensors[name] = Stored(shape, size, read)
        return list(layers_of(tensors, layout, path))


def _bfloat16(path: Path, name: str) -> np.ndarray[Any, Any]:
    """A tensor of bfloat16, the upper halves of float32, from a file that was found sound."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        entry = json.loads(file.read(length))[name]
        low, high = entry["data_offsets"]
        file.seek(8 + length + low)
        halves = np.frombuffer(file.read(high - low), "<u2")
    return (halves.astype("<u4") << 16).view("<f4").reshape(entry["shape"])


def read_torch(path: Path, layout: str | None = None) -> list[TrainedLayer]:
    """The layers of what `torch.save` wrote; no code in it is run."""
    try:
        import torch
    except ImportError:
        raise MissingExtraError("torch", "torch", f"reading {path}") from None
    with reading(path, "a PyTorch state dict"):
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                need = sum(info.file_size for info in archive.infolist())
            check_growth(path, need, "if you trust it, load it yourself")
        with warnings.catch_warnings():  # of protocols, which say nothing of the weights
            warnings.simplefilter("ignore")
            held = torch.load(str(path), map_location="cpu", weights_only=True)
        return of_mapping(held, layout, path)


def of_mapping(
    source: Any, layout: str | None = None, path: Path | None = None
) -> list[TrainedLayer]:
    """Of a state dict, or what a PyTorch file holds."""
    if not isinstance(source, Mapping):
        raise FileError(
            f"{path} holds no mapping of names to tensors but a {type(source).__name__}; save the "
            f"model's state_dict()"
        )
    held = source.get("state_dict", source.get("model", source))
    return list(layers_of(stored_in(held if isinstance(held, Mapping) else source), layout, path))
