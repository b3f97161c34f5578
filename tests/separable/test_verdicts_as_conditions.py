"""A result that answers yes or no is that answer as a condition; every other one refuses."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import convmatrix as cm

a, b, c, d = sympy.symbols("a b c d")
KERNEL = np.random.default_rng(0).standard_normal((4, 2, 3, 3))


@pytest.mark.parametrize("kernel", [[[1, 2], [2, 4]], [[1, 2], [3, 4]], np.eye(3), np.ones((3, 3))])
def test_one_kernel_is_its_verdict(kernel):
    verdict = cm.separability(kernel)
    assert bool(verdict) is verdict.separable


@pytest.mark.parametrize("multiplier", [1, 3, 4])
def test_a_layer_is_its_verdict(multiplier):
    verdict = cm.depthwise_separability(KERNEL, multiplier=multiplier)
    assert bool(verdict) is verdict.separable is (multiplier == 4)


def test_a_proof_is_its_verdict():
    assert cm.prove("transpose", kernel_size=3)
    assert not cm.prove("sizes", kernel_size=3, stride=2, padding=0)


REFUSED = {
    "stack": (lambda: cm.separability(KERNEL, axes=(-2, -1)),
              r"a stack of 8 verdicts is ambiguous; use \.separable\.all\(\) or \.separable\.any"),
    "stack-of-one": (lambda: cm.separability(KERNEL[:1, :1], axes=(-2, -1)), "a stack of 1 "),
    "unknown": (lambda: cm.separability([[a, b], [c, d]]),
                r"depends on its symbols: where a\*d - b\*c = 0; use \.separable, which is None"),
    "unknown-many": (lambda: cm.separability(np.reshape(sympy.symbols("s:9"), (3, 3))), " and …;"),
    "groups": (lambda: cm.channel_groups(KERNEL), r"\.count > 1 or \.in_order > 1"),
    "network": (lambda: cm.network_separability([cm.TrainedLayer("w", KERNEL)]), r"its \.layers"),
    "layer": (lambda: cm.network_separability([cm.TrainedLayer("w", KERNEL)]).layers[0],
              r"\.numerically == \.kernels"),
    "connectivity": (lambda: cm.connectivity(cm.conv2d(1, 1, 3), 5, 5), r"\.uniform"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_neither_refuses(name):
    ask, word = REFUSED[name]
    with pytest.raises(cm.ConvMatrixError, match=word) as error:
        bool(ask())
    assert "\n" not in str(error.value)


def test_a_refuted_proof_is_plain_data_in_an_explanation(monkeypatch):
    from convmatrix.analysis import explanation

    refuted = cm.prove("sizes", kernel_size=3, stride=2, padding=0)
    monkeypatch.setattr(explanation, "prove_transpose", lambda *_: refuted)
    assert cm.explain(cm.conv2d(1, 1, 3), (5, 5)).to_dict()["proof"] == refuted.to_dict()
