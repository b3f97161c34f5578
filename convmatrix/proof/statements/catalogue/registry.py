"""The catalogue: statements by name, each with its scope, meaning and source."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any

from convmatrix.errors import ProofError
from convmatrix.layers.arguments import count, exact
from convmatrix.layers.calling import meant, public
from convmatrix.layers.printing import Printed
from convmatrix.proof.algebra.instances import models
from convmatrix.proof.algebra.lemmas import Goal, Lemma
from convmatrix.proof.algebra.polynomial import Polynomial, variables
from convmatrix.proof.algebra.theorem import Theorem, symbol_guards
from convmatrix.proof.engines.decide import decide
from convmatrix.proof.relate.axes import maps_equal
from convmatrix.proof.result import Counterexample, Proof, Replay
from convmatrix.proof.statements.data import Decoder, encoded, symbol_bounds
from convmatrix.proof.statements.kinds import Data, Kind, environment, kind
from convmatrix.relation import is_symbolic

if TYPE_CHECKING:
    from convmatrix.maps import Map

__all__ = [
    "Claim",
    "Values",
    "catalogue",
    "claim",
    "equal_maps",
    "in_words",
    "lemma",
    "prove",
    "prove_claim",
]

Values = Mapping[str, Any]
"""What stands for each symbol of a statement: a polynomial, or an int."""

SYMBOL_OF = {
    "kernel_size": "k", "stride": "s", "padding": "p", "dilation": "d", "input_size": "n",
    "output_padding": "a",
}  # fmt: skip
"""The symbol that a parameter fixes."""


@dataclass(frozen=True, slots=True)
class Claim(Printed):
    """A statement of the catalogue.

    Attributes
    ----------
    name
        What `prove` takes.
    statement, meaning, scope, source
        The claim in symbols, in a line of words, for what it holds, and who says so.
    symbols
        The free symbols with their lower bounds (None: any integer).
    defaults
        Symbols that have these values unless `prove` is told otherwise.
    """

    name: str
    statement: str
    meaning: str
    scope: str
    source: str
    symbols: Mapping[str, int | None]
    lemmas: Callable[[Values], Sequence[Lemma]] = field(repr=False)
    level: str = "weights"
    defaults: Mapping[str, int] = field(default_factory=dict)
    prover: Callable[..., Proof] | None = field(default=None, repr=False)
    replay: Callable[[Values], Replay] | None = field(default=None, repr=False)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """A copy is the statement of that name: its lemmas are functions."""
        if _CLAIMS.get(self.name) is self:
            return _known, (self.name,)
        return super().__reduce_ex__(protocol)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        names = ("name", "statement", "meaning", "scope", "source", "level")
        return {**{n: getattr(self, n) for n in names}, "symbols": dict(self.symbols)}

    def __str__(self) -> str:
        lines = (self.statement, self.meaning, f"for {self.scope}", f"source: {self.source}")
        return "\n  ".join((self.name, *lines))


class Catalogue(dict[str, Claim]):
    """The statements by name; it prints as a short table."""

    def __repr__(self) -> str:
        width = max(map(len, self), default=0)
        return "\n".join(f"{name:<{width}}  {each.statement}" for name, each in self.items())

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td>{escape(each.statement)}</td>"
            f"<td>{escape(each.meaning)}</td></tr>"
            for name, each in self.items()
        )
        return f"<table><tr><th>name</th><th>statement</th><th>meaning</th></tr>{rows}</table>"


_CLAIMS: dict[str, Claim] = {}

FILES = ("transposed", "sizes", "kernels", "channels", "fields", "resizing")

ORDER = (
    "transpose", "connectivity", "weights", "circular", "sizes", "round-trip", "output-padding",
    "windows", "dilation", "interleaving", "stride", "padding", "grouping", "grouping-one",
    "grouping-depthwise", "depthwise-separable", "separable", "receptive-field",
    "receptive-field-doubling", "gridding", "bilinear",
    *(f"arithmetic-{number}" for number in range(1, 16)),
)  # fmt: skip
"""The names of the catalogue, as it is read."""


def claim(it: Claim) -> Claim:
    """Make a statement known."""
    _CLAIMS[it.name] = it
    return it


def _known(name: str) -> Claim:
    return catalogue()[name]


@public
def catalogue() -> Catalogue:
    """The statements that `prove` knows, by name.

    >>> import convmatrix as cm
    >>> print(cm.catalogue()["round-trip"])
    round-trip
      n' = n  ⟺  a = (n + 2p - d(k-1) - 1) mod s
      a transposed convolution returns to the input's size for one output_padding a only
      for all n, k, s, d ≥ 1, p ≥ 0 at which the convolution exists, all a
      source: Dumoulin and Visin, arXiv:1603.07285, relationship 14
    """
    known = _all_claims()
    return Catalogue((name, known[name]) for name in ORDER)


def _all_claims() -> dict[str, Claim]:
    for name in FILES:
        import_module(f"convmatrix.proof.statements.catalogue.{name}")
    return _CLAIMS


@public
def prove(name: str | Claim, *, method: str = "auto", **fixed: Any) -> Proof:
    """Prove a statement of the catalogue, for all values of its symbols that are not `fixed`.

    Parameters
    ----------
    name
        One of `catalogue()`, its name or the claim itself; spaces and underscores will do for -.
    fixed
        `kernel_size`, `stride`, `padding`, `dilation`, `input_size` or `output_padding`: an int
        or an expression in symbols.

    Raises
    ------
    ProofError
        Where there is no such statement, or it has no such parameter.

    >>> import convmatrix as cm
    >>> cm.prove("receptive-field").holds
    True
    >>> proof = cm.prove("sizes", kernel_size=3, stride=2, padding=0)
    >>> proof.holds, proof.counterexample.geometry, proof.counterexample.replay().differs
    (False, {'n': 1, 'd': 1, 'a': 0, 'k': 3, 's': 2, 'p': 0}, True)
    """
    known = catalogue()
    wanted = name.name if isinstance(name, Claim) else "-".join(re.split(r"[\s_-]+", str(name)))
    if wanted.lower() not in known:
        close = get_close_matches(wanted.lower(), known, 3)
        hint = f"do you mean {' or '.join(close)}? " if close else ""
        raise ProofError(f"no statement named {name!r}; {hint}use one of {', '.join(known)}")
    prover = known[wanted.lower()].prover
    if prover is not None:
        allowed = ("kernel_size", "stride", "padding", "dilation", "padding_mode")
        for option in fixed:
            if option not in allowed and wanted.lower() != "sizes":
                raise _no_parameter(wanted.lower(), option, allowed)
        return prover(method=method, **fixed)
    return prove_claim(wanted.lower(), method=method, **fixed)


def prove_claim(name: str, *, method: str = "auto", **fixed: Any) -> Proof:
    """`prove` for a claim that is made of lemmas."""
    it = _all_claims()[name]
    for option in fixed:
        if SYMBOL_OF.get(option) not in it.symbols:
            free = [o for o, symbol in SYMBOL_OF.items() if symbol in it.symbols]
            raise _no_parameter(_public_name(name), option, free, it.symbols)
    given: dict[str, Any] = dict(it.defaults)
    for option, value in fixed.items():
        symbol = SYMBOL_OF[option]
        least = it.symbols[symbol]
        given[symbol] = exact(value, option) if least is None else count(value, option, least=least)
    _refuse_clashes(it, given)
    bounds = symbol_bounds(s for v in given.values() if is_symbolic(v) for s in v.free_symbols)
    free_bounds = {s: b for s, b in it.symbols.items() if s not in given}
    subject = {
        "about": "claim", "name": name, "level": it.level, "symbols": {**free_bounds, **bounds},
        "fixed": {symbol: encoded(value) for symbol, value in given.items()},
    }  # fmt: skip
    return decide(subject, method)


def _no_parameter(
    name: str, option: str, free: Sequence[str], symbols: Iterable[str] = ()
) -> ProofError:
    """What to write instead of a parameter that a statement does not have."""
    short = next((o for o in free if SYMBOL_OF.get(o) == option), None)
    near = "" if option in SYMBOL_OF else short or meant(option, free)
    names = f" (symbols {', '.join(symbols)})" if symbols else ""
    fix = f"did you mean {near}?" if near else f"it has {', '.join(free) or 'nothing'}{names}"
    return ProofError(f"{name} has no {option} to fix; {fix}")


def _public_name(name: str) -> str:
    """The name by which a statement is known, of one of its forms (`sizes-here`) too."""
    return name if name in ORDER else next(n for n in ORDER if name.startswith(f"{n}-"))


def _refuse_clashes(it: Claim, given: Mapping[str, Any]) -> None:
    """`ProofError` where a symbol in an expression is fixed itself, or the proof's own."""
    own = {name: variables(name)[0] for name in it.symbols}
    inside = {v for each in it.lemmas(own) for v in each.variables} - set(it.symbols)
    for name, value in given.items():
        for symbol in map(str, value.free_symbols) if is_symbolic(value) else ():
            if symbol in given and symbol != name:
                raise ProofError(f"{symbol} is fixed, so {name} = {value} must not depend on it")
            if symbol in inside:
                raise ProofError(
                    f"the proof of {_public_name(it.name)} uses {symbol} itself; use another "
                    f"name, e.g. {symbol}1"
                )


def _values(data: Data, values: Mapping[str, Any]) -> dict[str, Any]:
    decoder = Decoder(values)
    fixed = {name: decoder.decode(value) for name, value in data["fixed"].items()}
    return {name: fixed.get(name, values.get(name)) for name in _claim(data).symbols}


def _claim(data: Data) -> Claim:
    known = _all_claims()
    if data["name"] not in known or known[data["name"]].prover is not None:
        raise ProofError(f"no claim of lemmas is named {data['name']!r}")
    it = known[data["name"]]
    if set(data["fixed"]) - set(it.symbols) or data["level"] != it.level:
        raise ProofError(f"{it.name} is about {', '.join(it.symbols)} at level {it.level}")
    return it


def _guards(data: Data) -> tuple[Goal, ...]:
    """The bounds of the symbols, of those that are fixed too."""
    it, values = _claim(data), _values(data, environment(data))
    fixed = [
        Goal("ge", Polynomial.of(values[name]) - bound)
        for name, bound in it.symbols.items()
        if bound is not None and name in data["fixed"]
    ]
    goals = (*symbol_guards(data["symbols"]), *fixed)
    return tuple(g for g in goals if not (g.value.is_number and g.holds({})))


def _statement(data: Data) -> str:
    it = _claim(data)
    fixed = [
        f"{name} = {value['is'] if isinstance(value, dict) else value}"
        for name, value in data["fixed"].items()
        if value not in (it.defaults.get(name), {"is": name})
    ]
    return it.statement + (f", where {', '.join(fixed)}" if fixed else "")


def _theorems(data: Data) -> Iterator[Theorem]:
    it, guards = _claim(data), _guards(data)
    lemmas = tuple(it.lemmas(_values(data, environment(data))))
    symbols = set(data["symbols"])
    given = [g for each in lemmas for g in each.given if g.value.free_symbols <= symbols]
    chosen = [
        name
        for name, value in data["fixed"].items()
        if value not in (it.defaults.get(name), {"is": name})
    ]
    fixed = f", {', '.join(chosen)} fixed" if chosen else ""
    yield Theorem(
        _statement(data),
        it.level,
        it.scope + fixed,
        tuple(dict.fromkeys((*guards, *given))),
        tuple(_guarded(each, guards) for each in lemmas),
        conclusion=it.meaning,
    )


def _guarded(each: Lemma, guards: Sequence[Goal]) -> Lemma:
    """A lemma with the bounds of the symbols that occur in it."""
    goals = (*each.given, *each.where, *each.goals)
    used = set().union(*(g.value.free_symbols for g in goals))
    first = [g for g in guards if g.value.free_symbols <= used]
    return Lemma(
        each.name, tuple(dict.fromkeys((*first, *each.given))), each.where, each.goals, each.says
    )


TRIALS = 4_000


def _at(data: Data, values: Mapping[str, int]) -> Proof:
    """Whether every lemma holds at the smallest elements and taps of one geometry."""
    it, statement = _claim(data), _statement(data)
    inside = _values(data, values)
    numbers = {name: Polynomial.of(value) for name, value in inside.items()}
    for each in it.lemmas(numbers):
        for model in models(each, TRIALS):
            for goal in each.goals:
                if not goal.holds(model):
                    found = _counterexample(it, inside, each, goal, model)
                    return Proof(False, statement, it.level, "", "", found)
    return Proof(True, statement, it.level, "", "")


def _counterexample(
    it: Claim, values: Values, each: Lemma, goal: Goal, model: Mapping[str, int]
) -> Counterexample:
    number = goal.value.at(model)
    place = f" at {', '.join(f'{n} = {v}' for n, v in model.items())}" if model else ""
    sign = "≥" if goal.kind == "ge" else "="
    wanted = f"{each.name}: {goal.value} {sign} 0{place}"
    says = f"{each.name}: {goal.value} = {number}{place}, not {sign} 0"
    play = it.replay
    seen = play(values) if play is not None else Replay(goal.kind == "ge" or 0, number, says)
    expected, got = (seen.expected, seen.got) if play is not None else (wanted, number)
    return Counterexample(
        {k: int(v) for k, v in values.items()},
        None,
        None,
        ((), ()),
        expected,
        got,
        partial(_seen, seen),
        seen.says,
    )


def _seen(replay: Replay) -> Replay:
    return replay


kind("claim", Kind(_statement, _theorems, _at))


def lemma(
    name: str,
    given: Sequence[Goal],
    goals: Sequence[Goal],
    where: Sequence[Goal] = (),
    says: str = "",
) -> Lemma:
    """A lemma of a statement."""
    return Lemma(name, tuple(dict.fromkeys(given)), tuple(where), tuple(dict.fromkeys(goals)), says)


def equal_maps(A: Map, B: Map, *, exists: bool = True) -> list[Lemma]:
    """The lemmas that make two maps of one channel equal, tap by tap; with `exists`, that B exists
    where A does is one of them."""
    theorem = next(maps_equal(A, B, {}, "weights", "", exists=exists, channels=True))
    return list(theorem.lemmas)


def in_words(formula: str) -> str:
    """A formula in Python's notation as people write it.

    >>> in_words("(n + 2*p - k)//s + 1")
    '⌊(n + 2p - k)/s⌋ + 1'
    """
    shown = re.sub(r"(\d)\*([a-z])", r"\1\2", formula)
    shown = re.sub(r"(\((?:[^()]|\([^()]*\))*\))//(\w+)", r"⌊\1/\2⌋", shown)
    return shown.replace("*", "·")
