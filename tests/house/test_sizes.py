"""No file and no function grows past what is read at one sitting."""

from __future__ import annotations

import ast
from pathlib import Path

HOUSE = Path(__file__).parents[2]
LINES = {"convmatrix": 350, "tests": 400}
FUNCTION = 58


def long_functions(text):
    """`(name, lines)` of the functions above the limit, docstrings left out."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            told = node.body[0] if ast.get_docstring(node) is not None else None
            lines = node.end_lineno - node.lineno + 1
            lines -= told.end_lineno - told.lineno + 1 if told else 0
            if lines > FUNCTION:
                yield node.name, lines


def files(room):
    return sorted((HOUSE / room).rglob("*.py"))


def test_no_file_is_long():
    found = [
        path.relative_to(HOUSE).as_posix()
        for room, most in LINES.items()
        for path in files(room)
        if len(path.read_text().splitlines()) > most
    ]
    assert found == []


def test_no_function_is_long():
    found = [(p.name, *f) for p in files("convmatrix") for f in long_functions(p.read_text())]
    assert found == []


def test_the_function_test_can_fail():
    body = "    x = 1\n"
    assert list(long_functions(f"def f():\n{body * FUNCTION}")) == [("f", FUNCTION + 1)]
    assert not list(long_functions(f"def f():\n{body * (FUNCTION - 1)}"))
