"""A layer as the words of a state, and a state as a command line and as Python."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

import numpy as np

from convmatrix.errors import ConvMatrixError, GeometryError
from convmatrix.explorer.state import DEFAULTS, OWN, Asked, understand
from convmatrix.layers import Layer, Sequential
from convmatrix.maps import Map
from convmatrix.shapes import times
from convmatrix.typing import Array
from convmatrix.words import USES, arguments_of, option

__all__ = ["command", "python", "state_of"]


def state_of(layer: Layer, *input_size: Any) -> dict[str, str]:
    """The words that make a layer at a size; of a layer that has none, ``kind`` is ``own``.

    >>> import convmatrix as cm
    >>> state_of(cm.conv2d(1, 1, 3, stride=2, padding=(0, (1, 2))), 5, 5)
    {'input': '5x5', 'kind': 'conv', 'kernel': '3', 'stride': '2', 'padding': '0x1:2'}
    """
    size = layer.sizes(*input_size)
    state = {"input": times(size, "x")}
    try:
        words = state | _words_of(layer)
        if _same(understand(words).map, layer.on(size)):
            return words
    except (ConvMatrixError, TypeError):
        pass
    return state | {"kind": OWN}


def _same(a: Map, b: Map) -> bool:
    """Whether two maps are one, numbers aside that text rounds; an example's weight is none."""
    if (a.in_shape, a.out_shape) != (b.in_shape, b.out_shape):
        return False
    pairs = list(zip(a.leaves, b.leaves, strict=False))
    return len(a.leaves) == len(b.leaves) and all(
        one.geometry == two.geometry
        and (
            two.weight is None or np.allclose(_floats(one.weight), _floats(two.weight), rtol=1e-15)
        )
        for one, two in pairs
    )


def _floats(weight: Array | None) -> Array:
    return np.asarray(weight).astype(float)


def _words_of(layer: Layer) -> dict[str, str]:
    """A layer's recipe in words."""
    words = {name: _word(v) for name, v in arguments_of(layer).items() if name in DEFAULTS}
    words = {n: v for n, v in words.items() if v != DEFAULTS[n] or n in ("kind", "kernel")}
    weight, _ = layer.recipe()[2].get("weight", (None, None))
    if weight is not None:
        words["weight"] = _text_of(weight)
    return words


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    if not isinstance(value, tuple):
        return str(value)
    if value and isinstance(value[0], tuple):  # padding pairs
        if all(before == after for before, after in value):
            return _word(tuple(before for before, _ in value))
        pairs = [str(a) if a == b else f"{a}:{b}" for a, b in value]
        return "x".join(pairs)
    return str(value[0]) if len(set(value)) == 1 else times(value, "x")


def _text_of(weight: Array) -> str:
    """A weight in a row, exactly; `GeometryError` where it is too long for an address."""
    if weight.size > 4096 or weight.dtype.kind not in "iufO":
        raise GeometryError("a weight of this kind has no words; it stays in Python")
    return " ".join(str(value) for value in weight.reshape(-1).tolist())


def command(state: Mapping[str, str]) -> str:
    """The command line that opens this state.

    >>> command({"stride": "2"})
    'convmatrix explore --kernel 3 --stride 2'
    """
    words = ["convmatrix", "explore"]
    full = {**DEFAULTS, **state}
    for name in ("kind", "input", *USES.get(full["kind"], "").split()):
        value = full[name]
        if (value == DEFAULTS[name] and name not in ("kernel", "stride", "scale")) or not value:
            continue
        words += [option(name)] if name == "flip" else [option(name), value]
    return shlex.join(words)


def python(asked: Asked) -> str:
    """The Python that makes the map.

    >>> print(python(understand({"stride": "2", "padding": "1"})))
    import convmatrix as cm
    layer = cm.conv2d(1, 1, 3, stride=2, padding=1)
    A = layer.on(5, 5)
    """
    lines = ["import convmatrix as cm"]
    if asked.layer is None:
        return "\n".join([*lines, f"# {asked.map!r}, made in Python"])
    bare = re.sub(r", (weight|bias)=<[^>]*>", "", repr(asked.layer))
    made = re.sub(r"(?<![\w.])([a-z]\w*)\(", r"cm.\1(", bare)
    weights = [] if asked.example else [
        leaf.weight for leaf in asked.map.leaves if leaf.layer.weight_shape is not None
    ]  # fmt: skip
    lines.append(f"layer = {made}")
    if weights and sum(w.size for w in weights if w is not None) <= 4096:
        texts = [_literal(weight) for weight in weights if weight is not None]
        if "Fraction(" in "".join(texts):
            lines.insert(0, "from fractions import Fraction")
        given = f"[{', '.join(texts)}]" if isinstance(asked.layer, Sequential) else texts[0]
        lines.append(f"layer = layer.with_weight({given})")
    elif weights:
        lines.append("# with the weight that it was given")
    lines.append(f"A = layer.on({', '.join(map(str, asked.map.in_shape[1:]))})")
    return "\n".join(lines)


def _literal(weight: Array) -> str:
    return repr(weight.tolist())
