"""What a proof says, and the counterexample where it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from convmatrix.errors import ProofError
from convmatrix.layers.printing import Printed
from convmatrix.stencil import Element

__all__ = ["LEVELS", "Counterexample", "Proof", "Replay"]

LEVELS = ("size", "connectivity", "weights")
"""What is compared: shapes; which elements are connected; through which taps, hence all weights."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A counterexample seen on two real matrices, built with integer weights.

    `expected` and `got` are the entries at the counterexample's place, or the matrices' shapes.
    """

    expected: Any
    got: Any
    says: str = ""
    """The two sides in words, where they are no entries and no shapes."""

    @property
    def differs(self) -> bool:
        """Whether the matrices differ there, as the counterexample says."""
        return bool(self.expected != self.got)


@dataclass(frozen=True, slots=True)
class Counterexample(Printed):
    """Where two maps differ.

    Attributes
    ----------
    geometry
        The sizes at which they differ, as plain ints.
    output, input
        The pair of elements; None where the shapes differ.
    taps
        The taps that connect the pair on the left and on the right.
    expected, got
        What the left and the right side have there (for a shape mismatch: the shapes).
    """

    geometry: dict[str, int]
    output: Element | None
    input: Element | None
    taps: tuple[tuple[int, ...], tuple[int, ...]]
    expected: Any
    got: Any
    player: Callable[[], Replay] | None = field(default=None, repr=False, compare=False)
    says: str = field(default="", repr=False)

    def replay(self) -> Replay:
        """Build both matrices with integer weights and read off the two entries."""
        assert self.player is not None
        return self.player()

    def at(self, values: Mapping[str, int]) -> Counterexample:
        """The same place, with the geometry named by the symbols of a statement."""
        return replace(self, geometry=dict(values))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "geometry": self.geometry,
            "output": None if self.output is None else list(self.output),
            "input": None if self.input is None else list(self.input),
            "taps": [list(side) for side in self.taps],
            "expected": _plain(self.expected),
            "got": _plain(self.got),
        }

    def __str__(self) -> str:
        if self.says:
            place = ", ".join(f"{name} = {value}" for name, value in self.geometry.items())
            return f"at {place}: {self.says}"
        if self.output is None:
            return f"shapes differ: {self.expected} on the left, {self.got} on the right"
        return (
            f"output {self.output}, input {self.input}: {self.expected} on the left, "
            f"{self.got} on the right"
        )


@dataclass(frozen=True, slots=True)
class Proof:
    """The verdict on a statement; as a condition true where it is proved, false where refuted, and
    an error where it is unknown.

    Attributes
    ----------
    holds
        True (proved), False (refuted), or None (unknown: `scope` says what was searched).
    statement
        What was to be proved.
    level
        ``size``, ``connectivity`` or ``weights``: where proved, the level asked for; where
        refuted, the first level at which the two sides differ.
    scope
        For which sizes, parameters and weights the verdict is given.
    method
        How it was found.
    counterexample, certificate, witness
        Where refuted, the place; where an engine gives one, a certificate that another can check;
        an instance that meets the hypotheses, so that the statement is not empty.
    """

    holds: bool | None
    statement: str
    level: str
    scope: str
    method: str
    counterexample: Counterexample | None = None
    certificate: Any = None
    witness: dict[str, int] | None = None

    def __bool__(self) -> bool:
        if self.holds is None:
            raise ProofError(
                f"unknown: {self.statement} is neither proved nor refuted ({self.scope}); use "
                f".holds, which is None"
            )
        return self.holds

    @property
    def verdict(self) -> str:
        """The verdict in a word."""
        return {True: "proved", False: "refuted", None: "unknown"}[self.holds]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "holds": self.holds,
            "statement": self.statement,
            "level": self.level,
            "scope": self.scope,
            "method": self.method,
            "counterexample": self.counterexample and self.counterexample.to_dict(),
            "certificate": self.certificate and self.certificate.to_dict(),
            "witness": self.witness,
        }

    @property
    def summary(self) -> str:
        """Verdict, level, scope and method, without the steps."""
        lines = [
            f"{self.verdict}: {self.statement}",
            f"  level   {self.level}",
            f"  scope   {self.scope}",
            f"  method  {self.method}",
        ]
        if self.counterexample is not None:
            lines.append(f"  counterexample  {self.counterexample}")
        return "\n".join(lines)

    def __str__(self) -> str:
        if self.certificate is None:
            return self.summary
        from convmatrix.proof.text import readable

        return f"{self.summary}\n{readable(self.certificate)}"

    def _repr_markdown_(self) -> str:
        from convmatrix.proof.text import markdown

        return markdown(self)

    def _repr_latex_(self) -> str:
        from convmatrix.proof.text import latex

        return latex(self)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return value if isinstance(value, (int, float, str)) else str(value)
