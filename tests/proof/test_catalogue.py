"""The catalogue of statements: proved, readable, and with parameters that are fixed."""

from __future__ import annotations

import json
import re
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest
from proof.claims import NAMES, TRIED, each_claim

import convmatrix as cm
from convmatrix.proof import Certificate

# ------------------------------------------------------------------- proved, and readable


def test_the_names():
    assert tuple(cm.catalogue()) == NAMES
    assert all(claim.name == name for name, claim in cm.catalogue().items())


def test_all_in_half_a_minute(proofs):
    assert proofs["seconds"] < 30


@each_claim
def test_a_claim_says_what_it_is(name):
    claim = cm.catalogue()[name]
    for text in (claim.statement, claim.meaning, claim.scope, claim.source):
        assert text
        assert text in str(claim)
    assert str(claim).startswith(name)
    data = json.loads(json.dumps(claim.to_dict()))
    assert data["symbols"] == dict(claim.symbols)
    assert {data[field] for field in ("name", "statement", "scope")} <= {
        name, claim.statement, claim.scope,
    }  # fmt: skip
    assert data["level"] in ("size", "connectivity", "weights")


@each_claim
def test_proved_with_a_certificate(name, proofs):
    proof = proofs[name]
    assert proof.holds is True
    assert proof.counterexample is None
    assert json.loads(json.dumps(proof.to_dict()))["holds"] is True
    again = Certificate.from_json(proof.certificate.to_json())
    assert again.check()
    assert again.statement == proof.statement


def test_a_certificate_proves_no_other_claim(proofs):
    """Steps of one claim under the name of another are turned down."""
    for one, other in pairwise(NAMES):
        data = json.loads(proofs[one].certificate.to_json())
        data["subject"] = proofs[other].to_dict()["certificate"]["subject"]
        with pytest.raises(cm.CertificateError):
            Certificate.from_json(json.dumps(data)).check()


@each_claim
def test_no_lemma_is_empty(name, proofs):
    """All hypotheses can be met, but for those whose goal is that they cannot."""
    refutations = {
        "separable": ["n + p ≤ d(k-1): the last tap is dead"],
        "gridding": ["d > w: place w is not seen"],
    }
    data = proofs[name].certificate.data["lemmas"]
    empty = [lemma for lemma in data if lemma["witness"] is None]
    assert [lemma["name"] for lemma in empty] == refutations.get(name, [])
    assert all("-1 ≥ 0" in lemma["goals"] for lemma in empty)
    assert all("-1 ≥ 0" not in lemma["goals"] for lemma in data if lemma not in empty)


@each_claim
def test_a_proof_reads_well(name, proofs):
    proof = proofs[name]
    text, markdown, latex = str(proof), proof._repr_markdown_(), proof._repr_latex_()
    lemmas = len(proof.certificate.data["lemmas"])
    assert text.startswith(f"proved: {proof.statement}")
    assert text.count("\n  Lemma ") == markdown.count("**Lemma ") == lemmas
    assert latex.count(r"\Rightarrow") == lemmas
    assert latex.startswith("$$")
    assert latex.endswith("$$")
    assert "$" not in latex[2:-2]
    formulas = markdown.split("$")
    assert len(formulas) % 2 == 1
    for formula in [*formulas[1::2], latex]:
        assert formula.strip()
        assert formula.count("{") == formula.count("}")
        assert formula.count(r"\left") == formula.count(r"\right") + formula.count(r"\le ")
        assert "*" not in formula
        assert "//" not in formula
    steps = "\n".join(line for line in text.splitlines() if re.match(r" +(for|where|\d)", line))
    assert "//" not in steps
    assert "*" not in steps
    for marks in ("()", "⌊⌋"):
        assert text.count(marks[0]) == text.count(marks[1])


# ------------------------------------------------------------------- parameters that are fixed


def test_fixed_numbers():
    proof = cm.prove("arithmetic-6", kernel_size=3, stride=2, padding=1, input_size=7)
    assert proof.holds
    assert re.search(r"k = 3.*s = 2|s = 2.*k = 3", proof.statement)
    assert Certificate.from_json(proof.certificate.to_json()).check()
    assert cm.prove("round-trip", kernel_size=3, stride=2, dilation=3).holds
    assert cm.prove("transpose", kernel_size=3, stride=2, padding=(1, -1), dilation=2).holds


@pytest.mark.parametrize(
    ("k", "s", "p"), [(k, s, p) for k in range(1, 5) for s in range(1, 4) for p in range(3)]
)
def test_the_articles_sizes_hold_where_p_is_k_minus_s(k, s, p):
    proof = cm.prove("sizes", kernel_size=k, stride=s, padding=p)
    assert proof.holds is (p == k - s)
    if proof.holds:
        assert proof.certificate.check()
        return
    found = proof.counterexample
    assert {x: found.geometry[x] for x in "ksp"} == {"k": k, "s": s, "p": p}
    n = found.geometry["n"]
    assert found.replay().differs
    assert found.replay().got == s * (n - 1) + k - 2 * p
    assert n == next(n for n in range(1, 9) if s * (n - 1) + k - 2 * p >= 1)


def test_fixed_expressions():
    k, s, p, m = cm.symbols("k s p m")
    assert cm.prove("sizes", padding=k - s).holds is True
    assert cm.prove("sizes", stride=k - p).holds is True
    assert cm.prove("sizes", kernel_size=s + p).holds is True
    assert cm.prove("sizes", kernel_size=2 * s, padding=s).holds is True
    assert cm.prove("sizes", padding=k - s + 1).holds is False
    assert cm.prove("sizes", padding=p).holds is False
    assert cm.prove("stride", stride=2 * m + 1).holds is True
    assert cm.prove("round-trip", stride=2 * m, kernel_size=2 * m + 1).holds is True
    assert cm.prove("arithmetic-6", input_size=s * m, kernel_size=s, padding=0).holds is True
    assert cm.prove("bilinear", stride=2 * m).holds is True
    proof = cm.prove("sizes", padding=k - s)
    assert "p = k - s" in proof.statement
    assert Certificate.from_json(proof.certificate.to_json()).check()


@pytest.mark.parametrize(
    ("name", "fixed", "words"),
    [
        ("no-such", {}, ["'no-such'", "transpose", "bilinear"]),
        ("sizes-here", {}, ["'sizes-here'", "sizes"]),
        ("round-trip", {"output_padding": 1}, ["output_padding", "kernel_size", "input_size"]),
        ("round-trip", {"colour": 1}, ["round-trip", "colour", "stride"]),
        ("arithmetic-3", {"kernel_size": 3}, ["arithmetic-3", "kernel_size", "n, h"]),
        ("weights", {"stride": 2}, ["weights", "stride", "nothing"]),
        ("padding", {"padding": 1}, ["padding", "p0, p1"]),
        ("arithmetic-1", {"method": "guess"}, ["method", "'guess'", "'certificate'"]),
        ("interleaving", {"input_size": 2, "kernel_size": 4}, ["vacuous", "fits"]),
    ],
)
def test_what_cannot_be_fixed(name, fixed, words):
    with pytest.raises(cm.ProofError) as error:
        cm.prove(name, **fixed)
    for word in words:
        assert word in str(error.value)


def test_numbers_that_make_no_layer():
    with pytest.raises(cm.GeometryError, match="stride must be at least 1, got 0"):
        cm.prove("sizes", stride=0)


def test_every_claim_is_tried_out():
    """By the files `test_claims_of_….py`, which say so as they are read."""
    for file in Path(__file__).parent.glob("test_claims_of_*.py"):
        import_module(f"proof.{file.stem}")
    assert sorted(TRIED) == sorted(NAMES)
