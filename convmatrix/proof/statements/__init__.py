"""The kinds of statement, and the doors that prove them."""

from __future__ import annotations

__all__: list[str] = []
