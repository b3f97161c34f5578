"""`prove`, `check` and `separable`: what holds, and the exit status that says so."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from cli.complaints import complains

import convmatrix as cm

SOBEL = "1 0 -1; 2 0 -2; 1 0 -1"


def shell(*words, **options):
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "convmatrix", *words], capture_output=True, timeout=60, **options
    )


def test_prove(run):
    status, out, err = run("prove", "transpose", "--stride", 2, "--padding", 1)
    assert (status, err) == (0, "")
    assert out.startswith("proved: ")
    assert "every convolution with stride=2, before=1, after=1" in out
    status, out, err = run("prove", "transpose", "--json", "--input", "5x5")
    assert (status, err, json.loads(out)["holds"]) == (0, "", True)
    assert "1×5×5" in json.loads(out)["statement"]
    layer = run("prove", "transpose", "--kernel", "3x5", "--groups", 2, "--in-channels", 2,
                "--out-channels", 2)  # fmt: skip
    assert "conv2d(2, 2, (3, 5), groups=2)" in layer[1]
    complains(run("prove", "everything"), "no statement named 'everything'; use one of transpose")
    complains(run("prove", "transpose", "--kind", "avg_pool"), "avg_pool(3, channels=1)")
    complains(run("prove", "grouping", "--groups", 2), "--groups belongs to transpose")
    complains(run("prove", "receptive-field", "--stride", 2), "has no stride to fix")
    complains(run("prove", "transpose", "--method", "luck"), "method must be one of")


def test_prove_lists_and_proves_all(run):
    status, out, _ = run("prove", "--list")
    assert status == 0
    names = [line for line in out.splitlines() if line and not line.startswith(" ")]
    assert names == list(cm.catalogue())
    assert [claim["name"] for claim in json.loads(run("prove", "--list", "--json")[1])] == names
    status, out, _ = run("prove", "--all", "--json")
    proofs = json.loads(out)
    assert status == 0
    assert list(proofs) == names
    assert all(proof["holds"] and proof["certificate"] for proof in proofs.values())


def test_a_false_statement_exits_1_with_the_smallest_counterexample(run):
    status, out, _ = run(
        "prove", "sizes", "--kernel", 3, "--stride", 2, "--padding", 0, "--json"
    )  # fmt: skip
    found = json.loads(out)["counterexample"]
    assert (status, found["expected"], found["got"]) == (1, 1, 3)
    assert found["geometry"] == {"n": 1, "k": 3, "s": 2, "p": 0, "d": 1, "a": 0}
    assert run("prove", "sizes", "--kernel", 3, "--stride", 2, "--padding", 1)[0] == 0


def test_certificates_are_written_and_checked(run, tmp_path):
    place, script = tmp_path / "proof.json", tmp_path / "proof.smt2"
    status, _, err = run("prove", "round-trip", "-o", place, "--smtlib", script)
    assert (status, err.count("wrote")) == (0, 2)
    assert script.read_text().startswith("; n' = n")
    status, out, _ = run("check", place)
    assert (status, out.splitlines()[0][:6]) == (0, "valid:")
    assert json.loads(run("check", place, "--json")[1])["valid"] is True
    place.write_text(place.read_text().replace('"scale": 1', '"scale": 3', 1))
    status, out, _ = run("check", place)
    assert status == 1
    assert "rejected: lemma 'the remainder brings the size back': the step for" in out
    complains(run("check", script), "not a certificate")
    complains(run("check", tmp_path / "none.json"), "no such file")
    complains(run("prove", "transpose", "--input", "5x5", "-o", place), "no certificate to write")
    assert run("prove", "round-trip", "-o", "-")[1].startswith("{")


def test_separable(run):
    status, out, err = run("separable", "3 6 9; 4 8 12; 5 10 15")
    assert (status, err) == (0, "")
    assert out.startswith("separable: [3, 4, 5]ᵀ × [1, 2, 3]")
    status, out, err = run("separable", "1 2; 2 5", "--json")
    told = json.loads(out)
    assert (status, err, told["separable"], told["rank"]) == (1, "", False, 2)
    assert run("separable", "[[0.5, 1], [1, 2]]")[0] == 0


@pytest.mark.parametrize(
    "kernel", ["garbage", "", "1 2; 3", "[1, 2", "[[1, 2], [3]]", '[[1, "a"], [1, 1]]',
               "1/0 1; 1 1", "[[NaN, 1], [1, 1]]", "1 2 1", "none.npy", "[[null, 1], [1, 1]]",
               '{"a": 1}']
)  # fmt: skip
def test_separable_garbage(run, kernel):
    complains(run("separable", kernel))
