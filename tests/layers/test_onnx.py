"""Every layer against ONNX's own test cases, and against ONNX Runtime on new inputs.

`from_node` turns a node into a layer. `CASES` are all of ONNX's one-node models of the operators
that are ours; `COUNTS` says how many, so that none is lost in silence.
"""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import convmatrix as cm

onnx = pytest.importorskip("onnx")
from onnx import numpy_helper  # noqa: E402
from onnx.backend.test.case.node import collect_testcases  # noqa: E402
from onnx.backend.test.loader import load_model_tests  # noqa: E402
from onnx.helper import get_attribute_value  # noqa: E402

# ------------------------------------------------------------------------------- the adapter

WORDS = {b"VALID": "valid", b"SAME_UPPER": "same", b"SAME_LOWER": "same_lower"}
PAD_MODES = {b"constant": "zeros", b"reflect": "reflect", b"edge": "replicate", b"wrap": "circular"}
RESIZES = {  # (mode, coordinates, rounding); the linear modes do not round
    (b"linear", b"half_pixel", None): {"mode": "linear"},
    (b"linear", b"align_corners", None): {"mode": "linear", "align_corners": True},
    (b"nearest", b"asymmetric", b"floor"): {"mode": "nearest"},
    (b"nearest", b"half_pixel", b"round_prefer_floor"): {"mode": "nearest-exact"},  # but for ties
}


def from_node(node, arrays):
    """The layer that a node is; `arrays` are its inputs, None where one is left out."""
    given = {a.name: get_attribute_value(a) for a in node.attribute}
    return globals()[f"from_{node.op_type}"](given, *arrays)


def sides(pads):
    """ONNX lists all beginnings, then all ends."""
    return tuple(zip(pads[: len(pads) // 2], pads[len(pads) // 2 :], strict=True))


def window(given, ndim):
    """What convolutions and pools have in common."""
    word = WORDS.get(given.get("auto_pad"))
    return {
        "stride": given.get("strides", (1,) * ndim),
        "dilation": given.get("dilations", (1,) * ndim),
        "padding": word or sides(given.get("pads", (0,) * 2 * ndim)),
    }


def from_Conv(given, x, w, b=None):
    maker = (cm.conv1d, cm.conv2d, cm.conv3d)[w.ndim - 3]
    g = given.get("group", 1)
    return maker(
        w.shape[1] * g, w.shape[0], w.shape[2:], groups=g, weight=w, bias=b,
        **window(given, w.ndim - 2),
    )  # fmt: skip


def from_ConvTranspose(given, x, w, b=None):
    maker = (cm.conv_transpose1d, cm.conv_transpose2d, cm.conv_transpose3d)[w.ndim - 3]
    g = given.get("group", 1)
    geometry = window(given, w.ndim - 2)
    extra = given.get("output_padding", (0,) * (w.ndim - 2))
    if "output_shape" in given:
        bare = maker(1, 1, w.shape[2:], **geometry | {"padding": 0}, output_padding=extra)
        spare = np.subtract(bare.output_size(x.shape[2:]), given["output_shape"])
        geometry["padding"] = tuple((max(0, n - n // 2), min(n, n // 2)) for n in spare)
    return maker(
        w.shape[0], w.shape[1] * g, w.shape[2:], groups=g, weight=w, bias=b, output_padding=extra,
        **geometry,
    )  # fmt: skip


def from_AveragePool(given, x):
    return cm.avg_pool(
        given["kernel_shape"], **window(given, x.ndim - 2), ndim=x.ndim - 2,
        ceil_mode=given.get("ceil_mode", 0), count_include_pad=given.get("count_include_pad", 0),
    )  # fmt: skip


def from_MaxPool(given, x):
    return cm.max_pool(
        given["kernel_shape"], **window(given, x.ndim - 2), ndim=x.ndim - 2,
        ceil_mode=given.get("ceil_mode", 0),
    )  # fmt: skip


def from_DepthToSpace(given, x):
    r, c = given["blocksize"], x.shape[1]
    shuffle = cm.pixel_shuffle(r, channels=c)
    if given.get("mode", b"DCR") == b"CRD":
        return shuffle
    return cm.sequential(cm.channel_shuffle(r * r, channels=c), shuffle)


def from_SpaceToDepth(given, x):
    r, c = given["blocksize"], x.shape[1]
    unshuffle = cm.pixel_unshuffle(r, channels=c)
    if given.get("mode", b"DCR") == b"CRD":
        return unshuffle
    return cm.sequential(unshuffle, cm.channel_shuffle(c, channels=c * r * r))


def from_Pad(given, x, pads=None, value=None, axes=None):
    pairs = [(0, 0)] * x.ndim
    axes = range(x.ndim) if axes is None else axes
    for axis, pair in zip(axes, sides(given.get("pads", pads)), strict=True):
        pairs[axis] = pair
    assert pairs[:2] == [(0, 0), (0, 0)]
    return cm.pad(pairs[2:], mode=PAD_MODES[given["mode"]])


def from_Upsample(given, x, scales):
    nearest = {"coordinate_transformation_mode": b"asymmetric", "nearest_mode": b"floor"}
    return from_Resize(given | nearest, x, None, scales)


def from_Resize(given, x, roi, scales, sizes=None):
    ratios = np.ones(x.ndim)
    axes = given.get("axes", range(x.ndim))
    if sizes is None:
        ratios[list(axes)] = scales
        target = {"scale_factor": tuple(ratios[2:])}
    else:
        target = {"size": tuple(sizes[list(axes).index(j)] for j in range(2, x.ndim))}
    rounding = given.get("nearest_mode", b"round_prefer_floor")
    where = given.get("coordinate_transformation_mode", b"half_pixel")
    mode = given["mode"]
    resize = RESIZES[mode, where, rounding if mode == b"nearest" else None]
    return cm.upsample(**resize, **target, ndim=x.ndim - 2)


# --------------------------------------------------------------------------------- the cases

COUNTS = {
    "AveragePool": 25,
    "Conv": 33,
    "ConvTranspose": 14,
    "DepthToSpace": 2,
    "MaxPool": 28,
    "Pad": 11,
    "Resize": 39,
    "SpaceToDepth": 4,
    "Upsample": 1,
}

NOT_OURS = {  # Resize can do more than PyTorch's `interpolate`, which `upsample` follows
    "cubic interpolation": [
        "upsample_scales_cubic",
        "upsample_scales_cubic_align_corners",
        "upsample_scales_cubic_asymmetric",
        "upsample_scales_cubic_A_n0p5_exclude_outside",
        "upsample_sizes_cubic",
        "downsample_scales_cubic",
        "downsample_scales_cubic_align_corners",
        "downsample_scales_cubic_A_n0p5_exclude_outside",
        "downsample_scales_cubic_antialias",
        "downsample_sizes_cubic",
        "downsample_sizes_cubic_antialias",
    ],
    "antialiasing": ["downsample_scales_linear_antialias", "downsample_sizes_linear_antialias"],
    "a region of interest": [
        "tf_crop_and_resize",
        "tf_crop_and_resize_axes_2_3",
        "tf_crop_and_resize_axes_3_2",
        "tf_crop_and_resize_extrapolation_value",
    ],
    "corners aligned to the fractional length 4 × 0.6": ["downsample_scales_linear_align_corners"],
    "centres aligned to a fractional length": [
        "downsample_scales_linear_half_pixel_symmetric",
        "upsample_scales_linear_half_pixel_symmetric",
    ],
    "a lone output at 0, where PyTorch now has it in the middle": [
        "downsample_sizes_linear_pytorch_half_pixel"
    ],
    "nearest with other coordinates or rounding": [
        "upsample_sizes_nearest_ceil_half_pixel",
        "upsample_sizes_nearest_floor_align_corners",
        "upsample_sizes_nearest_round_prefer_ceil_asymmetric",
    ],
    "an output halfway between two inputs, which round_prefer_floor rounds down": [
        "downsample_sizes_nearest",
        "upsample_sizes_nearest",
        "upsample_sizes_nearest_axes_2_3",
        "upsample_sizes_nearest_axes_3_2",
    ],
    "a policy that chooses the size": [
        "downsample_sizes_nearest_not_larger",
        "downsample_sizes_nearest_not_smaller",
        "upsample_sizes_nearest_not_larger",
        "upsample_sizes_nearest_not_smaller",
    ],
}


class Case(NamedTuple):
    """A model of one node, its inputs in order (None where one is left out) and its output."""

    name: str
    model: Any
    arrays: list[Any]
    expected: np.ndarray

    @property
    def node(self):
        return self.model.graph.node[0]


def read(path):
    return numpy_helper.to_array(onnx.load_tensor(path))


def stored_cases():
    """The models that ONNX stores in files, exported from PyTorch."""
    for kind in ("pytorch-converted", "pytorch-operator"):
        for test in load_model_tests(kind=kind):
            folder = Path(test.model_dir)
            data = folder / "test_data_set_0"
            inputs = [read(path) for path in sorted(data.glob("input_*.pb"))]
            output = read(data / "output_0.pb")
            yield test.name, onnx.load(folder / "model.onnx"), inputs, output


def node_cases():
    """The models that ONNX computes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        tests = collect_testcases(None)
    for test in tests:
        (inputs, outputs), *_ = test.data_sets
        yield test.name, test.model, inputs, outputs[0]


def collect():
    for name, model, inputs, expected in (*node_cases(), *stored_cases()):
        graph = model.graph
        if len(graph.node) == 1 and graph.node[0].op_type in COUNTS:
            weights = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
            free = [i.name for i in graph.input if i.name not in weights]
            named = weights | dict(zip(free, inputs, strict=True))
            arrays = [named.get(name) for name in graph.node[0].input]
            yield Case(name.removeprefix("test_"), model, arrays, np.asarray(expected))


CASES = list(collect())
OTHERS = {f"resize_{name}" for names in NOT_OURS.values() for name in names}
each_case = pytest.mark.parametrize(
    "case", [pytest.param(c, id=c.name) for c in CASES if c.name not in OTHERS]
)


def test_no_case_is_lost():
    assert Counter(case.node.op_type for case in CASES) == COUNTS
    assert {case.name for case in CASES} >= OTHERS


# ----------------------------------------------------------------------------------- the tests


def padded_with(case):
    """The constant that a Pad puts around its input, an input since opset 11; else 0."""
    if case.node.op_type == "Pad" and len(case.arrays) > 2:
        return case.arrays[2]
    return sum(a.f for a in case.node.attribute if a.name == "value")


def is_the_layer(case, x, expected, rtol=1e-5):
    """Both routes give `expected`; padding with c is padding x - c with zeros, plus c."""
    layer, c = from_node(case.node, case.arrays), padded_with(case)
    x = x - x.dtype.type(c)
    tolerance = {"rtol": rtol, "atol": rtol * np.abs(expected[np.isfinite(expected)]).max()}
    y = layer(x)
    assert y.dtype == x.dtype
    np.testing.assert_allclose(y + c, expected, **tolerance)
    if layer.is_linear:
        A = layer.with_channels(x.shape[1]).on(*x.shape[2:])
        product = (A.to_scipy() @ x.reshape(len(x), -1).T).T.reshape(y.shape)
        bias = layer(np.zeros_like(x))
        np.testing.assert_allclose(product + bias + c, expected, **tolerance)


@each_case
def test_expected_output(case):
    typed = case.name == "averagepool_2d_ceil_last_window_starts_on_pad"  # with four digits
    is_the_layer(case, case.arrays[0], case.expected, rtol=1e-3 if typed else 1e-5)


@each_case
def test_onnxruntime(case):
    ort = pytest.importorskip("onnxruntime")
    model = onnx.ModelProto.FromString(case.model.SerializeToString())
    opset = model.opset_import[0]
    opset.version = max(7, opset.version)  # older pools are missing from it, and mean the same
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    old = case.arrays[0]
    x = (9 * np.random.default_rng(0).standard_normal(old.shape)).astype(old.dtype)
    arrays = dict(zip(case.node.input, [x, *case.arrays[1:]], strict=True))
    feed = {i.name: np.asarray(arrays[i.name]) for i in session.get_inputs()}
    is_the_layer(case, x, session.run(None, feed)[0])
