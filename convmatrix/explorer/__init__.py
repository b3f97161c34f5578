"""A map as plain data, and as a page that shows it."""

from __future__ import annotations

from convmatrix.explorer.describe import describe
from convmatrix.explorer.page import page

__all__ = ["describe", "page"]
