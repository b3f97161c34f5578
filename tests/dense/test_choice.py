"""A choice is handed down: through layers in a row, transposes and networks, to what runs."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

import convmatrix as cm

CONV = cm.conv1d(1, 1, 2, stride=2, weight=[[[1.0, -1.0]]])
TURNED = cm.conv_transpose1d(1, 1, 2, stride=2, weight=[[[1.0, -1.0]]], bias=[2.0])
GRAPH = nx.DiGraph()
GRAPH.add_node("a", layer=CONV)
GRAPH.add_edge("a", "out")
X = np.arange(8.0).reshape(1, 8)


class Doubled(cm.Layer):
    """A layer of a user's own, whose `run` takes an array and nothing else."""

    ndim, in_channels, out_channels = 1, 1, 1

    def output_size(self, input_size):
        return input_size

    def run(self, x):
        return 2 * x

    def recipe(self):
        return "doubled", (), {}


REFUSED = [
    (CONV, "winograd"), (cm.sequential(CONV, cm.relu(ndim=1)), "winograd"),
    (cm.sequential(Doubled(), CONV), "fft"), (cm.network(GRAPH), "fft"),
    (TURNED, "winograd"), (cm.sequential(CONV, TURNED), "toeplitz"),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "method"), REFUSED, ids=repr)
def test_a_method_reaches_every_layer(layer, method):
    with pytest.raises(cm.GeometryError, match=f"method '{method}' does not apply"):
        layer(X, method=method)
    assert np.array_equal(layer(X), layer(X, method="sparse"))
    assert np.array_equal(layer(X), layer(X, threads=1))


def test_a_layer_whose_run_takes_no_choice_is_left_to_itself():
    assert np.array_equal(Doubled()(X, method="direct"), 2 * X)
    both = cm.sequential(Doubled(), CONV)
    assert np.array_equal(both(X, method="direct"), 2 * CONV(X))
