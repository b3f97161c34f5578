"""The types that are said everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Array", "Recipe"]

Array = np.ndarray[Any, Any]
"""An array of any shape and dtype."""

Recipe = tuple[str, tuple[Any, ...], dict[str, tuple[Any, Any]]]
"""How a layer was made: the maker's name, its positional arguments, and its keyword arguments, each
with the default that is not worth showing."""
