"""Whatever is public comes back from pickle, copy, deepcopy and another process as it was."""

from __future__ import annotations

import copy
import inspect
import multiprocessing
import pickle
import sys
from functools import cache

import bounds
import networkx as nx
import numpy as np
import pytest

import convmatrix as cm
from convmatrix import errors

W = np.arange(9.0).reshape(1, 1, 3, 3) - 3
CONV = cm.conv2d(1, 1, 3, padding=1, weight=W, bias=[2])
TURNED = cm.conv_transpose2d(1, 1, 3, stride=2, weight=W, bias=[1])
WORDS = cm.conv1d(1, 1, 3).on(cm.symbols("n"))
SMOOTH = np.outer([1, 2, 1], [1, 0, -1])
RNG = np.random.default_rng(0)


def shortcut(*layers):
    """Layers in a row, and what goes in added to what comes out."""
    graph = nx.DiGraph()
    for name, layer in enumerate((None, *layers, None)):
        graph.add_node(name, layer=layer)
    nx.add_path(graph, range(len(graph)))
    graph.add_edge(0, len(graph) - 1)
    return cm.network(graph)


NETWORK, LINEAR = shortcut(CONV, cm.relu()), shortcut(CONV)
FIVE = CONV.on(5, 5)
FLIPPED = cm.conv2d(1, 1, 3, padding=1, flip=True).on(5, 5)

LAYERS = [
    CONV, TURNED, cm.conv1d(1, 1, 3), cm.conv3d(2, 2, 2, groups=2), cm.avg_pool(2), cm.max_pool(2),
    cm.channel_shuffle(2, channels=4), cm.pad(1), cm.pixel_shuffle(2, channels=4),
    cm.pixel_unshuffle(2, channels=1), cm.relu(), cm.sample(2), cm.upsample(scale_factor=2),
    cm.zero_insert(2), cm.sequential(CONV, cm.relu(), TURNED), NETWORK,
]  # fmt: skip
MAPS = [
    FIVE, FIVE.T, TURNED.on(3, 3), TURNED.on(3, 3).T, FIVE.T @ FIVE,
    cm.sequential(CONV, TURNED).on(4, 4), cm.avg_pool(2).on(4, 4), LINEAR.on(4, 4),
    FIVE + 2 * FIVE, 2 * FIVE, cm.vstack(FIVE, FIVE), cm.block_diag(FIVE, FIVE).T,
]  # fmt: skip
RESULTS = {
    "Pattern": CONV.on(5, 5).pattern,
    "Stencil": CONV.bind((5, 5)),
    "Axis": CONV.bind((5, 5)).axes[0],
    "Rearrangement": cm.channel_shuffle(2, channels=4).bind((3, 3)),
    "Plan": cm.plan(CONV, (1, 5, 5)),
    "Cost": cm.cost(CONV, (5, 5)),
    "Explanation": cm.explain(CONV, (5, 5)),
    "ReceptiveField": cm.receptive_field(CONV, (5, 5))[0],
    "Connectivity": cm.connectivity(CONV.on(5, 5)),
    "Factorization": cm.factorization(CONV.on(5, 5), "winograd"),
    "Separability": cm.separability(SMOOTH),
    "inseparable": cm.separability([[1, 2], [3, 4]]),
    "of floats": cm.separability(RNG.standard_normal((4, 4))),
    "of symbols": cm.separability(cm.weight_symbols("w", (2, 2))),
    "of a stack": cm.separability(RNG.standard_normal((5, 3, 3)), axes=(-2, -1)),
    "DepthwiseSeparability": cm.depthwise_separability(RNG.standard_normal((4, 3, 3, 3))),
    "ChannelGroups": cm.channel_groups(np.kron(np.eye(2), np.ones((2, 2)))[..., None, None]),
    "sizes refuted": cm.prove("sizes", kernel_size=3, stride=2, padding=0),
    "sides refuted": cm.prove_equal(
        CONV.on(5, 5), cm.conv2d(1, 1, 3, padding=1, flip=True).on(5, 5)
    ),
    "shapes refuted": cm.prove_equal(CONV.on(5, 5), CONV.on(5, 6)),
    "all sizes": cm.prove_transpose(CONV),
    "symbols": cm.symbols("n, k"),
}
RESULTS["Certificate"] = cm.prove("transpose").certificate
RESULTS["Counterexample"] = RESULTS["sides refuted"].counterexample
RESULTS["Minor"] = RESULTS["inseparable"].minor
LAZY = {
    view: cm.sequential(CONV, cm.avg_pool(2)).on(4, 4).to_networkx(view, lazy=True)
    for view in ("bipartite", "layered")
}
LAZY["multiple"] = (
    cm.conv1d(1, 1, 3, padding=2, padding_mode="replicate").on(3).to_networkx(lazy=True)
)

WAYS = {
    **{
        f"pickle {protocol}": lambda x, p=protocol: pickle.loads(pickle.dumps(x, p))
        for protocol in (2, pickle.HIGHEST_PROTOCOL)
    },
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}
ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@ways
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_layers(layer, way):
    other = way(layer)
    assert other == layer
    assert hash(other) == hash(layer)
    assert repr(other) == repr(layer)
    for part in other.parts:
        weight = getattr(part, "weight", None)
        if weight is not None:
            with pytest.raises(ValueError, match="read-only"):
                weight[...] = 0
            assert weight.base is not None, "what is made of it does not hold it"
    if all(part.weight_shape is None or part.weight is not None for part in layer.parts):
        x = RNG.standard_normal((layer.in_channels if not layer.takes_channels else 4, 4, 4))
        assert np.array_equal(other(x), layer(x))


@ways
@pytest.mark.parametrize("a", MAPS, ids=repr)
def test_maps(a, way):
    seen = a.pattern, a.T
    other = way(a)
    assert type(other) is type(a)
    assert (repr(other), other.describe()) == (repr(a), a.describe())
    assert other.T.T is other
    assert (other.to_scipy() != a.to_scipy()).nnz == 0
    assert (other.T.to_scipy() != a.T.to_scipy()).nnz == 0
    assert np.array_equal(other.pattern.indices, seen[0].indices)
    x = RNG.standard_normal(a.in_shape)
    assert np.array_equal(other(x), a(x))
    operator = a.to_linear_operator()
    assert np.array_equal(way(operator) @ x.ravel(), operator @ x.ravel())
    assert np.array_equal(way(operator.T) @ a(x).ravel(), operator.T @ a(x).ravel())
    symbols = way(WORDS)
    assert repr(symbols) == repr(WORDS)
    assert symbols.in_shape == WORDS.in_shape


def test_what_a_map_has_computed_is_not_sent_along():
    a = cm.conv2d(1, 1, 5, padding=2, weight=np.ones((1, 1, 5, 5))).on(60, 60)
    before = len(pickle.dumps(a))
    assert a.pattern.nnz > 80_000
    assert len(pickle.dumps(a)) <= before < 4000


def shown(x):
    return repr(x), str(x), x.to_dict() if hasattr(x, "to_dict") else None


@ways
@pytest.mark.parametrize("name", RESULTS)
def test_results(name, way):
    given = RESULTS[name]
    other = way(given)
    assert type(other) is type(given)
    for a, b in zip(*map(shown, (given, other)), strict=True):
        assert repr(a) == repr(b)
    if isinstance(given, cm.Proof) and given.counterexample is not None:
        assert other.counterexample.replay() == given.counterexample.replay()
        assert other.counterexample.replay().differs
    if isinstance(given, cm.Certificate):
        assert other.check() == given.check()
    if isinstance(given, cm.Separability) and given.separable is True:
        for a, b in zip(given.factors, other.factors, strict=True):
            assert np.array_equal(a, b)


proved = cache(cm.prove)


@ways
@pytest.mark.parametrize("name", cm.catalogue())
def test_statements_and_their_proofs(name, way):
    claim = cm.catalogue()[name]
    assert way(claim) is claim
    proof = proved(name)
    other = way(proof)
    assert shown(other) == shown(proof)
    assert bool(other) is bool(proof)
    if proof.certificate is not None:
        assert other.certificate.to_json() == proof.certificate.to_json()


@ways
@pytest.mark.parametrize("name", LAZY)
def test_lazy_graphs(name, way):
    graph = LAZY[name]
    graph.graph["title"] = "mine"
    other = way(graph)
    assert type(other) is type(graph)
    assert other.graph == graph.graph
    assert nx.utils.graphs_equal(other.copy(), graph.copy())
    assert list(other.predecessors(list(graph)[-1])) == list(graph.predecessors(list(graph)[-1]))
    assert type(way(type(graph)())) is type(graph), "the empty one that NetworkX makes to fill"


KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, cm.ConvMatrixError)
]


def made(kind):
    if kind is cm.MissingExtraError:
        return kind("matplotlib", "plot", "a drawing")
    return kind("expected this, got that; use the other")


@ways
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_errors(kind, way):
    error = made(kind)
    error.add_note("seen in a worker")
    other = way(error)
    assert type(other) is kind
    assert (str(other), vars(other)) == (str(error), vars(error))
    assert other.__notes__ == ["seen in a worker"]


def same(x):
    return x


def failing(kind):
    raise made(kind)


def test_another_process_sends_results_and_errors_back():
    context = multiprocessing.get_context("spawn" if sys.platform == "darwin" else "fork")
    with bounds.within(60), context.Pool(1) as pool:
        for given in (*LAYERS[:2], *MAPS, *RESULTS.values(), *LAZY.values()):
            assert type(pool.apply_async(same, (given,)).get(20)) is type(given)
        for kind in KINDS:
            with pytest.raises(kind) as caught:
                pool.apply_async(failing, (kind,)).get(20)
            assert str(caught.value) == str(made(kind))


def test_no_public_class_is_left_out():
    seen = [*LAYERS, *MAPS, *RESULTS.values(), *LAZY.values(), *cm.catalogue().values(), WORDS]
    public = {kind for n in cm.__all__ if inspect.isclass(kind := getattr(cm, n))} - set(KINDS)
    elsewhere = {cm.LayerSeparability, cm.NetworkSeparability, cm.TrainedLayer}
    missing = {kind for kind in public - elsewhere if not any(isinstance(x, kind) for x in seen)}
    assert not missing
    table = cm.network_separability(cm.read_layers({"a.weight": RNG.standard_normal((4, 3, 3, 3))}))
    for way in WAYS.values():
        assert str(way(table)) == str(table)
        row = way(table).layers[0]
        assert isinstance(row, cm.LayerSeparability)
