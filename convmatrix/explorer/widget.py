"""The notebook widget: the page's own module, on anywidget's contract."""

from __future__ import annotations

from typing import Any

from convmatrix.errors import MissingExtraError
from convmatrix.explorer.live import proof_for, start, view, vocabulary
from convmatrix.explorer.page import module, style
from convmatrix.layers import Layer
from convmatrix.maps import Map

__all__ = ["widget"]


def widget(of: Layer | Map | None = None, *input_size: Any) -> Any:
    """An anywidget that shows a layer at a size, or a map; the article's figure by default.

    Its traits `state` (words, see `convmatrix.explorer.state`), `selection` (what is pinned) and
    `view` (what is shown) follow what happens in the notebook, and may be set from Python.
    """
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise MissingExtraError("anywidget", "widget", "the notebook widget") from None

    class Explorer(anywidget.AnyWidget):
        """The explorer in a notebook."""

        _esm = module()
        _css = style()
        vocabulary = traitlets.Dict().tag(sync=True)
        state = traitlets.Dict().tag(sync=True)
        view = traitlets.Dict().tag(sync=True)
        ui = traitlets.Dict().tag(sync=True)
        selection: Any = traitlets.List().tag(sync=True)
        question = traitlets.Dict().tag(sync=True)
        proof = traitlets.Dict().tag(sync=True)

        def __init__(self, own: Layer | Map | None, state: dict[str, str]) -> None:
            self._own = own
            super().__init__(vocabulary=vocabulary(own), state=state)
            self._answer({"new": state})

        @traitlets.observe("state")
        def _answer(self, change: Any) -> None:
            self.view = view(change["new"], self._own)

        @traitlets.observe("question")
        def _prove(self, change: Any) -> None:
            if change["new"]:
                self.proof = proof_for(change["new"], self._own)

    state, own = start(of, *input_size)
    return Explorer(own, state)
