"""Verdicts on separability for people: in a line, in lines, and in a notebook."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from convmatrix.separable.numbers import shown, shown_all
from convmatrix.separable.precision import round_up

if TYPE_CHECKING:
    from convmatrix.separable.stacks import Stack
    from convmatrix.separable.verdict import Verdict

__all__ = ["line", "markdown", "rounded", "stack_line", "stack_text", "text"]


MOST_CONDITIONS = 8
"""Conditions that are printed."""
MOST_SHOWN, ENDS = 10, 3
"""Entries of a factor that are printed, and at each end of a longer one."""


def line(of: Verdict) -> str:
    """The verdict as its `repr`: what it says, and the factors or the minor that prove it."""
    facts = [f"separable={of.separable}", f"exact={of.exact}", f"rank={of.rank}"]
    if of.separable:
        facts.append(f"factors={_product(of)}")
    elif of.separable is None:
        facts.append(f"conditions={len(of.conditions)}")
    else:
        facts += [f"holds_at={of.holds_at!r}"] if of.rounded else []
        assert of.minor is not None
        facts.append(f"minor={shown(of.minor.value)}")
    return f"Separability({', '.join(facts)})"


def text(of: Verdict, notes: tuple[str, ...] = ()) -> str:
    """The verdict as `print` shows it."""
    lines = [_headline(of)]
    if of.rounded:
        assert of.precision is not None
        allowed = round_up(of.precision.tolerance)
        lines.append(f"  judged at that precision with  tolerance={allowed}")
    if not np.isnan(of.distance) and (not of.separable or of.distance):
        lines.append(f"  distance to the nearest separable kernel  {of.distance:.3g} of its norm")
    if not of.separable and of.split_axes:
        lines.append(f"  splits off  axes {', '.join(map(str, of.split_axes))}")
    if of.separable is None:
        lines += [f"  separable where  {c} = 0" for c in of.conditions[:MOST_CONDITIONS]]
        if len(of.conditions) > MOST_CONDITIONS:
            lines.append(f"  and {len(of.conditions) - MOST_CONDITIONS} more")
    return "\n".join([*lines, *(() if of.separable else notes), f"  method  {of.method}"])


def stack_line(of: Stack) -> str:
    """The verdict on a stack as its `repr`: how many of its kernels are separable."""
    known = sum(separable is True for separable in of.separable.reshape(-1).tolist())
    return (
        f"Separability({known} of {of.separable.size} kernels separable, "
        f"shape={of.shape}, exact={of.exact})"
    )


def stack_text(of: Stack) -> str:
    """The verdict on a stack as `print` shows it."""
    return "\n".join([stack_line(of), *_rounded_kernels(of), f"  method  {of.method}"])


def markdown(printed: str) -> str:
    r"""What `print` shows, for a notebook: the verdict bold, the rest as it is.

    >>> print(markdown("separable: [1] × [2]\n  method  exact"))
    **separable**: `[1] × [2]`
    <BLANKLINE>
    ```text
      method  exact
    ```
    """
    first, *rest = printed.split("\n")
    said, _, why = first.partition(": ")
    head = f"**{said}**: `{why}`" if why else f"**{said}**"
    return "\n".join([head, "", "```text", *rest, "```"]) if rest else head


def rounded(of: Verdict) -> str:
    """What a kernel is that is separable at a lower precision only, and how to ask for that."""
    assert of.precision is not None
    return (
        f"the kernel is separable at the precision of its values ({of.precision.name}); use "
        f"tolerance={round_up(of.precision.tolerance)} to count that, or .holds_at"
    )


def _headline(of: Verdict) -> str:
    if of.separable:
        return f"separable: {_product(of)}"
    if of.separable is None:
        return "it depends on the symbols"
    minor = of.minor
    assert minor is not None
    along = f" of the unfolding along axis {minor.axis}" if of.kernel.ndim > 2 else ""
    said = "not separable"
    if of.precision is not None:
        own = "exactly" if of.exact else f"to {of.kernel.dtype}'s rounding"
        said = f"separable at {of.precision.name} precision, not {own}"
    return (
        f"{said}: rows {minor.rows} and columns {minor.columns}{along} have the minor "
        f"{shown(minor.value)}, which is not 0"
    )


def _product(of: Verdict) -> str:
    """The factors of a separable kernel."""
    assert of.factors is not None
    said = [f"[{_abbreviated(shown_all(factor))}]" for factor in of.factors]
    if len(said) == 2:
        said[0] += "ᵀ"
    return " × ".join(said)


def _abbreviated(entries: list[str]) -> str:
    """The entries in a row: of many only the ends, as NumPy does."""
    if len(entries) > MOST_SHOWN:
        entries = [*entries[:ENDS], "…", *entries[-ENDS:]]
    return ", ".join(entries)


def _rounded_kernels(of: Stack) -> list[str]:
    """A line on kernels that are separable at a lower precision, where there are some."""
    found = of.rounded
    if not found:
        return []
    names = Counter(precision.name for precision in found).most_common()
    tolerance = round_up(max(precision.tolerance for precision in found))
    return [
        f"  at the precision of their values  {len(found)} more "
        f"({', '.join(f'{count} {name}' for name, count in names)}), with tolerance={tolerance}"
    ]
