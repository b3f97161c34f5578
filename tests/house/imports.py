"""What each file of the package imports, read from its text."""

from __future__ import annotations

import ast
from pathlib import Path

HOUSE = Path(__file__).parents[2] / "convmatrix"
FILES = [p for p in sorted(HOUSE.rglob("*.py")) if p.name != "__init__.py" or p.parent != HOUSE]

UPWARD = {
    ("maps", "explorer"),  # A.explore(), A.widget()
    ("layers", "maps"),  # Layer.on gives the map
    ("layers", "dense"),  # layer(x, method=...) says how the dense path runs
}
"""The shortcuts that may reach up, inside a function."""


def name_of(path):
    """A file as the package's own words have it: `maps.base`; of a face, the room."""
    parts = path.relative_to(HOUSE).with_suffix("").parts
    return ".".join(parts[: -1 if parts[-1] == "__init__" else None])


def room_of(path):
    return name_of(path).split(".")[0]


def running(tree, inside=False):
    """`(node, inside a function)` of all that runs: what only type checkers read is left out."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child, inside
        deeper = inside or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))
        yield from running(child, deeper)


def imports(tree):
    """`(module, names, inside a function)` of every import that happens when code runs."""
    for node, inside in running(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, [alias.name for alias in node.names], inside
        elif isinstance(node, ast.Import):
            yield from ((alias.name, [], inside) for alias in node.names)
