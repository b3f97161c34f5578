"""The kinds of statement that a certificate may be about.

A subject is plain data with an `about`; its kind makes theorems from it, and can try it out at
one geometry. Everything that proves, searches, checks or prints starts from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from convmatrix.errors import CertificateError
from convmatrix.proof.algebra.polynomial import Polynomial, variables
from convmatrix.proof.algebra.theorem import Theorem
from convmatrix.proof.relate.axes import Relations
from convmatrix.proof.result import LEVELS
from convmatrix.proof.statements.data import is_plain_name

if TYPE_CHECKING:
    from convmatrix.proof.result import Proof

__all__ = ["Data", "Kind", "environment", "kind", "kind_of"]

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of statement.

    `statement(data)` says it in a line. `theorems(data)` yields the theorems any of which proves
    it, likeliest first. `at(data, values)` is the verdict at the geometry where the symbols have
    these values; it raises `GeometryError` where that does not exist. `relations(data)` gives
    both sides to engines with quantifiers.
    """

    statement: Callable[[Data], str]
    theorems: Callable[[Data], Iterator[Theorem]]
    at: Callable[[Data, Mapping[str, int]], Proof]
    relations: Callable[[Data], Iterator[list[Relations]]] | None = None


_KINDS: dict[str, Kind] = {}


def kind(about: str, it: Kind) -> None:
    """Make a kind of statement known."""
    _KINDS[about] = it


def kind_of(data: Data) -> Kind:
    """The kind of a subject, or `CertificateError`."""
    for module in ("equality", "transpose", "every", "catalogue.registry"):
        import_module(f"convmatrix.proof.statements.{module}")  # they make their kinds known

    if data.get("level") not in LEVELS:
        raise CertificateError(f"level: expected one of {LEVELS}, got {data.get('level')!r}")
    for name, bound in data["symbols"].items():
        if not is_plain_name(name) or not (bound is None or type(bound) is int):
            raise CertificateError(f"symbols: {name!r} ≥ {bound!r} is no integer symbol")
    about = data.get("about")
    if about not in _KINDS:
        known = ", ".join(sorted(_KINDS))
        raise CertificateError(f"subject: expected one about {known}, got {about!r}")
    return _KINDS[about]


def environment(data: Data) -> dict[str, Polynomial]:
    """A polynomial for each symbol of a subject."""
    names = list(data["symbols"])
    return dict(zip(names, variables(" ".join(names)), strict=True))
