"""An array from a file: `.npy`, or an image; looked at before it is read."""

from __future__ import annotations

import os
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np

from convmatrix.errors import ConvMatrixError, FileError
from convmatrix.limits import check_memory
from convmatrix.readers.files import first_line
from convmatrix.readers.images import Picture, read_image
from convmatrix.typing import Array

__all__ = ["npy_header", "read_array", "read_picture"]


def read_array(path: str) -> Array:
    """An `.npy` file, or an image `(channels, height, width)`."""
    found = read_picture(path)
    return found.values if isinstance(found, Picture) else found


def read_picture(path: str) -> Array | Picture:
    """An `.npy` file as an array, an image as a picture, which knows its depth."""
    place = Path(path)
    if not os.path.isfile(place):
        raise FileError(f"no such file: {path}; give an existing .npy or image file")
    try:
        return _read_npy(place) if place.suffix == ".npy" else read_image(place)
    except ConvMatrixError:
        raise
    except Exception as error:  # a damaged file makes NumPy and Pillow raise of every kind
        what = place.suffix or "an image"
        raise FileError(f"cannot read {path} as {what}: {first_line(error)}") from None


def npy_header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of the array that an open `.npy` file holds; leaves the file at its data."""
    version = np.lib.format.read_magic(file)
    old = version == (1, 0)
    read = np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    if any(n < 0 for n in shape):
        raise ValueError(f"its shape is {shape}")
    return shape, dtype


def _read_npy(path: Path) -> Array:
    with path.open("rb") as file:
        shape, dtype = npy_header(file)
        held = os.fstat(file.fileno()).st_size - file.tell()
    need = prod(shape) * dtype.itemsize
    if not dtype.hasobject and need > held:
        raise FileError(
            f"{path} says it holds {need:,} bytes of numbers, and holds {held:,}; the file is "
            f"damaged, save it again"
        )
    check_memory(need, f"reading {path}", "a part of it")
    return np.asarray(np.load(path, allow_pickle=False))
