"""Connectivity as graphs: a table that NetworkX, files, drawings and the lazy graph all read."""

from __future__ import annotations

from convmatrix.graphs.formats import FORMATS
from convmatrix.graphs.networkx import to_networkx
from convmatrix.graphs.table import Edges, GraphTable, Space
from convmatrix.graphs.views import graph_table
from convmatrix.graphs.window import Window

__all__ = ["FORMATS", "Edges", "GraphTable", "Space", "Window", "graph_table", "to_networkx"]
