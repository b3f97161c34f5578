"""What a notebook shows of a result: what `print` shows."""

from __future__ import annotations

__all__ = ["Printed"]


class Printed:
    """A result whose printed text a notebook shows as it is."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return f"```text\n{self}\n```"
