"""An array from a file: `.npy`, or an image; looked at before it is read."""

from __future__ import annotations

import os
import warnings
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np

from convmatrix.errors import ConvMatrixError, FileError, MissingExtraError, TooLargeError
from convmatrix.limits import check_memory
from convmatrix.readers.growth import check_growth, first_line

__all__ = ["npy_header", "read_array"]


Array = np.ndarray[Any, Any]

COPIES = 3
"""Of an image, while it is decoded and its axes are moved."""


def read_array(path: str) -> Array:
    """An `.npy` file, or an image `(channels, height, width)`."""
    place = Path(path)
    if not os.path.isfile(place):
        raise FileError(f"no such file: {path}; give an existing .npy or image file")
    try:
        return _read_npy(place) if place.suffix == ".npy" else _read_image(place)
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


def _read_image(path: Path) -> Array:
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtraError("Pillow", "image", "reading images") from None
    instead = "cut or scale it first, or give an .npy file"
    with warnings.catch_warnings(record=True) as said:  # of a file that may prove unreadable
        try:
            image = Image.open(path)
        except Image.DecompressionBombError as error:
            raise TooLargeError(f"{path}: {first_line(error)}; {instead}") from None
        with image:
            check_growth(path, COPIES * 4 * prod(image.size), instead)
            grey = image.mode in ("1", "L", "I", "I;16", "F")
            array = np.asarray(image if grey else image.convert("RGB"))
    for warning in said:
        if not issubclass(warning.category, Image.DecompressionBombWarning):
            warnings.warn(f"{path}: {warning.message}", stacklevel=4)
    return array[None] if array.ndim == 2 else np.ascontiguousarray(np.moveaxis(array, -1, 0))
