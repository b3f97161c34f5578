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


@pytest.mark.parametrize("ask", [
    lambda **given: cm.separability([[1.0, 2.0], [2.0, 4.1]], **given),
    lambda **given: cm.depthwise_separability(KERNEL, **given),
    lambda **given: cm.channel_groups(KERNEL, **given),
    lambda **given: cm.network_separability([cm.TrainedLayer("w", KERNEL)], **given),
])  # fmt: skip
def test_old_names_work_for_a_release(ask):
    with pytest.warns(DeprecationWarning, match="tol is called tolerance now") as told:
        assert str(ask(tol=0.5)) == str(ask(tolerance=0.5))
    assert told[0].filename == __file__
    with pytest.raises(TypeError, match="tolerance twice, as tol too"):
        ask(tol=0.5, tolerance=0.5)
    verdict = cm.separability(np.multiply.outer([1, 2], np.eye(2, dtype=int)))
    with pytest.warns(DeprecationWarning, match="parts is called partition now"):
        assert verdict.parts == verdict.partition == ((0,), (1, 2))


def test_minors_and_rows_of_a_network_are_plain_data():
    minor = cm.separability([[sympy.Rational(1, 2), 0], [0, 1]]).minor
    assert minor.to_dict() == {"axis": 0, "rows": [0, 1], "columns": [0, 1], "value": "1/2"}
    report = cm.network_separability([cm.TrainedLayer("w", KERNEL)])
    assert report.layers[0].to_dict() == report.to_dict()["layers"][0]
    assert report.layers[0].to_dict()["kernels"] == 8
