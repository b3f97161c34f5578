"""Certificates: a proof as data that another process, or another tool, can check by itself."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from convmatrix import __version__
from convmatrix.errors import CertificateError
from convmatrix.layers.printing import Printed
from convmatrix.proof.algebra.lemmas import Goal, Lemma
from convmatrix.proof.algebra.parsing import parse
from convmatrix.proof.algebra.polynomial import Polynomial, variables
from convmatrix.proof.algebra.theorem import Theorem
from convmatrix.relation import FOLDS, Axis

__all__ = ["Certificate", "program_hash"]

FORMAT = "convmatrix certificate 1"


def program_hash() -> str:
    """A fingerprint of what the index functions compute, independent of how they are written."""
    n, k, s, d, b, a, o, t = variables("n k s d b a o t")
    texts: list[str] = []
    for mode in FOLDS:
        for flip in (False, True):
            axis = Axis(n, k, s, d, b, a, mode, flip)
            values = [*axis.guards(o, t), axis.read(o, t), axis.outputs, axis.room, axis.span]
            texts += map(str, map(Polynomial.of, values))
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Certificate(Printed):
    """The steps of a proof, to be checked against goals that the checker makes itself.

    >>> import convmatrix as cm
    >>> certificate = cm.prove_transpose(cm.conv1d(1, 1, 3, stride=2, padding=1)).certificate
    >>> Certificate.from_json(certificate.to_json()).check()
    True
    """

    data: dict[str, Any]
    _theorem: Theorem | None = field(default=None, compare=False)

    @classmethod
    def of(
        cls,
        subject: Mapping[str, Any],
        theorem: Theorem,
        variant: int,
        found: Iterable[Any],
        example: Mapping[str, int],
    ) -> Certificate:
        """The certificate of a theorem; `found` has a lemma's cuts, steps and witness each, and
        `example` is a geometry that the theorem is about."""
        lemmas = [
            {**_lemma(lemma), "cuts": cuts, "steps": steps, "witness": witness}
            for lemma, (cuts, steps, witness) in zip(theorem.lemmas, found, strict=True)
        ]
        frame = {**_frame(theorem, subject, variant), "example": dict(example)}
        data = json.loads(json.dumps({**frame, "lemmas": lemmas}))
        return cls({**data, "digest": _digest(data)}, theorem)

    @property
    def statement(self) -> str:
        """What it proves."""
        return str(self.data["statement"])

    @property
    def steps(self) -> int:
        """How many steps it has."""
        return sum(len(lemma["steps"]) for lemma in self.data["lemmas"])

    def __repr__(self) -> str:
        return f"<Certificate of {self.statement}: {self.steps} steps>"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return self.data

    def to_json(self) -> str:
        """The certificate as JSON text."""
        return json.dumps(self.data, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Certificate:
        """Read a certificate; nothing is believed before `check()`."""
        try:
            data = json.loads(text)
        except (TypeError, ValueError, RecursionError) as error:
            raise CertificateError(f"not a certificate: no JSON ({error})") from None
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise CertificateError(f"not a certificate: expected JSON with format {FORMAT!r}")
        lemmas = data.get("lemmas")
        whole = isinstance(lemmas, list) and all(
            isinstance(lemma, dict) and isinstance(lemma.get("steps"), list) for lemma in lemmas
        )
        if not whole or not isinstance(data.get("subject"), dict):
            raise CertificateError("not a certificate: it has no subject or no lemmas")
        return cls(data)

    def check(self) -> bool:
        """True, or `CertificateError` naming the step that fails.

        Goals and hypotheses are made anew from the statement and the relation's index functions;
        the certificate only supplies the steps.
        """
        try:
            self._check(self.theorem())
        except CertificateError:
            raise
        except Exception as error:  # whatever someone else's data makes our code do
            raise CertificateError(f"a corrupted certificate: {error or type(error)}") from None
        return True

    def theorem(self) -> Theorem:
        """What has to be proved, made anew."""
        from convmatrix.proof.statements.known import statement_of

        subject = self.data["subject"]
        variants = statement_of(subject).theorems()
        found = next(islice(variants, self.data["variant"], None), None)
        if found is None:
            raise CertificateError(f"subject: it has no variant {self.data['variant']}")
        return found

    def _check(self, theorem: Theorem) -> None:
        data = self.data
        if not theorem.lemmas:
            raise CertificateError("subject: it has no lemmas, so nothing would be proved")
        if set(data) != {*_frame(theorem, {}, 0), "example", "lemmas", "digest"}:
            raise CertificateError(f"expected the fields of {FORMAT!r}, got {sorted(data)}")
        for name, value in _frame(theorem, data["subject"], data["variant"]).items():
            if data[name] != value and name != "versions":
                raise CertificateError(
                    f"{name}: the statement gives {value!r:.200}, the certificate has "
                    f"{data[name]!r:.200}"
                )
        _check_example(theorem, data["example"])
        for name, fact in theorem.facts:
            if not fact:
                raise CertificateError(f"{name}: not true")
        if len(data["lemmas"]) != len(theorem.lemmas):
            raise CertificateError(
                f"lemmas: the statement needs {len(theorem.lemmas)}, the certificate has "
                f"{len(data['lemmas'])}"
            )
        for lemma, given in zip(theorem.lemmas, data["lemmas"], strict=True):
            _check_lemma(lemma, given)
        if data["digest"] != _digest(data):
            raise CertificateError("digest: a field was altered after the proof was made")

    def to_smtlib(self) -> str:
        """All obligations in SMT-LIB 2: a solver must answer `unsat` to each, and `sat` to the
        witnesses, which show that the hypotheses can be met."""
        from convmatrix.proof.engines.smtlib import smtlib

        return smtlib(self.theorem(), [given["witness"] for given in self.data["lemmas"]])


def _check_example(theorem: Theorem, values: Any) -> None:
    """Some geometry meets the hypotheses: an empty set of them would prove anything."""
    if not isinstance(values, dict) or not all(type(v) is int for v in values.values()):
        raise CertificateError("example: expected an integer for each symbol")
    for goal in theorem.given:
        if not goal.holds(values):
            raise CertificateError(f"example: {values} does not meet {goal}")


def _check_lemma(lemma: Lemma, given: Mapping[str, Any]) -> None:
    expected = _lemma(lemma)
    if set(given) != {*expected, "cuts", "steps", "witness"}:
        raise CertificateError(f"lemma {lemma.name!r}: unexpected fields {sorted(given)}")
    for name, value in expected.items():
        if given[name] != value:
            raise CertificateError(
                f"lemma {lemma.name!r}, {name}: expected {value!r:.200}, got {given[name]!r:.200}"
            )
    if len(given["steps"]) != len(lemma.goals):
        raise CertificateError(
            f"lemma {lemma.name!r}: {len(lemma.goals)} goals, {len(given['steps'])} steps"
        )
    cuts = [(Goal(kind, parse(text)), step) for kind, text, step in given["cuts"]]
    for goal in lemma.failing(cuts, given["steps"]):
        raise CertificateError(f"lemma {lemma.name!r}: the step for {goal} does not prove it")
    values = given["witness"]
    if values is None:
        return
    if set(values) != set(lemma.variables) or not all(type(v) is int for v in values.values()):
        raise CertificateError(f"lemma {lemma.name!r}: the witness needs {lemma.variables}")
    for goal in lemma.hypotheses:
        if not goal.holds(values):
            raise CertificateError(f"lemma {lemma.name!r}: the witness does not meet {goal}")


def _frame(theorem: Theorem, subject: Any, variant: int) -> dict[str, Any]:
    """The fields of a certificate but for lemmas and digest."""
    return {
        "format": FORMAT,
        "statement": theorem.statement,
        "level": theorem.level,
        "scope": theorem.scope,
        "subject": subject,
        "variant": variant,
        "variables": theorem.variables,
        "facts": [name for name, _ in theorem.facts],
        "conclusion": theorem.conclusion,
        "program": program_hash(),
        "versions": {"convmatrix": __version__, "python": platform.python_version()},
    }


def _lemma(lemma: Lemma) -> dict[str, Any]:
    return {
        "name": lemma.name,
        "says": lemma.says,
        "variables": lemma.variables,
        "definitions": list(lemma.definitions),
        "hypotheses": [str(h) for h in lemma.hypotheses],
        "goals": [str(g) for g in lemma.goals],
    }


def _digest(data: Mapping[str, Any]) -> str:
    body = {name: value for name, value in data.items() if name != "digest"}
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
