"""Certificates: other solvers agree with them, and nothing that was altered passes the check."""

from __future__ import annotations

import ast
import hashlib
import json
import random
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import convmatrix as cm
from convmatrix import relation
from convmatrix.proof.algebra import checker
from convmatrix.proof.algebra.polynomial import Polynomial, variables

ROOT = Path(__file__).parents[2]

n, k, p, s, d = cm.symbols("n k p s d")


def chain(size, *layers):
    """The layers one after another."""
    first, *rest = layers
    whole = first.on(size)
    for layer in rest:
        whole = layer.on(*whole.out_shape[1:]) @ whole
    return whole


def folding(mode):
    return cm.prove_transpose(cm.conv1d(1, 1, 3, stride=2, padding=1, padding_mode=mode))


CONV = cm.conv1d(1, 1, k, stride=s, dilation=d, padding=p)
EVERY = cm.conv1d(1, 1, k, dilation=d, padding=p)
PROOFS = {
    "every transpose": cm.prove_transpose,
    "stride and dilation": lambda: cm.prove_transpose(stride=2, dilation=3),
    "two dimensions": lambda: cm.prove_transpose(cm.conv2d(4, 6, 3, stride=2, padding=1, groups=2)),
    "circular": lambda: folding("circular"),
    "reflect": lambda: folding("reflect"),
    "replicate": lambda: folding("replicate"),
    "pad, then convolve": lambda: cm.prove_equal(
        CONV.on(n),
        chain(n, cm.pad(p, ndim=1), cm.conv1d(1, 1, k, stride=s, dilation=d)),
    ),
    "wrap, then convolve": lambda: cm.prove_equal(
        cm.conv1d(1, 1, k, padding=p, padding_mode="circular").on(n),
        chain(n, cm.pad(p, mode="circular", ndim=1), cm.conv1d(1, 1, k)),
    ),
    "convolve, then sample": lambda: cm.prove_equal(
        CONV.on(n), chain(n, EVERY, cm.sample(s, ndim=1))
    ),
    "insert zeros, then sample": lambda: cm.prove_equal(
        chain(n, cm.zero_insert(s, ndim=1), cm.sample(s, ndim=1)), cm.pad(0, ndim=1).on(n)
    ),
    "product with the transpose": lambda: cm.prove_equal(
        (CONV.on(n).T @ CONV.on(n)).T, CONV.on(n).T @ CONV.on(n)
    ),
    "connectivity": lambda: cm.prove_equal(
        CONV.on(n),
        cm.conv1d(1, 1, k, stride=s, dilation=d, padding=p, flip=True).on(n),
        level="connectivity",
    ),
}


@cache
def text(name):
    """A certificate as JSON."""
    return PROOFS[name]().certificate.to_json()


@cache
def script(name):
    return cm.Certificate.from_json(text(name)).to_smtlib()


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


# ------------------------------------------------------------------------- tampering

ATTACKED = ("wrap, then convolve", "insert zeros, then sample", "two dimensions", "reflect")


def places(data, path=()):
    """The path of everything inside."""
    inner = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in inner:
        yield (*path, key)
        if isinstance(value, (dict, list)):
            yield from places(value, (*path, key))


def altered(value, draw):
    """Something else in the place of a value."""
    if isinstance(value, bool) or value is None:
        return draw(st.sampled_from([not value, 7, "x", []]))
    if isinstance(value, int):
        others = [value + 1, value - 1, -value, 0, 10**20, value + 0.5, float(value), str(value)]
        return draw(st.sampled_from([*others, bool(value), None, [value]]))
    if isinstance(value, str):
        at = draw(st.integers(0, len(value)))
        more = draw(st.sampled_from(["1", "n", " + 1", "-", "x", "0*"]))
        others = [value[:at] + more + value[at:], value[:at] + value[at + 1 :], "", value + more]
        return draw(st.sampled_from([*others, 1, None, [value]]))
    if isinstance(value, dict):
        keys = list(value)
        if not keys:
            return {"more": 1}
        one = draw(st.sampled_from(keys))
        rest = {x: v for x, v in value.items() if x != one}
        return draw(st.sampled_from([rest, {**rest, "more": value[one]}, None, []]))
    entries = list(value)
    if not entries:
        return [0]
    i, j = (draw(st.integers(0, len(entries) - 1)) for _ in "ij")
    swapped = list(entries)
    swapped[i], swapped[j] = entries[j], entries[i]
    fewer, more = entries[:i] + entries[i + 1 :], [*entries[:i], entries[j], *entries[i:]]
    return draw(st.sampled_from([swapped, fewer, more, [], None]))


def signed(data):
    """With the digest that it should have."""
    body = {name: value for name, value in data.items() if name != "digest"}
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    return {**body, "digest": digest}


def check(data):
    """None, or what the check says against it."""
    try:
        assert cm.Certificate.from_json(json.dumps(data)).check() is True
    except cm.CertificateError as error:
        return str(error)
    return None


def field(path):
    """What is drawn first, so that short fields are altered as often as long ones."""
    return (path[0], path[2]) if path[0] == "lemmas" and len(path) > 2 else path[:1]


@cache
def fields(name):
    """The paths of a certificate by field. The subject's level is altered by name below."""
    found = {}
    for path in places(json.loads(text(name))):
        if path != ("subject", "level"):
            found.setdefault(field(path), []).append(path)
    return found


@st.composite
def tampered(draw):
    """`(path, the certificate as it was, the data with the value there altered)`."""
    name = draw(st.sampled_from(ATTACKED))
    original, data = json.loads(text(name)), json.loads(text(name))
    path = draw(st.sampled_from(fields(name)[draw(st.sampled_from(list(fields(name))))]))
    inside = data
    for key in path[:-1]:
        inside = inside[key]
    before = json.dumps(inside[path[-1]])
    inside[path[-1]] = altered(inside[path[-1]], draw)
    assume(json.dumps(inside[path[-1]]) != before)
    return path, original, data


@given(tampered())
@settings(max_examples=150)
def test_whatever_is_altered_is_noticed(case):
    path, _, data = case
    said = check(data)
    assert said, path
    if path == ("digest",):
        assert said.startswith("digest")


@given(tampered())
@settings(max_examples=400)
def test_a_signed_forgery_passes_only_if_it_proves_the_same(case):
    """The digest keeps out accidents, not people: here it is made anew."""
    path, original, data = case
    if path != ("digest",):
        said = check(signed(data))
        assert said or harmless(path, original, data), path


def harmless(path, original, data):
    """Whether the value at a path says the same, or gives another proof of the same:

    - `versions` says who made the certificate;
    - another geometry that the statement is about, as its example;
    - another witness that meets the hypotheses, or none;
    - other multipliers that add up to the goal, written in any order, and other facts on the way;
    - the first variant, as 0, false or null;
    - another number for a layer, an option left out that is the default, true for 1.
    """
    where = field(path)[-1]
    if where == "versions":
        return True
    if path[0] == "example":
        facts = {fact for lemma in data["lemmas"] for fact in lemma["hypotheses"]}
        symbols = set(data["example"])
        return all(
            fact_holds(fact, data["example"])
            for fact in facts
            if set(re.findall(r"[a-z]\w*", fact)) - {"abs"} <= symbols
        )
    if where == "witness":
        lemma = data["lemmas"][path[1]]
        return lemma["witness"] is None or all(
            fact_holds(fact, lemma["witness"]) for fact in lemma["hypotheses"]
        )
    if where in ("steps", "cuts"):
        return adds_up(data["lemmas"][path[1]])
    if where == "variant":
        return not data["variant"]
    return where == "subject" and plain(data["subject"]) == plain(original["subject"])


DEFAULTS = {"stride": [1], "dilation": [1], "padding": [[0, 0]], "groups": 1, "mode": "zeros"}


def plain(subject):
    """A subject with its defaults written out, and layers without numbers."""
    if isinstance(subject, list):
        return [plain(part) for part in subject]
    if not isinstance(subject, dict):
        return subject
    inside = {key: plain(value) for key, value in subject.items() if key != "number"}
    if "options" in inside:
        inside["options"] = {**DEFAULTS, **inside["options"]}
    if "named" in inside:
        inside["named"] = bool(inside["named"])
    return inside


def fact_holds(fact, values):
    """Whether `... ≥ 0` or `... = 0` is true in numbers."""
    relation = fact.replace("≥", ">=").replace(" = ", " == ")
    return eval(relation, {"abs": abs}, dict(values))


def adds_up(lemma):
    """Whether all steps add up to their goals at random integers; this looks at numbers only."""
    rng = random.Random(0)
    for _ in range(6):
        values = {name: rng.randrange(1, 50) for name in lemma["variables"]}
        scope = {"abs": abs, **values}

        def number(side, scope=scope):
            return eval(side, dict(scope))

        known = {"ge": [], "eq": []}
        for fact in lemma["hypotheses"]:
            side, kind = re.fullmatch("(.*) ([≥=]) 0", fact).groups()
            known["ge" if kind == "≥" else "eq"].append(number(side))
        goals = [re.fullmatch("(.*) ([≥=]) 0", goal).groups() for goal in lemma["goals"]]
        proved = [(kind, number(side), step) for kind, side, step in lemma["cuts"]]
        proved += [
            ("ge" if kind == "≥" else "eq", number(side), step)
            for (side, kind), step in zip(goals, lemma["steps"], strict=True)
        ]
        for kind, value, step in proved:
            if "both" in step:
                fine = [
                    sums(x, v, known, number)
                    for x, v in zip(step["both"], (value, -value), strict=True)
                ]
            else:
                fine = [sums(step, value, known, number)]
            if not all(fine):
                return False
            known[kind].append(value)
    return True


def sums(step, goal, known, number):
    ge = [*known["ge"], -goal - 1] if step.get("refute") else known["ge"]
    total = 0
    for c, factors in step.get("sum", []):
        assert c >= 0
        total += c * int(np.prod([ge[j] for j in factors], dtype=object))
    for place, factor in step.get("eq", []):
        for c, names in factor:
            term = c
            for name in names:
                term *= number(name)
            total += term * known["eq"][place]
    scale = step["scale"]
    return scale >= 1 and total == (-scale if step.get("refute") else scale * goal)


def forged(name, change):
    """A certificate with a change made to its data, signed."""
    data = json.loads(text(name))
    change(data)
    return signed(data)


def put(*path):
    """A change: the last of `path` takes the place of what the others lead to."""

    def change(data):
        *way, last, value = path
        for key in way:
            data = data[key]
        data[last] = value

    return change


STEP = {"scale": 1, "sum": [[1, [0]]]}
NAME = "wrap, then convolve"
FORGERIES = {
    "another statement": (put("statement", "0 = 1"), "^statement: "),
    "a stronger level": (put("subject", "level", "connectivity"), "^level: "),
    "a weaker level": (put("subject", "level", "size"), "^level: "),
    "a wider scope": (put("scope", "everything"), "^scope: "),
    "fewer variables": (put("variables", ["n"]), "^variables: "),
    "other facts": (put("facts", []), "^facts: "),
    "another conclusion": (put("conclusion", "so there"), "^conclusion: "),
    "another program": (put("program", "0" * 32), "^program: "),
    "another variant": (put("variant", 99), "^subject: it has no variant 99"),
    "a higher bound": (put("subject", "symbols", "n", 9), "^scope: "),
    "a symbol more": (put("subject", "symbols", "z", 0), "^scope: "),
    "another layer": (
        put("subject", "left", "options", "padding_mode", "replicate"), "^statement: ",
    ),
    "another kind": (put("subject", "about", "the weather"), "expected one about"),
    "a lemma less": (lambda data: data["lemmas"].pop(), "^lemmas: the statement needs 3"),
    "a lemma twice": (lambda data: data["lemmas"].append(data["lemmas"][0]), "^lemmas: "),
    "lemmas exchanged": (lambda data: data["lemmas"].reverse(), "^lemma 'the .*', name"),
    "a hypothesis more": (
        lambda data: data["lemmas"][1]["hypotheses"].append("-1 ≥ 0"), "'left ⇒ right', hypotheses",
    ),
    "a goal less": (lambda data: data["lemmas"][1]["goals"].pop(), "'left ⇒ right', goals"),
    "a goal and its step less": (
        lambda data: [data["lemmas"][1][x].pop() for x in ("goals", "steps")],
        "'left ⇒ right', goals",
    ),
    "a step less": (lambda data: data["lemmas"][1]["steps"].pop(), "'left ⇒ right': .* steps"),
    "another step": (put("lemmas", 1, "steps", 0, STEP), "'left ⇒ right': the step for .*"),
    "the goal among the known": (
        put("lemmas", 1, "steps", 0, {"scale": 1, "sum": [[1, [99]]]}), "the step for .* does not",
    ),
    "a negative multiplier": (
        put("lemmas", 1, "steps", 0, {"scale": 1, "sum": [[-1, [0]], [2, [0]]]}), "does not prove",
    ),
    "a negative place": (
        put("lemmas", 1, "steps", 0, {"scale": 1, "sum": [[1, [-1]]]}), "does not prove",
    ),
    "nothing times the goal": (put("lemmas", 1, "steps", 0, {"scale": 0}), "does not prove"),
    "a fraction": (
        put("lemmas", 1, "steps", 0, {"scale": 1.0, "sum": [[1.0, [0]]]}), "does not prove",
    ),
    "a cut out of nothing": (
        put("lemmas", 1, "cuts", [["ge", "-1", STEP]]), "the step for -1 ≥ 0 does not prove it",
    ),
    "a cut of another kind": (
        put("lemmas", 1, "cuts", [["ne", "1", STEP]]), "corrupted|does not prove",
    ),
    "a witness elsewhere": (put("lemmas", 1, "witness", "n", 0), "the witness does not meet"),
    "a witness with a fraction": (put("lemmas", 1, "witness", "n", 1.0), "the witness needs"),
    "a field more": (put("approved", True), "^expected the fields"),
    "a lemma's field more": (put("lemmas", 1, "approved", True), "unexpected fields"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), FORGERIES.values(), ids=FORGERIES)
def test_a_forgery_is_named(change, message):
    with pytest.raises(cm.CertificateError, match=message):
        cm.Certificate.from_json(json.dumps(forged(NAME, change))).check()


def test_a_false_statement_has_no_certificate():
    """All fields as the checker wants them, for padding that is one too much: the steps fail."""
    data = json.loads(text("pad, then convolve"))
    (around,) = (x for x in data["subject"]["right"]["product"] if x["layer"] == "pad")
    around["of"] = [[[{"is": "p - 1"}, {"is": "p + 1"}]]]
    theorem = cm.Certificate(data).theorem()
    for name in ("statement", "level", "scope", "variables", "conclusion"):
        data[name] = getattr(theorem, name)
    data["facts"] = [name for name, _ in theorem.facts]
    for lemma, said in zip(theorem.lemmas, data["lemmas"], strict=True):
        said |= {name: getattr(lemma, name) for name in ("name", "says", "variables")}
        said["definitions"] = list(lemma.definitions)
        said["hypotheses"], said["goals"] = (
            [str(x) for x in part] for part in (lemma.hypotheses, lemma.goals)
        )
        known = [json.dumps(step) for part in data["lemmas"] for step in part["steps"]]
        said["witness"] = None
        said["steps"] = [
            next((x for x in map(json.loads, known) if not list(lemma.failing([], [x]))), STEP)
            if len(lemma.goals) == 1
            else step
            for step in (said["steps"] * 2)[: len(lemma.goals)]
        ]
    with pytest.raises(cm.CertificateError, match=r"lemma '.*': the step for .* does not prove it"):
        cm.Certificate.from_json(json.dumps(signed(data))).check()


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "1", "[" * 100_000, '{"format": "pdf"}'])
def test_what_is_no_certificate(text):
    with pytest.raises(cm.CertificateError, match="not a certificate"):
        cm.Certificate.from_json(text).check()


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
