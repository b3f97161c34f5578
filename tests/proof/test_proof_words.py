"""What refutations and refused parameters say."""

from __future__ import annotations

import pytest

import convmatrix as cm


def test_a_refutation_puts_the_numbers_in():
    found = cm.prove("sizes", kernel_size=3, stride=2, padding=0)
    assert str(found.counterexample) == (
        "at n = 1, d = 1, a = 0, k = 3, s = 2, p = 0: output size = 3, but 2·1 + (2 - 3) = 1; "
        "padded size = 5, but 2·1 + 2 - 1 = 3"
    )
    assert (found.counterexample.expected, found.counterexample.got) == (1, 3)
    assert found.counterexample.replay().differs
    assert found.method == "bounded search: the smallest geometry, by its sum"


def test_sizes_that_differ_in_one_formula_say_which():
    """d = 2 and p = 2 leave the output's size alone and change the padded one."""
    found = cm.prove("sizes", kernel_size=3, stride=2, padding=2, dilation=2)
    assert str(found.counterexample).endswith("p = 2: padded size = 5, but 2·1 + 2 - 1 = 3")
    assert found.counterexample.replay().differs


def test_a_refutation_at_one_geometry_names_it():
    found = cm.prove("sizes", kernel_size=3, stride=2, padding=0, input_size=2)
    assert found.scope == "refuted at d = 1, a = 0, k = 3, s = 2, p = 0, n = 2"
    assert "output size = 5, but 2·2 + (2 - 3) = 3" in str(found)


def test_later_refutations_count_geometries():
    n, k = cm.symbols("n k")
    a, b = cm.conv1d(1, 1, k).on(n), cm.conv1d(1, 1, k, flip=True).on(n)
    assert "the smallest of 4 geometries, by their sum" in cm.prove_equal(a, b).method


@pytest.mark.parametrize("name", cm.catalogue())
def test_a_wrong_parameter_is_named_as_people_know_it(name):
    for option in ("kernel", "nonsense"):
        with pytest.raises(cm.ProofError) as caught:
            cm.prove(name, **{option: 3})
        message = str(caught.value)
        assert message.startswith(f"{name} has no {option} to fix; ")
        if option == "kernel" and "kernel_size" in message:
            assert message.endswith("; did you mean kernel_size?")


@pytest.mark.parametrize(
    ("option", "near"), [("pad", "padding"), ("k", "kernel_size"), ("n", "input_size")]
)
def test_what_was_meant(option, near):
    with pytest.raises(
        cm.ProofError, match=rf"sizes has no {option} to fix; did you mean {near}\?"
    ):
        cm.prove("sizes", **{option: 1})


@pytest.mark.parametrize(
    ("name", "option"), [("receptive-field", "kernel_size"), ("dilation", "kernel_size"),
                         ("bilinear", "stride"), ("sizes", "stride"), ("windows", "input_size")],
)  # fmt: skip
def test_a_parameter_below_its_bound(name, option):
    with pytest.raises(cm.GeometryError, match=r"^padding must be at least 0, got -1$"):
        cm.prove("sizes", padding=-1)
    with pytest.raises(cm.GeometryError, match=f"^{option} must be at least 1, got -3$"):
        cm.prove(name, **{option: -3})
