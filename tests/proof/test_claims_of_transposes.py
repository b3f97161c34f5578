"""The catalogue's claims of transposes and sizes, each against PyTorch or brute force.

The tests know nothing of how a claim is proved: they take what it says, and try it out with
PyTorch, NumPy or plain loops.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from oracles.torch_matrices import (
    conv_size,
    conv_transpose_size,
    drawn,
    geometries,
    matrix,
    spread,
    tensor,
    whole,
)
from proof.claims import about

import convmatrix as cm

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
