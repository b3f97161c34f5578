"""The transpose theorem for every convolution at once: any number of dimensions, channels, groups.

An element of the whole is a channel and a place on each axis; a connection is one on each axis and
one of channels. So one axis is proved with all its numbers free, the channel rule with all of its,
and that flat indices name elements and weights uniquely.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, final

from convmatrix.errors import GeometryError, ProofError
from convmatrix.layers import Convolution, conv1d
from convmatrix.layers.arguments import exact, known_mode
from convmatrix.proof.algebra.theorem import Theorem
from convmatrix.proof.relate.axes import Relations, maps_equal, relations
from convmatrix.proof.relate.products import PRODUCT, channel_lemmas, products_hold, raveling_lemma
from convmatrix.proof.relate.sides import Equation
from convmatrix.proof.result import Proof
from convmatrix.proof.statements.data import Decoder, encoded, shown, symbol_bounds
from convmatrix.proof.statements.statement import Data, Statement
from convmatrix.proof.statements.textbook import CONSTRUCTION
from convmatrix.proof.statements.transpose import equation_of, transposed_at
from convmatrix.relation import FOLDS, is_symbolic

__all__ = ["EveryTranspose"]

FREE = {"kernel_size": "k", "stride": "s", "dilation": "d", "before": "p0", "after": "p1"}
"""The symbol that stands for each number of an axis where it is not fixed."""


@final
@dataclass(frozen=True, eq=False)
class EveryTranspose(Statement):
    """That the transpose of every convolution, some of its numbers fixed, is its textbook
    construction."""

    about = "every transpose"

    @classmethod
    def of(cls, fixed: Mapping[str, Any], level: str) -> EveryTranspose:
        """The statement with these arguments of `prove_transpose`; a symbol `n`, `k`, `s`, `d`,
        `p0` or `p1` in an expression is the free one of that name.

        Raises `GeometryError` where an argument is none of a convolution, `ProofError` where one
        depends on what another one fixes.
        """
        values = dict(fixed)
        mode = values.pop("padding_mode", None)
        modes = list(FOLDS) if mode is None else [known_mode(mode)]
        pads = values.pop("padding", None)
        pair = tuple(pads) if isinstance(pads, (tuple, list)) else (pads, pads)
        if len(pair) != 2:
            raise GeometryError(f"padding must be an int or a (before, after) pair, got {pads!r}")
        given = {option: exact(value, option) for option, value in values.items()}
        given |= {} if pads is None else dict(zip(("before", "after"), pair, strict=True))
        _refuse_clashes(given)
        bounds = symbol_bounds({s for v in given.values() for s in _symbols(v)})
        free: dict[str, int | None] = {"n": 1}
        for option, name in FREE.items():
            if option not in given:
                free[name] = None if option in ("before", "after") else 1
        data = {option: encoded(value) for option, value in given.items()}
        data |= {option: {"is": name} for option, name in FREE.items() if option not in given}
        symbols = {**bounds, **free}
        return cls({"about": cls.about, "level": level, "symbols": symbols, "modes": modes, **data})

    @property
    def text(self) -> str:
        fixed = [
            f"{option}={shown(value)}"
            for option, symbol in FREE.items()
            if (value := self.data[option]) != {"is": symbol}
        ]
        every = f"{CONSTRUCTION}, for every convolution"
        return every + (f" with {', '.join(fixed)}" if fixed else "")

    def _equation(self, mode: str) -> Equation:
        conv = _layer(self.data, self.symbols, mode)
        return equation_of(conv, (self.symbols["n"],), self.bounds, self.level)

    def theorems(self) -> Iterator[Theorem]:
        modes = self.data["modes"]
        if not modes or len(set(modes)) < len(modes):
            raise ProofError(f"padding modes are different ones, got {modes}")
        per_mode = {mode: next(maps_equal(self._equation(mode), "")) for mode in modes}
        first = per_mode[modes[0]]
        lemmas = tuple(
            replace(lemma, name=f"one axis, {mode} padding: {lemma.name}")
            for mode, theorem in per_mode.items()
            for lemma in theorem.lemmas
        )
        weights = ", all weights" if self.level == "weights" else ""
        yield replace(
            first,
            statement=self.text,
            scope=(
                f"{first.scope.split(' at which')[0]}, an axis, wherever the convolution exists; "
                f"any number of dimensions, channels and groups; padding modes "
                f"{', '.join(modes)}{weights}"
            ),
            lemmas=(*lemmas, *channel_lemmas(), raveling_lemma()),
            conclusion=PRODUCT,
        )

    def relations(self) -> Iterator[list[Relations]]:
        if products_hold():
            per_mode = [next(relations(self._equation(mode))) for mode in self.data["modes"]]
            yield [axis for axes in per_mode for axis in axes]

    def at(self, values: Mapping[str, int]) -> Proof:
        """The first padding mode that fails at a geometry, else the last that holds."""
        proof = None
        for mode in self.data["modes"]:
            try:
                conv = _layer(self.data, values, mode)
                proof = transposed_at(conv, conv.sizes(values["n"]), self.level)
            except GeometryError:
                if mode == self.data["modes"][-1] and proof is None:
                    raise
                continue
            if not proof:
                break
        assert proof is not None
        return proof


def _refuse_clashes(given: Mapping[str, Any]) -> None:
    """`ProofError` where a value depends on a symbol that another argument fixes."""
    fixed = {FREE[option] for option in given if option not in ("before", "after")}
    for option, value in given.items():
        for symbol in map(str, _symbols(value)):
            if symbol in fixed and FREE[option] != symbol:
                raise ProofError(f"{symbol} is fixed, so {option} = {value} must not depend on it")


def _symbols(value: Any) -> set[Any]:
    symbols: set[Any] = value.free_symbols if is_symbolic(value) else set()
    return symbols


def _layer(data: Data, values: Mapping[str, Any], mode: str) -> Convolution:
    """A convolution of one axis and channel."""
    decoder = Decoder(values)
    given = {name: decoder.decode(data[name]) for name in FREE}
    return conv1d(
        1, 1, given["kernel_size"], stride=given["stride"], dilation=given["dilation"],
        padding=((given["before"], given["after"]),), padding_mode=mode,
    )  # fmt: skip
