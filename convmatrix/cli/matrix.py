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
    A = asked.map(exact=not numeric)
    if output is not None:
        if not A.has_weights and kind in ("npz", "npy"):
            raise WeightError(f"the numbers of {A.describe()} are not given; add --weight")
        write_matrix(A, output, format=format)
        if output != "-":
            say(f"wrote {output}: {A.shape[0]}×{A.shape[1]}, {A.counted()}")
        return
    require_linear(A, "matrix")
    show(_triples(A) if as_json else None, "" if as_json else _table(A), as_json)


MOST_PRINTED = 64


def _table(A: cm.Map) -> str:
    """The matrix in text: its numbers, or the tap at each place where there is no weight."""
    rows, columns = A.shape
    if max(rows, columns) > MOST_PRINTED:
        raise GeometryError(
            f"a matrix of {rows}×{columns} is too large to print; write it with -o FILE.npz"
        )
    cells = [["·"] * columns for _ in range(rows)]
    if A.has_weights:
        for (r, c), value in A.to_sympy().todok().items():
            cells[r][c] = f"{value:.4g}" if getattr(value, "is_Float", False) else str(value)
    else:
        pattern = A.pattern
        for r, c, t in zip(pattern.rows, pattern.indices, pattern.tap, strict=True):
            cells[r][c] = f"w{t}" if cells[r][c] == "·" else f"{cells[r][c]}+w{t}"
    width = max(len(cell) for row in cells for cell in row)
    return "\n".join(" ".join(cell.rjust(width) for cell in row) for row in cells)


def _triples(A: cm.Map) -> dict[str, Any]:
    pattern = A.pattern
    data = None
    if A.is_linear and all(leaf.is_numeric for leaf in A.leaves):
        data = A.edge_weights()
    return {
        "shape": list(A.shape),
        "indptr": pattern.indptr.tolist(),
        "indices": pattern.indices.tolist(),
        "tap": pattern.tap.tolist(),
        "data": data,
    }
