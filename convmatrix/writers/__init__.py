"""Graphs and matrices as files: complete or not at all."""

from __future__ import annotations

from convmatrix.writers.files import target
from convmatrix.writers.graphs import GRAPH_FORMATS, write_graph
from convmatrix.writers.matrices import MATRIX_FORMATS, write_matrix

__all__ = ["GRAPH_FORMATS", "MATRIX_FORMATS", "target", "write_graph", "write_matrix"]
