"""`convmatrix separable`: whether a kernel is an outer product."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click
import numpy as np

import convmatrix as cm
from convmatrix.cli.geometry import leave_out
from convmatrix.cli.help import Verb
from convmatrix.cli.out import json_option, say, show
from convmatrix.errors import FileError, GeometryError
from convmatrix.readers.kernels import read_kernel
from convmatrix.readers.layouts import LAYOUTS

__all__ = ["separable"]


@click.command(cls=Verb)
@click.argument("kernel")
@click.option("--exact", is_flag=True, help="Take floats as the binary fractions that they are.")
@click.option("--decimal", is_flag=True, help="Take floats as the decimals they are printed as.")
@click.option("--tol", type=float, metavar="T",
              help="For floats: separable where σ₂ ≤ T·σ₁.  [default: their rounding]")  # fmt: skip
@click.option("--plot", metavar="FILE", help="Draw into a .svg or .png.")
@click.option("--csv", metavar="FILE", help="Of a model: write the table; - is standard output.")
@click.option("--layout", type=click.Choice(LAYOUTS, case_sensitive=False),
              help="Of a model: how its weights lie, where its file does not say it.")  # fmt: skip
@click.option(
    "--axes",
    metavar="AXES",
    help="Of an array of many kernels: the axes of each, e.g. -2,-1 of (out, in, y, x).",
)
@json_option
def separable(
    kernel: str, axes: str | None, exact: bool, decimal: bool, tol: float | None, plot: str | None,
    csv: str | None, layout: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Is KERNEL an outer product of 1-D kernels? Exit 1 if not, also where it is one at a lower
    precision only; --tol counts that as separable.

    KERNEL is '3 6 9; 4 8 12; 5 10 15', JSON, a name (sobel, gaussian:5:1.2), a file .npy .json .csv
    .txt, or a model (.onnx, .npz, .safetensors, .pt, .pth), whose layers are listed. With --axes an
    .npy array of many kernels: exit 1 unless all are.

    \b
    convmatrix separable '3 6 9; 4 8 12; 5 10 15'
    convmatrix separable model.onnx --csv table.csv
    """  # noqa: D301 - click's mark of a paragraph that is not wrapped
    from convmatrix.readers import MODELS

    if plot is not None:
        _kind_of_plot(plot)
    if decimal:
        leave_out("exact", why="with --decimal")
    if exact or decimal:
        leave_out("tol", why=f"with --{'exact' if exact else 'decimal'}, which rounds nothing")
    if kernel.lower().endswith(tuple(MODELS)):
        if exact or decimal:
            raise GeometryError(
                "--exact and --decimal are for one kernel; the table of a model counts both"
            )
        leave_out("axes", why="with a model, whose axes are known")
        return _separable_model(kernel, layout, tol, plot, csv, as_json)
    if layout is not None:
        raise GeometryError("--layout is for models; a kernel has no channels")
    if csv is not None:
        raise GeometryError("--csv is for models; use --json for one kernel")
    asked = None if axes is None else _axes(axes)
    how: Any = "decimal" if decimal else exact or None
    verdict = cm.separability(read_kernel(kernel), axes=asked, exact=how, tolerance=tol)
    show(verdict.to_dict(), _typed(verdict), as_json)
    if plot is not None:
        _plot(plot, lambda draw: draw.draw_separable(verdict))
    return 0 if np.all(verdict.separable) else 1


def _typed(verdict: Any) -> str:
    """A verdict in text, with the tolerance that it names as it is typed here."""
    return str(verdict).replace("tolerance=", "--tol ")


def _axes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise GeometryError(
            f"--axes takes the axes of one kernel, e.g. -2,-1, got {text!r:.40}"
        ) from None


def _separable_model(
    path: str,
    layout: str | None,
    tol: float | None,
    plot: str | None,
    csv: str | None,
    as_json: bool,
) -> int:
    """The table of a model: exit 0, whatever its kernels are."""
    from convmatrix.writers import target

    layers = cm.read_layers(path, layout=layout)

    def watched(tested: Any) -> Any:
        with click.progressbar(tested, label="testing layers", file=sys.stderr) as bar:
            yield from bar

    report = cm.network_separability(layers, tolerance=tol, progress=watched)
    if csv is not None:
        with target(csv) as file:
            file.write(report.to_csv().encode())
    if csv != "-":
        show(report.to_dict(), _typed(report), as_json)
    if plot is not None:
        _plot(plot, lambda draw: draw.draw_energies(report))
    return 0


def _kind_of_plot(path: str) -> str:
    """The format of a drawing, checked before anything is computed."""
    from convmatrix.writers.files import suffix_of

    if path == "-":
        raise FileError("--plot takes a file .svg or .png, not standard output")
    return suffix_of(path, None, ("svg", "png"))


def _plot(path: str, make: Callable[[Any], Any]) -> None:
    """Draw into a file."""
    from convmatrix import draw
    from convmatrix.writers import target

    kind = _kind_of_plot(path)
    ax = make(draw)
    with target(path) as file:
        draw.save(ax, file, kind)
    say(f"wrote {path}")
