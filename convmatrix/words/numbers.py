"""The words of the command line as typed, and as numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from convmatrix.errors import GeometryError, WeightError
from convmatrix.layers.arguments import PADDING_WORDS
from convmatrix.readers.kernels import read_kernel
from convmatrix.shapes import times
from convmatrix.typing import Array

__all__ = ["READ", "Options", "agree_on_axes", "numbers", "option", "padding", "sizes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The words that describe a layer, as typed; None is one that was not."""

    kind: str | None = None
    input: str | None = None
    kernel: str | None = None
    stride: str | None = None
    padding: str | None = None
    dilation: str | None = None
    padding_mode: str | None = None
    in_channels: int | None = None
    out_channels: int | None = None
    groups: int | None = None
    multiplier: int | None = None
    weight: str | None = None
    bias: str | None = None
    flip: bool | None = None
    output_padding: str | None = None
    scale: str | None = None
    size: str | None = None
    align_corners: bool | None = None
    ceil_mode: bool | None = None
    count_include_pad: bool | None = None
    divisor_override: int | None = None

    @property
    def typed(self) -> set[str]:
        """The names of the words that were typed."""
        return {f.name for f in fields(self) if getattr(self, f.name) is not None}

    @property
    def sizes(self) -> tuple[int, ...]:
        """The size of the input."""
        return sizes(self.input or "5x5")

    @property
    def ndim(self) -> int:
        """How many axes the input has."""
        return len(self.sizes)

    @property
    def inputs(self) -> int:
        """The channels of the input."""
        return 1 if self.in_channels is None else self.in_channels

    @property
    def outputs(self) -> int:
        """The channels of the output."""
        return 1 if self.out_channels is None else self.out_channels

    @property
    def weights(self) -> list[Array]:
        """The weights as typed, with | between the layers of a stack."""
        return [] if self.weight is None else [read_kernel(w) for w in self.weight.split("|")]

    @property
    def kernel_size(self) -> Any:
        """As typed, else the weight's, else 3."""
        if self.kernel is not None:
            return numbers(self.kernel, "--kernel")
        if self.weight is None:
            return 3
        shape = self.weights[0].shape
        if len(shape) < self.ndim:
            raise WeightError(
                f"--weight gives {times(shape, 'x')} numbers for {_many(self.ndim)}; say "
                f"their places, e.g. --kernel {'x'.join('1' * (self.ndim - 1))}x3"
            )
        return shape[-self.ndim :]


def option(word: str) -> str:
    """`in_channels` as it is typed: `--in-channels`."""
    return f"--{word.replace('_', '-')}"


# ------------------------------------------------------------------------ words as values


def numbers(text: str, name: str, kind: Callable[[str], Any] = int) -> Any:
    """`5` or `5x3` as a number or a tuple.

    >>> numbers("5x3", "--kernel")
    (5, 3)
    """
    try:
        values = tuple(kind(part) for part in text.replace(",", "x").split("x"))
    except ValueError:
        raise GeometryError(
            f"{name} takes a number or one an axis with x between, e.g. 5 or 5x5, got {text!r:.60}"
        ) from None
    return values[0] if len(values) == 1 else values


def sizes(text: str) -> tuple[int, ...]:
    """`5x5` as a tuple; `5` as one axis."""
    value = numbers(text, "--input")
    return value if isinstance(value, tuple) else (value,)


def padding(text: str) -> Any:
    """A number, one an axis (`1x2`), a pair an axis (`1:2x0:1`) or a word."""
    if text in PADDING_WORDS:
        return text
    if ":" not in text:
        try:
            return numbers(text, "--padding")
        except GeometryError:
            raise GeometryError(
                f"--padding takes 1, 1x2, 1:2x0:1 (before:after) or one of "
                f"{', '.join(PADDING_WORDS)}, got {text!r:.60}"
            ) from None
    pairs = [part.split(":") for part in text.replace(",", "x").split("x")]
    try:
        return tuple(
            (int(before), int(after)) for before, after in (p * (3 - len(p)) for p in pairs)
        )
    except ValueError:
        raise GeometryError(
            f"--padding pairs are before:after an axis, e.g. 1:2x0:1, got {text!r:.60}"
        ) from None


READ: dict[str, Callable[[str], Any]] = {
    "kernel": lambda text: numbers(text, "--kernel"),
    "stride": lambda text: numbers(text, "--stride"),
    "padding": padding,
    "dilation": lambda text: numbers(text, "--dilation"),
    "output_padding": lambda text: numbers(text, "--output-padding"),
    "scale": lambda text: numbers(text, "--scale", float),
    "size": lambda text: numbers(text, "--size"),
    "bias": lambda text: _floats(read_kernel(text)),
}
"""How each word that is more than one number is read."""


def _floats(array: Array) -> Array:
    return array.astype(float) if array.dtype.kind == "O" else array


def agree_on_axes(o: Options, words: set[str]) -> None:
    """Refuse a word of more axes than the input has, or of fewer."""
    for word in sorted(words & set(READ)):
        text = getattr(o, word)
        value = READ[word](text)
        if isinstance(value, tuple) and len(value) != o.ndim:
            raise GeometryError(
                f"{option(word)} {text} is for {_many(len(value))}, the input "
                f"{times(o.sizes, 'x')} has {_many(o.ndim)}; give both as many numbers, "
                f"e.g. --kernel 3x3 --input 28x28"
            )


def _many(axes: int) -> str:
    return f"{axes} ax{'i' if axes == 1 else 'e'}s"
