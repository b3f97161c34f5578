"""What decides a statement: certificates, counterexamples, quantifiers."""

from __future__ import annotations

__all__: list[str] = []
