"""What a layer costs, how far it sees, and everything about it on one page."""

from __future__ import annotations

from convmatrix.analysis.connectivity import Connectivity, connectivity
from convmatrix.analysis.costs import Cost, cost
from convmatrix.analysis.explanation import Explanation, explain
from convmatrix.analysis.factors import Factorization, factorization
from convmatrix.analysis.fields import ReceptiveField, receptive_field
from convmatrix.analysis.planning import Plan, plan
from convmatrix.analysis.trained import (
    LayerSeparability,
    NetworkSeparability,
    TrainedLayer,
    network_separability,
)

__all__ = [
    "Connectivity", "Cost", "Explanation", "Factorization", "LayerSeparability",
    "NetworkSeparability", "Plan", "ReceptiveField", "TrainedLayer", "connectivity", "cost",
    "explain", "factorization", "network_separability", "plan", "receptive_field",
]  # fmt: skip
