"""Proofs as people read them: in plain text, and in Markdown with formulas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from convmatrix.proof.algebra.lemmas import Goal, Lemma
from convmatrix.proof.algebra.polynomial import Absolute, Defined, Polynomial, Quotient

if TYPE_CHECKING:
    from convmatrix.proof.engines.certificate import Certificate
    from convmatrix.proof.result import Proof

__all__ = ["latex", "markdown", "readable", "to_latex"]

INDENT = "    "


class _Notation:
    """How variables are written: definitions get short names in the order of their use."""

    def __init__(self, lemma: Lemma, latex: bool) -> None:
        self.latex = latex
        self.short: dict[str, str] = {
            variable: f"q{'_' if latex else ''}{{{j + 1}}}" if latex else f"q{j + 1}"
            for j, variable in enumerate(lemma.definitions)
        }

    def name(self, variable: str) -> str:
        return self.short.get(variable) or (_latex_name(variable) if self.latex else variable)

    def polynomial(self, value: Polynomial) -> str:
        dot = r" \cdot " if self.latex else "·"
        text = ""
        for monomial, c in value.in_order():
            names = [self.name(v) for v in monomial]
            factors = ([] if abs(c) == 1 and names else [str(abs(c))]) + names
            sign = ("-" if c < 0 else "") if not text else (" - " if c < 0 else " + ")
            text += sign + dot.join(factors)
        return text or "0"

    def goal(self, goal: Goal) -> str:
        """`n - 1 ≥ 0` as `n ≥ 1`: what is negative goes to the right."""
        left = Polynomial({m: c for m, c in goal.value.terms.items() if c > 0})
        right = Polynomial({m: -c for m, c in goal.value.terms.items() if c < 0})
        sign = "=" if goal.kind == "eq" else r"\ge" if self.latex else "≥"
        return f"{self.polynomial(left)} {sign} {self.polynomial(right)}"

    def definition(self, variable: Defined) -> str:
        inside = [self.polynomial(p) for p in variable.inside]
        if isinstance(variable, Quotient):
            text = (
                rf"\left\lfloor \frac{{{inside[0]}}}{{{inside[1]}}} \right\rfloor"
                if self.latex
                else f"⌊{_bracketed(inside[0])} / {_bracketed(inside[1])}⌋"
            )
        else:
            assert isinstance(variable, Absolute)
            text = rf"\left|{inside[0]}\right|" if self.latex else f"|{inside[0]}|"
        return f"{self.name(variable)} = {text}"


def _bracketed(text: str) -> str:
    return text if text.replace("_", "").isalnum() else f"({text})"


def _latex_name(name: str) -> str:
    bare = name.rstrip("_")
    primes = "'" * (len(name) - len(bare))
    letters = bare.rstrip("0123456789")
    index = bare[len(letters) :].strip("_")
    letters = letters.rstrip("_")
    base = letters if len(letters) == 1 else rf"\mathrm{{{letters}}}"
    return base + (f"_{{{index}}}" if index else "") + primes


def to_latex(value: Polynomial) -> str:
    r"""A polynomial in LaTeX.

    >>> from convmatrix.proof.algebra.parsing import parse
    >>> print(to_latex(parse("d*(k - 1) - p0")))
    d \cdot k - d - p_{0}
    """
    return _Notation(Lemma("", (), (), ()), latex=True).polynomial(value)


# ------------------------------------------------------------------------------- steps


def _reason(step: Any, known: Sequence[Goal], equations: Sequence[Goal], write: _Notation) -> str:
    """Why a goal follows: the sum that the checker multiplies out."""
    if "both" in step:
        sides = [_reason(side, known, equations, write) for side in step["both"]]
        return f"≥: {sides[0]}; ≤: {sides[1]}"
    terms = []
    for c, places in step.get("sum", []):
        factors = [
            f"({write.polynomial(known[j].value) if j < len(known) else 'the opposite'})"
            for j in places
        ]
        number = [] if c == 1 and factors else [str(c)]
        terms.append("·".join(number + factors))
    for place, factor in step.get("eq", []):
        multiplier = Polynomial({tuple(names): c for c, names in factor})
        terms.append(
            f"({write.polynomial(multiplier)})·({write.polynomial(equations[place].value)})"
        )
    total = " + ".join(terms) or "0"
    scale = step["scale"]
    if step.get("refute"):
        return f"else {-scale} = {total} ≥ 0"
    return f"{'' if scale == 1 else f'{scale} times it '}= {total}"


def _lemma_lines(lemma: Lemma, data: Any, write: _Notation) -> list[str]:
    from convmatrix.proof.algebra.parsing import parse

    known = [h for h in lemma.hypotheses if h.kind == "ge"]
    equations = [h for h in lemma.hypotheses if h.kind == "eq"]
    assumed = [write.goal(h) for h in (*lemma.given, *lemma.where)]
    lines = [f"for {', '.join(lemma.variables)} with {', '.join(assumed)}"] if assumed else []
    if lemma.definitions:
        lines.append(f"where {', '.join(write.definition(v) for v in lemma.definitions)}")
    if lemma.says:
        lines.append(_shortened(lemma.says, write))
    cuts = [(Goal(kind, parse(text)), step) for kind, text, step in data["cuts"]]
    plain, number = [], 0
    for goal, step in (*cuts, *zip(lemma.goals, data["steps"], strict=True)):
        at_hand = goal in (*known, *equations)
        if at_hand:
            plain.append(write.goal(goal))
        else:
            number += 1
            reason = _reason(step, known, equations, write)
            lines.append(f"{number}. {write.goal(goal)}, since {_left(goal, step, write)}{reason}")
        (known if goal.kind == "ge" else equations).append(goal)
    if plain:
        lines.append(f"{'and ' if number else ''}as supposed: {', '.join(plain)}")
    if not lemma.goals:
        lines.append("both sides are the same polynomial")
    return lines


def _left(goal: Goal, step: Any, write: _Notation) -> str:
    if "both" in step or step.get("refute"):
        return ""
    return f"{write.polynomial(goal.value)} "


def _shortened(text: str, write: _Notation) -> str:
    for variable in sorted(write.short, key=len, reverse=True):
        text = text.replace(variable, write.short[variable])
    return text.replace("*", "·")


def readable(certificate: Certificate) -> str:
    """The lemmas and steps of a proof in plain text."""
    theorem, lines = certificate.theorem(), []
    for j, (lemma, data) in enumerate(zip(theorem.lemmas, certificate.data["lemmas"], strict=True)):
        lines += ["", f"  Lemma {j + 1} ({lemma.name})"]
        lines += [INDENT + line for line in _lemma_lines(lemma, data, _Notation(lemma, False))]
    for name, _ in theorem.facts:
        lines += ["", f"  The {name} agree, compared one by one."]
    lines += ["", f"  {theorem.conclusion or 'Both directions together are the statement.'}"]
    return "\n".join(lines)


def markdown(proof: Proof) -> str:
    """The verdict, and where there is a certificate its lemmas, with formulas in LaTeX."""
    lines = [f"**{proof.verdict}**: {proof.statement}", ""]
    lines += [f"- level: {proof.level}", f"- scope: {proof.scope}", f"- method: {proof.method}"]
    if proof.counterexample is not None:
        lines.append(f"- counterexample: {proof.counterexample}")
    certificate = proof.certificate
    if certificate is None:
        return "\n".join(lines)
    theorem = certificate.theorem()
    for j, (lemma, data) in enumerate(zip(theorem.lemmas, certificate.data["lemmas"], strict=True)):
        write = _Notation(lemma, latex=True)
        lines += ["", f"**Lemma {j + 1}** ({lemma.name})", ""]
        assumed = ", ".join(f"${write.goal(h)}$" for h in (*lemma.given, *lemma.where))
        lines += [f"Suppose {assumed}.", ""] if assumed else []
        if lemma.definitions:
            texts = ", ".join(f"${write.definition(v)}$" for v in lemma.definitions)
            lines += [f"Let {texts}.", ""]
        goals = ", ".join(f"${write.goal(g)}$" for g in lemma.goals)
        steps = len(data["steps"]) + len(data["cuts"])
        lines.append(
            f"Then {goals} ({steps} checked steps)." if goals else "Both sides are one polynomial."
        )
    return "\n".join([*lines, "", theorem.conclusion or "Both directions are the statement."])


def latex(proof: Proof) -> str:
    """The goals of every lemma as LaTeX, one line a lemma."""
    if proof.certificate is None:
        return rf"$\text{{{proof.verdict}: {proof.statement}}}$"
    rows = []
    for lemma in proof.certificate.theorem().lemmas:
        write = _Notation(lemma, latex=True)
        left = r",\; ".join(write.goal(h) for h in (*lemma.given, *lemma.where))
        right = r",\; ".join(write.goal(g) for g in lemma.goals) or r"\top"
        rows.append(rf"{left} &\;\Rightarrow\; {right}")
    return "$$\\begin{aligned}" + r" \\ ".join(rows) + r"\end{aligned}$$"
