"""The transposed convolution is the transpose: at one size, at all sizes, and everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any

from convmatrix.errors import ProofError
from convmatrix.layers import (
    Convolution,
    ConvolutionTranspose,
    Layer,
    conv1d,
    pointwise,
)
from convmatrix.layers.calling import is_one_of, public
from convmatrix.proof.algebra.lemmas import Lemma
from convmatrix.proof.algebra.theorem import Theorem
from convmatrix.proof.compare.terms import Variables
from convmatrix.proof.engines.decide import decide
from convmatrix.proof.relate.axes import Relations, maps_equal, relations
from convmatrix.proof.relate.products import PRODUCT, channel_lemmas, products_hold, raveling_lemma
from convmatrix.proof.result import LEVELS, Proof
from convmatrix.proof.statements.data import Decoder, encoded, encoded_layer, symbol_bounds
from convmatrix.proof.statements.equality import compare, prove_equal
from convmatrix.proof.statements.kinds import Data, Kind, environment, kind
from convmatrix.proof.statements.textbook import (
    held_convolution,
    not_a_convolution,
    swapped,
    textbook,
)
from convmatrix.relation import Axis, Index, is_symbolic
from convmatrix.shapes import times

if TYPE_CHECKING:
    from convmatrix.maps import Map

__all__ = ["prove_transpose"]


MOST_TRIPLES = 1_000_000
"""Above this the triples of axes and channels are compared one factor at a time."""


@public
def prove_transpose(
    layer: Layer | Map | None = None,
    *size: Any,
    kernel_size: Any = None,
    stride: Any = None,
    padding: Any = None,
    dilation: Any = None,
    padding_mode: str | None = None,
    level: str = "weights",
    method: str = "auto",
) -> Proof:
    """Prove that the matrix transpose is the textbook transposed convolution, tap for tap.

    Parameters
    ----------
    layer
        A convolution, or a transposed convolution (then the one that it holds is meant), or a map
        of one, which has its size with it. None
        means every convolution: all sizes, kernels, strides, dilations, paddings (negative ones
        crop) and padding modes, all channels and groups, in any number of dimensions.
    size
        The input size at which to prove it; none means every size.
    kernel_size, stride, padding, dilation, padding_mode
        Without a layer, what is fixed (an int or an expression in symbols; padding may be a pair);
        all else stays free.
    level
        ``weights``, or what follows from it: ``connectivity``, ``size``.
    method
        Without a size: ``auto``, or one engine of ``certificate``, ``presburger``, ``search``.

    Returns
    -------
    Proof
        For all sizes its `certificate` can be checked by others.

    Raises
    ------
    ProofError
        Where the layer is no convolution, or fits no input.

    Source: V. Dumoulin and F. Visin, arXiv:1603.07285, relationship 14.

    >>> import convmatrix as cm
    >>> conv = cm.conv2d(8, 16, 3, stride=2, padding=1, groups=2)
    >>> prove_transpose(conv).scope
    'all n0 ≥ 1, n1 ≥ 1 at which the convolution exists, all weights'
    >>> prove_transpose(stride=2, dilation=3).holds, prove_transpose().holds
    (True, True)
    >>> print(prove_transpose(cm.conv2d(1, 1, 3, stride=2, padding=1), 5, 5))
    proved: Aᵀ = zero_insert → pad → flipped stride-1 convolution, A: 1×5×5 → 1×3×3
      level   weights
      scope   1×3×3 → 1×5×5, all weights
      method  canonical triples (row, column, tap, multiplicity): 49 compared
    """
    if not is_one_of(level, LEVELS):
        raise ProofError(f"level must be one of {LEVELS}, got {level!r}")
    options = {
        "kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation,
        "padding_mode": padding_mode,
    }  # fmt: skip
    fixed = {name: value for name, value in options.items() if value is not None}
    if layer is None:
        if size:
            raise ProofError("a size without a layer; use prove_transpose(layer, *size)")
        from convmatrix.proof.statements.every import prove_everywhere

        return prove_everywhere(fixed, level, method)
    if fixed:
        raise ProofError(
            f"{', '.join(fixed)} belong to the layer; use prove_transpose(layer) or, for every "
            f"convolution with them, prove_transpose({next(iter(fixed))}=...)"
        )
    if len(size) == 1 and size[0] is None:
        size = ()
    if not isinstance(layer, Layer):
        layer, size = _layer_of(layer, size)
    plain = _without_weight(layer)
    sizes = plain.sizes(*size) if size else None
    if sizes is None or is_symbolic(*sizes) or _symbols_of(plain):
        return _at_all_sizes(plain, sizes, level, method)
    return _at_one_size(plain, sizes, level)


def _layer_of(m: Any, size: tuple[Any, ...]) -> tuple[Layer, tuple[Any, ...]]:
    """The layer and the size of a map of one layer."""
    layer = getattr(m, "layer", None)
    if not isinstance(layer, Layer) or size:
        raise ProofError(not_a_convolution(m))
    return layer, m.in_shape[1:]


def _without_weight(layer: Layer) -> Layer:
    if isinstance(layer, ConvolutionTranspose):
        return replace(layer, conv=replace(layer.conv, weight=None), bias=None)
    if isinstance(layer, Convolution):
        return replace(layer, weight=None, bias=None)
    raise ProofError(not_a_convolution(layer))


def _at_one_size(layer: Layer, size: tuple[int, ...], level: str) -> Proof:
    conv, sizes = held_convolution(layer, size)
    A = conv.on(sizes)
    statement = _in_words(A)
    if level != "weights":
        return replace(prove_equal(A.T, textbook(conv, sizes), level=level), statement=statement)
    if max(A.nnz, *A.shape) <= MOST_TRIPLES:
        return _by_triples(conv, sizes, statement)
    longest = max(max(axis.pairs, axis.size, axis.outputs) for axis in conv.bind(sizes).windows)
    if max(longest, prod(conv.weight_shape[:2])) > MOST_TRIPLES // 2:
        return replace(_at_all_sizes(layer, None, level, "auto"), statement=statement)
    return _by_factors(conv, sizes, statement)


CONSTRUCTION = "Aᵀ = zero_insert → pad → flipped stride-1 convolution"


def _in_words(A: Map) -> str:
    folded = getattr(A.layer, "padding_mode", "zeros") != "zeros"
    return (
        f"{CONSTRUCTION}{' → transposed padding' if folded else ''}, "
        f"A: {times(A.in_shape)} → {times(A.out_shape)}"
    )


def _by_triples(conv: Convolution, size: tuple[int, ...], statement: str) -> Proof:
    conv = replace(conv, weight=None, bias=None)
    A, B = conv.on(size).T, textbook(conv, size)
    variables = Variables()
    kernel = variables.kernel("w", conv.weight_shape)
    turned = swapped(kernel.reshape(conv.weight_shape), conv.groups).reshape(-1)
    right = [turned if leaf.layer.weight_shape else None for leaf in B.leaves]
    return compare(A, B, [kernel], right, variables, level="weights", statement=statement)


def _by_factors(conv: Convolution, size: tuple[int, ...], statement: str) -> Proof:
    """The same proof on each axis and on the channels by itself.

    Both sides are products: a triple of the whole is a triple of each axis and one of the channel
    rule, in variables that are disjoint, and raveling is injective.
    """
    parts = [
        (_channels(conv), (1,)),
        *((_one_axis(axis), (axis.size,)) for axis in conv.bind(size).windows),
    ]
    for part, n in parts:
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


def _channels(conv: Convolution) -> Convolution:
    return pointwise(conv.in_channels, conv.out_channels, groups=conv.groups, ndim=1)


def _one_axis(axis: Axis) -> Convolution:
    return conv1d(
        1, 1, axis.kernel, stride=axis.stride, padding=((axis.before, axis.after),),
        dilation=axis.dilation, padding_mode=axis.mode, flip=axis.flip,
    )  # fmt: skip


# --------------------------------------------------------------------------- for all sizes


def _symbols_of(layer: Layer) -> set[Any]:
    """The symbols in a layer's own arguments."""
    conv = layer.conv if isinstance(layer, ConvolutionTranspose) else layer
    assert isinstance(conv, Convolution)
    pads = () if isinstance(conv.padding, str) else chain.from_iterable(conv.padding)
    extra = layer.output_padding if isinstance(layer, ConvolutionTranspose) else ()
    values = (*conv.kernel_size, *conv.stride, *conv.dilation, *pads, *extra)
    return {s for v in values if is_symbolic(v) for s in v.free_symbols}


def _at_all_sizes(layer: Layer, sizes: tuple[Index, ...] | None, level: str, method: str) -> Proof:
    taken = _symbols_of(layer)
    bounds = symbol_bounds({*taken, *(s for n in sizes or () for s in n.free_symbols)})
    names = ["n"] if layer.ndim == 1 else [f"n{j}" for j in range(layer.ndim)]
    if sizes is None:
        names = [name + "_" * (name in bounds) for name in names]
        bounds |= dict.fromkeys(names, 1)
    subject = {
        "about": "transpose",
        "level": level,
        "symbols": bounds,
        "layer": encoded_layer(layer),
        "size": [{"is": name} for name in names] if sizes is None else encoded(sizes),
    }
    return decide(subject, method)


def _built(data: Data, values: Mapping[str, Any]) -> tuple[Convolution, tuple[Index, ...]]:
    decoder = Decoder(values)
    return held_convolution(decoder.layer(data["layer"]), decoder.decode(data["size"]))


def _statement(data: Data) -> str:
    conv, size = _built(data, environment(data))
    return f"{_in_words(conv.on(size))}, A = {conv!r}"


def _theorems(data: Data) -> Iterator[Theorem]:
    conv, size = _built(data, environment(data))
    more: tuple[Lemma, ...] = ()
    if conv.in_channels > 1 or conv.out_channels > 1:
        more = channel_lemmas()
    if more or conv.ndim > 1:
        more += (raveling_lemma(),)
    for theorem in maps_equal(
        conv.on(size).T, textbook(conv, size), data["symbols"], data["level"], _statement(data),
        exists=True, channels=True,
    ):  # fmt: skip
        lemmas = (*theorem.lemmas, *more)
        yield replace(theorem, lemmas=lemmas, conclusion=PRODUCT if more else "")


def _relations(data: Data) -> Iterator[list[Relations]]:
    if not products_hold():
        return
    conv, size = _built(data, environment(data))
    yield from relations(
        conv.on(size).T, textbook(conv, size), data["symbols"], data["level"], channels=True
    )


def _at(data: Data, values: Mapping[str, int]) -> Proof:
    conv, sizes = _built(data, values)
    return _at_one_size(conv, sizes, data["level"])


kind("transpose", Kind(_statement, _theorems, _at, _relations))
