"""Two maps at one geometry, compared by canonical triples: equal, or where they first differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.proof.compare.kernels import kernel_names
from convmatrix.proof.compare.terms import (
    Kernels,
    Polynomials,
    Variables,
    connected,
    differences,
    exact_number,
    polynomials,
)
from convmatrix.proof.result import Counterexample, Proof, Replay
from convmatrix.shapes import times, unravel
from convmatrix.typing import Array

if TYPE_CHECKING:
    from convmatrix.maps import Map

__all__ = ["Pair", "compare"]

MOST_EXACT = 20_000
"""Connections up to which a replay is exact, however large its integers."""

Difference = tuple[str, str, Counterexample | None]
"""The level at which two maps were found equal or different, how, and where they differ."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Two maps at one geometry; `left` and `right` have their kernels in variables that they
    share."""

    A: Map
    B: Map
    left: Kernels
    right: Kernels
    variables: Variables

    @classmethod
    def of(cls, A: Map, B: Map) -> Pair:
        """The maps with their kernels as `kernel_names` names them."""
        variables = Variables()

        def side(m: Map, names: Sequence[str | None]) -> Kernels:
            return [
                None if name is None else variables.kernel(name, leaf.geometry.tap_shape)
                for leaf, name in zip(m.leaves, names, strict=True)
            ]

        of_a, of_b = kernel_names(A, B)
        return cls(A, B, side(A, of_a), side(B, of_b), variables)


def compare(pair: Pair, level: str, statement: str) -> Proof:
    """The verdict on `A = B` at a level, where the statement says in words what A and B are."""
    A = pair.A
    at, method, found = _first_difference(pair, level)
    symbolic = any(not leaf.is_numeric for m in (A, pair.B) for leaf in m.leaves)
    scope = f"{times(A.in_shape)} → {times(A.out_shape)}{', all weights' if symbolic else ''}"
    return Proof(found is None, statement, at, scope, method, found, witness=_geometry(A))


def _first_difference(pair: Pair, level: str) -> Difference:
    A, B = pair.A, pair.B
    shapes = (A.out_shape, A.in_shape), (B.out_shape, B.in_shape)
    if shapes[0] != shapes[1]:
        replay = partial(Replay, *shapes)
        odd = Counterexample(_geometry(A), None, None, ((), ()), *shapes, replay)
        return "size", "shapes compared", odd
    if level == "size":
        return level, "shapes compared", None
    if level == "connectivity":
        return _difference_in_connections(pair)
    p, q = (polynomials(m, k, pair.variables) for m, k in ((A, pair.left), (B, pair.right)))
    method = f"canonical triples (row, column, tap, multiplicity): {len(p.terms)} compared"
    places = differences(p, q)
    if not len(places):
        return level, method, None
    apart = np.setxor1d(connected(A), connected(B))
    lonely = places[np.isin(places[:, 0] * A.shape[1] + places[:, 1], apart)]
    at, place = ("connectivity", lonely[0]) if len(lonely) else (level, places[0])
    texts = [_text(side, place, pair.variables) for side in (p, q)]
    return at, method, _counterexample(pair, place, texts, partial(_replay, pair, place))


def _difference_in_connections(pair: Pair) -> Difference:
    sides = connected(pair.A), connected(pair.B)
    method = f"connected pairs (row, column): {len(sides[0])} compared"
    apart = np.setxor1d(*sides)
    if not len(apart):
        return "connectivity", method, None
    place = np.array(divmod(int(apart[0]), pair.A.shape[1]))
    texts = ["connected" if apart[0] in side else "not connected" for side in sides]
    return "connectivity", method, _counterexample(pair, place, texts, partial(Replay, *texts))


def _counterexample(pair: Pair, place: Array, texts: Sequence[str], player: Any) -> Counterexample:
    A, B = pair.A, pair.B
    row, column = map(int, place)
    output, source = unravel(row, A.out_shape), unravel(column, A.in_shape)
    taps = tuple(tuple(t for e, t in m.inputs_of(output) if e == source) for m in (A, B))
    expected, got = texts
    ends = (taps[0], taps[1])
    return Counterexample(_geometry(A), output, source, ends, expected, got, player)


def _terms_at(p: Polynomials, place: Array) -> tuple[Array, Array]:
    low = np.searchsorted(p.terms[:, 0], place[0], "left")
    high = np.searchsorted(p.terms[:, 0], place[0], "right")
    here = low + np.flatnonzero(p.terms[low:high, 1] == place[1])
    return p.terms[here, 2:], p.coefficients[here]


def _text(p: Polynomials, place: Array, variables: Variables) -> str:
    """An entry as people write it, `w[0,0,1] + 2*w[0,0,2]`."""
    terms = []
    for ids, coefficient in zip(*_terms_at(p, place), strict=True):
        names = [variables.names[i] for i in ids if i >= 0]
        number = [] if coefficient == 1 and names else [str(coefficient)]
        terms.append("*".join([*number, *names]))
    return " + ".join(terms) or "0"


def _replay(pair: Pair, place: Array) -> Replay:
    """The entries of both matrices with a different integer for every variable."""
    rng = np.random.default_rng(0)
    numbers: dict[str, int] = {}

    def number(name: str) -> int:
        return numbers.setdefault(name, int(rng.integers(1, 10**6)))

    def weight(leaf: Any, kernel: Array | None) -> Array | None:
        if kernel is not None:
            flat = [number(pair.variables.names[i]) for i in kernel]
            return np.array(flat).reshape(leaf.geometry.tap_shape)
        if leaf.weight is None or leaf.weight.dtype.kind != "O":
            return None
        flat = [_put_in(v, number) for v in leaf.weight.reshape(-1)]
        return np.array(flat).reshape(leaf.weight.shape)

    def entry(m: Map, kernels: Kernels) -> Any:
        built = m.with_weights([weight(*each) for each in zip(m.leaves, kernels, strict=True)])
        row, column = map(int, place)
        kinds = {leaf.weight.dtype.kind for leaf in built.leaves if leaf.weight is not None}
        if built.nnz <= MOST_EXACT and kinds <= set("biuO"):
            return built.to_sympy()[row, column]
        floats = [None if x.weight is None else x.weight.astype(float) for x in built.leaves]
        return built.with_weights(floats).to_scipy()[row, column].item()

    return Replay(entry(pair.A, pair.left), entry(pair.B, pair.right))


def _put_in(value: Any, number: Any) -> Any:
    """A weight with integers put in for its symbols, exact where it is."""
    symbols: set[Any] = getattr(value, "free_symbols", set())
    if symbols:
        value = value.subs({s: number(str(s)) for s in symbols})
    return value if isinstance(value, (int, float, Fraction)) else exact_number(value)


def _geometry(A: Map) -> dict[str, int]:
    channels, *size = A.in_shape
    names = ["n"] if len(size) == 1 else [f"n{j}" for j in range(len(size))]
    return {"channels": int(channels), **dict(zip(names, map(int, size), strict=True))}
