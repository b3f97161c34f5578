"""The options that describe a layer, shared by the verbs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import click

import convmatrix as cm
from convmatrix.errors import FileError
from convmatrix.options import KINDS, Options

__all__ = ["geometry", "layer_of_model", "typed"]


_GEOMETRY = [
    click.option("--kind", default="conv", show_default=True, metavar="KIND",
                 help=f"The layer: {', '.join(KINDS)}."),
    click.option("--kernel", metavar="K", help="Kernel size: 3 or 3x5.  [default: weight's or 3]"),
    click.option("--stride", metavar="S", help="Step: 2 or 2x1.  [default: 1; pools: kernel]"),
    click.option("--padding", default="0", show_default=True, metavar="P",
                 help="1, 1x2, 1:2x0:1 (before:after), valid, same, same_lower, full or causal."),
    click.option("--dilation", default="1", show_default=True, metavar="D", help="Tap distance."),
    click.option("--groups", default=1, show_default=True, help="Channel groups."),
    click.option("--in-channels", default=1, show_default=True, help="Channels of the input."),
    click.option("--out-channels", default=1, show_default=True, help="Channels of the output."),
    click.option("--input", default="5x5", show_default=True, metavar="SIZE",
                 help="Input size, one number an axis; its length sets the dimensions."),
    click.option("--weight", metavar="W", help="'1 0 -1; 2 0 -2; 1 0 -1', JSON or an .npy file."),
    click.option("--padding-mode", default="zeros", show_default=True, metavar="MODE",
                 help="zeros, circular, reflect or replicate (upsample: nearest or linear)."),
    click.option("--output-padding", default="0", show_default=True, metavar="P",
                 help="Extra outputs of a transposed convolution."),
    click.option("--scale", metavar="F", help="Factor of upsample and pixel (un)shuffle."),
    click.option("--flip", is_flag=True, help="Flip the kernel (the mathematical convolution)."),
]  # fmt: skip


def geometry(command: Callable[..., Any]) -> Callable[..., Any]:
    """The geometry options, given to the command as one `Options`."""

    def wrapped(**values: Any) -> Any:
        shared = {f.name: values.pop(f.name) for f in fields(Options)}
        return command(Options(**shared), **values)

    wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
    for option in reversed(_GEOMETRY):
        wrapped = option(wrapped)
    return wrapped


def typed() -> set[str]:
    """The options that the person gave, the rest being defaults."""
    context = click.get_current_context()
    given = click.core.ParameterSource.COMMANDLINE
    return {name for name in context.params if context.get_parameter_source(name) == given} | {
        option.name
        for option in context.command.params
        if option.name and context.get_parameter_source(option.name) == given
    }


def layer_of_model(model: str, name: str | None) -> cm.Layer:
    """A layer of a model's file, by its name; the only one needs none."""
    found = {one.name: one for one in cm.read_layers(model)}
    if name is None and len(found) == 1:
        name = next(iter(found))
    if name not in found:
        known = ", ".join(list(found)[:20]) + (", …" if len(found) > 20 else "")
        raise FileError(f"--layer must be one of {known}, got {name}")
    return found[name].layer()
