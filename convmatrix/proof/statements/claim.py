"""A claim of the catalogue as a statement: lemmas that are made for the symbols left free."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, final

from convmatrix.errors import ProofError
from convmatrix.layers.arguments import count, exact
from convmatrix.layers.calling import meant
from convmatrix.proof.algebra.instances import models
from convmatrix.proof.algebra.lemmas import Goal, Lemma
from convmatrix.proof.algebra.polynomial import Polynomial, variables
from convmatrix.proof.algebra.theorem import Theorem, symbol_guards
from convmatrix.proof.result import Counterexample, Proof, Replay
from convmatrix.proof.statements.data import Decoder, encoded, shown, symbol_bounds
from convmatrix.proof.statements.statement import Statement
from convmatrix.relation import is_symbolic

if TYPE_CHECKING:
    from convmatrix.proof.statements.catalogue.claim import Claim

__all__ = ["LemmaClaim", "no_parameter"]

SYMBOL_OF = {
    "kernel_size": "k", "stride": "s", "padding": "p", "dilation": "d", "input_size": "n",
    "output_padding": "a",
}  # fmt: skip
"""The symbol that a parameter fixes."""

TRIALS = 4_000
"""Partial choices of elements and taps that are looked at in one geometry."""


def no_parameter(
    name: str, option: str, free: Sequence[str], symbols: Iterable[str] = ()
) -> ProofError:
    """What to write instead of a parameter `option` that the claim called `name` does not have."""
    short = next((o for o in free if SYMBOL_OF.get(o) == option), None)
    near = "" if option in SYMBOL_OF else short or meant(option, free)
    names = f" (symbols {', '.join(symbols)})" if symbols else ""
    fix = f"did you mean {near}?" if near else f"it has {', '.join(free) or 'nothing'}{names}"
    return ProofError(f"{name} has no {option} to fix; {fix}")


@final
@dataclass(frozen=True, eq=False)
class LemmaClaim(Statement):
    """A claim that is made of lemmas, with some of its symbols fixed."""

    claim: Claim

    about = "claim"

    @classmethod
    def of(cls, claim: Claim, fixed: Mapping[str, Any], known_as: str = "") -> LemmaClaim:
        """The statement with these parameters of `prove`; `known_as` is what errors call it.

        Raises `ProofError` where it has no such parameter, or an expression clashes with a symbol.
        """
        name, symbols = known_as or claim.name, claim.symbols
        for option in fixed:
            if SYMBOL_OF.get(option) not in symbols:
                free = [o for o, symbol in SYMBOL_OF.items() if symbol in symbols]
                raise no_parameter(name, option, free, symbols)
        given: dict[str, Any] = dict(claim.defaults)
        for option, value in fixed.items():
            symbol = SYMBOL_OF[option]
            least = symbols[symbol]
            given[symbol] = (
                exact(value, option) if least is None else count(value, option, least=least)
            )
        _refuse_clashes(claim, given, name)
        bounds = symbol_bounds(s for v in given.values() if is_symbolic(v) for s in v.free_symbols)
        free_bounds = {s: b for s, b in symbols.items() if s not in given}
        data = {
            "about": cls.about, "name": claim.name, "level": claim.level,
            "symbols": {**free_bounds, **bounds},
            "fixed": {symbol: encoded(value) for symbol, value in given.items()},
        }  # fmt: skip
        return cls(data, claim)

    def _values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What stands for each symbol of the claim, with values for those left free."""
        decoder = Decoder(values)
        fixed = {name: decoder.decode(value) for name, value in self.data["fixed"].items()}
        return {name: fixed.get(name, values.get(name)) for name in self.claim.symbols}

    @property
    def _chosen(self) -> dict[str, Any]:
        """What is fixed and would not be so anyway."""
        return {
            name: value
            for name, value in self.data["fixed"].items()
            if value not in (self.claim.defaults.get(name), {"is": name})
        }

    def _guards(self) -> tuple[Goal, ...]:
        """The bounds of the symbols, of those that are fixed too."""
        values = self._values(self.symbols)
        fixed = [
            Goal("ge", Polynomial.of(values[name]) - bound)
            for name, bound in self.claim.symbols.items()
            if bound is not None and name in self.data["fixed"]
        ]
        goals = (*symbol_guards(self.bounds), *fixed)
        return tuple(g for g in goals if not (g.value.is_number and g.holds({})))

    @property
    def text(self) -> str:
        fixed = ", ".join(f"{name} = {shown(value)}" for name, value in self._chosen.items())
        return self.claim.statement + (f", where {fixed}" if fixed else "")

    def theorems(self) -> Iterator[Theorem]:
        it, guards = self.claim, self._guards()
        lemmas = tuple(it.lemmas(self._values(self.symbols)))
        symbols = set(self.bounds)
        given = [g for each in lemmas for g in each.given if g.value.free_symbols <= symbols]
        chosen = self._chosen
        yield Theorem(
            self.text,
            it.level,
            it.scope + (f", {', '.join(chosen)} fixed" if chosen else ""),
            tuple(dict.fromkeys((*guards, *given))),
            tuple(_guarded(each, guards) for each in lemmas),
            conclusion=it.meaning,
        )

    def at(self, values: Mapping[str, int]) -> Proof:
        """Whether every lemma holds at the smallest elements and taps of one geometry."""
        it, inside = self.claim, self._values(values)
        numbers = {name: Polynomial.of(value) for name, value in inside.items()}
        failing = (
            _counterexample(it, inside, each, goal, model)
            for each in it.lemmas(numbers)
            for model in models(each, TRIALS)
            for goal in each.goals
            if not goal.holds(model)
        )
        found = next(failing, None)
        return Proof(found is None, self.text, it.level, "", "", found)


def _refuse_clashes(claim: Claim, given: Mapping[str, Any], name: str) -> None:
    """`ProofError` where a symbol in an expression is fixed itself, or the proof's own."""
    own = {symbol: variables(symbol)[0] for symbol in claim.symbols}
    inside = {v for each in claim.lemmas(own) for v in each.variables} - set(claim.symbols)
    for fixed, value in given.items():
        for symbol in map(str, value.free_symbols) if is_symbolic(value) else ():
            if symbol in given and symbol != fixed:
                raise ProofError(f"{symbol} is fixed, so {fixed} = {value} must not depend on it")
            if symbol in inside:
                raise ProofError(
                    f"the proof of {name} uses {symbol} itself; use another name, e.g. {symbol}1"
                )


def _guarded(each: Lemma, guards: Sequence[Goal]) -> Lemma:
    """A lemma with the bounds of the symbols that occur in it."""
    goals = (*each.given, *each.where, *each.goals)
    used = set().union(*(g.value.free_symbols for g in goals))
    first = [g for g in guards if g.value.free_symbols <= used]
    return Lemma(
        each.name, tuple(dict.fromkeys((*first, *each.given))), each.where, each.goals, each.says
    )


def _counterexample(
    it: Claim, values: Mapping[str, Any], each: Lemma, goal: Goal, model: Mapping[str, int]
) -> Counterexample:
    number = goal.value.at(model)
    place = f" at {', '.join(f'{n} = {v}' for n, v in model.items())}" if model else ""
    sign = "≥" if goal.kind == "ge" else "="
    expected: Any = f"{each.name}: {goal.value} {sign} 0{place}"
    says = f"{each.name}: {goal.value} = {number}{place}, not {sign} 0"
    seen, got = Replay(goal.kind == "ge" or 0, number, says), number
    if it.replay is not None:
        seen = it.replay(values)
        expected, got = seen.expected, seen.got
    geometry = {name: int(value) for name, value in values.items()}
    player = partial(Replay, seen.expected, seen.got, seen.says)
    return Counterexample(geometry, None, None, ((), ()), expected, got, player, seen.says)
