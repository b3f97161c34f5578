"""Kernels by name wherever a kernel is taken; absurd sizes are refused at once."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from bounds import within

import convmatrix as cm

k = cm.kernels


def test_a_name_is_a_kernel():
    for name in ("sobel", "gaussian:5", "Sobel", "box:3"):
        verdict = cm.separability(name)
        assert verdict.separable
        assert (verdict.kernel == k.named(name)).all()
    assert cm.separability("laplacian").rank == 2
    with pytest.raises(cm.WeightError, match=r"'sobol'; did you mean 'sobel'\? There are sobel, "):
        cm.separability("sobol")
    with pytest.raises(cm.WeightError, match=r"'qqq'; there are sobel, "):
        cm.separability("qqq")


class Frame:
    """As pandas' tables are: an array when asked."""

    def __array__(self, dtype=None, copy=None):
        return np.array([[1, 2], [2, 4]], dtype)


@pytest.mark.parametrize("one", [Decimal("0.1"), Fraction(1, 10), "0.1", "1/10"], ids=str)
def test_numbers_of_every_kind(one):
    verdict = cm.separability([[one, one], [one, one]])
    assert (verdict.separable, verdict.exact) == (True, True)
    assert verdict.kernel[0, 0] == Fraction(1, 10)


def test_what_passes_for_an_array():
    assert cm.separability(Frame()).rank == 1


def test_parameters_of_a_module():
    torch = pytest.importorskip("torch")
    parameter = torch.nn.Parameter(torch.ones(3, 3))
    assert cm.separability(parameter).separable


MAKERS = [
    ("sobel", {"ndim": 10**30}), ("prewitt", {"ndim": 2**63}), ("scharr", {"ndim": 60}),
    ("laplacian", {"ndim": 10**30}), ("laplacian", {"ndim": 10**5000}), ("laplacian", {"ndim": 0}),
    ("identity", {"ndim": 10**9}), ("box", {"ndim": -1}), ("box", {"ndim": 1.5}),
    ("box", {"size": 10**9}), ("box", {"size": 4096, "ndim": 3}), ("gaussian", {"size": 4096}),
    ("gaussian", {"size": 256, "ndim": 3}), ("gaussian", {"sigma": 0}),
    ("gaussian", {"sigma": np.nan}), ("gaussian", {"size": 4096, "sigma": 1.0, "ndim": 3}),
    ("gaussian", {"ndim": True}), ("log", {"sigma": np.nan}), ("unsharp", {"amount": np.nan}),
    ("unsharp", {"amount": np.inf}), ("gabor", {"theta": np.inf}), ("gabor", {"gamma": np.nan}),
    ("gabor", {"psi": np.nan}), ("gabor", {"theta": "x"}), ("motion", {"size": 10**9 + 1}),
    ("box", {"size": 10**5000}), ("identity", {"size": 10**5000}),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(MAKERS)))
def test_absurd_kernels_are_refused_at_once(case):
    name, options = MAKERS[case]
    with within(1), pytest.raises(cm.ConvMatrixError) as error:
        getattr(k, name)(**options)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 200


def test_noise_of_a_factor_is_not_printed():
    text = str(cm.separability(k.gabor(11)))
    assert "-0," not in text
    assert "e-1" not in text.splitlines()[0]
    assert ", …, " in text.splitlines()[0]
    assert "holds" not in repr(cm.separability("sobel"))
    assert "factors=[-1, -2, -1]ᵀ × [1, 0, -1]" in repr(cm.separability("sobel"))
    assert "minor=" in repr(cm.separability("laplacian"))


def test_verdicts_in_a_notebook():
    assert cm.separability("sobel")._repr_markdown_().startswith("**separable**: `[-1, -2, -1]ᵀ")
    weight = np.ones((4, 2, 3, 3))
    for verdict in (cm.channel_groups(weight), cm.depthwise_separability(weight),
                    cm.network_separability([cm.TrainedLayer("w", weight)])):  # fmt: skip
        text = verdict._repr_markdown_()
        assert text.startswith("**")
        assert "```text\n" in text


@pytest.mark.parametrize("size", [20, 60])
def test_long_fractions_take_a_moment(size):
    import random

    draw = random.Random(0).randrange
    entries = [Fraction(draw(10**12), draw(1, 10**12)) for _ in range(size * size)]
    kernel = np.array(entries, object).reshape(size, size)
    with within(10):  # some 0.7 s; it was a minute
        verdict = cm.separability(kernel)
        assert (verdict.separable, verdict.rank) == (False, size)
        assert str(verdict)
        assert (verdict.rank_factors()[1] == kernel).all()
        assert cm.separability(np.multiply.outer(kernel[0], kernel[1])).separable
