"""An array from a file: `.npy`, or an image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from convmatrix.errors import FileError, MissingExtraError

__all__ = ["read_array"]


Array = np.ndarray[Any, Any]


def read_array(path: str) -> Array:
    """An `.npy` file, or an image `(channels, height, width)`."""
    place = Path(path)
    if not place.is_file():
        raise FileError(f"no such file: {path}; give an existing .npy or image file")
    try:
        if place.suffix == ".npy":
            return np.asarray(np.load(place, allow_pickle=False))
        return _read_image(place)
    except (OSError, ValueError, EOFError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"cannot read {path} as {place.suffix or 'an image'}: {error}") from None


def _read_image(place: Path) -> Array:
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtraError("Pillow", "image", "reading images") from None
    with Image.open(place) as image:
        grey = image.mode in ("1", "L", "I", "I;16", "F")
        array = np.asarray(image if grey else image.convert("RGB"))
    return array[None] if array.ndim == 2 else np.ascontiguousarray(np.moveaxis(array, -1, 0))
