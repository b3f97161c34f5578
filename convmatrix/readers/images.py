"""An image as an array that knows how deep its values are."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from convmatrix.errors import MissingExtraError, TooLargeError
from convmatrix.readers.files import first_line
from convmatrix.readers.growth import check_growth
from convmatrix.typing import Array

__all__ = ["Picture", "read_image"]


COPIES = 3
"""Of an image, while it is decoded and its axes are moved."""

_KEPT = {"1": "1", "L": "8", "RGB": "8", "I;16": "16", "I;16B": "16", "I;16L": "16", "I": "32",
         "F": "float"}  # fmt: skip
"""Pillow's modes that are arrays as they are, and how deep each is; others become RGB."""

_WORDS = {"P": "a palette", "PA": "a palette with alpha", "RGBA": "RGB with alpha",
          "LA": "grey with alpha"}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An image: its values `(channels, height, width)`, their depth (``1``, ``8``, ``16``, ``32``
    bits or ``float``), and what of the file is not in them."""

    values: Array
    depth: str
    left_out: tuple[str, ...]


def read_image(path: Path) -> Picture:
    """The first picture of an image file, turned as it says that it is to be seen."""
    try:
        from PIL import Image, ImageOps
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
            left_out = tuple(_left_out(image))
            depth = _KEPT.get(image.mode, "8")
            if image.mode == "I" and image.format == "PNG":
                depth = "16"  # older Pillows hold it wider than the file does
            turned = ImageOps.exif_transpose(image)
            array = np.asarray(turned if image.mode in _KEPT else turned.convert("RGB"))
    for warning in said:
        if not issubclass(warning.category, Image.DecompressionBombWarning):
            warnings.warn(f"{path}: {warning.message}", stacklevel=4)
    if array.dtype.kind == "b":
        array = array.astype(np.uint8)
    channels = array[None] if array.ndim == 2 else np.moveaxis(array, -1, 0)
    return Picture(np.ascontiguousarray(channels), depth, left_out)


def _left_out(image: Any) -> Any:
    """What a person should know of how an image was read."""
    if image.mode not in _KEPT:
        alpha = image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
        what = _WORDS.get(image.mode, image.mode)
        yield f"{what}, read as RGB" + (", without its transparency" if alpha else "")
    elif "transparency" in image.info:
        yield "read without its transparency"
    modes = [str(part) for tile in getattr(image, "tile", ()) for part in np.atleast_1d(tile[-1])]
    if _KEPT.get(image.mode, "8") == "8" and any("16" in mode for mode in modes):
        yield "16-bit colour, of which Pillow reads the upper 8 bits"
    if getattr(image, "n_frames", 1) > 1:
        yield f"{image.n_frames} pictures, of which the first is taken"
