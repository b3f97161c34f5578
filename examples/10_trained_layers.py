"""Trained layers as matrices, against onnxruntime.

The rapidocr-onnxruntime package carries the trained networks of PP-OCRv4, which find and read text
in photographs. Out of the one that finds it comes the first layer of each kind that the article
describes: a standard convolution, a depthwise, a 1×1 and a transposed one. Its weights become a
layer of `convmatrix`; the very node, cut out of its network, runs in onnxruntime on a random
feature map. The matrix times the vector, plus the bias, is what onnxruntime computes.

The package itself is not imported (it wants OpenCV): its model files are enough.
"""

from importlib.metadata import files

import numpy as np

import convmatrix as cm

try:
    import onnx
    import onnxruntime
    from onnx import helper, numpy_helper

    installed = files("rapidocr-onnxruntime")
except ImportError:
    raise SystemExit(
        "this example needs onnx, onnxruntime and the models of rapidocr-onnxruntime; run: "
        "python -m pip install onnx onnxruntime && "
        "python -m pip install --no-deps rapidocr-onnxruntime"
    ) from None

(path,) = (file for file in installed if file.match("*det*.onnx"))
model = onnx.load(path.locate())
nodes = model.graph.node
constants = {
    n.output[0]: numpy_helper.to_array(n.attribute[0].t) for n in nodes if n.op_type == "Constant"
}


def layer_of(node):
    """The layer of a Conv or ConvTranspose node, and which of the article's kinds it is."""
    options = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    (top, left, bottom, right), g = options["pads"], options["group"]
    weight, *bias = (constants[name] for name in node.input[1:])
    first, second, *kernel = weight.shape
    arguments = {
        "stride": options["strides"],
        "padding": ((top, bottom), (left, right)),
        "dilation": options["dilations"],
        "groups": g,
        "weight": weight,
        "bias": bias[0] if bias else None,
    }
    if node.op_type == "ConvTranspose":
        return cm.conv_transpose2d(first, second * g, kernel, **arguments), "transposed"
    kind = "depthwise" if g == first > 1 else "1×1" if kernel == [1, 1] else "standard"
    return cm.conv2d(second * g, first, kernel, **arguments), kind


def run_alone(node, x):
    """What onnxruntime makes of the node by itself."""
    inputs = [helper.make_tensor_value_info(node.input[0], onnx.TensorProto.FLOAT, x.shape)]
    outputs = [helper.make_tensor_value_info(node.output[0], onnx.TensorProto.FLOAT, None)]
    weights = [numpy_helper.from_array(constants[name], name) for name in node.input[1:]]
    graph = helper.make_graph([node], "one node", inputs, outputs, weights)
    alone = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    cpu = {"providers": ["CPUExecutionProvider"]}
    session = onnxruntime.InferenceSession(alone.SerializeToString(), **cpu)
    return session.run(None, {node.input[0]: x})[0]


first = {}  # of each kind
for node in nodes:
    if node.op_type in ("Conv", "ConvTranspose"):
        layer, kind = layer_of(node)
        first.setdefault(kind, (node, layer))
assert set(first) == {"standard", "depthwise", "1×1", "transposed"}

print(f"{path.name}, the first layer of each kind:")
rng = np.random.default_rng(0)
for kind, (node, layer) in first.items():
    x = rng.standard_normal((layer.in_channels, 24, 20), dtype=np.float32)
    expected = run_alone(node, x[None])[0]
    A = layer.on(24, 20)
    matrix = A.to_scipy()
    bias = np.float32(0) if layer.bias is None else layer.bias[:, None, None]
    by_matrix = (matrix @ x.ravel()).reshape(A.out_shape) + bias
    by_dense = layer(x)

    # Each side is a float32 sum of at most n products and a bias, in an order of its own, so it is
    # off by at most (n + 1)·ε/2 of the sum of their magnitudes; two sides, by twice that.
    n = np.diff(matrix.indptr).max()
    magnitude = (abs(matrix) @ abs(x.ravel())).reshape(A.out_shape) + abs(bias)
    bound = (n + 1) * np.finfo(np.float32).eps * magnitude
    print(f"\n{kind}: {layer!r}\n  {A}, {matrix.nnz:,} non-zeros")
    for name, result in (("matrix", by_matrix), ("dense", by_dense)):
        assert (result.shape, result.dtype) == (expected.shape, np.float32)
        off = abs(result - expected)
        assert (off <= bound).all()
        print(f"  {name:<6} off onnxruntime by {off.max():.1e} of {abs(expected).max():.3g}")
print("\nall four kinds: matrix times vector plus bias is onnxruntime's output")
