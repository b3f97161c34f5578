"""Connectivity as graphs: a table that NetworkX, files, drawings and the lazy graph all read."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from convmatrix.graphs.arrays import write_matrix_market, write_parquet
from convmatrix.graphs.gml import write_gml
from convmatrix.graphs.json import write_cytoscape, write_json
from convmatrix.graphs.pajek import write_pajek
from convmatrix.graphs.table import Edges, GraphTable, Space, to_networkx
from convmatrix.graphs.text import write_csv, write_dot, write_mermaid, write_tikz
from convmatrix.graphs.views import graph_table
from convmatrix.graphs.window import Window
from convmatrix.graphs.xml import write_gexf, write_graphml

__all__ = ["FORMATS", "Edges", "GraphTable", "Space", "Window", "graph_table", "to_networkx"]

FORMATS: dict[str, Callable[[GraphTable, BinaryIO], None]] = {
    "graphml": write_graphml, "gexf": write_gexf, "gml": write_gml, "dot": write_dot,
    "gv": write_dot, "net": write_pajek, "json": write_json, "cyjs": write_cytoscape,
    "csv": write_csv, "mmd": write_mermaid, "tex": write_tikz, "mtx": write_matrix_market,
    "parquet": write_parquet,
}  # fmt: skip
"""What writes a graph, by suffix; what NetworkX reads back is equal, but for Gephi's places."""
