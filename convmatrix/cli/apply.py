"""`convmatrix apply`: run a layer on an array or an image."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click
import numpy as np

import convmatrix as cm
from convmatrix.cli.asked import Asked
from convmatrix.cli.geometry import bias_option, geometry, leave_out, model_options
from convmatrix.cli.help import Verb
from convmatrix.cli.layouts import Layout, layout_of
from convmatrix.cli.out import json_option, output_option, say, show, warned
from convmatrix.errors import GeometryError, ShapeError, WeightError
from convmatrix.readers.arrays import read_picture
from convmatrix.readers.images import Picture
from convmatrix.shapes import times
from convmatrix.typing import Array
from convmatrix.words.kinds import KINDS, kind_of
from convmatrix.writers.arrays import DEPTHS, depth_of, write_array

__all__ = ["apply"]


@click.command(cls=Verb)
@click.argument("source", metavar="INPUT")
@click.option(
    "--layout",
    metavar="AXES",
    help="What the axes of an .npy array are: CHW, HWC, HW, NCHW, NHWC, CL, CDHW, …: C "
    "channels, N images.  [default: by their number L, HW, CHW, NCHW, NCDHW]",
)
@click.option("--abs", "absolute", is_flag=True, help="Take absolute values of the result.")
@click.option("--clip", metavar="LOW:HIGH", help="Clip the result to this range.")
@click.option(
    "--normalize",
    is_flag=True,
    help="Spread the result over the image's full range (of an .npy: 0 to 1).",
)
@click.option(
    "--depth",
    type=click.Choice(list(DEPTHS)),
    help="Bits of an image's values.  [default: as INPUT]",
)
@click.option(
    "--via",
    type=click.Choice(["dense", "matrix"]),
    default="dense",
    show_default=True,
    help="The fast path, or the sparse matrix itself.",
)
@model_options
@bias_option
@output_option
@json_option
@geometry
def apply(
    asked: Asked, source: str, layout: str | None, absolute: bool, clip: str | None,
    normalize: bool, depth: str | None, via: str, output: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Run a layer on INPUT, an image or an .npy array; -o writes an image or .npy.

    The layer is the one that the options describe, or --layer of --model. A layer of one channel
    runs on each channel of INPUT by itself. The result has the layout of INPUT. An image keeps its
    depth (1, 8, 16 bits or floats); values that do not fit are rounded and clipped, which is said.

    \b
    convmatrix apply photo.png --weight sobel --padding same --abs -o edges.png
    convmatrix apply x.npy --layout HWC --kind avg_pool --kernel 2 -o y.npy
    convmatrix apply x.npy --model model.onnx --layer conv1
    """  # noqa: D301 - click's mark of a paragraph that is not wrapped
    if output == "-":
        leave_out("as_json", why="with -o -, where the array is all that is written")
    if output is None or output == "-" or output.endswith(".npy"):
        leave_out("depth", why="without an image to write")
    limits = None if clip is None else _limits(clip)
    found = read_picture(source)
    if isinstance(found, Picture):
        leave_out("layout", why="with an image, which says it itself")
        x, known = found.values, Layout("CHW")
        for note in found.left_out:
            warned(f"{source}: {note}")
    else:
        x, known = found, _layout(asked, found, layout, source)
    if not x.size:
        raise ShapeError(f"{source} has shape {x.shape}; give an array with something in it")
    first = known.channels_first(x)
    y = known.restore(
        _finished(_run(_layer(asked, first, known.ndim), first, via), absolute, limits)
    )
    if output is not None:
        deep = depth or (found.depth if isinstance(found, Picture) else depth_of(x.dtype, output))
        if normalize:
            y = _normal(y, deep, image=output != "-" and not output.endswith(".npy"))
        _write(y, known, output, deep)
    elif normalize:
        y = _normal(y, "8", image=False)
    if output != "-":
        _summary(x, y, as_json)


def _layout(asked: Asked, x: Array, given: str | None, source: str) -> Layout:
    if asked.model is None:
        return layout_of(x.shape, given, source, None, asked.options.in_channels)
    layer = asked.layer()
    return layout_of(x.shape, given, source, layer.ndim, layer.in_channels)


def _layer(asked: Asked, x: Array, ndim: int) -> cm.Layer:
    """The layer for an array `(*images, channels, *size)`; one that keeps channels apart has the
    array's."""
    if asked.model is not None:
        return asked.layer()
    words: dict[str, Any] = {"input": times(x.shape[-ndim:], "x")}
    apart = "out_channels" not in KINDS[kind_of(asked.options.kind)].uses.split()
    if apart and asked.options.in_channels is None:
        words["in_channels"] = x.shape[-ndim - 1]
    return replace(asked, options=replace(asked.options, **words)).layer(exact=False)


def _run(layer: cm.Layer, x: Array, via: str) -> Array:
    """The layer's output for `(*images, channels, *size)`, in the same order of axes."""
    ndim = layer.ndim
    channels = x.shape[-ndim - 1]
    if x.ndim < ndim + 1 or x.shape[-ndim:] != layer.sizes(*x.shape[-ndim:]):
        raise ShapeError(f"the layer has {ndim} axes, the array {x.ndim - 1}; see --layout")
    alone = layer.in_channels == 1 and channels > 1
    if alone:
        x = x[..., None, *(slice(None),) * ndim]
        if layer.out_channels > 1:
            raise GeometryError(
                f"a layer of 1 channel runs on each of the {channels} channels by itself and has "
                f"1 output; add --in-channels {channels}, or --kind depthwise --multiplier "
                f"{layer.out_channels}"
            )
    A = layer.on(*x.shape[-ndim:])
    if not A.has_weights:
        raise WeightError(f"the numbers of {A.describe()} are not given; add --weight")
    y = _by_matrix(layer, A, x) if via == "matrix" else np.asarray(layer(x))
    return y.squeeze(-ndim - 1) if alone else y


def _by_matrix(layer: cm.Layer, A: cm.Map, x: Array) -> Array:
    flat = x.reshape(-1, A.shape[1])
    y = np.asarray((A.to_scipy() @ flat.T).T)
    y = y.reshape(*x.shape[: -layer.ndim - 1], *A.out_shape)
    bias = getattr(layer.parts[-1], "bias", None)
    return y if bias is None else np.asarray(y + bias.reshape(-1, *(1,) * layer.ndim))


# -------------------------------------------------------------------------------- results


def _limits(text: str) -> tuple[float, float]:
    try:
        low, high = map(float, text.split(":"))
    except ValueError:
        low, high = 1.0, 0.0
    if not low <= high:
        raise GeometryError(f"--clip takes LOW:HIGH, e.g. 0:255, got {text!r:.40}")
    return low, high


def _finished(y: Array, absolute: bool, limits: tuple[float, float] | None) -> Array:
    if absolute:
        y = np.abs(y)
    if limits is None:
        return y
    if y.dtype.kind == "c":
        raise GeometryError("--clip is of real numbers, and the result is complex; add --abs")
    return np.asarray(np.clip(y.astype(float), *limits))


def _normal(y: Array, depth: str, *, image: bool) -> Array:
    """The values spread from 0 to the greatest that the file holds."""
    if y.dtype.kind == "c":
        raise GeometryError("--normalize is of real numbers, and the result is complex; add --abs")
    low, high = float(y.min()), float(y.max())
    most = DEPTHS[depth][1] if image else 1
    if high == low:
        return np.zeros_like(y, float)
    spread = (y - low) / (high - low) * most
    return np.asarray(np.rint(spread) if image and depth != "float" else spread)


def _write(y: Array, layout: Layout, output: str, depth: str) -> None:
    """Write the result; an image has its channels first or, where it has one, none."""
    if output == "-" or output.endswith(".npy"):
        write_array(y, output)
        return
    stored = write_array(_as_image(y, layout), output, depth=depth)
    if str(stored):
        say(f"wrote {output}: {stored}; --abs, --normalize or an .npy file keep more")


def _as_image(y: Array, layout: Layout) -> Array:
    if y.ndim == 3 and "C" not in layout.letters:
        return y
    first = layout.channels_first(y)
    return first[0] if first.ndim == 4 and len(first) == 1 else first


def _summary(x: Array, y: Array, as_json: bool) -> None:
    size = np.abs(y) if y.dtype.kind == "c" else y  # complex numbers by their size
    data = {
        "input": list(x.shape), "output": list(y.shape), "dtype": str(y.dtype),
        "min": float(size.min()), "max": float(size.max()), "mean": float(size.mean()),
    }  # fmt: skip
    span = f"{size.min():.6g} to {size.max():.6g}"
    show(data, f"{data['input']} → {data['output']} {y.dtype}, {span}", as_json)
