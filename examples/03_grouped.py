"""The grouped convolution: the channels split into g groups that do not mix.

AlexNet split its feature maps over two GPUs; the grouped convolution is what remains of that. The
input falls into g groups of C_in/g channels, a kernel is K × K × C_in/g, and each group is
convolved by itself. With g = 1 it is the regular convolution, with g = C_in the depthwise one.

As a matrix it is block-diagonal: one regular convolution a group, zeros between the groups. For
the same output it has a g-th of the parameters and of the multiplications; or, as the article
puts it, for the price of one regular output map a grouped layer makes g of them.
"""

import numpy as np
from scipy.sparse import block_diag

import convmatrix as cm

C_IN, C_OUT, G = 4, 6, 2
size = (6, 6)
grouped = cm.conv2d(C_IN, C_OUT, 3, padding=1, groups=G)

# --- the shapes
n_kernels, kernel_channels, *_ = grouped.weight_shape
print(f"{grouped!r}: {G} groups of {C_IN // G} input channels")
print(f"  {n_kernels} kernels of 3×3×{kernel_channels}")
assert grouped.weight_shape == (C_OUT, C_IN // G, 3, 3)
for o in range(C_OUT):  # an output channel reads the channels of its own group, and all of them
    read = {source[0] for source, _ in grouped.on(size).inputs_of((o, 2, 2))}
    assert read == ({0, 1} if o < C_OUT // G else {2, 3})

# --- block-diagonal: one regular convolution a group
weight = np.random.default_rng(0).integers(-9, 10, grouped.weight_shape)
A = grouped.with_weight(weight).on(size)
parts = [
    cm.conv2d(C_IN // G, C_OUT // G, 3, padding=1, weight=part).on(size).to_scipy()
    for part in np.split(weight, G)
]
assert (A.to_scipy() != block_diag(parts)).nnz == 0
print(f"  matrix {A.shape[0]}×{A.shape[1]} = {G} blocks of {parts[0].shape[0]}×{parts[0].shape[1]}")

# --- it is the regular convolution with zeros for the kernels between groups
full = np.zeros((C_OUT, C_IN, 3, 3), int)
full[:3, :2], full[3:, 2:] = np.split(weight, G)
regular = cm.conv2d(C_IN, C_OUT, 3, padding=1)
assert cm.prove_equal(A, regular.with_weight(full).on(size)).holds

# --- g = 1 and g = C_in
assert cm.conv2d(C_IN, C_OUT, 3, padding=1, groups=1) == regular
assert cm.conv2d(C_IN, C_IN, 3, groups=C_IN) == cm.depthwise(C_IN, 3)
for o in range(C_IN):
    read = {source[0] for source, _ in cm.depthwise(C_IN, 3).on(size).inputs_of((o, 0, 0))}
    assert read == {o}
print("\ng = 1 is the regular convolution, g = C_in the depthwise one")

# --- the same output for a g-th of the price
print("\n g   parameters        MACs   (64 → 128 channels, 3×3, on 14×14)")
base = cm.cost(cm.conv2d(64, 128, 3, padding=1), (14, 14))
for g in (1, 2, 4, 8, 16, 32, 64):
    price = cm.cost(cm.conv2d(64, 128, 3, padding=1, groups=g), (14, 14))
    print(f"{g:>2}   {price.parameters:>10,}  {price.macs:>10,}")
    assert price.parameters * g == base.parameters
    assert price.macs * g == base.macs
    assert price.exact_macs * g == base.exact_macs

# --- the same price for g times the output
one_map = cm.cost(cm.conv2d(64, 1, 3, padding=1), (14, 14))
g_maps = cm.cost(cm.conv2d(64, 8, 3, padding=1, groups=8), (14, 14))
assert one_map == g_maps
print(f"\none regular map, or 8 maps in 8 groups: {one_map}")
