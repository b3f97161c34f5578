"""The transposed convolution: the same connections, read the other way.

A transposed convolution takes what a convolution puts out and puts out what it took in, and who is
connected to whom does not change. The article's figure (3×3 kernel, stride 2, padding 1, on 5×5)
names four inputs: a feeds output 1 only, b feeds 1 and 2, c feeds 2 only, d feeds 1, 2, 3 and 4.
Transposed, a comes from 1 only, b from 1 and 2, and so on. The matrix is simply Aᵀ.

To compute it one may put zeros between the elements and around them and run a convolution with
stride 1. The article gives the sizes s·n + s − 1 and s·n + (s − k) on the way. They hold exactly
when the padding is p = k − s, as in its figure; the general output is s·(n − 1) + k − 2p.

And it is no inverse: from 4×4 to 2×2 and back to 4×4 the shape returns, the values do not.
"""

from itertools import product

import numpy as np

import convmatrix as cm

# --- a, b, c, d against 1, 2, 3, 4: the elements are found, not assumed
conv = cm.conv2d(1, 1, 3, stride=2, padding=1)
A = conv.on(5, 5)
assert A.T.T is A
assert (A.T.in_shape, A.T.out_shape) == ((1, 3, 3), (1, 5, 5))
number = {(0, 0, 0): 1, (0, 0, 1): 2, (0, 1, 0): 3, (0, 1, 1): 4}  # the other outputs: no number
figure = {"a": {1}, "b": {1, 2}, "c": {2}, "d": {1, 2, 3, 4}}
places = []
for name, outputs in figure.items():
    found = [
        at
        for at in product([0], range(5), range(5))
        if {number.get(output) for output, _ in A.outputs_of(at)} == outputs
    ]
    assert len(found) == 1, found  # one element of the 25, no other
    back = A.T.inputs_of(found[0])  # transposed: what is this element computed from?
    assert back == A.outputs_of(found[0])  # the same elements, through the same taps
    assert {number[output] for output, _ in back} == outputs
    textbook = cm.textbook_transpose(conv, 5, 5).inputs_of(found[0])  # which is built otherwise
    assert {number[output] for output, _ in textbook} == outputs
    places += found
    print(f"{name} = {found[0][1:]}  feeds {sorted(outputs)}; transposed, comes from the same")
assert places == [(0, 0, 0), (0, 0, 1), (0, 0, 2), (0, 1, 1)]  # along the top, and d below b
for output, one in number.items():  # and read from 1, 2, 3 and 4
    assert A.inputs_of(output) == A.T.outputs_of(output)
    assert {at for at, _ in A.inputs_of(output)} >= {(0, 1, 1)}, one  # all four read d

# --- the layer is the transpose, and the transpose is the textbook's construction
assert cm.prove_equal(cm.conv_transpose2d(1, 1, 3, stride=2, padding=1).on(3, 3), A.T).holds
print(f"\n{cm.prove_transpose(conv, 5, 5)}")
assert cm.prove_transpose(conv, 5, 5).holds
spaced, padded, flipped = cm.textbook_transpose(conv, 5, 5).factors
sizes = (spaced.in_shape, spaced.out_shape, padded.out_shape, flipped.out_shape)
print("  3×3, zeros between, zeros around, convolved:", *("×".join(map(str, z[1:])) for z in sizes))
assert [z[1] for z in sizes] == [3, 5, 7, 5]  # 7 = s·n + s - 1, 5 = s·n + (s - k)

# --- the article's sizes hold exactly when p = k - s
held = total = 0
for s, k, n, p in product(range(1, 5), range(1, 6), range(1, 7), range(-3, 5)):
    try:
        layer = cm.conv_transpose1d(1, 1, k, stride=s, padding=p)
        _, inserted, output = cm.textbook_transpose(layer, n).factors
    except cm.GeometryError:  # no output is left
        continue
    assert layer.on(n).out_shape == output.out_shape == (1, s * (n - 1) + k - 2 * p)
    assert (inserted.out_shape == (1, s * n + s - 1)) == (p == k - s)
    assert (output.out_shape == (1, s * n + (s - k))) == (p == k - s)
    held, total = held + (p == k - s), total + 1
print(f"\nthe article's two sizes hold in {held} of {total} geometries: exactly where p = k - s")

# --- not an inverse: 4×4 → 2×2 → 4×4
A = cm.conv2d(1, 1, 3, weight=np.arange(1, 10).reshape(1, 1, 3, 3)).on(4, 4)
back_and_forth = A.T @ A
x = np.arange(16).reshape(1, 4, 4)
print(f"\n{x.shape} → {A(x).shape} → {back_and_forth(x).shape}")
assert (A.out_shape, back_and_forth.out_shape) == ((1, 2, 2), x.shape)
identity = cm.sample(1).on(4, 4)
assert np.array_equal(identity.to_dense(), np.eye(16))
proof = cm.prove_equal(back_and_forth, identity)
rank = np.linalg.matrix_rank(back_and_forth.to_dense())
print(f"AᵀA is not the identity: {proof.counterexample}")
print(f"rank {rank} of 16: no kernel does better, for A has {A.shape[0]} rows")
assert proof.holds is False
assert rank == A.shape[0] == 4
