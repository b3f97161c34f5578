"""What the verbs print, and the options that say where."""

from __future__ import annotations

import json
from typing import Any

import click

__all__ = ["complain", "format_option", "json_option", "output_option", "say", "show", "warned"]


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
output_option = click.option(
    "-o", "--output", metavar="FILE", help="Write here; - is standard output."
)
format_option = click.option("--format", metavar="FORMAT", help="Of -o, instead of its suffix.")


def show(data: Any, text: str, as_json: bool) -> None:
    """An answer, on standard output."""
    click.echo(_as_json(data) if as_json else text)


def _as_json(data: Any) -> str:
    """Data in one line of JSON, with what a terminal would obey escaped."""
    text = json.dumps(data, ensure_ascii=False)
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def say(message: str) -> None:
    """A message, on standard error."""
    click.echo(message, err=True)


def warned(message: Warning | str, *_: Any, **__: Any) -> None:
    """A warning, on standard error, without the lines of code that Python adds."""
    click.echo(f"convmatrix: warning: {' '.join(str(message).split())}", err=True)


def complain(message: str) -> int:
    """An error in one line, on standard error; the exit status."""
    click.echo(f"convmatrix: {' '.join(message.split())}", err=True)
    return 2
