"""Proofs with certificates of every kind, as text."""

from __future__ import annotations

import hashlib
import json
from functools import cache

import convmatrix as cm

n, k, p, s, d = cm.symbols("n k p s d")


def chain(size, *layers):
    """The layers one after another."""
    first, *rest = layers
    whole = first.on(size)
    for layer in rest:
        whole = layer.on(*whole.out_shape[1:]) @ whole
    return whole


def folding(mode):
    return cm.prove_transpose(cm.conv1d(1, 1, 3, stride=2, padding=1, padding_mode=mode))


CONV = cm.conv1d(1, 1, k, stride=s, dilation=d, padding=p)
EVERY = cm.conv1d(1, 1, k, dilation=d, padding=p)
PROOFS = {
    "every transpose": cm.prove_transpose,
    "stride and dilation": lambda: cm.prove_transpose(stride=2, dilation=3),
    "two dimensions": lambda: cm.prove_transpose(cm.conv2d(4, 6, 3, stride=2, padding=1, groups=2)),
    "circular": lambda: folding("circular"),
    "reflect": lambda: folding("reflect"),
    "replicate": lambda: folding("replicate"),
    "pad, then convolve": lambda: cm.prove_equal(
        CONV.on(n),
        chain(n, cm.pad(p, ndim=1), cm.conv1d(1, 1, k, stride=s, dilation=d)),
    ),
    "wrap, then convolve": lambda: cm.prove_equal(
        cm.conv1d(1, 1, k, padding=p, padding_mode="circular").on(n),
        chain(n, cm.pad(p, mode="circular", ndim=1), cm.conv1d(1, 1, k)),
    ),
    "convolve, then sample": lambda: cm.prove_equal(
        CONV.on(n), chain(n, EVERY, cm.sample(s, ndim=1))
    ),
    "insert zeros, then sample": lambda: cm.prove_equal(
        chain(n, cm.zero_insert(s, ndim=1), cm.sample(s, ndim=1)), cm.pad(0, ndim=1).on(n)
    ),
    "product with the transpose": lambda: cm.prove_equal(
        (CONV.on(n).T @ CONV.on(n)).T, CONV.on(n).T @ CONV.on(n)
    ),
    "connectivity": lambda: cm.prove_equal(
        CONV.on(n),
        cm.conv1d(1, 1, k, stride=s, dilation=d, padding=p, flip=True).on(n),
        level="connectivity",
    ),
}


@cache
def text(name):
    """A certificate as JSON."""
    return PROOFS[name]().certificate.to_json()


@cache
def script(name):
    return cm.Certificate.from_json(text(name)).to_smtlib()


def signed(data):
    """With the digest that it should have."""
    body = {name: value for name, value in data.items() if name != "digest"}
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    return {**body, "digest": digest}
