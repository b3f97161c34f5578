"""How separable the kernels of a trained network are, layer by layer."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

import numpy as np

from convmatrix.errors import WeightError, no_truth_value, printable
from convmatrix.layers.arguments import is_sequence
from convmatrix.layers.calling import public
from convmatrix.layers.printing import Printed
from convmatrix.layers.renamed import renamed
from convmatrix.layers.trained import TrainedLayer
from convmatrix.limits import check_memory
from convmatrix.separable.floats import largest_part, units
from convmatrix.separable.numbers import check_tolerance
from convmatrix.separable.precision import default_tolerance
from convmatrix.separable.stacks import ExactStack, NumericalStack, of_rank_one
from convmatrix.separable.text import markdown
from convmatrix.shapes import times
from convmatrix.typing import Array

__all__ = ["LayerSeparability", "NetworkSeparability", "network_separability"]


KEPT = 0.99
"""The part of the energy that `rank` and `multiplier` keep."""
BYTES_TESTED = 24
"""Of each number of a weight, in the work of testing its kernels."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class LayerSeparability(Printed):
    """One layer's kernels.

    Attributes
    ----------
    name, kind, shape
        The layer's name, its kind in the article's words, and its weight's shape.
    kernels
        How many kernels were tested.
    exactly, numerically
        How many are separable: as the binary fractions that the floats are, and to rounding.
    energy
        The part of a kernel's energy (squared norm) in its first separable term: quantiles 5, 25,
        50, 75 and 95 % over the kernels. Beyond two axes an upper bound.
    rank
        The least number of separable terms a kernel that keep 99 % of the layer's energy.
    macs, macs_saved
        Multiplications a position, and how many fewer `rank` separable terms take.
    depthwise_error
        Relative error of the best depthwise-separable layer with multiplier 1; None where it says
        nothing (groups, or one input channel).
    multiplier
        The least multiplier with which one keeps 99 % of the energy.
    layout
        How the weight lay in a file that does not say it, and what told.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    kernels: int
    exactly: int
    numerically: int
    energy: tuple[float, ...]
    rank: int
    macs: int
    macs_saved: int
    depthwise_error: float | None
    multiplier: int | None
    layout: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    def __bool__(self) -> bool:
        raise no_truth_value("a layer's separability", ".numerically == .kernels, or > 0")


@dataclass(frozen=True, slots=True)
class NetworkSeparability:
    """The layers of a network that have kernels to test; how many others it has."""

    layers: tuple[LayerSeparability, ...]
    others: int

    def __bool__(self) -> bool:
        raise no_truth_value("a network's separability", "its .layers, a row a layer")

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "layers": [layer.to_dict() for layer in self.layers],
            "others": self.others,
            "kernels": sum(layer.kernels for layer in self.layers),
            "exactly": sum(layer.exactly for layer in self.layers),
            "numerically": sum(layer.numerically for layer in self.layers),
            "macs": sum(layer.macs for layer in self.layers),
            "macs_saved": sum(layer.macs_saved for layer in self.layers),
        }

    def to_csv(self) -> str:
        """A table, a line a layer."""
        text = io.StringIO()
        quantiles = [f"energy_{round(100 * q)}" for q in QUANTILES]
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["name", "kind", "shape", "kernels", "exactly", "numerically",
                         *quantiles, "rank", "macs", "macs_saved", "depthwise_error",
                         "multiplier", "layout"])  # fmt: skip
        for row in self.layers:
            shape = times(row.shape, "x")
            writer.writerow([_cell(row.name), row.kind, shape, row.kernels, row.exactly,
                             row.numerically, *row.energy, row.rank, row.macs, row.macs_saved,
                             row.depthwise_error, row.multiplier, row.layout])  # fmt: skip
        return text.getvalue()

    def _repr_markdown_(self) -> str:
        return markdown(f"separability of {len(self.layers)} layers\n{self}")

    def __str__(self) -> str:
        head = ("layer", "kind", "weight", "kernels", "exact", "numeric", "first term", "rank",
                "MACs saved", "depthwise")  # fmt: skip
        lines = [head, *map(_cells, self.layers)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = ["  ".join(c.ljust(w) if j < 3 else c.rjust(w)
                for j, (c, w) in enumerate(zip(line, widths, strict=True))).rstrip()
                for line in lines]  # fmt: skip
        total = self.to_dict()
        saved = total["macs_saved"] / max(1, total["macs"])
        return "\n".join([
            *text, "",
            f"{total['kernels']:,} kernels, {total['exactly']:,} exactly separable, "
            f"{total['numerically']:,} to rounding; {self.others} layers have no kernels to test.",
            "first term: part of a kernel's energy in its best separable kernel, median (5–95 %).",
            f"rank: separable terms that keep 99 % of the layer's energy; together they save "
            f"{saved:.0%} of these layers' MACs.",
            "depthwise: error of the best depthwise-separable layer, multiplier that keeps 99 %.",
            *self._layouts(),
        ])  # fmt: skip

    def _layouts(self) -> list[str]:
        """How weights were read whose file does not say how they lie."""
        told = Counter(row.layout for row in self.layers if row.layout)
        if not told:
            return []
        said = ", ".join(f"{layout} ({count} layers)" for layout, count in sorted(told.items()))
        return [f"layout: {said}; layout='OIHW' or 'HWIO' (--layout) says it instead."]


def _cell(name: str) -> str:
    """A name for a table of comma-separated values, in which no spreadsheet sees a formula."""
    text = printable(name)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _cells(row: LayerSeparability) -> tuple[str, ...]:
    low, _, middle, _, high = row.energy
    error = row.depthwise_error
    name = printable(row.name)
    name = name if len(name) <= 40 else f"…{name[-39:]}"
    return (
        name, row.kind, times(row.shape), f"{row.kernels:,}", f"{row.exactly:,}",
        f"{row.numerically:,}", f"{middle:.1%} ({low:.0%}–{high:.0%})", str(row.rank),
        f"{row.macs_saved / row.macs:.0%}",
        "–" if error is None else f"{error:.2f}, ×{row.multiplier}",
    )  # fmt: skip


@renamed(tol="tolerance")
@public
def network_separability(
    layers: Iterable[TrainedLayer],
    *,
    tolerance: float | None = None,
    progress: Callable[[Sequence[TrainedLayer]], Iterable[TrainedLayer]] | None = None,
) -> NetworkSeparability:
    """Test every kernel of a network that has more than one tap along two axes or more.

    Parameters
    ----------
    layers
        As `read_layers` gives them.
    tolerance
        As `separability` takes it. (Its old name `tol` warns.)
    progress
        Wraps the layers to be tested, for a progress bar.

    Raises
    ------
    WeightError
        Where no layer has such a kernel.

    >>> weight = np.random.default_rng(0).standard_normal((8, 4, 3, 3))
    >>> report = network_separability([TrainedLayer("conv", weight)])
    >>> report.layers[0].kernels, report.layers[0].numerically, report.layers[0].rank
    (32, 0, 3)
    """
    check_tolerance(tolerance)
    every: list[Any] = list(layers) if is_sequence(layers) else [layers]
    odd = [one for one in every if not isinstance(one, TrainedLayer)]
    if odd:
        raise WeightError(
            f"network_separability takes what read_layers gives, got {odd[0]!r:.60} in it; call "
            f"network_separability(read_layers('model.onnx'))"
        )
    tested = [layer for layer in every if sum(n > 1 for n in layer.kernel) > 1]
    if not tested:
        raise WeightError(
            f"none of the {len(every)} layers has a kernel of two axes or more with taps along "
            f"both; there is nothing to separate"
        )
    rows = [_row(layer, tolerance) for layer in (progress(tested) if progress else tested)]
    return NetworkSeparability(tuple(rows), len(every) - len(tested))


def _row(layer: TrainedLayer, tolerance: float | None) -> LayerSeparability:
    given, weight = layer.weight, layer.weight
    check_memory(BYTES_TESTED * weight.size, f"testing {layer.name}", "a smaller layer")
    if weight.dtype.kind in "iu":
        weight = weight.astype(np.float64)
    kernel, ndim = layer.kernel, len(layer.kernel)
    limit = default_tolerance(kernel, weight.dtype) if tolerance is None else tolerance
    stack = NumericalStack(weight, ndim, limit)
    squares = [sigma * sigma for sigma in stack.sigma]
    # In units of each kernel's largest entry; a layer's energy weighs kernels by their own.
    scale = largest_part(weight).reshape(-1, prod(kernel)).max(axis=1).astype(np.float64)
    scale = (scale / (scale.max() or 1)) ** 2
    rank = max(_rank_of_energy((s * scale[:, None]).sum(axis=0)) for s in squares)
    energy = 1 - stack.distance.reshape(-1) ** 2
    macs, passes = weight.size, weight.size // prod(kernel) * rank * sum(kernel)
    error, multiplier = _depthwise(layer, weight)
    return LayerSeparability(
        layer.name, layer.kind, tuple(weight.shape), weight.size // prod(kernel),
        _exactly(given, stack, ndim), int(stack.separable.sum()),
        tuple(float(q) for q in np.quantile(energy, QUANTILES)), rank, macs, max(0, macs - passes),
        error, multiplier, layer.layout,
    )  # fmt: skip


def _rank_of_energy(energies: Array) -> int:
    """How many of the energies, largest first, make up 99 % of their sum; at least 1."""
    if not energies.sum():
        return 1
    part = np.cumsum(energies) / float(energies.sum())
    return min(int(np.searchsorted(part, KEPT)) + 1, len(energies))


def _exactly(weight: Array, stack: NumericalStack, ndim: int) -> int:
    """How many kernels are separable as the binary fractions that they are: only those can be
    that are to rounding."""
    from convmatrix.separable.exact import ExactVerdict
    from convmatrix.separable.numbers import exact_entries

    flat = weight.reshape(-1, *weight.shape[-ndim:])
    if weight.dtype.kind in "iu":
        return int(np.sum(ExactStack(flat.astype(object), ndim).separable))
    limit = max(stack.tolerance, 8 * default_tolerance(weight.shape[-ndim:], weight.dtype))
    kernels = flat[NumericalStack(flat, ndim, limit).separable]
    if not len(kernels):
        return 0
    if ndim == 2 and weight.dtype.kind == "f" and weight.dtype.itemsize <= 4:
        # float64 holds their products exactly
        return int(of_rank_one(kernels.astype(np.float64)).sum())
    return sum(bool(ExactVerdict(exact_entries(kernel)).separable) for kernel in kernels)


def _depthwise(layer: TrainedLayer, weight: Array) -> tuple[float | None, int | None]:
    """Error of the best depthwise-separable layer, and the multiplier that keeps 99 %."""
    if layer.groups > 1 or weight.shape[int(not layer.transposed)] == 1:
        return None, None
    tables = np.moveaxis(weight.reshape(*weight.shape[:2], -1), int(not layer.transposed), 0)
    tables = units(tables[None])[0]
    gram = np.matmul(tables.conj().swapaxes(1, 2), tables)
    energies = np.maximum(np.linalg.eigvalsh(gram)[:, ::-1], 0).sum(axis=0)
    total = float(energies.sum())
    error = float(np.sqrt(max(0.0, 1 - float(energies[0]) / total))) if total else 0.0
    return error, _rank_of_energy(energies)
