"""Which numbers arrays may hold, and in which arithmetic layers run on them."""

from __future__ import annotations

import re
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
import torch

import convmatrix as cm

BF16 = np.dtype(ml_dtypes.bfloat16)
rng = np.random.default_rng(0)


def weighted(layer):
    """Layers in a row, each with a weight that half precision holds."""
    weights = [
        rng.integers(-8, 9, part.weight_shape) / 8
        for part in layer.parts
        if part.weight_shape is not None
    ]
    return layer if not weights else layer.with_weight(weights if len(weights) > 1 else weights[0])


LAYERS = {
    "lines": (cm.conv1d(1, 1, 3), (1, 9000)),
    "tiny": (cm.conv2d(1, 1, 3, padding=1), (1, 5, 5)),
    "rows": (cm.conv2d(1, 2, 3, padding=1), (1, 150, 160)),
    "large": (cm.conv2d(1, 1, 31, padding=15), (1, 160, 160)),
    "channels": (cm.conv2d(32, 32, 3, padding=1), (32, 14, 14)),
    "stride": (cm.conv2d(3, 16, 7, stride=2, padding=3), (3, 40, 40)),
    "grouped": (cm.conv2d(4, 8, 3, groups=2, padding_mode="circular", padding=1), (4, 30, 30)),
    "depthwise": (cm.depthwise(16, 3, padding=1), (16, 40, 40)),
    "point": (cm.pointwise(8, 4), (8, 6, 6)),
    "volume": (cm.conv3d(2, 2, 3, padding=1), (2, 8, 9, 10)),
    "transposed": (cm.conv_transpose2d(4, 3, 4, stride=2, padding=1), (4, 20, 20)),
    "folded": (cm.conv_transpose1d(1, 1, 3, padding=1, padding_mode="reflect"), (1, 5000)),
    "mean": (cm.avg_pool(3, padding=1, count_include_pad=False), (3, 60, 60)),
    "largest": (cm.max_pool(3, stride=2), (3, 60, 60)),
    "zoom": (cm.upsample(scale_factor=2, mode="linear"), (2, 30, 30)),
    "shuffle": (cm.pixel_shuffle(2, channels=4), (4, 30, 30)),
    "stack": (cm.sequential(cm.conv2d(1, 2, 3), cm.relu(), cm.conv2d(2, 1, 3)), (1, 60, 60)),
}


@pytest.mark.parametrize("dtype", [np.dtype(np.float16), BF16], ids=str)
@pytest.mark.parametrize("name", LAYERS)
def test_half_precision_is_float32_rounded_once(name, dtype):
    layer, shape = LAYERS[name]
    layer = weighted(layer)
    x = rng.standard_normal((2, *shape)).astype(dtype)
    wide = x.astype(np.float32)
    single = weights_as(layer, np.float32)
    half = weights_as(layer, dtype)
    expected = single(wide)
    found = half(x)
    assert found.dtype == dtype
    assert expected.dtype == np.float32
    assert np.array_equal(found, expected.astype(dtype))
    if layer.is_linear:
        A, B = (one.with_channels(shape[0]).on(shape[1:]) for one in (half, single))
        assert np.array_equal(A(x), B(wide).astype(dtype))
        flat = x.reshape(2, -1)
        assert np.array_equal(A @ flat[0], (B @ flat[0].astype(np.float32)).astype(dtype))
        assert (A @ flat.T).dtype == dtype
        y = A.T(A(x))
        assert y.dtype == dtype
        assert np.array_equal(y, B.T(A(x).astype(np.float32)).astype(dtype))
        operator = A.to_linear_operator()
        assert (operator @ flat[0]).dtype == (operator.T @ A(x)[0].ravel()).dtype == dtype
        assert np.array_equal(operator @ flat[0], A @ flat[0])


def weights_as(layer, dtype):
    given = [part.weight.astype(dtype) for part in layer.parts if part.weight_shape is not None]
    return layer if not given else layer.with_weight(given if len(given) > 1 else given[0])


@pytest.mark.parametrize("method", ["direct", "winograd", "toeplitz", "lowrank", "fft", "sparse"])
@pytest.mark.parametrize("dtype", [np.dtype(np.float16), BF16], ids=str)
def test_half_precision_by_every_method(method, dtype):
    layer = weighted(cm.depthwise(2, 3, padding=1))
    x = rng.standard_normal((2, 20, 21)).astype(dtype)
    found = weights_as(layer, dtype)(x, method=method, threads=2)
    expected = weights_as(layer, np.float32)(x.astype(np.float32), method=method, threads=2)
    assert found.dtype == dtype
    assert np.array_equal(found, expected.astype(dtype))
    turned = weighted(cm.conv_transpose2d(2, 2, 3, stride=2))
    for how in ("phases", "fold", "sparse"):
        found = weights_as(turned, dtype)(x, method=how)
        expected = weights_as(turned, np.float32)(x.astype(np.float32), method=how)
        assert np.array_equal(found, expected.astype(dtype))


def test_half_precision_meets_other_kinds_as_numpy_says():
    w16 = rng.integers(-4, 5, (3, 2, 3, 3)).astype(np.float16)
    x16 = rng.standard_normal((2, 50, 50)).astype(np.float16)
    for w, x in (
        (w16, rng.integers(0, 256, (2, 50, 50)).astype(np.uint8)), (w16.astype(np.int8), x16),
        (w16, x16.astype(np.float32)), (w16.astype(np.float32), x16), (w16, x16.astype(float)),
        (w16, x16.astype(np.complex64)), (w16, rng.integers(0, 9, (2, 50, 50))),
    ):  # fmt: skip
        whole = w.dtype.kind == "i"
        for bias in (None, np.arange(3, dtype=np.float16)):
            layer = cm.conv2d(2, 3, 3, weight=w, bias=bias)
            dtype = x.dtype if whole else np.result_type(w, x)
            for method in ("auto", "direct", "sparse"):
                found = layer(x, method=method)
                wide = dtype if dtype != np.float16 else np.float32
                exact = cm.conv2d(2, 3, 3, weight=w.astype(wide), bias=bias)(
                    x.astype(wide), method=method
                )
                assert found.dtype == dtype, (w.dtype, x.dtype, method)
                assert np.array_equal(found, exact.astype(dtype))


def test_the_matrix_of_half_precision_is_of_float32(tmp_path):
    w = rng.integers(-8, 9, (1, 1, 3, 3)).astype(np.float16) / 8
    for given in (w, w.astype(BF16)):
        A = cm.conv2d(1, 1, 3, padding=1, weight=given).on(6, 6)
        B = cm.conv2d(1, 1, 3, padding=1, weight=w.astype(np.float32)).on(6, 6)
        assert A.to_scipy().dtype == A.to_dense().dtype == A.to_linear_operator().dtype == "f4"
        assert (A.to_scipy() != B.to_scipy()).nnz == 0
        assert A.to_sympy() == B.to_sympy()
        assert list(A.to_networkx().edges(data="weight")) == list(
            B.to_networkx().edges(data="weight")
        )
        for suffix in ("npz", "mtx", "npy"):
            cm.write_matrix(A, tmp_path / f"a.{suffix}")
            cm.write_matrix(B, tmp_path / f"b.{suffix}")
            a, b = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in "ab")
            assert a == b or suffix == "npz"
    with pytest.raises(cm.WeightError, match="SciPy has no matrix of float16; use dtype='float32'"):
        A.to_scipy("float16")


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?"])
def test_products_with_the_matrix_of_integers_are_those_of_the_map(kind):
    for layer, size in (
        (cm.conv2d(1, 1, 3, padding=1), (4, 4)), (cm.conv2d(2, 2, 3, groups=2), (4, 5)),
        (cm.conv1d(1, 1, 3, padding=2, padding_mode="replicate"), (5,)),
    ):  # fmt: skip
        top = 1 if kind == "?" else min(np.iinfo(kind).max, 2**25)
        w = np.full(layer.weight_shape, top).astype(kind)
        A = layer.with_weight(w).on(size)
        matrix = A.to_scipy()
        assert matrix.dtype == A.T.to_scipy().dtype == A.to_dense().dtype == np.int64
        for other in ("i1", "u1", "i4", "u4", "i8"):
            x = np.full(A.in_shape, min(np.iinfo(other).max, 2**25)).astype(other)
            assert np.array_equal(matrix @ x.ravel(), A(x).ravel())
            assert np.array_equal(matrix @ x.ravel(), (A @ x.ravel()))


def test_a_smaller_dtype_of_integers_is_had_by_asking_where_it_holds_the_entries():
    w = np.full((1, 1, 3), 100, np.int8)
    A = cm.conv1d(1, 1, 3, weight=w).on(6)
    assert A.to_scipy("int8").dtype == np.int8
    assert (A.to_scipy("int8") != A.to_scipy()).nnz == 0
    summed = cm.conv1d(1, 1, 3, weight=w, padding=2, padding_mode="replicate").on(6)
    assert summed.to_scipy("int16").max() == 300
    message = "the entries run from 0 to 300, which int8 does not hold; leave dtype out"
    with pytest.raises(cm.WeightError, match=re.escape(message)):
        summed.to_scipy("int8")
    for wrong in ("U3", "datetime64[s]", [1], "nonsense"):
        with pytest.raises(cm.WeightError, match="dtype must be a NumPy dtype such as 'float32'"):
            A.to_scipy(wrong)
    top = np.array([[[2**64 - 1, 1, 2]]], np.uint64)
    large = cm.conv1d(1, 1, 3, weight=top).on(4)
    assert large.to_scipy().dtype == np.uint64
    assert large.to_dense()[0, 0] == 2**64 - 1


OPS = ["f2", "f4", "f8", "g", "F", "D", "?", "i1", "u1", "i2", "u8", ">f4", ">i4", ">f2", "O"]


@pytest.mark.parametrize("dtype", OPS)
def test_every_kind_and_layout_of_array_has_the_sums_of_its_numbers(dtype):
    layer = cm.conv2d(2, 3, 3, padding=1, stride=2, weight=rng.integers(-3, 4, (3, 2, 3, 3)))
    base = rng.integers(0, 2, (2, 9, 8)).astype(dtype)
    if dtype == "O":
        base = base + Fraction(1, 2) * 0 + base
    whole = np.array([[[int(v.real) for v in row] for row in plane] for plane in base])
    expected = (layer.on(9, 8).to_scipy() @ whole.ravel()).reshape(3, 5, 4)
    spread = np.repeat(base, 2, axis=2)[..., ::2]
    for x in (base, np.asfortranarray(base), base[:, ::-1][:, ::-1], spread):
        found = layer(x)
        assert np.array_equal(found.astype(complex).real, expected)
        for weight in (
            layer.weight.astype("f2"),
            layer.weight.astype(dtype if dtype != "?" else "i1"),
        ):
            if np.issubdtype(weight.dtype, np.unsignedinteger):
                continue
            assert np.array_equal(layer.with_weight(weight)(x).astype(complex).real, expected)
    flat = np.broadcast_to(base[:1, :1, :1], base.shape)
    assert np.array_equal(layer(flat), layer(np.array(flat)))


# ------------------------------------------------------------------------------------ tensors

KINDS = {
    "tensor": lambda a: torch.tensor(a),
    "parameter": lambda a: torch.nn.Parameter(torch.tensor(a)),
    "with gradient": lambda a: torch.tensor(a, requires_grad=True) * 1,
    "strided": lambda a: torch.tensor(np.swapaxes(a, 0, -1).copy()).transpose(0, -1),
    "conjugate": lambda a: torch.tensor(a + 0j).conj().real,
}


@pytest.mark.parametrize("kind", KINDS)
def test_tensors_go_where_arrays_go(kind):
    wrap = KINDS[kind]
    w = rng.integers(-4, 5, (2, 2, 3, 3)).astype(np.float32)
    b = rng.integers(-4, 5, 2).astype(np.float32)
    x = rng.integers(-9, 10, (2, 6, 7)).astype(np.float32)
    plain = cm.conv2d(2, 2, 3, weight=w, bias=b)
    layer = cm.conv2d(2, 2, 3, weight=wrap(w), bias=wrap(b))
    assert layer == plain
    assert np.array_equal(layer.with_weight(wrap(w)).weight, w)
    assert np.array_equal(layer(wrap(x)), plain(x))
    A, B = layer.on(6, 7), plain.on(6, 7)
    assert np.array_equal(A(wrap(x)), B(x))
    assert np.array_equal(A @ wrap(x.ravel()), B @ x.ravel())
    assert np.array_equal(A.T(wrap(B(x))), B.T(B(x)))
    assert cm.plan(layer, wrap(x).shape, "float32").output_shape == (2, 4, 5)
    turned = cm.conv_transpose2d(2, 2, 3, weight=wrap(w), bias=wrap(b))
    assert np.array_equal(turned(wrap(x)), cm.conv_transpose2d(2, 2, 3, weight=w, bias=b)(x))
    kernel = np.outer([1.0, 2.0, 1.0], [1.0, 0.0, -1.0])
    assert cm.separability(wrap(kernel)).separable
    assert np.array_equal(cm.keras_weight(wrap(w)), cm.keras_weight(w))
    passes = cm.spatially_separable(1, 1, (wrap(kernel[0]), wrap(kernel[:, 0])))
    assert passes.on(3, 3).shape == (1, 9)
    assert np.array_equal(plain([wrap(plane) for plane in x]), plain(x)), "a list of them"


def test_tensors_of_half_precision():
    w = torch.randn(2, 1, 3, 3, dtype=torch.bfloat16)
    x = torch.randn(1, 9, 9, dtype=torch.bfloat16)
    found = cm.conv2d(1, 2, 3, weight=w)(x)
    assert found.dtype == np.float32, "NumPy has no bfloat16"
    expected = torch.nn.functional.conv2d(x.float(), w.float()).numpy()
    assert np.allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert cm.conv2d(1, 2, 3, weight=w.half())(x.half()).dtype == np.float16
    eighth = torch.ones(1, 1, 3, 3).to(torch.float8_e4m3fn)
    assert cm.conv2d(1, 1, 3, weight=eighth).weight.dtype == np.float32


def test_what_has_no_numbers_is_refused_by_the_library():
    layer = cm.conv1d(1, 1, 2, weight=[[[1, 2]]])
    sparse = torch.eye(3).to_sparse()
    for x in (sparse, torch.empty(1, 3, device="meta"), [torch.eye(2), torch.eye(3)]):
        with pytest.raises(cm.ShapeError, match="expected a"):
            layer(x)
        with pytest.raises(cm.ShapeError, match="expected a"):
            layer.on(3)(x)
        with pytest.raises(cm.WeightError):
            layer.with_weight(x)
    with pytest.raises(cm.WeightError, match="make it a dense one"):
        cm.separability(sparse)


def test_a_mask_is_never_dropped():
    masked = np.ma.masked_array([[1.0, 2.0, 3.0]], [[False, True, False]])
    layer = cm.conv1d(1, 1, 2, weight=[[[1, 2]]])
    message = (
        "expected an array of numbers, got one with 1 masked; put numbers in their place, "
        "e.g. x.filled(0)"
    )
    for refused in (
        lambda: layer(masked), lambda: layer.on(3)(masked), lambda: layer.on(3) @ masked[0],
        lambda: layer(masked[None]), lambda: layer([masked[0]]),
        lambda: cm.conv1d(1, 1, 3, weight=masked[None]), lambda: cm.separability(masked),
        lambda: cm.conv1d(1, 1, 2, weight=[[[1, 2]]], bias=masked[0, 1:2]),
    ):  # fmt: skip
        with pytest.raises(cm.ConvMatrixError, match=re.escape(message)):
            refused()
    assert np.array_equal(layer(masked.filled(0)), [[1, 6]])
    assert np.array_equal(layer(np.ma.masked_array([[1.0, 2.0, 3.0]])), [[5, 8]]), "none masked"


def test_a_tolerance_of_none_is_the_default_and_other_kinds_are_refused():
    layer = cm.conv2d(1, 1, 3, weight=np.ones((1, 1, 3, 3)))
    x = rng.standard_normal((1, 9, 9))
    for method in ("auto", "direct", "lowrank"):
        assert np.array_equal(layer(x, method=method, tolerance=None), layer(x, method=method))
    assert cm.plan(layer, (1, 9, 9), tolerance=None) == cm.plan(layer, (1, 9, 9))
    for wrong in ("small", [1e-3], 1j, np.nan, -1, 1):
        for call in (layer, lambda x, **k: cm.plan(layer, x.shape, **k)):
            with pytest.raises(cm.GeometryError, match="tolerance is relative, 0 <= tolerance < 1"):
                call(x, tolerance=wrong)
    for wrong in ([], None, 3, "Direct"):
        with pytest.raises(cm.GeometryError, match="method must be one of"):
            layer(x, method=wrong)
        with pytest.raises(cm.GeometryError, match="method must be one of"):
            cm.avg_pool(3)(x, method=wrong)
