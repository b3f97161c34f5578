"""A SymPy matrix that prints in a line where its cells would fill the memory as text."""

from __future__ import annotations

from typing import Any

from sympy import ImmutableSparseMatrix

__all__ = ["SymbolMatrix"]

MOST_PRINTED = 10_000
"""Cells that are printed, at most."""


class SymbolMatrix(ImmutableSparseMatrix):  # type: ignore[misc]
    """An `ImmutableSparseMatrix` whose text and LaTeX stay short: of a large one its shape."""

    __slots__ = ()

    def _is_large(self) -> bool:
        return bool(self.rows * self.cols > MOST_PRINTED)

    def _summary(self) -> str:
        entries = len(self.todok())
        return f"<SymPy matrix {self.rows}×{self.cols}, {entries} entries; see .todok()>"

    def __repr__(self) -> str:
        return self._summary() if self._is_large() else super().__repr__()

    def __str__(self) -> str:
        return self._summary() if self._is_large() else super().__str__()

    def _sympystr(self, printer: Any) -> str:
        return self._summary() if self._is_large() else printer._print_MatrixBase(self)

    def _latex(self, printer: Any) -> str:
        if self._is_large():
            return rf"\text{{SymPy matrix }} {self.rows} \times {self.cols}"
        return str(printer._print_MatrixBase(self))

    def _pretty(self, printer: Any) -> Any:
        from sympy.printing.pretty.stringpict import prettyForm

        return prettyForm(self._summary()) if self._is_large() else printer._print_MatrixBase(self)

    def _sympyrepr(self, printer: Any) -> str:
        return self._summary() if self._is_large() else printer._print_MatrixBase(self)
