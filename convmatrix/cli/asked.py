"""What the command line asks about: a layer that options describe, or one of a model's file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import convmatrix as cm
from convmatrix.cli.out import say
from convmatrix.errors import FileError, GeometryError, printable
from convmatrix.layers.arguments import per_axis
from convmatrix.shapes import times
from convmatrix.words import Options, build_layer, option
from convmatrix.words.kinds import keywords

if TYPE_CHECKING:
    from convmatrix.layers.trained import TrainedLayer

__all__ = ["Asked", "described"]


@dataclass(frozen=True)  # without slots, so that the model is read once
class Asked:
    """What the command line asks about: the layer that options describe, or one of a model."""

    options: Options
    model: str | None = None
    name: str | None = None

    def layer(self, *, exact: bool = True) -> cm.Layer:
        """The layer; not `exact` makes fractions of its weight floats."""
        if self.model is None:
            if self.name is not None:
                raise GeometryError("--layer is of a model's file; give the file, e.g. model.onnx")
            return build_layer(self.options, exact=exact)
        return self._trained.layer()

    def size(self, layer: cm.Layer) -> tuple[int, ...]:
        """The size of its input; of a model's layer one number serves all axes."""
        if self.model is None or self.options.input is not None:
            return layer.sizes(*self.options.sizes)
        trained = self._trained
        apart = per_axis(trained.geometry.get("dilation", 1), layer.ndim, "dilation")
        return tuple(max(5, d * (k - 1) + 1) for d, k in zip(apart, trained.kernel, strict=True))

    def map(self, *, exact: bool = True) -> cm.Map:
        """The layer bound to the size of its input."""
        layer = self.layer(exact=exact)
        return layer.on(*self.size(layer))

    @cached_property
    def _trained(self) -> TrainedLayer:
        assert self.model is not None
        found = _layer_of(self.model, self.name)
        words = self.options.typed - {"input"}
        own = sorted(words - OF_AN_ARCHIVE) or sorted(words) * bool(found.geometry)
        if own:
            raise GeometryError(
                f"{option(own[0])} is not for {found.name} of {self.model}, which has its own; "
                f"leave it out"
            )
        if not words and not self.model.lower().endswith(".onnx"):
            say(
                f"{self.model} holds weights alone, so {found.name} has stride 1 and no padding; "
                f"--stride, --padding, --dilation say otherwise"
            )
        return replace(found, geometry={**found.geometry, **keywords(self.options)})


OF_AN_ARCHIVE = {"stride", "padding", "dilation", "padding_mode", "output_padding"}
"""What a file of bare weights does not say of a layer, so that it may be typed."""

MOST_NAMED = 20


def _layer_of(model: str, name: str | None) -> TrainedLayer:
    """A layer of a model's file, by its name; the only one needs none."""
    layers = cm.read_layers(model)
    found = [one for one in layers if name in (None, one.name)]
    found = found or [one for one in layers if name == printable(one.name)]  # as the list shows it
    if len(found) == 1:
        return found[0]
    what = f"{len(found)} layers" if name is None or found else "no layer"
    called = "" if name is None else f" called {name}"
    known = ", ".join(described(one) for one in (found or layers)[:MOST_NAMED])
    more = f", … ({len(layers)} in all)" if len(layers) > MOST_NAMED else ""
    raise FileError(f"{model} has {what}{called}; choose one with --layer NAME: {known}{more}")


def described(one: TrainedLayer) -> str:
    """A layer of a model in a word or two: `conv1 (standard 3→64, 7×7)`."""
    bare = one.layer()
    kernel = times(one.kernel)
    return f"{one.name} ({one.kind} {bare.in_channels}→{bare.out_channels}, {kernel})"
