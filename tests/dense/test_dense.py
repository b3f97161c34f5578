"""The dense algorithms: each against the sparse matrix, which none of them shares code with."""

from __future__ import annotations

import sys
import threading
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

import convmatrix as cm
from convmatrix.dense import Choice, choice, engine, rows, threads
from convmatrix.dense.choice import METHODS
from convmatrix.dense.direct import Direct, rounding
from convmatrix.dense.phases import Phases
from convmatrix.dense.winograd_tables import TRANSFORMS
from convmatrix.maps import applied

CONVS = {1: cm.conv1d, 2: cm.conv2d, 3: cm.conv3d}


def random_layer(rng):
    """A weighted convolution and a size that it fits."""
    ndim = int(rng.integers(1, 4))
    groups = int(rng.integers(1, 4))
    kernel = (int(rng.integers(1, 6)),) * ndim if rng.integers(2) else rng.integers(1, 5, ndim)
    layer = CONVS[ndim](
        groups * int(rng.integers(1, 4)), groups * int(rng.integers(1, 4)), tuple(map(int, kernel)),
        stride=tuple(map(int, rng.integers(1, 4, ndim))) if rng.integers(2) else 1,
        dilation=tuple(map(int, rng.integers(1, 4, ndim))),
        padding=tuple((int(a), int(b)) for a, b in rng.integers(-1, 4, (ndim, 2))),
        groups=groups, flip=bool(rng.integers(2)),
        padding_mode=str(rng.choice(["zeros", "zeros", "circular", "reflect", "replicate"])),
    )  # fmt: skip
    return layer, tuple(map(int, rng.integers(1, 14 if ndim < 3 else 8, ndim)))


def cases(number, seed=0):
    rng = np.random.default_rng(seed)
    found = []
    while len(found) < number:
        layer, size = random_layer(rng)
        try:
            layer.on(size)
        except cm.GeometryError:
            continue
        weight = rng.standard_normal(layer.weight_shape)
        found.append((layer.with_weight(weight), size, int(rng.integers(1, 4))))
    return found


def applied_to_sizes(A, x):
    """|w| applied to |x|, to which errors are relative."""
    return np.abs(A.to_scipy()) @ np.abs(x.reshape(len(x), -1)).T


CASES = cases(150)


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("phases", "fold")])
def test_methods_give_the_matrix_product_within_their_bound(method):
    tried = 0
    rng = np.random.default_rng(1)
    for layer, size, batch in CASES:
        A = layer.on(size)
        x = rng.standard_normal((batch, *A.in_shape))
        for dtype in (np.float32, np.float64):
            weighted = layer.with_weight(layer.weight.astype(dtype))
            small = x.astype(dtype)
            try:
                y = weighted(small, method=method)
            except cm.GeometryError:  # its text has a test of its own
                continue
            tried += 1
            exact = (A.to_scipy() @ small.astype(float).reshape(batch, -1).T).T
            assert y.shape == (batch, *A.out_shape)
            assert y.dtype == dtype
            how = "direct" if method == "sparse" else method
            plan = cm.plan(weighted, small.shape, dtype, method=how)
            largest = applied_to_sizes(A, small.astype(float)).max(initial=0)
            rounded = np.finfo(dtype).eps * np.abs(layer.weight).sum() * np.abs(x).max()
            assert np.abs(y.reshape(batch, -1) - exact).max(initial=0) <= (
                plan.error_bound * largest + rounded
            )
    assert tried >= (10 if method == "lowrank" else 20)


@pytest.mark.parametrize("method", ["auto", "phases", "fold", "sparse"])
def test_transposed_methods_give_the_transposed_product(method):
    rng = np.random.default_rng(2)
    tried = others = 0
    for layer, size, batch in CASES:
        A = layer.on(size)
        y = rng.integers(-9, 10, (batch, *A.out_shape)).astype(float)
        whole = layer.with_weight(rng.integers(-9, 10, layer.weight_shape).astype(float))
        B = whole.on(size)
        try:
            x = applied(B.T, y, Choice(method))
        except cm.GeometryError:
            others += 1
            continue
        tried += 1
        exact = (B.T.to_scipy() @ y.reshape(batch, -1).T).T
        assert np.abs(x.reshape(batch, -1) - exact).max(initial=0) <= 1e-9
    folding = sum(layer.padding_mode != "zeros" for layer, *_ in CASES)
    assert (tried, others) == (len(CASES) - others, folding if method == "phases" else 0)
    assert tried >= 50


@pytest.mark.parametrize(("m", "r"), TRANSFORMS)
def test_winograd_transforms_are_derived_again(m, r):
    """Toom and Cook at 0, 1, -1, 2, ...: AT evaluates, G divides by the products of differences,
    BT has the coefficients of the products; together they are the correlation, exactly."""
    half = Fraction(1, 2)
    points = [Fraction(p) for p in (0, 1, -1, 2, -2, half, -half)][: m + r - 2]
    n = m + r - 1

    def coefficients(roots):
        poly = [Fraction(1)]
        for root in roots:
            shifted = [Fraction(0), *poly]
            poly = [a - root * b for a, b in zip(shifted, [*poly, Fraction(0)], strict=True)]
        return poly + [Fraction(0)] * (n - len(poly))

    others = [[q for q in points if q != p] for p in points]
    at = [[*(p**i for p in points), Fraction(int(i == m - 1))] for i in range(m)]
    g = []
    for p, rest in zip(points, others, strict=True):
        scale = np.prod([p - q for q in rest], initial=Fraction(1))
        g.append([p**k / scale for k in range(r)])
    g.append([Fraction(int(k == r - 1)) for k in range(r)])
    bt = [*map(coefficients, others), coefficients(points)]
    assert TRANSFORMS[m, r] == tuple(tuple(map(tuple, matrix)) for matrix in (at, g, bt))
    for i, k, j in product(range(m), range(r), range(n)):
        total = sum(at[i][q] * g[q][k] * bt[q][j] for q in range(n))
        assert total == (j == i + k)


def test_methods_that_do_not_apply_say_why():
    conv = cm.conv2d(2, 2, 3, stride=2, weight=np.ones((2, 2, 3, 3)))
    x = np.ones((2, 9, 9))
    with pytest.raises(cm.GeometryError, match="'winograd' does not apply: it needs stride 1"):
        conv(x, method="winograd")
    with pytest.raises(cm.GeometryError, match="'phases' does not apply: it is for transposed"):
        conv(x, method="phases")
    with pytest.raises(cm.GeometryError, match="method must be one of"):
        conv(x, method="magic")
    for method in ("winograd", "fft", "lowrank"):
        with pytest.raises(cm.GeometryError, match="integers are exact"):
            cm.depthwise(2, 3, weight=np.ones((2, 1, 3, 3), int))(x.astype(int), method=method)


def test_nan_and_infinities_stay_where_a_direct_sum_has_them():
    rng = np.random.default_rng(3)
    for channels, method in (
        (32, "winograd"), (1, "toeplitz"), (1, "lowrank"), (1, "fft"), (1, "direct"),
    ):  # fmt: skip
        layer = cm.conv2d(channels, channels, 3, padding=1).with_weight(
            rng.standard_normal((channels, channels, 3, 3)).astype(np.float32)
        )
        x = rng.standard_normal((channels, 24, 24)).astype(np.float32)
        x[0, 5, 7], x[0, 20, 20] = np.nan, np.inf
        with np.errstate(invalid="ignore"):
            direct = layer(x, method="sparse")
        for how in ("auto", method):
            y = layer(x, method=how)
            assert np.array_equal(np.isfinite(y), np.isfinite(direct))
            assert np.isnan(direct).sum() < y.size / 4


ACCURACY = [
    cm.conv2d(32, 32, 3, padding=1), cm.conv2d(48, 40, 5, padding=2), cm.conv2d(3, 8, 7, stride=2),
    cm.conv2d(33, 32, 3, padding=4, dilation=4, padding_mode="reflect"), cm.conv1d(8, 8, 9),
    cm.depthwise(6, 3, padding=1), cm.depthwise(4, 7, stride=2), cm.conv2d(1, 1, 31, padding=15),
    cm.conv3d(4, 4, 3, padding=1), cm.conv_transpose2d(32, 16, 4, stride=2, padding=1),
    cm.conv_transpose2d(16, 2, 4, stride=2), cm.conv2d(40, 40, 1),
]  # fmt: skip


@pytest.mark.parametrize("layer", ACCURACY, ids=repr)
@pytest.mark.parametrize("spread", [0, 3, 6])
def test_errors_stay_small_on_mixed_ranges_and_within_the_plan_s_bound(layer, spread):
    """Relative to the largest |w| applied to |x|, for values from 10^-spread to 10^spread."""
    rng = np.random.default_rng(spread)
    size = {1: (400,), 2: (140, 150), 3: (9, 9, 9)}[layer.ndim]
    if layer.in_channels > 1:
        size = size if layer.ndim != 2 else (34, 35)

    def mixed(shape):
        return rng.standard_normal(shape) * 10.0 ** rng.uniform(-spread, spread, shape)

    for dtype, limits in ((np.float32, (2e-6, 5e-5)), (np.float64, (1e-12, 1e-12))):
        weighted = layer.with_weight(mixed(layer.weight_shape).astype(dtype))
        x = mixed((2, layer.in_channels, *size)).astype(dtype)
        wide = layer.with_weight(weighted.weight.astype(np.longdouble))
        exact = wide(x.astype(np.longdouble))
        sizes = layer.with_weight(np.abs(weighted.weight).astype(float))(np.abs(x).astype(float))
        direct = "fold" if "transpose" in layer.name else "direct"
        for method, limit in zip((direct, "auto"), limits, strict=True):
            error = np.abs(weighted(x, method=method) - exact).max() / sizes.max()
            assert error <= limit, (method, dtype, float(error))
            assert error <= cm.plan(weighted, x.shape, dtype, method=method).error_bound


def test_weights_that_are_not_finite_have_no_rank_but_a_direct_sum():
    weight = np.ones((1, 1, 9, 9))
    weight[0, 0, 4, 4] = np.nan
    layer, x = cm.conv2d(1, 1, 9, padding=4, weight=weight), np.ones((1, 200, 200))
    with np.errstate(invalid="ignore"):
        assert np.isnan(layer(x)).all()
    with pytest.raises(cm.WeightError, match="NaN or infinite values has no rank"):
        layer(x, method="lowrank")


def test_a_tolerance_leaves_out_small_singular_values_within_the_bound():
    rng = np.random.default_rng(9)
    bell = np.exp(-(np.linspace(-2, 2, 31) ** 2))
    kernel = np.outer(bell, bell) + 1e-5 * rng.standard_normal((31, 31))
    layer = cm.conv2d(1, 1, 31, padding=15, weight=kernel[None, None])
    x = rng.standard_normal((1, 200, 210))
    exact = layer(x, method="direct")
    plan = cm.plan(layer, x.shape, float, tolerance=1e-3)
    assert (plan.algorithm, plan.reason[:17]) == ("lowrank", "kernels of rank 1")
    assert cm.plan(layer, x.shape, float).algorithm == "fft"
    largest = applied_to_sizes(layer.on(200, 210), x[None]).max()
    error = np.abs(layer(x, tolerance=1e-3) - exact).max() / largest
    assert 1e-9 < error <= plan.error_bound < 0.02
    with pytest.raises(cm.GeometryError, match="tolerance is relative, 0 <= tolerance < 1, got 2"):
        layer(x, tolerance=2)
    with pytest.raises(cm.GeometryError, match="tolerance is relative"):
        cm.plan(layer, x.shape, tolerance=-1e-3)


def test_out_is_written_may_overlap_and_is_checked():
    layer = cm.conv2d(1, 1, 3, padding=1, weight=np.arange(9.0).reshape(1, 1, 3, 3))
    x = np.arange(36.0).reshape(1, 6, 6)
    expected = layer(x)
    out = np.empty_like(expected)
    assert layer(x, out=out) is out
    assert np.array_equal(out, expected)
    assert np.array_equal(layer(x, out=x), expected)
    with pytest.raises(cm.ShapeError, match=r"out must be an array of shape \(1, 6, 6\)"):
        layer(expected, out=np.empty((1, 5, 6)))
    with pytest.raises(cm.ShapeError, match="dtype float64"):
        layer(expected, out=np.empty((1, 6, 6), np.float32))


def test_any_layout_and_no_batch():
    layer = cm.conv2d(32, 32, 3, padding=1).with_weight(
        np.random.default_rng(4).standard_normal((32, 32, 3, 3))
    )
    x = np.random.default_rng(5).standard_normal((2, 32, 20, 18))
    expected = layer(x)
    reversed_copy = np.ascontiguousarray(x[..., ::-1])[..., ::-1]
    frozen = x.copy()
    frozen.setflags(write=False)
    swapped = x.transpose(1, 0, 2, 3).copy().transpose(1, 0, 2, 3)
    for same in (np.asfortranarray(x), reversed_copy, frozen, swapped):
        for method in ("auto", "direct", "toeplitz"):
            assert np.allclose(layer(same, method=method), expected, rtol=1e-9, atol=1e-9)
    assert layer(x[:0]).shape == (0, 32, 20, 18)


def blas_threads():
    return [library.num_threads for library in threads._blas()]


def test_blas_threads_are_restored_after_errors_interrupts_and_from_several_callers():
    before = blas_threads()
    layer = cm.conv2d(64, 64, 3, padding=1).with_weight(np.ones((64, 64, 3, 3), np.float32))
    x = np.ones((2, 64, 40, 40), np.float32)
    expected = layer(x, threads=1)
    results = []
    callers = [
        threading.Thread(target=lambda: results.append(layer(x, threads=2))) for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert all(np.array_equal(y, expected) for y in results)
    assert blas_threads() == before
    for error in (KeyboardInterrupt, ValueError):

        def job(block, error=error):
            if block == 3:
                raise error

        with pytest.raises(error):
            threads.run(2, (job, range(8)))
        assert blas_threads() == before


def test_threads_do_not_change_a_result_but_for_rounding():
    rng = np.random.default_rng(6)
    for layer, size, batch in CASES[:40]:
        x = rng.standard_normal((batch, *layer.on(size).in_shape))
        one, two = (layer(x, method="direct", threads=t) for t in (1, 2))
        assert np.allclose(one, two, rtol=1e-12, atol=1e-12), "blocks differ, the sums do not"


def test_an_engine_is_made_once_and_goes_with_its_weight():

    layer = cm.conv2d(32, 32, 3).with_weight(np.ones((32, 32, 3, 3), np.float32))
    x = np.ones((32, 12, 12), np.float32)
    layer(x)
    kept = len(engine._engines)
    layer(x)
    assert len(engine._engines) == kept
    del layer
    assert len(engine._engines) == kept - 1


def test_plans_print_and_are_data():
    conv = cm.conv2d(64, 64, 3, padding=1)
    plan = cm.plan(conv, (1, 64, 56, 56))
    assert (plan.algorithm, plan.output_shape) == ("winograd", (1, 64, 56, 56))
    assert plan.workspace <= 64 << 20
    assert plan.error_bound > cm.plan(conv, (64, 56, 56), method="direct").error_bound > 0
    assert "fewer multiplications" in str(plan)
    assert plan.to_dict()["macs"] == 64 * 64 * 9 * 56 * 56
    up = cm.plan(cm.conv_transpose2d(64, 32, 4, stride=2, padding=1), (64, 8, 8))
    assert up.algorithm == "phases (direct)"
    smooth = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])[None, None] / 256
    blur = cm.plan(cm.conv2d(1, 1, 5, padding=2, weight=smooth), (1, 256, 256))
    assert (blur.algorithm, blur.reason[:17]) == ("lowrank", "kernels of rank 1")
    noise = np.random.default_rng(8).standard_normal((1, 1, 31, 31))
    large = cm.plan(cm.conv2d(1, 1, 31, padding=15, weight=noise), (1, 512, 512))
    assert (large.algorithm, large.reason[:14]) == ("fft", "a large kernel")
    assert 0 < large.seconds < 1
    assert "predicted" in str(large)
    both = cm.plan(cm.depthwise_separable(32, 64, 3, padding=1), (32, 56, 56))
    assert both.algorithm == "toeplitz → direct"
    assert cm.plan(cm.avg_pool(2, channels=3), (3, 8, 8)).algorithm == "passes"
    with pytest.raises(cm.ShapeError, match="expected the shape of an array"):
        cm.plan(conv, (56, 56))


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
    monkeypatch.setattr(choice, "FEW_PRODUCTS", 0)
    rng = np.random.default_rng(9)
    layer = cm.conv2d(4, 8, groups=4, **options)
    layer = layer.with_weight(rng.integers(-5, 6, layer.weight_shape).astype(np.float64))
    x = rng.integers(-5, 6, (2, 4, 9, 7)).astype(np.float64)
    matrix = layer.on(9, 7).to_scipy()
    expected = np.stack([matrix @ sample.ravel() for sample in x])
    found = layer(x, method="direct", threads=threads)
    assert np.array_equal(found.reshape(2, -1), expected)


def test_rows_need_nothing_private(monkeypatch):
    layer = cm.depthwise(3, 3, padding=1)
    layer = layer.with_weight(np.arange(27.0).reshape(3, 1, 3, 3))
    x = np.random.default_rng(10).standard_normal((3, 40, 40))
    found = layer(x, method="direct")
    monkeypatch.setitem(sys.modules, "scipy.sparse._sparsetools", None)
    rows._product.cache_clear()
    try:
        assert np.allclose(layer(x, method="direct"), found, rtol=0, atol=1e-12)
    finally:
        rows._product.cache_clear()


def single(rng):
    """A layer of one channel a group, whose kernels have every rank from 0 on."""
    groups, kernel = int(rng.integers(1, 4)), tuple(map(int, rng.integers(1, 5, 2)))
    rank = int(rng.integers(0, 3))
    columns, rows = (rng.integers(-3, 4, (groups, k, rank)) for k in kernel)
    layer = cm.conv2d(
        groups, groups, kernel, groups=groups, weight=(columns @ rows.swapaxes(1, 2))[:, None],
        padding=((1, 2), (0, 3)), padding_mode=str(rng.choice(["zeros", "circular", "replicate"])),
        dilation=(int(rng.integers(1, 3)), 1), flip=bool(rng.integers(2)),
    )  # fmt: skip
    return layer, tuple(map(int, rng.integers(6, 9, 2)))


FACTORED = [
    *(
        (layer.with_weight(np.random.default_rng(7).integers(-9, 10, layer.weight_shape)), size)
        for layer, size, _ in CASES
        if layer.on(size).nnz < 4000
    ),
    *(single(np.random.default_rng(seed)) for seed in range(20)),
]


@pytest.mark.parametrize("method", ["direct", "winograd", "toeplitz", "lowrank", "fft", "phases"])
def test_every_algorithm_is_a_factorization_of_the_matrix(method):
    """The factors multiplied out are the matrix, and its transpose; exactly, in fractions."""
    floats = exactly = 0
    for layer, size in FACTORED:
        A = layer.on(size)
        for m in (A, A.T):
            try:
                found = cm.factorization(m, method)
            except cm.GeometryError:
                continue
            floats += 1
            difference = abs(found.product() - m.to_scipy())
            assert difference.shape == m.shape
            assert difference.max() <= 1e-9 * np.abs(layer.weight).max(initial=1)
            if method == "fft":
                with pytest.raises(cm.GeometryError, match="roots of unity are no fractions"):
                    cm.factorization(m, method, exact=True)
            elif (A.nnz < 200 or method == "lowrank") and exactly < 8:
                exactly += 1
                exact = cm.factorization(m, method, exact=True)
                assert exact.product() == m.to_sympy()
    assert floats >= 30
    assert exactly >= 5 or method == "fft"


def test_factorizations_print_and_refuse():
    A = cm.conv1d(1, 1, 3, stride=2, weight=[[[1, 2, 3]]]).on(9)
    assert str(cm.factorization(A)).startswith("direct: weights · gather\n  weights  4×12")
    assert cm.factorization(A.T).names == ("gatherᵀ", "weightsᵀ")
    with pytest.raises(cm.GeometryError, match="'winograd' does not apply: it needs stride 1"):
        cm.factorization(A, "winograd")
    with pytest.raises(cm.GeometryError, match="method must be one of direct, winograd, toeplitz"):
        cm.factorization(A, "phases")
    with pytest.raises(cm.WeightError, match="has no weight to factor"):
        cm.factorization(cm.conv1d(1, 1, 3).on(9))
    with pytest.raises(cm.GeometryError, match="of one weighted layer"):
        cm.factorization(A.T @ A)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_matrices_of_rows_of_strided_layers_as_wide_as_their_input(monkeypatch, threads):
    monkeypatch.setattr(choice, "FEW_PRODUCTS", 0)
    layer = cm.conv2d(2, 2, 3, groups=2, stride=(1, 2), padding=(1, 4))
    layer = layer.with_weight(np.random.default_rng(0).integers(-5, 6, (2, 1, 3, 3)).astype(float))
    x = np.random.default_rng(1).integers(-5, 6, (1, 2, 9, 7)).astype(float)
    expected = layer.on(9, 7).to_scipy() @ x.ravel()
    assert np.array_equal(layer(x, method="direct", threads=threads).ravel(), expected)


def test_rows_of_lines_and_volumes(monkeypatch):
    monkeypatch.setattr(choice, "FEW_PRODUCTS", 0)
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


def test_rows_do_not_keep_what_an_earlier_call_left(monkeypatch):
    """Buffers are kept between calls: with NaN in them, a zero times what is left shows."""
    monkeypatch.setattr(choice, "FEW_PRODUCTS", 0)
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
def test_rows_of_kernels_wider_than_the_image(monkeypatch, options):
    monkeypatch.setattr(choice, "FEW_PRODUCTS", 0)
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
    monkeypatch.setattr(choice, "FEW_PRODUCTS", 0)
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


SHARED = [
    (cm.conv2d(8, 32, 3, padding=1), (4, 5)),
    (cm.conv2d(7, 32, (2, 3), stride=(1, 2), padding=((0, 1), (2, 0)), flip=True), (5, 4)),
    (cm.conv2d(9, 40, 3, padding=2, dilation=2, padding_mode="reflect"), (4, 5)),
    (cm.conv2d(8, 32, 1), (4, 5)),
    (cm.conv1d(2, 16, 3), (9,)),
    (cm.conv2d(8, 64, 3, padding=1, groups=2), (4, 5)),
]


@pytest.mark.parametrize(("layer", "size"), SHARED, ids=repr)
def test_threads_share_out_the_inputs_of_one_block(layer, size):
    """Fewer outputs than channels: each thread sums over its part of the inputs."""
    rng = np.random.default_rng(11)
    layer = layer.with_weight(rng.integers(-5, 6, layer.weight_shape).astype(float))
    x = rng.integers(-5, 6, (1, layer.in_channels, *size)).astype(float)
    expected = layer.on(size).to_scipy() @ x.ravel()
    for number in (1, 2, 3, 5):
        for _ in range(2):
            found = layer(x, method="direct", threads=number)
            assert np.array_equal(found.ravel(), expected)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_threads_share_out_the_phases(number):
    rng = np.random.default_rng(12)
    for layer, size in (
        (cm.conv_transpose2d(6, 4, 3, stride=2, padding=1), (5, 6)),
        (cm.conv_transpose2d(6, 4, (3, 5), stride=(2, 3), dilation=(1, 2)), (5, 6)),
        (cm.conv_transpose2d(6, 4, (1, 2), stride=(2, 3), output_padding=(1, 0)), (5, 6)),
        (cm.conv_transpose1d(6, 4, 4, stride=3, groups=2), (7,)),
    ):
        layer = layer.with_weight(rng.integers(-5, 6, layer.weight_shape).astype(float))
        y = rng.integers(-5, 6, (2, 6, *size)).astype(float)
        matrix = layer.on(size).to_scipy()
        for kind in (np.float32, np.float64, np.complex128):
            z = (y * (1 + 1j)).astype(kind) if kind is np.complex128 else y.astype(kind)
            fitting = layer.with_weight(layer.weight.astype(kind))
            found = fitting(z, method="phases", threads=number)
            assert found.dtype == kind
            assert np.array_equal(found.reshape(2, -1), (matrix @ z.reshape(2, -1).T).T)


def test_nan_stays_where_a_transposed_sum_has_it():
    rng = np.random.default_rng(13)
    layer = cm.conv_transpose2d(32, 32, 6, stride=2)
    layer = layer.with_weight(rng.standard_normal(layer.weight_shape).astype(np.float32))
    y = rng.standard_normal((32, 16, 16)).astype(np.float32)
    y[0, 5, 7] = np.nan
    assert "winograd" in cm.plan(layer, y.shape).algorithm
    with np.errstate(invalid="ignore"):
        assert np.array_equal(np.isnan(layer(y)), np.isnan(layer(y, method="sparse")))


def made_last():
    """The engine that was asked for last."""
    return next(reversed(engine._engines._table.values()))[1][0]


def made_for(layer, x, **options):
    """The engine that a call makes, and the bytes of its buffers in this thread."""
    layer(x, **options)
    made = made_last()
    return made, sum(buffer.nbytes for buffer in made._local.__dict__.values())


def test_workspaces_are_what_buffers_hold():
    for layer, size in (
        (cm.depthwise(6, 3, padding=1), (40, 50)), (cm.depthwise(6, 3, stride=2), (40, 50)),
        (cm.depthwise(6, 3, padding=1, padding_mode="circular"), (40, 50)),
        (cm.depthwise(6, 3, padding=1, padding_mode="circular", stride=2), (40, 50)),
        (cm.conv2d(8, 16, 3, padding=1), (40, 50)), (cm.conv2d(8, 16, 1), (40, 50)),
    ):  # fmt: skip
        layer = layer.with_weight(np.ones(layer.weight_shape, np.float32))
        x = np.ones((1, layer.in_channels, *size), np.float32)
        made, held = made_for(layer, x, method="direct", threads=1)
        for indptr, indices, data in getattr(made, "_matrices", {}).values():
            held += indptr.nbytes + indices.nbytes + sum(values.nbytes for values in data)
        assert 0.99 * held <= made.workspace <= 2.2 * held
        terms = layer.weight[0].size
        assert made.error_bound == rounding(np.dtype(np.float32), terms)
    wide = cm.conv2d(8, 32, 3, weight=np.ones((32, 8, 3, 3)))
    x = np.ones((1, 8, 5, 5))
    one, two = (made_for(wide, x, method="direct", threads=t)[0] for t in (1, 2))
    assert two.workspace - one.workspace == wide(x).nbytes


def test_phases_have_the_bound_and_the_workspace_of_the_largest():
    layer = cm.conv_transpose2d(16, 16, 3, stride=2, weight=np.ones((16, 16, 3, 3)))
    y = np.ones((1, 16, 9, 9))
    layer(y, method="phases", threads=1)
    made = made_last()
    assert made.error_bound == rounding(np.dtype(float), 16 * 4)
    results = [part.problem.stencil.out_shape for part in made.blocks]
    assert made.workspace == max(
        part.workspace + 8 * int(np.prod(shape))
        for part, shape in zip(made.blocks, results, strict=True)
    )
    layer(y, method="phases", threads=2)
    both = made_last()
    assert both.workspace > made.workspace


def test_rows_need_nothing_private_at_any_size(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse._sparsetools", None)
    rows._product.cache_clear()
    monkeypatch.setattr(choice, "FEW_PRODUCTS", 0)
    try:
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
    finally:
        rows._product.cache_clear()


def test_one_thread_of_blas_a_share_of_the_inputs_and_a_phase(monkeypatch):
    seen = []

    def spied(kind, name):
        real = getattr(kind, name)

        def spy(self, *arguments):
            seen.append(max(blas_threads(), default=1))
            return real(self, *arguments)

        monkeypatch.setattr(kind, name, spy)

    spied(Direct, "_columns")
    wide = cm.conv2d(8, 32, 3, weight=np.ones((32, 8, 3, 3)))
    wide(np.ones((1, 8, 5, 5)), method="direct", threads=2)
    assert seen == [1, 1]
    spied(Phases, "_fill")
    up = cm.conv_transpose2d(16, 16, 3, stride=2, weight=np.ones((16, 16, 3, 3)))
    for number, each in ((1, 1), (2, 1), (3, 3), (4, 1)):
        seen.clear()
        up(np.ones((1, 16, 9, 9)), method="phases", threads=number)
        made = made_last()
        assert [part.problem.threads for part in made.blocks] == [each] * 4
        assert number in (1, 3) or set(seen) == {1}


def test_rows_need_nothing_private_with_a_rest_of_groups(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse._sparsetools", None)
    rows._product.cache_clear()
    try:
        layer = cm.depthwise(3, 3, padding=1, weight=np.ones((3, 1, 3, 3)))
        x = np.random.default_rng(0).integers(-5, 6, (1, 3, 40, 40)).astype(float)
        expected = layer(x, method="sparse")
        assert np.array_equal(layer(x, method="direct", threads=2), expected)
    finally:
        rows._product.cache_clear()
