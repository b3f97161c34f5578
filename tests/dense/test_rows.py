"""Direct sums as sparse matrices of rows, against the matrix of the layer."""

from __future__ import annotations

import sys
from itertools import product

import numpy as np
import pytest

import convmatrix as cm
from convmatrix.dense import choice, rows


@pytest.fixture(autouse=True)
def for_all_sizes(monkeypatch):
    """However few the products are."""
    monkeypatch.setattr(choice, "FEW_PRODUCTS", 0)


@pytest.fixture
def nothing_private(monkeypatch):
    """SciPy without the product that its users are not meant to call."""
    monkeypatch.setitem(sys.modules, "scipy.sparse._sparsetools", None)
    rows._product.cache_clear()
    yield
    rows._product.cache_clear()


ROWS = [
    {"kernel_size": 3, "padding": 1},
    {"kernel_size": (3, 4), "padding": "same", "dilation": (2, 3)},
    {"kernel_size": (2, 5), "padding": ((0, 1), (5, -1)), "flip": True},
    {"kernel_size": (1, 1), "padding": ((0, 0), (3, -3))},
    {"kernel_size": (3, 2), "padding": (1, 2), "stride": (2, 3), "dilation": (1, 2)},
    {"kernel_size": 3, "padding": 2, "stride": (1, 2), "padding_mode": "reflect"},
    {"kernel_size": 3, "padding": 1, "padding_mode": "circular"},
]


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("held", [1 << 5, 1 << 8, 1 << 20])
@pytest.mark.parametrize("options", ROWS, ids=str)
def test_matrices_of_rows_against_the_matrix(monkeypatch, options, held, threads):
    monkeypatch.setattr(rows, "HELD", held)
    rng = np.random.default_rng(9)
    layer = cm.conv2d(4, 8, groups=4, **options)
    layer = layer.with_weight(rng.integers(-5, 6, layer.weight_shape).astype(np.float64))
    x = rng.integers(-5, 6, (2, 4, 9, 7)).astype(np.float64)
    matrix = layer.on(9, 7).to_scipy()
    expected = np.stack([matrix @ sample.ravel() for sample in x])
    found = layer(x, method="direct", threads=threads)
    assert np.array_equal(found.reshape(2, -1), expected)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_matrices_of_rows_of_strided_layers_as_wide_as_their_input(threads):
    layer = cm.conv2d(2, 2, 3, groups=2, stride=(1, 2), padding=(1, 4))
    layer = layer.with_weight(np.random.default_rng(0).integers(-5, 6, (2, 1, 3, 3)).astype(float))
    x = np.random.default_rng(1).integers(-5, 6, (1, 2, 9, 7)).astype(float)
    expected = layer.on(9, 7).to_scipy() @ x.ravel()
    assert np.array_equal(layer(x, method="direct", threads=threads).ravel(), expected)


def test_rows_of_lines_and_volumes(monkeypatch):
    rng = np.random.default_rng(2)
    for layer, size in (
        (cm.conv1d(4, 4, 3, groups=4, padding=1), (11,)),
        (cm.conv1d(4, 4, 3, groups=4, padding=((3, 0),), stride=2, padding_mode="reflect"), (11,)),
        (cm.conv3d(4, 8, (2, 3, 3), groups=2, padding=1, stride=(2, 1, 1)), (5, 6, 7)),
        (cm.conv3d(4, 4, (3, 2, 2), groups=4, padding=1, stride=(1, 2, 3)), (5, 6, 7)),
    ):
        layer = layer.with_weight(rng.integers(-5, 6, layer.weight_shape).astype(float))
        x = rng.integers(-5, 6, (3, 4, *size)).astype(float)
        matrix = layer.on(size).to_scipy()
        for held, number in product((1 << 5, 1 << 8, 1 << 20), (1, 2, 5)):
            monkeypatch.setattr(rows, "HELD", held)
            fresh = layer.with_weight(layer.weight.copy())
            found = fresh(x, method="direct", threads=number)
            assert np.array_equal(found.reshape(3, -1), (matrix @ x.reshape(3, -1).T).T)


def test_rows_do_not_keep_what_an_earlier_call_left():
    """Buffers are kept between calls: with NaN in them, a zero times what is left shows."""
    for options in ROWS:
        layer = cm.conv2d(4, 4, groups=4, **options)
        layer = layer.with_weight(np.ones(layer.weight_shape))
        x = np.random.default_rng(3).integers(-5, 6, (1, 4, 9, 7)).astype(float)
        expected = layer(x, method="direct", threads=1)
        with np.errstate(invalid="ignore"):
            layer(np.full_like(x, np.nan), method="direct", threads=1)
        assert np.array_equal(layer(x, method="direct", threads=1), expected)
        matrix = layer.on(9, 7).to_scipy()
        assert np.array_equal(expected.ravel(), matrix @ x.ravel())


WIDE = [{"kernel_size": (1, 9)}, {"kernel_size": (1, 5), "dilation": (1, 2)}]


@pytest.mark.parametrize("options", WIDE, ids=str)
def test_rows_of_kernels_wider_than_the_image(options):
    layer = cm.conv2d(4, 4, padding=(0, 4), groups=4, **options)
    layer = layer.with_weight(
        1.0 + np.arange(np.prod(layer.weight_shape)).reshape(layer.weight_shape)
    )
    for width in (2, 3, 4, 5):
        x = np.random.default_rng(4).integers(-5, 6, (1, 4, 5, width)).astype(float)
        expected = layer.on(5, width).to_scipy() @ x.ravel()
        assert np.array_equal(layer(x, method="direct").ravel(), expected)


def test_rows_read_and_write_inside_their_arrays(monkeypatch):
    """What SciPy's private product does not check."""
    multiply = rows._product()
    calls = []

    def checked(height, width, length, indptr, indices, data, image, made):
        assert (len(indptr), indptr[-1]) == (height + 1, len(data))
        assert indices[: indptr[-1]].max(initial=0) < width
        assert (indices[: indptr[-1]].max(initial=0) + 1) * length <= image.size
        assert height * length == made.size
        multiply(height, width, length, indptr, indices, data, image, made)
        calls.append(width)

    monkeypatch.setattr(rows, "_product", lambda: checked)
    for options, held in product(ROWS, (1 << 5, 1 << 20)):
        monkeypatch.setattr(rows, "HELD", held)
        layer = cm.conv2d(3, 3, groups=3, **options)
        layer = layer.with_weight(np.ones(layer.weight_shape))
        layer(np.ones((1, 3, 9, 7)), method="direct", threads=2)
    assert calls


def test_rows_need_nothing_private(nothing_private):
    layer = cm.depthwise(3, 3, padding=1)
    layer = layer.with_weight(np.arange(27.0).reshape(3, 1, 3, 3))
    x = np.random.default_rng(10).standard_normal((3, 40, 40))
    found, expected = (layer(x, method=method) for method in ("direct", "sparse"))
    assert np.allclose(found, expected, rtol=0, atol=1e-12)


def test_rows_need_nothing_private_at_any_size(monkeypatch, nothing_private):
    for options, held in product(ROWS, (1 << 5, 1 << 8, 1 << 20)):
        monkeypatch.setattr(rows, "HELD", held)
        layer = cm.conv2d(2, 2, groups=2, **options)
        weight = np.random.default_rng(14).integers(-5, 6, layer.weight_shape)
        layer = layer.with_weight(weight.astype(float))
        x = np.random.default_rng(15).integers(-5, 6, (1, 2, 9, 7)).astype(float)
        expected = layer.on(9, 7).to_scipy() @ x.ravel()
        for number in (1, 2):
            found = layer(x, method="direct", threads=number)
            assert np.array_equal(found.ravel(), expected)


def test_rows_need_nothing_private_with_a_rest_of_groups(nothing_private):
    layer = cm.depthwise(3, 3, padding=1, weight=np.ones((3, 1, 3, 3)))
    x = np.random.default_rng(0).integers(-5, 6, (1, 3, 40, 40)).astype(float)
    expected = layer(x, method="sparse")
    assert np.array_equal(layer(x, method="direct", threads=2), expected)
