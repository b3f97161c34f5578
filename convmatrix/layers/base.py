"""What every layer is, and how the friendly forms of an argument become exact tuples."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import lru_cache, partial
from inspect import signature
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convmatrix.errors import GeometryError, ShapeError, WeightError
from convmatrix.kept import Kept
from convmatrix.kernels import named
from convmatrix.layers.arrays import as_array, as_numpy, came_as, frozen, rounded_once
from convmatrix.relation import FOLDS, Index, is_symbolic
from convmatrix.shapes import times
from convmatrix.stencil import Bound
from convmatrix.typing import Array, Recipe

if TYPE_CHECKING:
    from convmatrix.dense import Choice
    from convmatrix.diagram import Diagram
    from convmatrix.maps import Map

__all__ = [
    "PADDING_WORDS",
    "AdjointLayer",
    "Array",
    "ChannelwiseLayer",
    "ElementaryLayer",
    "Layer",
    "Padding",
    "axes_count",
    "bound_at",
    "by",
    "count",
    "exact",
    "flag",
    "frozen_array",
    "held_at",
    "is_sequence",
    "listed_weights",
    "padding_mode",
    "padding_pairs",
    "per_axis",
    "placed",
]

Padding = str | tuple[tuple[Index, Index], ...]

PADDING_WORDS = ("valid", "same", "same_lower", "full", "causal")


# ----------------------------------------------------------------------------- arguments


def exact(value: Any, name: str) -> Index:
    """An int, or a SymPy integer expression left as it is."""
    if is_symbolic(value):
        if value.is_number and not value.is_Integer:
            raise GeometryError(f"{name} must be an integer, got {value}")
        if value.is_integer is False or value.is_finite is False:
            raise GeometryError(f"{name} must be a finite integer expression, got {value}")
        return int(value) if value.is_Integer else value
    try:
        return operator.index(value)
    except TypeError:
        raise GeometryError(
            f"{name} must be an integer or one integer an axis, got {value!r}"
        ) from None


def count(value: Any, name: str, *, least: int = 1) -> Index:
    """An integer of at least `least`; a symbol passes unless it is known to be less."""
    number = exact(value, name)
    if (number < least) == True:  # noqa: E712 - a SymPy relation has no truth value
        raise GeometryError(f"{name} must be at least {least}, got {number}")
    return number


def per_axis(value: Any, ndim: int, name: str, *, least: int | None = 1) -> tuple[Index, ...]:
    """One integer an axis, from an int or a sequence of `ndim` of them."""
    plain = type(value) is tuple and len(value) == ndim and all(type(v) is int for v in value)
    if plain and (least is None or min(value) >= least):
        return value  # type: ignore[no-any-return]
    values = tuple(value) if is_sequence(value) else (value,) * ndim
    if len(values) != ndim:
        raise GeometryError(f"{name} must be an int or {ndim} of them, one an axis, got {value!r}")
    if least is None:
        return tuple(exact(v, name) for v in values)
    return tuple(count(v, name, least=least) for v in values)


def flag(value: Any, name: str) -> bool:
    """True or False; text and arrays, which Python takes for either, are refused."""
    if not isinstance(value, (bool, np.bool_)) and not (type(value) is int and value in (0, 1)):
        raise GeometryError(f"{name} must be True or False, got {value!r:.60}")
    return bool(value)


MOST_AXES = 15
"""Axes of a layer: an array of its taps, one for each output, may have twice as many."""


def axes_count(value: Any) -> int:
    """How many spatial axes a layer has."""
    number = exact(value, "ndim")
    if is_symbolic(number) or not 1 <= number <= MOST_AXES:
        raise GeometryError(f"a layer has 1 to {MOST_AXES} axes, got {number}; see ndim=")
    return int(number)


def is_sequence(value: Any) -> bool:
    """Whether a value is one for each axis rather than one for all."""
    if isinstance(value, (str, bytes)) or is_symbolic(value):
        return False
    return isinstance(value, Iterable) and getattr(value, "ndim", 1) == 1


def padding_pairs(value: Any, ndim: int) -> Padding:
    """Padding as a `(before, after)` pair an axis, or one of the words, checked."""
    if isinstance(value, str):
        if value.lower() not in PADDING_WORDS:
            raise GeometryError(f"padding must be numbers or one of {PADDING_WORDS}, got {value!r}")
        return value.lower()
    values = tuple(value) if is_sequence(value) else (value,) * ndim
    if len(values) != ndim:
        hint = (
            f"; write a pair as (({values[0]}, {values[1]}),)"
            if ndim == 1 == len(values) - 1
            else ""
        )
        raise GeometryError(
            f"padding must be an int, or for each of the {ndim} axes an int or a (before, after) "
            f"pair, got {value!r}{hint}"
        )
    pairs = tuple(tuple(v) if is_sequence(v) else (v, v) for v in values)
    if any(len(pair) != 2 for pair in pairs):
        raise GeometryError(f"padding of an axis must be an int or (before, after), got {value!r}")
    return tuple((exact(a, "padding"), exact(b, "padding")) for a, b in pairs)


def padding_mode(value: str) -> str:
    """A known padding mode, or `GeometryError`."""
    if not isinstance(value, str) or value.lower() not in FOLDS:
        raise GeometryError(f"padding_mode must be one of {tuple(FOLDS)}, got {value!r}")
    return value.lower()


def frozen_array(
    value: Any, shape: tuple[Index, ...], name: str, *, alike: tuple[Index, ...] = ()
) -> Array:
    """A read-only copy of `value`, checked against the shape that it must have; with `alike` the
    shape of a part, one part that stands for all."""
    if isinstance(value, str) and alike:
        value = named(value)
    try:
        array = np.array(as_numpy(value))
    except WeightError:
        raise
    except (ValueError, TypeError, RuntimeError):
        array = np.empty(0, dtype="U1")
    wrong = array.dtype.kind not in "biufcO" or (
        array.dtype.kind == "O" and any(v is None or isinstance(v, str) for v in array.flat)
    )
    if wrong:
        raise WeightError(f"{name} must be an array of numbers of shape {shape}, got {value!r:.60}")
    if alike and array.shape == alike:
        array = np.array(np.broadcast_to(array, tuple(shape)), order="C")
    if array.shape != tuple(shape):
        raise WeightError(
            f"{name} must have shape {tuple(shape)}, got {array.shape}; {_mend(array, shape, name)}"
        )
    if array.dtype.kind == "O" and all(type(v) is int and abs(v) < 2**63 for v in array.flat):
        array = array.astype(np.int64)
    return frozen(array)


def _mend(array: Array, shape: tuple[Index, ...], name: str) -> str:
    """What to do about an array of the wrong shape: no advice that would scramble a kernel."""
    if name == "bias" and not array.ndim:
        return "give one number a channel, or leave it out"
    if [n for n in array.shape if n != 1] == [n for n in shape if n != 1]:
        return f"reshape it to {tuple(shape)}"
    if name == "weight" and not is_symbolic(*shape) and sorted(array.shape) == sorted(shape):
        return "move its axes into this order with np.moveaxis (from Keras: cm.keras_weight)"
    return "give one value a tap in that layout" if name == "weight" else "give one a channel"


# -------------------------------------------------------------------------------- layers


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Layer(ABC):
    """A size-free description of a map. Layers are values: frozen, comparable, reusable."""

    if TYPE_CHECKING:  # fields in some layers and properties in others

        @property
        def ndim(self) -> int:
            """How many spatial axes it has: 1, 2 or 3."""

        @property
        def in_channels(self) -> int:
            """Channels of the input."""

        @property
        def out_channels(self) -> int:
            """Channels of the output."""

    @abstractmethod
    def output_size(self, input_size: Any) -> tuple[Index, ...]:
        """Spatial size of the output for a spatial size of the input (an int or one an axis).

        >>> import convmatrix as cm
        >>> cm.conv2d(1, 1, 3, stride=2, padding=1).output_size((5, 5))
        (3, 3)
        """

    @abstractmethod
    def run(self, x: Array, choice: Choice | None = None) -> Array:
        """Apply to an array `(*batch, channels, *size)`, bias and non-linearity included."""

    @property
    def weight_shape(self) -> tuple[Index, ...] | None:
        """Shape of the layer's weight, or None where it has none."""
        return None

    @property
    def is_linear(self) -> bool:
        """Whether it is a matrix (its bias aside)."""
        return True

    @property
    def parts(self) -> tuple[Layer, ...]:
        """The layers that it is made of, itself where it is one."""
        return (self,)

    @property
    def takes_channels(self) -> bool:
        """Whether it goes with however many channels its input has."""
        return False

    def with_weight(self, weight: Any) -> Self:
        """The same layer with a weight of `weight_shape` (numbers, fractions or symbols)."""
        raise WeightError(f"{type(self).__name__} has no weight; give weights to convolutions only")

    def weighed(self, weights: Iterator[Any]) -> Layer:
        """The same layer with the next of the weights, or as many as its parts take."""
        return self if self.weight_shape is None else self.with_weight(next(weights))

    def with_channels(self, channels: int) -> Self:
        """The same layer for an input of so many channels."""
        if count(channels, "channels") != self.in_channels:
            raise GeometryError(
                f"{self!r:.80} takes {self.in_channels} channels, its input has {channels}; give "
                f"it {channels} input channels, or its input {self.in_channels}"
            )
        return self

    def sizes(self, *size: Any) -> tuple[Index, ...]:
        """The input size as a tuple, from `5, 5` or `(5, 5)` or (all axes alike) `5`."""
        value = size[0] if len(size) == 1 else size
        if not size:
            raise GeometryError(
                f"{self!r:.80} needs an input size: {self.ndim} integers, or one for all axes"
            )
        return per_axis(value, self.ndim, "input size")

    def on(self, *size: Any) -> Map:
        """Bind to an input size; the result is the map, hence the matrix.

        >>> import convmatrix as cm
        >>> cm.conv2d(1, 1, 3, stride=2, padding=1).on(5, 5).shape
        (9, 25)
        """
        return self.map_at(self.sizes(*size))

    def map_at(self, size: tuple[Index, ...]) -> Map:
        """The map at a size as a tuple."""
        from convmatrix.maps.made import NetworkMap

        if type(self).on is not Layer.on:
            return self.on(*size)
        return NetworkMap(self, self.diagram(size))

    def diagram(self, size: tuple[Index, ...]) -> Diagram:
        """The layers that it is made of at an input size, and how they follow each other: all that
        a layer which is no `ElementaryLayer` has to say of itself."""
        kind = type(self)
        if kind.map_at is not Layer.map_at or kind.on is not Layer.on:
            return self.map_at(size).diagram
        raise GeometryError(
            f"{kind.__name__} does not say how it binds to a size; derive it from "
            f"ElementaryLayer (bind) or AdjointLayer (adjoint_of), or give it a method on()"
        )

    def __call__(
        self,
        x: Any,
        *,
        method: str = "auto",
        out: Array | None = None,
        threads: int | None = None,
        tolerance: float | None = None,
    ) -> Array:
        """Apply to an array `(*batch, channels, *size)`: binds to its size and adds the bias.

        Parameters
        ----------
        x
            The input: an array, a PyTorch tensor or lists. The result is an array of NumPy's.
            float32 stays float32, integers are exact; float16 and bfloat16 are computed in float32
            and rounded once, at the end (a tensor of bfloat16, which NumPy has not, gives float32).
        method
            How to compute it: ``auto`` (see `plan`), or one of ``direct``, ``winograd``,
            ``toeplitz``, ``lowrank``, ``fft``, ``phases``, ``fold``, ``sparse``; `GeometryError`
            where it does not apply.
        out
            An array of the result's shape and dtype to write it to; it may overlap `x`.
        threads
            How many threads to use; all cores that BLAS may use by default.
        tolerance
            Singular values of a kernel that are so small, relative to its largest, may be left
            out where that makes it faster (``lowrank``); by default only what is rounding.

        >>> import convmatrix as cm
        >>> conv = cm.conv1d(1, 1, 3, weight=[[[1.0, 0.0, -1.0]]])
        >>> conv([[1.0, 2.0, 4.0, 8.0]], method="direct")
        array([[-3., -6.]])
        """
        if isinstance(method, str) and method == "auto" and threads is None and tolerance is None:
            return _into(out, self._apply(x))
        from convmatrix.dense import Choice

        number = None if threads is None else count(threads, "threads")
        return _into(out, self._apply(x, Choice(method, number, tolerance)))

    def _apply(self, x: Any, choice: Choice | None = None) -> Array:
        array = as_array(x)
        if array.ndim < self.ndim + 1:
            raise ShapeError(
                f"expected an array (*batch, channels, {self.ndim} spatial axes), got shape "
                f"{array.shape}; add a channel axis with x[None]"
            )
        channels = array.shape[-self.ndim - 1]
        run = by(self.with_channels(channels), choice)
        return rounded_once(run, array, came_as(x, array), self._weights)

    def _weights(self) -> list[Array | None]:
        return [getattr(part, "weight", None) for part in self.parts]

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        pairs = [(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)]
        return all(_same(a, b) for a, b in pairs)

    def __hash__(self) -> int:
        values = (getattr(self, f.name) for f in fields(self))
        return hash((type(self), *(v for v in values if not isinstance(v, np.ndarray))))

    def __reduce__(self) -> Any:
        """A copy is frozen as this one is: a pickled array would come back writable."""
        return _restored, (type(self), tuple(getattr(self, f.name) for f in fields(self)))

    @abstractmethod
    def recipe(self) -> Recipe:
        """The maker that makes it, its positional arguments, and its keyword arguments, each
        with the default that is not worth showing."""

    @property
    def name(self) -> str:
        """The name of the function that makes it."""
        return self.recipe()[0]

    def __repr__(self) -> str:
        maker, positional, keywords = self.recipe()
        shown = [_shown(value) for value in positional]
        shown += [
            f"{key}={_shown(value)}"
            for key, (value, default) in keywords.items()
            if isinstance(value, np.ndarray) or _shown(value) != _shown(default)
        ]
        return f"{maker}({', '.join(shown)})"


def by(layer: Layer, choice: Choice | None) -> Callable[[Array], Array]:
    """How a layer runs when so was chosen; one whose `run` takes no choice is left to itself."""
    if choice is None or not _takes_choice(type(layer)):
        return layer.run
    return partial(layer.run, choice=choice)


@lru_cache
def _takes_choice(kind: type[Layer]) -> bool:
    return "choice" in signature(kind.run).parameters


@contextmanager
def placed(where: str) -> Iterator[None]:
    """Say of a layer that does not fit where it stands."""
    try:
        yield
    except GeometryError as error:
        raise GeometryError(f"{where}: {error}") from None


def listed_weights(layer: Layer, weight: Any) -> Iterator[Any]:
    """One weight for each part of a layer that takes one, from a list of them."""
    weights = list(weight) if isinstance(weight, (list, tuple)) else [weight]
    wanted = sum(part.weight_shape is not None for part in layer.parts)
    if len(weights) != wanted:
        raise WeightError(
            f"a {layer.name} of {wanted} weighted layers takes a list of {wanted} weights, got "
            f"{len(weights)}"
        )
    return iter(weights)


def _restored(kind: type[Layer], values: tuple[Any, ...]) -> Layer:
    """A layer of these fields' values, which were checked when they were given first."""
    layer = object.__new__(kind)
    for field, value in zip(fields(kind), values, strict=True):
        kept = frozen(value) if isinstance(value, np.ndarray) else value
        object.__setattr__(layer, field.name, kept)
    return layer


MOST_REMEMBERED = 1024
_bound, _held = Kept(MOST_REMEMBERED), Kept(MOST_REMEMBERED)


def _remembered(kept: Kept, layer: Layer, size: tuple[Index, ...], make: Callable[..., Any]) -> Any:
    """What a layer becomes at a size, the same object as long as the layer lives."""
    known = kept.get(layer, size)
    if known is not None:
        return known
    return make(size) if is_symbolic(*size) else kept.put(layer, size, make(size))


def bound_at(layer: ElementaryLayer, size: tuple[Index, ...]) -> Bound:
    """`layer.bind(size)`, the same object for the same layer."""
    bound: Bound = _remembered(_bound, layer, size, layer.bind)
    return bound


def held_at(
    layer: AdjointLayer, size: tuple[Index, ...]
) -> tuple[ElementaryLayer, tuple[Index, ...]]:
    """`layer.adjoint_of(size)`, the same objects for the same layer."""
    held: tuple[ElementaryLayer, tuple[Index, ...]] = _remembered(
        _held, layer, size, layer.adjoint_of
    )
    return held


def _into(out: Array | None, y: Array) -> Array:
    """`y`, or `out` with `y` in it."""
    if out is None:
        return y
    if not isinstance(out, np.ndarray) or (out.shape, out.dtype) != (y.shape, y.dtype):
        raise ShapeError(
            f"out must be an array of shape {y.shape} and dtype {y.dtype}, got "
            f"{getattr(out, 'shape', type(out).__name__)} {getattr(out, 'dtype', '')}"
        )
    out[...] = y
    return out


def _shown(value: Any) -> str:
    """An argument as a person would have typed it: one value where all axes have the same."""
    if isinstance(value, np.ndarray):
        return f"<{times(value.shape)} {value.dtype}>"
    inner = value
    while isinstance(inner, tuple) and inner and all(_same(v, inner[0]) for v in inner):
        inner = inner[0]
    return repr(value if isinstance(inner, tuple) else inner)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    return type(a) is type(b) and bool(a == b)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ElementaryLayer(Layer):
    """A layer that is one stencil or one rearrangement at a size."""

    @abstractmethod
    def bind(self, size: tuple[Index, ...]) -> Bound:
        """Its plain data at an input size."""

    @property
    def values(self) -> Array | None:
        """The value of each tap, where the layer was given a weight."""
        return None

    def map_at(self, size: tuple[Index, ...]) -> Map:
        from convmatrix.maps.made import LeafMap

        return LeafMap(self, size)

    def output_size(self, input_size: Any) -> tuple[Index, ...]:
        return self.bind(self.sizes(input_size)).out_shape[1:]

    def run(self, x: Array, choice: Choice | None = None) -> Array:
        from convmatrix.maps import applied

        return applied(self.on(*x.shape[-self.ndim :]), x, choice)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AdjointLayer(Layer):
    """A layer that is the transpose of another: it holds that one and computes nothing itself."""

    @abstractmethod
    def adjoint_of(self, size: tuple[Index, ...]) -> tuple[ElementaryLayer, tuple[Index, ...]]:
        """The elementary layer, and the size at which its transpose takes inputs of `size`."""

    def map_at(self, size: tuple[Index, ...]) -> Map:
        from convmatrix.maps.made import LeafMap

        return LeafMap(*held_at(self, size), typed=self).T

    def output_size(self, input_size: Any) -> tuple[Index, ...]:
        return self.adjoint_of(self.sizes(input_size))[1]

    def run(self, x: Array, choice: Choice | None = None) -> Array:
        from convmatrix.maps import applied

        return applied(self.on(*x.shape[-self.ndim :]), x, choice)


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class ChannelwiseLayer(ElementaryLayer):
    """An elementary layer that treats every channel alike and goes with any number of them."""

    spatial: int = 2
    channels: int | None = None

    @property
    def ndim(self) -> int:
        return self.spatial

    @property
    def in_channels(self) -> int:
        return 1 if self.channels is None else self.channels

    @property
    def out_channels(self) -> int:
        return self.in_channels

    @property
    def parts(self) -> tuple[Layer, ...]:
        """The layers that it is made of, itself where it is one."""
        return (self,)

    @property
    def takes_channels(self) -> bool:
        return self.channels is None

    def with_channels(self, channels: int) -> Self:
        if self.channels is None:
            return replace(self, channels=count(channels, "channels"))
        return Layer.with_channels(self, channels)

    def _common(self) -> dict[str, tuple[Any, Any]]:
        return {"ndim": (self.spatial, 2), "channels": (self.channels, None)}
