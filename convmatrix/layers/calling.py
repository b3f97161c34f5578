"""How a public function answers a call that does not fit its signature."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import cache, wraps
from typing import Any, TypeVar, cast, get_args, get_type_hints

from convmatrix.errors import ArgumentError

__all__ = ["is_one_of", "meant", "public"]

F = TypeVar("F", bound=Callable[..., Any])


def public(function: F) -> F:
    """A function that people call: a wrong argument is told under its own name, with the one that
    was meant.

    >>> @public
    ... def area(width, height=1): ...
    >>> area(1, hight=2)
    Traceback (most recent call last):
        ...
    convmatrix.errors.ArgumentError: area has no argument 'hight'; did you mean 'height'?
    """

    @wraps(function)
    def call(*given: Any, **named: Any) -> Any:
        if named:  # what a function hands on must be its own too
            _check(_unknown(function, named))
        try:
            return function(*given, **named)
        except TypeError:
            _check(_misfit(function, given, named))
            raise

    return cast(F, call)


def _check(wrong: str | None) -> None:
    if wrong is not None:
        raise ArgumentError(wrong) from None


def meant(name: str, known: Iterable[str]) -> str:
    """The name that was probably meant, or the empty string.

    >>> meant("pad", ["stride", "padding", "padding_mode"]), meant("x", ["stride"])
    ('padding', '')
    """
    names = list(known)
    begun = [k for k in names if len(name) > 1 and k.startswith(name.lower())]
    return next(iter(begun or get_close_matches(name.lower(), names, 1)), "")


def is_one_of(value: Any, words: Iterable[str]) -> bool:
    """Whether a value is one of some words; what is no text (an array) is none."""
    return isinstance(value, str) and value in words


def _unknown(function: Callable[..., Any], named: dict[str, Any]) -> str | None:
    """What is wrong about the names of a call's arguments."""
    _, known, _ = _arguments(function)
    for wrong in named:
        if known is not None and wrong not in known:
            near = meant(wrong, known)
            fix = f"did you mean {near!r}?" if near else f"it takes {', '.join(known) or 'none'}"
            return f"{function.__name__} has no argument {wrong!r}; {fix}"
    return None


def _misfit(
    function: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any]
) -> str | None:
    """Why a call does not fit a function's signature; None where it does."""
    name = function.__name__
    positional, known, needed = _arguments(function)
    has_many = any(
        p.kind is p.VAR_POSITIONAL for p in inspect.signature(function).parameters.values()
    )
    if len(given) > len(positional) and not has_many:
        rest = ", ".join(f"{k}=" for k in known or () if k not in positional)
        takes = f"only {', '.join(positional)}" if positional else "no argument"
        fix = f"name the others: {rest}" if rest else "leave the others out"
        return f"{name} takes {takes} without a name, got {len(given)}; {fix}"
    placed = positional[: len(given)]
    twice = [k for k in placed if k in named]
    if twice:
        return f"{name} got {twice[0]} twice, with and without its name; give it once"
    missing = [k for k in needed if k not in named and k not in placed]
    if missing:
        shown = ", ".join(k if k in positional else f"{k}=..." for k in needed)
        return f"{name} needs {', '.join(missing)}; write {name}({shown})"
    return None


@cache
def _arguments(function: Callable[..., Any]) -> tuple[list[str], list[str] | None, list[str]]:
    """A function's arguments: those that need no name, all (None where it takes any name), and
    those that it cannot do without."""
    parameters = inspect.signature(function).parameters.values()
    plain = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    positional = [p.name for p in plain if p.kind is p.POSITIONAL_OR_KEYWORD]
    known: list[str] | None = [p.name for p in plain]
    for p in parameters:
        if p.kind is p.VAR_KEYWORD:
            options = get_args(get_type_hints(function)[p.name])
            known = [*(p.name for p in plain), *options[0].__annotations__] if options else None
    return positional, known, [p.name for p in plain if p.default is p.empty]
