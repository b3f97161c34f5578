"""The catalogue of statements: proved, readable, and each held against PyTorch or brute force.

The tests of the second part know nothing of how a claim is proved: they take what it says, and try
it out with PyTorch, NumPy or plain loops. The last part makes the index functions wrong, one
mistake at a time, and no claim may stay proved under all of them.
"""

from __future__ import annotations

import json
import re
import sys
import time
from importlib import import_module
from itertools import pairwise, product

import numpy as np
import pytest
from scipy.sparse import block_diag

import convmatrix as cm
from convmatrix.proof import Certificate
from convmatrix.relation import FOLDS, Axis

NAMES = (
    "transpose", "connectivity", "weights", "circular", "sizes", "round-trip", "output-padding",
    "windows", "dilation", "interleaving", "stride", "padding", "grouping", "grouping-one",
    "grouping-depthwise", "depthwise-separable", "separable", "receptive-field",
    "receptive-field-doubling", "gridding", "bilinear", *(f"arithmetic-{j}" for j in range(1, 16)),
)  # fmt: skip

TRIED: set[str] = set()
"""The claims that some test below holds against something else."""


def about(*names):
    TRIED.update(names)
    return lambda test: test


@pytest.fixture(scope="module")
def proofs():
    start = time.perf_counter()
    found = {name: cm.prove(name) for name in NAMES}
    found["seconds"] = time.perf_counter() - start
    return found


@pytest.fixture(scope="module")
def torch():
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # these tensors are tiny
    yield torch
    torch.set_num_threads(threads)


each_claim = pytest.mark.parametrize("name", NAMES)


# ------------------------------------------------------------------- proved, and readable


def test_the_names():
    assert tuple(cm.catalogue()) == NAMES
    assert all(claim.name == name for name, claim in cm.catalogue().items())


def test_all_in_half_a_minute(proofs):
    assert proofs["seconds"] < 30


@each_claim
def test_a_claim_says_what_it_is(name):
    claim = cm.catalogue()[name]
    for text in (claim.statement, claim.meaning, claim.scope, claim.source):
        assert text
        assert text in str(claim)
    assert str(claim).startswith(name)
    data = json.loads(json.dumps(claim.to_dict()))
    assert data["symbols"] == dict(claim.symbols)
    assert {data[field] for field in ("name", "statement", "scope")} <= {
        name, claim.statement, claim.scope,
    }  # fmt: skip
    assert data["level"] in ("size", "connectivity", "weights")


@each_claim
def test_proved_with_a_certificate(name, proofs):
    proof = proofs[name]
    assert proof.holds is True
    assert proof.counterexample is None
    assert json.loads(json.dumps(proof.to_dict()))["holds"] is True
    again = Certificate.from_json(proof.certificate.to_json())
    assert again.check()
    assert again.statement == proof.statement


def test_a_certificate_proves_no_other_claim(proofs):
    """Steps of one claim under the name of another are turned down."""
    for one, other in pairwise(NAMES):
        data = json.loads(proofs[one].certificate.to_json())
        data["subject"] = proofs[other].to_dict()["certificate"]["subject"]
        with pytest.raises(cm.CertificateError):
            Certificate.from_json(json.dumps(data)).check()


@each_claim
def test_no_lemma_is_empty(name, proofs):
    """All hypotheses can be met, but for those whose goal is that they cannot."""
    refutations = {
        "separable": ["n + p ≤ d(k-1): the last tap is dead"],
        "gridding": ["d > w: place w is not seen"],
    }
    data = proofs[name].certificate.data["lemmas"]
    empty = [lemma for lemma in data if lemma["witness"] is None]
    assert [lemma["name"] for lemma in empty] == refutations.get(name, [])
    assert all("-1 ≥ 0" in lemma["goals"] for lemma in empty)
    assert all("-1 ≥ 0" not in lemma["goals"] for lemma in data if lemma not in empty)


@each_claim
def test_a_proof_reads_well(name, proofs):
    proof = proofs[name]
    text, markdown, latex = str(proof), proof._repr_markdown_(), proof._repr_latex_()
    lemmas = len(proof.certificate.data["lemmas"])
    assert text.startswith(f"proved: {proof.statement}")
    assert text.count("\n  Lemma ") == markdown.count("**Lemma ") == lemmas
    assert latex.count(r"\Rightarrow") == lemmas
    assert latex.startswith("$$")
    assert latex.endswith("$$")
    assert "$" not in latex[2:-2]
    formulas = markdown.split("$")
    assert len(formulas) % 2 == 1
    for formula in [*formulas[1::2], latex]:
        assert formula.strip()
        assert formula.count("{") == formula.count("}")
        assert formula.count(r"\left") == formula.count(r"\right") + formula.count(r"\le ")
        assert "*" not in formula
        assert "//" not in formula
    steps = "\n".join(line for line in text.splitlines() if re.match(r" +(for|where|\d)", line))
    assert "//" not in steps
    assert "*" not in steps
    for marks in ("()", "⌊⌋"):
        assert text.count(marks[0]) == text.count(marks[1])


# ------------------------------------------------------------------- parameters that are fixed


def test_fixed_numbers():
    proof = cm.prove("arithmetic-6", kernel_size=3, stride=2, padding=1, input_size=7)
    assert proof.holds
    assert re.search(r"k = 3.*s = 2|s = 2.*k = 3", proof.statement)
    assert Certificate.from_json(proof.certificate.to_json()).check()
    assert cm.prove("round-trip", kernel_size=3, stride=2, dilation=3).holds
    assert cm.prove("transpose", kernel_size=3, stride=2, padding=(1, -1), dilation=2).holds


def as_python(text):
    """A formula as people write it in Python's notation, to be computed."""
    text = re.sub(r"⌊(.*)/(\w+)⌋", r"(\1//\2)", text)
    return re.sub(r"(\d)([a-z(])", r"\1*\2", text).replace("·", "*")


@pytest.mark.parametrize(
    ("k", "s", "p"), [(k, s, p) for k in range(1, 5) for s in range(1, 4) for p in range(3)]
)
def test_the_articles_sizes_hold_where_p_is_k_minus_s(k, s, p):
    proof = cm.prove("sizes", kernel_size=k, stride=s, padding=p)
    assert proof.holds is (p == k - s)
    if proof.holds:
        assert proof.certificate.check()
        return
    found = proof.counterexample
    assert {x: found.geometry[x] for x in "ksp"} == {"k": k, "s": s, "p": p}
    n = found.geometry["n"]
    assert found.replay().differs
    assert found.replay().got == s * (n - 1) + k - 2 * p
    assert n == next(n for n in range(1, 9) if s * (n - 1) + k - 2 * p >= 1)


def test_fixed_expressions():
    k, s, p, m = cm.symbols("k s p m")
    assert cm.prove("sizes", padding=k - s).holds is True
    assert cm.prove("sizes", stride=k - p).holds is True
    assert cm.prove("sizes", kernel_size=s + p).holds is True
    assert cm.prove("sizes", kernel_size=2 * s, padding=s).holds is True
    assert cm.prove("sizes", padding=k - s + 1).holds is False
    assert cm.prove("sizes", padding=p).holds is False
    assert cm.prove("stride", stride=2 * m + 1).holds is True
    assert cm.prove("round-trip", stride=2 * m, kernel_size=2 * m + 1).holds is True
    assert cm.prove("arithmetic-6", input_size=s * m, kernel_size=s, padding=0).holds is True
    assert cm.prove("bilinear", stride=2 * m).holds is True
    proof = cm.prove("sizes", padding=k - s)
    assert "p = k - s" in proof.statement
    assert Certificate.from_json(proof.certificate.to_json()).check()


@pytest.mark.parametrize(
    ("name", "fixed", "words"),
    [
        ("no-such", {}, ["'no-such'", "transpose", "bilinear"]),
        ("sizes-here", {}, ["'sizes-here'", "sizes"]),
        ("round-trip", {"output_padding": 1}, ["output_padding", "kernel_size", "input_size"]),
        ("round-trip", {"colour": 1}, ["round-trip", "colour", "stride"]),
        ("arithmetic-3", {"kernel_size": 3}, ["arithmetic-3", "kernel_size", "n, h"]),
        ("weights", {"stride": 2}, ["weights", "stride", "nothing"]),
        ("padding", {"padding": 1}, ["padding", "p0, p1"]),
        ("arithmetic-1", {"method": "guess"}, ["method", "'guess'", "'certificate'"]),
        ("interleaving", {"input_size": 2, "kernel_size": 4}, ["vacuous", "fits"]),
    ],
)
def test_what_cannot_be_fixed(name, fixed, words):
    with pytest.raises(cm.ProofError) as error:
        cm.prove(name, **fixed)
    for word in words:
        assert word in str(error.value)


def test_numbers_that_make_no_layer():
    with pytest.raises(cm.GeometryError, match="stride must be at least 1, got 0"):
        cm.prove("sizes", stride=0)


# ------------------------------------------------------------------------ PyTorch as a matrix


def whole(*shape, seed=0):
    """Integers without zeros, whose sums are exact."""
    values = np.random.default_rng(seed).integers(1, 10, shape)
    return values * np.where(np.random.default_rng(seed + 1).random(shape) < 0.4, -1, 1)


def matrix(torch, function, *shape):
    """The matrix of a linear PyTorch function on inputs of a shape: the unit vectors' images."""
    size = int(np.prod(shape))
    units = torch.eye(size, dtype=torch.float64).reshape(size, *shape)
    return function(units).reshape(size, -1).T.numpy()


def tensor(torch, array):
    return torch.tensor(np.asarray(array), dtype=torch.float64)


def spread(torch, x, step, axis=-1):
    """Zeros inserted, `step - 1` between two neighbours, by plain indexing."""
    shape = list(x.shape)
    shape[axis] = step * (shape[axis] - 1) + 1
    wide = torch.zeros(shape, dtype=x.dtype, device=x.device)
    wide[..., ::step] = x
    return wide


def geometries(n=8, k=4, s=3, p=2, d=2):
    """Every small geometry at which a convolution exists."""
    ranges = range(1, n + 1), range(1, k + 1), range(1, s + 1), range(p + 1), range(1, d + 1)
    for values in product(*ranges):
        n, k, s, p, d = values
        if n + 2 * p - d * (k - 1) - 1 >= 0:
            yield {"n": n, "k": k, "s": s, "p": p, "d": d}


def drawn(geometries, count, seed=0):
    """Some of many."""
    every = list(geometries)
    chosen = np.random.default_rng(seed).choice(len(every), min(count, len(every)), replace=False)
    return [every[j] for j in sorted(chosen)]


def conv_size(torch, n, k, s=1, p=0, d=1):
    x, w = (torch.empty(1, 1, size, device="meta") for size in (n, k))
    return torch.nn.functional.conv1d(x, w, stride=s, padding=p, dilation=d).shape[-1]


def conv_transpose_size(torch, n, k, s=1, p=0, d=1, a=0):
    x, w = (torch.empty(1, 1, size, device="meta") for size in (n, k))
    options = {"stride": s, "padding": p, "dilation": d, "output_padding": a}
    return torch.nn.functional.conv_transpose1d(x, w, **options).shape[-1]


# -------------------------------------------------------------------- the guide, typed again

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


# ------------------------------------------------------------------------- transposed convolution

TRANSPOSED = [
    # channels in and out, groups; n, k, s, d, p0, p1
    *((2, 3, 1, *rest) for rest in [(5, 3, 2, 1, 1, 1), (7, 2, 3, 2, 0, 2), (4, 3, 1, 2, 2, 1)]),
    *((4, 2, 2, *rest) for rest in [(6, 3, 2, 2, 1, 0), (9, 2, 4, 1, -1, 2), (8, 1, 3, 1, 0, -2)]),
    *((3, 3, 3, *rest) for rest in [(6, 4, 2, 1, 3, 0), (5, 5, 1, 1, 2, 2)]),
    *((1, 1, 1, *rest) for rest in [(3, 2, 5, 3, 1, 1), (1, 1, 1, 1, 0, 0), (8, 3, 2, 1, -2, -1)]),
]
FOLDED = [case for case in TRANSPOSED if min(case[-2:]) >= 0 and max(case[-2:]) < case[3]]
"""PyTorch folds no crop, and no more than there is."""


@about("transpose")
@pytest.mark.parametrize(
    ("mode", "case"),
    [
        *product(["constant"], TRANSPOSED),
        *product(["circular", "reflect", "replicate"], FOLDED),
    ],
    ids=str,
)
def test_the_transposed_matrix_is_zero_insertion_padding_and_a_flip(torch, mode, case):
    F = torch.nn.functional
    inputs, outputs, g, n, k, s, d, p0, p1 = case
    w = whole(outputs, inputs // g, k, seed=n)
    kernel = tensor(torch, w)
    swapped = w.reshape(g, outputs // g, inputs // g, k).swapaxes(1, 2)
    swapped = tensor(torch, swapped.reshape(inputs, outputs // g, k)[..., ::-1].copy())

    def convolve(x):
        padded = F.pad(x, (p0, p1), mode=mode)
        return F.conv1d(padded, kernel, stride=s, dilation=d, groups=g)

    spare = (n + p0 + p1 - d * (k - 1) - 1) % s
    ends = (0, 0) if mode != "constant" else (p0, p1)
    m = (n + p0 + p1 - d * (k - 1) - 1) // s + 1

    def textbook(y):
        reach = d * (k - 1)
        x = F.pad(spread(torch, y, s), (reach - ends[0], reach - ends[1] + spare))
        return F.conv1d(x, swapped, dilation=d, groups=g)

    A = matrix(torch, convolve, inputs, n)
    built = matrix(torch, textbook, outputs, m)
    if mode != "constant":
        fold = matrix(torch, lambda x: F.pad(x, (p0, p1), mode=mode), inputs, n)
        built = fold.T @ built
    assert np.array_equal(A.T, built)
    word = "zeros" if mode == "constant" else mode
    layer = cm.conv1d(
        inputs, outputs, k, stride=s, dilation=d, groups=g, padding=((p0, p1),),
        padding_mode=word, weight=w,
    )  # fmt: skip
    assert np.array_equal(layer.on(n).to_dense(), A)
    assert np.array_equal(cm.textbook_transpose(layer, n).to_dense(), A.T)


@about("connectivity")
def test_who_reads_whom_is_reversed(torch):
    F = torch.nn.functional
    for values in drawn(geometries(n=7), 80):
        n, k, s, p, d = (values[x] for x in "nkspd")
        kernel = torch.ones(1, 1, k, dtype=torch.float64)
        options = {"stride": s, "padding": p, "dilation": d}
        reads = matrix(torch, lambda x: F.conv1d(x, kernel, **options), 1, n) != 0  # noqa: B023
        m = len(reads)
        read_by = {
            (i, o)
            for o, i in product(range(m), range(n))
            if (i + p - s * o) % d == 0 and 0 <= (i + p - s * o) // d < k
        }
        assert {(int(i), int(o)) for o, i in np.argwhere(reads)} == read_by
        options["output_padding"] = n - (s * (m - 1) + d * (k - 1) + 1 - 2 * p)
        back = matrix(torch, lambda y: F.conv_transpose1d(y, kernel, **options), 1, m)  # noqa: B023
        assert {(int(i), int(o)) for i, o in np.argwhere(back)} == read_by


@about("weights")
@pytest.mark.parametrize(("g", "A", "B"), [*product((1, 2, 3), (1, 2, 3), (1, 2))])
def test_the_weights_are_exchanged_one_for_one(torch, g, A, B):
    F = torch.nn.functional
    k, d, p, n = 3, 2, 1, 6
    w = whole(g * A, B, k, seed=7)
    swapped = np.zeros((g * B, A, k))
    taken = set()
    for group, a, b, t in product(range(g), range(A), range(B), range(k)):
        place = (group * A + a, b, k - 1 - t)
        taken.add(place)
        swapped[group * B + b, a, t] = w[place]
    assert taken == set(np.ndindex(w.shape))
    y = tensor(torch, whole(1, g * A, n, seed=8))
    theirs = F.conv_transpose1d(y, tensor(torch, w), dilation=d, padding=p, groups=g)
    built = F.conv1d(
        y, tensor(torch, swapped), dilation=d, padding=d * (k - 1) - p, groups=g
    )  # fmt: skip
    assert torch.equal(theirs, built)


@about("circular")
@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_a_circular_convolution_and_its_transpose(n):
    """By `np.roll` and by Fourier; the padding may be wider than the circle, and wider than the
    kernel's reach (then the other side is cropped)."""
    for k, d, p in product((1, 2, 4), (1, 2), range(6)):
        w, reach = whole(k, seed=k), d * (k - 1)
        x = whole(n, seed=3)
        options = {"dilation": d, "padding_mode": "circular", "weight": w[None, None]}
        A = cm.conv1d(1, 1, k, padding=((p, reach - p),), **options).on(n)
        flipped = cm.conv1d(1, 1, k, padding=((reach - p, p),), flip=True, **options).on(n)
        forward = sum(w[t] * np.roll(x, p - d * t) for t in range(k))
        back = sum(w[t] * np.roll(x, d * t - p) for t in range(k))
        dense = A.to_dense()
        assert dense.shape == (n, n)
        assert np.array_equal(dense @ x, forward)
        assert np.array_equal(dense.T @ x, back)
        assert np.array_equal(flipped.to_dense() @ x, back)
        response = np.fft.fft(dense[:, 0])
        for turned, spectrum in ((dense, response), (dense.T, response.conj())):
            assert np.allclose(np.fft.ifft(spectrum * np.fft.fft(x)).real, turned @ x)


# ------------------------------------------------------------------------------------ sizes


@about("sizes")
def test_the_articles_sizes_are_right_where_p_is_k_minus_s(torch):
    """Both formulas or neither: padded size s·n + s - 1, output size s·n + (s - k)."""
    right = 0
    for n, k, s, p in product(range(1, 7), range(1, 6), range(1, 5), range(5)):
        if s * (n - 1) + k - 2 * p < 1:
            continue
        padded = spread(torch, torch.empty(n, device="meta"), s).shape[0] + 2 * (k - 1 - p)
        output = conv_transpose_size(torch, n, k, s, p)
        assert (padded == s * n + s - 1) is (p == k - s)
        assert (output == s * n + (s - k)) is (p == k - s)
        right += p == k - s
    assert right > 20


@about("round-trip")
def test_one_output_padding_leads_back(torch):
    for values in drawn(geometries(n=7), 300):
        n, k, s, p, d = (values[x] for x in "nkspd")
        m = conv_size(torch, **values)
        back = [
            a
            for a in range(s)
            if s * (m - 1) + d * (k - 1) + 1 - 2 * p + a >= 1
            and conv_transpose_size(torch, m, k, s, p, d, a) == n
        ]
        assert back == [(n + 2 * p - d * (k - 1) - 1) % s], values


@about("output-padding")
def test_as_many_sizes_as_the_stride_share_an_output(torch):
    for k, s, p, d in drawn(product(range(1, 5), range(1, 5), range(3), range(1, 3)), 40):
        shared: dict[int, set[int]] = {}
        for n in range(max(1, d * (k - 1) + 1 - 2 * p), 25):
            shared.setdefault(conv_size(torch, n, k, s, p, d), set()).add(n)
        for m, sizes in list(shared.items())[:-1]:
            said = {s * (m - 1) + d * (k - 1) + 1 - 2 * p + a for a in range(s)}
            assert sizes == {n for n in said if n >= 1}


@about("windows")
def test_the_outputs_are_the_windows_that_fit(torch):
    F = torch.nn.functional
    for n, k, s, d, p0, p1 in drawn(
        product(range(1, 7), range(1, 4), range(1, 4), range(1, 3), range(-2, 4), range(-2, 4)), 300
    ):
        if n + p0 + p1 < d * (k - 1) + 1 or n + min(p0, 0) + min(p1, 0) < 1:
            continue
        padded = F.pad(torch.ones(1, 1, n), (p0, p1))
        m = F.conv1d(padded, torch.ones(1, 1, k), stride=s, dilation=d).shape[-1]
        fits = [o for o in range(n + 12) if s * o + d * (k - 1) <= n + p0 + p1 - 1]
        assert fits == list(range(m))


# ------------------------------------------------------------- kernels, strides and paddings


@about("dilation", "stride")
def test_a_dilated_kernel_is_spread_and_a_stride_leaves_outputs_out(torch):
    F = torch.nn.functional
    for values in drawn(geometries(d=3), 150):
        n, k, s, p, d = (values[x] for x in "nkspd")
        x, w = tensor(torch, whole(1, 2, n, seed=n)), tensor(torch, whole(3, 2, k, seed=k))
        theirs = F.conv1d(x, w, stride=s, padding=p, dilation=d)
        assert torch.equal(theirs, F.conv1d(x, spread(torch, w, d), stride=s, padding=p)), values
        assert torch.equal(theirs, F.conv1d(x, w, padding=p, dilation=d)[..., ::s]), values


@about("interleaving")
def test_a_dilated_convolution_is_a_dense_one_on_each_phase(torch):
    F = torch.nn.functional
    for n, k, d in product(range(1, 11), range(1, 4), range(1, 5)):
        if d * (k - 1) >= n:
            continue
        x, w = tensor(torch, whole(1, 1, n, seed=n)), tensor(torch, whole(1, 1, k, seed=k))
        dilated = F.conv1d(x, w, dilation=d)
        for phase in range(d):
            mine = x[..., phase::d]
            if mine.shape[-1] < k:
                assert dilated[..., phase::d].shape[-1] == 0
            else:
                assert torch.equal(dilated[..., phase::d], F.conv1d(mine, w))


@about("padding")
def test_padding_comes_first(torch):
    """PyTorch pads and crops, and convolves without; our layer does both in one."""
    F = torch.nn.functional
    for n, k, s, d, p0, p1 in drawn(
        product(range(2, 7), range(1, 4), range(1, 4), range(1, 3), range(-1, 4), range(-1, 4)), 60
    ):
        if n + p0 + p1 < d * (k - 1) + 1 or n + min(p0, 0) + min(p1, 0) < 1:
            continue
        w = whole(1, 1, k, seed=k)
        layer = cm.conv1d(1, 1, k, stride=s, dilation=d, padding=((p0, p1),), weight=w)
        theirs = matrix(
            torch,
            lambda x: F.conv1d(F.pad(x, (p0, p1)), tensor(torch, w), stride=s, dilation=d),  # noqa: B023
            1, n,
        )  # fmt: skip
        assert np.array_equal(layer.on(n).to_dense(), theirs)


# ---------------------------------------------------------------------------------- channels


@about("grouping", "grouping-one", "grouping-depthwise")
@pytest.mark.parametrize(
    ("g", "A", "B"), [(1, 3, 2), (2, 2, 3), (3, 1, 2), (4, 1, 1), (3, 2, 1), (2, 3, 2)]
)
def test_groups_are_blocks(torch, g, A, B):
    F = torch.nn.functional
    n, k, options = 5, 3, {"stride": 2, "padding": 1}
    w = whole(g * A, B, k, seed=g)
    ours = cm.conv1d(g * B, g * A, k, groups=g, weight=w, **options).on(n).to_scipy()
    theirs = matrix(
        torch, lambda x: F.conv1d(x, tensor(torch, w), groups=g, **options), g * B, n
    )  # fmt: skip
    blocks = [
        matrix(torch, lambda x, part=part: F.conv1d(x, tensor(torch, part), **options), B, n)
        for part in np.split(w, g)
    ]
    assert np.array_equal(ours.toarray(), theirs)
    assert np.array_equal(theirs, block_diag(blocks).toarray())
    m = theirs.shape[0] // (g * A)
    reads = theirs.reshape(g * A, m, g * B, n).any(axis=(1, 3))
    for o, i in product(range(g * A), range(g * B)):
        assert reads[o, i] == (o // A == i // B)
    if g == 1:
        assert reads.all()
    if B == 1:
        assert np.argwhere(reads).tolist() == [[o, o // A] for o in range(g * A)]


@about("depthwise-separable")
def test_a_depthwise_separable_convolution_is_one_convolution(torch):
    F = torch.nn.functional
    for values in drawn(geometries(n=6), 60):
        n, k, s, p, d = (values[x] for x in "nkspd")
        C, M, B = 1 + n % 3, 1 + k % 2, 1 + (n + k) % 3
        D, P = whole(C * M, 1, k, seed=n), whole(B, C * M, 1, seed=k)
        W = np.zeros((B, C, k))
        for o, i, t, j in product(range(B), range(C), range(k), range(M)):
            W[o, i, t] += P[o, i * M + j, 0] * D[i * M + j, 0, t]
        x, options = tensor(torch, whole(1, C, n)), {"stride": s, "padding": p, "dilation": d}
        depthwise = F.conv1d(x, tensor(torch, D), groups=C, **options)
        both = F.conv1d(depthwise, tensor(torch, P))
        assert torch.equal(both, F.conv1d(x, tensor(torch, W), **options)), values


@about("separable")
@pytest.mark.parametrize(("c", "r"), [(1, 3), (3, 2), (2, 4), (3, 3)])
def test_a_column_and_a_row_are_one_convolution(torch, c, r):
    F = torch.nn.functional
    column, row = whole(c, seed=c), whole(r, seed=r + 9)
    kernel = tensor(torch, np.outer(column, row)[None, None])
    x = tensor(torch, whole(1, 1, 6, 7))
    passes = F.conv2d(x, tensor(torch, column[None, None, :, None]), stride=(2, 1), padding=(1, 0))
    passes = F.conv2d(passes, tensor(torch, row[None, None, None]), dilation=(1, 2), padding=(0, 2))
    whole_ = F.conv2d(x, kernel, stride=(2, 1), dilation=(1, 2), padding=(1, 2))
    assert torch.equal(passes, whole_)
    minors = [
        kernel[0, 0, a, b] * kernel[0, 0, u, v] - kernel[0, 0, a, v] * kernel[0, 0, u, b]
        for a, u, b, v in product(range(c), range(c), range(r), range(r))
    ]
    assert not any(minors)


@about("separable")
def test_zero_minors_are_rank_one():
    """Every kernel of 2×3 with entries -1, 0, 1: all minors are 0 exactly at a column times a row,
    which the pivot's column and row give."""
    products = {
        tuple(np.outer(c, r).ravel())
        for c in product((-1, 0, 1), repeat=2)
        for r in product((-1, 0, 1), repeat=3)
    }
    flat = 0
    for entries in product((-1, 0, 1), repeat=6):
        w = np.reshape(entries, (2, 3))
        minors = [
            w[a, b] * w[u, v] - w[a, v] * w[u, b]
            for a, u, b, v in product(range(2), range(2), range(3), range(3))
        ]
        assert (not any(minors)) == (entries in products) == (np.linalg.matrix_rank(w) <= 1)
        flat += not any(minors)
        if not any(minors) and w.any():
            u, v = np.argwhere(w)[0]
            assert np.array_equal(np.outer(w[:, v], w[u]), w * w[u, v])
    assert flat == len(products)


@about("separable")
def test_a_dead_tap_hides_a_kernel_that_is_not_separable(torch):
    """At n = 1, p = 1, k = 3 only the middle weight is seen."""
    F = torch.nn.functional
    eye, middle = np.eye(3), np.zeros((3, 3))
    middle[1, 1] = 1
    assert (np.linalg.matrix_rank(eye), np.linalg.matrix_rank(middle)) == (3, 1)
    same = {}
    for n in (1, 2):
        theirs = [
            matrix(
                torch,
                lambda x, w=w: F.conv2d(x, tensor(torch, w[None, None]), padding=1),
                1, n, n,
            )
            for w in (eye, middle)
        ]  # fmt: skip
        ours = [cm.conv2d(1, 1, 3, padding=1, weight=w[None, None]).on(n, n) for w in (eye, middle)]
        for a, b in zip(ours, theirs, strict=True):
            assert np.array_equal(a.to_dense(), b)
        same[n] = np.array_equal(*theirs)
        assert cm.prove_equal(*ours).holds is same[n]
    assert same == {1: True, 2: False}


@about("separable")
def test_all_taps_are_live_from_the_threshold_on(torch):
    for values in geometries(n=7, k=4, s=1, p=4, d=3):
        n, k, p, d = (values[x] for x in "nkpd")
        # every tap by itself, seen from PyTorch: a kernel of one 1 gives some entry or none
        taps = torch.eye(k).reshape(k, 1, k)
        image = torch.nn.functional.conv1d(torch.ones(1, 1, n), taps, padding=p, dilation=d)
        live = (image != 0).any(dim=-1)
        assert bool(live.all()) == (n + p >= d * (k - 1) + 1), values


# ---------------------------------------------------------------------------- receptive fields


def seen(torch, n, *layers):
    """Which inputs reach the first output of a stack of positive kernels `(k, d)`."""

    def stack(x):
        for k, d in layers:
            kernel = torch.ones(1, 1, k, dtype=torch.float64)
            x = torch.nn.functional.conv1d(x, kernel, dilation=d)
        return x

    return set(np.flatnonzero(matrix(torch, stack, 1, n)[0]).tolist())


@about("receptive-field")
@pytest.mark.parametrize(("k", "L"), [*product(range(1, 5), range(5))])
def test_a_stack_sees_a_full_field(torch, k, L):
    last = (k - 1) * L
    reach = {0}
    for _ in range(L):
        reach = {y + t for y in reach for t in range(k)}
    assert reach == set(range(last + 1))
    assert seen(torch, last + 4, *[(k, 1)] * L) == reach


@about("receptive-field-doubling")
@pytest.mark.parametrize("L", range(6))
def test_doubled_dilations_see_exponentially_far(torch, L):
    reach = {0}
    for layer in range(L):
        reach = {y + 2**layer * t for y in reach for t in range(3)}
    assert reach == set(range(2 ** (L + 1) - 1))
    assert seen(torch, 2 ** (L + 1) + 2, *((3, 2**layer) for layer in range(L))) == reach


@about("gridding")
@pytest.mark.parametrize("k", range(1, 5))
def test_a_dilation_wider_than_the_field_leaves_gaps(torch, k):
    for w, d in product(range(1, 6), range(1, 7)):
        reach = {y + d * t for y in range(w) for t in range(k)}
        full = reach == set(range(w + d * (k - 1)))
        assert full == (d <= w or k == 1)
        if k <= 3 and w <= 4:
            assert seen(torch, w + d * (k - 1) + 2, (w, 1), (k, d)) == reach


# ------------------------------------------------------------------------------ upsampling


def triangle(s):
    """Kernel and padding of the transposed convolution that is bilinear inside."""
    k, p = 2 * s - s % 2, s // 2
    return np.array([1 - abs(2 * (t - p) + 1 - s) / (2 * s) for t in range(k)]), p


@about("bilinear")
@pytest.mark.parametrize(("n", "s"), [*product((1, 2, 3, 6), range(1, 6))])
def test_bilinear_is_a_transposed_convolution_but_for_the_border(torch, n, s):
    F = torch.nn.functional
    kernel, p = triangle(s)
    fades = matrix(
        torch,
        lambda x: F.conv_transpose1d(x, tensor(torch, kernel[None, None]), stride=s, padding=p),
        1, n,
    )  # fmt: skip
    repeats = matrix(
        torch,
        lambda x: F.interpolate(x, scale_factor=s, mode="linear", align_corners=False),
        1, n,
    )  # fmt: skip
    ours = cm.conv_transpose1d(1, 1, len(kernel), stride=s, padding=p, weight=kernel[None, None])
    assert np.allclose(ours.on(n).to_dense(), fades)
    assert np.allclose(cm.upsample(scale_factor=s, mode="linear", ndim=1).on(n).to_dense(), repeats)
    assert fades.shape == repeats.shape == (s * n, n)
    place = (np.arange(s * n) + 0.5) / s - 0.5
    inside = (place >= 0) & (place <= n - 1)
    same = np.isclose(fades, repeats).all(axis=1)
    assert np.array_equal(same, inside)
    assert np.allclose(repeats.sum(axis=1), 1)
    assert (fades.sum(axis=1)[~inside] < 1 - 1e-9).all()
    assert inside.all() == (s == 1)


@about("bilinear")
def test_bilinear_in_two_dimensions(torch):
    F = torch.nn.functional
    s, n = 2, 4
    kernel, p = triangle(s)
    both = tensor(torch, np.outer(kernel, kernel)[None, None])
    x = tensor(torch, whole(1, 1, n, n))
    fades = F.conv_transpose2d(x, both, stride=s, padding=p)
    repeats = F.interpolate(x, scale_factor=s, mode="bilinear", align_corners=False)
    inner = slice(1, -1)
    assert torch.allclose(fades[..., inner, inner], repeats[..., inner, inner])
    assert not torch.isclose(fades, repeats)[..., 0, :].any()


def test_every_claim_is_tried_out():
    assert sorted(TRIED) == sorted(NAMES)


# -------------------------------------------------------------------- wrong index functions

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
