"""In what order the axes of a stored weight lie: `OIHW` (out, in, *size), PyTorch's and ours, or
`HWIO` (*size, in, out), that of Keras, TensorFlow and Flax."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from convmatrix.errors import WeightError

__all__ = ["LAYOUTS", "Layout", "layout_of"]

LAYOUTS = ("OIHW", "HWIO")
LARGEST_KERNEL = 15
"""Axes longer than this are channels, where shapes must tell."""


class Layout(NamedTuple):
    """A weight's order, its kind in `keras_weight`'s words, and what told it ('' where the person
    or the file did)."""

    order: str
    kind: str
    told: str


def layout_of(name: str, shape: Sequence[int], given: str | None = None) -> Layout:
    """The layout of a weight, as given, or by its name and shape.

    >>> layout_of("conv2d/kernel:0", (3, 3, 16, 32))
    Layout(order='HWIO', kind='conv', told='by its name')
    >>> layout_of("layer", (3, 3, 16, 32)), layout_of("layer", (32, 16, 3, 3)).told
    (Layout(order='HWIO', kind='conv', told='by its shape'), 'assumed')
    """
    *folders, leaf = re.split(r"[/.]", name.lower().removesuffix(":0"))
    kind = _kind(folders[-1] if folders else "", leaf)
    if given is not None:
        if given not in LAYOUTS:
            raise WeightError(f"layout must be one of {', '.join(LAYOUTS)}, got {given!r}")
        return Layout(given, kind, "")
    if leaf.endswith("kernel") and not _only_torch(shape):
        return Layout("HWIO", kind, "by its name")
    if _only_keras(shape):
        return Layout("HWIO", kind, "by its shape")
    return Layout("OIHW", kind, "" if leaf.endswith("weight") else "assumed")


def _kind(folder: str, leaf: str) -> str:
    if leaf == "pointwise_kernel":
        return "conv"
    if leaf == "depthwise_kernel" or "depthwise" in folder:
        return "depthwise"
    return "transpose" if "transpose" in folder else "conv"


def _is_kernel(size: Sequence[int]) -> bool:
    """Whether axes may well be those of a kernel: short, and alike, odd or flat."""
    alike = len(set(size)) == 1 or 1 in size or all(n % 2 for n in size)
    return alike and max(size) <= LARGEST_KERNEL


def _only_torch(shape: Sequence[int]) -> bool:
    return _is_kernel(shape[2:]) and not _is_kernel(shape[:-2])


def _only_keras(shape: Sequence[int]) -> bool:
    """Whether a weight of two axes or more begins with a kernel, and does not end with one. One
    with one input and one output channel may have a large kernel."""
    size, rest, ends = shape[:-2], shape[2:], shape[-2:]
    if len(size) < 2 or len(set(size)) > 1 or max(size) > LARGEST_KERNEL or _is_kernel(rest):
        return False
    return size[0] > 1 or len(set(ends)) > 1
