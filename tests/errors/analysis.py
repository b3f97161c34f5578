"""Wrong uses of the analyses, by class of error: what each is told."""

import sympy

import convmatrix as cm

N = sympy.Symbol("n", integer=True, positive=True)
PLAIN = cm.conv1d(1, 1, 3)

WRONG = {
    cm.GeometryError: {
        "receptive_shuffle": (
            lambda: cm.receptive_field(cm.pixel_shuffle(2, channels=4)),
            "pixel_shuffle moves or resizes elements, so there is no one receptive field; ask "
            "inputs_of(element) of the map instead",
        ),
    },
    cm.SymbolicError: {
        "explain_symbolic": (
            lambda: cm.explain(PLAIN, N),
            "cannot explain it: the geometry has the symbols n; build the layer and bind it with "
            "integers in their place, e.g. n=3",
        ),
    },
}

NAMED = {
    "cost_symbolic": (lambda: cm.cost(PLAIN, N), "n"),
}
"""What is said of these holds what was given, whatever the words."""
