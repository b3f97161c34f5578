"""The spatially separable convolution: a 3×3 kernel as a 3×1 and a 1×3 kernel.

The article's kernel is the product of a column and a row, [3, 4, 5]ᵀ × [1, 2, 3]. Instead of one
convolution with 9 multiplications an output, one does two with 3 each, 6 in all, for the same
result. In matrices: the 2-D convolution is the product of two 1-D ones.

The limit, says the article, is that not every kernel can be split: only those whose rows are
multiples of one another. That is rank 1, and it has a certificate either way: the two factors, or
a 2×2 minor that is not zero. The Laplacian has such a minor; of the 512 kernels of zeros and ones
only 50 can be split. So a network in training seldom finds one.
"""

from itertools import product

import numpy as np

import convmatrix as cm

# --- the article's kernel
K = np.array([[3, 6, 9], [4, 8, 12], [5, 10, 15]])
verdict = cm.separability(K)
column, row = verdict.factors
print(verdict)
assert (verdict.separable, verdict.exact, verdict.rank) == (True, True, 1)
assert (column.tolist(), row.tolist()) == ([3, 4, 5], [1, 2, 3])
assert np.array_equal(np.outer(column, row), K)

# --- the product of the two 1-D matrices is the 2-D matrix
full = cm.conv2d(1, 1, 3, padding=1, weight=K[None, None]).on(7, 8)
along_y = cm.conv2d(1, 1, (3, 1), padding=(1, 0), weight=[[[[3], [4], [5]]]]).on(7, 8)
along_x = cm.conv2d(1, 1, (1, 3), padding=(0, 1), weight=[[[[1, 2, 3]]]]).on(7, 8)
assert (along_x.to_scipy() @ along_y.to_scipy() != full.to_scipy()).nnz == 0
assert cm.prove_equal(along_x @ along_y, full).holds
assert cm.prove_equal(along_y @ along_x, full).holds  # in either order

passes = cm.spatially_separable(1, 1, verdict.factors, padding=1)
assert cm.prove_equal(passes.on(7, 8), full).holds

# --- which is the Kronecker product of the matrices of the two axes
along_axes = verdict.kronecker(7, 8, padding=1)  # a 1-D map an axis
assert np.array_equal(np.kron(*(axis.to_dense() for axis in along_axes)), full.to_dense())
print("\nmatrix(3×1) · matrix(1×3) = matrix(3×3), exactly")

# --- 9 multiplications become 6
for name, layer in (("one 3×3", cm.conv2d(1, 1, 3, padding=1)), ("3×1, then 1×3", passes)):
    price = cm.cost(layer, (7, 8))
    each = price.macs // (7 * 8)
    print(f"  {name:<14} {each} multiplications an output, {price.parameters} weights")
    assert each == price.parameters == (9 if name == "one 3×3" else 6)

# --- a kernel that is not: the Laplacian, with its minor
laplacian = [[0, 1, 0], [1, -4, 1], [0, 1, 0]]
verdict = cm.separability(laplacian)
minor = verdict.minor
(r0, r1), (c0, c1) = minor.rows, minor.columns
print(f"\n{verdict}")
assert (verdict.separable, verdict.exact, verdict.rank) == (False, True, 2)
value = laplacian[r0][c0] * laplacian[r1][c1] - laplacian[r0][c1] * laplacian[r1][c0]
assert minor.value == value != 0

# --- but it is a sum of two that are, which cost more than they save
one, two = verdict.terms(padding=1)
whole = cm.conv2d(1, 1, 3, padding=1, weight=np.array(laplacian)[None, None]).on(7, 8)
assert (one.on(7, 8).to_scipy() + two.on(7, 8).to_scipy() != whole.to_scipy()).nnz == 0
print(f"  as {verdict.rank} separable terms: {verdict.multiplications(2)} multiplications, not 9")
assert verdict.break_even == 1  # of 3×3 kernels only those of rank 1 pay

# --- what a kernel of unknowns must satisfy
a, b, c, d = cm.symbols("a b c d")
print(
    f"  [[a, b], [c, d]] is separable where {cm.separability([[a, b], [c, d]]).conditions[0]} = 0"
)

# --- how few can be split: all 3×3 kernels of zeros and ones
kernels = [np.reshape(bits, (3, 3)) for bits in product((0, 1), repeat=9)]
found = sum(cm.separability(kernel).separable for kernel in kernels)
print(f"\nseparable: {found} of the {len(kernels)} kernels of zeros and ones")
assert found == 7 * 7 + 1  # a nonzero column times a nonzero row, or nothing at all
