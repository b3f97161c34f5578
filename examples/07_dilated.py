"""The dilated convolution: a kernel with holes, seen from two sides.

With dilation d the taps of a kernel lie d apart, so a 3×3 kernel at d = 2 sees 5×5 inputs with
nine weights; d = 1 is the regular convolution. The article offers two ways to think of it.

From the image: take every d-th pixel and convolve what is left with the plain kernel. That gives
every d-th output; the d² ways to begin give the rest. A dilated convolution is d² small regular
ones, interleaved.

From the kernel: put d − 1 zeros between its elements and convolve with the large kernel. Both are
equalities of matrices. (The large kernel has more connections, though: a zero weight connects.)
"""

from itertools import product

import numpy as np

import convmatrix as cm

D = 2
w = cm.weight_symbols("w", (1, 1, 3, 3))
dilated = cm.conv2d(1, 1, 3, dilation=D, weight=w)
plain = cm.conv2d(1, 1, 3, weight=w)
A = dilated.on(9, 10)
print(f"3×3 kernel, dilation {D}: {A}")
print(f"  output (0, 0) reads {[at[1:] for at, _ in A.inputs_of((0, 0, 0))]}")
assert {at[1:] for at, _ in A.inputs_of((0, 0, 0))} == set(product((0, 2, 4), repeat=2))
assert cm.receptive_field(dilated)[0].size == 5
assert cm.prove_equal(cm.conv2d(1, 1, 3, dilation=1, weight=w).on(9, 10), plain.on(9, 10)).holds


def every(start, size):
    """The map that keeps the pixels start, start + D, start + 2D, … of each axis."""
    crop = cm.pad(tuple((-first, 0) for first in start)).on(size)
    return cm.sample(D, ndim=2).on(crop.out_shape[1:]) @ crop


# --- from the image: sample, convolve with the plain kernel, get every D-th output
print("\nfrom the image, for all weights:")
covered = set()
for start in product(range(D), repeat=2):
    pixels, outputs = every(start, (9, 10)), every(start, A.out_shape[1:])
    proof = cm.prove_equal(outputs @ A, plain.on(pixels.out_shape[1:]) @ pixels)
    print(f"  pixels from {start}, {pixels.out_shape[1:]}: {proof.verdict}")
    assert proof.holds
    covered |= {outputs.inputs_of(element)[0][0] for element in np.ndindex(outputs.out_shape)}
assert covered == set(np.ndindex(A.out_shape))  # the D² starts give every output

x, kernel = np.random.default_rng(0).integers(-9, 10, (1, 9, 10)), np.arange(9).reshape(w.shape)
y = np.zeros(A.out_shape, int)
for r, c in product(range(D), repeat=2):  # the same in arrays
    y[:, r::D, c::D] = plain.with_weight(kernel)(x[:, r::D, c::D])
assert np.array_equal(y, dilated.with_weight(kernel)(x))

# --- from the kernel: zeros between the weights
large = cm.zero_insert(D)(w[0])[None]
inserted = cm.conv2d(1, 1, 5, weight=large).on(9, 10)
proof = cm.prove_equal(A, inserted)
print(f"\nfrom the kernel:\n{large[0, 0].astype(str)}\n{proof}")
assert proof.holds
assert A.nnz * 25 == inserted.nnz * 9  # 9 connections an output against 25
assert cm.prove_equal(A, inserted, level="connectivity").holds is False
numbers = cm.conv2d(1, 1, 5, weight=cm.zero_insert(D)(kernel[0])[None]).on(9, 10)
assert np.array_equal(numbers.to_dense(), dilated.with_weight(kernel).on(9, 10).to_dense())
