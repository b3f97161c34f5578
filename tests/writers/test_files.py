"""One door for all that is written: links followed, modes kept, and nothing left of a failure."""

from __future__ import annotations

import ast
import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from bounds import run

import convmatrix as cm
from convmatrix.writers import files, target

ROOT = os.geteuid() == 0
NOBODY = 65534


@pytest.fixture(params=[True, False], ids=["nameless", "named"], autouse=True)
def kind(request, monkeypatch):
    """Each test with the system's nameless files, and as where there are none."""
    monkeypatch.setattr(files, "NAMELESS", request.param and files.NAMELESS)


def write(path, content=b"new"):
    with target(path) as file:
        file.write(content)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("old", [b"old", None], ids=["a file", "not there"])
def test_links_are_followed(tmp_path, monkeypatch, old):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    goal = tmp_path / "b" / "goal"
    (tmp_path / "a" / "link").symlink_to("../b/goal")
    (tmp_path / "chain").symlink_to("a/link")
    if old is not None:
        goal.write_bytes(old)
    monkeypatch.chdir(tmp_path)
    write("chain", b"new")
    assert goal.read_bytes() == b"new"
    assert (tmp_path / "chain").is_symlink()
    assert (tmp_path / "a" / "link").is_symlink()
    assert os.listdir(tmp_path / "b") == ["goal"]


def test_links_that_lead_nowhere(tmp_path):
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(cm.FileError, match="Too many levels of symbolic links"):
        write(tmp_path / "one")
    (tmp_path / "lost").symlink_to("none/goal")
    with pytest.raises(cm.FileError, match="No such file"):
        write(tmp_path / "lost")
    assert sorted(os.listdir(tmp_path)) == ["lost", "one", "two"]


@pytest.mark.parametrize("bits", [0o600, 0o640, 0o666, 0o755, 0o200])
def test_a_file_keeps_its_mode_and_owner(tmp_path, bits):
    path = tmp_path / "private"
    path.write_bytes(b"old")
    path.chmod(bits)
    if ROOT:
        os.chown(path, NOBODY, NOBODY)
    owner = path.stat().st_uid, path.stat().st_gid
    write(path)
    assert (mode(path), path.read_bytes()) == (bits, b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == owner


def test_a_private_file_is_private_while_it_is_written(tmp_path):
    path = tmp_path / "private"
    path.write_bytes(b"old")
    path.chmod(0o600)
    with target(path) as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600


def test_extended_attributes_are_kept(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    try:
        os.setxattr(path, "user.note", b"mine")
    except OSError:
        pytest.skip("this file system keeps no attributes")
    write(path)
    assert os.getxattr(path, "user.note") == b"mine"


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_new_file_has_the_umask_s_mode(tmp_path, mask):
    path, nameless = tmp_path / "file", files.NAMELESS
    code = f"""
import os
from convmatrix.writers import files
files.NAMELESS = {nameless}
os.umask({mask})
with files.target({str(path)!r}) as file:
    file.write(b"new")
assert os.umask(0) == {mask}
"""
    assert run(code).stderr == ""
    assert mode(path) == 0o666 & ~mask


def test_the_umask_is_never_touched(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "umask", lambda _: pytest.fail("the umask is all threads'"))
    write(tmp_path / "new")
    write(tmp_path / "new")


def test_read_only_files_are_refused(tmp_path):
    path = tmp_path / "kept"
    path.write_bytes(b"old")
    path.chmod(0o444)
    (tmp_path / "link").symlink_to(path)
    for name in (path, tmp_path / "link"):
        with pytest.raises(cm.FileError) as caught:
            write(name)
        assert str(caught.value) == (
            f"cannot write {name}: it is read-only; allow it (chmod u+w) or use another name"
        )
    assert path.read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["kept", "link"]


def test_folders_are_refused(tmp_path):
    with pytest.raises(cm.FileError) as caught:
        write(tmp_path)
    assert str(caught.value) == f"cannot write {tmp_path}: it is a folder; add the name of a file"


def test_other_names_of_a_file_keep_what_it_was(tmp_path):
    path, other = tmp_path / "path", tmp_path / "other"
    path.write_bytes(b"old")
    other.hardlink_to(path)
    write(path)
    assert (path.read_bytes(), other.read_bytes()) == (b"new", b"old")


@pytest.fixture
def closed():
    """A folder that all may read, and none but root write to."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
        os.chmod(name, 0o700)


def test_a_folder_that_takes_no_file(closed):
    folder = closed
    path = folder / "file"
    path.write_bytes(b"old")
    path.chmod(0o666)
    folder.chmod(0o555)
    code = f"""
import os
from convmatrix.writers import files
files.NAMELESS = {files.NAMELESS}
if {ROOT}:
    os.seteuid({NOBODY})
for name in ("file", "new"):
    try:
        with files.target({str(folder)!r} + "/" + name) as file:
            file.write(b"new")
    except files.FileError as error:
        print(error)
"""
    found = run(code)
    assert found.stdout.splitlines() == [
        f"cannot write {path}: its folder takes no new file (Permission denied), and a failure "
        f"half-way would lose the old one; choose another folder",
        f"cannot write {folder / 'new'}: Permission denied; choose another folder",
    ], found.stderr
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("name", ["n" * 255, "名" * 85], ids=["ASCII", "three bytes each"])
def test_names_up_to_the_system_s_limit(tmp_path, name):
    for content in (b"first", b"second"):
        write(tmp_path / name, content)
        assert (tmp_path / name).read_bytes() == content
    with pytest.raises(cm.FileError, match=r"File name too long; use another name$"):
        write(tmp_path / (name + "n"))
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["nul\0", "dir/\0/x"])
def test_names_that_no_file_can_have(tmp_path, name):
    with pytest.raises(cm.FileError, match="null byte; use another name"):
        write(os.path.join(tmp_path, name))
    assert os.listdir(tmp_path) == []


def test_the_disk_has_a_file_before_its_name_is_given(tmp_path, monkeypatch):
    done = []
    for verb in ("fsync", "link", "replace"):
        real = getattr(os, verb)
        monkeypatch.setattr(
            os, verb, lambda *a, _v=verb, _real=real, **k: (done.append(_v), _real(*a, **k))[1]
        )
    write(tmp_path / "file")
    assert done == ["fsync", "link" if files.NAMELESS else "replace", "fsync"]
    done.clear()
    write(tmp_path / "file")
    assert done == ["fsync", *(["link"] if files.NAMELESS else []), "replace", "fsync"]


def test_a_file_that_appears_meanwhile_is_replaced(tmp_path):
    path = tmp_path / "file"
    with target(path) as file:
        file.write(b"new")
        path.write_bytes(b"theirs")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("old", [b"old", None], ids=["over a file", "a new file"])
@pytest.mark.parametrize("how", ["SIGTERM", "SIGHUP", "SIGKILL"])
@pytest.mark.parametrize("kind", [True], ids=["nameless"], indirect=True)
def test_nothing_is_left_of_a_process_that_ends(tmp_path, old, how):
    path = tmp_path / "file"
    if old is not None:
        path.write_bytes(old)
    code = f"""
import time
from convmatrix.writers import target
with target({str(path)!r}) as file:
    file.write(b"half" * 10**6)
    print("now", flush=True)
    time.sleep(60)
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"now\n"
    child.send_signal(getattr(signal, how))
    assert child.wait(10) == -getattr(signal, how)
    child.stdout.close()
    assert os.listdir(tmp_path) == ([] if old is None else ["file"])
    if old is not None:
        assert path.read_bytes() == old


@pytest.mark.parametrize("old", [b"old", None], ids=["over a file", "a new file"])
def test_interrupts_at_every_line(tmp_path, old):
    """At whatever line Ctrl-C comes, the file is the old or the new one, and there is no other."""
    path = tmp_path / "file"
    source, count, seen = files.__file__, 0, set()

    def interrupted(at):
        nonlocal count
        count = 0

        def trace(frame, event, _):
            nonlocal count
            if frame.f_code.co_filename != source:
                return None
            if event == "line":
                count += 1
                if count == at:
                    seen.add(frame.f_lineno)
                    sys.settrace(None)
                    raise KeyboardInterrupt
            return trace

        sys.settrace(trace)
        try:
            write(path)
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(None)
        return False

    for at in range(1, 500):
        path.unlink(missing_ok=True)
        if old is not None:
            path.write_bytes(old)
        stopped = interrupted(at)
        assert set(os.listdir(tmp_path)) <= {"file"}, at
        found = path.read_bytes() if path.exists() else None
        assert found in ((old, b"new") if stopped else (b"new",))
        if not stopped:
            break
    assert len(seen) > 30


def test_an_open_file_of_the_process_is_written_to(tmp_path):
    place, link = tmp_path / "out.csv", tmp_path / "stdout"
    link.symlink_to("/proc/self/fd/1")  # as /dev/stdout is
    code = f"import convmatrix as cm; cm.write_graph(cm.conv1d(1, 1, 1).on(1), {str(link)!r}, "
    with place.open("w") as out:
        before = place.stat().st_ino
        subprocess.run([sys.executable, "-c", code + "format='csv')"], stdout=out, check=True)
    assert place.read_text() == "source,target,tap\nx_0_0,y_0_0,0\n"
    assert place.stat().st_ino == before
    assert link.is_symlink()


def test_there_is_one_door():
    """No other module opens a file to write."""
    names = {
        "mkstemp",
        "NamedTemporaryFile",
        "write_text",
        "write_bytes",
        "replace_file",
        "savetxt",
    }
    house, found = Path(cm.__file__).parent, set()
    for path in house.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or "os.devnull" in ast.unparse(node):
                continue
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            mode = ast.unparse(node.args[-1]) if node.args else ""
            opens = called in ("open", "fdopen") and any(
                c in mode for c in ("'w", "'a", "'x", "O_W")
            )
            if called in names or opens:
                found.add(str(path.relative_to(house)))
    assert found == {"writers/files.py"}
