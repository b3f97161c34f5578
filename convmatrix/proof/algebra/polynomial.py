"""Integer expressions as polynomials: what the index functions run on when geometry is symbolic.

A floor division or an absolute value becomes a variable that carries its own definition as
inequalities, so that everything stays a polynomial and nothing is forgotten. Text goes in and out
in Python's notation (`d*k - d + p`, `(n + 1)//s`), so the same text also runs on plain ints.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from convmatrix.errors import GeometryError, ProofError
from convmatrix.proof.algebra.checker import Terms, add, multiply, scaled

MOST_TERMS = 100_000
"""Of a product; what people write has a few dozen."""

__all__ = ["Absolute", "Defined", "Polynomial", "Quotient", "variables"]


class Polynomial:
    """A polynomial with integer coefficients in named integer variables.

    It stands where an int stands in `relation.py` and in a layer's geometry.

    >>> n, s = variables("n s")
    >>> (n + 1) * s - s, (n * s + 1) // s
    (n*s, n + (1//s))
    """

    __slots__ = ("terms",)

    is_expression = is_integer = is_finite = True

    def __init__(self, terms: Terms) -> None:
        self.terms = terms

    @classmethod
    def of(cls, value: Any) -> Polynomial:
        """An int or a polynomial as a polynomial."""
        if isinstance(value, Polynomial):
            return value
        number = operator.index(value)
        return cls({(): number} if number else {})

    @property
    def is_number(self) -> bool:
        """Whether it is a constant."""
        return not self.terms or set(self.terms) == {()}

    @property
    def is_Integer(self) -> bool:
        """Whether it is a constant."""
        return self.is_number

    @property
    def free_symbols(self) -> set[str]:
        """The names it depends on, those inside definitions included."""
        names = {v for monomial in self.terms for v in monomial}
        inner = {v: v.inside for v in names if isinstance(v, Defined)}
        return (names - set(inner)).union(*(p.free_symbols for ps in inner.values() for p in ps))

    def __int__(self) -> int:
        if not self.is_number:
            raise ProofError(f"{self} has no number; substitute {', '.join(self.free_symbols)}")
        return self.terms.get((), 0)

    def __add__(self, other: Any) -> Polynomial:
        return Polynomial(add(self.terms, Polynomial.of(other).terms))

    def __neg__(self) -> Polynomial:
        return Polynomial(scaled(self.terms, -1))

    def __sub__(self, other: Any) -> Polynomial:
        return self + -Polynomial.of(other)

    def __rsub__(self, other: Any) -> Polynomial:
        return Polynomial.of(other) - self

    def __mul__(self, other: Any) -> Polynomial:
        factor = Polynomial.of(other)
        if len(self.terms) * len(factor.terms) > MOST_TERMS:
            raise ProofError(f"a product of more than {MOST_TERMS} terms; use a simpler geometry")
        return Polynomial(multiply(self.terms, factor.terms))

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, power: int) -> Polynomial:
        result: Polynomial = Polynomial.of(1)
        for _ in range(power):
            result = result * self
        return result

    def __floordiv__(self, other: Any) -> Polynomial:
        divisor = Polynomial.of(other)
        if divisor.is_number and int(divisor) < 1:
            raise GeometryError(f"({self}) // {divisor}: a divisor in a geometry is at least 1")
        whole, rest = _divide(self, divisor)
        if not rest.terms:
            return whole
        if rest.is_number and divisor.is_number:
            return whole + int(rest) // int(divisor)
        return whole + _variable(Quotient(rest, divisor))

    def __rfloordiv__(self, other: Any) -> Polynomial:
        return Polynomial.of(other).__floordiv__(self)

    def __mod__(self, other: Any) -> Polynomial:
        divisor = Polynomial.of(other)
        return self - (self // divisor) * divisor

    def __rmod__(self, other: Any) -> Polynomial:
        return Polynomial.of(other).__mod__(self)

    def __abs__(self) -> Polynomial:
        if self.is_number:
            return Polynomial.of(abs(int(self)))
        leading = max(self.terms)
        return _variable(Absolute(self if self.terms[leading] > 0 else -self))

    def __lt__(self, other: Any) -> bool | None:
        """True, False, or None where it depends on the variables."""
        difference = self - other
        return int(difference) < 0 if difference.is_number else None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (int, Polynomial)):
            return NotImplemented
        return self.terms == Polynomial.of(other).terms

    def __hash__(self) -> int:
        return hash(frozenset(self.terms.items()))

    def in_order(self) -> list[tuple[tuple[str, ...], int]]:
        """The terms as people write them: plain before defined, positive first, constant last."""

        def order(item: tuple[tuple[str, ...], int]) -> tuple[bool, bool, bool, tuple[str, ...]]:
            names, c = item
            return not names, c < 0, any(isinstance(v, Defined) for v in names), names

        return sorted(self.terms.items(), key=order)

    def __str__(self) -> str:
        text = ""
        for monomial, c in self.in_order():
            factors = ([] if abs(c) == 1 and monomial else [str(abs(c))]) + list(monomial)
            sign = ("-" if c < 0 else "") if not text else (" - " if c < 0 else " + ")
            text += sign + "*".join(factors)
        return text or "0"

    __repr__ = __str__

    def at(self, values: Mapping[str, int]) -> int:
        """Its value where the variables have these values.

        >>> n, s = variables("n s")
        >>> ((n + 1) // s).at({"n": 6, "s": 2})
        3
        """
        total = 0
        for monomial, c in self.terms.items():
            for v in monomial:
                c *= v.at(values) if isinstance(v, Defined) else values[v]
            total += c
        return total


def _divide(numerator: Polynomial, divisor: Polynomial) -> tuple[Polynomial, Polynomial]:
    """`numerator = divisor * whole + rest`, so that equal quotients get one name: every multiple of
    a divisor of one term is taken out, one of several terms only where it leaves nothing."""
    leading = max(divisor.terms, key=_order)
    whole, rest, todo = Polynomial({}), Polynomial({}), numerator
    while todo.terms:
        monomial = max(todo.terms, key=_order)
        term = Polynomial({monomial: todo.terms[monomial]})
        left = _without(monomial, leading)
        times = 0 if left is None else todo.terms[monomial] // divisor.terms[leading]
        if times and left is not None:
            factor = Polynomial({left: times})
            whole, todo = whole + factor, todo - factor * divisor
            term = Polynomial({monomial: todo.terms.get(monomial, 0)})
        if term.terms[monomial]:
            rest, todo = rest + term, todo - term
    if rest.terms and len(divisor.terms) > 1:
        return Polynomial({}), numerator
    return whole, rest


def _order(monomial: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Monomials by degree, then by name."""
    return len(monomial), monomial


def _without(monomial: tuple[str, ...], factor: tuple[str, ...]) -> tuple[str, ...] | None:
    """What is left of a monomial divided by another; None where it is no multiple."""
    left = list(monomial)
    for name in factor:
        if name not in left:
            return None
        left.remove(name)
    return tuple(left)


class Defined(str):
    """A variable that stands for an expression, named by the expression's text."""

    __slots__ = ("inside",)
    inside: tuple[Polynomial, ...]

    def __getnewargs__(self) -> tuple[Any, ...]:
        """What a copy is made of: text alone does not make one."""
        return self.inside

    def facts(self) -> tuple[list[Polynomial], list[Polynomial]]:
        """What defines it: polynomials that are >= 0, and polynomials that are 0."""
        raise NotImplementedError

    def at(self, values: Mapping[str, int]) -> int:
        """Its value where the variables have these values."""
        raise NotImplementedError


class Quotient(Defined):
    """`numerator // divisor`, for a divisor of at least 1."""

    __slots__ = ()

    def __new__(cls, numerator: Polynomial, divisor: Polynomial) -> Quotient:
        self = super().__new__(cls, f"({_atom(numerator)}//{_atom(divisor)})")
        self.inside = numerator, divisor
        return self

    def facts(self) -> tuple[list[Polynomial], list[Polynomial]]:
        numerator, divisor = self.inside
        remainder = numerator - divisor * _variable(self)
        return [remainder, divisor - 1 - remainder], []

    def at(self, values: Mapping[str, int]) -> int:
        numerator, divisor = (p.at(values) for p in self.inside)
        if divisor < 1:
            raise GeometryError(f"{self} has the divisor {divisor}; it must be at least 1")
        return numerator // divisor


class Absolute(Defined):
    """`abs(value)`."""

    __slots__ = ()

    def __new__(cls, value: Polynomial) -> Absolute:
        self = super().__new__(cls, f"abs({value})")
        self.inside = (value,)
        return self

    def facts(self) -> tuple[list[Polynomial], list[Polynomial]]:
        (value,), size = self.inside, _variable(self)
        return [size, size - value, size + value], [size * size - value * value]

    def at(self, values: Mapping[str, int]) -> int:
        return abs(self.inside[0].at(values))


def _atom(value: Polynomial) -> str:
    text = str(value)
    return text if text.isalnum() else f"({text})"


def _variable(name: str) -> Polynomial:
    return Polynomial({(name,): 1})


def variables(names: str) -> tuple[Polynomial, ...]:
    """Plain variables, as polynomials."""
    return tuple(map(_variable, names.split()))
