"""Everything about a layer at a size, as an object that prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

from convmatrix.analysis.costs import Cost, cost
from convmatrix.analysis.fields import ReceptiveField, receptive_field
from convmatrix.errors import ConvMatrixError, GeometryError, TooLargeError
from convmatrix.factors.factorization import ways
from convmatrix.layers import Convolution, ConvolutionTranspose, Layer
from convmatrix.layers.calling import public
from convmatrix.layers.printing import Printed
from convmatrix.maps import Map
from convmatrix.maps.given import given_map
from convmatrix.maps.shaped import require_numbers
from convmatrix.proof import Proof, prove_transpose
from convmatrix.relation import Axis
from convmatrix.separable import Separability, separability
from convmatrix.shapes import times
from convmatrix.stencil import Stencil

__all__ = ["Explanation", "explain"]

MOST_KERNELS = 4096
"""Above this not every spatial kernel of a weight is tested."""
MOST_ENTRIES = 4096
"""Kernels with more entries are not tested here: an exact rank would take long."""
MOST_BITS = 1 << 14
"""Nor are weights whose denominators have more bits, all together."""


@dataclass(frozen=True, slots=True, repr=False)
class Explanation(Printed):
    """A layer at an input size, seen from every side; `print` it.

    Attributes
    ----------
    relations
        The relation that each axis obeys, with its numbers.
    entries
        What the matrix stores: distinct (output, input) pairs; None where they are too many to be
        told apart.
    nnz
        Triples (output, tap, input) of the whole map: of several layers, paths through them.
    connections
        Triples of each layer.
    proof
        That the transpose is the textbook transposed convolution; None for other layers.
    separability
        The verdict on each spatial kernel, where there is a weight.
    receptive_field
        An axis each; None where layers resize.
    factorizations
        The fast algorithms that apply, each with the factors of the matrix that it runs through
        (see `factorization`); none for layers in a row.
    """

    layer: Layer | Map
    in_shape: tuple[int, ...]
    out_shape: tuple[int, ...]
    shape: tuple[int, int]
    entries: int | None
    nnz: int
    connections: tuple[int, ...]
    cost: Cost
    relations: tuple[str, ...]
    receptive_field: tuple[ReceptiveField, ...] | None
    proof: Proof | None
    separability: tuple[Separability, ...] | None
    factorizations: dict[str, tuple[str, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        fields = self.receptive_field
        return {
            "layer": repr(self.layer),
            "kind": self.layer.name if isinstance(self.layer, Layer) else "map",
            "in_shape": list(self.in_shape),
            "out_shape": list(self.out_shape),
            "shape": list(self.shape),
            "entries": self.entries,
            "density": self.density,
            "nnz": self.nnz,
            "layer_connections": list(self.connections),
            "paths": self.nnz,
            **self.cost.to_dict(),
            "relations": list(self.relations),
            "receptive_field": fields and [field.to_dict() for field in fields],
            "proof": None if self.proof is None else self.proof.to_dict(),
            "factorizations": {m: list(names) for m, names in self.factorizations.items()},
            "separability": self.separability and [s.to_dict() for s in self.separability],
        }

    @property
    def density(self) -> float | None:
        """The part of the matrix that is stored, 1 where all is."""
        return None if self.entries is None else self.entries / (self.shape[0] * self.shape[1])

    def __repr__(self) -> str:
        return f"<Explanation of {self.layer!r:.60} on {times(self.in_shape)}>"

    def __str__(self) -> str:
        rows = [
            ("layer", repr(self.layer)),
            ("input", times(self.in_shape)),
            ("output", times(self.out_shape)),
            *(("relation" if j == 0 else "", text) for j, text in enumerate(self.relations)),
            ("matrix", f"{times(self.shape)}, {self._stored()}"),
            *self._counts(),
            ("parameters", f"{self.cost.parameters:,}"),
            ("MACs", f"{self.cost.macs:,} with padding, {self.cost.exact_macs:,} exactly"),
        ]
        if self.receptive_field is not None:
            rows.append(("field", " · ".join(map(str, self.receptive_field))))
        if self.proof is not None:
            rows.append(("transpose", f"{self.proof.verdict}: {self.proof.statement}"))
            rows.append(("", f"{self.proof.method}; {self.proof.scope}"))
        if self.separability is not None:
            rows.append(("kernel", _verdicts(self.separability)))
        for j, (method, names) in enumerate(self.factorizations.items()):
            rows.append(("" if j else "factors", f"A = {' · '.join(names)}  ({method})"))
        return "\n".join(f"{name:<12}{text}" for name, text in rows)

    def _stored(self) -> str:
        if self.entries is None:
            return "entries not counted"
        return f"{self.entries:,} entries (density {self.density:.3g})"

    def _counts(self) -> list[tuple[str, str]]:
        """Connections of the layers, and paths through them where they are several."""
        if self.connections == (self.nnz,):
            met = "" if self.entries in (None, self.nnz) else "; taps meet on one input"
            return [("connections", f"{self.nnz:,} (output, tap, input){met}")]
        each = " + ".join(f"{n:,}" for n in self.connections)
        of = f"{sum(self.connections):,} in {len(self.connections)} layers: {each}"
        return [("connections", of), ("paths", f"{self.nnz:,} from input to output")]


@public
def explain(layer: Layer | Map, *input_size: Any, proved: bool = True) -> Explanation:
    """All there is to know about a layer at an input size, or about a map.

    Parameters
    ----------
    proved
        Whether to compare its transpose with the textbook's, entry by entry.

    >>> import convmatrix as cm
    >>> print(explain(cm.conv2d(1, 1, 3, stride=2, padding=1), (5, 5)))
    layer       conv2d(1, 1, 3, stride=2, padding=1)
    input       1×5×5
    output      1×3×3
    relation    axis 0: i = 2·o + t - 1, 0 ≤ t < 3, 0 ≤ o < 3, 0 ≤ i < 5
                axis 1: i = 2·o + t - 1, 0 ≤ t < 3, 0 ≤ o < 3, 0 ≤ i < 5
    matrix      9×25, 49 entries (density 0.218)
    connections 49 (output, tap, input)
    parameters  9
    MACs        81 with padding, 49 exactly
    field       3 (stride 2, padding 1, offset 0) · 3 (stride 2, padding 1, offset 0)
    transpose   proved: Aᵀ = zero_insert → pad → flipped stride-1 convolution, A: 1×5×5 → 1×3×3
                canonical triples (row, column, tap, multiplicity): 49 compared; 1×3×3 → 1×5×5, ...
    factors     A = weights · gather  (direct)
                A = scatter · tiles · gather  (toeplitz)
    """
    A = given_map(layer, input_size, "explain")
    require_numbers(A, "explain it")
    source = layer if isinstance(layer, Layer) else A.layer
    return Explanation(
        source or A,
        A.in_shape,
        A.out_shape,
        A.shape,
        A.entries,
        A.nnz,
        tuple(leaf.nnz for leaf in A.leaves),
        cost(source, A.in_shape[1:]) if source is not None else cost(A),
        tuple(_relations(A)),
        _fields(A),
        _proof(source, A.in_shape[1:]) if proved else None,
        _separability(source),
        ways(A),
    )


def _proof(layer: Layer | None, size: tuple[int, ...]) -> Proof | None:
    if not isinstance(layer, (Convolution, ConvolutionTranspose)):
        return None
    try:
        return prove_transpose(layer, *size)
    except TooLargeError:
        return None


def _relations(A: Map) -> list[str]:
    """The relation of each axis of each layer, in words of the formula."""
    lines = []
    for step in A.diagram.steps:
        if step.leaf is None:
            continue
        leaf = step.leaf
        if not isinstance(leaf.geometry, Stencil):
            lines.append(f"{leaf.typed.name}: every element moves, none changes")
            continue
        name = "" if len(A.leaves) == 1 else f"{leaf.typed.name} "
        formulas = (_formula(axis, step.back) for axis in leaf.geometry.axes)
        lines += [f"{name}axis {j}: {formula}" for j, formula in enumerate(formulas)]
    return lines


def _formula(axis: Any, turned: bool) -> str:
    """The relation of an axis; `turned` names what its letters are in a transposed layer."""
    if not isinstance(axis, Axis):
        ends = (axis.outputs, axis.size) if turned else (axis.size, axis.outputs)
        return f"{axis.mode} resize, {ends[0]} → {ends[1]}"
    tap = f"({axis.kernel - 1} - t)" if axis.flip else "t"
    terms = [
        "o" if axis.stride == 1 else f"{axis.stride}·o",
        *([] if axis.kernel == 1 else [tap if axis.dilation == 1 else f"{axis.dilation}·{tap}"]),
    ]
    inner = " + ".join(terms)
    if axis.before:
        inner += f" {'-' if axis.before > 0 else '+'} {abs(axis.before)}"
    folded = inner if axis.mode == "zeros" or not axis.folds else f"{axis.mode}({inner})"
    taps = f"0 ≤ t < {axis.kernel}, " if axis.kernel > 1 else ""
    if turned:
        return f"i = {folded}, {taps}inputs 0 ≤ o < {axis.outputs}, outputs 0 ≤ i < {axis.size}"
    return f"i = {folded}, {taps}0 ≤ o < {axis.outputs}, 0 ≤ i < {axis.size}"


def _fields(A: Map) -> tuple[ReceptiveField, ...] | None:
    try:
        return receptive_field(A)
    except (GeometryError, TooLargeError):
        return None


def _separability(layer: Layer | None) -> tuple[Separability, ...] | None:
    """The verdict on each spatial kernel of the layer's weight."""
    if not isinstance(layer, (Convolution, ConvolutionTranspose)):
        return None
    if layer.weight is None or layer.ndim < 2:
        return None
    if prod(layer.weight.shape[2:]) > MOST_ENTRIES:
        return None
    kernels = layer.weight.reshape(-1, *layer.weight.shape[2:])[:MOST_KERNELS]
    if kernels.dtype == object and sum(map(_bits, kernels.flat)) > MOST_BITS:
        return None
    different = {tuple(kernel.flat): kernel for kernel in kernels}
    try:
        verdicts = {key: separability(kernel) for key, kernel in different.items()}
    except ConvMatrixError:  # symbols, or values that are not finite: no verdict
        return None
    return tuple(verdicts[tuple(kernel.flat)] for kernel in kernels)


def _bits(value: Any) -> int:
    """How long a fraction is, which is what makes its arithmetic slow."""
    return value.denominator.bit_length() if isinstance(value, Fraction) else 0


def _verdicts(verdicts: Sequence[Separability]) -> str:
    if len(verdicts) == 1:
        return str(verdicts[0]).replace("\n", "\n" + " " * 12)
    return f"{sum(v.separable for v in verdicts)} of {len(verdicts)} spatial kernels are separable"
