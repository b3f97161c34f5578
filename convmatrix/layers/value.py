"""What makes a layer a value: its fields, compared, hashed, copied and shown."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from typing import Any

import numpy as np

from convmatrix.layers.arrays import frozen, same
from convmatrix.layers.printing import shown
from convmatrix.typing import Recipe

__all__ = ["Value"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Value:
    """A dataclass that is what its fields are, arrays among them; shown as it was made."""

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        pairs = [(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)]
        return all(same(a, b) for a, b in pairs)

    def __hash__(self) -> int:
        values = (getattr(self, f.name) for f in fields(self))
        return hash((type(self), *(v for v in values if not isinstance(v, np.ndarray))))

    def __reduce__(self) -> Any:
        """A copy is frozen as this one is: a pickled array would come back writable."""
        return _restored, (type(self), tuple(getattr(self, f.name) for f in fields(self)))

    def recipe(self) -> Recipe:
        """The maker that makes it, its positional arguments, and its keyword arguments, each
        with the default that is not worth showing; by default the class and its fields."""
        given = [(f.name, getattr(self, f.name), f.default) for f in fields(self)]
        positional = tuple(value for _, value, default in given if default is MISSING)
        named = {n: (value, default) for n, value, default in given if default is not MISSING}
        return type(self).__name__, positional, named

    @property
    def name(self) -> str:
        """The name of the function that makes it."""
        return self.recipe()[0]

    def __repr__(self) -> str:
        maker, positional, keywords = self.recipe()
        given = [shown(value) for value in positional]
        given += [
            f"{key}={shown(value)}"
            for key, (value, default) in keywords.items()
            if isinstance(value, np.ndarray) or shown(value) != shown(default)
        ]
        return f"{maker}({', '.join(given)})"


def _restored(kind: type[Value], values: tuple[Any, ...]) -> Value:
    """A value of these fields' values, which were checked when they were given first."""
    made = object.__new__(kind)
    for field, value in zip(fields(kind), values, strict=True):
        kept = frozen(value) if isinstance(value, np.ndarray) else value
        object.__setattr__(made, field.name, kept)
    return made
