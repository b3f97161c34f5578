"""What a dense algorithm is given, and what every one of them shares: blocks, buffers, windows.

The words of this room: a *method* is what a caller may ask for by name, an *algorithm* is a class
that computes in some way, an *engine* is an algorithm made for one weight and one problem. An
algorithm *refuses* a problem that it does not apply to; how far it *spreads* a NaN is beyond what
reads it.
"""

from __future__ import annotations

import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convmatrix.dense.threads import run
from convmatrix.errors import TooLargeError
from convmatrix.relation import Axis
from convmatrix.stencil import Stencil
from convmatrix.typing import Array

__all__ = [
    "Algorithm", "Problem", "blocks_of", "copy_window", "quietly", "shares", "split", "windows",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """A weighted stencil, applied to arrays `(batch, in_channels, *size)` of one dtype.

    `tolerance` is how small, relative to the largest, singular values of a kernel may be left out;
    0 is none but those of rounding.
    """

    stencil: Stencil
    batch: int
    dtype: np.dtype[Any]
    threads: int = 1
    tolerance: float = 0.0

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The relation along each axis."""
        return self.stencil.windows

    @property
    def ndim(self) -> int:
        """How many spatial axes there are."""
        return len(self.stencil.axes)

    @property
    def outputs(self) -> tuple[int, ...]:
        """The spatial size of the output."""
        return self.stencil.out_shape[1:]

    @property
    def macs(self) -> int:
        """Multiplications of a direct sum, padding counted."""
        stencil = self.stencil
        window = stencil.group_channels * prod(stencil.kernel)
        return self.batch * stencil.out_channels * prod(self.outputs) * window

    @property
    def floating(self) -> bool:
        """Whether the arithmetic rounds."""
        return self.dtype.kind in "fc"

    def seconds(self, work: float) -> float:
        """What takes so long in float32 on one core: in this dtype, shared by all threads."""
        return work * self.dtype.itemsize / 4 / self.threads


class Algorithm(ABC):
    """A problem with its weight, ready to run; made once and used for many arrays, by many threads.

    `blocks` are what its output is cut into, each computed by one thread with buffers of its own.
    `workspace` is what it holds beside input, output and weight, in bytes: transformed weights
    and the buffers of all threads. `seconds` is what it is predicted to take. `error_bound` is
    relative to the largest value of |w| applied to |x|. `spreads` says how far a NaN or an
    infinity reaches beyond the outputs that read it.
    """

    name: ClassVar[str]
    spreads: ClassVar[str] = ""
    workspace: int = 0
    seconds: float = 0.0
    error_bound: float = 0.0
    blocks: Sequence[Any] = ()

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._local = threading.local()

    @staticmethod
    @abstractmethod
    def refuse(problem: Problem) -> str | None:
        """Why it does not apply, or None."""

    @abstractmethod
    def _block(self, block: Any, x: Array, out: Array) -> None:
        """Compute one block of the output."""

    @property
    def workers(self) -> int:
        """How many threads work at a time, at most."""
        return min(self.problem.threads, max(1, len(self.blocks)))

    def __call__(self, x: Array, out: Array) -> None:
        """Fill `out` `(batch, *out_shape)` from `x` `(batch, *in_shape)`, both of its dtype."""

        def job(block: Any) -> None:
            if self.spreads:
                quietly(self._block, block, x, out)
            else:
                self._block(block, x, out)

        threads = min(self.problem.threads, len(self.blocks))
        if threads < 2:
            for block in self.blocks:
                job(block)
        else:
            run(threads, (job, self.blocks))

    def buffer(self, name: str, shape: tuple[int, ...]) -> Array:
        """A buffer of this thread's, kept between calls."""
        size, held = prod(shape), self._local.__dict__
        if name not in held or held[name].size < size:
            held[name] = np.empty(size, self.problem.dtype)
        buffer: Array = held[name][:size]
        return buffer.reshape(shape)


T = TypeVar("T")


def _quiet_context() -> Context | None:
    """A context where NumPy does not warn of what is not finite; None where its settings go with a
    thread (NumPy 1)."""
    context, before = Context(), np.geterr()
    context.run(np.seterr, divide="ignore", invalid="ignore", over="ignore")
    if np.geterr() == before:
        return context
    np.seterr(**before)
    return None


_QUIET = _quiet_context()


def quietly(work: Callable[..., T], *arguments: Any) -> T:
    """Do work whose result, where it is not finite, is computed again, and warns then. The warnings
    are not turned off and on, which an interrupt could part: they are off where it is done."""
    if _QUIET is not None:
        return _QUIET.copy().run(work, *arguments)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return work(*arguments)


class _Blocks(Sequence[Any]):
    """Blocks that are computed when they are asked for."""

    def __init__(self, *axes: tuple[int, int]) -> None:
        self._axes = axes
        self._count = prod(-(-length // max(1, step)) for length, step in axes)
        if self._count > sys.maxsize:
            raise TooLargeError(f"the work has {self._count:.3g} blocks; use a smaller input")

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < self._count:
            raise IndexError(index)
        block: tuple[int, ...] = ()
        for length, step in reversed(self._axes):
            index, place = divmod(index, -(-length // max(1, step)))
            low = place * step
            block = ((low, min(low + step, length)) if step else (place,)) + block
        return block


def blocks_of(*axes: tuple[int, int]) -> Sequence[Any]:
    """All combinations of the runs that axes `(length, step)` are cut into, each run as `low, high`
    (where step is 0, each place by itself). Few are a list; many take no memory."""
    blocks = _Blocks(*axes)
    return list(blocks) if len(blocks) <= LISTED else blocks


LISTED = 1 << 12
"""Blocks that are kept, since every call goes through them."""


def split(batch: int, length: int, cost: int, target: int, threads: int) -> tuple[int, Any]:
    """A step, and blocks `(example, low, high)` of so many of about `target` elements each, `cost`
    a unit of length, and enough of them to keep all threads busy."""
    parts = max(1, -(-length * cost // target))
    if batch * parts < threads:
        parts = -(-threads // batch)
    elif batch == 1 and parts % threads:
        parts += threads - parts % threads
    step = -(-length // min(parts, length))
    return step, blocks_of((batch, 0), (length, step))


def shares(length: int, threads: int) -> list[tuple[int, int]]:
    """A length in as many equal parts as there are threads."""
    step = -(-length // threads)
    return [(low, min(low + step, length)) for low in range(0, length, step)]


def windows(padded: Array, axes: Sequence[Axis], outputs: Sequence[int]) -> Array:
    """A view `(*others, *kernel, *outputs)` of an array `(*others, *lengths)` that holds the padded
    input along some axes: what each output reads through each tap."""
    others = padded.ndim - len(axes)
    steps = list(zip(axes, padded.strides[others:], strict=True))
    return as_strided(
        padded,
        (*padded.shape[:others], *(axis.kernel for axis in axes), *outputs),
        (*padded.strides[:others], *(axis.dilation * step for axis, step in steps),
         *(axis.stride * step for axis, step in steps)),
        writeable=False,
    )  # fmt: skip


def copy_window(x: Array, axes: Sequence[Axis], starts: Sequence[int], into: Array) -> None:
    """Copy the padded input from `starts` on (counted from the first real input) into a buffer
    `(channels, *lengths)`, padding as each axis says."""
    source: list[Any] = [slice(None)]
    target: list[Any] = [slice(None)]
    for axis, start, length in zip(axes, starts, into.shape[1:], strict=True):
        low, high = max(0, start), max(0, min(axis.size, start + length))
        if axis.mode != "zeros" and (start < 0 or start + length > axis.size):
            places = np.arange(start, start + length)
            inside = (places >= -axis.before) & (places < axis.size + axis.after)
            folded = axis.fold(np.where(inside, places, 0))
            x = np.take(x, folded, axis=len(source))
            low, high, start = 0, length, 0
        high = max(low, high)
        source.append(slice(low, high))
        target.append(slice(low - start, high - start))
    if any(p.start > 0 or p.stop < n for p, n in zip(target[1:], into.shape[1:], strict=True)):
        into[...] = 0  # in one call: threads wait for each other at each
    into[tuple(target)] = x[tuple(source)]
