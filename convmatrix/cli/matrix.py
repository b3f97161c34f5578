"""`convmatrix matrix`: the matrix, printed or in a file."""

from __future__ import annotations

from typing import Any

import click

import convmatrix as cm
from convmatrix.cli.asked import Asked
from convmatrix.cli.geometry import geometry, input_option, leave_out, model_argument
from convmatrix.cli.help import Verb
from convmatrix.cli.out import format_option, json_option, output_option, say, show
from convmatrix.errors import GeometryError, WeightError
from convmatrix.maps.shaped import require_linear

__all__ = ["matrix"]


@click.command(cls=Verb)
@output_option
@format_option
@json_option
@model_argument
@input_option
@geometry
def matrix(asked: Asked, output: str | None, format: str | None, as_json: bool) -> None:  # noqa: A002
    """The matrix of a layer, of your own or of MODEL: printed, or in a file.

    -o writes .npz .mtx .npy, or draws .tex .svg .png. Without --weight .mtx holds the places of
    the entries alone, .tex symbols.

    \b
    convmatrix matrix --input 4x4 --weight '1 2; 3 4'
    convmatrix matrix --input 28x28 --weight sobel -o sobel.npz
    """  # noqa: D301 - click's mark of a paragraph that is not wrapped
    from convmatrix.writers import write_matrix

    kind = (format or output or "").lower().rsplit(".", 1)[-1]
    numeric = kind in ("npz", "mtx", "npy")
    if output is None:
        leave_out("format", why="without -o")
    else:
        leave_out("as_json", why="with -o")
    bound = asked.map(exact=not numeric)
    if output is not None:
        if not bound.has_weights and kind in ("npz", "npy"):
            raise WeightError(f"the numbers of {bound.describe()} are not given; add --weight")
        write_matrix(bound, output, format=format)
        if output != "-":
            say(f"wrote {output}: {bound.shape[0]}×{bound.shape[1]}, {bound.counted()}")
        return
    require_linear(bound, "matrix")
    show(_triples(bound) if as_json else None, "" if as_json else _table(bound), as_json)


MOST_PRINTED = 64


def _table(bound: cm.Map) -> str:
    """The matrix in text: its numbers, or the tap at each place where there is no weight."""
    rows, columns = bound.shape
    if max(rows, columns) > MOST_PRINTED:
        raise GeometryError(
            f"a matrix of {rows}×{columns} is too large to print; write it with -o FILE.npz"
        )
    cells = [["·"] * columns for _ in range(rows)]
    if bound.has_weights:
        for (r, c), value in bound.to_sympy().todok().items():
            cells[r][c] = f"{value:.4g}" if getattr(value, "is_Float", False) else str(value)
    else:
        pattern = bound.pattern
        for r, c, t in zip(pattern.rows, pattern.indices, pattern.tap, strict=True):
            cells[r][c] = f"w{t}" if cells[r][c] == "·" else f"{cells[r][c]}+w{t}"
    width = max(len(cell) for row in cells for cell in row)
    return "\n".join(" ".join(cell.rjust(width) for cell in row) for row in cells)


def _triples(bound: cm.Map) -> dict[str, Any]:
    pattern = bound.pattern
    data = None
    if bound.is_linear and all(leaf.is_numeric for leaf in bound.leaves):
        data = bound.edge_weights()
    return {
        "shape": list(bound.shape),
        "indptr": pattern.indptr.tolist(),
        "indices": pattern.indices.tolist(),
        "tap": pattern.tap.tolist(),
        "data": data,
    }
