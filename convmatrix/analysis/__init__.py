"""What a layer costs, how far it sees, and everything about it on one page."""

from __future__ import annotations

from convmatrix.analysis.costs import Cost, cost
from convmatrix.analysis.explanation import Explanation, explain
from convmatrix.analysis.fields import ReceptiveField, receptive_field

__all__ = ["Cost", "Explanation", "ReceptiveField", "cost", "explain", "receptive_field"]
