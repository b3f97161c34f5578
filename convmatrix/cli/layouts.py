"""Which axis of an array is what: `CHW`, `HWC`, `NCHW`, …, one letter an axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convmatrix.errors import ShapeError
from convmatrix.typing import Array

__all__ = ["Layout", "layout_of"]


SPATIAL = {"L": 1, "W": 1, "HW": 2, "DHW": 3}
BY_AXES = ("L", "HW", "CHW", "NCHW", "NCDHW")
"""What an array is by its number of axes, where nobody says."""
FEW = (1, 3, 4)
"""Channels that an image may have: such a last axis is likely theirs."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The letters of an array's axes: N images, C channels, and L, HW or DHW."""

    letters: str

    @property
    def spatial(self) -> str:
        """The letters of the spatial axes."""
        return self.letters.replace("N", "").replace("C", "")

    @property
    def ndim(self) -> int:
        """How many spatial axes there are."""
        return SPATIAL[self.spatial]

    def channels_first(self, x: Array) -> Array:
        """The array as `(*images, channels, *size)`."""
        known = [letter for letter in f"NC{self.spatial}" if letter in self.letters]
        moved = np.transpose(x, [self.letters.index(letter) for letter in known])
        return moved if "C" in known else np.expand_dims(moved, -self.ndim - 1)

    def restore(self, y: Array) -> Array:
        """An array with channels first in this layout; several channels come first in one that
        has none."""
        letters = self.letters
        if "C" not in letters and y.shape[-self.ndim - 1] == 1:
            y = y.squeeze(-self.ndim - 1)
        elif "C" not in letters:
            letters = letters.replace(self.spatial, f"C{self.spatial}")
        known = [letter for letter in f"NC{self.spatial}" if letter in letters]
        return np.transpose(y, [known.index(letter) for letter in letters])


def layout_of(
    shape: tuple[int, ...], given: str | None, source: str, ndim: int | None, channels: int | None
) -> Layout:
    """The layout of an array of a shape: as given, else by its number of axes.

    `ndim` and `channels` are the layer's, where it says; a shape that looks like channels last is
    refused rather than misread.
    """
    if given is not None:
        letters = given.upper()
        bare = Layout(letters).spatial
        if bare not in SPATIAL or len(set(letters)) != len(letters):
            raise ShapeError(
                f"--layout takes L, HW or DHW with C (channels) and N (images), e.g. CHW, HWC, "
                f"NCHW, CL, got {given!r:.40}"
            )
        if len(letters) != len(shape):
            raise ShapeError(
                f"--layout {letters} has {len(letters)} axes, {source} has shape {shape}; "
                f"give one letter an axis"
            )
        return Layout(letters)
    if ndim is None:
        known = dict(enumerate(BY_AXES, 1))
    else:
        spatial = ("L", "HW", "DHW")[ndim - 1]
        known = {ndim: spatial, ndim + 1: f"C{spatial}", ndim + 2: f"NC{spatial}"}
    if len(shape) not in known:
        raise ShapeError(
            f"{source} has shape {shape}; give an array of {min(known)} to {max(known)} axes, "
            f"e.g. {' or '.join(known.values())}"
        )
    letters = known[len(shape)]
    first = letters.find("C")
    if first >= 0 and shape[-1] in FEW and shape[first] not in (*FEW, channels):
        last = letters.replace("C", "") + "C"
        raise ShapeError(
            f"{source} has shape {shape}, which looks like channels last; add --layout {last}, "
            f"or --layout {letters} if its channels are first"
        )
    return Layout(letters)
