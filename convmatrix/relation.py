"""The one relation, from which everything in this package derives.

Along an axis, output `o` reads input `i` through kernel tap `t` when

    i = fold(stride * o + dilation * t - before),   0 <= t < kernel,   0 <= o < outputs

Matrix, graph, symbols, proofs and dense path all call the index functions of this file. They use
`+ - *` only and never branch on an index, so that the same function runs on Python ints, on NumPy
arrays, on SymPy symbols and as text for a solver.
This file imports no NumPy.

Source of the size arithmetic: V. Dumoulin and F. Visin, *A guide to convolution arithmetic for
deep learning*, arXiv:1603.07285, relationships 1-15.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import gcd
from typing import Any

from convmatrix.errors import GeometryError

__all__ = [
    "FOLDS",
    "Axis",
    "Index",
    "is_symbolic",
    "mirrored",
    "same_padding",
    "source",
]

Index = Any
"""An int, an integer NumPy array, a SymPy expression, or anything else with `+ - *`."""


def source(o: Index, t: Index, *, stride: Index, dilation: Index, before: Index) -> Index:
    """The padded-input coordinate, counted from the first real input, that `(o, t)` reads.

    >>> source(1, 2, stride=2, dilation=1, before=1)
    3
    """
    return stride * o + dilation * t - before


def mirrored(t: Index, kernel: Index) -> Index:
    """The tap that takes the place of `t` when the kernel is flipped.

    >>> mirrored(0, 3)
    2
    """
    return kernel - 1 - t


def _circular(i: Index, n: Index) -> Index:
    return i % n


def _reflect(i: Index, n: Index) -> Index:
    return (n - 1) - abs((n - 1) - abs(i))


def _replicate(i: Index, n: Index) -> Index:
    return (abs(i) - abs(i - (n - 1)) + (n - 1)) // 2


def _zeros(i: Index, n: Index) -> Index:  # noqa: ARG001 - one signature for all folds
    return i


FOLDS: dict[str, Callable[[Index, Index], Index]] = {
    "zeros": _zeros,
    "circular": _circular,
    "reflect": _reflect,
    "replicate": _replicate,
}
"""How each padding mode brings a coordinate outside `0 <= i < n` back inside (zeros: not at
all, the reader drops it). Reflect needs `-n < i < 2n - 1`."""


def is_symbolic(*values: object) -> bool:
    """Whether any value is an expression: SymPy's (which is never loaded to find out), or another
    kind that says so by `is_expression`."""
    sympy = sys.modules.get("sympy")
    return any(
        getattr(value, "is_expression", False)
        or (sympy is not None and isinstance(value, sympy.Basic))
        for value in values
    )


def same_padding(n: Index, *, kernel: Index, stride: Index, dilation: Index) -> Index:
    """Total padding of TensorFlow's ``same``: the output has `ceil(n / stride)` elements.

    >>> same_padding(5, kernel=3, stride=2, dilation=1)
    2
    """
    reach = source(0, kernel - 1, stride=stride, dilation=dilation, before=0)
    total = reach - (n - 1) % stride
    if is_symbolic(total):
        return (total + abs(total)) // 2
    return max(0, total)


@dataclass(frozen=True, slots=True)
class Axis:
    """The relation along one axis of `size` inputs, with its numbers filled in.

    `before` and `after` count padded elements on each side; negative counts crop. `flip` makes
    tap `t` read where tap `kernel - 1 - t` would.

    >>> axis = Axis(size=5, kernel=3, stride=2, before=1, after=1)
    >>> axis.outputs, [axis.read(1, t) for t in range(3)]
    (3, [1, 2, 3])
    """

    size: Index
    kernel: Index = 1
    stride: Index = 1
    dilation: Index = 1
    before: Index = 0
    after: Index = 0
    mode: str = "zeros"
    flip: bool = False

    def source(self, o: Index, t: Index) -> Index:
        """The coordinate that `(o, t)` reads, before folding."""
        place = mirrored(t, self.kernel) if self.flip else t
        return source(o, place, stride=self.stride, dilation=self.dilation, before=self.before)

    def fold(self, i: Index) -> Index:
        """Bring a coordinate of the padded axis back among the inputs, as `mode` says."""
        return FOLDS[self.mode](i, self.size)

    def read(self, o: Index, t: Index) -> Index:
        """The input that `(o, t)` reads; in ``zeros`` mode it may lie outside `0 <= i < size`."""
        return self.fold(self.source(o, t))

    @property
    def folds(self) -> bool:
        """Whether two taps of one output may meet on one input."""
        if self.mode == "zeros" or is_symbolic(self.before, self.after):
            return self.mode != "zeros"
        return bool(self.before > 0 or self.after > 0)

    @property
    def collides(self) -> bool:
        """Whether some output reads one input through two taps: closed form, nothing is listed."""
        return self.folds and self.kernel > 1 and _COLLIDES[self.mode](self)

    def inside(self, i: Index) -> Index:
        """Whether a coordinate is a real input (works on ints and arrays)."""
        return (i >= 0) & (i < self.size)

    def guards(self, o: Index, t: Index) -> list[Index]:
        """What must be >= 0 for `(o, t)` to be a connection."""
        i = self.read(o, t)
        return [o, self.outputs - 1 - o, t, self.kernel - 1 - t, i, self.size - 1 - i]

    @property
    def first(self) -> Index:
        """The place of the window's first tap for output 0 (minus the leading padding)."""
        return source(0, 0, stride=self.stride, dilation=self.dilation, before=self.before)

    @property
    def last(self) -> Index:
        """The place of the window's last tap for output 0."""
        k = self.kernel - 1
        return source(0, k, stride=self.stride, dilation=self.dilation, before=self.before)

    @property
    def span(self) -> Index:
        """How many elements a window covers, `dilation * (kernel - 1) + 1`."""
        return self.last - self.first + 1

    @property
    def room(self) -> Index:
        """How far output 0's window can move before it leaves the padded input; < 0: no fit."""
        return self.size - 1 + self.after - self.last

    @property
    def outputs(self) -> Index:
        """How many outputs the axis has, `floor(room / stride) + 1`."""
        return self.room // self.stride + 1

    def check(self, where: str) -> None:
        """Raise `GeometryError` where the numbers make no axis; symbols pass."""
        if is_symbolic(self.size, self.room):
            return
        if self.size < 1:
            raise GeometryError(f"input size on {where} must be at least 1, got {self.size}")
        padded = self.size + self.before + self.after
        if self.room < 0 and self.kernel == 1:
            raise GeometryError(
                f"cropping {-min(0, self.before)} and {-min(0, self.after)} leaves nothing of the "
                f"{self.size} elements on {where}; crop at most {self.size - 1} in all"
            )
        if self.room < 0:
            raise GeometryError(
                f"kernel does not fit on {where}: kernel_size={self.kernel} with "
                f"dilation={self.dilation} spans {self.span}, the padded input has {padded}; "
                f"use an input of at least {self.size - self.room}, or more padding"
            )
        if self.mode == "reflect" and max(self.before, self.after) >= self.size:
            raise GeometryError(
                f"reflect padding on {where} must be smaller than the input size {self.size}, "
                f"got {(self.before, self.after)}; use padding_mode='replicate' or less padding"
            )

    def inputs_of(self, o: int) -> list[tuple[int, int]]:
        """Every `(input, tap)` that output `o` reads, in the order of the inputs."""
        if self.folds:
            return sorted((self.read(o, t), t) for t in range(self.kernel))
        taps = (mirrored(t, self.kernel) if self.flip else t for t in self.live(o))
        return [(self.source(o, t), t) for t in taps]

    def live(self, o: int) -> range:
        """The places of output `o`'s window, in the order of the inputs, that are real inputs
        and no padding."""
        begin, then = (
            source(o, t, stride=self.stride, dilation=self.dilation, before=self.before)
            for t in (0, 1)
        )
        step = then - begin
        least, most = -(begin // step), (self.size - 1 - begin) // step
        return range(max(0, least), min(self.kernel - 1, most) + 1)

    def outputs_of(self, i: int) -> list[tuple[int, int]]:
        """Every `(output, tap)` that reads input `i`, in the order of the outputs."""
        bare, found = replace(self, flip=False), []
        end = bare.source(self.outputs - 1, 0)
        for place in self._places(i):
            # of the window's places only those through which some output reads it
            least = max(0, -((end - place) // self.dilation))
            most = min(self.kernel - 1, (place - self.first) // self.dilation)
            for t in range(least, most + 1):
                o, rest = divmod(place - bare.source(0, t), self.stride)
                if rest == 0:
                    found.append((o, mirrored(t, self.kernel) if self.flip else t))
        return sorted(found)

    def _places(self, i: int) -> Iterable[int]:
        """The coordinates of the padded axis that fold onto input `i`."""
        low, high = -self.before, self.size - 1 + self.after
        if self.mode == "circular":
            return range(low + (i - low) % self.size, high + 1, self.size)
        if self.mode == "replicate" and self.size == 1:
            return range(low, high + 1)
        if self.mode == "replicate" and i in (0, self.size - 1):
            return range(min(0, low), 1) if i == 0 else range(i, max(i, high) + 1)
        if self.mode == "reflect":
            mirrors = (place for place in {-i, 2 * (self.size - 1) - i} - {i})
            return (i, *(place for place in mirrors if low <= place <= high))
        if self.mode in ("zeros", "replicate"):
            return (i,)
        return [place for place in range(low, high + 1) if self.fold(place) == i]

    @property
    def pairs(self) -> int:
        """How many `(output, tap)` pairs read a real input: closed form, nothing is listed."""
        if self.mode != "zeros":
            return int(self.outputs * self.kernel)
        return self._below(self.size) - self._below(0)

    @property
    def entries(self) -> int | None:
        """How many distinct `(output, input)` pairs: where taps collide, fewer than `pairs`. None
        where too many windows leave the input to look at each."""
        if not self.collides:
            return self.pairs
        start = max(0, -(self.first // self.stride))
        stop = max(start, min(self.outputs, (self.size - 1 - self.last) // self.stride + 1))
        border = self.outputs - (stop - start)
        if border * self.kernel > MOST_READ:
            return None
        outputs = (*range(start), *range(stop, self.outputs))
        distinct = (len({self.read(o, t) for t in range(self.kernel)}) for o in outputs)
        return int((stop - start) * self.kernel + sum(distinct))

    def _below(self, limit: int) -> int:
        """How many `(output, tap)` pairs read a coordinate under a limit."""
        whole = max(0, min(self.outputs, (limit - 1 - self.last) // self.stride + 1))
        some = max(0, min(self.outputs, (limit - 1 - self.first) // self.stride + 1))
        # outputs from `whole` to `some` have a part of their taps there, fewer the later
        room = limit - 1 - self.first - self.stride * (some - 1)
        parts = _floor_sum(some - whole, self.stride, room + self.dilation, self.dilation)
        return int(whole * self.kernel + parts)


MOST_READ = 1 << 20
"""So many reads of windows that leave the input are looked at, at most."""


def _floor_sum(count: int, step: int, start: int, divisor: int) -> int:
    """The sum of `(step * j + start) // divisor` over `0 <= j < count`, as Euclid's algorithm."""
    total = 0
    while count > 0:
        total += count * (count - 1) // 2 * (step // divisor) + count * (start // divisor)
        step, start = step % divisor, start % divisor
        top = step * count + start
        if top < divisor:
            break
        # the same lattice points, counted along the other axis
        count, start, step, divisor = top // divisor, top % divisor, divisor, step
    return total


def _circular_collides(axis: Axis) -> bool:
    return bool(axis.size // gcd(axis.size, axis.dilation) < axis.kernel)


def _replicate_collides(axis: Axis) -> bool:
    """Two taps of the first window before the input, or two of the last window behind it."""
    first = source(0, 1, stride=axis.stride, dilation=axis.dilation, before=axis.before)
    last = axis.last + axis.stride * (axis.outputs - 1) - axis.dilation
    return bool(axis.size == 1 or first <= 0 or last >= axis.size - 1)


def _reflect_collides(axis: Axis) -> bool:
    """Two taps of a window that one end mirrors onto each other, or both ends together."""
    ends = 2 * (axis.size - 1)
    around, rest = divmod(ends, axis.dilation)
    if rest == 0 and around < axis.kernel:
        return True
    return any(_mirror_is_hit(axis, twice) for twice in (0, ends))


def _mirror_is_hit(axis: Axis, twice: int) -> bool:
    """Whether two taps `t + u` of an output read `twice` in sum, places on both sides of a mirror:
    `2 * (first + stride * o) + dilation * (t + u) = twice`."""
    target, step = twice - 2 * axis.first, 2 * axis.stride
    least = -((axis.dilation * (2 * axis.kernel - 3) - target) // step)
    most = (target - axis.dilation) // step
    low, high = max(0, least), min(axis.outputs - 1, most)
    shared = gcd(step, axis.dilation)
    if target % shared:
        return False
    period = axis.dilation // shared
    solution = target // shared * pow(step // shared, -1, period) % period
    return bool(low + (solution - low) % period <= high)


_COLLIDES: dict[str, Callable[[Axis], bool]] = {
    "circular": _circular_collides,
    "replicate": _replicate_collides,
    "reflect": _reflect_collides,
}
