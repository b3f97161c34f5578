"""Shapes: as text, as flat indices, and the elements within them."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from math import lcm, prod
from typing import TYPE_CHECKING

from convmatrix.errors import ShapeError
from convmatrix.relation import Index

if TYPE_CHECKING:
    from sympy import Expr

__all__ = ["check_element", "ravel", "simple_size", "times", "unravel"]


def ravel(index: Iterable[Index], shape: Iterable[Index]) -> Index:
    """Flat index in C order (ints or arrays).

    >>> ravel((1, 2), (3, 4))
    6
    """
    flat: Index = 0
    for i, n in zip(index, shape, strict=True):
        flat = flat * n + i
    return flat


def unravel(flat: int, shape: Iterable[int]) -> tuple[int, ...]:
    """The inverse of `ravel`.

    >>> unravel(6, (3, 4))
    (1, 2)
    """
    index: list[int] = []
    for n in reversed(tuple(shape)):
        flat, i = divmod(flat, n)
        index.append(i)
    return tuple(reversed(index))


def check_element(element: Iterable[int] | int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The element as a tuple of ints from 0 on, or `ShapeError` where it lies outside `shape`.

    A negative index counts from the end; the only channel may be left out; one integer is the
    flat index.

    >>> check_element((0, 1, -1), (1, 5, 5)), check_element((1, 4), (1, 5, 5)), check_element(
    ...     9, (1, 5, 5)
    ... )
    ((0, 1, 4), (0, 1, 4), (0, 1, 4))
    """
    flat = not isinstance(element, Iterable)
    try:
        index = tuple(map(operator.index, element if isinstance(element, Iterable) else (element,)))
    except TypeError:
        raise ShapeError(
            f"an element is (channel, *position) in integers within shape {shape}, got "
            f"{element!r:.60}; the graph's node 'x_0_1_2' is (0, 1, 2)"
        ) from None
    if flat:
        count = prod(shape)
        if not -count <= index[0] < count:
            raise ShapeError(
                f"element {element} is not in shape {shape}; use (channel, *position), or a flat "
                f"index from 0 to {count - 1}"
            )
        return unravel(index[0] % count, shape)
    whole = (0, *index) if len(index) == len(shape) - 1 and shape[0] == 1 else index
    if len(whole) != len(shape) or not all(-n <= i < n for i, n in zip(whole, shape, strict=True)):
        raise ShapeError(
            f"element {index} is not in shape {shape}; "
            f"use (channel, *position) with each index from 0 to its size - 1"
        )
    return tuple(i % n for i, n in zip(whole, shape, strict=True))


def times(shape: Iterable[Index], sign: str = "×") -> str:
    """A shape as people write it, `1×5×5`, or with another sign as they type it, `1x5x5`.

    >>> times((1, 5, 5)), times((5, 5), "x")
    ('1×5×5', '5x5')
    """
    return sign.join(f"({text})" if _is_sum(text) else text for text in map(_shown, shape))


def _shown(size: Index) -> str:
    if type(size) is int or not hasattr(size, "atoms"):
        return str(size)
    return str(simple_size(size))


def _is_sum(text: str) -> bool:
    """Whether an expression has a + or - outside its brackets."""
    depth = 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        if sign == " " and depth == 0:
            return True
    return False


def simple_size(size: Expr) -> Expr:
    """A size in symbols as people write it: without remainders, and with a ceiling where it is one.

    >>> import convmatrix as cm
    >>> n = cm.symbols("n")
    >>> from sympy import Mod, floor
    >>> simple_size(n - Mod(n, 2)), simple_size(floor((n + 1) / 2)), simple_size(floor(n / 2))
    (2*floor(n/2), ceiling(n/2), floor(n/2))
    """
    from sympy import Abs, bottom_up, floor

    def rewritten(part: Expr) -> Expr:
        if isinstance(part, Abs):
            return _magnitude(*part.args)
        return _rounded(_quotients(part.args[0])) if isinstance(part, floor) else part

    return _quotients(bottom_up(size, rewritten)).replace(floor, _rounded)


def _quotients(x: Expr) -> Expr:
    """The expression with its remainders written as quotients."""
    from sympy import Mod

    return x.replace(Mod, lambda a, b: a - b * _rounded(a / b))


def _magnitude(x: Expr) -> Expr:
    """The absolute value of what has one sign at either end of a remainder."""
    from sympy import Abs, Mod

    mods = x.atoms(Mod)
    if len(mods) == 1:
        (mod,) = mods
        ends = [x.subs(mod, end) for end in (0, mod.args[1] - 1)]
        if all(end.is_nonpositive for end in ends):
            return -x
        if all(end.is_nonnegative for end in ends):
            return x
    return Abs(x)


def _rounded(x: Expr) -> Expr:
    """`floor(x)`, as a ceiling where the fraction added rounds up."""
    from sympy import Rational, ceiling, floor

    shift, rest = x.expand().as_coeff_Add()
    parts = [term.as_coeff_Mul() for term in rest.as_ordered_terms()]
    if shift.is_Rational and all(c.is_Rational and part.is_integer for c, part in parts):
        step = lcm(*(int(c.q) for c, _ in parts))
        if step > 1 and shift - floor(shift) == Rational(step - 1, step):
            return ceiling(rest) + floor(shift)
    return floor(x)
