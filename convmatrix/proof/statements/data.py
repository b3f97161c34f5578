"""Maps as plain data: what a certificate is about, and how it is built again.

The same data is built on polynomials (to prove), on ints (to search and to replay) and in a fresh
process (to check); layers and maps do the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from keyword import iskeyword
from math import isfinite
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

import numpy as np

from convmatrix import layers
from convmatrix.errors import GeometryError, ProofError, SymbolicError
from convmatrix.layers import ElementaryLayer, Layer
from convmatrix.proof.algebra.lemmas import Goal, at_least
from convmatrix.proof.algebra.parsing import evaluate, parse
from convmatrix.proof.algebra.polynomial import Polynomial
from convmatrix.proof.compare.terms import terms_of
from convmatrix.relation import is_symbolic

if TYPE_CHECKING:
    from convmatrix.maps import Map

__all__ = [
    "Decoder", "Encoder", "encoded", "encoded_layer", "expression_text", "is_plain_name", "shown",
    "symbol_bounds",
]  # fmt: skip

MAKERS = (
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "pad", "sample", "zero_insert", "avg_pool",
)  # fmt: skip
"""The layers that may have symbols in their geometry."""


# ---------------------------------------------------------------------------- expressions


def expression_text(value: Any) -> str:
    """A SymPy integer expression in Python's notation.

    >>> import convmatrix as cm
    >>> n, p = cm.symbols("n p")
    >>> expression_text((n + 2 * p - 3) // 2 + 1)
    'p + ((n + 1)//2) - 1'
    """
    if isinstance(value, (int, Polynomial)):
        return str(value)
    return str(parse(_text(value)))


def _text(e: Any) -> str:
    import sympy

    name = type(e).__name__
    if e.is_Integer:
        return str(e)
    if e.is_Symbol:
        if e.is_integer is None or not is_plain_name(str(e)):
            raise SymbolicError(
                f"a symbol of a geometry is an integer with a plain name, got {e!r}; "
                f"make it with cm.symbols({str(e)!r})"
            )
        return str(e)
    if e.is_Add or e.is_Mul:
        if sympy.fraction(sympy.together(e))[1] != 1:
            raise SymbolicError(f"a geometry is made of integers, got {e}; use // for a quotient")
        return "(" + (" + " if e.is_Add else "*").join(map(_text, e.args)) + ")"
    if e.is_Pow and e.exp.is_Integer and e.exp >= 0:
        return f"({_text(e.base)})**{e.exp}"
    if name == "floor":
        numerator, denominator = sympy.fraction(sympy.together(e.args[0]))
        return f"(({_text(numerator)})//({_text(denominator)}))"
    if name == "ceiling":
        return f"(-({_text(sympy.floor(-e.args[0], evaluate=False))}))"
    if name == "Mod":
        return f"(({_text(e.args[0])})%({_text(e.args[1])}))"
    if name == "Abs":
        return f"abs({_text(e.args[0])})"
    if name in ("Max", "Min"):
        texts, sign = [_text(a) for a in e.args], "+" if name == "Max" else "-"
        result = texts[0]
        for other in texts[1:]:
            result = f"((({result}) + ({other}) {sign} abs(({result}) - ({other})))//2)"
        return result
    raise SymbolicError(
        f"cannot reason about {e}; a geometry in a proof is made of integers, symbols, + - *, "
        f"powers, //, Mod, Abs, Max and Min"
    )


def is_plain_name(name: object) -> bool:
    """Whether a symbol's name means itself, and only itself, in an expression's text."""
    return (
        isinstance(name, str)
        and name.isidentifier()
        and not iskeyword(name)
        and name != "abs"
        and normalize("NFKC", name) == name
    )


def symbol_bounds(symbols: Iterable[Any]) -> dict[str, int | None]:
    """The lower bound of each SymPy symbol, as its assumptions say."""
    found: dict[str, int | None] = {}
    symbols_seen: dict[str, Any] = {}
    for symbol in sorted(set(symbols), key=str):
        positive, natural = symbol.is_positive, symbol.is_nonnegative
        bound = 1 if positive else 0 if natural else None
        if (
            found.setdefault(str(symbol), bound) != bound
            or symbols_seen.setdefault(str(symbol), symbol) != symbol
        ):
            raise SymbolicError(f"two different symbols are both named {symbol}; use one of them")
    return found


# ---------------------------------------------------------------------------------- maps


class Encoder:
    """Writes maps as plain data; the same layer object gets the same number everywhere."""

    def __init__(self) -> None:
        self._layers: list[Layer] = []

    def map(self, m: Map) -> dict[str, Any]:
        """A map as JSON-ready data."""
        from convmatrix.maps import ComposedMap, LeafMap, TransposedMap

        if isinstance(m, ComposedMap):
            return {"product": [self.map(factor) for factor in reversed(m.factors)]}
        if isinstance(m, TransposedMap):
            return {"transpose": self.map(m.of), "named": m.layer is not None}
        if isinstance(m, LeafMap) and m.layer.name in MAKERS:
            data = {**encoded_layer(m.layer), "size": encoded(m.size)}
            if m.typed is not m.layer:
                data["typed"] = encoded_layer(m.typed)
            return {**data, "number": self._number(m.typed)}
        raise SymbolicError(f"{m!r} cannot take part in a proof for all sizes; give it numbers")

    def _number(self, layer: Layer) -> int:
        for number, known in enumerate(self._layers):
            if known is layer:
                return number
        self._layers.append(layer)
        return len(self._layers) - 1


def encoded_layer(layer: Layer) -> dict[str, Any]:
    """A layer as JSON-ready data, its bias left away: a map has none."""
    maker, positional, keywords = layer.recipe()
    options = {
        name: encoded(value)
        for name, (value, default) in keywords.items()
        if name != "bias" and (isinstance(value, np.ndarray) or value != default)
    }
    return {"layer": maker, "of": [encoded(v) for v in positional], "options": options}


def encoded(value: Any) -> Any:
    """An argument of a layer as JSON-ready data."""
    if is_symbolic(value):
        return {"is": expression_text(value)}
    if isinstance(value, np.ndarray):
        return {"shape": list(value.shape), "values": [_number(v) for v in value.flat]}
    if isinstance(value, (tuple, list)):
        return [encoded(v) for v in value]
    return value


def shown(data: Any) -> Any:
    """An encoded number or expression as people write it."""
    return data["is"] if isinstance(data, dict) else data


def _number(value: Any) -> Any:
    """A weight: a number, or the terms of a polynomial in symbols."""
    value = float(value) if isinstance(value, np.floating) else value
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, complex):
        raise ProofError("a proof for all sizes takes real weights; split the complex one in two")
    terms = terms_of(value)
    if any(not isinstance(number, (int, float, Fraction)) for number, _ in terms):
        raise ProofError(
            f"a weight in a proof for all sizes has rational or floating-point numbers, got {value}"
        )
    return [[c if isinstance(c, float) else str(c), names] for c, names in terms]


class Decoder:
    """Builds maps from data, with a value (a polynomial or an int) for each name."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._layers: dict[int, Layer] = {}
        self.guards: list[Goal] = []
        """What has to hold beyond what the layers say, for the maps to be what was typed."""

    def map(self, data: Any) -> Map:
        """The map that the data describes; `GeometryError` where it does not exist."""
        from convmatrix.maps import LeafMap

        if "product" in data:
            first, *rest = [self.map(part) for part in reversed(data["product"])]
            for factor in rest:
                first = factor @ first
            return first
        if "transpose" in data:
            inner = self.map(data["transpose"])
            if not data["named"]:
                return inner.T
            if not isinstance(inner, LeafMap) or inner.typed is inner.layer:
                raise ProofError(f"{inner.describe()} has no transposed layer's name")
            return inner.T
        layer, size = self.layer(data), self.decode(data["size"])
        if not isinstance(layer, ElementaryLayer):
            raise GeometryError(f"{layer!r} is several layers at this geometry")
        leaf = LeafMap(layer, size)
        typed = self.layer(data["typed"]) if "typed" in data else layer
        known = self._layers.setdefault(data["number"], typed)
        if known != typed:
            raise ProofError(f"number {data['number']} names two different layers")
        if "typed" in data:
            held = known.adjoint_of(leaf.out_shape[1:])  # type: ignore[attr-defined]
            if held != (layer, leaf.size):
                raise ProofError(f"{known!r} is not the transpose of {leaf.describe()}")
            leaf = LeafMap(leaf.layer, leaf.size, known)
        elif known is not layer:
            leaf = LeafMap(known, size)  # type: ignore[arg-type]
        return leaf

    def layer(self, data: Any) -> Layer:
        """A layer; `number` and `size` are not looked at."""
        maker = data["layer"]
        if maker not in MAKERS:
            raise ProofError(f"a proof for all sizes knows {', '.join(MAKERS)}, got {maker!r}")
        options = {name: self.decode(value) for name, value in data["options"].items()}
        if maker == "pad" and options.get("mode") == "circular":  # a crop is a layer of its own
            pads = (v for pair in self.decode(data["of"][0]) for v in pair)
            self.guards += at_least(*(v for v in pads if isinstance(v, Polynomial)))
        weight = options.pop("weight", None)
        layer: Layer = getattr(layers, maker)(*map(self.decode, data["of"]), **options)
        return layer if weight is None else layer.with_weight(weight)

    def decode(self, value: Any) -> Any:
        """An argument of a layer from its data."""
        if isinstance(value, list):
            return tuple(self.decode(v) for v in value)
        if not isinstance(value, dict):
            return value
        if "is" in value:
            return evaluate(value["is"], self._values)
        flat = [_weight(v) for v in value["values"]]
        if not all(isfinite(v) for v in flat if isinstance(v, float)):
            raise ProofError("a weight in a proof is finite")
        kinds = {type(v) for v in flat}
        array = np.empty(len(flat), object)
        array[:] = flat
        plain = np.array(flat) if kinds <= {int} or kinds <= {float} else array
        return plain.reshape(value["shape"])


def _weight(value: Any) -> Any:
    if isinstance(value, str):
        return Fraction(value)
    if not isinstance(value, list):
        return value
    from sympy import Add, Float, Mul, Rational, Symbol

    return Add(
        *(
            Mul(Rational(c) if isinstance(c, str) else Float(c), *map(Symbol, names))
            for c, names in value
        )
    )
