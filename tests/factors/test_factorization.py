"""Every algorithm as factors of the matrix, multiplied out."""

from __future__ import annotations

import numpy as np
import pytest
from dense_cases import CASES

import convmatrix as cm


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
    factors = [{"name": "weights", "shape": [4, 12]}, {"name": "gather", "shape": [12, 9]}]
    assert cm.factorization(A, exact=True).to_dict() == {
        "method": "direct", "exact": True, "real": True, "factors": factors,
    }  # fmt: skip
    with pytest.raises(cm.GeometryError, match="'winograd' does not apply: it needs stride 1"):
        cm.factorization(A, "winograd")
    with pytest.raises(cm.GeometryError, match="method must be one of direct, winograd, toeplitz"):
        cm.factorization(A, "phases")
    with pytest.raises(cm.WeightError, match="has no weight to factor"):
        cm.factorization(cm.conv1d(1, 1, 3).on(9))
    with pytest.raises(cm.GeometryError, match="of one weighted layer"):
        cm.factorization(A.T @ A)
