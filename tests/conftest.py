"""Shared by all tests: how hypothesis runs, and the catalogue of layers."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci")
