"""The words of the command line, turned into layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from convmatrix import layers
from convmatrix.errors import GeometryError, WeightError
from convmatrix.layers.base import PADDING_WORDS, per_axis
from convmatrix.layers.convolution import conv, conv_transpose
from convmatrix.readers.kernels import read_kernel

__all__ = ["KINDS", "USES", "Options", "build_layer", "fit_weight", "numbers", "padding", "sizes"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Options:
    """The geometry options that all verbs share, as typed."""

    kind: str
    kernel: str | None
    stride: str | None
    padding: str
    dilation: str
    groups: int
    in_channels: int
    out_channels: int
    input: str
    weight: str | None
    padding_mode: str
    output_padding: str
    scale: str | None
    flip: bool


def numbers(text: str, name: str, kind: Callable[[str], Any] = int) -> Any:
    """`5` or `5x3` as a number or a tuple.

    >>> numbers("5x3", "--kernel")
    (5, 3)
    """
    try:
        values = tuple(kind(part) for part in text.replace(",", "x").split("x"))
    except ValueError:
        raise GeometryError(
            f"{name} takes a number or one an axis with x between, e.g. 5 or 5x5, got {text!r}"
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
                f"{', '.join(PADDING_WORDS)}, got {text!r}"
            ) from None
    pairs = [part.split(":") for part in text.replace(",", "x").split("x")]
    try:
        return tuple(
            (int(before), int(after)) for before, after in (p * (3 - len(p)) for p in pairs)
        )
    except ValueError:
        raise GeometryError(
            f"--padding pairs are before:after an axis, e.g. 1:2x0:1, got {text!r}"
        ) from None


def _window(o: Options, ndim: int) -> dict[str, Any]:
    return {"stride": numbers(o.stride or "1", "--stride"), "padding": padding(o.padding),
            "dilation": numbers(o.dilation, "--dilation"), "ndim": ndim}  # fmt: skip


def _kernel(o: Options) -> Any:
    if o.kernel is not None:
        return numbers(o.kernel, "--kernel")
    return 3 if o.weight is None else _weights(o)[0].shape[-_ndim(o) :]


def _weights(o: Options) -> list[Array]:
    """The weights as typed, with | between the layers of a stack."""
    assert o.weight is not None
    return [read_kernel(part) for part in o.weight.split("|")]


def _ndim(o: Options) -> int:
    return len(sizes(o.input))


def _convolution(o: Options, **fixed: Any) -> layers.Layer:
    options = {
        "kernel_size": _kernel(o), "groups": o.groups, "flip": o.flip,
        "padding_mode": o.padding_mode, **_window(o, _ndim(o)), **fixed,
    }  # fmt: skip
    options.pop("ndim")
    layer = conv(_ndim(o), o.in_channels, fixed.pop("out_channels", o.out_channels), **options)
    return _weigh(layer, o)


def _transposed(o: Options) -> layers.Layer:
    window = _window(o, _ndim(o))
    window.pop("ndim")
    layer = conv_transpose(
        _ndim(o), o.in_channels, o.out_channels, _kernel(o), groups=o.groups,
        output_padding=numbers(o.output_padding, "--output-padding"),
        padding_mode=o.padding_mode, **window,
    )  # fmt: skip
    return _weigh(layer, o)


def _depthwise(o: Options) -> layers.Layer:
    layer = layers.depthwise(
        o.in_channels, _kernel(o), padding_mode=o.padding_mode, flip=o.flip, **_window(o, _ndim(o))
    )
    return _weigh(layer, o)


def _weigh(layer: layers.Layer, o: Options) -> layers.Layer:
    """The layer with its weight, in layout or in a row; one spatial kernel serves every channel
    pair alike."""
    if o.weight is None:
        return layer
    parts = [part for part in layer.parts if part.weight_shape is not None]
    given = _weights(o)
    if len(given) != len(parts):
        raise WeightError(
            f"{o.kind} has {len(parts)} weights, got {len(given)}; write them with | between"
        )
    fitted = [fit_weight(w, part.weight_shape) for w, part in zip(given, parts, strict=True)]
    return layer.with_weight(fitted if isinstance(layer, layers.Sequential) else fitted[0])


def fit_weight(weight: Array, shape: tuple[int, ...] | None) -> Array:
    """A weight given in a row, or as one spatial kernel for all channels, in the shape it needs.

    >>> fit_weight(np.arange(4), (1, 1, 2, 2)).tolist()
    [[[[0, 1], [2, 3]]]]
    """
    assert shape is not None
    if weight.shape == shape[2:]:
        return np.broadcast_to(weight, shape)
    if weight.ndim == 1 and weight.size == prod(shape):
        return weight.reshape(shape)
    return weight


def _lengths(o: Options) -> tuple[int, ...]:
    """The length of each pass of a spatially separable convolution."""
    if o.kernel is None and o.weight is not None:
        return tuple(weight.shape[-1] for weight in _weights(o))
    return per_axis(_kernel(o), _ndim(o), "kernel_size")


def _scale(o: Options, kind: Callable[[str], Any]) -> Any:
    if o.scale is None:
        raise GeometryError(f"--kind {o.kind} needs --scale, e.g. --scale 2")
    return numbers(o.scale, "--scale", kind)


def _plain(o: Options) -> dict[str, Any]:
    return {"ndim": _ndim(o), "channels": o.in_channels}


def _pool(maker: Callable[..., layers.Layer]) -> Callable[[Options], layers.Layer]:
    def build(o: Options) -> layers.Layer:
        stride = None if o.stride is None else numbers(o.stride, "--stride")
        return maker(_kernel(o), **{**_window(o, _ndim(o)), "stride": stride, **_plain(o)})

    return build


KINDS: dict[str, Callable[[Options], layers.Layer]] = {
    "conv": _convolution,
    "conv_transpose": _transposed,
    "pointwise": lambda o: _convolution(o, kernel_size=1),
    "depthwise": _depthwise,
    "depthwise_separable": lambda o: _weigh(layers.depthwise_separable(
        o.in_channels, o.out_channels, _kernel(o), padding_mode=o.padding_mode,
        **_window(o, _ndim(o)),
    ), o),
    "spatially_separable": lambda o: _weigh(layers.spatially_separable(
        o.in_channels, o.out_channels, _lengths(o), groups=o.groups, flip=o.flip,
        padding_mode=o.padding_mode,
        **{k: v for k, v in _window(o, _ndim(o)).items() if k != "ndim"},
    ), o),
    "avg_pool": _pool(layers.avg_pool),
    "max_pool": _pool(layers.max_pool),
    "upsample": lambda o: layers.upsample(
        scale_factor=_scale(o, float), mode="linear" if o.padding_mode == "linear" else "nearest",
        **_plain(o),
    ),
    "pixel_shuffle": lambda o: layers.pixel_shuffle(
        _scale(o, int), channels=o.in_channels, ndim=_ndim(o)
    ),
    "pixel_unshuffle": lambda o: layers.pixel_unshuffle(
        _scale(o, int), channels=o.in_channels, ndim=_ndim(o)
    ),
    "channel_shuffle": lambda o: layers.channel_shuffle(
        o.groups, channels=o.in_channels, ndim=_ndim(o)
    ),
    "zero_insert": lambda o: layers.zero_insert(numbers(o.stride or "1", "--stride"), **_plain(o)),
    "sample": lambda o: layers.sample(numbers(o.stride or "1", "--stride"), **_plain(o)),
    "pad": lambda o: layers.pad(padding(o.padding), mode=o.padding_mode, **_plain(o)),
    "relu": lambda o: layers.relu(**_plain(o)),
}  # fmt: skip
"""What `--kind` may be: the layer's name, without its number of dimensions."""

_WINDOW = "kernel stride padding dilation"
_CONV = f"{_WINDOW} padding_mode in_channels out_channels weight"
USES = {
    "conv": f"{_CONV} groups flip",
    "conv_transpose": f"{_CONV} groups output_padding",
    "pointwise": "stride padding padding_mode in_channels out_channels weight groups",
    "depthwise": f"{_WINDOW} padding_mode in_channels weight flip",
    "depthwise_separable": _CONV,
    "spatially_separable": f"{_CONV} groups flip",
    "avg_pool": f"{_WINDOW} in_channels",
    "max_pool": f"{_WINDOW} in_channels",
    "upsample": "scale padding_mode in_channels",
    "pixel_shuffle": "scale in_channels",
    "pixel_unshuffle": "scale in_channels",
    "channel_shuffle": "groups in_channels",
    "zero_insert": "stride in_channels",
    "sample": "stride in_channels",
    "pad": "padding padding_mode in_channels",
    "relu": "in_channels",
}
"""The options that each kind reads (all read the input's size)."""

_ALIASES = {
    "standard": "conv", "regular": "conv", "transposed": "conv_transpose",
    **{f"conv{n}d": "conv" for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": "conv_transpose" for n in (1, 2, 3)},
}  # fmt: skip


def build_layer(o: Options, *, exact: bool = True) -> layers.Layer:
    """The layer that the options describe; not `exact` makes fractions of its weight floats."""
    layer = _build(o)
    parts = [part for part in layer.parts if part.weight_shape is not None]
    weights = [getattr(part, "weight", None) for part in parts]
    if exact or not any(w is not None and w.dtype.kind == "O" for w in weights):
        return layer
    floats = [np.asarray(weight).astype(float) for weight in weights]
    return layer.with_weight(floats if isinstance(layer, layers.Sequential) else floats[0])


def _build(o: Options) -> layers.Layer:
    kind = o.kind.replace("-", "_")
    kind = _ALIASES.get(kind, kind)
    if kind not in KINDS:
        raise GeometryError(f"--kind must be one of {', '.join(KINDS)}, got {o.kind!r}")
    if not 1 <= _ndim(o) <= 3:
        raise GeometryError(f"--input takes 1 to 3 axes, e.g. 5x5, got {o.input!r}")
    return KINDS[kind](o)
