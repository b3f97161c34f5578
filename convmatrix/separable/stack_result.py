"""What `separability` says of a stack of kernels."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from convmatrix.errors import ArgumentError, no_truth_value
from convmatrix.kept import cached_property
from convmatrix.separable.result import Separability
from convmatrix.separable.text import stack_line, stack_text
from convmatrix.typing import Array

if TYPE_CHECKING:
    from convmatrix.separable.stacks import Stack

__all__ = ["StackSeparability"]


class StackSeparability(Separability):
    """The verdict on a stack of kernels: arrays `(*shape,)` in place of one kernel's answers."""

    _of: Stack

    def __getitem__(self, index: Any) -> Separability:
        place = index if isinstance(index, tuple) else (index,)
        if len(place) != len(self.shape):
            raise IndexError(
                f"give {len(self.shape)} indices, one an axis of the stack {self.shape}"
            )
        place = tuple(range(n)[i] for i, n in zip(place, self.shape, strict=True))
        return Separability(self._of.one(place))

    def _one(self, name: str) -> NoReturn:
        raise ArgumentError(f"{name} is of one kernel; pick one of the stack, e.g. verdict[0, 0]")

    def __bool__(self) -> bool:
        raise no_truth_value(
            f"a stack of {prod(self.shape)} verdicts", ".separable.all() or .separable.any()"
        )

    @cached_property
    def singular_values(self) -> Array:
        """Singular values `(*shape, n)` of kernels of two axes, largest first."""
        values = self._of.singular_values()
        return self._one("singular_values") if values is None else values

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "shape": list(self.shape),
            "exact": self.exact,
            "separable": self.separable.tolist(),
            "holds_at": self.holds_at.tolist(),
            "rank": self.rank.tolist(),
            "distance": [None if np.isnan(d) else d for d in self.distance.reshape(-1)],
            "method": self.method,
        }

    def __repr__(self) -> str:
        return stack_line(self._of)

    def __str__(self) -> str:
        return stack_text(self._of)
