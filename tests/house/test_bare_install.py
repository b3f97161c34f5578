"""Without an optional library, each door to it says what to install; nothing is left behind."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from bounds import run

import convmatrix as cm

SETUP = """
import sys
for name in {blocked}:
    sys.modules[name] = None  # what imports it is told that it is not there
import json, os
from pathlib import Path
import numpy as np
import convmatrix as cm
from convmatrix import draw
from convmatrix.readers.images import read_image
from convmatrix.writers.arrays import write_array
os.chdir({folder!r})
a = cm.conv2d(1, 1, 2, weight=[[[[1, 2], [2, 4]]]]).on(3, 3)
verdict = cm.separability([[1, 2], [2, 4]])
report = cm.network_separability(cm.read_layers(dict(w=np.ones((2, 2, 3, 3)))))
for name in ("m.onnx", "m.safetensors", "m.pt", "m.pth", "image.png"):
    open(name, "wb").close()
before = sorted(os.listdir())
found = {{}}
def shell(*words):
    from convmatrix.cli import cli
    cli(words, standalone_mode=False)
for door in {doors}:
    try:
        eval(door)
        found[door] = "done"
    except Exception as error:
        found[door] = type(error).__name__ + ": " + str(error)
print(json.dumps([found, sorted(set(os.listdir()) - set(before))]))
"""

DRAWN = [
    *(f"cm.write_{what}(a, 'z.{kind}')" for what in ("graph", "matrix") for kind in ("svg", "png")),
    "cm.write_graph(a, 'z.svg.gz')", "cm.write_graph(a, '-', format='png')",
    "draw.draw_matrix(a)", "draw.draw_graph(a)", "draw.draw_graph(a, view='channels')",
    "draw.draw_grids(a)", "draw.draw_grid((1, 3, 3))", "draw.draw_counts(np.ones((2, 2)))",
    "draw.draw_receptive_field(a, (0, 0, 0))", "draw.draw_figure(a)",
    "draw.draw_separable(verdict)", "draw.draw_singular_values(verdict)",
    "draw.draw_energies(report)", "shell('graph', '-o', 'z.png')", "shell('matrix', '-o', 'z.svg')",
    "shell('separable', 'sobel', '--plot', 'z.svg')",
]  # fmt: skip

DOORS = {
    "matplotlib": ("plot", DRAWN),
    "pyarrow": ("parquet", ["cm.write_graph(a, 'z.parquet')", "shell('graph', '-o', 'z.parquet')"]),
    "PIL": ("image", [
        "read_image(Path('image.png'))", "write_array(np.ones((1, 2, 2)), 'z.png')",
        "shell('apply', 'image.png', '--weight', '1 2')",
    ]),
    "onnx": ("onnx", ["cm.read_layers('m.onnx')", "shell('separable', 'm.onnx')",
                      "shell('explore', 'm.onnx')"]),
    "safetensors": ("safetensors", ["cm.read_layers('m.safetensors')"]),
    "torch": ("torch", ["cm.read_layers('m.pt')", "cm.read_layers('m.pth')"]),
    "islpy": ("proof", ["cm.prove('transpose', method='presburger')",
                        "shell('prove', 'sizes', '--method', 'presburger')"]),
    "starlette": ("explore", ["a.explore(browser=False)", "shell('explore', '--port', '0')"]),
    "uvicorn": ("explore", ["a.explore(browser=False)", "shell('explore', '--port', '0')"]),
    "anywidget": ("widget", ["a.widget()"]),
    "traitlets": ("widget", ["a.widget()"]),
}  # fmt: skip
"""What installs each library, and every way to it."""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What a process without any of them says at each door; of uvicorn, one without it alone."""
    found = {}
    for blocked in (list(DOORS), ["uvicorn"]):
        doors = [door for name in blocked for door in DOORS[name][1]]
        said, left = tried(tmp_path_factory.mktemp("bare"), blocked, doors)
        assert left == []
        found |= {(name, door): said[door] for name in blocked for door in DOORS[name][1]}
    return found


def tried(folder, blocked, doors):
    done = run(SETUP.format(blocked=blocked, folder=str(folder), doors=doors))
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("library", "door"), [(name, door) for name, (_, doors) in DOORS.items() for door in doors]
)
def test_every_door_says_what_to_install(said, library, door):
    assert re.fullmatch(
        rf"MissingExtraError: .* needs .*, which is not installed; run: python -m pip install "
        rf"'\.\[{DOORS[library][0]}\]' in a checkout of convmatrix",
        said[library, door],
    ), said[library, door]


def test_what_is_named_can_be_installed():
    project = tomllib.loads((Path(cm.__file__).parents[1] / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    for library, (extra, _) in DOORS.items():
        name = {"PIL": "pillow", "traitlets": "anywidget"}.get(library, library)
        assert any(one.startswith(name) for one in extras[extra]), library


def test_the_rest_needs_none_of_them(tmp_path):
    doors = [
        "a(np.ones((1, 3, 3)))", "a.to_scipy()", "a.to_networkx()", "a.to_sympy()", "a.to_html()",
        "cm.prove('transpose')", "cm.explain(cm.conv2d(1, 1, 3), (5, 5))",
        "cm.read_layers(dict(w=np.ones((2, 2, 3, 3))))",
        "shell('explore', '--json')", "shell('graph')", "shell('prove', 'sizes')",
    ]  # fmt: skip
    found, _ = tried(tmp_path, list(DOORS), doors)
    assert set(found.values()) == {"done"}, found
