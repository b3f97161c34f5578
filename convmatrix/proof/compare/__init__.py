"""Two maps compared triple by triple, at one geometry."""

from __future__ import annotations

__all__: list[str] = []
