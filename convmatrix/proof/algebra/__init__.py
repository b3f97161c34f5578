"""Polynomials, lemmas over them and the steps that prove these; no map is known here."""

from __future__ import annotations

__all__: list[str] = []
