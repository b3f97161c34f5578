"""That two maps with symbols in their geometry are equal, wherever both exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from convmatrix.kept import cached_property
from convmatrix.proof.algebra.theorem import Theorem
from convmatrix.proof.compare.triples import Pair, compare
from convmatrix.proof.relate.axes import Relations, maps_equal, relations
from convmatrix.proof.relate.sides import Equation
from convmatrix.proof.result import Proof
from convmatrix.proof.statements.data import Decoder, Encoder, symbol_bounds
from convmatrix.proof.statements.statement import Statement

if TYPE_CHECKING:
    from convmatrix.maps import Map

__all__ = ["Equality", "equal_at"]


def equal_at(A: Map, B: Map, level: str) -> Proof:
    """The verdict on `A = B` for two maps whose geometry is numbers."""
    return compare(Pair.of(A, B), level, f"{A.describe()} = {B.describe()}")


@final
@dataclass(frozen=True, eq=False)
class Equality(Statement):
    """That two products of layers are equal."""

    about = "equality"

    @classmethod
    def of(cls, A: Map, B: Map, level: str) -> Equality:
        """The statement about two maps; `SymbolicError` where no proof knows a layer of theirs."""
        encoder = Encoder()
        symbols = (symbol for leaf in (*A.leaves, *B.leaves) for symbol in leaf.symbols)
        return cls({
            "about": cls.about, "level": level, "symbols": symbol_bounds(symbols),
            "left": encoder.map(A), "right": encoder.map(B),
        })  # fmt: skip

    @cached_property
    def _equation(self) -> Equation:
        decoder = Decoder(self.symbols)
        A, B = (decoder.map(self.data[side]) for side in ("left", "right"))
        return Equation(A, B, self.bounds, self.level, given=decoder.guards)

    @property
    def text(self) -> str:
        return f"{self._equation.A.describe()} = {self._equation.B.describe()}"

    def theorems(self) -> Iterator[Theorem]:
        return maps_equal(self._equation, self.text)

    def relations(self) -> Iterator[list[Relations]]:
        return relations(self._equation)

    def at(self, values: Mapping[str, Any]) -> Proof:
        decoder = Decoder(values)
        A, B = (decoder.map(self.data[side]) for side in ("left", "right"))
        return equal_at(A, B, self.level)
