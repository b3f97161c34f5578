"""Nothing that was altered passes a certificate's check."""

from __future__ import annotations

import json
import random
import re
from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from proof.certified import signed, text

import convmatrix as cm

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
