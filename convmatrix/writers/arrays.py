"""An array as a file: `.npy`, or an image of some depth."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convmatrix.errors import FileError, MissingExtraError
from convmatrix.typing import Array
from convmatrix.writers.files import target

__all__ = ["DEPTHS", "Stored", "depth_of", "write_array"]


DEPTHS: dict[str, tuple[int, int, type[Any]]] = {
    "1": (0, 1, np.bool_), "8": (0, 255, np.uint8), "16": (0, 65535, np.uint16),
    "32": (-(2**31), 2**31 - 1, np.int32), "float": (0, 1, np.float32),
}  # fmt: skip
"""How deep an image may be: least and greatest value (of floats: of a normalised one), and type."""

WIDE = (".tif", ".tiff")
"""Images that hold floats."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of the values of an array that is stored as an image."""

    depth: str
    values: int
    clipped: int
    rounded: int
    least: float
    greatest: float

    def __str__(self) -> str:
        if not self.clipped and not self.rounded:
            return ""
        low, high, _ = DEPTHS[self.depth]
        parts = []
        if self.clipped:
            share = f"{100 * self.clipped / self.values:.2g} %"
            parts.append(f"{self.clipped:,} of {self.values:,} values ({share}) clipped to "
                         f"{low} to {high}")  # fmt: skip
        if self.rounded:
            parts.append(f"{self.rounded:,} rounded to integers")
        return f"{', '.join(parts)}; they were {self.least:.6g} to {self.greatest:.6g}"


def depth_of(dtype: np.dtype[Any], path: str | Path) -> str:
    """The depth of an image for numbers of a type: as deep as they are, floats 8 bits where the
    file holds none."""
    if dtype.kind == "f" and Path(path).suffix.lower() in WIDE:
        return "float"
    return {np.dtype(bool): "1", np.dtype(np.uint16): "16"}.get(dtype, "8")


def write_array(y: Array, path: str | Path, *, depth: str = "8") -> Stored | None:
    """Write an array as `.npy`, or `(channels, height, width)` as an image of a depth; what an
    image does not hold is rounded and clipped, and counted.

    Path ``-`` writes `.npy` to standard output.
    """
    if str(path) == "-" or Path(path).suffix == ".npy":
        with target(path) as file:
            np.save(file, y, allow_pickle=False)
        return None
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtraError("Pillow", "image", "writing images") from None
    kind = Image.registered_extensions().get(Path(path).suffix.lower())
    if kind is None or kind not in Image.SAVE:
        raise FileError(f"{path} has no suffix of an image; use .png, .jpg, .tif or .npy")
    if y.ndim != 3 or y.shape[0] not in (1, 3):
        raise FileError(f"an image has 1 or 3 channels, got shape {y.shape}; write an .npy instead")
    pixels, stored = _pixels(y, depth)
    held = io.BytesIO()
    try:
        image = Image.fromarray(pixels[0] if len(pixels) == 1 else np.moveaxis(pixels, 0, -1))
        image.save(held, format=kind)
    except (OSError, TypeError, ValueError, KeyError):
        colours = "grey" if len(y) == 1 else "colour"
        raise FileError(
            f"{path} cannot hold {depth}-bit {colours}; write .png (8 bits, grey 16), .tif (grey "
            f"of any depth) or .npy, or add depth='8'".replace("float-bit", "float")
        ) from None
    with target(path) as file:
        file.write(held.getbuffer())
    return stored


def _pixels(y: Array, depth: str) -> tuple[Array, Stored]:
    """The values as an image of a depth holds them, and how many of them changed."""
    if y.dtype.kind == "c":
        raise FileError("an image holds no complex numbers; use abs(y), or write an .npy")
    if not np.isfinite(y).all():
        raise FileError("an image holds no nan or inf; use y.clip(low, high), or write an .npy")
    least, greatest = float(y.min()), float(y.max())
    low, high, dtype = DEPTHS[depth]
    if depth == "float":
        return y.astype(dtype), Stored(depth, y.size, 0, 0, least, greatest)
    whole = np.rint(y)
    inside = (whole >= low) & (whole <= high)
    changed = np.abs(whole - y) > 1e-9 * max(1.0, abs(least), abs(greatest))
    stored = Stored(depth, y.size, int((~inside).sum()), int((changed & inside).sum()), least,
                    greatest)  # fmt: skip
    return np.clip(whole, low, high).astype(dtype), stored
