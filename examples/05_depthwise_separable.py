"""The depthwise-separable convolution: a kernel a channel, then a 1×1 layer.

Unlike the spatially separable one this does not ask whether a kernel splits; the layer is built in
two steps, as in `keras.layers.SeparableConv2D`. The depthwise step gives every channel a K × K × 1
kernel of its own and does not add the channels up. The pointwise step adds them up, with as many
1×1 kernels as there are outputs.

It can be understood, says the article, as a regular convolution done in two steps, with far fewer
parameters and far less computation. In matrices: it is the product pointwise · depthwise, and
equals the regular convolution whose kernels are W[o, c] = P[o, c] · D[c]. For 512 → 512 channels
at 14×14 the saving is a factor of almost nine.
"""

import numpy as np

import convmatrix as cm

# --- two steps: channels kept apart, then mixed
layer = cm.depthwise_separable(3, 8, 3, padding=1)
depth, point = layer.layers
print(f"{depth!r}, then {point!r}")
assert depth.out_channels == depth.in_channels == 3  # a kernel a channel, as many out as in
assert depth.weight_shape == (3, 1, 3, 3)
assert point.weight_shape == (8, 3, 1, 1)  # a 1×1 kernel an output
A = layer.on(5, 5)
assert {source[0] for source, _ in depth.on(5, 5).inputs_of((1, 2, 2))} == {1}
assert (A.in_shape, A.out_shape) == ((3, 5, 5), (8, 5, 5))

# --- the product of two matrices, for all weights: D and P are symbols
D, P = cm.weight_symbols("D", depth.weight_shape), cm.weight_symbols("P", point.weight_shape)
product = point.with_weight(P).on(5, 5) @ depth.with_weight(D).on(5, 5)
W = P * D[:, 0]  # W[o, c] = P[o, c] · D[c]
regular = cm.conv2d(3, 8, 3, padding=1, weight=W).on(5, 5)
proof = cm.prove_equal(product, regular)
print(f"W[0,0,0,0] = {W[0, 0, 0, 0]}\n{proof}")
assert proof.holds
assert cm.prove_equal(layer.with_weight([D, P]).on(5, 5), product).holds

# --- and back: is a regular layer depthwise-separable? Where every channel's kernels have rank 1
numbers = np.arange(1, 9).reshape(8, 1, 1, 1) * np.arange(27).reshape(1, 3, 3, 3)
verdict = cm.depthwise_separability(numbers)
print(f"\n{verdict}")
two = verdict.layer(padding=1).on(5, 5)
whole = cm.conv2d(3, 8, 3, padding=1, weight=numbers).on(5, 5)
assert verdict.separable
assert (two.to_scipy() != whole.to_scipy()).nnz == 0
any_weight = np.random.default_rng(0).standard_normal((8, 3, 3, 3))
assert cm.depthwise_separability(any_weight).least_multiplier == 8  # as many as outputs: no gain

# --- the price: 512 → 512, 3×3, at 14×14
print("\n                         MACs    weights")
price = {}
for name, conv in {
    "regular": cm.conv2d(512, 512, 3, padding=1),
    "depthwise-separable": cm.depthwise_separable(512, 512, 3, padding=1),
}.items():
    price[name] = cm.cost(conv, (14, 14))
    print(f"{name:<19} {price[name].macs:>11,}  {price[name].parameters:>9,}")
dear, cheap = price.values()
assert (dear.macs, dear.parameters) == (462_422_016, 2_359_296)
assert (cheap.macs, cheap.parameters) == (52_283_392, 266_752)
assert cheap.macs * 9 * 512 == dear.macs * (9 + 512)  # the ratio is 1/C_out + 1/K²
print(f"a factor of {dear.macs / cheap.macs:.2f}, which is 1 / (1/512 + 1/9)")

# --- a Keras SeparableConv2D: kernels as (height, width, in, multiplier) and (1, 1, in, out)
rng = np.random.default_rng(0)
depth_hwio, point_hwio = rng.integers(-5, 6, (3, 3, 4, 2)), rng.integers(-5, 6, (1, 1, 8, 5))
keras = cm.depthwise_separable(4, 5, 3, multiplier=2, padding="same").with_weight(
    [cm.keras_weight(depth_hwio, "depthwise"), cm.keras_weight(point_hwio)]
)
x = rng.integers(-9, 10, (6, 7, 4))  # Keras puts channels last
padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (0, 1))
apart = np.einsum("yxcij,ijcm->yxcm", windows, depth_hwio).reshape(6, 7, 8)
expected = apart @ point_hwio[0, 0]
assert np.array_equal(np.moveaxis(keras(np.moveaxis(x, -1, 0)), 0, -1), expected)
print(f"\nKeras kernels {depth_hwio.shape} and {point_hwio.shape}: the same output, channels last")
