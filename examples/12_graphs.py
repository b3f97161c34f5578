"""Connectivity as graphs: the article's figure, layers, channels, and graphs too large to store.

The article draws which elements of a 5×5 input feed which of the output: a only 1, b both 1 and 2,
c only 2, d all four. And it says that a transposed convolution has the same connections, run
backwards. Both are statements about a graph, so here they are checked on one.
"""

import networkx as nx

import convmatrix as cm

# --- the article's figure
A = cm.conv2d(1, 1, 3, stride=2, padding=1).on(5, 5)
graph = A.to_networkx()
named = {"a": "x_0_0_0", "b": "x_0_0_1", "c": "x_0_0_2", "d": "x_0_1_1"}
numbers = {"y_0_0_0": "1", "y_0_0_1": "2", "y_0_1_0": "3", "y_0_1_1": "4"}
reached = {name: "".join(sorted(numbers[y] for y in graph[x])) for name, x in named.items()}
print(f"edges of the figure: {reached}")
assert reached == {"a": "1", "b": "12", "c": "2", "d": "1234"}

# --- the transposed convolution has the same edges, turned round, each with its tap
back = A.T.to_networkx()
assert {(u, v, t) for u, v, t in back.edges(data="tap")} == {
    (v, u, t) for u, v, t in graph.edges(data="tap")
}
print(f"the transpose's graph is this one reversed: {back.number_of_edges()} edges")

# --- channels: a grouped layer falls apart, a depthwise-separable one does not
grouped = cm.conv2d(6, 6, 3, groups=3).on(8, 8).to_networkx("channels")
separable = cm.depthwise_separable(6, 6, 3).on(8, 8).to_networkx("channels")
parts = [nx.number_weakly_connected_components(g) for g in (grouped, separable)]
print(f"groups that do not mix: {parts[0]} grouped, {parts[1]} depthwise-separable")
assert parts == [3, 1]

# --- one axis: a convolution's graph is the product of its axes'
rows, columns = (A.to_networkx("axis", axis=axis) for axis in (0, 1))
assert rows.number_of_edges() * columns.number_of_edges() == A.nnz == graph.number_of_edges()

# --- a thousand million edges, none of them stored
large = cm.conv2d(64, 64, 3, padding=1).on(170, 170)
lazy = large.to_networkx(lazy=True)
print(f"{lazy.number_of_edges():,} edges; x_0_85_85 feeds {lazy.out_degree('x_0_85_85')} outputs")
assert set(lazy["x_0_85_85"]) == {
    "_".join(map(str, ("y", *element))) for element, _ in large.outputs_of((0, 85, 85))
}
stack = cm.sequential(*(cm.conv2d(1, 1, 3, padding=1),) * 6).on(1000, 1000)
layers = stack.to_networkx("layered", lazy=True)
path = nx.shortest_path(layers, "x_0_500_500", "y_0_506_494")
print("through six layers: " + " → ".join(path))
assert len(path) == 7
assert not nx.has_path(layers, "x_0_500_500", "y_0_507_500")  # out of its receptive field

# --- what counts of connections say: checkerboards, gridding, dead inputs
for k in (3, 4):
    found = cm.connectivity(cm.conv_transpose2d(1, 1, k, stride=2), 8, 8)
    print(f"transposed {k}×{k}, stride 2: outputs are written {found.inside} times")
    assert found.uniform == (k % 2 == 0)
dilated = cm.sequential(*(cm.conv2d(1, 1, 3, dilation=2) for _ in range(3)))
hybrid = cm.sequential(*(cm.conv2d(1, 1, 3, dilation=d) for d in (1, 2, 5)))
holes = [cm.connectivity(layer, 40, 40).unseen for layer in (dilated, hybrid)]
print(f"unseen in the receptive field: dilations 2, 2, 2: {holes[0]:.0%}; 1, 2, 5: {holes[1]:.0%}")
assert holes[0] > 0.7
assert holes[1] == 0
skipping = cm.connectivity(cm.conv1d(1, 1, 2, stride=3), 12)
print(f"stride 3, kernel 2: {len(skipping.dead_inputs)} of 12 inputs are dead")
assert skipping.dead_inputs == [(0, 2), (0, 5), (0, 8), (0, 11)]
