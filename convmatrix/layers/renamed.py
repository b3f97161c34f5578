"""Arguments and attributes that had another name: the old one works for a release, and warns."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from convmatrix.errors import ArgumentError

__all__ = ["former", "renamed"]

F = TypeVar("F", bound=Callable[..., Any])


def renamed(**now: str) -> Callable[[F], F]:
    """A function of whose arguments some had other names, `renamed(old="new")`.

    >>> @renamed(wide="width")
    ... def doubled(*, width): return 2 * width
    >>> doubled(wide=3)
    6
    """

    def wrapped(function: F) -> F:
        @wraps(function)
        def call(*given: Any, **named: Any) -> Any:
            for old in now.keys() & named.keys():
                if now[old] in named:
                    raise ArgumentError(
                        f"{function.__name__} got {now[old]} twice, as {old} too; give it once"
                    )
                _warn(old, now[old])
                named[now[old]] = named.pop(old)
            return function(*given, **named)

        return cast(F, call)

    return wrapped


def former(old: str, now: str) -> property:
    """An attribute that has another name now."""

    def get(result: object) -> Any:
        _warn(old, now)
        return getattr(result, now)

    return property(get, doc=f"`{now}`, as it was called before.")


def _warn(old: str, now: str) -> None:
    warnings.warn(
        f"{old} is called {now} now; the old name goes with the next release",
        DeprecationWarning,
        stacklevel=3,
    )
