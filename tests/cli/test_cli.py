"""The command line, as a person or a script meets it."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from scipy.io import mmread
from scipy.sparse import load_npz

import convmatrix as cm
from convmatrix import cli
from convmatrix.words.kinds import KINDS
from convmatrix.writers import GRAPH_FORMATS, MATRIX_FORMATS

SOBEL = "1 0 -1; 2 0 -2; 1 0 -1"


def shell(*words, **options):
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "convmatrix", *words], capture_output=True, timeout=60, **options
    )


@pytest.fixture
def run(monkeypatch, capsys):
    """The command in this process: exit status, standard output, standard error."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["convmatrix", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        out, err = capsys.readouterr()
        return caught.value.code or 0, out, err

    return run


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


def complains(result, *said):
    """Exit status 2, nothing on standard output, one line on standard error."""
    status, out, err = result
    assert (status, out) == (2, ""), result
    assert re.fullmatch(r"convmatrix: [^\n]+\n", err), err
    assert "Traceback" not in err
    assert all(s in err for s in said), err


# ------------------------------------------------------------------- in a process of its own


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


# -------------------------------------------------------------------------------- explore


def test_explore(run):
    status, out, err = run("explore", "--stride", 2, "--padding", 1)
    assert (status, err) == (0, "")
    assert "output      1×3×3" in out
    assert "proved" in out
    status, out, err = run("explore", "--stride", 2, "--padding", 1, "--json")
    told = json.loads(out)
    assert (status, err, told["out_shape"], told["shape"]) == (0, "", [1, 3, 3], [9, 25])
    assert {"layer", "kind", "in_shape", "nnz", "density", "parameters", "macs", "exact_macs",
            "relations", "connections", "text"} <= set(told)  # fmt: skip
    assert len(told["connections"]["indices"]) == told["nnz"]


@pytest.mark.parametrize("size", ["5x5", "6", "5x4x3"])
def test_explore_page_is_self_contained(run, tmp_path, size):
    path = tmp_path / "page.html"
    status, _, err = run("explore", "--input", size, "-o", path)
    assert (status, err) == (0, f"wrote {path}\n")
    page = path.read_text("utf-8")
    assert page.lower().startswith("<!doctype html")
    assert set(re.findall(r"""\b(?:src|href)\s*=\s*["']?([^"'\s>]*)""", page)) == {"data:,"}
    assert not re.search(r"""url\(|@import|\bimport\s""", page)
    assert set(re.findall(r"https?://[^\s\"'<]*", page)) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(run, kind):
    more = {"upsample": ["--scale", 2], "pixel_unshuffle": ["--scale", 2],
            "pixel_shuffle": ["--scale", 2], "channel_shuffle": ["--groups", 2],
            "pad": ["--padding", 1]}.get(kind, [])  # fmt: skip
    if "out_channels" in KINDS[kind].uses:
        more += ["--out-channels", 4]
    words = ["--input", "4x4", "--in-channels", 4, *more]
    status, out, err = run("explore", "--kind", kind, "--json", *words)
    assert (status, err) == (0, "")
    assert json.loads(out)["in_shape"] == [4, 4, 4]
    assert run("explore", "--kind", kind.replace("_", "-"), "--json", *words)[1] == out


# --------------------------------------------------------------------------------- matrix


def test_matrix_in_the_terminal(run):
    assert run("matrix", "--input", 4)[1] == "w0 w1 w2  ·\n · w0 w1 w2\n"
    assert run("matrix", "--input", 4, "--weight", "1 1/2 -3")[1] == (
        "  1 1/2  -3   ·\n  ·   1 1/2  -3\n"
    )
    status, out, err = run("matrix", "--input", 4, "--weight", "1 2 -3", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out) == {
        "shape": [2, 4], "indptr": [0, 3, 6], "indices": [0, 1, 2, 1, 2, 3],
        "tap": [0, 1, 2, 0, 1, 2], "data": [1, 2, -3, 1, 2, -3],
    }  # fmt: skip
    replicate = ["--padding", 1, "--padding-mode", "replicate"]
    assert run("matrix", "--input", 1, *replicate)[1] == "w0+w1+w2\n"


@pytest.mark.parametrize("kind", MATRIX_FORMATS)
def test_matrix_files(run, tmp_path, kind):
    path = tmp_path / f"m.{kind}"
    status, out, err = run("matrix", "--input", 4, "--weight", "1 2 3", "-o", path)
    assert (status, out, err) == (0, "", f"wrote {path}: 2×4, 6 connections\n")
    assert path.stat().st_size
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "words", ["", "--stride 2 --padding 1", "--padding 1 --padding-mode replicate --input 2x2"]
)
def test_without_a_weight_mtx_holds_the_places(run, tmp_path, words):
    path = tmp_path / "m.mtx"
    status, out, _ = run("matrix", *words.split(), "-o", path)
    assert (status, out) == (0, "")
    assert path.read_text().startswith("%%MatrixMarket matrix coordinate pattern ")
    ones = run("matrix", *words.split(), "--weight", "1 1 1; 1 1 1; 1 1 1", "-o",
               tmp_path / "m.npz")  # fmt: skip
    assert ones[0] == 0
    there = load_npz(tmp_path / "m.npz").toarray() != 0
    np.testing.assert_array_equal(mmread(path).toarray() != 0, there)
    complains(run("matrix", "--kind", "max_pool", "-o", path), "not linear")


@pytest.mark.parametrize("weight", ["0.5 1 2", "[0.5, 1, 2]"])
def test_decimal_weights_make_a_file(run, tmp_path, weight):
    path = tmp_path / "m.npz"
    assert run("matrix", "--input", 4, "--weight", weight, "-o", path)[0] == 0
    assert load_npz(path).toarray().tolist() == [[0.5, 1, 2, 0], [0, 0.5, 1, 2]]


def test_json_has_the_numbers_of_a_decimal_weight(run):
    data = json.loads(run("matrix", "--input", 3, "--weight", "0.5 1 2", "--json")[1])["data"]
    assert data == [0.5, 1, 2]


# ---------------------------------------------------------------------------------- graph


def test_graph_in_the_terminal(run):
    assert run("graph", "--input", 3, "--kernel", 2)[1].splitlines() == [
        "x_0_0 → y_0_0 tap 0", "x_0_1 → y_0_0 tap 1", "x_0_1 → y_0_1 tap 0", "x_0_2 → y_0_1 tap 1",
    ]  # fmt: skip


def test_graph_json():
    done = shell("graph", "--input", "3", "--kernel", "2", "--json")  # its bytes go past capsys
    told = json.loads(done.stdout)
    assert (len(told["nodes"]), len(told["edges"]), done.stderr) == (5, 4, b"")


@pytest.mark.parametrize("kind", GRAPH_FORMATS)
def test_graph_files(run, tmp_path, kind):
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"g.{kind}"
    status, out, err = run("graph", "--input", 4, "-o", path)
    assert (status, out, err) == (0, "", f"wrote {path}: 6 elements, 6 connections\n")
    assert path.stat().st_size
    assert list(tmp_path.iterdir()) == [path]


# ------------------------------------------------------------------------ prove, separable


def test_prove(run):
    status, out, err = run("prove", "transpose", "--stride", 2, "--padding", 1)
    assert (status, err) == (0, "")
    assert out.startswith("proved: ")
    assert "every convolution with stride=2, before=1, after=1" in out
    status, out, err = run("prove", "transpose", "--json", "--input", "5x5")
    assert (status, err, json.loads(out)["holds"]) == (0, "", True)
    assert "1×5×5" in json.loads(out)["statement"]
    layer = run("prove", "transpose", "--kernel", "3x5", "--groups", 2, "--in-channels", 2,
                "--out-channels", 2)  # fmt: skip
    assert "conv2d(2, 2, (3, 5), groups=2)" in layer[1]
    complains(run("prove", "everything"), "no statement named 'everything'; use one of transpose")
    complains(run("prove", "transpose", "--kind", "avg_pool"), "avg_pool(3, channels=1)")
    complains(run("prove", "grouping", "--groups", 2), "--groups belongs to transpose")
    complains(run("prove", "receptive-field", "--stride", 2), "has no stride to fix")
    complains(run("prove", "transpose", "--method", "luck"), "method must be one of")


def test_prove_lists_and_proves_all(run):
    status, out, _ = run("prove", "--list")
    assert status == 0
    names = [line for line in out.splitlines() if line and not line.startswith(" ")]
    assert names == list(cm.catalogue())
    assert [claim["name"] for claim in json.loads(run("prove", "--list", "--json")[1])] == names
    status, out, _ = run("prove", "--all", "--json")
    proofs = json.loads(out)
    assert status == 0
    assert list(proofs) == names
    assert all(proof["holds"] and proof["certificate"] for proof in proofs.values())


def test_a_false_statement_exits_1_with_the_smallest_counterexample(run):
    status, out, _ = run(
        "prove", "sizes", "--kernel", 3, "--stride", 2, "--padding", 0, "--json"
    )  # fmt: skip
    found = json.loads(out)["counterexample"]
    assert (status, found["expected"], found["got"]) == (1, 1, 3)
    assert found["geometry"] == {"n": 1, "k": 3, "s": 2, "p": 0, "d": 1, "a": 0}
    assert run("prove", "sizes", "--kernel", 3, "--stride", 2, "--padding", 1)[0] == 0


def test_certificates_are_written_and_checked(run, tmp_path):
    place, script = tmp_path / "proof.json", tmp_path / "proof.smt2"
    status, _, err = run("prove", "round-trip", "-o", place, "--smtlib", script)
    assert (status, err.count("wrote")) == (0, 2)
    assert script.read_text().startswith("; n' = n")
    status, out, _ = run("check", place)
    assert (status, out.splitlines()[0][:6]) == (0, "valid:")
    assert json.loads(run("check", place, "--json")[1])["valid"] is True
    place.write_text(place.read_text().replace('"scale": 1', '"scale": 3', 1))
    status, out, _ = run("check", place)
    assert status == 1
    assert "rejected: lemma 'the remainder brings the size back': the step for" in out
    complains(run("check", script), "not a certificate")
    complains(run("check", tmp_path / "none.json"), "no such file")
    complains(run("prove", "transpose", "--input", "5x5", "-o", place), "no certificate to write")
    assert run("prove", "round-trip", "-o", "-")[1].startswith("{")


def test_separable(run):
    status, out, err = run("separable", "3 6 9; 4 8 12; 5 10 15")
    assert (status, err) == (0, "")
    assert out.startswith("separable: [3, 4, 5]ᵀ × [1, 2, 3]")
    status, out, err = run("separable", "1 2; 2 5", "--json")
    told = json.loads(out)
    assert (status, err, told["separable"], told["rank"]) == (1, "", False, 2)
    assert run("separable", "[[0.5, 1], [1, 2]]")[0] == 0


@pytest.mark.parametrize(
    "kernel", ["garbage", "", "1 2; 3", "[1, 2", "[[1, 2], [3]]", '[[1, "a"], [1, 1]]',
               "1/0 1; 1 1", "[[NaN, 1], [1, 1]]", "1 2 1", "none.npy", "[[null, 1], [1, 1]]",
               '{"a": 1}']
)  # fmt: skip
def test_separable_garbage(run, kernel):
    complains(run("separable", kernel))


# ---------------------------------------------------------------------------------- apply


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


# --------------------------------------------------------------------------------- errors

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
        (["separable", "[[1,0],[0,1]]", "--tol", "-1"], "tol must be 0 or more, got -1"),
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
