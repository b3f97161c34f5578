"""Networks as people draw them, against PyTorch's modules; channels and errors."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

import convmatrix as cm

torch = pytest.importorskip("torch")
nn = torch.nn
torch.manual_seed(0)


def conv(i, o, k, **more):
    return nn.Conv2d(i, o, k, bias=False, dtype=torch.float64, **more)


def ours(module):
    """A torch convolution as a layer."""
    return cm.conv2d(
        module.in_channels, module.out_channels, module.kernel_size, stride=module.stride,
        padding=module.padding, weight=module.weight.detach().numpy(),
    )  # fmt: skip


def graph(nodes, *chains):
    """Nodes with layers, or with joins; edges along chains of names."""
    made = nx.DiGraph()
    for name, what in nodes.items():
        made.add_node(name, **({"join": what} if isinstance(what, str) else {"layer": what}))
    for chain in chains:
        nx.add_path(made, chain.split())
    return made


def residual():
    a, b = conv(4, 4, 3, padding=1), conv(4, 4, 3, padding=1)
    net = graph({"a": ours(a), "r": cm.relu(), "b": ours(b)}, "in a r b sum", "in sum")
    return net, lambda x: b(torch.relu(a(x))) + x, 4


def residual_behind_a_pool():
    a = conv(3, 3, 1)
    net = graph({"p": cm.avg_pool(2), "a": ours(a)}, "in p a sum", "p sum")
    return net, lambda x: a(nn.functional.avg_pool2d(x, 2)) + nn.functional.avg_pool2d(x, 2), 3


def down():
    a, b = conv(4, 6, 3, stride=2, padding=1), conv(4, 6, 1, stride=2)
    return graph({"a": ours(a), "b": ours(b)}, "in a sum", "in b sum"), lambda x: a(x) + b(x), 4


def inception():
    one, three, five, after = (
        conv(5, 2, 1),
        conv(5, 3, 3, padding=1),
        conv(5, 4, 5, padding=2),
        conv(5, 2, 1),
    )
    pool = cm.max_pool(3, stride=1, padding=1)
    net = graph(
        {"1": ours(one), "3": ours(three), "5": ours(five), "p": cm.sequential(pool, ours(after)),
         "out": "concat"},
        "in 1 out", "in 3 out", "in 5 out", "in p out",
    )  # fmt: skip
    pooled = lambda x: after(nn.functional.max_pool2d(x, 3, 1, 1))  # noqa: E731
    return net, lambda x: torch.cat([one(x), three(x), five(x), pooled(x)], 1), 5


def dense():
    """Each layer reads all that came before."""
    a, b = conv(2, 3, 3, padding=1), conv(5, 3, 3, padding=1)
    net = graph({"a": ours(a), "c": "concat", "b": ours(b), "out": "concat"}, "in c", "in a c")
    nx.add_path(net, ["c", "out"])  # in this order
    nx.add_path(net, ["c", "b", "out"])

    def run(x):
        c = torch.cat([x, a(x)], 1)
        return torch.cat([c, b(c)], 1)

    return net, run, 2


def concat_only():
    """The input's channels follow from a layer behind a concatenation with itself."""
    b = conv(6, 1, 1)
    net = graph({"c": "concat", "r": cm.relu(), "b": ours(b)}, "in c b", "in r c")
    return net, lambda x: b(torch.cat([x, torch.relu(x)], 1)), 3


def heads():
    a, b = conv(2, 3, 3), conv(2, 3, 3)
    return graph({"a": ours(a), "b": ours(b)}, "a sum", "b sum"), lambda x: a(x) + b(x), 2


def nested():
    inner, run, _ = residual()
    a, b = conv(2, 4, 1), conv(4, 2, 1)
    net = graph({"s": cm.sequential(ours(a), cm.network(inner), ours(b))}, "in s sum", "in sum")
    return net, lambda x: b(run(a(x))) + x, 2


CASES = [residual, residual_behind_a_pool, down, inception, dense, concat_only, heads, nested]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_it_is_what_torch_computes(case):
    made, run, channels = case()
    net = cm.network(made)
    x = np.random.default_rng(0).standard_normal((2, channels, 8, 8))
    expected = run(torch.tensor(x)).detach().numpy()
    assert net.in_channels == channels
    np.testing.assert_allclose(net(x), expected, atol=1e-10)
    bound = net.on(8, 8)
    assert (bound.out_shape, net.out_channels) == (expected.shape[1:], expected.shape[1])
    if net.is_linear:
        flat = x.reshape(2, -1)
        np.testing.assert_allclose(
            (bound.to_scipy() @ flat.T).T.reshape(expected.shape), expected, atol=1e-10
        )
        np.testing.assert_allclose((bound @ flat.T).T.reshape(expected.shape), expected, atol=1e-10)


def test_nested_weights_are_given_in_one_list():
    inner = cm.sequential(cm.conv1d(1, 1, 1), cm.sequential(cm.conv1d(1, 1, 1), cm.relu(ndim=1)))
    net = cm.network(graph({"a": inner, "b": cm.conv1d(1, 1, 1)}, "in a sum", "in b sum"))
    given = net.with_weight([[2], [3], [5]])
    assert given([[1, 2]]).tolist() == [[11, 22]]
    with pytest.raises(cm.WeightError, match="network of 3 weighted layers takes a list of 3 wei"):
        net.with_weight([[2], [3]])


WRONG = {
    "channels": (
        lambda: cm.network(graph({"a": cm.pointwise(2, 3), "b": cm.pointwise(4, 3)}, "in a b")),
        "node 'b': conv2d(4, 3, 1) takes 4 channels, its input has 3; give it 3 input channels, or "
        "its input 4",
    ),
    "two_heads": (
        lambda: cm.network(graph({"a": cm.pointwise(2, 3), "b": cm.pointwise(4, 3)}, "a s", "b s")),
        "node 'b': conv2d(4, 3, 1) takes 4 channels, its input has 2",
    ),
    "in_a_stack": (
        lambda: cm.network(
            graph(
                {"a": cm.sequential(cm.relu(), cm.pointwise(2, 3)), "b": cm.pointwise(3, 1)},
                "in b a",
            )
        ),
        "node 'a': layer 1 of sequential: relu(channels=2) takes 2 channels, its input has 1",
    ),
    "size": (
        lambda: cm.network(graph({"a": cm.pointwise(1, 1), "b": cm.conv2d(1, 1, 7)}, "a b")).on(
            5, 5
        ),
        "node 'b': kernel does not fit on axis 0: kernel_size=7",
    ),
    "size_in_a_stack": (
        lambda: cm.sequential(cm.conv2d(1, 1, 3), cm.conv2d(1, 1, 7)).on(8, 8),
        "layer 2 of sequential: kernel does not fit on axis 0: kernel_size=7",
    ),
    "size_of_a_run": (
        lambda: cm.sequential(cm.conv1d(1, 1, 3), cm.max_pool(7, ndim=1)).output_size(8),
        "layer 2 of sequential: kernel does not fit on axis 0: kernel_size=7",
    ),
    "branches": (
        lambda: cm.network(
            graph({"a": cm.pointwise(2, 3), "b": cm.pointwise(2, 2)}, "a s", "b s")
        ).on(5),
        "node 's' joins branches of shapes (3, 5, 5), (2, 5, 5) by add",
    ),
    "axes": (
        lambda: cm.network(graph({"a": cm.conv1d(1, 1, 1), "b": cm.conv2d(1, 1, 1)}, "a b")),
        "got 1 (node 'a') and 2 (node 'b'); see ndim=",
    ),
    "no_layer": (lambda: cm.network(graph({}, "a b")), "one number of axes, got none"),
}


@pytest.mark.parametrize(("call", "message"), WRONG.values(), ids=WRONG)
def test_the_node_is_named(call, message):
    with pytest.raises(cm.GeometryError) as caught:
        call()
    assert message in str(caught.value)
