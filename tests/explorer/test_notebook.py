"""What a notebook shows of results, and what the project says of itself."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

import convmatrix as cm

CONV = cm.conv2d(1, 1, 3, stride=2, padding=1)
WEIGHED = cm.conv1d(1, 1, 3, padding=1, weight=[1, 2, 3]).on(4)
REFUTED = cm.prove("sizes", kernel_size=3, stride=2, padding=0)
RESULTS = {
    "plan": lambda: cm.plan(CONV, (1, 5, 5)),
    "explanation": lambda: cm.explain(CONV, 5),
    "cost": lambda: cm.cost(CONV, 5),
    "field": lambda: cm.receptive_field(CONV)[0],
    "connectivity": lambda: cm.connectivity(CONV, 5),
    "factorization": lambda: cm.factorization(WEIGHED),
    "layer": lambda: cm.read_layers({"a": np.ones((2, 2, 3, 3))})[0],
    "claim": lambda: cm.catalogue()["sizes"],
    "counterexample": lambda: REFUTED.counterexample,
    "certificate": lambda: cm.prove_transpose(CONV).certificate,
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_notebook_shows_what_print_shows(name):
    found = RESULTS[name]()
    assert found._repr_markdown_() == f"```text\n{found}\n```"
    assert "\n" not in repr(found)


def test_an_explanation_is_short_in_a_list():
    assert repr(cm.explain(CONV, 5)) == (
        "<Explanation of conv2d(1, 1, 3, stride=2, padding=1) on 1×5×5>"
    )


def test_the_catalogue_is_a_table():
    known = cm.catalogue()
    lines = repr(known).split("\n")
    assert len(lines) == len(known) == 36
    assert lines[5].split("  ")[0] == "round-trip"
    assert known["round-trip"].statement in lines[5]
    page = known._repr_html_()
    assert page.count("<tr>") == 37
    assert "<td>sizes</td>" in page
    assert len(page) < 13_000


ROOT = Path(__file__).parents[2]


def test_no_address_is_a_placeholder():
    project = (ROOT / "pyproject.toml").read_text()
    assert "example" not in str(tomllib.loads(project)["project"].get("urls", ""))
    readme = (ROOT / "README.md").read_text()
    assert {"https://arxiv.org/abs/1603.07285", "https://github.com/vdumoulin/conv_arithmetic",
            "https://distill.pub/2019/computing-receptive-fields/"} <= {
        *re.findall(r"\((https://[^)]+)\)", readme)
    }  # fmt: skip
    assert "'.[all]'" in readme


def test_what_to_install_works_from_a_checkout():
    message = str(cm.MissingExtraError("matplotlib", "plot", "a drawing"))
    assert message == (
        "a drawing needs matplotlib, which is not installed; run: python -m pip install "
        "'.[plot]' in a checkout of convmatrix"
    )
