"""`convmatrix explore`: a summary, and the interactive page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from convmatrix.cli.asked import Asked
from convmatrix.cli.geometry import geometry, input_option, leave_out, model_argument
from convmatrix.cli.help import Verb
from convmatrix.cli.out import json_option, output_option, say, show, write
from convmatrix.errors import GeometryError
from convmatrix.words import Options

__all__ = ["explore"]


@click.command(cls=Verb)
@click.option("--text", "as_text", is_flag=True, help="Draw grids and matrix in the terminal.")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N",
              help="Serve the page at this port of 127.0.0.1.")  # fmt: skip
@click.option("--no-browser", is_flag=True, help="Serve or write the page, and open no browser.")
@output_option
@json_option
@model_argument
@input_option
@geometry
def explore(
    asked: Asked, as_text: bool, port: int | None, no_browser: bool, output: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Everything about a layer: a summary, and the interactive page.

    In a terminal the page is served live and opened in a browser until Ctrl-C; without the extra
    [explore], or with -o, it is a file that needs no server. MODEL (.onnx, .npz, .safetensors, .pt,
    .pth) shows a layer of a trained network. With no option at all: the article's figure.

    \b
    convmatrix explore --kernel 3 --stride 2 --padding 1 --input 7x7
    convmatrix explore model.onnx --layer conv1 -o page.html
    """  # noqa: D301 - click's mark of a paragraph that is not wrapped
    from convmatrix.explorer.describe import describe
    from convmatrix.explorer.live import start

    if asked == Asked(Options()):
        asked = Asked(Options(kernel="3", stride="2", padding="1"))
    if as_json or as_text or output is not None:
        leave_out("port", why="with -o, --text and --json, which serve nothing")
    if as_text:
        leave_out("as_json", why="with --text")
    shown = asked.layer()
    size = asked.size(shown)
    if output == "" or (output == "-" and (as_text or as_json)):
        raise GeometryError("-o takes the file of the page; with - leave --text and --json out")
    if as_text:
        from convmatrix.explorer.state import understand
        from convmatrix.explorer.text import text

        full = understand(*start(shown, size))  # with an example's weights, where there are none
        write(text(describe(full.map, of=full.layer)))
    elif output != "-":
        description = describe(shown, size)
        show(description, description["text"], as_json)
    wanted = port is not None or no_browser or sys.stdout.isatty()
    if output is not None or (wanted and not as_json and not as_text):
        state, own = start(shown, size)
        _show(state, own, output, port, not no_browser)


def _show(
    state: dict[str, str], own: Any, output: str | None, port: int | None, browser: bool
) -> None:
    """The page: into a file, or live; without the server's libraries a file that is opened."""
    from convmatrix.errors import MissingExtraError
    from convmatrix.explorer.page import page
    from convmatrix.writers import target

    if output is None:
        from convmatrix.explorer.server import serve

        try:
            serve(state, own, port=port, browser=browser, say=say)
        except MissingExtraError as error:
            if port is not None:
                raise
            say(f"{error}; writing a page instead")
        else:
            return

    def watched(states: Any) -> Any:
        with click.progressbar(states, label="answers", file=sys.stderr) as bar:
            yield from bar

    place = "convmatrix-explorer.html" if output is None else output
    text = page(state, own, progress=watched if sys.stderr.isatty() else iter)
    with target(place) as file:
        file.write(text.encode())
    if place != "-":
        say(f"wrote {place}")
    if output is None and browser:
        import webbrowser

        webbrowser.open(Path(place).resolve().as_uri())
