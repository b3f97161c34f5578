"""The command line, as a person or a script meets it."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from cli.complaints import complains
from scipy.sparse import load_npz

import convmatrix as cm
from convmatrix import cli

SOBEL = "1 0 -1; 2 0 -2; 1 0 -1"


def shell(*words, **options):
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "convmatrix", *words], capture_output=True, timeout=60, **options
    )


@pytest.fixture
def arrays(tmp_path):
    """A folder with inputs for `apply`."""
    from PIL import Image

    values = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(values).save(tmp_path / "colour.png")
    Image.fromarray(values[..., 0]).save(tmp_path / "grey.png")
    np.save(tmp_path / "x.npy", np.arange(1.0, 26).reshape(1, 5, 5))
    np.save(tmp_path / "vector.npy", np.arange(5))
    np.save(tmp_path / "complex.npy", np.ones((1, 5, 5)) * 1j)
    np.save(tmp_path / "empty.npy", np.ones((1, 0, 5)))
    np.save(tmp_path / "strings.npy", np.array([[["a"] * 5] * 5]))
    np.save(tmp_path / "image.npy", np.arange(25.0).reshape(5, 5))
    (tmp_path / "junk.npy").write_bytes(b"junk")
    (tmp_path / "junk.png").write_bytes(b"junk")
    (tmp_path / "short.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:150])
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["explore", "--input", "5x5"], 0),
        (["separable", "1 2; 2 5"], 1),
        (["explore", "--stride", "0"], 2),
        (["explore", "--groups", "x"], 2),
        (["nonsense"], 2),
    ],
)
def test_status_and_streams(words, status):
    done = shell(*words)
    assert done.returncode == status
    assert b"Traceback" not in done.stderr
    if status == 2:
        complains((done.returncode, done.stdout.decode(), done.stderr.decode()))
    else:
        assert done.stdout.endswith(b"\n")
        assert done.stderr == b""


def test_files_go_to_standard_output_whole(tmp_path):
    words = ["matrix", "--input", "4", "--kernel", "2", "--weight", "1 2", "-o", "-"]
    done = shell(*words, "--format", "npz")
    assert (done.returncode, done.stderr) == (0, b"")
    (tmp_path / "m.npz").write_bytes(done.stdout)
    expected = cm.conv1d(1, 1, 2, weight=[[[1, 2]]]).on(4).to_dense()
    np.testing.assert_array_equal(load_npz(tmp_path / "m.npz").toarray(), expected)


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes of this kind")
def test_a_reader_that_has_seen_enough():
    command = f"'{sys.executable}' -m convmatrix graph --input 60x60 | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=60)
    assert done.stdout.decode() == "x_0_0_0 → y_0_0_0 tap 0\n"
    assert done.stderr == b""


def test_apply_to_an_array(run, arrays):
    x, y = arrays / "x.npy", arrays / "y.npy"
    status, out, err = run("apply", x, "--weight", SOBEL, "-o", y)
    assert (status, out, err) == (0, "[1, 5, 5] → [1, 3, 3] float64, -8 to -8\n", "")
    np.testing.assert_array_equal(np.load(y), np.full((1, 3, 3), -8.0))
    told = json.loads(run("apply", x, "--weight", SOBEL, "--json")[1])
    assert told == {"input": [1, 5, 5], "output": [1, 3, 3], "dtype": "float64",
                    "min": -8.0, "max": -8.0, "mean": -8.0}  # fmt: skip


@pytest.mark.parametrize("name", ["grey.png", "colour.png", "x.npy"])
def test_apply_via_matrix_is_apply_via_dense(run, arrays, name):
    for via in ("dense", "matrix"):
        out = arrays / f"{via}.npy"
        words = ["--weight", SOBEL, "--padding", 1, "--via", via, "-o", out]
        assert run("apply", arrays / name, *words)[0] == 0
    dense, matrix = np.load(arrays / "dense.npy"), np.load(arrays / "matrix.npy")
    assert dense.shape == {"grey.png": (1, 6, 8), "colour.png": (3, 6, 8)}.get(name, (1, 5, 5))
    assert dense.any()
    np.testing.assert_array_equal(dense, matrix)


@pytest.mark.parametrize("name", ["grey.png", "colour.png"])
def test_apply_makes_an_image(run, arrays, name):
    from PIL import Image

    out = arrays / "out.png"
    status, _, err = run("apply", arrays / name, "--kernel", 1, "--weight", "[[1]]", "-o", out)
    assert (status, err) == (0, "")
    np.testing.assert_array_equal(
        np.asarray(Image.open(out)), np.asarray(Image.open(arrays / name))
    )


def test_apply_to_complex_numbers(arrays):
    done = shell("apply", str(arrays / "complex.npy"), "--weight", SOBEL)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("vector.npy", ["--weight", "1 2; 3 4"]),
        ("image.npy", ["--weight", "1 2", "--input", "5x5x5"]),
        ("image.npy", ["--kind", "avg_pool", "--kernel", "2", "--layout", "DHW"]),
        ("strings.npy", ["--weight", SOBEL]),
        ("empty.npy", ["--weight", SOBEL]),
        ("x.npy", ["--weight", "[[null, 2], [3, 4]]"]),
        ("x.npy", ["--weight", "1 2; 3 4", "--kernel", "3"]),
        ("x.npy", []),
        ("none.npy", []),
        ("none.png", []),
        ("junk.npy", []),
        ("junk.png", []),
        ("short.npy", []),
        ("folder", []),
        ("x.npy", ["--weight", SOBEL, "--in-channels", "2"]),
        ("x.npy", ["--weight", "junk.npy"]),
        ("x.npy", ["--via", "magic"]),
    ],
)
def test_apply_complains(run, arrays, name, words):
    before = sorted(arrays.iterdir())
    complains(run("apply", arrays / name, *words, "-o", arrays / "out.npy"))
    assert sorted(arrays.iterdir()) == before


@pytest.mark.parametrize("out", ["y.npy", "y.png"])
def test_apply_with_decimals_writes(run, arrays, out):
    weight = "0.5 1/3; 1 1"
    for via in ("matrix", "dense"):
        words = ("--weight", weight, "--via", via, "-o", arrays / out)
        assert run("apply", arrays / "x.npy", *words)[0] == 0
    assert (arrays / out).is_file()


BAD = [
    ("explore --stride 0", "stride must be at least 1, got 0"),
    ("explore --kernel 9", "kernel does not fit on axis 0"),
    ("explore --kernel abc", "--kernel takes a number or one an axis", "'abc'"),
    ("explore --input abc", "--input takes a number or one an axis", "'abc'"),
    ("explore --input 5x", "'5x'"),
    ("explore --input 0", "input size must be at least 1, got 0"),
    ("explore --input 1x1x1x1", "--input takes 1 to 3 axes, e.g. 5x5, got '1x1x1x1'"),
    ("explore --padding mirror", "--padding takes 1", "'mirror'"),
    ("explore --padding 1:ax0", "'1:ax0'"),
    ("explore --padding 1:2:3x0:0", "'1:2:3x0:0'"),
    ("explore --padding-mode mirror", "padding_mode must be one of", "'mirror'"),
    ("explore --padding 5 --padding-mode reflect", "reflect padding on axis 0", "(5, 5)"),
    ("explore --groups 2", "groups=2 must divide in_channels=1; use 1"),
    ("explore --groups 1.5", "--groups", "'1.5'"),
    ("explore --kind nope", "--kind must be one of conv,", "'nope'"),
    ("explore --kind upsample", "--kind upsample needs --scale, e.g. --scale 2"),
    ("explore --kind upsample --scale x", "--scale", "'x'"),
    ("explore --kind conv_transpose --output-padding 1", "output_padding must be smaller"),
    ("explore --weight nonsense", "'nonsense'"),
    ("explore --no-such-option", "--no-such-option"),
    ("matrix --kind relu", "relu is not linear, so there is no matrix"),
    ("matrix --input 100", "too large to print; write it with -o FILE.npz"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "said"), [(line, said) for line, *said in BAD])
def test_wrong_use(run, tmp_path, monkeypatch, line, said):
    monkeypatch.chdir(tmp_path)
    complains(run(*line.split()), *said)
    verb, *words = line.split()
    if "too large to print" not in said[-1]:
        for out in ("page.html", "m.npy", "m.tex", "g.gml"):
            complains(run(verb, *words, "-o", out), *(s for s in said if "no matrix" not in s))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["matrix", "--weight", SOBEL, "-o", "m.foo"], "the suffix of m.foo names no format"),
        (["matrix", "--weight", SOBEL, "-o", "m"], "the suffix of m names no format"),
        (["matrix", "--weight", SOBEL, "-o", "m.npz", "--format", "x"], "--format x names no"),
        (["matrix", "--weight", SOBEL, "-o", "-"], "--format"),
        (["matrix", "-o", "m.npz"], "are not given; add --weight"),
        (["matrix", "--weight", SOBEL, "-o", "none/m.npz"], "cannot write none/m.npz: No such"),
        (["matrix", "--weight", SOBEL, "-o", "folder", "--format", "npy"], "cannot write folder"),
        (["graph", "-o", "g.foo"], "the suffix of g.foo names no format"),
        (["graph", "-o", "none/g.gml"], "cannot write none/g.gml: No such file or directory"),
        (["matrix", "--weight", "[[null, 2], [3, 4]]"], "weight"),
        (["separable", "[[1,0],[0,1]]", "--tol", "-1"], "tolerance must be 0 or more, got -1"),
        (["separable"], "Missing argument"),
    ],
)
def test_nothing_is_left_behind(run, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    complains(run(*words), said)
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_a_page_that_cannot_be_written(run, tmp_path):
    status, _, err = run("explore", "-o", tmp_path / "none" / "page.html")
    complains((status, "", err), "cannot write", "No such file or directory")


def test_tex_by_format_needs_no_weight(run):
    done = shell("matrix", "--input", "3", "--format", "tex", "-o", "-")
    assert done.returncode == 0, done.stderr
    assert b"w[0,0,0]" in done.stdout


def test_help_and_version(run):
    status, out, err = run("--version")
    assert (status, err) == (0, "")
    assert cm.__version__ in out
    for words in ([], ["--help"], *([verb, "-h"] for verb in cli.cli.commands)):
        status, out, err = run(*words)
        assert (status, err) == (0, ""), words
        assert "Usage:" in out
