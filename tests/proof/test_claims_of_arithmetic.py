"""The catalogue's convolution arithmetic, against the guide typed again and PyTorch.

The tests know nothing of how a claim is proved: they take what it says, and try it out with
PyTorch, NumPy or plain loops.
"""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pytest
from oracles.torch_matrices import conv_size, drawn, geometries, spread, tensor, whole
from proof.claims import about

import convmatrix as cm


def as_python(text):
    """A formula as people write it in Python's notation, to be computed."""
    text = re.sub(r"⌊(.*)/(\w+)⌋", r"(\1//\2)", text)
    return re.sub(r"(\d)([a-z(])", r"\1*\2", text).replace("·", "*")


GUIDE = {
    # relationship: (where it applies, the output size), i being the input's size
    1: (lambda s, p, d, **_: s == d == 1 and p == 0, lambda i, k, **_: (i - k) + 1),
    2: (lambda s, d, **_: s == d == 1, lambda i, k, p, **_: (i - k) + 2 * p + 1),
    3: (lambda k, s, p, d, **_: s == d == 1 and k % 2 and p == k // 2, lambda i, **_: i),
    4: (lambda k, s, p, d, **_: s == d == 1 and p == k - 1, lambda i, k, **_: i + (k - 1)),
    5: (lambda p, d, **_: d == 1 and p == 0, lambda i, k, s, **_: int(np.floor((i - k) / s)) + 1),
    6: (lambda d, **_: d == 1, lambda i, k, s, p, **_: int(np.floor((i + 2 * p - k) / s)) + 1),
    7: (lambda p, d, **_: d == 1 and p == 0, lambda i, k, s, **_: int(np.floor((i - k) / s)) + 1),
    15: (
        lambda **_: True,
        lambda i, k, s, p, d: int(np.floor((i + 2 * p - k - (k - 1) * (d - 1)) / s)) + 1,
    ),
}


def says(text, values):
    """What a formula of the catalogue comes to."""
    return eval(text, {"__builtins__": {}}, {**values, "h": (values["k"] - 1) // 2})


@about(*(f"arithmetic-{number}" for number in GUIDE))
@pytest.mark.parametrize("number", GUIDE)
def test_sizes_as_in_the_guide_and_in_pytorch(torch, number):
    applies, size = GUIDE[number]
    formula = as_python(cm.catalogue()[f"arithmetic-{number}"].statement.removeprefix("o = "))
    seen = 0
    for values in geometries(n=9, k=5):
        if not applies(**values):
            continue
        n, k, s, p, d = (values[x] for x in "nkspd")
        if number == 7:
            pooled = torch.nn.functional.avg_pool1d(torch.empty(1, 1, n), k, stride=s)
            theirs, ours = pooled.shape[-1], cm.avg_pool(k, stride=s, ndim=1).on(n)
        else:
            theirs = conv_size(torch, **values)
            ours = cm.conv1d(1, 1, k, stride=s, padding=p, dilation=d).on(n)
        guide = size(i=n, **{x: values[x] for x in "kspd"})
        assert says(formula, values) == guide == theirs == ours.out_shape[1], values
        seen += 1
    assert seen >= 10


GUIDE_TRANSPOSED = {
    # relationship: (where it applies, p', o'), i being the size of the transpose's input
    8: (lambda s, p, a, **_: s == 1 and p == a == 0, lambda k, **_: k - 1,
        lambda i, k, **_: i + (k - 1)),
    9: (lambda s, a, **_: s == 1 and a == 0, lambda k, p, **_: k - p - 1,
        lambda i, k, p, **_: i + (k - 1) - 2 * p),
    10: (lambda k, s, p, a: s == 1 and a == 0 and k % 2 == 1 and p == k // 2, lambda p, **_: p,
         lambda i, **_: i),
    11: (lambda k, s, p, a: s == 1 and a == 0 and p == k - 1, lambda **_: 0,
         lambda i, k, **_: i - (k - 1)),
    12: (lambda p, a, **_: p == a == 0, lambda k, **_: k - 1, lambda i, k, s, **_: s * (i - 1) + k),
    13: (lambda a, **_: a == 0, lambda k, p, **_: k - p - 1,
         lambda i, k, s, p, **_: s * (i - 1) + k - 2 * p),
    14: (lambda **_: True, lambda k, p, **_: k - p - 1,
         lambda i, k, s, p, a: s * (i - 1) + a + k - 2 * p),
}  # fmt: skip


@about(*(f"arithmetic-{number}" for number in GUIDE_TRANSPOSED))
@pytest.mark.parametrize("number", GUIDE_TRANSPOSED)
def test_a_transposed_convolution_is_a_convolution_of_spread_input(torch, number):
    """As in the guide and as the catalogue has it: sizes, paddings and values, 2 to 3 channels."""
    F = torch.nn.functional
    applies, around, size = GUIDE_TRANSPOSED[number]
    text = as_python(cm.catalogue()[f"arithmetic-{number}"].statement)
    formulas = re.search(r"p' = ([^;]*?)(?: \(\+ a behind\))?; o' = (.*)", text).groups()
    assert ("+ a behind" in text) == (number == 14)
    cases = [
        {"n": n, "k": k, "s": s, "p": p, "a": a}
        for n, k, s, p in product(range(1, 6), range(1, 6), range(1, 4), range(4))
        for a in range(s)
        if s * (n - 1) + k - 2 * p + a >= 1 and applies(k=k, s=s, p=p, a=a)
    ]
    cases = drawn(cases, 100, seed=number)
    assert len(cases) >= 5
    for values in cases:
        n, k, s, p, a = (values[x] for x in "nkspa")
        own = {x: values[x] for x in "kspa"}
        pad, outputs = (says(formula, values) for formula in formulas)
        assert (pad, outputs) == (around(**own), size(i=n, **own)), values
        x, w = tensor(torch, whole(1, 2, n, seed=n)), tensor(torch, whole(2, 3, k, seed=k))
        theirs = F.conv_transpose1d(x, w, stride=s, padding=p, output_padding=a)
        padded = F.pad(spread(torch, x, s), (pad, pad + a))
        built = F.conv1d(padded, w.transpose(0, 1).flip(-1))
        assert theirs.shape[-1] == outputs
        assert torch.equal(theirs, built), values
