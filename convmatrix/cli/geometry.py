"""The options that describe a layer, shared by the verbs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import click

from convmatrix.cli.asked import Asked
from convmatrix.errors import GeometryError
from convmatrix.words import KINDS, Options

__all__ = [
    "bias_option", "geometry", "input_option", "leave_out", "model_argument", "model_options",
]  # fmt: skip


def _option(*names: str, default: str | None = None, **how: Any) -> Callable[..., Any]:
    """An option whose default the help tells, while nothing is taken for typed that was not."""
    how["help"] += "" if default is None else f"  [default: {default}]"
    return click.option(*names, default=None, **how)


input_option = _option(
    "--input", metavar="SIZE", default="5x5",
    help="Size of the input, one number an axis: 28 is a line, 28x28 an image, 4x28x28 a volume; "
         "for a model's layer one number serves all axes.",
)  # fmt: skip
bias_option = _option("--bias", metavar="B", help="What to add, a number an output channel: '1 0'.")

_GEOMETRY = [
    _option("--kind", metavar="KIND", default="conv", help=f"The layer: {', '.join(KINDS)}."),
    _option("--kernel", metavar="K", default="the weight's, or 3", help="Kernel size: 3 or 3x5."),
    _option("--stride", metavar="S", default="1; pools: the kernel's size", help="Step: 2 or 2x1."),
    _option("--padding", metavar="P", default="0",
            help="1, 1x2, 1:2x0:1 (before:after), valid, same, same_lower, full or causal."),
    _option("--padding-mode", "--mode", "padding_mode", metavar="MODE", default="zeros; nearest",
            help="zeros, circular, reflect or replicate; of upsample nearest, nearest-exact, "
                 "linear, bilinear or trilinear."),
    _option("--dilation", metavar="D", default="1", help="Distance of taps: 2 or 2x1."),
    _option("--in-channels", type=int, metavar="C", default="1", help="Channels of the input."),
    _option("--out-channels", type=int, metavar="C", default="1", help="Channels of the output."),
    _option("--groups", type=int, metavar="G", default="1", help="Groups of channels."),
    _option("--multiplier", type=int, metavar="M", default="1",
            help="Outputs a channel of a depthwise layer."),
    _option("--weight", metavar="W",
            help="'1 0 -1; 2 0 -2; 1 0 -1', JSON, a name (sobel, gaussian:5) or a file .npy .json "
                 ".csv .txt; with | between the layers of a stack."),
    _option("--flip", is_flag=True,
            help="Flip the kernel (the mathematical convolution)."),
    _option("--output-padding", metavar="P", default="0",
            help="Extra outputs of a transposed convolution."),
    _option("--scale", metavar="F", help="Factor of upsample and pixel (un)shuffle."),
    _option("--size", metavar="SIZE", help="Output size of upsample, instead of --scale."),
    _option("--align-corners", is_flag=True,
            help="Of upsample: the first and last elements keep their places."),
    _option("--ceil-mode", is_flag=True, help="Of pools: a last window may hang over the end."),
    _option("--count-include-pad/--no-count-include-pad", default="it does",
            help="Of avg_pool: whether padding counts in the mean."),
    _option("--divisor-override", type=int, metavar="N", help="Of avg_pool: divide by this."),
]  # fmt: skip


def geometry(command: Callable[..., Any]) -> Callable[..., Any]:
    """The geometry options, given to the command as `Asked`."""

    def wrapped(**values: Any) -> Any:
        words = {f.name: values.pop(f.name) for f in fields(Options) if f.name in values}
        place = {"model": values.pop("model", None), "name": values.pop("layer", None)}
        return command(Asked(Options(**words), **place), **values)

    wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
    for one in reversed(_GEOMETRY):
        wrapped = one(wrapped)
    return wrapped


_layer = click.option("--layer", metavar="NAME", help="Which layer of the model.")


def model_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """A model's file as an argument, and `--layer`."""
    return click.argument("model", required=False)(_layer(command))


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """A model's file as an option, and `--layer`."""
    return click.option(
        "--model", metavar="FILE", help=".onnx, .npz, .safetensors, .pt or .pth: run its --layer."
    )(_layer(command))


def leave_out(*names: str, why: str) -> None:
    """Refuse options that were typed though they would do nothing."""
    context = click.get_current_context()
    given = click.core.ParameterSource.COMMANDLINE
    for one in context.command.params:
        if one.name in names and context.get_parameter_source(one.name) == given:
            raise GeometryError(f"{max(one.opts, key=len)} does nothing {why}; leave it out")
