"""The page: one module, one style sheet; whole in itself with answers baked in, or served."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from itertools import product
from typing import Any

from convmatrix.explorer.live import view, vocabulary
from convmatrix.explorer.presets import PRESETS
from convmatrix.explorer.state import DEFAULTS, OWN
from convmatrix.layers import Layer
from convmatrix.layers.arguments import PADDING_WORDS
from convmatrix.maps import Map
from convmatrix.relation import FOLDS
from convmatrix.words import USES

__all__ = ["POLICY", "baked", "module", "page", "shell", "style"]

SCRIPTS = (
    "words.js", "draw.js", "tables.js", "grids.js", "kernel.js", "matrix.js", "graph.js", "walk.js",
    "facts.js", "controls.js", "share.js", "explorer.js",
)  # fmt: skip
"""Files of one module, in order: they share one scope and need no build step."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""What the live page may do: itself, and nothing from elsewhere."""

_VARIED = {
    "kind": ("conv", "conv_transpose"),
    "kernel": ("1", "2", "3", "4"),
    "stride": ("1", "2", "3"),
    "padding": ("0", "1", "2"),
    "dilation": ("1", "2"),
}
"""All of these together can be shown by a baked page."""

_ALONE = {
    "kind": tuple(USES),
    "padding_mode": tuple(FOLDS),
    "flip": ("1",),
    "groups": ("1", "2"),
    "in_channels": ("1", "2", "3", "4"),
    "out_channels": ("1", "2", "3", "4"),
    "output_padding": ("0", "1"),
    "padding": PADDING_WORDS,
    "scale": ("2", "3"),
}
"""Of these, one changed alone."""


@cache
def module() -> str:
    """The one ES module, for every host."""
    folder = files("convmatrix.explorer") / "static"
    parts = [(folder / name).read_text(encoding="utf-8") for name in SCRIPTS]
    return "\n".join(parts)


@cache
def style() -> str:
    """Its style sheet."""
    return (files("convmatrix.explorer") / "static" / "explorer.css").read_text(encoding="utf-8")


@cache
def host() -> str:
    """The part that stands in for a notebook: a model over fetch or over baked answers."""
    return (files("convmatrix.explorer") / "static" / "host.js").read_text(encoding="utf-8")


def shell(title: str, head: str, body: str) -> str:
    """An HTML document around the explorer."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,">{head}</head>\n'
        f'<body><main id="app"></main>{body}</body></html>\n'
    )


def page(
    state: Mapping[str, str] | None = None,
    own: Layer | Map | None = None,
    *,
    progress: Callable[[Iterable[Any]], Iterable[Any]] = iter,
) -> str:
    """A page that needs nobody: the explorer with the answers for a state, its neighbours and all
    presets baked in, as HTML text.

    Parameters
    ----------
    state
        Words as `state_of` gives them; the article's figure by default.
    own
        The layer or map behind ``kind=own``.
    progress
        Wraps the states that are computed.
    """
    begin = dict(PRESETS[0]["state"] if state is None else state)
    answers = baked(begin, own, progress=progress)
    packed = base64.b64encode(gzip.compress(json.dumps(answers).encode(), 9, mtime=0)).decode()
    config = {"state": begin, "vocabulary": vocabulary(own), "command": "convmatrix explore"}
    script, css = _inline(), style()
    policy = (
        f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(css)}; "
        f"img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}"><style>{css}</style>'
    body = (
        f'<script type="application/json" id="config">{_safe(json.dumps(config))}</script>'
        f'<script type="text/plain" id="answers">{packed}</script>'
        f'<script type="module">{script}</script>'
    )
    return shell("convmatrix explorer", head, body)


def _digest(text: str) -> str:
    """What a policy calls this very text, so that no other may run or style."""
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"


def _safe(text: str) -> str:
    """JSON that can stand in a script element."""
    return text.replace("<", "\\u003c")


def _inline() -> str:
    """Module and host as one inline module."""
    body = module().replace("export default", "const convmatrix =")
    return f"{body}\n{host()}".replace("</script", "<\\/script")


def baked(
    state: Mapping[str, str],
    own: Layer | Map | None = None,
    *,
    progress: Callable[[Iterable[Any]], Iterable[Any]] = iter,
) -> dict[str, Any]:
    """The answers for a state, its neighbours and the presets, by their states as JSON."""
    answers = {}
    for one in progress(list(_states(state))):
        answer = view(one, own)
        if answer["ok"]:
            del answer["state"], answer["text"], answer["factorizations"]
        answers[key(one)] = answer
    return answers


def _states(state: Mapping[str, str]) -> Iterator[dict[str, str]]:
    yield {**DEFAULTS, **state}
    for preset in PRESETS:
        yield {**DEFAULTS, **preset["state"]}
    if state.get("kind") == OWN or state.get("weight"):
        return
    for values in product(*_VARIED.values()):
        yield {**DEFAULTS, "input": state.get("input", DEFAULTS["input"]),
               **dict(zip(_VARIED, values, strict=True))}  # fmt: skip
    lengths = [(str(n),) * len(state.get("input", "5x5").split("x")) for n in range(2, 10)]
    alone = {**_ALONE, "input": ["x".join(length) for length in lengths]}
    for name, words in alone.items():
        for word in words:
            yield {**DEFAULTS, **state, name: word}


def key(state: Mapping[str, str]) -> str:
    """A state by its values in order, as the page makes it too."""
    return json.dumps([state[name] for name in DEFAULTS], separators=(",", ":"), ensure_ascii=False)
