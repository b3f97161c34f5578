"""Draw the pictures of the README: `python docs/pictures.py`."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

import convmatrix as cm
from convmatrix.draw import draw_figure, draw_grids

mpl.use("Agg")

NAMES = {
    "input": {(0, 0, 0): "a", (0, 0, 1): "b", (0, 0, 2): "c", (0, 1, 1): "d"},
    "output": {(0, 0, 0): "1", (0, 0, 1): "2", (0, 1, 0): "3", (0, 1, 1): "4"},
}

A = cm.conv2d(1, 1, 3, stride=2, padding=1).on(5, 5)
HERE = Path(__file__).parent
draw_figure(A, names=NAMES).savefig(HERE / "figure.png", dpi=90)
draw_grids(A, names=NAMES).figure.savefig(HERE / "grids.png", dpi=90)
