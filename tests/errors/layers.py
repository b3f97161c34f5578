"""Wrong uses of layers and their makers, by class of error: what each is told."""

import numpy as np
import sympy

import convmatrix as cm

N = sympy.Symbol("n", integer=True, positive=True)
PLAIN = cm.conv1d(1, 1, 3)

WRONG = {
    cm.GeometryError: {
        "kernel_too_big": (
            lambda: cm.conv1d(1, 1, 5).on(3),
            "kernel does not fit on axis 0: kernel_size=5 with dilation=1 spans 5, the padded "
            "input has 3; use an input of at least 5, or more padding",
        ),
        "kernel_too_big_dilated": (
            lambda: cm.conv2d(1, 1, 3, dilation=2, padding=1).on(5, 2),
            "kernel does not fit on axis 1: kernel_size=3 with dilation=2 spans 5, the padded "
            "input has 4; use an input of at least 3, or more padding",
        ),
        "pool_too_big": (
            lambda: cm.avg_pool(4).on(3, 3),
            "kernel does not fit on axis 0: kernel_size=4 with dilation=1 spans 4, the padded "
            "input has 3; use an input of at least 4, or more padding",
        ),
        "transposed_no_output": (
            lambda: cm.conv_transpose1d(1, 1, 3, padding=3).on(2),
            "the output would have -2 elements on axis 0; use less padding than (3, 3) or a "
            "larger input",
        ),
        "input_size_0": (lambda: cm.conv1d(1, 1, 1).on(0), "input size must be at least 1, got 0"),
        "input_size_negative": (
            lambda: cm.conv2d(1, 1, 1).on(5, -1),
            "input size must be at least 1, got -1",
        ),
        "input_size_axes": (
            lambda: cm.conv2d(1, 1, 3).on(5, 5, 5),
            "input size must be an int or 2 of them, one an axis, got (5, 5, 5)",
        ),
        "input_size_float": (
            lambda: PLAIN.on(5.0),
            "input size must be an integer or one integer an axis, got 5.0",
        ),
        "groups_in": (
            lambda: cm.conv2d(4, 6, 3, groups=3),
            "groups=3 must divide in_channels=4; use 1 or 2",
        ),
        "groups_out": (
            lambda: cm.conv2d(4, 6, 3, groups=4),
            "groups=4 must divide out_channels=6; use 1 or 2",
        ),
        "groups_0": (lambda: cm.conv1d(1, 1, 3, groups=0), "groups must be at least 1, got 0"),
        "channels_0": (lambda: cm.conv1d(0, 1, 3), "in_channels must be at least 1, got 0"),
        "padding_mode": (
            lambda: cm.conv1d(1, 1, 3, padding_mode="mirror"),
            "padding_mode must be one of ('zeros', 'circular', 'reflect', 'replicate'), got "
            "'mirror'",
        ),
        "padding_mode_none": (
            lambda: cm.conv1d(1, 1, 3, padding_mode=None),
            "padding_mode must be one of ('zeros', 'circular', 'reflect', 'replicate'), got None",
        ),
        "padding_word": (
            lambda: cm.conv1d(1, 1, 3, padding="SAME_UPPER"),
            "padding must be numbers or one of ('valid', 'same', 'same_lower', 'full', "
            "'causal'), got 'SAME_UPPER'",
        ),
        "padding_pair_1d": (
            lambda: cm.conv1d(1, 1, 3, padding=(1, 2)),
            "padding must be an int, or for each of the 1 axes an int or a (before, after) pair, "
            "got (1, 2); write a pair as ((1, 2),)",
        ),
        "padding_three": (
            lambda: cm.conv2d(1, 1, 3, padding=(1, 2, 3)),
            "padding must be an int, or for each of the 2 axes an int or a (before, after) pair, "
            "got (1, 2, 3)",
        ),
        "padding_triple": (
            lambda: cm.conv1d(1, 1, 3, padding=((1, 2, 3),)),
            "padding of an axis must be an int or (before, after), got ((1, 2, 3),)",
        ),
        "padding_float": (
            lambda: cm.conv1d(1, 1, 3, padding=1.5),
            "padding must be an integer or one integer an axis, got 1.5",
        ),
        "padding_none": (
            lambda: cm.conv1d(1, 1, 3, padding=None),
            "padding must be an integer or one integer an axis, got None",
        ),
        "padding_negative_conv": (
            lambda: cm.conv1d(1, 1, 3, padding=-2).on(5),
            "kernel does not fit on axis 0: kernel_size=3 with dilation=1 spans 3, the padded "
            "input has 1; use an input of at least 7, or more padding",
        ),
        "reflect_too_large": (
            lambda: cm.conv1d(1, 1, 3, padding=3, padding_mode="reflect").on(3),
            "reflect padding on axis 0 must be smaller than the input size 3, got (3, 3); use "
            "padding_mode='replicate' or less padding",
        ),
        "output_padding": (
            lambda: cm.conv_transpose1d(1, 1, 3, stride=2, output_padding=2),
            "output_padding must be smaller than stride or dilation, got 2 with stride=2, "
            "dilation=1; use at most 1",
        ),
        "output_padding_dilation": (
            lambda: cm.conv_transpose1d(1, 1, 3, dilation=3, output_padding=3),
            "output_padding must be smaller than stride or dilation, got 3 with stride=1, "
            "dilation=3; use at most 2",
        ),
        "output_padding_negative": (
            lambda: cm.conv_transpose1d(1, 1, 3, output_padding=-1),
            "output_padding must be at least 0, got -1",
        ),
        "output_padding_same": (
            lambda: cm.conv_transpose1d(1, 1, 3, stride=2, padding="same", output_padding=1),
            "padding='same' makes the output stride × input, so output_padding must be 0, got 1; "
            "give the padding in numbers instead",
        ),
        "stride_0": (lambda: cm.conv1d(1, 1, 3, stride=0), "stride must be at least 1, got 0"),
        "stride_negative": (
            lambda: cm.conv2d(1, 1, 3, stride=(1, -2)),
            "stride must be at least 1, got -2",
        ),
        "stride_float": (
            lambda: cm.conv1d(1, 1, 3, stride=1.5),
            "stride must be an integer or one integer an axis, got 1.5",
        ),
        "stride_float_whole": (
            lambda: cm.conv1d(1, 1, 3, stride=2.0),
            "stride must be an integer or one integer an axis, got 2.0",
        ),
        "stride_string": (
            lambda: cm.conv1d(1, 1, 3, stride="2"),
            "stride must be an integer or one integer an axis, got '2'",
        ),
        "stride_axes": (
            lambda: cm.conv2d(1, 1, 3, stride=(1, 2, 3)),
            "stride must be an int or 2 of them, one an axis, got (1, 2, 3)",
        ),
        "kernel_0": (lambda: cm.conv1d(1, 1, 0), "kernel_size must be at least 1, got 0"),
        "kernel_negative": (lambda: cm.conv1d(1, 1, -3), "kernel_size must be at least 1, got -3"),
        "dilation_0": (
            lambda: cm.conv1d(1, 1, 3, dilation=0),
            "dilation must be at least 1, got 0",
        ),
        "dilation_negative": (
            lambda: cm.conv1d(1, 1, 3, dilation=-1),
            "dilation must be at least 1, got -1",
        ),
        "symbolic_oo": (
            lambda: cm.conv1d(1, 1, 3, stride=sympy.oo),
            "stride must be an integer, got oo",
        ),
        "symbolic_half": (
            lambda: cm.conv1d(1, 1, 3, padding=sympy.Rational(5, 2)),
            "padding must be an integer, got 5/2",
        ),
        "symbolic_pi": (
            lambda: cm.conv1d(1, 1, sympy.pi),
            "kernel_size must be an integer, got pi",
        ),
        "symbolic_zoo": (
            lambda: cm.conv1d(1, 1, sympy.nan),
            "kernel_size must be an integer, got nan",
        ),
        "symbolic_half_k": (
            lambda: PLAIN.on(N + sympy.Rational(1, 2)),
            "input size must be a finite integer expression, got n + 1/2",
        ),
        "symbolic_nonneg": (
            lambda: cm.conv1d(1, 1, 3, stride=-N),
            "stride must be at least 1, got -n",
        ),
        "pixel_shuffle_channels": (
            lambda: cm.pixel_shuffle(2, channels=6),
            "pixel_shuffle needs channels divisible by factor^2=4, got 6; use 4",
        ),
        "pixel_unshuffle_size": (
            lambda: cm.pixel_unshuffle(2, channels=1).on(4, 5),
            "pixel_unshuffle needs sizes that factor=2 divides, got 5 on axis 1; use 4 or 6",
        ),
        "pixel_shuffle_factor": (
            lambda: cm.pixel_shuffle(0, channels=4),
            "factor must be at least 1, got 0",
        ),
        "channel_shuffle": (
            lambda: cm.channel_shuffle(3, channels=4),
            "groups=3 must divide channels=4; use a divisor of 4",
        ),
        "channel_shuffle_0": (
            lambda: cm.channel_shuffle(0, channels=4),
            "groups must be at least 1, got 0",
        ),
        "upsample_neither": (
            lambda: cm.upsample(),
            "upsample takes size or scale_factor, one of the two, got size=None and "
            "scale_factor=None",
        ),
        "upsample_both": (
            lambda: cm.upsample(size=4, scale_factor=2),
            "upsample takes size or scale_factor, one of the two, got size=4 and scale_factor=2",
        ),
        "upsample_mode": (
            lambda: cm.upsample(scale_factor=2, mode="cubic"),
            "upsample mode must be one of ('nearest', 'nearest-exact', 'linear', 'bilinear', "
            "'trilinear'), got 'cubic'",
        ),
        "upsample_align": (
            lambda: cm.upsample(scale_factor=2, align_corners=True),
            "align_corners belongs to the linear modes, got mode='nearest'",
        ),
        "upsample_axes": (
            lambda: cm.upsample(scale_factor=2, mode="bilinear", ndim=1),
            "mode='bilinear' has 2 axes, got 1; use 'linear'",
        ),
        "upsample_scale_0": (
            lambda: cm.upsample(scale_factor=0),
            "scale_factor must be a positive number or 2 of them, one an axis, got 0",
        ),
        "upsample_scale_nan": (
            lambda: cm.upsample(scale_factor=float("nan")),
            "scale_factor must be a positive number or 2 of them, one an axis, got nan",
        ),
        "upsample_scale_string": (
            lambda: cm.upsample(scale_factor="x"),
            "scale_factor must be a positive number or 2 of them, one an axis, got 'x'",
        ),
        "upsample_size_0": (lambda: cm.upsample(size=0), "size must be at least 1, got 0"),
        "upsample_nothing": (
            lambda: cm.upsample(scale_factor=0.1, ndim=1).on(5),
            "upsample leaves no output on axis 0: size 5 times scale_factor=0.1; use a "
            "scale_factor of at least 0.2",
        ),
        "crop_nothing": (
            lambda: cm.pad(-3, ndim=1).on(5),
            "cropping 3 and 3 leaves nothing of the 5 elements on axis 0; crop at most 4 in all",
        ),
        "pad_word": (
            lambda: cm.pad("same"),
            "pad takes numbers, got 'same'; words belong to a layer with a kernel",
        ),
        "pad_mode": (
            lambda: cm.pad(1, mode="mirror"),
            "padding_mode must be one of ('zeros', 'circular', 'reflect', 'replicate'), got "
            "'mirror'",
        ),
        "pad_reflect": (
            lambda: cm.pad(3, mode="reflect", ndim=1).on(3),
            "reflect padding on axis 0 must be smaller than the input size 3, got (3, 3); use "
            "padding_mode='replicate' or less padding",
        ),
        "divisor_0": (
            lambda: cm.avg_pool(2, divisor_override=0),
            "divisor_override must not be 0; leave it out for the window's size",
        ),
        "layer_channels_none": (
            lambda: cm.conv1d(None, 1, 3),
            "in_channels must be an integer or one integer an axis, got None",
        ),
        "ndim_0": (lambda: cm.relu(ndim=0), "a layer has 1 to 15 axes, got 0; see ndim="),
        "pool_ndim_conflict": (
            lambda: cm.avg_pool((2, 2), ndim=3),
            "kernel_size must be an int or 3 of them, one an axis, got (2, 2)",
        ),
        "pool_padding_word": (
            lambda: cm.avg_pool(2, padding="mirror"),
            "padding must be numbers or one of ('valid', 'same', 'same_lower', 'full', "
            "'causal'), got 'mirror'",
        ),
    },
    cm.WeightError: {
        "weight_reshape": (
            lambda: cm.conv2d(2, 1, 3, weight=np.ones((2, 3, 3))),
            "weight must have shape (1, 2, 3, 3), got (2, 3, 3); reshape it to (1, 2, 3, 3)",
        ),
        "weight_permuted": (
            lambda: cm.conv2d(2, 4, 3, weight=np.ones((3, 3, 2, 4))),
            "weight must have shape (4, 2, 3, 3), got (3, 3, 2, 4); move its axes into this "
            "order with np.moveaxis (from Keras: cm.keras_weight)",
        ),
        "weight_wrong": (
            lambda: cm.conv2d(1, 1, 3, weight=np.ones((1, 1, 5, 5))),
            "weight must have shape (1, 1, 3, 3), got (1, 1, 5, 5); give one value a tap in that "
            "layout",
        ),
        "weight_with_weight": (
            lambda: PLAIN.with_weight([1, 2, 3, 4]),
            "weight must have shape (1, 1, 3), got (4,); give one value a tap in that layout",
        ),
        "weight_ragged": (
            lambda: cm.conv1d(1, 1, 3, weight=[[1, 2], [3]]),
            "weight must be an array of numbers of shape (1, 1, 3), got [[1, 2], [3]]",
        ),
        "weight_strings": (
            lambda: cm.conv1d(1, 1, 3, weight=[[["a", "b", "c"]]]),
            "weight must be an array of numbers of shape (1, 1, 3), got [[['a', 'b', 'c']]]",
        ),
        "weight_on_relu": (
            lambda: cm.relu().with_weight([1]),
            "ReLU has no weight; give weights to convolutions only",
        ),
        "bias_wrong": (
            lambda: cm.conv1d(1, 2, 3, bias=[1, 2, 3]),
            "bias must have shape (2,), got (3,); give one a channel",
        ),
        "bias_string": (
            lambda: cm.conv1d(1, 1, 3, bias="ab"),
            "bias must be an array of numbers of shape (1,), got 'ab'",
        ),
        "keras_kind": (
            lambda: cm.keras_weight(np.ones((3, 3, 1, 1)), kind="dense"),
            "kind must be one of ('conv', 'transpose', 'depthwise'), got 'dense'",
        ),
        "keras_shape": (
            lambda: cm.keras_weight(np.ones((3, 3))),
            "a Keras kernel has shape (*size, in, out), got (3, 3)",
        ),
    },
}

NAMED = {
    "weight_holds_none": (lambda: cm.conv1d(1, 1, 2, weight=[[[None, 1]]]), "None"),
    "weight_holds_a_string": (
        lambda: cm.conv1d(1, 1, 2, weight=np.array([[[1, "a"]]], object)),
        "a",
    ),
    "padding_mode_list": (lambda: cm.conv1d(1, 1, 3, padding_mode=["zeros"]), "['zeros']"),
    "groups_transpose": (
        lambda: cm.conv_transpose2d(4, 6, 3, groups=4),
        "groups=4 must divide out_channels=6; use 1 or 2",
    ),
    "pixel_unshuffle_small": (
        lambda: cm.pixel_unshuffle(3, channels=1).on(2, 3),
        "got 2 on axis 0; use 3",
    ),
}
"""What is said of these holds what was given, whatever the words."""
