"""The catalogue of statements, a file a subject."""

from __future__ import annotations

__all__: list[str] = []
