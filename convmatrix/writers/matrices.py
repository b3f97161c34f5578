"""The matrix as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from convmatrix.layers.calling import public
from convmatrix.maps import Map
from convmatrix.maps.given import needs_map
from convmatrix.maps.shaped import require_linear
from convmatrix.writers.files import suffix_of, target

__all__ = ["MATRIX_FORMATS", "write_matrix"]

MATRIX_FORMATS = ("npz", "mtx", "npy", "tex", "svg", "png")


@public
def write_matrix(a: Map, path: str | Path, *, format: str | None = None) -> None:  # noqa: A002
    r"""Write the matrix of a map; the format by `path`'s suffix, or as given.

    ``npz`` (SciPy's `save_npz`), ``mtx`` (Matrix Market; where there is no weight, its entries'
    places alone, `pattern`), ``npy`` (dense), ``tex`` (LaTeX; with symbols where there is no
    weight), or a picture ``svg``, ``png``. Path ``-`` is standard output.

    >>> import convmatrix as cm
    >>> write_matrix(cm.conv1d(1, 1, 2, weight=[[[1, -1]]]).on(3), "-", format="tex")
    \left[\begin{matrix}1 & -1 & 0\\0 & 1 & -1\end{matrix}\right]
    """
    needs_map(a, "write_matrix")
    kind = suffix_of(path, format, MATRIX_FORMATS)
    if kind in ("svg", "png"):
        from convmatrix.draw import draw_matrix, save

        drawn = draw_matrix(a)
        with target(path) as file:
            save(drawn, file, kind)
    elif kind == "tex":
        from sympy import latex

        text = latex(a.to_sympy())
        with target(path) as file:
            file.write(f"{text}\n".encode())
    elif kind == "npy":
        dense = a.to_dense()
        with target(path) as file:
            np.save(file, dense, allow_pickle=False)
    elif kind == "npz":
        from scipy.sparse import save_npz

        matrix = a.to_scipy()
        with target(path) as file:
            save_npz(file, matrix)
    else:
        from scipy.io import mmwrite

        matrix = a.to_scipy() if a.has_weights else _places(a)
        with target(path) as file:
            mmwrite(file, matrix, field=None if a.has_weights else "pattern")


def _places(a: Map) -> Any:
    """The matrix with a 1 at each of its entries, where several taps meet too."""
    from scipy.sparse import csr_array

    require_linear(a, "matrix")
    pattern = a.pattern
    ones = np.ones(pattern.nnz, np.int8)
    found = csr_array((ones, pattern.indices, pattern.indptr), shape=a.shape, copy=True)
    found.sum_duplicates()
    return found
