"""What people try first, and what they are told where it does not work."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

import convmatrix as cm
from convmatrix.cli import main

rng = np.random.default_rng(7)
CONV = cm.conv2d(1, 1, 3)


@pytest.mark.parametrize("dtype", [4, "foo", (int, -1), [], "U5", "M8[s]", "V4"], ids=str)
def test_a_kernels_dtype_is_one_of_numbers(dtype):
    with pytest.raises(cm.WeightError, match=r"must be a NumPy dtype of numbers, e\.g\. 'float"):
        cm.kernels.sobel(dtype=dtype)


@pytest.mark.parametrize(
    ("name", "dtype"), [("box", int), ("gaussian", "uint8"), ("sobel", "uint8"), ("box", bool)]
)
def test_a_dtype_that_does_not_hold_a_kernel_is_refused(name, dtype):
    with pytest.raises(cm.WeightError, match=f"dtype={np.dtype(dtype)} does not hold the kernel's"):
        getattr(cm.kernels, name)(dtype=dtype)


def test_a_dtype_that_holds_a_kernel_is_taken():
    assert cm.kernels.sobel(dtype="int8").tolist() == cm.kernels.sobel().tolist()
    assert cm.kernels.identity(dtype=bool).sum() == 1
    assert cm.kernels.box(dtype="complex64").dtype == np.complex64
    assert cm.kernels.gaussian(5, dtype=np.float16).sum() == 1


def test_a_kernels_name_is_a_text():
    with pytest.raises(cm.WeightError, match=r"a kernel.s name is a text, .* got 4$"):
        cm.kernels.named(4)


@pytest.mark.parametrize("given", [CONV, None, 3], ids=str)
def test_what_is_no_array_is_no_kernel(given):
    with pytest.raises(cm.WeightError, match=r"a kernel is an array or a name, got .*its \.weight"):
        cm.separability(given)


def test_a_nodes_name_is_explained():
    with pytest.raises(cm.ShapeError, match=r"the graph's node 'x_0_1_2' is \(0, 1, 2\)"):
        CONV.on(5, 5).outputs_of("x_0_1_2")


@pytest.mark.parametrize("ask", [cm.cost, cm.explain, cm.connectivity, cm.Layer.on])
def test_a_missing_size_is_asked_for(ask):
    with pytest.raises(cm.GeometryError, match="needs an input size: 2 integers, or one for all"):
        ask(CONV)


@pytest.mark.parametrize("bias", [True, False])
def test_a_bias_is_its_numbers(bias):
    with pytest.raises(cm.WeightError, match=r"got \(\); give one number a channel, or leave it"):
        cm.conv2d(1, 1, 3, bias=bias)


def test_a_network_without_a_layer():
    with pytest.raises(cm.GeometryError, match="got none; give a node one: add_node"):
        cm.network(nx.DiGraph([("a", "b")]))


def test_a_large_map_says_how_to_see_it():
    page = cm.conv2d(3, 4, 3).on(100, 100)._repr_html_()
    assert "1,037,232 connections; .explore() shows a window of them" in page


# ---------------------------------------------------------------- dead channels of a grouped layer


def grouped(weight, groups):
    found = cm.channel_groups(weight)
    layer = found.layer(padding=1, bias=np.arange(len(weight)))
    outputs, inputs = weight.shape[:2]
    whole = cm.conv2d(inputs, outputs, 3, padding=1, weight=weight, bias=np.arange(len(weight)))
    x = rng.integers(-9, 9, (inputs, 4, 5))
    assert (layer(x) == whole(x)).all()
    parts = [part for part in layer.parts if part.kernel_size == (3, 3)]
    assert [part.groups for part in parts] == [groups]


def block_diagonal(shape, blocks):
    weight = np.zeros((*shape, 3, 3), int)
    for outputs, inputs in blocks:
        part = np.ix_(outputs, inputs)
        weight[part] = rng.integers(1, 9, (len(outputs), len(inputs), 3, 3))
    return weight


TWO = [([0, 1], [0, 1]), ([2, 3], [2, 3])]
DEAD = {
    "in order": ((6, 6), TWO, 3),
    "shuffled": ((6, 6), [([0, 5], [1, 4]), ([2, 3], [0, 3])], 3),
    "only outputs": ((8, 4), TWO, 2),
    "dead inputs divide into two": ((4, 8), TWO, 2),
    "two blocks a group": ((4, 6), [([o], [c]) for o, c in ((0, 5), (1, 3), (2, 1), (3, 0))], 2),
    "one group": ((3, 3), [([0, 2], [0, 2])], 1),
    "all dead": ((4, 6), [], 2),
}


@pytest.mark.parametrize("case", DEAD)
def test_dead_channels_fill_up_the_groups(case):
    shape, blocks, groups = DEAD[case]
    grouped(block_diagonal(shape, blocks), groups)


def test_live_blocks_of_different_sizes_are_no_grouped_layer():
    weight = block_diagonal((4, 4), [([0], [0]), ([1, 2], [1, 2])])
    with pytest.raises(cm.WeightError, match=r"different sizes \[\(1, 1\), \(2, 2\)\]"):
        cm.channel_groups(weight).layer()


def test_one_is_said_as_one():
    assert str(cm.channel_groups(np.ones((2, 2, 3)))).startswith("1 channel group; as")
    assert "it depends: 1 minor is not 0" in str(cm.separability(cm.weight_symbols("w", (2, 2))))


def test_a_depthwise_verdict_says_how_it_read_the_weight():
    told = str(cm.depthwise_separability(np.ones((3, 3, 64, 32))))
    assert "read as  3 → 3 channels, kernel 64×32" in told


def test_a_grid_lights_no_element_outside():
    with pytest.raises(cm.ShapeError, match="not in shape"):
        cm.draw.draw_grid((1, 5, 5), [(0, 9, 9)])


def test_a_layer_of_bare_weights_says_what_it_lacks(tmp_path, capsys, monkeypatch):
    path = tmp_path / "bare.npz"
    np.savez(path, conv=np.ones((2, 1, 3, 3)))
    for words, told in [((), True), (("--stride", "2"), False)]:
        line = ["matrix", str(path), "--input", "5x5", "-o", str(tmp_path / "m.npz"), *words]
        monkeypatch.setattr("sys.argv", ["convmatrix", *line])
        with pytest.raises(SystemExit):
            main()
        assert ("holds weights alone" in capsys.readouterr().err) is told
