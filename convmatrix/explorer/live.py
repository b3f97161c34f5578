"""The answers to a page's questions, whoever carries them: a server, a widget, a baked page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from convmatrix.errors import ConvMatrixError, GeometryError
from convmatrix.explorer.describe import describe
from convmatrix.explorer.presets import PRESETS
from convmatrix.explorer.spelling import command, python, state_of
from convmatrix.explorer.state import DEFAULTS, OWN, Asked, field_of, understand
from convmatrix.layers import Convolution, ConvolutionTranspose, Layer
from convmatrix.layers.arguments import PADDING_WORDS
from convmatrix.maps import Map
from convmatrix.proof import prove_transpose
from convmatrix.relation import FOLDS
from convmatrix.shapes import times
from convmatrix.words import USES

__all__ = ["answered", "proof_for", "start", "view", "vocabulary", "wrong"]

UNFORESEEN = (ValueError, OverflowError, MemoryError, RecursionError)
MOST_VERDICTS = 64
"""Above this not every kernel's verdict is sent."""


def view(given: Mapping[str, Any], own: Layer | Map | None = None) -> dict[str, Any]:
    """All that a page shows of a state; of one that is none, the error and the control it is about.

    >>> view({"stride": "2", "padding": "1"})["shape"]
    [9, 25]
    >>> view({"stride": "0"})["error"]
    'stride must be at least 1, got 0'
    """
    try:
        asked = understand(given, own)
        told = describe(
            asked.map, of=asked.layer, window=asked.state["window"] or None, x=asked.x, u=asked.u
        )
    except (ConvMatrixError, *UNFORESEEN) as error:
        return _refusal(error)
    verdicts = told.pop("separability")
    return {
        "ok": True,
        "state": asked.state,
        "python": python(asked),
        "command": _command(asked, own),
        "example": asked.example,
        **told,
        "separability": verdicts and {
            "count": len(verdicts),
            "separable": sum(bool(v["separable"]) for v in verdicts),
            "kernels": verdicts[:MOST_VERDICTS],
        },
    }  # fmt: skip


def answered(
    body: bytes, own: Layer | Map | None = None, *, proof: bool = False
) -> tuple[bool, bytes]:
    """What a posted state is answered, as JSON, and whether all is well.

    >>> answered(b'{"stride": "0"}')
    (False, b'{"ok": false, "error": "stride must be at least 1, got 0", "field": "stride"}')
    """
    try:
        told = (proof_for if proof else view)(_posted(body), own)
        return told["ok"], json.dumps(told, allow_nan=False).encode()
    except (ConvMatrixError, *UNFORESEEN) as error:
        return False, json.dumps(_refusal(error)).encode()


def _posted(body: bytes) -> dict[str, Any]:
    """The state in a posted text."""
    try:
        given = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        if isinstance(error, ConvMatrixError):
            raise
        raise GeometryError("a state is a JSON object of words; this is no JSON") from None
    if not isinstance(given, dict):
        raise GeometryError("a state is a JSON object of words")
    return given


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    given = dict(pairs)
    if len(given) < len(pairs):
        raise GeometryError("a state names each of its words once; this one repeats some")
    return given


def wrong(message: str, field: str | None = None) -> dict[str, Any]:
    """The answer that says what is wrong, and which control it is about."""
    return {"ok": False, "error": message, "field": field}


def _refusal(error: Exception) -> dict[str, Any]:
    """What is wrong, and the control that it is about; whatever comes, a page gets an answer."""
    text = str(error)
    if not isinstance(error, ConvMatrixError):
        text = f"this cannot be shown ({text or type(error).__name__}); use smaller numbers"
    message = " ".join(text.encode("utf-8", "replace").decode().split())
    return wrong(message, field_of(message))


def _command(asked: Asked, own: Layer | Map | None) -> str:
    return f"A = …  # {own!r}" if asked.state["kind"] == OWN else command(asked.state)


def proof_for(given: Mapping[str, Any], own: Layer | Map | None = None) -> dict[str, Any]:
    """The proof, for all sizes, that a state's transpose is the textbooks' transposed convolution.

    >>> proof_for({"stride": "2"})["verdict"]
    'proved'
    """
    try:
        asked = understand({**given, "weight": "", "x": "", "u": ""}, own)
        layer = asked.layer
        if not isinstance(layer, (Convolution, ConvolutionTranspose)):
            return {"ok": False, "error": "the theorem is about a convolution or its transpose"}
        proof = prove_transpose(layer)
    except (ConvMatrixError, *UNFORESEEN) as error:
        return _refusal(error)
    return {"ok": True, "verdict": proof.verdict, "text": str(proof), **proof.to_dict()}


def vocabulary(own: Layer | Map | None = None) -> dict[str, Any]:
    """What a page needs to know before it shows anything: kinds, words, presets, defaults."""
    from convmatrix import __version__

    kinds = {kind: ["kind", "input", *uses.split()] for kind, uses in USES.items()}
    if own is not None:
        kinds[OWN] = ["kind", *(["input", "weight"] if isinstance(own, Layer) else [])]
    return {
        "version": __version__,
        "kinds": kinds,
        "modes": list(FOLDS),
        "words": list(PADDING_WORDS),
        "defaults": DEFAULTS,
        "presets": PRESETS,
    }


def start(own: Layer | Map | None, *input_size: Any) -> tuple[dict[str, str], Layer | Map | None]:
    """The state that shows a layer or map, and what must stand behind ``kind=own``, if anything."""
    if own is None:
        return dict(PRESETS[0]["state"]), None
    layer = own
    if isinstance(own, Map):
        if own.layer is None or own.layer.on(*own.in_shape[1:]).out_shape != own.out_shape:
            return {"kind": OWN, "input": times(own.in_shape[1:], "x")}, own
        layer, input_size = own.layer, own.in_shape[1:]
    assert isinstance(layer, Layer)
    state = state_of(layer, *input_size)
    return state, layer if state["kind"] == OWN else None
