"""Rooms are entered by their faces: no private name, no file of another room, no circle.

Each list is of what stands; entries leave it and none comes.
"""

from __future__ import annotations

import ast

import networkx as nx
from house.imports import FILES, UPWARD, imports, name_of, room_of, running

PRIVATE: set[str] = set()
"""Private names of another room that a file uses."""

PAST = {
    "analysis": (
        "dense.choice dense.direct dense.engine dense.lowrank dense.problem dense.rates "
        "dense.threads factors.factorization layers.arguments layers.calling "
        "layers.convolution layers.printing maps.carried maps.given maps.intervals "
        "maps.shaped views.values"
    ),
    "cli": (
        "explorer.describe explorer.live explorer.page explorer.server explorer.state "
        "explorer.text layers.arguments maps.shaped readers.arrays readers.files "
        "readers.images readers.kernels readers.layouts words.kinds writers.arrays "
        "writers.files"
    ),
    "dense": "layers.arrays",
    "draw": "maps.given maps.shaped",
    "explorer": "layers.arguments maps.shaped readers.kernels",
    "factors": (
        "dense.choice dense.direct dense.fft dense.lowrank dense.phases dense.problem "
        "dense.toeplitz dense.winograd dense.winograd_transforms layers.calling "
        "layers.printing maps.given views.symbols"
    ),
    "graphs": "layers.calling views.values",
    "layers": "maps.made",
    "maps": (
        "explorer.live explorer.page explorer.server explorer.still explorer.widget "
        "graphs.lazy layers.arrays layers.calling layers.remembered views.matrix "
        "views.operator views.symbols views.values"
    ),
    "proof": "layers.arguments layers.calling layers.printing maps.base maps.shaped",
    "readers": "layers.arrays layers.calling layers.trained",
    "separable": (
        "layers.arguments layers.arrays layers.calling layers.convolution layers.makers "
        "layers.printing layers.renamed layers.trained"
    ),
    "views": "layers.arguments layers.arrays layers.calling",
    "words": "layers.arguments layers.convolution readers.kernels",
    "writers": "layers.calling maps.given maps.shaped",
}
"""The files of other rooms that a room imports past their faces."""

CIRCLES: set[str] = {
    "maps.base maps.carried maps.connected maps.given maps.made maps.shaped maps.sums maps.viewed",
}
"""Files that import one another in a circle, the shortcuts upward left out."""


def private(name):
    return name.startswith("_") and not name.startswith("__")


def own_names(tree):
    """The private methods and attributes that a file's classes define."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    yield part.name
                targets = getattr(part, "targets", [getattr(part, "target", None)])
                yield from (t.id for t in targets if isinstance(t, ast.Name))
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


TREES = {path: ast.parse(path.read_text()) for path in FILES}
DEFINED: dict[str, set[str]] = {}
"""The private names that a room's classes define."""
for _path, _tree in TREES.items():
    DEFINED.setdefault(room_of(_path), set()).update(filter(private, own_names(_tree)))


def private_uses(room, tree):
    """Private names of other rooms that a file imports, or asks of an object."""
    others = set().union(*(names for of, names in DEFINED.items() if of != room))
    for module, names, _ in imports(tree):
        if module.startswith("convmatrix.") and module.split(".")[1] != room:
            yield from filter(private, names)
    for node, _ in running(tree):
        if isinstance(node, ast.Attribute) and node.attr in others - DEFINED.get(room, set()):
            yield node.attr


def past_faces(room, tree):
    """Files of other rooms that a file imports from, past the room's face."""
    for module, _, _ in imports(tree):
        parts = module.split(".")
        if parts[0] == "convmatrix" and len(parts) > 2 and parts[1] != room:
            yield ".".join(parts[1:])


def circles(trees):
    """The circles of `{file: tree}`, each as its files in a row."""
    drawn = nx.DiGraph()
    for name, tree in trees.items():
        for module, names, inside in imports(tree):
            if not module.startswith("convmatrix."):
                continue
            target = module.removeprefix("convmatrix.")
            ends = {f"{target}.{n}" for n in names} & set(trees) or {target}
            if inside and (name.split(".")[0], target.split(".")[0]) in UPWARD:
                continue
            drawn.add_edges_from((name, end) for end in ends)
    found = nx.strongly_connected_components(drawn)
    return {" ".join(sorted(ring)) for ring in found if len(ring) > 1}


def test_no_private_name_of_another_room_is_used():
    found = {
        f"{name_of(path)} {name}"
        for path, tree in TREES.items()
        for name in private_uses(room_of(path), tree)
    }
    assert sorted(found - PRIVATE) == []
    assert sorted(PRIVATE - found) == [], "no longer used: strike these off"


def test_rooms_are_entered_by_their_faces():
    found = {
        (room_of(path), target)
        for path, tree in TREES.items()
        for target in past_faces(room_of(path), tree)
    }
    listed = {(room, target) for room, targets in PAST.items() for target in targets.split()}
    assert sorted(found - listed) == []
    assert sorted(listed - found) == [], "no longer imported: strike these off"


def test_no_files_import_each_other_in_a_circle():
    found = circles({name_of(path): tree for path, tree in TREES.items()})
    assert sorted(found - CIRCLES) == []
    assert sorted(CIRCLES - found) == [], "no longer a circle: strike these off"


def test_these_tests_can_fail():
    name = min(DEFINED["maps"] - DEFINED["cli"])
    text = f"from convmatrix.maps.base import Map, _refuse\nMap.{name}"
    assert list(private_uses("cli", ast.parse(text))) == ["_refuse", name]
    assert list(past_faces("cli", ast.parse(text))) == ["maps.base"]
    late = "def f():\n    from convmatrix.{} import x"
    two = {"cli.a": late.format("cli.b"), "cli.b": "import convmatrix.cli.a"}
    assert circles({n: ast.parse(t) for n, t in two.items()}) == {"cli.a cli.b"}
