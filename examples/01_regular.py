"""The regular convolution, and the matrix that it is.

A convolution layer has N kernels, each K × K × C_k. The article gives it two rules: a kernel has
as many channels as the input (C_k = C_in), and there is one output channel a kernel (C_out = N).
The kernel moves over the feature map, multiplies what it lies on, and sums.

Each output is thus a weighted sum of inputs, so the whole layer is one matrix: a row an output, a
column an input. The article's figure, a 3×3 kernel with stride 2 and padding 1 on a 5×5 input, is
a matrix of 9×25. Sliding the kernel and multiplying by that matrix are the same thing. Where the
kernel hangs over the edge its taps find nothing to read, and the row has fewer entries.
"""

import numpy as np

import convmatrix as cm

# --- the channel rules
layer = cm.conv2d(3, 4, 3)  # C_in = 3 channels in, N = 4 kernels
n_kernels, kernel_channels, *size = layer.weight_shape
print(f"{n_kernels} kernels of {size[0]}×{size[1]}×{kernel_channels} on {layer.on(8, 8).in_shape}:")
print(f"  C_in = C_k = {kernel_channels},  C_out = N = {n_kernels}")
assert kernel_channels == layer.in_channels == 3
assert n_kernels == layer.on(8, 8).out_shape[0] == 4
every_channel = {source[0] for source, _ in layer.on(8, 8).inputs_of((0, 0, 0))}
assert every_channel == {0, 1, 2}  # one output reads all of the input's channels

# --- the article's figure
kernel = np.arange(1, 10).reshape(1, 1, 3, 3)
A = cm.conv2d(1, 1, 3, stride=2, padding=1, weight=kernel).on(5, 5)
print(f"\nThe figure: {A}")
assert (A.in_shape, A.out_shape, A.shape) == ((1, 5, 5), (1, 3, 3), (9, 25))

# --- three rows by hand: the first corner, the second output, and the centre
by_hand = {
    0: [5, 6, 0, 0, 0, 8, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    1: [0, 4, 5, 6, 0, 0, 7, 8, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    4: [0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 4, 5, 6, 0, 0, 7, 8, 9, 0, 0, 0, 0, 0, 0],
}
matrix = A.to_dense()
for row, expected in by_hand.items():
    assert matrix[row].tolist() == expected
    print(f"  row {row}: {' '.join(str(v) if v else '·' for v in matrix[row])}")

# --- sliding is multiplying
x = np.random.default_rng(0).integers(-9, 10, (5, 5))
padded = np.pad(x, 1)
slid = [
    (padded[i : i + 3, j : j + 3] * kernel[0, 0]).sum()
    for i in range(0, 5, 2)
    for j in range(0, 5, 2)
]
assert (A @ x.ravel()).tolist() == (A.to_scipy() @ x.ravel()).tolist() == slid
assert A(x[None]).ravel().tolist() == slid
print(f"\nslide the kernel      {np.array(slid)}")
print(f"matrix times vector   {A.to_scipy() @ x.ravel()}")
