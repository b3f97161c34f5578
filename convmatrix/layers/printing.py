"""How results and arguments are shown."""

from __future__ import annotations

from typing import Any

import numpy as np

from convmatrix.layers.arrays import same
from convmatrix.shapes import times

__all__ = ["Printed", "shown"]


class Printed:
    """A result whose printed text a notebook shows as it is."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return f"```text\n{self}\n```"


def shown(value: Any) -> str:
    """An argument as a person would have typed it: one value where all axes have the same."""
    if isinstance(value, np.ndarray):
        return f"<{times(value.shape)} {value.dtype}>"
    inner = value
    while isinstance(inner, tuple) and inner and all(same(v, inner[0]) for v in inner):
        inner = inner[0]
    return repr(value if isinstance(inner, tuple) else inner)
