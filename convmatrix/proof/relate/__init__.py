"""What maps are along each axis and channel: from maps to lemmas."""

from __future__ import annotations

__all__: list[str] = []
