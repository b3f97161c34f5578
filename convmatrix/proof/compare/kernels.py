"""Which kernels of two maps are one, and whether their weights can be compared at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convmatrix.errors import ProofError
from convmatrix.typing import Array

if TYPE_CHECKING:
    from convmatrix.maps import LeafMap, Map

__all__ = ["kernel_names", "require_comparable"]


def kernel_names(A: Map, B: Map) -> tuple[list[str | None], list[str | None]]:
    """The kernel that each leaf of two maps stands for; None where it has numbers.

    Where both maps are made of the very same layer objects, a layer object is one kernel wherever
    it occurs; else kernels are numbered in the order in which `leaves` gives them: of application,
    where a transposed product keeps the order of what it transposes.
    """
    free_a = [leaf for leaf in A.leaves if leaf.taps is None]
    free_b = [leaf for leaf in B.leaves if leaf.taps is None]
    known = list(dict.fromkeys(id(leaf.typed) for leaf in free_a))
    shared = set(known) == {id(leaf.typed) for leaf in free_b}

    def side(leaves: tuple[LeafMap, ...]) -> list[str | None]:
        weighted = [leaf.layer.weight_shape is not None for leaf in leaves]
        names: list[str | None] = []
        for i, leaf in enumerate(leaves):
            if leaf.taps is not None:
                names.append(None)
                continue
            place = known.index(id(leaf.typed)) + 1 if shared else sum(weighted[: i + 1])
            several = len(known) > 1 if shared else sum(weighted) > 1
            names.append(f"w{place}" if several else "w")
        return names

    return side(A.leaves), side(B.leaves)


def require_comparable(A: Map, B: Map) -> None:
    """`ProofError` where a weight is not finite, or two symbols of weights look alike: they would
    be taken for one."""
    seen: dict[str, Any] = {}
    for leaf in (*A.leaves, *B.leaves):
        weight = leaf.weight
        if weight is None:
            continue
        if not _is_finite(weight):
            raise ProofError(
                f"a weight in a proof is finite, that of {leaf.typed.name} is not; nothing can be "
                f"said of NaN and infinities"
            )
        for value in weight.flat if weight.dtype.kind == "O" else ():
            for symbol in getattr(value, "free_symbols", ()):
                if seen.setdefault(str(symbol), symbol) != symbol:
                    raise ProofError(
                        f"two different symbols are both named {symbol}; use one of them"
                    )


def _is_finite(weight: Array) -> bool:
    if weight.dtype.kind != "O":
        return bool(np.isfinite(weight).all())
    return not any(
        (isinstance(v, (float, complex, np.floating)) and not np.isfinite(v))
        or getattr(v, "is_finite", None) is False
        or str(v) == "nan"
        for v in weight.flat
    )
