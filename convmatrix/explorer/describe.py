"""A map as plain data: all that a page, a widget or a terminal may show. They compute nothing."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import inf, prod
from typing import Any

import numpy as np

from convmatrix.analysis import connectivity, explain
from convmatrix.errors import ConvMatrixError
from convmatrix.explorer.effort import places, reach, textbook_places
from convmatrix.explorer.part import Part, part_of
from convmatrix.explorer.walks import walks
from convmatrix.layers import Layer, MaxPool
from convmatrix.maps import Map
from convmatrix.maps.shaped import require_numbers
from convmatrix.relation import Axis
from convmatrix.stencil import Stencil
from convmatrix.typing import Array

__all__ = ["MOST_TAPS", "MOST_VALUES", "describe"]


MOST_TAPS = 4096
"""Above this a kernel's values are not sent."""
MOST_VALUES = 50_000
"""Above so many connections input and output values are not computed."""
MOST_PROVED = 300_000
"""Above so many places the transpose is not compared with the textbook's, entry by entry."""
MOST_TURNS = 4_000
"""Above so many taps along the axes the connections away from the borders are not counted."""
MOST_STEPS = 500_000
"""Above so many taps it is not counted how many outputs each input of a window feeds."""


def describe(
    layer: Layer | Map,
    *input_size: Any,
    of: Layer | None = None,
    window: str | None = None,
    x: list[Any] | None = None,
    u: list[Any] | None = None,
) -> dict[str, Any]:
    """Everything about a layer at an input size (or about a map), ready for JSON.

    What `explain` tells, and

    - ``connections``: `indptr`, `indices`, `tap` (with `digits`, a tap of each layer, for several
      layers) of the outputs and inputs whose coordinates are listed under `out` and `in`, an axis
      each; of a large map a part, of one whose every output reads too much None
    - ``weights``: of each layer, as text
    - ``values``: input `x`, output `y = A x`, and `v = Aᵀ u`, as text
    - ``walks``: how the window slides, forward and transposed
    - ``sizes`` and ``sizes_back``: the size formula of each axis with its numbers
    - ``overlap``: connections of every element

    Parameters
    ----------
    of
        The layer that a map is of, where the map does not say.
    window
        The part of a large map to show: ``first:stop`` of the output's channels and of each axis,
        with ``x`` between.
    x, u
        Input values of the map and of its transpose, flat; 1, 2, 3, … by default.

    >>> import convmatrix as cm
    >>> told = describe(cm.conv1d(1, 1, 3, padding=1, weight=[[[1, 0, -1]]]), 3)
    >>> told["connections"]["indices"], told["values"]["y"]
    ([0, 1, 0, 1, 2, 1, 2], ['-2', '-2', '2'])
    """
    A = layer if isinstance(layer, Map) else layer.on(*input_size)
    require_numbers(A, "describe it")
    source = of or (A.layer if isinstance(layer, Map) else layer)
    part = part_of(A, window)
    whole = part is not None and part.whole
    return {
        **_told(A, source),
        "sizes": _size_formulas(A),
        "sizes_back": _size_formulas(A, back=True),
        "connections": part and part.to_dict(),
        "linear": A.is_linear,
        "weights": [_weight(leaf) for leaf in A.leaves],
        "values": _values(A, part, x, u) if part is not None and whole else None,
        "overlap": _overlap(A, part) if part is not None else None,
        "walks": walks(A) if whole else {"forward": [], "backward": []},
    }


def _told(A: Map, layer: Layer | None) -> dict[str, Any]:
    """What `explain` tells; of a map without a layer, its shapes."""
    if layer is not None:
        proved = places(A) + textbook_places(A) <= MOST_PROVED
        explained = explain(layer, A.in_shape[1:], proved=proved)
        return {**explained.to_dict(), "text": str(explained)}
    nnz, entries = A.nnz, A.entries
    unknown = ("parameters", "macs", "exact_macs", "receptive_field", "proof", "separability")
    return dict.fromkeys(unknown) | {
        "layer": repr(A),
        "kind": A.name,
        "in_shape": list(A.in_shape),
        "out_shape": list(A.out_shape),
        "shape": list(A.shape),
        "entries": entries,
        "density": None if entries is None else entries / prod(A.shape),
        "nnz": nnz,
        "layer_connections": [leaf.nnz for leaf in A.leaves],
        "paths": nnz,
        "relations": [],
        "factorizations": {},
        "text": f"{A!r}\n{A.counted()}",
    }


def _size_formulas(A: Map, *, back: bool = False) -> list[str]:
    """The size formula of each axis of each layer, with its numbers; `back`: of the transpose."""
    lines = []
    steps = A.diagram.steps
    for step in reversed(steps) if back else steps:
        stencil = None if step.leaf is None else step.leaf.geometry
        if not isinstance(stencil, Stencil):
            continue
        for axis in stencil.axes:
            if isinstance(axis, Axis):
                lines.append(_size_back(axis) if step.back != back else _size(axis))
            else:
                ends = (axis.outputs, axis.size) if back else (axis.size, axis.outputs)
                lines.append("{} → {}".format(*ends))
    return lines


def _size(axis: Axis) -> str:
    added = "".join(f" {'+' if n >= 0 else '−'} {abs(n)}" for n in (axis.before, axis.after))
    return f"{axis.outputs} = ⌊({axis.size}{added} − {axis.span}) / {axis.stride}⌋ + 1"


def _size_back(axis: Axis) -> str:
    cut = "".join(f" {'−' if n >= 0 else '+'} {abs(n)}" for n in (axis.before, axis.after))
    extra = axis.room % axis.stride
    return (
        f"{axis.size} = {axis.stride}·({axis.outputs} − 1) + {axis.span}{cut}"
        f"{f' + {extra}' if extra else ''}"
    )


# -------------------------------------------------------------------------------- values


def _weight(leaf: Any) -> dict[str, Any]:
    """A layer's weight as text, or the fixed numbers of a layer without one."""
    shape = leaf.geometry.tap_shape
    kept = prod(shape) <= MOST_TAPS and leaf.taps is not None
    return {
        "layer": leaf.typed.name,
        "shape": list(shape),
        "free": leaf.layer.weight_shape is not None,
        "values": [number(value) for value in leaf.taps.reshape(-1).tolist()] if kept else None,
    }


def number(value: Any) -> str:
    """A number as people write it: exact where it is, else six digits.

    >>> number(Fraction(1, 3)), number(Fraction(1, 4)), number(2.0), number(0.1 + 0.2)
    ('1/3', '0.25', '2', '0.3')
    """
    try:
        return _exact(value)
    except ValueError:  # an integer of more digits than Python writes
        return f"{Decimal(value.numerator) / Decimal(value.denominator):.6g}"


def _exact(value: Any) -> str:
    if isinstance(value, Fraction) and value.denominator > 1 and 10**6 % value.denominator == 0:
        whole, rest = divmod(abs(value) * 10**6, 10**6)
        return f"{'-' * (value < 0)}{whole}.{int(rest):06d}".rstrip("0")
    if isinstance(value, (int, Fraction)):
        return str(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"{value:.4g}" if isinstance(value, complex) else str(value)


def _values(
    A: Map, part: Part, x: list[Any] | None, u: list[Any] | None
) -> dict[str, list[str]] | None:
    """`x`, `y = A x`, `u` and `v = Aᵀ u`, exactly where the numbers are."""
    rows, columns = A.shape
    if len(part.indices) > MOST_VALUES:
        return None
    inputs = np.array(list(range(1, columns + 1)) if x is None else x, object)
    shown = {"x": [number(v) for v in inputs]}
    if not A.has_weights:
        return shown
    if not A.is_linear:
        return {**shown, "y": [number(v) for v in _not_linear(A, part, inputs)]}
    back = np.array(list(range(1, rows + 1)) if u is None else u, object)
    weights = np.array(_entry_values(A, part), object)
    y, v = np.zeros(rows, object), np.zeros(columns, object)
    np.add.at(y, part.rows, weights * inputs[part.indices])
    np.add.at(v, part.indices, weights * back[part.rows])
    return {
        **shown, "y": [number(n) for n in y], "u": [number(n) for n in back],
        "v": [number(n) for n in v],
    }  # fmt: skip


def _not_linear(A: Map, part: Part, inputs: Array) -> list[Any]:
    """The outputs of a map with a maximum in it: exactly where it is nothing else."""
    if len(A.leaves) > 1:
        plain = inputs.astype(float).reshape(1, *A.in_shape)
        found: list[Any] = A(plain).reshape(-1).tolist()
        return found
    least: Any = -inf if isinstance(A.leaves[0].layer, MaxPool) else 0
    outputs = [least] * A.shape[0]
    for row, column in zip(part.rows.tolist(), part.indices.tolist(), strict=True):
        value = inputs[column]
        outputs[row] = value if value != value or value > outputs[row] else outputs[row]
    return outputs


def _entry_values(A: Map, part: Part) -> list[Any]:
    """The value of every connection, of Python's own types."""
    total: Any = 1
    for leaf, digit in zip(A.leaves, part.digits, strict=True):
        assert leaf.taps is not None
        values = np.empty(leaf.taps.size + 1, object)
        values[:] = [*leaf.taps.reshape(-1).tolist(), 1]
        total = total * values[digit]
    return list(total)


def _out_degrees(A: Map, part: Part) -> list[int] | None:
    """How many outputs of the whole map each input that is shown feeds; None of several layers,
    or where counting takes long."""
    stencil = A.leaves[0].geometry
    if len(A.leaves) > 1 or not isinstance(stencil, Stencil):
        return None
    if reach(A) * sum(map(len, part.into[1:])) > MOST_STEPS:
        return None
    forward = A.leaves[0] is A
    counts = [
        [len(axis.outputs_of(i) if forward else axis.inputs_of(i)) for i in places]
        for axis, places in zip(stencil.axes, part.into[1:], strict=True)
    ]
    width = stencil.out_channels // stencil.groups if forward else stencil.group_channels
    return [width * prod(each) for _ in part.into[0] for each in product(*counts)]


def _overlap(A: Map, part: Part) -> dict[str, Any]:
    """How many connections each element that is shown has."""
    rows, columns = part.shape
    counts = {
        "reads": np.bincount(part.rows, minlength=rows).tolist(),
        "feeds": np.bincount(part.indices, minlength=columns).tolist(),
        "inside": None,
        "all": None if part.whole else _out_degrees(A, part),
    }
    if part.whole and reach(A) <= MOST_TURNS:
        try:
            counts["inside"] = list(connectivity(A).inside)
            back = connectivity(A.T).inside if A.is_linear else ()
            counts["inside_back"] = list(back)
        except ConvMatrixError:
            pass
    return counts
