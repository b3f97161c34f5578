"""Integer expressions in Python's notation, so that one text runs on ints and on polynomials."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from convmatrix.errors import ProofError
from convmatrix.proof.algebra.polynomial import Polynomial, variables

__all__ = ["evaluate", "parse"]

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Pow: operator.pow,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.USub: operator.neg,
}  # fmt: skip

MOST_NODES = 4000


def evaluate(text: str, values: Mapping[str, Any]) -> Any:
    """The value of an expression; `values` may hold ints, polynomials, arrays or symbols.

    >>> evaluate("(n + 2*p - 3)//2 + 1", {"n": 5, "p": 1})
    3
    """
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ProofError(
            f"expected an integer expression like 'd*(k-1) - p', got {text!r:.60}"
        ) from None
    if sum(1 for _ in ast.walk(tree)) > MOST_NODES:
        raise ProofError(f"an expression of more than {MOST_NODES} parts; use a shorter one")
    return _value(tree.body, values)


def _value(node: ast.AST, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            return number
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.UnaryOp(op=op, operand=x) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(x, values))
        case ast.BinOp(left=a, op=ast.Pow(), right=ast.Constant(value=int(b))) if 0 <= b <= 8:
            return _value(a, values) ** b
        case ast.BinOp(left=a, op=op, right=b) if type(op) in _OPERATORS.keys() - {ast.Pow}:
            return _OPERATORS[type(op)](_value(a, values), _value(b, values))
        case ast.Call(func=ast.Name(id="abs"), args=[x], keywords=[]):
            return abs(_value(x, values))
    raise ProofError(
        f"expected integers, + - * // % abs() and the names {', '.join(values)}, "
        f"got {ast.unparse(node)!r:.60}"
    )


class _AnyName(dict[str, Polynomial]):
    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> Polynomial:
        return variables(name)[0]


def parse(text: str) -> Polynomial:
    """The polynomial that a text says, any name in it being a variable.

    >>> parse("d*(k - 1) - p")
    d*k - d - p
    """
    return Polynomial.of(evaluate(text, _AnyName()))
