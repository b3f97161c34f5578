"""The command line in this process."""

from __future__ import annotations

import pytest

from convmatrix import cli


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """The command, in a folder of its own: exit status, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr("sys.argv", ["convmatrix", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        out, err = capsys.readouterr()
        return caught.value.code or 0, out, err

    return run
