"""An array as a file: `.npy`, or an image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from convmatrix.errors import FileError, MissingExtraError
from convmatrix.writers.files import target

__all__ = ["write_array"]


def write_array(y: np.ndarray[Any, Any], path: str | Path) -> None:
    """Write an array as `.npy`, or `(channels, height, width)` as an image (rounded, 0 to 255).

    Path ``-`` writes `.npy` to standard output.
    """
    if str(path) == "-" or Path(path).suffix == ".npy":
        with target(path) as file:
            np.save(file, y, allow_pickle=False)
        return
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtraError("Pillow", "image", "writing images") from None
    kind = Image.registered_extensions().get(Path(path).suffix.lower())
    if kind is None:
        raise FileError(f"{path} has no suffix of an image; use .png, .jpg or .npy")
    if y.ndim != 3 or y.shape[0] not in (1, 3):
        raise FileError(f"an image has 1 or 3 channels, got shape {y.shape}; write an .npy instead")
    pixels = np.clip(np.rint(np.real(y)), 0, 255).astype(np.uint8)
    image = Image.fromarray(pixels[0] if len(pixels) == 1 else np.moveaxis(pixels, 0, -1))
    with target(path) as file:
        image.save(file, format=kind)
