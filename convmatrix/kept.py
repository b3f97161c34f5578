"""What is made once and kept beside the object that it goes with, for as long as that lives.

There are no locks: every step on a table is one that the interpreter does whole, so neither another
thread nor an interrupt finds one half changed. The price is that two threads that ask at once may
both make a value; the first one is kept.
"""

from __future__ import annotations

import functools
import weakref
from collections import OrderedDict
from collections.abc import Hashable
from functools import partial
from typing import Any, Self, TypeVar, overload

__all__ = ["Kept", "cached_property"]

T = TypeVar("T")


class Kept:
    """At most so many values, each found by its owner and a detail; one goes when its owner does,
    or when so many others were asked for after it."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._table: OrderedDict[Hashable, tuple[weakref.ref[Any], Any]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._table)

    def get(self, owner: object, detail: Hashable) -> Any:
        """The value, or None."""
        key = id(owner), detail
        known = self._table.get(key)
        if known is None or known[0]() is not owner:
            return None
        try:  # noqa: SIM105 - `suppress` takes as long as all the rest
            self._table.move_to_end(key)
        except KeyError:
            pass  # another thread has let it go since
        return known[1]

    def put(self, owner: object, detail: Hashable, value: T) -> T:
        """Keep a value, which must not hold its owner; the one that was there first, if any."""
        key = id(owner), detail
        # the table's own method and no function of ours: an interrupt cannot stop it half-way
        entry = weakref.ref(owner, partial(self._table.pop, key)), value
        known: tuple[weakref.ref[Any], T] = self._table.setdefault(key, entry)
        if known[0]() is not owner:
            self._table[key] = known = entry
        while len(self._table) > self.most:
            self._table.popitem(last=False)
        return known[1]


class cached_property(functools.cached_property[T]):  # noqa: N801 - a drop-in for that one
    """Python 3.12's `functools.cached_property` on 3.11 too, whose lock one thread's interrupt
    could leave shut for all."""

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> T: ...

    def __get__(self, instance: object, owner: type[Any] | None = None) -> Self | T:
        if instance is None:
            return self
        value: T = vars(instance).setdefault(self.func.__name__, self.func(instance))
        return value
