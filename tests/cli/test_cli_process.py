"""The command as a process: streams that are closed or of an old code page, signals, faults."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
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


@pytest.fixture
def bare(monkeypatch):
    """The command in this process with streams as given: exit status and their bytes."""

    def bare(words, **streams):
        with monkeypatch.context() as patch:
            patch.setattr("sys.argv", ["convmatrix", *shlex.split(words)])
            for name, stream in streams.items():
                patch.setattr(sys, name, stream)
            with pytest.raises(SystemExit) as caught:
                cli.main()
            seen = []
            for stream in filter(None, streams.values()):
                stream.flush()
                seen.append(stream.buffer.getvalue())
        return caught.value.code or 0, *seen

    return bare


def stream(encoding="utf-8"):
    return io.TextIOWrapper(io.BytesIO(), encoding, newline="\n")


@pytest.mark.parametrize("encoding", ["cp1252", "cp437"])
@pytest.mark.parametrize("verb", ["graph --input 3", "prove transpose", "explore --text", "prove x",
                                  "matrix --json --weight sobel", "--help"])  # fmt: skip
def test_an_old_code_page_takes_every_text(bare, encoding, verb):
    status, *old = bare(verb, stdout=stream(encoding), stderr=stream(encoding))
    plain_status, *plain = bare(verb, stdout=stream(), stderr=stream())
    assert status == plain_status
    assert old == [text.decode("utf-8").encode(encoding, "backslashreplace") for text in plain]


def test_an_old_code_page_of_a_process():
    done = shell("convmatrix graph --input 3", PYTHONIOENCODING="cp437")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"x_0_0 \\u2192 y_0_0 tap 0")


def test_json_in_an_old_code_page_is_json(bare):
    _, old = bare("prove transpose --json", stdout=stream("cp1252"))
    _, plain = bare("prove transpose --json", stdout=stream())
    assert json.loads(old)["statement"] == json.loads(plain)["statement"]


@POSIX
@pytest.mark.parametrize(
    "verb", ["matrix --json --input 20x20", "graph --input 20x20 -o - --format csv"]
)
def test_a_reader_that_leaves_is_exit_141(verb):
    done = shell(f"set -o pipefail; convmatrix {verb} | true")
    assert (done.returncode, done.stderr) == (141, b"")


CLOSED = [("graph", 0), ("separable '1 2; 2 5'", 1), ("prove x", 2), ("--help", 0)]


@pytest.mark.parametrize("closed", [["stdout"], ["stderr"], ["stdout", "stderr"], ["stdin"]])
@pytest.mark.parametrize(("verb", "status"), CLOSED)
def test_closed_streams(bare, verb, status, closed):
    """Python has None where a stream is closed."""
    open_ones = {name: stream() for name in ("stdout", "stderr") if name not in closed}
    found, *seen = bare(verb, **dict.fromkeys(closed), **open_ones)
    assert found == status
    assert b"Traceback" not in b"".join(seen)


@POSIX
@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-"])
def test_closed_streams_of_a_process(closed):
    done = shell(f"convmatrix separable '1 2; 2 5' {closed}")
    assert done.returncode == 1
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
