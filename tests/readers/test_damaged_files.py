"""Damaged files: whatever bytes they have, they are read right, or refused in one line and in time.

A family of files is tried in a process of its own, whose address space is limited.
"""

from __future__ import annotations

import io
import json
import random
import warnings
import zipfile
import zlib

import numpy as np
import pytest
from bounds import run, within

import convmatrix as cm

SECONDS = 5
SPARE = 1 << 30
"""Bytes of address space beyond what the libraries take."""
TIMES = {"onnx": 70, "npz": 40, "safetensors": 30, "pt": 40,
         "png": 20, "gif": 25, "tiff": 25, "jpeg": 15, "bmp": 15, "npy": 20}  # fmt: skip

# ---------------------------------------------------------------------------- whole files


def arrays():
    rng = np.random.default_rng(0)
    shapes = {"a.weight": (4, 3, 3, 3), "a.bias": (4,), "b.weight": (4, 1, 5, 5), "n": (2, 2)}
    return {name: rng.standard_normal(s).astype(np.float32) for name, s in shapes.items()}


def onnx_nodes():
    from onnx import helper

    return [
        helper.make_node("Identity", ["a.weight"], ["w"]),
        helper.make_node("Conv", ["x", "w", "a.bias"], ["y"], pads=[1, 1, 1, 1], strides=[1, 2]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"], axis=0),
        helper.make_node("Conv", ["y", "d"], ["z1"], group=4, auto_pad="SAME_UPPER"),
        helper.make_node("ConvTranspose", ["z1", "u"], ["out"], output_padding=[0, 1]),
    ]


def onnx_file(nodes):
    from onnx import TensorProto, helper, numpy_helper

    stored = arrays() | {
        "q": np.arange(100, dtype=np.int8).reshape(4, 1, 5, 5), "u": np.ones((4, 2, 2, 2), "f4"),
        "s": np.float32([1, 2, 3, 4]), "z": np.int8([0, 1, 2, 3]),
    }  # fmt: skip
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g", [value("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [value("out", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in stored.items()],
    )  # fmt: skip
    return helper.make_model(graph).SerializeToString()


def whole(family):
    """The bytes of an undamaged file."""
    file = io.BytesIO()
    if family == "onnx":
        return onnx_file(onnx_nodes())
    if family == "npz":
        np.savez_compressed(file, **arrays())
    elif family == "safetensors":
        from safetensors.numpy import save

        return save(arrays())
    elif family == "pt":
        import torch

        torch.save({name: torch.from_numpy(a) for name, a in arrays().items()}, file)
    elif family == "npy":
        np.save(file, arrays()["a.weight"])
    else:
        from PIL import Image

        pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
        image = Image.fromarray(pixels)
        more = {"save_all": True, "append_images": [image]} if family in ("gif", "tiff") else {}
        image.save(file, format=family, **more)
    return file.getvalue()


# ------------------------------------------------------------------------------- damage


def damaged(content, rng):
    """The bytes with a few of them changed, lost, repeated or put in."""
    data = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 5])):
        at = rng.randrange(len(data)) if rng.random() < 0.5 else rng.randrange(min(200, len(data)))
        how = rng.randrange(6)
        if how < 2:
            data[at] ^= 1 << rng.randrange(8)
        elif how == 2:
            data[at : at + 4] = rng.choice([b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", bytes(4)])
        elif how == 3:
            data[at : at + rng.randrange(1, 9)] = rng.randbytes(rng.randrange(9))
        elif how == 4:
            data[at:at] = data[at : at + rng.randrange(1, 60)]
        else:
            del data[max(1, at) :]
    return bytes(data)


ABSURD = [
    0, -1, 7, 2**31, 2**62, -(2**63), 1.5, float("nan"), "text", b"\xff\xfe", [], [1], [2**62] * 4,
    [-1, -1], [0, 0], [1.5, 2.5], ["a", "b"], [1] * 100,
]  # fmt: skip


def absurd(rng):
    """An ONNX file whose nodes have attributes and inputs that mean nothing."""
    from onnx import helper

    nodes = onnx_nodes()
    for node in rng.sample(nodes, 2):
        name = rng.choice(["pads", "strides", "dilations", "group", "auto_pad", "output_padding",
                           "axis", "kernel_shape", "output_shape"])  # fmt: skip
        kept = [a for a in node.attribute if a.name != name]
        del node.attribute[:]
        value = rng.choice([v for v in ABSURD if v != []])
        node.attribute.extend([*kept, helper.make_attribute(name, value)])
        if rng.random() < 0.4:
            node.input[rng.randrange(len(node.input))] = rng.choice(["", "w", "d", "n", "s", "x"])
    return onnx_file(nodes)


def bombs(family):
    """Small files that would be large, or take long."""
    if family == "npz":
        header = (
            b"\x93NUMPY\x01\x00\x76\x00" + b"{'descr': '<f4', 'fortran_order': False, 'shape': "
        )
        for shape in (b"(1048576, 1048576, 1, 1)", b"(2147483648, 1, 3)", b"(3, 3, 3, 1e9)"):
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("w.npy", (header + shape + b", }").ljust(127) + b"\n" + bytes(99))
            yield file.getvalue()
        file = io.BytesIO()
        np.savez_compressed(file, w=np.zeros((150, 100, 10, 1000), np.uint8))
        yield file.getvalue()
    elif family == "npy":
        for shape in ("(1099511627776,)", "(-5, 2)", "()", "((((((", "(" * 500, "(1, 2)" * 9):
            text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n"
            size = len(text).to_bytes(2, "little")
            yield b"\x93NUMPY\x01\x00" + size + text.encode() + bytes(8)
        yield b"\x93NUMPY\x01\x00\x14\x00" + b"import os; os.abort()"
    elif family == "png":
        for width, height in ((10**5, 10**5), (2**31 - 1, 1), (0, 0), (14000, 14000)):
            yield png(width, height, bytes(10**5))
    elif family == "bmp":
        for width, height in ((10**5, 10**5), (-5, 20), (2**31 - 1, 2**31 - 1)):
            content = bytearray(whole("bmp"))
            content[18:26] = (width % 2**32).to_bytes(4, "little") + height.to_bytes(4, "little")
            yield bytes(content)
    elif family == "safetensors":
        for shape, ends in (
            ([2**40, 3, 3], [0, 8]),
            ([1, 1, 1, 1], [0, 2**60]),
            ([-1, 1, 1], [0, 4]),
        ):
            head = json.dumps(
                {"w": {"dtype": "F32", "shape": shape, "data_offsets": ends}}
            ).encode()
            yield len(head).to_bytes(8, "little") + head + bytes(8)
        yield (2**62).to_bytes(8, "little") + b"{}"
        yield (20000).to_bytes(8, "little") + b"[" * 20000
    elif family == "pt":
        import torch

        for tensor in (
            torch.zeros(1).expand(10**4, 10**4, 9),
            torch.empty(10**9, 1, 9, device="meta"),
        ):
            file = io.BytesIO()
            torch.save({"w": tensor}, file)
            yield file.getvalue()
        yield b"\x80\x02cos\nabort\n(tR."  # if it ran, there were no result
        yield b"\x80\x04" + b"(" * 10**5 + b"t" * 10**5 + b"."


def png(width, height, raw):
    def chunk(kind, data):
        return (
            len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
        )

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def files_of(family):
    rng = random.Random(family)
    content = whole(family)
    yield content
    yield b""
    yield from bombs(family)
    for j in range(TIMES[family]):
        yield absurd(rng) if family == "onnx" and j % 2 else damaged(content, rng)


# --------------------------------------------------------------------------------- trial


def use(path):
    """What is done with a file, as the command line does it."""
    if path.suffix[1:] in ("onnx", "npz", "safetensors", "pt"):
        layers = cm.read_layers(path)
        str(cm.network_separability(layers))
        for layer in layers:
            try:
                layer.layer()
            except cm.ConvMatrixError as error:
                one_line(error)
    else:
        from convmatrix.readers.arrays import read_array

        array = read_array(str(path))
        assert isinstance(array, np.ndarray)
        assert array.nbytes < SPARE


def one_line(error):
    assert "\n" not in str(error)
    assert len(str(error)) < 1000, error


def trial(family, folder):
    """Try a family's files; the errors that are not the library's, and how many were refused."""
    import resource
    from pathlib import Path

    files = list(files_of(family))
    path = Path(folder) / f"file.{family}"
    path.write_bytes(files[0])
    use(path)  # loads what is needed
    pages = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (pages + SPARE, pages + SPARE))
    warnings.simplefilter("ignore")
    refused, wrong = 0, []
    for j, content in enumerate(files[1:]):
        path.write_bytes(content)
        try:
            with within(SECONDS):
                use(path)
        except cm.ConvMatrixError as error:
            one_line(error)
            refused += 1
        except BaseException as error:
            path.with_name(f"bad{j}.{family}").write_bytes(content)
            wrong.append(f"{j}: {type(error).__name__}: {error}")
    return {"files": len(files), "refused": refused, "wrong": wrong}


@pytest.mark.parametrize("family", TIMES)
def test_damaged_files(tmp_path, family):
    for needed in {"onnx": "onnx", "safetensors": "safetensors", "pt": "torch"}.get(
        family, "PIL"
    ).split():
        pytest.importorskip(needed)
    code = "import json, readers.test_damaged_files as t; print(json.dumps(t.trial(%r, %r)))"
    result = run(code % (family, str(tmp_path)), seconds=120)
    assert result.returncode == 0, result.stderr[-1000:]
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["wrong"] == []
    assert found["refused"] > found["files"] // 5


def test_there_are_as_many_as_promised():
    assert sum(TIMES.values()) == 300


VERBS = {"separable": ["onnx", "safetensors"], "explore": ["onnx"], "apply": ["png", "tiff"]}


def spoken(folder):
    """What the command line says of damaged files: status and standard error of each."""
    import contextlib
    import sys
    from pathlib import Path

    from convmatrix.cli import main

    found = []
    for verb, families in VERBS.items():
        for family in families:
            path = Path(folder) / f"file.{family}"
            for content in list(files_of(family))[1:12]:
                path.write_bytes(content)
                sys.argv = ["convmatrix", verb, str(path)]
                with contextlib.redirect_stdout(io.StringIO()) as out, \
                        contextlib.redirect_stderr(io.StringIO()) as err:  # fmt: skip
                    try:
                        main()
                    except SystemExit as done:
                        found.append((done.code, out.getvalue(), err.getvalue()))
    return found


def test_the_command_line_says_it_in_one_line(tmp_path):
    for needed in ("onnx", "safetensors", "PIL"):
        pytest.importorskip(needed)
    code = "import json, readers.test_damaged_files as t; print(json.dumps(t.spoken(%r)))"
    result = run(code % str(tmp_path), seconds=120, memory=6 << 30)
    assert result.returncode == 0, result.stderr[-1000:]
    said = json.loads(result.stdout.splitlines()[-1])
    refused = [err for status, out, err in said if status == 2]
    assert len(said) == 11 * sum(map(len, VERBS.values()))
    assert len(refused) > len(said) // 2
    assert all(status in (0, 1, 2) for status, _, _ in said)
    for err in refused:
        *warned, refusal = err.splitlines()
        assert refusal.startswith("convmatrix: ")
        assert all(line.startswith("convmatrix: warning: ") for line in warned)
