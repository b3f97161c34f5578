"""What a layer costs, how far it sees, how it is computed, and everything about it on one page."""

from __future__ import annotations

from convmatrix.analysis.connectivity import Connectivity, connectivity
from convmatrix.analysis.costs import Cost, cost
from convmatrix.analysis.explanation import Explanation, explain
from convmatrix.analysis.fields import ReceptiveField, receptive_field
from convmatrix.analysis.planning import Plan, plan

__all__ = [
    "Connectivity", "Cost", "Explanation", "Plan", "ReceptiveField", "connectivity", "cost",
    "explain", "plan", "receptive_field",
]  # fmt: skip
