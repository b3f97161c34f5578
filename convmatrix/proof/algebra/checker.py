"""The checker of certificates: exact integers, no dependency, small enough to read in one go.

A polynomial is a dict from monomial (a sorted tuple of variable names) to a non-zero int. From
hypotheses `h >= 0` and `e = 0`, a step proves for all integers

- `g >= 0` by `scale * g = sum(c * product(h)) + sum(factor * e)` with `scale > 0` and `c >= 0`,
- `g >= 0` by refutation: the same sum, where `-g - 1 >= 0` is one more h, equals `-scale`,
- `g = 0` by `scale * g = sum(factor * e)`, or by proving `g >= 0` and `-g >= 0`.

A step is plain data: `{"scale": 1, "sum": [[c, [h, ...]], ...], "eq": [[e, factor], ...],
"refute": false}` with a factor as `[[coefficient, [variable, ...]], ...]`, or `{"both": [step,
step]}`. Whoever found it need not be trusted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["Terms", "add", "multiply", "proves", "scaled"]

Terms = dict[tuple[str, ...], int]


def add(a: Mapping[tuple[str, ...], int], b: Mapping[tuple[str, ...], int]) -> Terms:
    """The sum of two polynomials."""
    total = dict(a)
    for monomial, c in b.items():
        total[monomial] = total.get(monomial, 0) + c
        if not total[monomial]:
            del total[monomial]
    return total


def scaled(a: Mapping[tuple[str, ...], int], factor: int) -> Terms:
    """A polynomial times an integer."""
    return {monomial: c * factor for monomial, c in a.items()} if factor else {}


def multiply(a: Mapping[tuple[str, ...], int], b: Mapping[tuple[str, ...], int]) -> Terms:
    """The product of two polynomials."""
    total: Terms = {}
    for left, c in a.items():
        total = add(total, {tuple(sorted(left + right)): c * e for right, e in b.items()})
    return total


def proves(step: Any, goal: Terms, kind: str, ge: Sequence[Terms], eq: Sequence[Terms]) -> bool:
    """Whether the step proves `goal >= 0` (`kind` "ge") or `goal = 0` ("eq").

    >>> n_is_positive = {("n",): 1, (): -1}
    >>> proves({"scale": 1, "sum": [[1, [0]], [1, []]]}, {("n",): 1}, "ge", [n_is_positive], [])
    True
    """
    if "both" in step:
        sides = zip(step["both"], (goal, scaled(goal, -1)), strict=True)
        return kind == "eq" and all(proves(s, side, "ge", ge, eq) for s, side in sides)
    scale, refute, terms = step["scale"], step.get("refute", False), step.get("sum", [])
    if type(scale) is not int or scale < 1 or (kind == "eq" and (terms or refute)):
        return False
    target = scaled(goal, scale)
    if refute:
        ge, target = [*ge, add(scaled(goal, -1), {(): -1})], {(): -scale}
    total: Terms = {}
    for c, places in terms:
        if type(c) is not int or c < 0 or not all(0 <= j < len(ge) for j in places):
            return False
        product: Terms = {(): c} if c else {}
        for j in places:
            product = multiply(product, ge[j])
        total = add(total, product)
    for place, factor in step.get("eq", []):
        if not 0 <= place < len(eq) or not all(type(c) is int for c, _ in factor):
            return False
        for c, names in factor:
            total = add(total, multiply({tuple(sorted(names)): c} if c else {}, eq[place]))
    return total == target
