"""The 1×1 convolution: the same map, another number of channels.

The article's list: the kernel is 1×1; height and width stay; the number of channels is what
changes, up or down; parameters and computation are a ninth of those of a 3×3 layer. As a matrix it
mixes channels at every position alike and never looks aside.

Its main use, says the article, is to add a non-linearity. That is more than a remark. Two linear
layers in a row are the product of two matrices, hence one matrix: without an activation between
them, a 1×1 layer behind a 3×3 layer adds nothing that one 3×3 layer could not do. With a ReLU in
between there is no matrix any more, and the depth is real.
"""

import numpy as np

import convmatrix as cm

# --- the size stays, the channels change, down or up
for layer in (cm.pointwise(64, 16), cm.pointwise(16, 64)):
    A = layer.on(7, 7)
    print(f"{layer!r:<17} {A.in_shape} → {A.out_shape}")
    assert A.out_shape == (layer.out_channels, 7, 7)
    assert all(at[1:] == (2, 5) for at, _ in A.inputs_of((0, 2, 5)))  # one position, all channels

# --- a ninth of the price
small, large = cm.pointwise(64, 16), cm.conv2d(64, 16, 3, padding=1)
cheap, dear = cm.cost(small, (7, 7)), cm.cost(large, (7, 7))
print(f"\n1×1: {cheap.parameters:>6,} parameters, {cheap.macs:>8,} MACs")
print(f"3×3: {dear.parameters:>6,} parameters, {dear.macs:>8,} MACs")
assert (dear.parameters, dear.macs) == (9 * cheap.parameters, 9 * cheap.macs)

# --- without a non-linearity: two layers, one matrix
rng = np.random.default_rng(0)
kernels, mix = rng.integers(-5, 6, (3, 2, 3, 3)), rng.integers(-5, 6, (4, 3, 1, 1))
conv, point = cm.conv2d(2, 3, 3, padding=1, weight=kernels), cm.pointwise(3, 4, weight=mix)
combined = np.einsum("ocyx,cikl->oikl", mix, kernels)  # 4 kernels of 3×3×2
single = cm.conv2d(2, 4, 3, padding=1, weight=combined)

stack = cm.sequential(conv, point).on(6, 6)
product = point.on(6, 6).to_scipy() @ conv.on(6, 6).to_scipy()
assert (product != single.on(6, 6).to_scipy()).nnz == 0
assert stack.is_linear
proof = cm.prove_equal(stack, single.on(6, 6))
print(f"\n{proof}")
assert (proof.holds, proof.level) == (True, "weights")

# --- and that for all weights, not only for these: the kernels as symbols
w, p = cm.weight_symbols("w", (3, 2, 3, 3)), cm.weight_symbols("p", (4, 3, 1, 1))
two = cm.sequential(conv.with_weight(w), point.with_weight(p))
one = single.with_weight(np.einsum("ocyx,cikl->oikl", p, w))
assert cm.prove_equal(two.on(4, 4), one.on(4, 4)).holds
print("the same with a symbol for every weight: proved")

# --- with one, no matrix
deep = cm.sequential(conv, cm.relu(), point)
assert not deep.is_linear
try:
    deep.on(6, 6).to_scipy()
except cm.NotLinearError as error:
    print(f"\nwith a ReLU between them: {error}")
else:
    raise AssertionError("a ReLU has no matrix")
x = rng.integers(-9, 10, (2, 6, 6))
assert np.array_equal(stack(-x), -stack(x))
assert not np.array_equal(deep(-x), -deep(x))
print(f"  f(-x) = {deep(-x)[0, 0, :4]} …, but -f(x) = {-deep(x)[0, 0, :4]} …")
