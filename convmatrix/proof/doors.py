"""What people call: a statement is made, and the engines are asked."""

from __future__ import annotations

import re
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from convmatrix.errors import ProofError
from convmatrix.layers import Convolution, ConvolutionTranspose, Layer
from convmatrix.layers.calling import is_one_of, public
from convmatrix.maps.shaped import require_linear
from convmatrix.proof.compare.kernels import require_comparable
from convmatrix.proof.compare.terms import OUT_OF_RANGE
from convmatrix.proof.engines.decide import decide
from convmatrix.proof.result import LEVELS, Proof
from convmatrix.proof.statements.catalogue.claim import Claim
from convmatrix.proof.statements.catalogue.registry import CLAIMS, ORDER, Catalogue
from convmatrix.proof.statements.equality import Equality, equal_at
from convmatrix.proof.statements.every import EveryTranspose
from convmatrix.proof.statements.textbook import held_convolution, not_a_convolution
from convmatrix.proof.statements.transpose import (
    Transpose,
    in_words,
    is_too_large,
    symbols_of,
    transposed_at,
)
from convmatrix.relation import is_symbolic

if TYPE_CHECKING:
    from convmatrix.maps import Map

__all__ = ["catalogue", "prove", "prove_equal", "prove_transpose"]


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
    require_comparable(A, B)
    try:
        if A.is_symbolic or B.is_symbolic:
            return decide(Equality.of(A, B, level), method)
        return equal_at(A, B, level)
    except OverflowError:
        raise ProofError(OUT_OF_RANGE) from None


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
        return decide(EveryTranspose.of(fixed, level), method)
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
    if sizes is None or is_symbolic(*sizes) or symbols_of(plain):
        return decide(Transpose.of(plain, sizes, level), method)
    conv, held = held_convolution(plain, sizes)
    if level == "weights" and is_too_large(conv, held):
        general = decide(Transpose.of(plain, None, level))
        return replace(general, statement=in_words(conv.on(held)))
    return transposed_at(conv, held, level)


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
    return Catalogue((name, CLAIMS[name]) for name in ORDER)


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
    claim = known.get(wanted.lower())
    if claim is None:
        close = get_close_matches(wanted.lower(), known, 3)
        hint = f"do you mean {' or '.join(close)}? " if close else ""
        raise ProofError(f"no statement named {name!r}; {hint}use one of {', '.join(known)}")
    return decide(claim.form(claim, fixed), method)
