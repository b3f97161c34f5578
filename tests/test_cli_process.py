"""The command as a process: streams that are closed or of an old code page, signals, faults."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest

from convmatrix import cli

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes are POSIX")


def shell(line, **environment):
    """A line of sh in which `convmatrix` is the command."""
    command = f'convmatrix() {{ "{sys.executable}" -m convmatrix "$@"; }}; {line}'
    return subprocess.run(
        ["bash", "-c", command], capture_output=True, timeout=60, env={**os.environ, **environment}
    )


@pytest.mark.parametrize("encoding", ["cp1252", "cp437"])
@pytest.mark.parametrize("verb", ["graph --input 3", "prove transpose", "explore --text", "prove x",
                                  "matrix --json --weight sobel", "--help"])  # fmt: skip
def test_an_old_code_page_takes_every_text(encoding, verb):
    done = shell(f"convmatrix {verb}", PYTHONIOENCODING=encoding)
    plain = shell(f"convmatrix {verb}", PYTHONIOENCODING="utf-8")
    assert done.returncode == plain.returncode
    assert b"Traceback" not in done.stderr
    for old, new in ((done.stdout, plain.stdout), (done.stderr, plain.stderr)):
        assert old == new.decode("utf-8").encode(encoding, "backslashreplace")


def test_json_in_an_old_code_page_is_json():
    done = shell("convmatrix prove transpose --json", PYTHONIOENCODING="cp1252")
    plain = shell("convmatrix prove transpose --json", PYTHONIOENCODING="utf-8")
    told = [{**json.loads(d.stdout), "seconds": 0} for d in (done, plain)]
    assert told[0]["statement"] == told[1]["statement"]


@POSIX
@pytest.mark.parametrize(
    "verb", ["graph", "matrix --json --input 20x20", "graph --input 20x20 -o - "
             "--format csv"],
)  # fmt: skip
def test_a_reader_that_leaves_is_exit_141(verb):
    done = shell(f"set -o pipefail; convmatrix {verb} | true")
    assert (done.returncode, done.stderr) == (141, b"")


@POSIX
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
@pytest.mark.parametrize(
    ("verb", "status"),
    [("graph", 0), ("separable '1 2; 2 5'", 1), ("prove x", 2), ("--help", 0)],
)
def test_closed_streams(verb, status, closed):
    done = shell(f"convmatrix {verb} {closed}")
    assert done.returncode == status
    assert b"Traceback" not in done.stderr + done.stdout


@POSIX
@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)])
def test_a_signal_ends_it_and_leaves_nothing(tmp_path, name, status):
    words = ["graph", "--input", "700x700", "--kernel", "9", "-o", str(tmp_path / "g.graphml")]
    with subprocess.Popen(
        [sys.executable, "-m", "convmatrix", *words], stderr=subprocess.PIPE
    ) as process:
        assert process.stderr.read(7) == b"writing"  # it is under way
        process.send_signal(getattr(signal, name))
        _, err = process.communicate(timeout=20)
    assert (process.returncode, b"Traceback" in err) == (status, False)
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_an_ignored_signal_stays_ignored():
    code = (
        "import os, signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from convmatrix.cli.process import signals_as_exits\n"
        "with signals_as_exits(): os.kill(os.getpid(), signal.SIGHUP)\n"
        "print('on')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert done.stdout == b"on\n"


@pytest.fixture
def run(monkeypatch, capsys):
    def run(*words):
        monkeypatch.setattr("sys.argv", ["convmatrix", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        out, err = capsys.readouterr()
        return caught.value.code or 0, out, err

    return run


ERRORS = [ZeroDivisionError("no"), AttributeError("x\ny"), OverflowError("big"), MemoryError(),
          RecursionError("deep"), UnicodeEncodeError("ascii", "→", 0, 1, "no")]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_no_error_leaves_as_a_traceback(run, monkeypatch, error):
    def broken(*_, **__):
        raise error

    monkeypatch.setattr(sys.modules["convmatrix.cli.matrix"], "_table", broken)
    status, out, err = run("matrix")
    assert (status, out) == (2, "")
    assert re.fullmatch(r"convmatrix: [^\n]+\n", err), err
    if not isinstance(error, (MemoryError, OverflowError, RecursionError)):
        assert "please report it" in err
        assert "CONVMATRIX_DEBUG=1" in err


def test_a_fault_can_be_seen_whole(monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("no")

    monkeypatch.setattr(sys.modules["convmatrix.cli.matrix"], "_table", broken)
    monkeypatch.setenv("CONVMATRIX_DEBUG", "1")
    monkeypatch.setattr("sys.argv", ["convmatrix", "matrix"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


HUGE = str(10**39)


@pytest.mark.parametrize(
    "words",
    [
        ["prove", "transpose", "--stride", HUGE],
        ["explore", "--stride", HUGE],
        ["explore", "--kernel", HUGE, "--input", HUGE],
        ["explore", "--padding", HUGE],
        ["matrix", "--padding", HUGE],
        ["graph", "--dilation", HUGE],
        ["graph", "--input", HUGE],
        ["graph", "--kind", "upsample", "--scale", HUGE],
        ["graph", "--kind", "upsample", "--scale", "1e308"],
        ["graph", "--in-channels", HUGE],
        ["graph", "--from", f"0,{HUGE},0"],
        ["graph", "--window", f"0:{HUGE}x0:1"],
        ["graph", "--stride", "10000000", "--input", "10000000x10000000", "-o", "none/g.png"],
        ["check", "\ud800"],
        ["matrix", "--input", "9" * 5000],
        ["separable", "[" * 2000],
        ["separable", "1 " * 5000],
        ["separable", "gaussian:1e400"],
    ],
)
def test_huge_numbers_are_answered_or_refused(run, words):
    status, out, err = run(*words)
    assert status in (0, 1, 2)
    assert "please report it" not in err
    assert re.fullmatch(r"(convmatrix: [^\n]+\n)?", err), err
    assert not (status == 2 and out)


HOSTILE = "a\x1b[2J\x9b\u202eb\r\nc"


def test_names_are_shown_and_not_obeyed(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("m.npz", **{HOSTILE: np.ones((2, 1, 3, 3)), "other": np.ones((2, 1, 3, 3))})
    for words in (["separable", "m.npz"], ["explore", "m.npz"], ["matrix", "m.npz"],
                  ["separable", "m.npz", "--json"], ["explore", "m.npz", "--layer", HOSTILE],
                  ["graph", "m.npz", "--layer", HOSTILE + "!"], ["prove", HOSTILE],
                  ["matrix", "-o", HOSTILE + ".tex"], ["explore", "--kind", HOSTILE], [HOSTILE],
                  ["explore", HOSTILE], ["graph", "--" + HOSTILE], ["graph", "--view", HOSTILE],
                  ["check", HOSTILE], ["apply", HOSTILE], ["separable", HOSTILE]):  # fmt: skip
        _, out, err = run(*words)
        assert not set("\x1b\x9b\u202e\r") & set(out + err), words
