"""The named kernels, number by number."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import convmatrix as cm


def test_named_kernels_are_what_others_make():
    from scipy import ndimage

    impulse = np.zeros((7, 7))
    impulse[3, 3] = 1
    for axis in (0, 1):
        for name in ("sobel", "prewitt"):
            response = getattr(ndimage, name)(impulse, axis=axis, mode="constant")
            kernel = getattr(cm.kernels, name)(axis)
            assert (response[2:5, 2:5] == kernel[::-1, ::-1]).all(), name
    assert (ndimage.laplace(impulse, mode="constant")[2:5, 2:5] == cm.kernels.laplacian()).all()
    assert cm.kernels.sobel(0, ndim=3).shape == (3, 3, 3)
    cv2 = pytest.importorskip("cv2")
    row = cv2.getGaussianKernel(5, 1.2)
    assert np.allclose(cm.kernels.gaussian(5, 1.2), row @ row.T)
    theta, psi = 0.3, 0.2
    ours = cm.kernels.gabor(9, 2.0, theta, 5.0, 0.7, psi)
    assert np.allclose(ours, cv2.getGaborKernel((9, 9), 2.0, theta, 5.0, 0.7, psi)[::-1, ::-1])


@pytest.mark.parametrize("name", cm.kernels.NAMES)
def test_every_named_kernel_is_finite_and_converts(name):
    kernel = cm.kernels.named(name)
    assert kernel.ndim == 2
    assert kernel.dtype in (object, np.int64, np.float64)
    single = cm.kernels.NAMES[name](dtype=np.float32)
    assert np.isfinite(single).all()
    sums = {"box": 1, "gaussian": 1, "unsharp": 1, "sharpen": 1, "motion": 1, "identity": 1,
            "emboss": 1, "gabor": None}  # fmt: skip
    if sums.get(name, 0) is not None:
        assert float(kernel.sum()) == pytest.approx(sums.get(name, 0), abs=1e-12)


def test_kernels_say_what_they_take():
    assert cm.kernels.motion(5, 30).sum() == pytest.approx(1)
    for call, word in [
        (lambda: cm.kernels.box(0), "size"), (lambda: cm.kernels.unsharp(4), "odd"),
        (lambda: cm.kernels.gaussian(3, -1), "positive"), (lambda: cm.kernels.roberts(2), "0 or 1"),
        (lambda: cm.kernels.laplacian(5), "4 or 8"), (lambda: cm.kernels.sobel(2), "axis"),
        (lambda: cm.kernels.named("sobol"), "sobel"),
        (lambda: cm.kernels.named("box:x"), "numbers"),
    ]:  # fmt: skip
        with pytest.raises(cm.ConvMatrixError, match=word):
            call()


def test_kernels_at_the_edges_of_what_they_take():
    assert cm.kernels.gaussian(4, 1e-2).sum() == pytest.approx(1)
    assert cm.kernels.box(np.int8(12))[0, 0] == Fraction(1, 144)
    assert cm.kernels.gaussian(np.int8(9)).sum() == 1
    for call in (lambda: cm.kernels.gaussian(3, 1e-200), lambda: cm.kernels.motion(5, np.nan),
                 lambda: cm.kernels.sobel(0.5), lambda: cm.kernels.gaussian(3, "x"),
                 lambda: cm.kernels.box(10**8), lambda: cm.kernels.unsharp(5, "x"),
                 lambda: cm.kernels.motion(5, np.inf)):  # fmt: skip
        with pytest.raises(cm.GeometryError):
            call()


def test_kernels_number_by_number():
    k, f = cm.kernels, Fraction
    assert k.scharr(0).tolist() == [[-3, -10, -3], [0, 0, 0], [3, 10, 3]]
    assert k.prewitt(-2).tolist() == k.prewitt(0).tolist() == [[-1] * 3, [0] * 3, [1] * 3]
    assert [k.roberts(d).tolist() for d in (0, 1)] == [[[1, 0], [0, -1]], [[0, 1], [-1, 0]]]
    assert k.laplacian(8).tolist() == [[1, 1, 1], [1, -8, 1], [1, 1, 1]]
    assert k.sharpen().tolist() == [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]
    assert k.emboss().tolist() == [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]
    assert k.laplacian(6, ndim=3)[1].tolist() == [[0, 1, 0], [1, -6, 1], [0, 1, 0]]
    assert k.laplacian(26, ndim=3)[0].tolist() == [[1] * 3] * 3
    assert k.laplacian(2, ndim=1).tolist() == [1, -2, 1]
    assert k.identity(5, ndim=1).tolist() == [0, 0, 1, 0, 0]
    assert k.box(2, ndim=3).tolist() == [[[f(1, 8)] * 2] * 2] * 2
    assert k.gaussian(4, ndim=1).tolist() == [f(1, 8), f(3, 8), f(3, 8), f(1, 8)]
    assert k.unsharp(3, 2).tolist()[1] == [f(-1, 4), f(5, 2), f(-1, 4)]
    assert k.unsharp(3, 1, 2.0)[0, 0] == -k.gaussian(3, 2.0)[0, 0]
    assert k.gaussian(2, 0.7, ndim=3) == pytest.approx(np.full((2, 2, 2), 1 / 8))
    assert (k.sobel(dtype="f4").dtype, k.box(dtype=float).dtype) == (np.float32, float)
    assert k.named("gaussian:5:1.2").tolist() == k.gaussian(5, 1.2).tolist()
    assert k.named("gaussian:5:1e0").tolist() == k.gaussian(5, 1.0).tolist()
    assert k.named("sobel:0").tolist() == k.sobel(0).tolist()


def test_laplacian_of_gaussian_and_gabor():
    log = cm.kernels.log(5, 0.8)
    y, x = np.indices((5, 5)) - 2
    bell = np.exp(-(x * x + y * y) / 1.28)
    expected = bell / bell.sum() * (x * x + y * y - 1.28) / 0.8**4
    assert np.allclose(log, expected - expected.mean())
    assert np.allclose(cm.kernels.log(4), cm.kernels.log(4)[::-1, ::-1])
    gabor = cm.kernels.gabor(5, 2.0, 0.3, 4.0, 0.5, 0.2)
    across, along = x * np.cos(0.3) + y * np.sin(0.3), y * np.cos(0.3) - x * np.sin(0.3)
    bell = np.exp(-(across**2 + along**2 / 4) / 8)
    assert np.allclose(gabor, bell * np.cos(np.pi / 2 * across + 0.2))
    assert np.allclose(cm.kernels.gabor(5)[:, 2], np.exp(-np.square([-2, -1, 0, 1, 2]) / 32))


def test_motion_at_any_angle():
    f, motion = Fraction(1, 3), cm.kernels.motion
    assert motion(3, 45).tolist() == [[0, 0, f], [0, f, 0], [f, 0, 0]]
    assert motion(3, 135).tolist() == motion(3, -45).tolist() == motion(3, 45)[::-1].tolist()
    assert motion(3, 180).tolist() == motion(3).tolist() == [[0] * 3, [f] * 3, [0] * 3]
    steep = motion(5, 60)
    assert np.allclose(steep, motion(5, 30).T), "up to the right, both"
    assert np.allclose(steep, steep[::-1, ::-1])
    assert steep[1, 3] > steep[1, 1] == 0, "counterclockwise from the right"
    assert not steep[0].any(), "no longer than its size"
    assert steep[1, 2] == pytest.approx(steep[2, 2] / 2), "half a tap from the line"


def test_more_that_kernels_say():
    for call, word in [
        (lambda: cm.kernels.identity(4), "odd"), (lambda: cm.kernels.gabor(4), "odd"),
        (lambda: cm.kernels.motion(4), "odd"), (lambda: cm.kernels.box(True), "size"),
        (lambda: cm.kernels.gaussian(3, 0), "positive"),
        (lambda: cm.kernels.gabor(3, wavelength=-1), "positive"),
        (lambda: cm.kernels.sobel(-3), "axis"),
        (lambda: cm.kernels.laplacian(8, ndim=3), "6 or 26"),
        (lambda: cm.kernels.named("box:0"), "1 or more"),
        (lambda: cm.kernels.named("box:1:2:3"), "numbers"),
    ]:  # fmt: skip
        with pytest.raises(cm.ConvMatrixError, match=word):
            call()
