"""Wrong uses of stacks and networks, by class of error: what each is told."""

import networkx as nx
import numpy as np

import convmatrix as cm

PLAIN = cm.conv1d(1, 1, 3)


def graph(layers, *edges):
    """A graph of named layers; an edge is a word of two letters."""
    made = nx.DiGraph()
    for name, layer in layers.items():
        made.add_node(name, layer=layer)
    made.add_edges_from(map(tuple, edges))
    return made


def joined(how):
    made = graph({"a": cm.relu(), "b": cm.relu(), "c": None}, "ac", "bc")
    made.nodes["c"]["join"] = how
    return made


WRONG = {
    cm.GeometryError: {
        "sequential_empty": (
            lambda: cm.sequential(),
            "sequential needs at least one layer, got none",
        ),
        "sequential_not_layer": (
            lambda: cm.sequential(3),
            "sequential takes layers, or one list of them, got 3; make one, e.g. conv2d",
        ),
        "sequential_ndim": (
            lambda: cm.sequential(PLAIN, cm.conv2d(1, 1, 3)),
            "sequential needs layers with one number of axes: conv1d(1, 1, 3) has 1, conv2d(1, "
            "1, 3) 2; see ndim=",
        ),
        "sequential_channels": (
            lambda: cm.sequential(cm.conv1d(1, 2, 3), cm.conv1d(3, 1, 3)),
            "layer 2 of sequential: conv1d(3, 1, 3) takes 3 channels, its input has 2; give it 2 "
            "input channels, or its input 3",
        ),
        "network_cycle": (
            lambda: cm.network(nx.DiGraph([("a", "b"), ("b", "a")])),
            "network takes a directed acyclic graph with at least one node; remove its cycles",
        ),
        "network_empty": (
            lambda: cm.network(nx.DiGraph()),
            "network takes a directed acyclic graph with at least one node; remove its cycles",
        ),
        "network_two_outputs": (
            lambda: cm.network(graph({"a": cm.relu(), "b": cm.relu(), "c": cm.relu()}, "ab", "ac")),
            "network needs one output node, got ['b', 'c']; join them in one node",
        ),
        "network_branches": (
            lambda: cm.network(
                graph({"a": cm.conv1d(1, 1, 1), "b": PLAIN, "c": None}, "ac", "bc")
            ).on(5),
            "node 'c' joins branches of shapes (1, 5), (1, 3) by add; make their sizes equal, or "
            "use join='concat' to stack channels",
        ),
        "network_branch_channels": (
            lambda: cm.network(
                graph({"a": cm.conv1d(1, 1, 1), "b": cm.conv1d(1, 2, 1), "c": None}, "ac", "bc")
            ).on(5),
            "node 'c' joins branches of shapes (1, 5), (2, 5) by add; make their sizes equal, or "
            "use join='concat' to stack channels",
        ),
        "network_axes": (
            lambda: cm.network(graph({"a": cm.conv1d(1, 1, 1), "b": cm.relu()}, "ab")),
            "network needs layers with one number of axes, got 1 (node 'a') and 2 (node 'b'); "
            "see ndim=",
        ),
        "network_join": (
            lambda: cm.network(joined("mul")),
            "join of node 'c' must be one of ('add', 'concat'), got 'mul'",
        ),
    },
    cm.WeightError: {
        "sequential_weights": (
            lambda: cm.sequential(PLAIN, PLAIN).with_weight([np.ones((1, 1, 3))]),
            "a sequential of 2 weighted layers takes a list of 2 weights, got 1",
        ),
        "network_weights": (
            lambda: cm.network(graph({"a": cm.conv1d(1, 1, 1)})).with_weight([]),
            "a network of 1 weighted layers takes a list of 1 weights, got 0",
        ),
    },
    cm.ShapeError: {
        "network_not_layer": (
            lambda: cm.network(graph({"a": 3})),
            "the layer of node 'a' must be a layer, got 3",
        ),
    },
}

NAMED = {
    "network_not_graph": (lambda: cm.network([1, 2]), "[1, 2]"),
}
"""What is said of these holds what was given, whatever the words."""
