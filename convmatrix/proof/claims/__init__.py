"""The catalogue's statements, by subject; each file makes its own known to `catalogue.py`."""

from __future__ import annotations

__all__: list[str] = []
