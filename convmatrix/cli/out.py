"""What the verbs print, and the options that say where."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import click

from convmatrix.errors import printable

__all__ = [
    "complain", "format_option", "json_option", "output_option", "say", "show", "warned", "write",
]  # fmt: skip

_TYPED = {
    "window=[(0, 4), (0, 4)]": "--window 0:4x0:4", "merge=True": "--merge", "lazy=True": "--lazy",
    "abs(y)": "--abs", "y.clip(low, high)": "--clip LOW:HIGH",
    "write_matrix(A, 'file.mtx')": "matrix -o FILE.mtx",
}  # fmt: skip
"""What errors say in Python, as it is typed here."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
output_option = click.option(
    "-o", "--output", metavar="FILE", help="Write here; - is standard output."
)
format_option = click.option("--format", metavar="FORMAT", help="Of -o, instead of its suffix.")


def show(data: Any, text: str, as_json: bool) -> None:
    """An answer, on standard output."""
    click.echo(_as_json(data)) if as_json else write(text)


def _as_json(data: Any) -> str:
    """Data in one line of JSON: escaped is what a terminal would obey, or a code page lacks."""
    utf = "utf" in (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    text = json.dumps(data, ensure_ascii=not utf)
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def write(text: str) -> None:
    """Lines on standard output; what a terminal would obey is shown escaped."""
    click.echo("\n".join(map(printable, text.split("\n"))))


def say(message: str) -> None:
    """A message, on standard error."""
    click.echo(printable(message), err=True)


def warned(message: Warning | str, *_: Any, **__: Any) -> None:
    """A warning, on standard error, without the lines of code that Python adds."""
    click.echo(f"convmatrix: warning: {printable(' '.join(str(message).split()))}", err=True)


def complain(message: str) -> int:
    """An error in one line, on standard error; the exit status."""
    click.echo(f"convmatrix: {printable(' '.join(_as_typed(message).split()))}", err=True)
    return 2


def _as_typed(message: str) -> str:
    """A message with options for parameters.

    >>> _as_typed("taps collide; add merge=True, or format='csv'")
    'taps collide; add --merge, or --format csv'
    """
    for said, typed in _TYPED.items():
        message = message.replace(said, typed)
    return re.sub(r"\b(depth|format|view)='([^']*)'", r"--\1 \2", message)
