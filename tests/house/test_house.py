"""The rules of the house: imports go one way, the relation is written once, names are kept."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest
from house.imports import FILES, HOUSE, UPWARD, imports, room_of

import convmatrix as cm

FLOORS = [
    {"errors", "typing", "kept"},
    {"relation"},
    {"limits", "resize", "shapes"},
    {"stencil", "kernels"},
    {"leaf"},
    {"diagram"},
    {"walk"},
    {"layers"},
    {"pattern"},
    {"triples"},
    {"views", "dense"},
    {"graphs"},
    {"maps"},
    {"proof", "separable", "factors"},
    {"analysis"},
    {"draw", "readers"},
    {"writers"},
    {"words"},
    {"explorer"},
    {"cli"},
    {"__main__"},
]
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}


def upward(room, tree):
    """The rooms above that a room imports."""
    found = set()
    for module, _, inside in imports(tree):
        if not module.startswith("convmatrix."):
            continue
        target = module.split(".")[1]
        if target == room or FLOOR[target] < FLOOR[room] or (inside and (room, target) in UPWARD):
            continue
        found.add(target)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(HOUSE)))
def test_imports_go_down(path):
    assert not upward(room_of(path), ast.parse(path.read_text()))


@pytest.mark.parametrize(
    "text",
    [
        "from convmatrix.maps import Map",
        "import convmatrix.proof",
        "def f():\n    from convmatrix.cli import main",
    ],
)
def test_the_import_test_can_fail(text):
    assert upward("layers", ast.parse(text))


def test_dense_and_pattern_are_strangers():
    for path in FILES:
        modules = {module for module, *_ in imports(ast.parse(path.read_text()))}
        if room_of(path) == "dense":
            assert not any(
                m.startswith(("convmatrix.pattern", "convmatrix.views")) for m in modules
            )
        if room_of(path) in ("pattern", "views"):
            assert not any(m.startswith("convmatrix.dense") for m in modules)


def test_the_relation_is_written_once():
    """No other file multiplies a stride by an index and adds a dilation times a tap."""
    found = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
                words = ast.unparse(node)
                if "stride" in words and "dilation" in words and "*" in words:
                    found.append((path.name, words))
    assert found == [("relation.py", "stride * o + dilation * t")]


def test_nothing_prints_but_the_command_line():
    """What the explorer has to say it hands to its caller's `say`."""
    for path in FILES:
        calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
        assert "print" not in [ast.unparse(call.func) for call in calls], path


def test_relation_has_no_numpy_and_no_branches():
    tree = ast.parse((HOUSE / "relation.py").read_text())
    assert not any(m.startswith("numpy") for m, *_ in imports(tree))
    heart = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
    for function in heart:
        if function.name in ("source", "mirrored", "_zeros", "_circular", "_reflect", "_replicate"):
            assert not any(
                isinstance(n, (ast.If, ast.IfExp, ast.Compare)) for n in ast.walk(function)
            )


def loaded(code):
    script = f"{code}\nimport sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


HEAVY = {"sympy", "networkx", "scipy.sparse", "matplotlib", "click"}


def test_import_is_light():
    assert not loaded("import convmatrix") & HEAVY


def test_running_a_layer_loads_no_view():
    code = "import convmatrix as cm; cm.conv1d(1, 1, 2, weight=[[[1, 2]]]).on(3)([[1, 2, 3]])"
    assert not loaded(code) & HEAVY


def test_public_names():
    stub = ast.parse((HOUSE / "__init__.pyi").read_text())
    listed = {alias.asname for n in stub.body if isinstance(n, ast.ImportFrom) for alias in n.names}
    assert listed == set(cm.__all__) == set(dir(cm)) - {"__version__"}
    for name in cm.__all__:
        value = getattr(cm, name)
        assert value.__name__.removeprefix("convmatrix.") == name
        assert value.__doc__, f"{name} needs a docstring"
    with pytest.raises(AttributeError, match="no attribute 'conv4d'"):
        _ = cm.conv4d


def test_a_module_never_hides_a_public_name():
    """`cm.network` is the function, whatever was imported first."""
    code = "import convmatrix.layers.network; import convmatrix as cm; print(cm.network, cm.cost)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "module" not in done.stdout


@pytest.mark.parametrize(
    "name", [n for n in cm.__all__ if callable(getattr(cm, n)) and n[0].islower()]
)
def test_public_functions_have_a_doctest(name):
    assert ">>>" in getattr(cm, name).__doc__


def test_every_module_lists_its_names():
    for path in FILES:
        if path.name in ("__main__.py",) or (
            path.parent.name == "views" and path.name == "__init__.py"
        ):
            continue
        assert re.search(r"^__all__(: list\[str\])? = \[", path.read_text(), re.MULTILINE), path


def test_versions_agree():
    import tomllib

    root = HOUSE.parent
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert project["version"] == cm.__version__
    assert f"version: {cm.__version__}" in (root / "CITATION.cff").read_text()
    assert f"## {cm.__version__}" in (root / "CHANGELOG.md").read_text()


def test_architecture_names_every_room():
    text = (HOUSE.parent / "ARCHITECTURE.md").read_text()
    for path in HOUSE.iterdir():
        if path.name.startswith("__") or path.name == "py.typed":
            continue
        assert f"`{path.name}{'/' if path.is_dir() else ''}`" in text, path.name


def test_architecture_names_files_that_are_there():
    text = (HOUSE.parent / "ARCHITECTURE.md").read_text()
    there = [f"/{path.relative_to(HOUSE.parent)}" for path in HOUSE.parent.rglob("*.*")]
    named = re.findall(r"`([\w/]+\.(?:py|md))`", text)
    assert named
    assert not [name for name in named if not any(path.endswith(f"/{name}") for path in there)]
