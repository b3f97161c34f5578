"""The index functions made wrong, one mistake at a time: no claim is proved under all of them."""

from __future__ import annotations

import sys
from importlib import import_module

import pytest
from proof.claims import NAMES

import convmatrix as cm
from convmatrix.proof import Certificate
from convmatrix.relation import FOLDS, Axis

RELATION, STENCIL, RESIZE = "convmatrix.relation", "convmatrix.stencil", "convmatrix.resize"


def reads(rule):
    """A wrong `relation.source`."""
    return (
        RELATION,
        "source",
        lambda o, t, *, stride, dilation, before: rule(o=o, t=t, s=stride, d=dilation, p=before),
    )


def counts(rule):
    """A wrong number of outputs."""
    return Axis, "outputs", property(lambda axis: rule(axis.room, axis.stride))


def folds(mode, rule):
    """A wrong padding mode."""
    return FOLDS, mode, rule


GUIDE_1_7 = tuple(f"arithmetic-{number}" for number in range(1, 8))
GUIDE_8_14 = tuple(f"arithmetic-{number}" for number in range(8, 15))

MISTAKES = {
    # mistake: (the wrong function, claims that it breaks)
    "dilation forgotten": (
        reads(lambda o, t, s, p, **_: s * o + t - p),
        ("circular", "dilation", "interleaving", "receptive-field-doubling", "gridding",
         "arithmetic-15"),
    ),
    "stride forgotten": (
        reads(lambda o, t, d, p, **_: o + d * t - p),
        ("sizes", "round-trip", "output-padding", "windows", "dilation", "arithmetic-12"),
    ),
    "padding forgotten": (
        reads(lambda o, t, s, d, **_: s * o + d * t),
        ("circular", "sizes", "separable", *GUIDE_1_7[1:4], "arithmetic-6", "arithmetic-15"),
    ),
    "padding added": (
        reads(lambda o, t, s, d, p: s * o + d * t + p), ("sizes", "separable", *GUIDE_8_14),
    ),
    "one element too far left": (
        reads(lambda o, t, s, d, p: s * o + d * t - p - 1),
        ("transpose", "connectivity", "stride", "padding", "depthwise-separable",
         "receptive-field", "gridding", *GUIDE_1_7, *GUIDE_8_14),
    ),
    "output one too far": (
        reads(lambda o, t, s, d, p: s * (o + 1) + d * t - p),
        ("stride", "padding", "receptive-field", "bilinear"),
    ),
    "stride and dilation exchanged": (
        reads(lambda o, t, s, d, p: d * o + s * t - p),
        ("round-trip", "windows", "stride", "dilation", "arithmetic-7"),
    ),
    "taps backwards": (
        reads(lambda o, t, s, d, p: s * o - d * t - p),
        ("transpose", "connectivity", "padding", "receptive-field-doubling", "arithmetic-4"),
    ),
    "dilation one too large": (
        reads(lambda o, t, s, d, p: s * o + (d + 1) * t - p),
        ("interleaving", "receptive-field", *GUIDE_1_7, "arithmetic-15"),
    ),
    "flip forgotten": (
        (RELATION, "mirrored", lambda t, _: t),
        ("transpose", "connectivity", "circular", *GUIDE_8_14),
    ),
    "flip one too far": (
        (RELATION, "mirrored", lambda t, kernel: kernel - t), ("transpose", "arithmetic-8"),
    ),
    "the last output forgotten": (
        counts(lambda room, stride: room // stride),
        ("round-trip", "output-padding", "windows", "stride", "depthwise-separable", *GUIDE_1_7),
    ),
    "one output too many": (
        counts(lambda room, stride: room // stride + 2),
        ("windows", "interleaving", "padding", "separable", *GUIDE_1_7),
    ),
    "rounded up": (
        counts(lambda room, stride: -(-room // stride) + 1),
        ("round-trip", "output-padding", "stride", "arithmetic-5", "arithmetic-6", "arithmetic-7",
         "arithmetic-14"),
    ),
    "room one too large": (
        counts(lambda room, stride: (room + 1) // stride + 1), ("windows", "arithmetic-1"),
    ),
    "stride forgotten in the size": (
        counts(lambda room, _: room + 1), ("sizes", "windows", "arithmetic-13"),
    ),
    "circle one too small": (folds("circular", lambda i, n: i % (n - 1)), ("circular",)),
    "circle turned": (folds("circular", lambda i, n: (-i) % n), ("circular",)),
    "channels of the first group": (
        (STENCIL, "read_channel", lambda _, c, *__: c),
        ("weights", "grouping", "grouping-depthwise", "depthwise-separable", "transpose"),
    ),
    "channels interleaved": (
        (STENCIL, "read_channel", lambda o, c, A, _: c * A + o // A),
        ("weights", "grouping", "grouping-one", "depthwise-separable"),
    ),
    "the remainder for the quotient": (
        (STENCIL, "read_channel", lambda o, c, A, B: o % A * B + c),
        ("weights", "grouping-one", "grouping-depthwise"),
    ),
    "groups' widths exchanged": (
        (STENCIL, "read_channel", lambda o, c, A, B: o // B * A + c),
        ("connectivity", "grouping", "grouping-one"),
    ),
    "pixels as points": ((RESIZE, "half_pixel", lambda o, _, n: 2 * o * n), ("bilinear",)),
    "half a pixel forgotten": (
        (RESIZE, "half_pixel", lambda o, _, n: (2 * o + 1) * n), ("bilinear",),
    ),
    "pixels of the wrong side": (
        (RESIZE, "half_pixel", lambda o, m, n: (2 * o + 1) * m - n), ("bilinear",),
    ),
}  # fmt: skip


def put_in(monkeypatch, home, name, wrong):
    """Put a wrong function in, wherever it was imported."""
    if home is Axis:
        monkeypatch.setattr(Axis, name, wrong)
    elif home is FOLDS:
        monkeypatch.setitem(FOLDS, name, wrong)
    else:
        right, found = getattr(import_module(home), name), 0
        for module in list(sys.modules.values()):
            if getattr(module, "__name__", "").startswith("convmatrix"):
                for each in [x for x, value in vars(module).items() if value is right]:
                    monkeypatch.setattr(module, each, wrong)
                    found += 1
        assert found
    monkeypatch.setattr("convmatrix.proof.engines.decide.PATIENCE", 0.0)


def still_proved(name):
    try:
        return cm.prove(name, method="certificate").holds is True
    except cm.ConvMatrixError:
        return False


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_index_function_is_noticed(mistake, monkeypatch, proofs):
    wrong, broken = MISTAKES[mistake]
    put_in(monkeypatch, *wrong)
    for name in broken:
        assert not still_proved(name), name
        with pytest.raises(cm.ConvMatrixError):  # and the certificate is one of other functions
            Certificate.from_json(proofs[name].certificate.to_json()).check()


@pytest.mark.parametrize("mistake", ["flip forgotten", "dilation forgotten", "pixels as points"])
def test_what_has_nothing_to_do_with_the_mistake_stays_proved(mistake, monkeypatch):
    put_in(monkeypatch, *MISTAKES[mistake][0])
    for name in ("weights", "grouping", "round-trip", "arithmetic-6", "receptive-field"):
        assert still_proved(name), name


def test_every_claim_depends_on_the_index_functions():
    assert {name for _, broken in MISTAKES.values() for name in broken} == set(NAMES)
