"""The catalogue's claims of kernels, channels and fields, each against PyTorch or brute force.

The tests know nothing of how a claim is proved: they take what it says, and try it out with
PyTorch, NumPy or plain loops.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from oracles.torch_matrices import drawn, geometries, matrix, spread, tensor, whole
from proof.claims import about
from scipy.sparse import block_diag

import convmatrix as cm

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
