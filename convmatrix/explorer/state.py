"""What the explorer shows, as text: the words of the command line, in a URL or a form.

A state is a flat dictionary of strings, so that the page's controls, its address, the command line
and the notebook widget all speak one language. Text from outside becomes a layer here, and only
here: no file is read, and sizes are bounded before anything is built.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from convmatrix.errors import ConvMatrixError, GeometryError, WeightError
from convmatrix.explorer.bounds import check_layer, check_map, check_weights
from convmatrix.layers import Layer, Sequential
from convmatrix.maps import Map
from convmatrix.readers.kernels import parse_kernel
from convmatrix.typing import Array
from convmatrix.words import USES, Options, build_layer, fit_weight, kind_of, sizes

__all__ = ["DEFAULTS", "OWN", "Asked", "field_of", "understand"]


DEFAULTS = {
    "kind": "conv", "kernel": "3", "stride": "1", "padding": "0", "dilation": "1",
    "groups": "1", "in_channels": "1", "out_channels": "1", "input": "5x5", "weight": "",
    "padding_mode": "zeros", "output_padding": "0", "scale": "2", "flip": "",
    "x": "", "u": "", "window": "",
}  # fmt: skip
"""Every word and its default. `x` and `u` are the values of the input and, for the transpose, of
the output; `window` is the part of a large map that is shown."""

OWN = "own"
"""The kind of a layer or map that came from Python or from a model."""

MOST_TEXT = 200_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A state understood: the map, its layer (None for a map without), and the values asked for."""

    state: dict[str, str]
    layer: Layer | None
    map: Map
    x: list[Any] | None
    u: list[Any] | None
    example: bool
    """Whether the weight is an example, because the state gives none."""


def understand(given: Mapping[str, Any], own: Layer | Map | None = None) -> Asked:
    """The layer, map and values that a state asks for; words that it leaves out are defaults.

    Raises
    ------
    ConvMatrixError
        One line that says what is wrong and what would be right.

    >>> understand({"kernel": "3", "stride": "2", "padding": "1"}).map
    <conv2d: 1×5×5 → 1×3×3, matrix 9×25>
    """
    state = _words(given)
    layer, A = _bound(state, own)
    check_map(A)
    A, example = _weighted(A, state)
    if layer is not None:
        layer = _with_weights(layer, [leaf.weight for leaf in A.leaves])
    x = _values(state["x"], A.in_shape, "x, the input")
    u = _values(state["u"], A.out_shape, "u, the input of the transpose")
    return Asked(state, layer, A, x, u, example)


def _words(given: Mapping[str, Any]) -> dict[str, str]:
    """The whole state, each word checked to be text of a sane length."""
    if not isinstance(given, Mapping):
        raise GeometryError(f"a state is an object of words, got {type(given).__name__}")
    unknown = [str(name) for name in given if name not in DEFAULTS]
    if unknown:
        raise GeometryError(
            f"{ascii(unknown[0])[:40]} is no word of a state; use {', '.join(DEFAULTS)}"
        )
    state = dict(DEFAULTS)
    for name, value in given.items():
        if not isinstance(value, (str, int)):
            raise GeometryError(f"{name} must be text, got {type(value).__name__}")
        if isinstance(value, bool):
            value = "1" if value else ""
        text = str(value).strip()
        if text.encode("utf-8", "replace").decode() != text:
            raise GeometryError(f"{name} must be text, got half a character: {ascii(text)[:40]}")
        values = name in ("weight", "x", "u")
        if not values and re.search(r"\d{9}", text):
            raise GeometryError(f"{name} takes numbers of up to 8 digits, got {ascii(text)[:40]}")
        most = MOST_TEXT if values else 100
        if len(text) > most:
            raise GeometryError(f"{name} may have {most:,} characters, got {len(text):,}")
        state[name] = text
    return state


def _bound(state: dict[str, str], own: Layer | Map | None) -> tuple[Layer | None, Map]:
    if state["kind"] == OWN:
        if own is None:
            raise GeometryError(
                f"kind 'own' is a layer given from Python or a model, and none was; "
                f"use one of {', '.join(USES)}"
            )
        if isinstance(own, Map):
            return own.layer, own
        size = sizes(state["input"])
        check_layer(own, size)
        return own, own.on(size)
    try:
        layer = build_layer(_options(state))
        size = sizes(state["input"])
        check_weights(layer)
        check_layer(layer, size)
        return layer, layer.on(size)
    except ConvMatrixError as error:
        raise type(error)(_without_dashes(str(error))) from None


def _options(state: dict[str, str]) -> Options:
    """The words that the kind reads, as the command line would have them."""
    words: dict[str, Any] = {"kind": state["kind"], "input": state["input"] or DEFAULTS["input"]}
    for word in USES[kind_of(state["kind"])].split():
        text = state[word]
        if not text or word == "weight" or (text == DEFAULTS[word] and word not in _SAID):
            continue
        whole = word in ("groups", "in_channels", "out_channels")
        words[word] = _whole(state, word) if whole else text
    if "flip" in words:
        words["flip"] = state["flip"] not in ("0", "false")
    return Options(**words)


_SAID = ("kernel", "stride", "scale")
"""Words whose default here is not what a kind takes that is not told."""


def _whole(state: dict[str, str], name: str) -> int:
    text = state[name]
    if not re.fullmatch(r"[+-]?\d{1,9}", text):
        raise GeometryError(f"{name} must be an integer, e.g. 2, got {text!r:.40}")
    return int(text)


def _without_dashes(message: str) -> str:
    """A message of the command line in the words of a page: `--in-channels` is in_channels."""
    return re.sub(r"--([a-z-]+)", lambda found: found[1].replace("-", "_"), message)


def field_of(message: str) -> str | None:
    """Which control an error is about: the first that the message names.

    >>> field_of("stride must be at least 1, got 0")
    'stride'
    """
    names = [*DEFAULTS, "size"]
    found = [
        (m.start(), name) for name in names if (m := re.search(rf"\b{name}(?![a-z])", message))
    ]
    name = min(found)[1] if found else None
    return "input" if name == "size" else name


# ------------------------------------------------------------------------------- values


def _weighted(A: Map, state: dict[str, str]) -> tuple[Map, bool]:
    """The map with the weights that the state gives, or its own, or an example's."""
    leaves = [leaf for leaf in A.leaves if leaf.layer.weight_shape is not None]
    if not state["weight"]:
        if A.has_weights:
            return A, False
        made = iter(_example(leaf.layer.weight_shape) for leaf in leaves)
        return A.with_weights(
            [
                None if leaf.layer.weight_shape is None or leaf.weight is not None
                else next(made)
                for leaf in A.leaves
            ]
        ), True  # fmt: skip
    parts = state["weight"].split("|")
    if len(parts) != len(leaves):
        raise WeightError(
            f"weight has {len(parts)} parts, this map {len(leaves)} layers with one; "
            f"write them with | between"
        )
    given = iter(parts)
    weights: list[Array | None] = []
    for leaf in A.leaves:
        shape = leaf.layer.weight_shape
        weights.append(None if shape is None else fit_weight(_numbers(next(given)), shape))
    return A.with_weights(weights), False


def _example(shape: Any) -> Array:
    """1, 2, 3, … in every kernel."""
    kernel = np.arange(1, prod(shape[2:]) + 1).reshape(shape[2:])
    return np.broadcast_to(kernel, shape)


def _with_weights(layer: Layer, weights: list[Array | None]) -> Layer:
    given = [weight for weight in weights if weight is not None]
    try:
        return layer.with_weight(given if isinstance(layer, Sequential) else given[0])
    except (ConvMatrixError, IndexError):  # a network, or a layer of its own kind
        return layer


def _numbers(text: str, name: str = "weight") -> Array:
    """Numbers given inline; one that is none is pointed at."""
    for place, word in enumerate(re.split(r"[\s,;\[\]]+", text.strip(" []"))):
        if re.fullmatch(r"[+-]?(nan|inf|infinity)", word, re.I):
            raise WeightError(
                f"{name} {place} is {word}, which is no number; use integers, fractions (1/3) or "
                f"decimals"
            )
        if not re.fullmatch(r"[+-]?[\d./eE+-]{1,400}", word) and name != "weight":
            raise WeightError(
                f"{name} {place} is {ascii(word)[:40]}, which is no number; use integers, "
                f"fractions (1/3) or decimals"
            )
    try:
        return parse_kernel(text)
    except WeightError:
        raise WeightError(
            f"{name} must be numbers (integers, fractions such as 1/3, decimals up to 1e999) in "
            f"rows with ; between, got {ascii(text)[:60]}"
        ) from None


def _values(text: str, shape: tuple[int, ...], what: str) -> list[Any] | None:
    if not text:
        return None
    values = _numbers(text, what[0]).reshape(-1).tolist()
    if len(values) != prod(shape):
        raise WeightError(
            f"{what}, needs {prod(shape)} numbers for shape {shape}, got {len(values)}"
        )
    return values
