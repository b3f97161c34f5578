"""Random calls over the public names, and over what they return: each is answered, or refused by
an error of the library that says why, in little time."""

from __future__ import annotations

import inspect
import math
import random
import warnings
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
import sympy
from bounds import within

import convmatrix as cm

CALLS, SEED, SECONDS = 3000, 14, 2

FUNCTIONS = {n: getattr(cm, n) for n in cm.__all__ if inspect.isfunction(getattr(cm, n))}

PUBLIC = tuple(c for c in (getattr(cm, n) for n in cm.__all__) if inspect.isclass(c))
N, K = cm.symbols("n k")
CONV = cm.conv2d(1, 1, 3, stride=2, padding=1)
LINE = cm.conv1d(1, 1, 3, weight=[1.0, 2.0, 3.0])
NET = nx.DiGraph([("in", "sum")])
NET.add_node("c", layer=cm.conv1d(1, 1, 3, padding=1, weight=[1, 2, 1]))
nx.add_path(NET, ["in", "c", "sum"])
PROOF = cm.prove_transpose(CONV)

LAYERS = [
    CONV, LINE, cm.conv2d(4, 6, 3, groups=2), cm.depthwise(3, 3), cm.relu(), cm.max_pool(2),
    cm.avg_pool(3, padding=1), cm.conv_transpose2d(2, 1, 3, stride=2), cm.pad(1, ndim=1),
    cm.pixel_shuffle(2, channels=4), cm.upsample(scale_factor=1.5), cm.zero_insert(3),
    cm.sequential(cm.conv1d(1, 2, 3), cm.relu(ndim=1)), cm.network(NET), cm.conv1d(1, 1, K),
    cm.sequential(LINE, LINE), cm.conv2d(1, 1, 3, weight="sobel", bias=[1]),
]  # fmt: skip
MAPS = [
    CONV.on(5, 5), CONV.on(5, 5).T, LINE.on(7), LINE.on(7).T @ LINE.on(7), cm.network(NET).on(5),
    cm.max_pool(2).on(4, 4), cm.conv1d(1, 1, 3).on(N), cm.pixel_shuffle(2, channels=4).on(2, 2),
    cm.upsample(size=7).on(4, 4),
]  # fmt: skip
HUGE = cm.conv2d(1, 1, 3, weight="laplacian").on(10**6, 10**6)
"""Only asked itself: what writes it as it goes takes its time."""
OTHERS = [
    PROOF, PROOF.certificate, cm.separability([[1, 2], [2, 4]]), NET, N, sympy.Rational(1, 2),
    cm.read_layers({"a.weight": np.ones((4, 2, 3, 3), np.float32)}), cm.catalogue()["sizes"],
    cm.conv2d, cm.Layer, object(), print,
]  # fmt: skip
NUMBERS = [
    0, 1, 2, 3, 4, 5, 7, -1, -3, 10**30, 2**63, 10**9, True, None, 2.5, -0.5, math.nan, math.inf,
    1j, Fraction(1, 2), np.int64(3), np.float32(2), np.array(3),
]  # fmt: skip
WORDS = [
    "", "same", "SAME", "valid", "sobel", "gaussian:5", "direct", "winograd", "fft", "size",
    "weights", "layered", "channels", "axis", "axes", "linear", "nearest", "circular", "reflect",
    "float32", "n k", "model.onnx", "transpose", "sizes", "round-trip", "1 2;3 4", "\x1b[31m", "é",
]  # fmt: skip
LISTS = [
    (), [], (3,), (3, 3), (5, 5), (1, 5, 5), (2, 4, 5, 5), (1, 2, 3, 4, 5), [[1, 2], [3, 4]],
    [[1], [2, 3]],
    ((1, 2), (0, 1)), (0, 0), (0, 1, 1), [0, 0, 0], (-1, -1), [(0, 0, 0), (0, 1, 1)], [None], ["a"],
    (10**30, 10**30), (N, 3), {}, {"a": 1}, {3}, b"abc", range(3), iter([1, 2]), slice(1, 3), ...,
    np.ones((3, 3)), np.ones((1, 1, 3, 3)), np.ones((1, 5, 5)), np.zeros((2, 3, 4, 5), "f4"),
    np.array(["a"]), np.array([None]), np.array([[1, np.nan], [2, 3]]), np.ones((1, 7)),
    np.ones(25),
]  # fmt: skip
EVERYTHING = [*LAYERS, *MAPS, *OTHERS, *NUMBERS, *WORDS, *LISTS]

PLAUSIBLE = {
    "layer": LAYERS + MAPS, "layers": LAYERS, "a": MAPS, "A": MAPS, "B": MAPS, "m": MAPS,
    "kernel": LISTS + WORDS, "weight": [*LISTS, None], "graph": [NET], "size": NUMBERS + LISTS,
    "input_size": NUMBERS + LISTS, "output": LISTS + NUMBERS, "source": LISTS + NUMBERS,
    "x": LISTS, "other": MAPS + LISTS,
    **dict.fromkeys(("name", "view", "mode", "method", "level"), WORDS),
}  # fmt: skip
"""What a parameter of that name usually gets; numbers otherwise."""

SKIPPED = {
    "explore", "widget", "save",  # they start a server, need a notebook, want an open file
    # of layers and maps, for the package itself
    "links", "ends", "edge_weights", "blocks",
    "run", "bind", "adjoint_of", "recipe", "weighed", "sizes", "map_at", "diagram", "nonlinear",
    "numbers", "of", "with_weights", "describe", "player", "lemmas", "form", "replay", "axes",
    "coefficients",
    "to_html",  # a page of many answers, tested as what it is
}  # fmt: skip
OPERATORS = [
    "__getitem__", "__matmul__", "__rmatmul__", "__add__", "__mul__", "__call__", "__len__",
    "__eq__", "__repr__", "__str__", "__bool__", "_repr_html_",
    "_repr_markdown_", "_repr_latex_",
]  # fmt: skip


def argument(rng, parameter, folder):
    if parameter.name in ("progress", "ax"):
        return None
    if parameter.name == "path":
        names = [
            "a.npz",
            "b.graphml",
            "c.csv",
            "d.mtx",
            "e.xyz",
            "",
            "no/such/f.gml",
            "g.json",
            "h.svg",
        ]
        return str(folder / rng.choice(names))
    likely = PLAUSIBLE.get(parameter.name, NUMBERS[:7])
    return rng.choice(likely if likely and rng.random() < 0.6 else EVERYTHING)


def arguments(rng, function, folder):
    """Arguments that mostly fit the signature, of kinds that mostly do not."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return [rng.choice(EVERYTHING) for _ in range(rng.randrange(3))], {}
    given, named = [], {}
    for p in parameters:
        if p.kind is p.VAR_POSITIONAL:
            given += [argument(rng, p, folder) for _ in range(rng.choice([0, 1, 1, 2, 3]))]
        elif p.kind is p.KEYWORD_ONLY:
            if p.default is p.empty or rng.random() < 0.15:
                named[p.name] = argument(rng, p, folder)
        elif p.kind is p.POSITIONAL_OR_KEYWORD and len(given) == parameters.index(p):
            if p.default is not p.empty and rng.random() > 0.3:
                break
            given.append(argument(rng, p, folder))
    for p in parameters:
        if p.kind is p.VAR_KEYWORD and rng.random() < 0.5:
            option = rng.choice(
                ["stride", "padding", "dilation", "groups", "weight", "bias", "padding_mode"]
            )
            named[option] = argument(rng, inspect.Parameter(option, p.kind), folder)
    return given, named


def fits(function, given, named):
    """Whether a call fits the signature, which Python itself checks for methods."""
    try:
        inspect.signature(function).bind(*given, **named)
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def ours(value):
    return isinstance(value, PUBLIC)


def methods(value):
    names = [n for n in dir(type(value)) if not n.startswith("_") and n not in SKIPPED]
    return [*names, *(n for n in OPERATORS if any(n in vars(c) for c in type(value).__mro__))]


def outcome(call, given, named):
    """What was returned and None, or what is wrong about the call's end."""
    try:
        with within(SECONDS, work=True):
            return call(*given, **named), None
    except cm.ConvMatrixError as error:
        wrong = None if str(error) and "\n" not in str(error) else f"broken message {error!r}"
        return None, wrong
    except TimeoutError as error:
        return None, str(error)
    except Exception as error:
        if isinstance(error, TypeError) and not fits(call, given, named):
            return None, None
        return None, f"{type(error).__name__}: {error}"


def calls(rng, folder, count):
    """`count` calls, each with its words, and what is wrong with it."""
    alive = [HUGE, *(v for v in EVERYTHING if ours(v))]
    for _ in range(count):
        if rng.random() < 0.5:
            name = rng.choice(list(FUNCTIONS))
            function = FUNCTIONS[name]
        else:
            value = rng.choice(alive)
            method = rng.choice(methods(value))
            name = f"({value!r:.80}).{method}"
            function, wrong = outcome(lambda v=value, m=method: getattr(v, m), (), {})
            if wrong or not callable(function):
                yield name, wrong
                continue
        given, named = arguments(rng, function, folder)
        words = ", ".join(
            [*(f"{g!r:.60}" for g in given), *(f"{k}={v!r:.60}" for k, v in named.items())]
        )
        made, wrong = outcome(function, given, named)
        yield f"{name}({words})", wrong
        if ours(made) and len(alive) < 400:
            alive.append(made)


@pytest.mark.parametrize("seed", [SEED])
def test_every_call_is_answered_or_refused(seed, tmp_path, capfd):
    import matplotlib.pyplot as plt

    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for words, wrong in calls(random.Random(seed), tmp_path, CALLS):
            if wrong:
                found[words] = wrong
            plt.close("all")
    assert not found, "\n".join(f"{words} → {wrong}" for words, wrong in found.items())
