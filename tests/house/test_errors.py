"""What every wrong input is told: expected, given, fix, in one line; cases in `tests/errors/`."""

from __future__ import annotations

import pytest
from errors import analysis, layers, maps, networks, proof, separable

import convmatrix as cm

TABLES = [analysis, layers, maps, networks, proof, separable]
WRONG = [
    (name, call, kind, message)
    for table in TABLES
    for kind, cases in table.WRONG.items()
    for name, (call, message) in cases.items()
]
NAMED = [(name, *case) for table in TABLES for name, case in table.NAMED.items()]


def caught(call):
    """The exception that a call raises, whatever it is."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - its class is what is tested
        call()
    return caught.value


@pytest.mark.parametrize(
    ("call", "kind", "message"), [pytest.param(*case, id=name) for name, *case in WRONG]
)
def test_message(call, kind, message):
    error = caught(call)
    assert (type(error), str(error)) == (kind, message)
    assert isinstance(error, cm.ConvMatrixError)
    assert isinstance(error, ValueError)


@pytest.mark.parametrize(("call", "given"), [pytest.param(*case, id=name) for name, *case in NAMED])
def test_what_was_given_is_named(call, given):
    error = caught(call)
    assert isinstance(error, cm.ConvMatrixError), f"{type(error).__name__}: {error}"
    assert given in str(error)
    assert not set("{}\n\r") & set(str(error))
    assert not str(error).endswith("use 3 or 3")


def test_no_message_is_broken():
    for name, call, *_ in WRONG:
        message = str(caught(call))
        assert not set("{}\n\r") & set(message), name
        assert message[-1] != ".", name
        assert len(message) < 240, name


def test_case_names_are_unique():
    names = [name for name, *_ in [*WRONG, *NAMED]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("red\x1b[31m", r"red\x1b[31m"),
        ("two\nlines\r\u2028", r"two\nlines\r\u2028"),
        ("bell\a\x9b\x7f", r"bell\x07\x9b\x7f"),
        ("turned\u202e", r"turned\u202e"),
        ("lone\udcff", r"lone\udcff"),
        ("卷积 3×3 ✓ back\\slash", "卷积 3×3 ✓ back\\slash"),
    ],
)
def test_an_error_is_one_line_that_a_terminal_does_not_obey(given, shown):
    error = cm.FileError(f"cannot read {given}")
    assert str(error) == f"cannot read {shown}"
    assert error.args == (f"cannot read {given}",)
    with pytest.raises(cm.FileError) as caught:
        cm.read_layers(f"{given}.foo")
    assert str(caught.value).startswith(f"{shown}.foo has no suffix")
