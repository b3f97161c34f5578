"""The obligations of a theorem in SMT-LIB 2, for solvers that know nothing of this package.

Source of the format: C. Barrett, P. Fontaine, C. Tinelli, *The SMT-LIB Standard*, version 2.6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convmatrix.proof.algebra.lemmas import Goal, Lemma
from convmatrix.proof.algebra.polynomial import Polynomial
from convmatrix.proof.algebra.theorem import Theorem

__all__ = ["smtlib"]


def smtlib(theorem: Theorem, witnesses: Sequence[Mapping[str, int] | None]) -> str:
    """One script; an `echo` before each `check-sat` says the right answer and what it is about."""
    lines = [f"; {theorem.statement}", f"; for {theorem.scope}", "(set-logic QF_NIA)"]
    for lemma, witness in zip(theorem.lemmas, witnesses, strict=True):
        lines += _lemma(lemma, witness)
    return _ascii("\n".join(lines)) + "\n"


def _ascii(text: str) -> str:
    """Solvers want printable ASCII in strings."""
    for sign, plain in {"≥": ">=", "⇒": "=>", "⇐": "<=", "→": "->", "ᵀ": "^T", "×": "x"}.items():
        text = text.replace(sign, plain)
    return text.encode("ascii", "replace").decode()


def _lemma(lemma: Lemma, witness: Mapping[str, int] | None) -> list[str]:
    names: dict[str, str] = {name: f"|{name}|" for name in lemma.variables}
    comments = []
    for j, variable in enumerate(lemma.definitions):
        names[variable] = f"q{j}"
        comments.append(f"; q{j} = {variable}")
    lines = ["(push 1)", f"; {lemma.name}", *comments]
    lines += [f"(declare-const {name} Int)" for name in names.values()]
    lines += [f"(assert {_goal(h, names)})" for h in lemma.hypotheses]
    for goal in lemma.goals:
        lines += ["(push 1)", f"(assert (not {_goal(goal, names)}))"]
        lines += [f'(echo "unsat: {_quoted(lemma.name)}: {goal}")', "(check-sat)", "(pop 1)"]
    if witness is not None:
        values = {name: Polynomial.of(witness[name]) for name in lemma.variables}
        lines += [f"(assert (= {names[n]} {_term(value, names)}))" for n, value in values.items()]
        lines += [f'(echo "sat: {_quoted(lemma.name)}: the hypotheses can be met")', "(check-sat)"]
    return [*lines, "(pop 1)"]


def _quoted(text: str) -> str:
    return text.replace('"', '""')


def _goal(goal: Goal, names: Mapping[str, str]) -> str:
    return f"({'>=' if goal.kind == 'ge' else '='} {_term(goal.value, names)} 0)"


def _term(value: Polynomial, names: Mapping[str, str]) -> str:
    parts = []
    for monomial, c in value.terms.items():
        number = str(c) if c >= 0 else f"(- {-c})"
        factors = [names[v] for v in monomial]
        if not factors or c != 1:
            factors.insert(0, number)
        parts.append(factors[0] if len(factors) == 1 else f"(* {' '.join(factors)})")
    if not parts:
        return "0"
    return parts[0] if len(parts) == 1 else f"(+ {' '.join(parts)})"
