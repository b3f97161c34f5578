"""`python -m benchmarks network`: layers of known networks against PyTorch and ONNX Runtime."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from statistics import geometric_mean, median
from typing import Any

import numpy as np

import convmatrix as cm
from benchmarks.timing import cores, header, interleaved, progress, spread, write

__all__ = ["NETWORK", "network"]

# name: batch, in, size, out, kernel, stride, padding, dilation, groups, transposed
NETWORK: dict[str, tuple[Any, ...]] = {
    "VGG 64→64 3×3 at 224": (1, 64, (224, 224), 64, 3, 1, 1, 1, 1, False),
    "VGG 256→256 3×3 at 56": (1, 256, (56, 56), 256, 3, 1, 1, 1, 1, False),
    "ResNet-50 stem 7×7 s2": (1, 3, (224, 224), 64, 7, 2, 3, 1, 1, False),
    "ResNet-50 64 3×3 at 56": (1, 64, (56, 56), 64, 3, 1, 1, 1, 1, False),
    "ResNet-50 128 3×3 at 28": (1, 128, (28, 28), 128, 3, 1, 1, 1, 1, False),
    "ResNet-50 256 3×3 at 14": (1, 256, (14, 14), 256, 3, 1, 1, 1, 1, False),
    "ResNet-50 512 3×3 at 7": (1, 512, (7, 7), 512, 3, 1, 1, 1, 1, False),
    "ResNet-50 128 3×3 s2 at 56": (1, 128, (56, 56), 128, 3, 2, 1, 1, 1, False),
    "ResNet-50 1×1 256→64 at 56": (1, 256, (56, 56), 64, 1, 1, 0, 1, 1, False),
    "ResNet-50 1×1 2048→512 at 7": (1, 2048, (7, 7), 512, 1, 1, 0, 1, 1, False),
    "batch 8 64→64 3×3 at 56": (8, 64, (56, 56), 64, 3, 1, 1, 1, 1, False),
    "MobileNetV2 depthwise 32 at 112": (1, 32, (112, 112), 32, 3, 1, 1, 1, 32, False),
    "MobileNetV2 depthwise 96 s2 at 112": (1, 96, (112, 112), 96, 3, 2, 1, 1, 96, False),
    "MobileNetV2 depthwise 384 at 14": (1, 384, (14, 14), 384, 3, 1, 1, 1, 384, False),
    "ConvNeXt depthwise 7×7 96 at 56": (1, 96, (56, 56), 96, 7, 1, 3, 1, 96, False),
    "ResNeXt g32 128 at 56": (1, 128, (56, 56), 128, 3, 1, 1, 1, 32, False),
    "AlexNet conv2 g2 5×5": (1, 96, (27, 27), 256, 5, 1, 2, 1, 2, False),
    "DeepLab d6 512→256 at 33": (1, 512, (33, 33), 256, 3, 1, 6, 6, 1, False),
    "DeepLab d12 512→256 at 33": (1, 512, (33, 33), 256, 3, 1, 12, 12, 1, False),
    "DCGAN transposed 512→256 k4 s2 at 8": (1, 512, (8, 8), 256, 4, 2, 1, 1, 1, True),
    "transposed 128→3 k4 s2 at 32": (1, 128, (32, 32), 3, 4, 2, 1, 1, 1, True),
    "FCN transposed 21→21 k16 s8 at 64": (1, 21, (64, 64), 21, 16, 8, 4, 1, 1, True),
    "U-Net transposed 256→128 k2 s2 at 64": (1, 256, (64, 64), 128, 2, 2, 0, 1, 1, True),
    "WaveNet 64→64 k2 d4, 16000": (1, 64, (16000,), 64, 2, 1, "causal", 4, 1, False),
    "3-D 16→32 3³ at 16×56×56": (1, 16, (16, 56, 56), 32, 3, 1, 1, 1, 1, False),
}

HEAD = [
    "| layer | PyTorch ms | auto | direct | ONNX Runtime | algorithm | workspace MiB | error |",
    "| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: |",
]


def network() -> None:
    """Suite N in float32: times as ratios to PyTorch's, the same number of threads for all."""
    try:
        import onnxruntime
        import torch
    except ImportError:
        sys.exit("this suite needs its peers; run: python -m pip install '.[bench]'")
    torch.set_num_threads(cores())
    torch.set_grad_enabled(False)
    about = header("torch", "onnxruntime")
    print("\n".join(["", *HEAD]))
    rows = []
    for name, spec in progress(NETWORK.items(), len(NETWORK)):
        rows.append(_row(name, spec, torch, onnxruntime))
        print(_line(rows[-1]), flush=True)
    every = [row["auto"] for row in rows]
    dense = [r["direct"] for r in rows if r["groups"] == 1 and r["direct"]]
    thin = [r["auto"] for r in rows if r["groups"] > 1]
    others = [r["auto"] for r in rows if r["groups"] == 1]
    summary = [
        f"auto: geometric mean {geometric_mean(every):.2f}; largest {max(others):.2f} of the rows "
        f"without groups, {max(thin):.2f} of those with.",
        f"direct: geometric mean {geometric_mean(dense):.2f} over the rows without groups.",
        f"auto against ONNX Runtime: geometric mean "
        f"{geometric_mean(r['auto'] / r['onnxruntime'] for r in rows):.2f}.",
        f"workspace: {max(r['workspace'] for r in rows) / 2**20:.1f} MiB at most, measured "
        f"(kept weights and buffers, output not counted).",
    ]
    print("\n".join(["", *summary]))
    write("network", about, rows, [*HEAD, *map(_line, rows), "", *summary])


def _line(row: dict[str, Any]) -> str:
    direct = f"{row['direct']:.2f}" if row["direct"] else "–"
    span = f" ({row['spread'][0]:.2f}–{row['spread'][1]:.2f})"
    return (
        f"| {row['name']} | {1e3 * row['torch']:.3f} | {row['auto']:.2f}{span} | {direct} | "
        f"{row['onnxruntime']:.2f} | {row['algorithm']} | {row['workspace'] / 2**20:.1f} | "
        f"{row['error']:.0e} |"
    )


def _row(name: str, spec: tuple[Any, ...], torch: Any, onnxruntime: Any) -> dict[str, Any]:
    batch, inputs, size, outputs, k, s, p, d, groups, transposed = spec
    ndim, rng = len(size), np.random.default_rng(0)
    x = rng.standard_normal((batch, inputs, *size)).astype(np.float32)
    shape = (inputs, outputs // groups) if transposed else (outputs, inputs // groups)
    w = rng.standard_normal((*shape, *(k,) * ndim)).astype(np.float32)
    kind = "conv_transpose" if transposed else "conv"
    layer = getattr(cm, f"{kind}{ndim}d")(
        inputs, outputs, k, stride=s, padding=p, dilation=d, groups=groups, weight=w
    )
    tx, tw, functional = torch.from_numpy(x), torch.from_numpy(w), torch.nn.functional
    run = getattr(functional, f"{kind}{ndim}d")
    if p == "causal":
        peer = lambda: run(functional.pad(tx, (d * (k - 1), 0)), tw, dilation=d)  # noqa: E731
    else:
        peer = lambda: run(tx, tw, stride=s, padding=p, dilation=d, groups=groups)  # noqa: E731
    workspace = _workspace(layer, x)
    contenders: dict[str, Callable[[], object]] = {
        "torch": peer, "auto": lambda: layer(x), "onnxruntime": _session(layer, x, w, onnxruntime)
    }  # fmt: skip
    if not transposed:
        contenders["direct"] = lambda: layer(x, method="direct")
    rounds = interleaved(contenders)
    ratio = {name: median(r) / median(rounds["torch"]) for name, r in rounds.items()}
    return {
        "name": name, "groups": groups, "torch": median(rounds["torch"]), "auto": ratio["auto"],
        "direct": ratio.get("direct"), "onnxruntime": ratio["onnxruntime"],
        "spread": spread(rounds["auto"], rounds["torch"]),
        "algorithm": cm.plan(layer, x.shape).algorithm, "workspace": workspace,
        "error": _error(layer, x, w),
    }  # fmt: skip


def _session(layer: Any, x: Any, w: Any, onnxruntime: Any) -> Callable[[], object]:
    """ONNX Runtime on a model of one node."""
    from onnx import TensorProto, helper, numpy_helper

    transposed = "transpose" in layer.name
    leaf = layer.on(x.shape[2:]).leaves[0]
    axes = leaf.geometry.axes
    node = helper.make_node(
        "ConvTranspose" if transposed else "Conv", ["x", "w"], ["y"], kernel_shape=w.shape[2:],
        strides=[a.stride for a in axes], dilations=[a.dilation for a in axes],
        pads=[a.before for a in axes] + [a.after for a in axes], group=leaf.geometry.groups,
    )  # fmt: skip
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [node], "layer", [value("x", TensorProto.FLOAT, x.shape)],
        [value("y", TensorProto.FLOAT, None)], [numpy_helper.from_array(w, "w")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores()
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    assert np.allclose(
        session.run(None, {"x": x})[0], layer(x), rtol=1e-2, atol=1e-2 * np.abs(x).max()
    )
    return lambda: session.run(None, {"x": x})


def _workspace(layer: Any, x: Any) -> int:
    """The most bytes held in two calls beside input, output and weight."""
    tracemalloc.start()
    layer(x)
    tracemalloc.reset_peak()
    y = layer(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return max(0, peak - int(y.nbytes))


def _error(layer: Any, x: Any, w: Any) -> float:
    """The largest error against float64, relative to the largest value of |w| applied to |x|."""
    wide = layer.with_weight(w.astype(float))
    method = "fold" if "transpose" in layer.name else "direct"
    exact = wide(x.astype(float), method=method)
    sizes = layer.with_weight(np.abs(w).astype(float))(np.abs(x).astype(float), method=method)
    return float(np.abs(layer(x) - exact).max() / sizes.max())
