"""The kinds of layers, the words that each reads, and the layer that they describe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from math import prod
from typing import Any

import numpy as np

from convmatrix import layers
from convmatrix.errors import GeometryError, WeightError
from convmatrix.layers.arguments import per_axis
from convmatrix.layers.convolution import conv, conv_transpose
from convmatrix.typing import Array
from convmatrix.words.numbers import READ, Options, agree_on_axes, numbers, option

__all__ = ["KINDS", "USES", "arguments_of", "build_layer", "fit_weight", "keywords", "kind_of"]


_KEYWORDS = (
    "stride", "padding", "dilation", "padding_mode", "groups", "flip", "output_padding",
    "multiplier", "ceil_mode", "count_include_pad", "divisor_override", "align_corners", "size",
    "bias",
)  # fmt: skip
"""The words that go to a maker under their own names."""


def keywords(o: Options, **renamed: str) -> dict[str, Any]:
    """The words typed as a maker's arguments, some under another name."""
    given = {}
    for word in _KEYWORDS:
        value = getattr(o, word)
        if value is not None:
            given[renamed.get(word, word)] = READ[word](value) if word in READ else value
    return given


def _channelwise(o: Options) -> dict[str, Any]:
    return {"ndim": o.ndim, "channels": o.inputs}


def _lengths(o: Options) -> tuple[int, ...]:
    """The length of each pass of a spatially separable convolution."""
    if o.kernel is None and o.weight is not None:
        return tuple(weight.shape[-1] for weight in o.weights)
    return per_axis(o.kernel_size, o.ndim, "kernel_size")


def _factor(o: Options) -> int:
    if o.scale is None:
        raise GeometryError(f"--kind {o.kind} needs --scale, e.g. --scale 2")
    return numbers(o.scale, "--scale")  # type: ignore[no-any-return]


def _upsample(o: Options) -> layers.Layer:
    if (o.scale is None) == (o.size is None):
        raise GeometryError(
            "--kind upsample needs --scale, e.g. --scale 2, or --size, e.g. --size 10x10"
        )
    scale = None if o.scale is None else numbers(o.scale, "--scale", float)
    return layers.upsample(
        scale_factor=scale, **_channelwise(o), **keywords(o, padding_mode="mode")
    )


def _stride(o: Options) -> Any:
    return numbers(o.stride or "1", "--stride")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of layer: what makes it, and the words that it reads besides the input's size."""

    build: Callable[[Options], layers.Layer]
    uses: str
    alone: str = ""
    """Words that the command line has and the explorer's page has not."""
    places: str = ""
    """What its maker takes without a name, where that is not the first word that it uses."""

    @property
    def reads(self) -> list[str]:
        """All its words."""
        return f"{self.uses} {self.alone}".split()


_WINDOW = "kernel stride padding dilation"
_PLACES = "in_channels out_channels kernel"
_CONV = f"{_WINDOW} padding_mode in_channels out_channels weight"

KINDS: dict[str, Kind] = {
    "conv": Kind(
        lambda o: conv(o.ndim, o.inputs, o.outputs, o.kernel_size, **keywords(o)),
        f"{_CONV} groups flip", "bias", _PLACES,
    ),
    "conv_transpose": Kind(
        lambda o: conv_transpose(o.ndim, o.inputs, o.outputs, o.kernel_size, **keywords(o)),
        f"{_CONV} groups output_padding", "bias", _PLACES,
    ),
    "pointwise": Kind(
        lambda o: layers.pointwise(o.inputs, o.outputs, ndim=o.ndim, **keywords(o)),
        "stride padding padding_mode in_channels out_channels weight groups", "bias",
    ),
    "depthwise": Kind(
        lambda o: layers.depthwise(o.inputs, o.kernel_size, ndim=o.ndim, **keywords(o)),
        f"{_WINDOW} padding_mode in_channels weight flip", "multiplier bias",
    ),
    "depthwise_separable": Kind(
        lambda o: layers.depthwise_separable(
            o.inputs, o.outputs, o.kernel_size, ndim=o.ndim, **keywords(o)
        ),
        _CONV, "multiplier bias",
    ),
    "spatially_separable": Kind(
        lambda o: layers.spatially_separable(o.inputs, o.outputs, _lengths(o), **keywords(o)),
        f"{_CONV} groups flip", "bias",
    ),
    "avg_pool": Kind(
        lambda o: layers.avg_pool(o.kernel_size, **_channelwise(o), **keywords(o)),
        f"{_WINDOW} in_channels", "ceil_mode count_include_pad divisor_override",
    ),
    "max_pool": Kind(
        lambda o: layers.max_pool(o.kernel_size, **_channelwise(o), **keywords(o)),
        f"{_WINDOW} in_channels", "ceil_mode",
    ),
    "upsample": Kind(_upsample, "scale padding_mode in_channels", "size align_corners"),
    "pixel_shuffle": Kind(
        lambda o: layers.pixel_shuffle(_factor(o), **_channelwise(o)), "scale in_channels",
    ),
    "pixel_unshuffle": Kind(
        lambda o: layers.pixel_unshuffle(_factor(o), **_channelwise(o)), "scale in_channels",
    ),
    "channel_shuffle": Kind(
        lambda o: layers.channel_shuffle(1 if o.groups is None else o.groups, **_channelwise(o)),
        "groups in_channels",
    ),
    "zero_insert": Kind(
        lambda o: layers.zero_insert(_stride(o), **_channelwise(o)), "stride in_channels"
    ),
    "sample": Kind(lambda o: layers.sample(_stride(o), **_channelwise(o)), "stride in_channels"),
    "pad": Kind(
        lambda o: layers.pad(
            **{"padding": 0, **_channelwise(o), **keywords(o, padding_mode="mode")}
        ),
        "padding padding_mode in_channels",
    ),
    "relu": Kind(lambda o: layers.relu(**_channelwise(o)), "in_channels"),
}  # fmt: skip
"""What `--kind` may be: the layer's name, without its number of dimensions."""

USES = {name: kind.uses for name, kind in KINDS.items()}
"""The words that each kind reads and a page has (all read the input's size)."""

_ALIASES = {
    "standard": "conv", "regular": "conv", "transposed": "conv_transpose",
    **{f"conv{n}d": "conv" for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": "conv_transpose" for n in (1, 2, 3)},
}  # fmt: skip


def kind_of(name: str | None) -> str:
    """The kind that a name means: `conv-transpose`, `transposed` and `conv_transpose` are one."""
    plain = (name or "conv").replace("-", "_")
    kind = _ALIASES.get(plain, plain)
    if kind not in KINDS:
        raise GeometryError(f"--kind must be one of {', '.join(KINDS)}, got {name!r:.60}")
    return kind


def arguments_of(layer: layers.Layer) -> dict[str, Any]:
    """What the layer's maker was given beside numbers, under our words, and its `kind`.

    Raises
    ------
    GeometryError
        If no kind makes it.

    >>> arguments_of(layers.pad(((1, 2),), ndim=1))
    {'kind': 'pad', 'padding': ((1, 2),), 'padding_mode': 'zeros', 'in_channels': 1}
    """
    maker, positional, keywords = layer.recipe()
    kind = kind_of(maker)
    places = (KINDS[kind].places or KINDS[kind].uses).split()
    given = dict(zip(places, positional, strict=False))
    for name, (value, _) in keywords.items():
        if name not in ("weight", "bias", "ndim", "channels") and value != "nearest":
            given[_RENAMED.get(name, name)] = value
    return {"kind": kind, **given, "in_channels": layer.in_channels}


_RENAMED = {"scale_factor": "scale", "mode": "padding_mode"}


def _refuse_others(o: Options, kind: str) -> set[str]:
    """The words that the kind reads of those typed; one that it does not read is refused."""
    reads = set(KINDS[kind].reads)
    for word in [f.name for f in fields(o) if f.name in o.typed - reads - {"kind", "input"}]:
        takers = [k for k, of in KINDS.items() if word in of.reads]
        own = [f.name for f in fields(o) if f.name in reads - {"bias"}]
        raise GeometryError(
            f"--kind {kind} does not take {option(word)}, which is for {', '.join(takers)}; "
            f"it takes {', '.join(map(option, own))}"
        )
    return reads & o.typed


# -------------------------------------------------------------------------------- weights


def build_layer(o: Options, *, exact: bool = True) -> layers.Layer:
    """The layer that the options describe; not `exact` makes fractions of its weight floats."""
    kind = kind_of(o.kind)
    words = _refuse_others(o, kind)
    if not 1 <= o.ndim <= 3:
        raise GeometryError(f"--input takes 1 to 3 axes, e.g. 5x5, got {o.input!r:.60}")
    agree_on_axes(o, words)
    return _weigh(KINDS[kind].build(o), o, exact)


def _weigh(layer: layers.Layer, o: Options, exact: bool) -> layers.Layer:
    """The layer with its weight, in layout or in a row; one spatial kernel serves every channel
    pair alike."""
    given = o.weights
    if not given:
        return layer
    parts = [part for part in layer.parts if part.weight_shape is not None]
    if len(given) != len(parts):
        raise WeightError(
            f"{o.kind or 'conv'} has {len(parts)} weights, got {len(given)}; "
            f"write them with | between"
        )
    fitted = [fit_weight(w, part.weight_shape) for w, part in zip(given, parts, strict=True)]
    if not exact:
        fitted = [w.astype(float) if w.dtype.kind == "O" else w for w in fitted]
    return layer.with_weight(fitted if isinstance(layer, layers.Sequential) else fitted[0])


def fit_weight(weight: Array, shape: tuple[int, ...] | None) -> Array:
    """A weight given in a row, or as one spatial kernel for all channels, in the shape it needs.

    >>> fit_weight(np.arange(4), (1, 1, 2, 2)).tolist()
    [[[[0, 1], [2, 3]]]]
    """
    assert shape is not None
    if weight.shape == shape[2:] or (weight.ndim == 1 and weight.size == prod(shape[2:])):
        return np.broadcast_to(weight.reshape(shape[2:]), shape)
    if weight.ndim == 1 and weight.size == prod(shape):
        return weight.reshape(shape)
    return weight
