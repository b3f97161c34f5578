"""Connectivity as graphs: a table that NetworkX, files, drawings and the lazy graph all read."""

from __future__ import annotations

__all__: list[str] = []
