"""`convmatrix apply`: run a layer on an array or an image."""

from __future__ import annotations

from dataclasses import replace

import click

from convmatrix.cli.asked import Asked
from convmatrix.cli.geometry import bias_option, geometry, leave_out, model_options
from convmatrix.cli.out import json_option, output_option, show
from convmatrix.errors import GeometryError, WeightError
from convmatrix.readers.arrays import read_array

__all__ = ["apply"]


@click.command()
@click.argument("source", metavar="INPUT")
@click.option("--via", type=click.Choice(["dense", "matrix"]), default="dense", show_default=True,
              help="The fast path, or the sparse matrix itself.")  # fmt: skip
@model_options
@bias_option
@output_option
@json_option
@geometry
def apply(asked: Asked, source: str, via: str, output: str | None, as_json: bool) -> None:
    """Run a layer on INPUT, an image or an .npy array; -o writes image or .npy.

    The layer is the one that the options describe, or --layer of --model. A layer of one channel
    runs on each channel of the image by itself.
    """
    import numpy as np

    from convmatrix.writers.arrays import write_array

    if output == "-":
        leave_out("as_json", why="with -o -, where the array is all that is written")
    x = read_array(source)
    ndim = 1 if x.ndim == 2 else 2
    if x.ndim < ndim or not x.size:
        raise GeometryError(f"{source} has shape {x.shape}; give an array (channels, *size)")
    spatial = x.shape[-ndim:]
    sized = replace(asked.options, input="x".join(map(str, spatial)))
    layer = replace(asked, options=sized).layer(exact=False)
    if layer.in_channels == 1 and x.shape[-ndim - 1 : -ndim or None] != (1,):
        x = x[..., None, *(slice(None),) * ndim]
    bound = layer.on(spatial)
    if not bound.has_weights:
        raise WeightError(f"the numbers of {bound.describe()} are not given; add --weight")
    if via == "matrix":
        flat = x.reshape(-1, bound.shape[1])
        y = np.asarray((bound.to_scipy() @ flat.T).T).reshape(
            *x.shape[: -ndim - 1], *bound.out_shape
        )
    else:
        y = layer(x)
    if layer.in_channels == 1 and y.ndim > ndim + 1 and y.shape[-ndim - 1] == 1:
        y = y.reshape(*y.shape[: -ndim - 1], *y.shape[-ndim:])
    size = np.abs(y) if y.dtype.kind == "c" else y  # complex numbers by their size
    summary = {
        "input": list(x.shape), "output": list(y.shape), "dtype": str(y.dtype),
        "min": float(size.min()), "max": float(size.max()), "mean": float(size.mean()),
    }  # fmt: skip
    if output is not None:
        write_array(y, output)
    if output != "-":
        span = f"{size.min():.6g} to {size.max():.6g}"
        text = f"{summary['input']} → {summary['output']} {y.dtype}, {span}"
        show(summary, text, as_json)
