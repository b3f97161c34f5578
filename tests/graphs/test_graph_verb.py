"""`convmatrix graph`."""

from __future__ import annotations

import json

from click.testing import CliRunner

import convmatrix as cm
from convmatrix.cli import cli


def run(*arguments):
    return CliRunner().invoke(cli, ["graph", *map(str, arguments)], standalone_mode=False)


FIGURE = ("--kernel", 3, "--stride", 2, "--padding", 1, "--input", "5x5")


def test_the_verb(tmp_path):
    assert run(*FIGURE, "--from", "0,1,1").stdout.splitlines() == [
        "0,0,0 tap 8", "0,0,1 tap 6", "0,1,0 tap 2", "0,1,1 tap 0"
    ]  # fmt: skip
    data = json.loads(run(*FIGURE, "--to", "y_0_0_0", "--json").stdout)
    assert data["to"] == [0, 0, 0]
    assert data["links"][0] == {"element": [0, 0, 0], "tap": 4}
    both = run(*FIGURE, "--from", "0,0,0", "--to", "0,2,2")
    assert (both.return_value, both.stdout) == (1, "0 paths\n")
    assert run(*FIGURE, "--from", "0,1,1", "--to", "0,1,1").return_value == 0
    assert "x_0 → y_0 tap 1" in run(*FIGURE, "--view", "axis").stdout
    assert run(*FIGURE, "--lazy").stdout == run(*FIGURE).stdout
    assert "9 elements" not in run(*FIGURE, "--window", "0:1x0:1").stdout
    assert len(run(*FIGURE, "--window", "0:1x0:1").stdout.splitlines()) == 4
    stats = json.loads(run(*FIGURE, "--stats", "--json").stdout)
    assert (stats["connections"], stats["dead_inputs"]) == (49, 0)
    view = json.loads(run(*FIGURE, "--view", "channels", "--json").stdout)
    assert view["edges"] == [{"source": "x_0", "target": "y_0", "connections": 49}]
    result = run(*FIGURE, "--view", "layered", "-o", tmp_path / "g.dot.gz")
    assert "49 edges" in result.stderr
    for options, kind in [
        (("--from", "0,9,9"), cm.ShapeError), (("--from", "a,b"), cm.GeometryError),
        (("--window", "0-3"), cm.GeometryError), (("-o", tmp_path / "g.foo"), cm.FileError),
        (("--view", "tree"), cm.GeometryError), (("--format", "csv.gz", "-o", "-"), cm.FileError),
    ]:  # fmt: skip
        assert isinstance(run(*FIGURE, *options).exception, kind), options


def test_the_verb_refuses_what_it_would_drop(tmp_path):
    def message(*words):
        return str(run(*words).exception)

    out = str(tmp_path / "a.csv")
    for words in (["--from", "0,1,1"], ["--to", "0,1,1"], ["--stats"]):
        assert f"{words[0]} prints; leave -o and --window out" in message(*words, "-o", out)
    assert "takes an element of the side x" in message("--from", "y_0_0_0")
    assert "takes an element of the side y" in message("--to", "x_0_0_0")
    turned = ["--kind", "conv_transpose", "--input", "3x3"]
    assert "takes an element of the side y" in message(*turned, "--from", "x_0_0_0")
    done = run("--kernel", 1, "--padding", 3, "--window", "0:1x0:1", "-o", out)
    assert "0 edges" in done.stderr
