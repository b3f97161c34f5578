"""The receptive field: linear in depth for stacked kernels, exponential for dilated ones.

VGG showed that a stack of small kernels sees as far as one large kernel and has fewer weights. Yet
the field of L layers of size k grows only linearly, says the article: (k − 1)·L + 1. With holes in
the kernels it grows exponentially: 3×3 layers with dilations 1, 2, 4, … see 2^(L+1) − 1, and no
pixel is skipped.

The same rule (Araujo et al., Distill 2019) gives the field of whole networks. The rows below are
those of google-research's receptive_field table: size, effective stride and effective padding of
the last layer.
"""

import convmatrix as cm


def field(layers, size=None):
    """The receptive field along one axis."""
    return cm.receptive_field(cm.sequential(*layers), size)[0]


# --- linear against exponential
print(" L   3×3 stacked   (k-1)·L+1   dilated 1, 2, 4, …   2^(L+1)-1")
for L in range(1, 9):
    stacked = [cm.conv2d(1, 1, 3) for _ in range(L)]
    dilated = [cm.conv2d(1, 1, 3, dilation=2**i) for i in range(L)]
    near, far = field(stacked).size, field(dilated).size
    print(f"{L:>2}   {near:>11}   {2 * L + 1:>9}   {far:>18}   {2 ** (L + 1) - 1:>9}")
    assert near == (3 - 1) * L + 1
    assert far == 2 ** (L + 1) - 1
    if L <= 5:  # counted in the connections: all of the field is read, nothing beyond
        A = cm.sequential(*(cm.conv1d(1, 1, 3, dilation=2**i) for i in range(L))).on(far)
        assert A.out_shape == (1, 1)
        assert {i for (_, i), _ in A.inputs_of((0, 0))} == set(range(far))
for k in (2, 5, 7):
    assert field([cm.conv2d(1, 1, k)] * 4).size == (k - 1) * 4 + 1

# --- VGG's argument: two 3×3 see what one 5×5 sees, with 18 weights instead of 25
two, one = cm.sequential(*[cm.conv2d(1, 1, 3)] * 2), cm.conv2d(1, 1, 5)
assert cm.receptive_field(two) == cm.receptive_field(one)
weights = cm.cost(two, (9, 9)).parameters, cm.cost(one, (9, 9)).parameters
print(f"\ntwo 3×3 see 5×5 with {weights[0]} weights, one 5×5 has {weights[1]}")
assert weights == (18, 25)

# --- published rows
conv, pool = cm.conv2d(1, 1, 3, padding=1), cm.max_pool(2)


def vgg(*convolutions):
    """Blocks of 3×3 layers, a pooling after each."""
    return [layer for count in convolutions for layer in [conv] * count + [pool]]


alexnet = [
    cm.conv2d(1, 1, 11, stride=4),
    cm.max_pool(3, stride=2),
    cm.conv2d(1, 1, 5, padding=2),
    cm.max_pool(3, stride=2),
    *[conv] * 3,
    cm.max_pool(3, stride=2),
]


def residual(units, stride):
    """The 3×3 layers of a block's main path (1×1 layers see no further); the last one strides."""
    return [conv] * (units - 1) + [cm.conv2d(1, 1, 3, stride=stride, padding=1)]


resnet = [
    cm.conv2d(1, 1, 7, stride=2, padding=3),
    cm.max_pool(3, stride=2, padding="same"),  # whose padding depends on the image: 224
    *residual(3, 2),
    *residual(4, 2),
    *residual(6, 2),
    *residual(3, 1),
]
published = {
    "alexnet_v2 pool5": (alexnet, 195, 32, 64),
    "vgg_a pool5": (vgg(1, 1, 2, 2, 2), 150, 32, 59),
    "vgg_16 pool5": (vgg(2, 2, 3, 3, 3), 212, 32, 90),
    "resnet_v1_50 block4": (resnet, 483, 32, 239),
}
print("\n                     size  stride  padding")
for name, (layers, *row) in published.items():
    f = field(layers, 224)
    print(f"{name:<20} {f.size:>4}  {f.stride!s:>6}  {f.padding:>7}")
    assert [f.size, f.stride, f.padding] == row
