"""Certificates: other solvers agree with them, and they are of one index program."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from proof.certified import PROOFS, n, script, signed, text

import convmatrix as cm
from convmatrix import relation
from convmatrix.proof.algebra import checker
from convmatrix.proof.algebra.polynomial import Polynomial, variables

ROOT = Path(__file__).parents[2]


# ---------------------------------------------------------------------- other solvers

SOLVE_SECONDS = 5


def obligations(smtlib):
    """`(what the echo says, the script of this one check)`, for every check in a script."""
    held, marks, says = [], [], None
    for line in smtlib.splitlines():
        if line == "(push 1)":
            marks.append(len(held))
        elif line == "(pop 1)":
            del held[marks.pop() :]
        elif line.startswith("(echo "):
            says = line[len('(echo "') : -len('")')]
        elif line == "(check-sat)":
            yield says, "\n".join([*held, line])
        elif line and not line.startswith(";"):
            held.append(line)


def by_z3(smtlib):
    """`(what the echo says, z3's answer)` of a whole script, read by z3 as it is."""
    z3 = pytest.importorskip("z3")
    context = z3.Context()
    whole = f"(set-option :timeout {1000 * SOLVE_SECONDS})\n{smtlib}"
    lines = z3.Z3_eval_smtlib2_string(context.ref(), whole).splitlines()
    return list(zip(lines[::2], lines[1::2], strict=True))


def by_cvc5(smtlib):
    """The same by cvc5, every obligation in a solver of its own: some take long after others."""
    cvc5 = pytest.importorskip("cvc5")
    answers = []
    for says, one in obligations(smtlib):
        solver = cvc5.Solver(cvc5.TermManager())
        solver.setOption("tlimit-per", str(1000 * SOLVE_SECONDS))
        parser = cvc5.InputParser(solver)
        parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, one, "certificate")
        answer = ""
        while not (command := parser.nextCommand()).isNull():
            answer = str(command.invoke(solver, parser.getSymbolManager())).strip() or answer
        answers.append((says, answer))
    return answers


SOLVERS = {"z3": by_z3, "cvc5": by_cvc5}


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", PROOFS)
def test_other_solvers_confirm_every_obligation(name, solver):
    answers = SOLVERS[solver](script(name))
    assert len(answers) == script(name).count("(check-sat)") >= 8
    assert [a for a in answers if a[0].split(":")[0] != a[1]] == []
    kinds = {says.split(":")[0] for says, _ in answers}
    assert kinds == {"sat", "unsat"}
    assert all(re.match("(un)?sat: .+: .+", says) for says, _ in answers)


@pytest.mark.parametrize("solver", SOLVERS)
def test_solvers_notice_a_missing_hypothesis(solver):
    """So that the answers above mean something."""
    name = "pad, then convolve"
    lines = script(name).splitlines()
    noticed = 0
    for j, line in enumerate(lines):
        if "(assert (>=" in line and "(not" not in line and noticed < 3:
            answers = SOLVERS[solver]("\n".join(lines[:j] + lines[j + 1 :]))
            noticed += any(says.startswith("unsat") and a == "sat" for says, a in answers)
    assert noticed == 3


def test_every_goal_and_every_witness_has_its_obligation():
    for name in PROOFS:
        lemmas = json.loads(text(name))["lemmas"]
        goals = sum(len(lemma["goals"]) for lemma in lemmas)
        assert script(name).count('(echo "unsat: ') == goals
        assert script(name).count('(echo "sat: ') == len(lemmas), "every lemma has a witness"


# ------------------------------------------------------------------------- the checker

ELSEWHERE = """
import sys
from importlib import import_module
from pkgutil import walk_packages

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("scipy", "highspy", "islpy", "z3", "cvc5"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())

import convmatrix as cm
from convmatrix import proof
from convmatrix.proof.algebra import finder

def refuse(*args, **options):
    raise AssertionError("the finder was asked")

for found in walk_packages(proof.__path__, "convmatrix.proof."):
    import_module(found.name)
for name, module in list(sys.modules.items()):
    if name.startswith("convmatrix"):
        for key, value in list(vars(module).items()):
            if getattr(value, "__module__", "") == finder.__name__:
                setattr(module, key, refuse)

for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        print(cm.Certificate.from_json(file.read()).check(), "scipy" in sys.modules)
"""


def test_a_fresh_process_checks_files_without_scipy_and_without_the_finder(tmp_path):
    files = []
    for j, name in enumerate(PROOFS):
        files.append(tmp_path / f"{j}.json")
        files[-1].write_text(text(name), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, *map(str, files)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["True False"] * len(PROOFS)


def test_the_checker_is_small_and_needs_nothing():
    source = Path(checker.__file__).read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 80
    modules = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            modules.add(node.module)
    assert {name.split(".")[0] for name in modules} <= sys.stdlib_module_names
    assert not {"eval", "exec", "__import__", "float"} & set(re.findall(r"\w+", source))


# ----------------------------------------------------------------- one index program

LAYER = cm.conv1d(1, 1, 3, stride=2, padding=1, dilation=2, flip=True)


def axis(size):
    return relation.Axis(size, 3, 2, 2, 1, 1, "zeros", True)


def isl_text(monkeypatch):
    """All that isl is told about a pair of maps."""
    islpy = pytest.importorskip("islpy")
    told = []
    with monkeypatch.context() as patch:
        real = islpy.Set
        patch.setattr(islpy, "Set", lambda text: told.append(text) or real(text))
        other = cm.conv1d(1, 1, 3, stride=2, padding=1, dilation=2, flip=True)
        cm.prove_equal(LAYER.on(n), other.on(n), method="presburger")
    return told


def views(monkeypatch, certificate):
    """What each user of the index functions makes of one layer."""
    size, o, t = variables("n o t")
    return {
        "ints": ([axis(9).read(j // 3, j % 3) for j in range(9)], axis(9).outputs),
        "arrays": [*axis(9).read(np.arange(3)[:, None], np.arange(3)).tolist(), axis(9).outputs],
        "matrix": LAYER.with_weight([[[1, 2, 3]]]).on(9).to_dense().tolist(),
        "SymPy": (axis(n).read(*cm.symbols("o t")), LAYER.on(n).out_shape),
        "polynomials": (str(axis(size).read(o, t)), str(Polynomial.of(axis(size).outputs))),
        "isl": isl_text(monkeypatch),
        "SMT-LIB": certificate.to_smtlib(),
    }


def undilated(o, t, *, stride, dilation, before):
    return stride * o + t - before


def shifted(o, t, *, stride, dilation, before):
    return stride * o + dilation * t - before - 1


def unstrided(o, t, *, stride, dilation, before):
    return o + dilation * t - before


def unflipped(t, kernel):
    return t


MUTANTS = {
    "dilation forgotten": (relation, "source", undilated),
    "padding off by one": (relation, "source", shifted),
    "stride forgotten": (relation, "source", unstrided),
    "flip forgotten": (relation, "mirrored", unflipped),
    "flip off by one": (relation, "mirrored", lambda t, kernel: kernel - t),
    "an output too many": (
        relation.Axis, "outputs", property(lambda self: self.room // self.stride + 2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_there_is_one_index_program(monkeypatch, mutant):
    """A mistake in it is made by all that use it; a certificate of before is not accepted."""
    proof = cm.prove_transpose(LAYER)
    certificate = cm.Certificate.from_json(proof.certificate.to_json())
    before = views(monkeypatch, certificate)
    assert before == views(monkeypatch, certificate)
    monkeypatch.setattr(*mutant)
    after = views(monkeypatch, certificate)
    assert [name for name in before if before[name] == after[name]] == []
    with pytest.raises(cm.CertificateError):
        certificate.check()
    remade = json.loads(json.dumps(certificate.to_dict()))
    theorem = certificate.theorem()
    remade |= {name: getattr(theorem, name) for name in ("statement", "scope", "variables")}
    with pytest.raises(cm.CertificateError, match=r"^program: "):
        cm.Certificate.from_json(json.dumps(signed(remade))).check()


@pytest.mark.parametrize("mode", ["circular", "reflect", "replicate"])
def test_a_fold_is_part_of_the_program(monkeypatch, mode):
    certificate = cm.Certificate.from_json(text("insert zeros, then sample"))
    assert certificate.check()
    monkeypatch.setitem(relation.FOLDS, mode, relation.FOLDS["zeros"])
    with pytest.raises(cm.CertificateError, match=r"^program: "):
        certificate.check()
