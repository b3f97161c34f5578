"""Are two maps equal for all weights? At a fixed geometry, by comparing canonical triples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.errors import ProofError
from convmatrix.layers.calling import is_one_of, public
from convmatrix.maps.shaped import require_linear
from convmatrix.proof.algebra.lemmas import Goal
from convmatrix.proof.algebra.theorem import Theorem
from convmatrix.proof.compare.terms import (
    OUT_OF_RANGE,
    Polynomials,
    Variables,
    differences,
    exact_number,
    polynomials,
)
from convmatrix.proof.relate.axes import Relations, maps_equal, relations
from convmatrix.proof.relate.sides import kernel_names
from convmatrix.proof.result import LEVELS, Counterexample, Proof, Replay
from convmatrix.proof.statements.data import Decoder
from convmatrix.proof.statements.kinds import Data, Kind, environment, kind
from convmatrix.shapes import times, unravel
from convmatrix.typing import Array

if TYPE_CHECKING:
    from convmatrix.maps import Map

__all__ = ["compare", "prove_equal"]


MOST_EXACT = 20_000
"""Connections up to which a replay is exact, however large its integers."""

Kernels = Sequence[Array | None]
"""For each leaf of a map, the variable of each of its taps; None where it has a weight."""


@public
def prove_equal(A: Map, B: Map, *, level: str = "weights", method: str = "auto") -> Proof:
    """Prove that two maps are equal, or give the smallest place at which they are not.

    Parameters
    ----------
    A, B
        Maps made from layers by `on`, `@` and `.T`; their geometry may have symbols, then the
        statement is about all integers in their place at which both maps exist.
    level
        ``size`` compares shapes, ``connectivity`` who is connected to whom, ``weights`` the
        polynomials in the weights: taps, and numbers where a layer has a weight.
    method
        With symbols: ``auto``, or one engine of ``certificate``, ``presburger``, ``search``.

    A layer without a weight stands for the symbols `w[...]`, in a composite `w1[...]`, `w2[...]`
    in order of application (a transposed composite keeps the order of what it transposes). Where
    both maps are made of the very same layer objects, a layer object stands for one kernel
    wherever it occurs. Numbers are compared exactly where they are exact, floats up to rounding.

    Returns
    -------
    Proof
        Its `method` says which engine decided: the comparison of all (row, column, tap,
        multiplicity) where the geometry is numbers, else a certificate, Presburger arithmetic or a
        bounded search. `holds` is None where none of them decides.

    Raises
    ------
    ProofError
        Where the statement is vacuous, or no statement about maps.
    SymbolicError
        Where a layer with symbols is of a kind that no proof knows.

    >>> import convmatrix as cm
    >>> w = cm.weight_symbols("w", (1, 1, 3))
    >>> A = cm.conv1d(1, 1, 3, padding=1, padding_mode="circular", weight=w).on(6)
    >>> B = cm.conv1d(1, 1, 3, padding=1, padding_mode="circular", flip=True, weight=w).on(6)
    >>> prove_equal(A.T, B).holds, prove_equal(A, B).holds
    (True, False)
    >>> n, k, p = cm.symbols("n k p")
    >>> conv, padded = cm.conv1d(1, 1, k, padding=p).on(n), cm.conv1d(1, 1, k).on(n + 2 * p)
    >>> prove_equal(conv, padded @ cm.pad(p, ndim=1).on(n)).holds
    True
    """
    if not is_one_of(level, LEVELS):
        raise ProofError(f"level must be one of {LEVELS}, got {level!r}")
    for side in (A, B):
        if not hasattr(side, "leaves"):
            raise ProofError(f"prove_equal takes maps, got {side!r:.60}; bind it with .on(size)")
        require_linear(side, "proof about matrices")
        _require_finite(side)
    _require_distinct(A, B)
    try:
        if A.is_symbolic or B.is_symbolic:
            return _for_all(A, B, level, method)
        variables = Variables()
        left, right = _kernels(A, B, variables)
        statement = f"{A.describe()} = {B.describe()}"
        return compare(A, B, left, right, variables, level=level, statement=statement)
    except OverflowError:
        raise ProofError(OUT_OF_RANGE) from None


def _require_distinct(A: Map, B: Map) -> None:
    """Two symbols of weights that only look alike would be taken for one."""
    seen: dict[str, Any] = {}
    for leaf in (*A.leaves, *B.leaves):
        if leaf.weight is None or leaf.weight.dtype.kind != "O":
            continue
        for value in leaf.weight.flat:
            for symbol in getattr(value, "free_symbols", ()):
                if seen.setdefault(str(symbol), symbol) != symbol:
                    raise ProofError(
                        f"two different symbols are both named {symbol}; use one of them"
                    )


def _is_finite(weight: Array) -> bool:
    if weight.dtype.kind != "O":
        return bool(np.isfinite(weight).all())
    return not any(
        (isinstance(v, (float, complex, np.floating)) and not np.isfinite(v))
        or getattr(v, "is_finite", None) is False
        or str(v) == "nan"
        for v in weight.flat
    )


def _require_finite(m: Map) -> None:
    for leaf in m.leaves:
        weight = leaf.weight
        if weight is not None and not _is_finite(weight):
            raise ProofError(
                f"a weight in a proof is finite, that of {leaf.typed.name} is not; nothing can be "
                f"said of NaN and infinities"
            )


def _for_all(A: Map, B: Map, level: str, method: str) -> Proof:
    from convmatrix.proof.engines.decide import decide
    from convmatrix.proof.statements.data import Encoder, symbol_bounds

    encoder, leaves = Encoder(), (*A.leaves, *B.leaves)
    subject = {
        "about": "equality",
        "level": level,
        "symbols": symbol_bounds(symbol for leaf in leaves for symbol in leaf.symbols),
        "left": encoder.map(A),
        "right": encoder.map(B),
    }
    return decide(subject, method)


def _sides(data: Data, values: Mapping[str, Any]) -> tuple[Map, Map, list[Goal]]:
    decoder = Decoder(values)
    return decoder.map(data["left"]), decoder.map(data["right"]), decoder.guards


def _statement(data: Data) -> str:
    left, right, _ = _sides(data, environment(data))
    return f"{left.describe()} = {right.describe()}"


def _theorems(data: Data) -> Iterator[Theorem]:
    left, right, given = _sides(data, environment(data))
    bounds, level = data["symbols"], data["level"]
    yield from maps_equal(left, right, bounds, level, _statement(data), given=given)


def _relations(data: Data) -> Iterator[list[Relations]]:
    left, right, given = _sides(data, environment(data))
    yield from relations(left, right, data["symbols"], data["level"], given=given)


def _at(data: Data, values: Mapping[str, int]) -> Proof:
    left, right, _ = _sides(data, values)
    return prove_equal(left, right, level=data["level"])


kind("equality", Kind(_statement, _theorems, _at, _relations))


def _kernels(A: Map, B: Map, variables: Variables) -> tuple[Kernels, Kernels]:
    def side(m: Map, names: Sequence[str | None]) -> Kernels:
        return [
            None if name is None else variables.kernel(name, leaf.bound.tap_shape)
            for leaf, name in zip(m.leaves, names, strict=True)
        ]

    of_a, of_b = kernel_names(A, B)
    return side(A, of_a), side(B, of_b)


def compare(
    A: Map,
    B: Map,
    left: Kernels,
    right: Kernels,
    variables: Variables,
    *,
    level: str,
    statement: str,
) -> Proof:
    """`prove_equal` with the variables of each side already named."""
    symbolic = any(not leaf.is_numeric for m in (A, B) for leaf in m.leaves)
    scope = f"{_size(A)}, all weights" if symbolic else _size(A)

    def verdict(
        holds: bool, at: str, method: str, counterexample: Counterexample | None = None
    ) -> Proof:
        witness = _geometry(A)
        return Proof(holds, statement, at, scope, method, counterexample, None, witness)

    shapes = (A.out_shape, A.in_shape), (B.out_shape, B.in_shape)
    if shapes[0] != shapes[1]:
        found = Counterexample(
            _geometry(A),
            None,
            None,
            ((), ()),
            shapes[0],
            shapes[1],
            partial(Replay, *shapes),
        )
        return verdict(False, "size", "shapes compared", found)
    if level == "size":
        return verdict(True, level, "shapes compared")
    if level == "connectivity":
        return _connectivity(A, B, verdict)
    p, q = polynomials(A, left, variables), polynomials(B, right, variables)
    method = f"canonical triples (row, column, tap, multiplicity): {len(p.terms)} compared"
    places = differences(p, q)
    if not len(places):
        return verdict(True, level, method)
    apart = np.setxor1d(_pairs(A), _pairs(B))
    lonely = places[np.isin(places[:, 0] * A.shape[1] + places[:, 1], apart)]
    at, place = ("connectivity", lonely[0]) if len(lonely) else ("weights", places[0])
    texts = (_text(p, place, variables), _text(q, place, variables))
    found = _counterexample(
        A, B, place, texts, partial(_replay, (A, left), (B, right), place, variables)
    )
    return verdict(False, at, method, found)


def _connectivity(A: Map, B: Map, verdict: Callable[..., Proof]) -> Proof:
    left, right = _pairs(A), _pairs(B)
    method = f"connected pairs (row, column): {len(left)} compared"
    apart = np.setxor1d(left, right)
    if not len(apart):
        return verdict(True, "connectivity", method)
    place = np.array(divmod(int(apart[0]), A.shape[1]))
    texts = tuple("connected" if apart[0] in side else "not connected" for side in (left, right))
    found = _counterexample(A, B, place, texts, partial(Replay, *texts))
    return verdict(False, "connectivity", method, found)


def _pairs(m: Map) -> Array:
    """The connected pairs, each as one number."""
    return np.unique(m.pattern.rows.astype(np.int64) * m.shape[1] + m.pattern.indices)


def _counterexample(A: Map, B: Map, place: Array, texts: Any, player: Any) -> Counterexample:
    row, column = map(int, place)
    output, source = unravel(row, A.out_shape), unravel(column, A.in_shape)
    taps = tuple(tuple(t for e, t in m.inputs_of(output) if e == source) for m in (A, B))
    expected, got = texts
    return Counterexample(_geometry(A), output, source, (taps[0], taps[1]), expected, got, player)


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


def _replay(
    left: tuple[Map, Kernels], right: tuple[Map, Kernels], place: Array, variables: Variables
) -> Replay:
    """The entries of both matrices with a different integer for every variable."""
    rng = np.random.default_rng(0)
    numbers: dict[str, int] = {}

    def number(name: str) -> int:
        return numbers.setdefault(name, int(rng.integers(1, 10**6)))

    def matrix(a: Map, kernels: Kernels) -> Any:
        weights: list[Array | None] = []
        for leaf, kernel in zip(a.leaves, kernels, strict=True):
            if kernel is not None:
                shape = leaf.bound.tap_shape
                weights.append(
                    np.array([number(variables.names[i]) for i in kernel]).reshape(shape)
                )
            elif leaf.weight is not None and leaf.weight.dtype.kind == "O":
                flat = [_value(v, number) for v in leaf.weight.reshape(-1)]
                weights.append(np.array(flat).reshape(leaf.weight.shape))
            else:
                weights.append(None)
        built = a.with_weights(weights)
        row, column = map(int, place)
        kinds = {m.weight.dtype.kind for m in built.leaves if m.weight is not None}
        if built.nnz <= MOST_EXACT and kinds <= set("biuO"):
            return built.to_sympy()[row, column]
        floats = [None if m.weight is None else m.weight.astype(float) for m in built.leaves]
        return built.with_weights(floats).to_scipy()[row, column].item()

    return Replay(matrix(*left), matrix(*right))


def _value(value: Any, number: Any) -> Any:
    """A weight with integers put in for its symbols, exact where it is."""
    symbols: set[Any] = getattr(value, "free_symbols", set())
    if symbols:
        value = value.subs({s: number(str(s)) for s in symbols})
    return value if isinstance(value, (int, float, Fraction)) else exact_number(value)


def _size(A: Map) -> str:
    return f"{times(A.in_shape)} → {times(A.out_shape)}"


def _geometry(A: Map) -> dict[str, int]:
    channels, *size = A.in_shape
    names = ["n"] if len(size) == 1 else [f"n{j}" for j in range(len(size))]
    return {"channels": int(channels), **dict(zip(names, map(int, size), strict=True))}
