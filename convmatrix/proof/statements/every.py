"""The transpose theorem for every convolution at once: any number of dimensions, channels, groups.

An element of the whole is a channel and a place on each axis; a connection is one on each axis and
one of channels. So one axis is proved with all its numbers free, the channel rule with all of its,
and that flat indices name elements and weights uniquely.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from convmatrix.errors import GeometryError, ProofError
from convmatrix.layers import Convolution, conv1d
from convmatrix.layers.arguments import exact, known_mode
from convmatrix.proof.algebra.theorem import Theorem
from convmatrix.proof.engines.decide import decide
from convmatrix.proof.relate.axes import Relations, maps_equal, relations
from convmatrix.proof.relate.products import PRODUCT, channel_lemmas, products_hold, raveling_lemma
from convmatrix.proof.result import Proof
from convmatrix.proof.statements.data import Decoder, encoded, symbol_bounds
from convmatrix.proof.statements.kinds import Data, Kind, environment, kind
from convmatrix.proof.statements.textbook import textbook
from convmatrix.proof.statements.transpose import CONSTRUCTION, prove_transpose
from convmatrix.relation import FOLDS, is_symbolic

__all__ = ["prove_everywhere"]

FREE = {"kernel_size": "k", "stride": "s", "dilation": "d"}


def prove_everywhere(fixed: Mapping[str, Any], level: str, method: str) -> Proof:
    """`prove_transpose` without a layer: what is not fixed is free, and a symbol `n`, `k`, `s`,
    `d`, `p0` or `p1` in an expression is the free one of that name."""
    values = dict(fixed)
    mode = values.pop("padding_mode", None)
    modes = list(FOLDS) if mode is None else [known_mode(mode)]
    pads = values.pop("padding", None)
    pair = tuple(pads) if isinstance(pads, (tuple, list)) else (pads, pads)
    if len(pair) != 2:
        raise GeometryError(f"padding must be an int or a (before, after) pair, got {pads!r}")
    before, after = pair
    for option, value in values.items():
        values[option] = exact(value, option)
    given = {**values, **({} if pads is None else {"before": before, "after": after})}
    symbols = {s for v in given.values() if is_symbolic(v) for s in v.free_symbols}
    fixed_names = {FREE[option] for option in given if option in FREE}
    for option, value in given.items():
        for symbol in map(str, value.free_symbols) if is_symbolic(value) else ():
            if symbol in fixed_names and FREE.get(option) != symbol:
                raise ProofError(f"{symbol} is fixed, so {option} = {value} must not depend on it")
    bounds = symbol_bounds(symbols)
    data: dict[str, Any] = {name: encoded(value) for name, value in given.items()}
    free: dict[str, int | None] = {"n": 1}
    free |= {name: 1 for option, name in FREE.items() if option not in data}
    free |= {} if pads is not None else {"p0": None, "p1": None}
    for option, name in FREE.items():
        data.setdefault(option, {"is": name})
    data.setdefault("before", {"is": "p0"})
    data.setdefault("after", {"is": "p1"})
    subject = {
        "about": "every transpose", "level": level, "symbols": {**bounds, **free},
        "modes": modes, **data,
    }  # fmt: skip
    return decide(subject, method)


def _layer(data: Data, values: Mapping[str, Any], mode: str) -> Convolution:
    decoder = Decoder(values)
    given = {name: decoder.decode(data[name]) for name in (*FREE, "before", "after")}
    return conv1d(
        1, 1, given["kernel_size"], stride=given["stride"], dilation=given["dilation"],
        padding=((given["before"], given["after"]),), padding_mode=mode,
    )  # fmt: skip


def _statement(data: Data) -> str:
    numbers = {"kernel_size": "k", "stride": "s", "dilation": "d", "before": "p0", "after": "p1"}
    fixed = [
        f"{name}={value['is'] if isinstance(value, dict) else value}"
        for name, free in numbers.items()
        if (value := data[name]) != {"is": free}
    ]
    return f"{CONSTRUCTION}, for every convolution" + (f" with {', '.join(fixed)}" if fixed else "")


def _theorems(data: Data) -> Iterator[Theorem]:
    if not data["modes"] or len(set(data["modes"])) < len(data["modes"]):
        raise ProofError(f"padding modes are different ones, got {data['modes']}")
    values = environment(data)
    per_mode = []
    for mode in data["modes"]:
        conv = _layer(data, values, mode)
        found = next(
            maps_equal(
                conv.on(values["n"]).T, textbook(conv, (values["n"],)), data["symbols"],
                data["level"], "", exists=True, channels=True,
            )
        )  # fmt: skip
        per_mode.append((mode, found))
    first = per_mode[0][1]
    lemmas = tuple(
        replace(lemma, name=f"one axis, {mode} padding: {lemma.name}")
        for mode, theorem in per_mode
        for lemma in theorem.lemmas
    )
    modes = ", ".join(data["modes"])
    weights = ", all weights" if data["level"] == "weights" else ""
    yield replace(
        first,
        statement=_statement(data),
        scope=(
            f"{first.scope.split(' at which')[0]}, an axis, wherever the convolution exists; any "
            f"number of dimensions, channels and groups; padding modes {modes}{weights}"
        ),
        lemmas=(*lemmas, *channel_lemmas(), raveling_lemma()),
        conclusion=PRODUCT,
    )


def _relations(data: Data) -> Iterator[list[Relations]]:
    if not products_hold():
        return
    values = environment(data)
    per_mode = []
    for mode in data["modes"]:
        conv = _layer(data, values, mode)
        A, B = conv.on(values["n"]).T, textbook(conv, (values["n"],))
        per_mode.append(next(relations(A, B, data["symbols"], data["level"], channels=True)))
    yield [axis for axes in per_mode for axis in axes]


def _at(data: Data, values: Mapping[str, int]) -> Proof:
    """The first padding mode that fails at a geometry, else the last that holds."""
    proof = None
    for mode in data["modes"]:
        try:
            proof = prove_transpose(_layer(data, values, mode), values["n"], level=data["level"])
        except GeometryError:
            if mode == data["modes"][-1] and proof is None:
                raise
            continue
        if not proof:
            break
    assert proof is not None
    return proof


kind("every transpose", Kind(_statement, _theorems, _at, _relations))
