"""How the friendly forms of an argument (ints, words, lists) become exact tuples."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from convmatrix.errors import GeometryError, WeightError
from convmatrix.kernels import named
from convmatrix.layers.arrays import as_numpy, frozen
from convmatrix.relation import FOLDS, Index, is_symbolic
from convmatrix.typing import Array

__all__ = [
    "PADDING_WORDS", "Padding", "axes_count", "count", "exact", "flag", "frozen_array",
    "is_sequence", "known_mode", "padding_pairs", "per_axis", "per_channel", "spatial_axes",
]  # fmt: skip

Padding = str | tuple[tuple[Index, Index], ...]

PADDING_WORDS = ("valid", "same", "same_lower", "full", "causal")


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


def spatial_axes(ndim: Any, *values: Any) -> int:
    """`ndim` where it is given, else the length of the first sequence among `values`, else 2."""
    if ndim is None:
        lengths = [len(v) for v in values if isinstance(v, (tuple, list))]
        return axes_count(lengths[0]) if lengths else 2
    return axes_count(ndim)


def per_channel(ndim: int | None, channels: int | None, *values: Any) -> dict[str, Any]:
    """`spatial` and `channels` of a layer that treats every channel alike; see `spatial_axes`."""
    return {
        "spatial": spatial_axes(ndim, *values),
        "channels": None if channels is None else count(channels, "channels"),
    }


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


def known_mode(value: str) -> str:
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
