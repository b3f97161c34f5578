"""What a page shows: its cells, which are lit, and whether they are the matrix's."""

from __future__ import annotations

import numpy as np


def cell(page, role, i):
    return page.get_by_role("grid", name=role, exact=True).get_by_role("gridcell").nth(i)


def lit(page, role):
    """The flat indices of the cells that are lit in a grid."""
    cells = page.get_by_role("grid", name=role, exact=True).get_by_role("gridcell")
    found = cells.evaluate_all("all => all.map(c => c.getAttribute('aria-selected') === 'true')")
    return [i for i, on in enumerate(found) if on]


def some(count):
    """First, last, and two between."""
    return sorted({0, count // 3, (2 * count) // 3, count - 1})


def connected(bound):
    """A Boolean matrix of who is connected: the SciPy matrix's pattern, or the queries'."""
    if bound.is_linear:
        matrix = bound.to_scipy(dtype=float) if bound.dtype.kind != "O" else None
        if matrix is not None:
            matrix.data[:] = 1
            return matrix.toarray().astype(bool)
    table = np.zeros(bound.shape, bool)
    for row, output in enumerate(np.ndindex(*bound.out_shape)):
        for source, _ in bound.inputs_of(output):
            table[row, np.ravel_multi_index(source, bound.in_shape)] = True
    return table


def check_grids(page, matrix):
    rows, columns = matrix.shape
    grids = [page.get_by_role("grid", name=n, exact=True) for n in ("input", "output")]
    assert [g.get_by_role("gridcell").count() for g in grids] == [columns, rows]
    for j in some(columns):
        cell(page, "input", j).hover()
        assert lit(page, "output") == np.flatnonzero(matrix[:, j]).tolist(), f"column {j}"
        assert lit(page, "input") == []
    for i in some(rows):
        cell(page, "output", i).hover()
        assert lit(page, "input") == np.flatnonzero(matrix[i]).tolist(), f"row {i}"


def values(page, role):
    cells = page.get_by_role("grid", name=role, exact=True).get_by_role("gridcell")
    names = cells.evaluate_all("all => all.map(c => c.getAttribute('aria-label'))")
    return [float(name.split(" = ")[1]) for name in names]
