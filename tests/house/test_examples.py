"""Every example runs, asserts what the article claims, and says so."""

from __future__ import annotations

import ast
import runpy
import sys
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = sorted(Path(__file__).parents[2].joinpath("examples").glob("*.py"))

PRINTS = {
    "13_explorer.py": ["with no outside request in it", "d feeds 4 outputs"],
    "01_regular.py": ["C_in = C_k = 3,  C_out = N = 4", "matrix 9×25", "row 0: 5 6 · · · 8 9 ·"],
    "02_pointwise.py": ["(64, 7, 7) → (16, 7, 7)", "proved:", "relu is not linear", "f(-x) ="],
    "03_grouped.py": ["2 blocks of 108×72", "64        1,152     225,792"],
    "04_spatially_separable.py": [
        "[3, 4, 5]ᵀ × [1, 2, 3]",
        "9 multiplications an output",
        "6 multiplications an output",
        "have the minor -1",
        "50 of the 512 kernels",
    ],
    "05_depthwise_separable.py": [
        "W[0,0,0,0] = D[0,0,0,0]*P[0,0,0,0]\nproved:",
        "462,422,016  2,359,296",
        "52,283,392    266,752",
        "Keras kernels (3, 3, 4, 2) and (1, 1, 8, 5)",
    ],
    "06_transposed.py": [
        "a = (0, 0)  feeds [1];",
        "b = (0, 1)  feeds [1, 2];",
        "c = (0, 2)  feeds [2];",
        "d = (1, 1)  feeds [1, 2, 3, 4];",
        "proved: Aᵀ = zero_insert → pad → flipped stride-1 convolution",
        "3×3 5×5 7×7 5×5",
        "108 of 816 geometries: exactly where p = k - s",
        "rank 4 of 16",
    ],
    "07_dilated.py": ["pixels from (1, 1), (4, 5): proved", "from the kernel:\n", "w[0,0,2,2]"],
    "08_receptive_field.py": [
        "8            17          17                  511         511",
        "alexnet_v2 pool5      195      32       64",
        "vgg_a pool5           150      32       59",
        "vgg_16 pool5          212      32       90",
        "resnet_v1_50 block4   483      32      239",
    ],
    "09_photograph.py": [
        "427×640 pixels",
        "sobel     circular     2,459,520                  0                 0",
        "gaussian  circular     6,832,000",
        "Aᵀx = -Ax",
    ],
    "10_trained_layers.py": [
        "standard: conv2d(3, 16, 3, stride=2, padding=1",
        "depthwise: conv2d(16, 16, 3, padding=1, groups=16",
        "1×1: conv2d(16, 32, 1",
        "transposed: conv_transpose2d(24, 24, 2, stride=2",
        "all four kinds",
    ],
    "11_proofs.py": [
        "for every convolution\n  level   weights",
        "by hand: proved",
        "without the flip: differs in weights at {'d': 1, 'k': 2, 'n': 1, 'p': 1, 's': 1}",
        "without the dilation: differs in size",
        "without the remainder a: differs in size at {'d': 1, 'k': 1, 'n': 2, 'p': 0, 's': 2}",
        "Lemma 2 (every a < s keeps m outputs)",
        "proved  bilinear",
    ],
    "14_own_layer.py": [
        "w[0,0,0,0,0,2], w[0,0,0,0,1,0]] ...",
        "81 parameters, 81 MACs (81 without padding); a convolution: 9 parameters",
        "'h[0,0,1] at (1, 3)', 'h[0,0,2] at (2, 1)'",
    ],
    "12_graphs.py": [
        "{'a': '1', 'b': '12', 'c': '2', 'd': '1234'}",
        "the transpose's graph is this one reversed: 49 edges",
        "3 grouped, 1 depthwise-separable",
        "1,057,030,144 edges; x_0_85_85 feeds 576 outputs",
        "written (1, 2, 4) times",
        "1, 2, 5: 0%",
    ],
}

MODELS = "rapidocr_onnxruntime"
NEEDS = {
    "09_photograph.py": ("sklearn", "PIL"),
    "10_trained_layers.py": ("onnx", "onnxruntime", MODELS),
}

example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


def test_the_table_names_every_example():
    assert [path.name for path in EXAMPLES] == sorted(PRINTS)


@example
def test_it_runs_and_prints_what_it_asserts(path, capsys):
    for name in NEEDS.get(path.name, ()):
        if name == MODELS and find_spec(name) is None:  # importing it would want OpenCV
            pytest.skip(f"could not find {name!r}, whose model files are read")
        elif name != MODELS:
            pytest.importorskip(name)
    runpy.run_path(str(path), run_name="__main__")
    printed = capsys.readouterr().out
    for text in PRINTS[path.name]:
        assert text in printed


@pytest.mark.parametrize(
    "path", [p for p in EXAMPLES if p.name not in NEEDS], ids=lambda path: path.stem
)
def test_it_runs_from_anywhere_and_leaves_no_file(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(path)])
    runpy.run_path(str(path), run_name="__main__")
    assert not list(tmp_path.iterdir())
    assert not capsys.readouterr().err


@example
def test_it_starts_in_prose_and_asserts(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = ast.get_docstring(tree)
    assert prose is not None
    assert 5 <= len(prose.splitlines()) <= 16
    assert len(prose.split()) >= 60
    assert sum(isinstance(node, ast.Assert) for node in ast.walk(tree)) >= 3


@example
def test_it_uses_the_public_names_only(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not any(a.name.startswith("convmatrix.") for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("convmatrix")
        elif isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_")


@pytest.mark.parametrize(
    ("script", "package"), [(script, name) for script, names in NEEDS.items() for name in names]
)
def test_a_missing_package_is_one_line_with_the_command(script, package, monkeypatch, capsys):
    def absent(name):
        raise PackageNotFoundError(name)

    if package == MODELS:
        monkeypatch.setattr("importlib.metadata.files", absent)
    for loaded in {package, *(m for m in sys.modules if m.startswith(f"{package}."))}:
        monkeypatch.setitem(sys.modules, loaded, None)  # importing it fails
    path = next(path for path in EXAMPLES if path.name == script)
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(path), run_name="__main__")
    assert "run: python -m pip install" in caught.value.code
    assert "\n" not in caught.value.code
    assert not capsys.readouterr().out
