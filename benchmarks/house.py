"""`python -m benchmarks house [--against GIT_REF]`: the size and the shape of the code, twice.

Everything is counted from a tree of files, nothing is timed: by reading it, and by running it in
processes of its own. Lines are all lines; a function's are without docstring, blanks and comments.
A private use is `x._name` (`x` not `self`, `cls` or `super()`) or `from convmatrix.room import
_name`, of a name that another room defines and its own does not. A journey is how many files of the
package have a function that runs from the call on, in a process that makes it for the first time;
what runs because a module is imported, and the package's face, which finds names, are left out.
"""

from __future__ import annotations

import ast
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import networkx as nx

__all__ = ["house"]

BEFORE = "e259fa8"
"""The tree that was there when the house was last rebuilt."""
HERE = Path(__file__).parents[1]
MAPS = ("maps", "networks", "networks.py", "layers/network.py", "diagram.py", "leaf.py", "walk.py",
        "graphs/views.py", "graphs/neighbours.py")  # fmt: skip
"""What holds maps and networks, in any tree: some of it was in `maps/` once."""

SETUP = (
    "import numpy as np, convmatrix as cm;"
    "layer = cm.conv2d(1, 1, 3, stride=2, weight=np.ones((1, 1, 3, 3)));"
    "line = cm.conv1d(1, 1, 3, stride=2, padding=1); x = np.ones((1, 64, 64)); A = layer.on(5, 5)"
)
JOURNEYS = {
    "conv2d(1, 1, 3, stride=2).on(5, 5).to_scipy()": (
        "cm.conv2d(1, 1, 3, stride=2, weight=np.ones((1, 1, 3, 3))).on(5, 5).to_scipy()"
    ),
    'write_graph(map, "g.graphml")': 'cm.write_graph(A, "g.graphml")',
    "prove_transpose(conv1d(1, 1, 3, stride=2, padding=1))": "cm.prove_transpose(line)",
    "layer(x) of floats": "layer(x)",
}
COUNT = """
import json, sys
tree, setup, call = sys.argv[1:]
exec(setup)
entered, face = set(), tree + "__init__.py"

def loading(frame):
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_code.co_filename.startswith(tree):
            return True
        frame = frame.f_back
    return False

def look(frame, event, _):
    name = frame.f_code.co_filename
    if event == "call" and name.startswith(tree) and name != face and not loading(frame):
        entered.add(name)

work = compile(call, "<journey>", "eval")
sys.setprofile(look)
try:
    eval(work)
finally:
    sys.setprofile(None)
print(json.dumps(sorted(name[len(tree):] for name in entered)))
"""
NAMES = """
import json, convmatrix
from convmatrix.maps import Map
print(json.dumps([len(convmatrix.__all__), sorted(Map.__abstractmethods__)]))
"""


@dataclass(frozen=True)
class File:
    """A file of Python and where it is, relative to its tree."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text)

    @cached_property
    def lines(self) -> int:
        """All of them."""
        return self.text.count("\n")

    @property
    def room(self) -> str:
        """`maps` of `convmatrix/maps/leaf.py`, `pattern` of `convmatrix/pattern.py`."""
        return self.path.with_suffix("").parts[1]

    @property
    def module(self) -> str:
        """Its dotted name."""
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def code(self) -> set[int]:
        """The lines that are neither docstring nor comment nor blank."""
        nothing = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT,
                   tokenize.DEDENT, tokenize.ENDMARKER)  # fmt: skip
        found: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type not in nothing:
                found.update(range(token.start[0], token.end[0] + 1))
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                found.difference_update(range(node.lineno, _end(node) + 1))
        return found

    @cached_property
    def functions(self) -> list[tuple[int, str]]:
        """How many lines of code each function has."""
        return [
            (len(self.code & set(range(node.lineno, _end(node) + 1))), node.name)
            for node in ast.walk(self.tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]

    @cached_property
    def private(self) -> set[str]:
        """The private names that it defines."""
        return {name for node in ast.walk(self.tree) for name in _defined(node) if _hidden(name)}

    def uses(self) -> Iterator[str]:
        """The private names that it reads of something that is not itself."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and _hidden(node.attr):
                if ast.unparse(node.value) not in ("self", "cls", "super()"):
                    yield node.attr
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("convmatrix"):
                yield from (alias.name for alias in node.names if _hidden(alias.name))

    def imports(self, modules: dict[str, File], *, deep: bool) -> Iterator[str]:
        """The files that it imports when it is loaded; `deep`: and when its functions run."""
        for node in _run(self.tree, deep):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names if alias.name in modules)
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    target = whole if whole in modules else node.module
                    if target in modules:
                        yield target


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _hidden(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name != "_"


def _defined(node: ast.AST) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        yield node.attr


def _run(node: ast.AST, deep: bool) -> Iterator[ast.AST]:
    """All that runs when a module is loaded; `deep`: and when its functions are called."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) and not deep:
            continue
        yield child
        yield from _run(child, deep)


@dataclass(frozen=True)
class Tree:
    """A package and its tests, in a folder."""

    folder: Path

    def files(self, part: str) -> list[File]:
        """The files of Python below a folder."""
        paths = sorted((self.folder / part).rglob("*.py"))
        return [File(path.relative_to(self.folder), path.read_text()) for path in paths]

    def asked(self, code: str, *words: str) -> Any:
        """What code that runs on the tree prints, in a process of its own."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder)}
        with tempfile.TemporaryDirectory() as empty:
            command = [sys.executable, "-c", code, *words]
            done = subprocess.run(
                command, cwd=empty, env=environment, check=True, capture_output=True, text=True
            )
        return json.loads(done.stdout)

    def journey(self, call: str) -> list[str]:
        """The files that a call enters."""
        found: list[str] = self.asked(COUNT, str(self.folder / "convmatrix") + os.sep, SETUP, call)
        return found

    def figures(self) -> dict[str, str]:
        """What the table shows, as words."""
        package, tests = self.files("convmatrix"), self.files("tests")
        names, abstract = self.asked(NAMES)
        maps = [f for f in package if f.path.relative_to("convmatrix").as_posix().startswith(MAPS)]
        return {
            "package: lines, files": f"{_lines(package):,}, {len(package)}",
            "  of them lines of code": f"{sum(len(f.code) for f in package):,}",
            "tests: lines, files": f"{_lines(tests):,}, {len(tests)}",
            "package and tests: lines": f"{_lines(package) + _lines(tests):,}",
            "maps and networks: lines, files": f"{_lines(maps):,}, {len(maps)}",
            "public names": str(names),
            "abstract methods of Map": str(len(abstract)),
            "largest file": _largest(package),
            "largest test file": _largest(tests),
            "largest function": "{} {}".format(*max(f for file in package for f in file.functions)),
            "private uses across rooms": str(len(private_uses(package))),
            "import circles, at module level": _sizes(circles(package, deep=False)),
            "import circles, functions too": _sizes(circles(package, deep=True)),
            **{f"files entered by {n}": str(len(self.journey(c))) for n, c in JOURNEYS.items()},
        }  # fmt: skip


def _lines(files: list[File]) -> int:
    return sum(file.lines for file in files)


def _largest(files: list[File]) -> str:
    largest = max(files, key=lambda file: file.lines)
    return f"{largest.lines} {'/'.join(largest.path.parts[1:])}"


def private_uses(files: list[File]) -> list[tuple[str, str]]:
    """`(file, name)` of each use of a private name of another room."""
    rooms: dict[str, set[str]] = {}
    for file in files:
        for name in file.private:
            rooms.setdefault(name, set()).add(file.room)
    return [
        (file.module, name)
        for file in files
        for name in file.uses()
        if name in rooms and file.room not in rooms[name]
    ]


def circles(files: list[File], *, deep: bool) -> list[set[str]]:
    """The sets of files that import each other, the largest first."""
    modules = {file.module: file for file in files}
    graph = nx.DiGraph(
        (file.module, target) for file in files for target in file.imports(modules, deep=deep)
    )
    found = [set(part) for part in nx.strongly_connected_components(graph) if len(part) > 1]
    return sorted(found, key=len, reverse=True)


def _sizes(found: list[set[str]]) -> str:
    return ", ".join(f"{len(part)} files" for part in found) or "none"


def house(*words: str) -> None:
    """The table of this tree beside that of a commit of its history."""
    if words and (len(words) != 2 or words[0] != "--against"):
        sys.exit(f"house takes --against GIT_REF, got {' '.join(words)}")
    ref = words[1] if words else BEFORE
    archive = subprocess.run(
        ["git", "archive", ref, "convmatrix", "tests"], cwd=HERE, check=True, capture_output=True
    ).stdout
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            packed.extractall(folder, filter="data")
        before = Tree(Path(folder)).figures()
    after = Tree(HERE).figures()
    print(f"| | {ref} | here |\n| --- | --- | --- |")
    for name, value in before.items():
        print(f"| {name} | {value} | {after[name]} |")
