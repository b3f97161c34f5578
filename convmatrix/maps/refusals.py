"""What a question needs of a map: that it is linear, that it has numbers, that it has weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convmatrix.errors import NotLinearError, SymbolicError, WeightError

if TYPE_CHECKING:
    from convmatrix.maps.shaped import Shaped

__all__ = ["require_linear", "require_numbers", "require_weights"]


def require_linear(a: Shaped, what: str) -> None:
    """`NotLinearError` where a layer is no matrix."""
    for leaf in a.diagram.leaves:
        if not leaf.layer.is_linear:
            raise NotLinearError(
                f"{leaf.typed.name} is not linear, so there is no {what}; it "
                f"has a pattern, a graph and inputs_of/outputs_of"
            )


def require_numbers(a: Shaped, what: str) -> None:
    """`SymbolicError` where the geometry still has symbols."""
    names = sorted({str(s) for leaf in a.diagram.leaves for s in leaf.symbols})
    if names:
        raise SymbolicError(
            f"cannot {what}: the geometry has the symbols {', '.join(names)}; build the layer "
            f"and bind it with integers in their place, e.g. {names[0]}=3"
        )


def require_weights(a: Shaped, what: str) -> None:
    """`WeightError` where a layer that takes a weight has none."""
    for leaf in a.diagram.leaves:
        if leaf.taps is None:
            raise WeightError(
                f"{leaf.typed.name} has no weight and {what} needs one; use "
                f"layer.with_weight(w) with shape {leaf.layer.weight_shape}, or "
                f"to_sympy() for symbols, or pattern for connectivity"
            )
