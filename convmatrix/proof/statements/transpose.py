"""The transposed convolution is the transpose: of one convolution, at one size and at all sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any, final

from convmatrix.kept import cached_property
from convmatrix.layers import Convolution, ConvolutionTranspose, Layer, conv1d, pointwise
from convmatrix.proof.algebra.lemmas import Lemma
from convmatrix.proof.algebra.theorem import Theorem
from convmatrix.proof.compare.terms import Variables
from convmatrix.proof.compare.triples import Pair, compare
from convmatrix.proof.relate.axes import Relations, maps_equal, relations
from convmatrix.proof.relate.products import PRODUCT, channel_lemmas, products_hold, raveling_lemma
from convmatrix.proof.relate.sides import Equation
from convmatrix.proof.result import Proof
from convmatrix.proof.statements.data import Decoder, encoded, encoded_layer, symbol_bounds
from convmatrix.proof.statements.statement import Statement
from convmatrix.proof.statements.textbook import CONSTRUCTION, held_convolution, swapped, textbook
from convmatrix.relation import Axis, Index, is_symbolic
from convmatrix.shapes import times

if TYPE_CHECKING:
    from convmatrix.maps import Map

__all__ = ["Transpose", "in_words", "is_too_large", "symbols_of", "transposed_at"]


MOST_TRIPLES = 1_000_000
"""Above this the triples of axes and channels are compared one factor at a time."""


@final
@dataclass(frozen=True, eq=False)
class Transpose(Statement):
    """That the transpose of a convolution is its textbook construction."""

    about = "transpose"

    @classmethod
    def of(cls, layer: Layer, sizes: tuple[Index, ...] | None, level: str) -> Transpose:
        """The statement about a layer without weights, at sizes with symbols or (None) at all."""
        taken = symbols_of(layer)
        bounds = symbol_bounds({*taken, *(s for n in sizes or () for s in n.free_symbols)})
        names = ["n"] if layer.ndim == 1 else [f"n{j}" for j in range(layer.ndim)]
        if sizes is None:
            names = [name + "_" * (name in bounds) for name in names]
            bounds |= dict.fromkeys(names, 1)
        return cls({
            "about": cls.about, "level": level, "symbols": bounds, "layer": encoded_layer(layer),
            "size": [{"is": name} for name in names] if sizes is None else encoded(sizes),
        })  # fmt: skip

    def _built(self, values: Mapping[str, Any]) -> tuple[Convolution, tuple[Index, ...]]:
        decoder = Decoder(values)
        layer, size = decoder.layer(self.data["layer"]), decoder.decode(self.data["size"])
        return held_convolution(layer, size)

    @cached_property
    def _equation(self) -> Equation:
        return equation_of(*self._built(self.symbols), self.bounds, self.level)

    @property
    def text(self) -> str:
        conv, size = self._built(self.symbols)
        return f"{in_words(conv.on(size))}, A = {conv!r}"

    def theorems(self) -> Iterator[Theorem]:
        conv, _ = self._built(self.symbols)
        more: tuple[Lemma, ...] = ()
        if conv.in_channels > 1 or conv.out_channels > 1:
            more = channel_lemmas()
        if more or conv.ndim > 1:
            more += (raveling_lemma(),)
        for theorem in maps_equal(self._equation, self.text):
            lemmas = (*theorem.lemmas, *more)
            yield replace(theorem, lemmas=lemmas, conclusion=PRODUCT if more else "")

    def relations(self) -> Iterator[list[Relations]]:
        if products_hold():
            yield from relations(self._equation)

    def at(self, values: Mapping[str, int]) -> Proof:
        return transposed_at(*self._built(values), self.level)


def equation_of(
    conv: Convolution, size: tuple[Index, ...], bounds: Mapping[str, int | None], level: str
) -> Equation:
    """The transpose and its textbook construction, whose channel rules agree by lemmas."""
    A, B = conv.on(size).T, textbook(conv, size)
    return Equation(A, B, bounds, level, exists=True, channels=True)


def symbols_of(layer: Layer) -> set[Any]:
    """The symbols in the arguments of a convolution or its transpose."""
    conv = layer.conv if isinstance(layer, ConvolutionTranspose) else layer
    assert isinstance(conv, Convolution)
    pads = () if isinstance(conv.padding, str) else chain.from_iterable(conv.padding)
    extra = layer.output_padding if isinstance(layer, ConvolutionTranspose) else ()
    values = (*conv.kernel_size, *conv.stride, *conv.dilation, *pads, *extra)
    return {s for v in values if is_symbolic(v) for s in v.free_symbols}


def in_words(A: Map) -> str:
    """What is said of the map of a convolution."""
    folded = getattr(A.layer, "padding_mode", "zeros") != "zeros"
    return (
        f"{CONSTRUCTION}{' → transposed padding' if folded else ''}, "
        f"A: {times(A.in_shape)} → {times(A.out_shape)}"
    )


# --------------------------------------------------------------------------- at one size


def transposed_at(conv: Convolution, size: tuple[int, ...], level: str) -> Proof:
    """The verdict at a size in numbers: by triples, and where these are many those of each axis
    and of the channels."""
    A = conv.on(size)
    statement = in_words(A)
    if level != "weights":
        return compare(Pair.of(A.T, textbook(conv, size)), level, statement)
    if max(A.nnz, *A.shape) <= MOST_TRIPLES:
        return _by_triples(conv, size, statement)
    return _by_factors(conv, size, statement)


def is_too_large(conv: Convolution, size: tuple[int, ...]) -> bool:
    """Whether even an axis or the channels have more triples than are compared."""
    longest = max(max(axis.pairs, axis.size, axis.outputs) for axis in conv.bind(size).windows)
    return bool(max(longest, prod(conv.weight_shape[:2])) > MOST_TRIPLES // 2)


def _by_triples(conv: Convolution, size: tuple[int, ...], statement: str) -> Proof:
    conv = replace(conv, weight=None, bias=None)
    A, B = conv.on(size).T, textbook(conv, size)
    variables = Variables()
    kernel = variables.kernel("w", conv.weight_shape)
    turned = swapped(kernel.reshape(conv.weight_shape), conv.groups).reshape(-1)
    right = [turned if leaf.layer.weight_shape else None for leaf in B.leaves]
    return compare(Pair(A, B, [kernel], right, variables), "weights", statement)


def _by_factors(conv: Convolution, size: tuple[int, ...], statement: str) -> Proof:
    """The same proof on each axis and on the channels by itself.

    Both sides are products: a triple of the whole is a triple of each axis and one of the channel
    rule, in variables that are disjoint, and raveling is injective.
    """
    channels = pointwise(conv.in_channels, conv.out_channels, groups=conv.groups, ndim=1)
    axes = [(_one_axis(axis), (axis.size,)) for axis in conv.bind(size).windows]
    for part, n in ((channels, (1,)), *axes):
        proof = _by_triples(part, n, statement)
        if not proof:
            return proof
    A = conv.on(size)
    return Proof(
        True,
        statement,
        "weights",
        f"{times(A.out_shape)} → {times(A.in_shape)}, all weights",
        f"canonical triples (row, column, tap, multiplicity) of the channel rule and of each of "
        f"the {conv.ndim} axes; the product of equals is equal",
        witness={"nnz": A.nnz, "elements": prod(A.in_shape)},
    )


def _one_axis(axis: Axis) -> Convolution:
    return conv1d(
        1, 1, axis.kernel, stride=axis.stride, padding=((axis.before, axis.after),),
        dilation=axis.dilation, padding_mode=axis.mode, flip=axis.flip,
    )  # fmt: skip
