"""What is typed and edited: the answers that follow, the ones that are late, the refusals."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import numpy as np
import pytest
from browser.seen import cell, lit, values

pytest.importorskip("playwright")
pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from playwright.sync_api import expect


def test_controls_change_the_map_and_the_address(visit):
    page = visit()
    page.get_by_label("stride", exact=True).fill("1")
    page.get_by_label("kernel size").fill("2")
    page.get_by_label("padding", exact=True).fill("0")
    expect(page.get_by_role("heading", name=re.compile("output y · 1×4×4"))).to_be_visible()
    page.get_by_label("kind").select_option("conv_transpose")
    expect(page.get_by_role("heading", name=re.compile("output y · 1×6×6"))).to_be_visible()
    page.get_by_label("output padding").fill("0")
    page.get_by_label("padding mode").select_option("circular")
    page.get_by_label("input size").fill("4x3")
    expect(page.get_by_role("heading", name=re.compile("output y · 1×5×4"))).to_be_visible()
    assert "kind=conv_transpose" in page.url
    assert "input=4x3" in page.url
    shown = page.url
    page.goto("about:blank")
    page.goto(shown)
    page.wait_for_selector("body[data-ready]")
    expect(page.get_by_role("heading", name=re.compile("output y · 1×5×4"))).to_be_visible()
    expect(page.get_by_label("padding mode")).to_have_value("circular")
    expect(page.get_by_label("scale")).to_be_disabled()


def test_an_impossible_geometry_says_why_and_keeps_the_view(visit, faults):
    page = visit()
    page.get_by_label("kernel size").fill("9")
    alert = page.get_by_role("alert").filter(has_text="kernel does not fit on axis 0")
    expect(alert).to_be_visible()
    expect(page.get_by_label("kernel size")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("heading", name=re.compile("output y · 1×3×3"))).to_be_visible()
    page.get_by_label("kernel size").fill("2")
    expect(alert).to_have_count(0)
    expect(page.get_by_label("kernel size")).not_to_have_attribute("aria-invalid", "true")
    page.get_by_label("dilation").fill("x")
    expect(page.get_by_label("dilation")).to_have_attribute("aria-invalid", "true")
    assert all("400" in fault for fault in faults)
    faults.clear()


def test_editing_weights_and_inputs_against_numpy(visit):
    page = visit(input="4x4", kernel="2")
    weight, x = np.array([[1.0, 2], [3, 4]]), np.arange(1.0, 17).reshape(4, 4)

    def expected():
        return [float((weight * x[i : i + 2, j : j + 2]).sum()) for i in range(3) for j in range(3)]

    assert values(page, "output") == pytest.approx(expected())
    for i, j, text in ((0, 1, "-0.5"), (1, 1, "7")):
        weight[i, j] = float(text)
        page.get_by_label(f"w[0,0,{i},{j}]", exact=True).fill(text)
        page.keyboard.press("Enter")
        expect(cell(page, "output", 0)).to_have_attribute(
            "aria-label", re.compile(rf"= {re.escape(f'{expected()[0]:g}')}$")
        )
    assert values(page, "output") == pytest.approx(expected())
    cell(page, "input", 5).dblclick()
    page.get_by_label(re.compile("value of input")).fill("100")
    page.keyboard.press("Enter")
    x[1, 1] = 100
    expect(cell(page, "input", 5)).to_have_attribute("aria-label", "input (0, 1, 1) = 100")
    assert values(page, "output") == pytest.approx(expected())
    sums = page.locator(".sum")
    cell(page, "output", 0).hover()
    expect(sums).to_contain_text(f"= {expected()[0]:g}")
    expect(sums).to_contain_text("y[0,0,0] = w[0,0,0,0]·x[0,0,0] + w[0,0,0,1]·x[0,0,1]")
    page.get_by_role("switch", name="transpose").click()
    u = np.arange(1.0, 10).reshape(3, 3)
    back = np.zeros((4, 4))
    for i in range(3):
        for j in range(3):
            back[i : i + 2, j : j + 2] += u[i, j] * weight
    assert values(page, "output") == pytest.approx(back.ravel().tolist())


def test_separability_of_the_edited_kernel(visit):
    page = visit(weight="3 6 9; 4 8 12; 5 10 15")
    facts = page.locator(".facts-pane")
    expect(facts).to_contain_text("separable: [3, 4, 5] × [1, 2, 3]")
    page.get_by_label("w[0,0,2,2]", exact=True).fill("16")
    page.keyboard.press("Enter")
    expect(facts).to_contain_text("not separable: rank 2")


def test_nan_is_refused_in_words(visit, faults):
    page = visit()
    page.get_by_label("w[0,0,0,0]", exact=True).fill("nan")
    page.keyboard.press("Enter")
    expect(page.get_by_text("weight 0 is nan, which is no number")).to_be_visible()
    faults.clear()


def test_a_truncated_address_says_so_and_shows_the_rest(visit, faults):
    page = visit(stride="2", padding="1", weight="1 2 3 4 5 6 7")
    expect(page.get_by_role("alert").filter(has_text="could not be read whole")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("output y · 1×3×3"))).to_be_visible()
    faults.clear()
    page = visit(kernel="99999", pins="x99999 nonsense", turned="x", step="1e9")
    expect(page.get_by_role("alert").filter(has_text="could not be read whole")).to_be_visible()
    expect(page.get_by_role("grid", name="input")).to_be_visible()
    faults.clear()


def test_a_lost_server_is_said_and_found_again(page, faults):
    from convmatrix.explorer.server import serving

    with serving(port=0) as (url, _):
        page.goto(url)
        page.wait_for_selector("body[data-ready]")
        port = urlsplit(url).port
    page.get_by_label("stride", exact=True).fill("1")
    banner = page.get_by_role("alert").filter(has_text="The server does not answer")
    expect(banner).to_be_visible()
    cell(page, "input", 6).hover()
    assert lit(page, "output") == [0, 1, 3, 4]
    with serving(port=port, say=pytest.fail) as (_, _):
        expect(banner).to_be_hidden(timeout=10_000)
        expect(page.get_by_role("heading", name=re.compile("output y · 1×5×5"))).to_be_visible()
    faults.clear()


def test_the_newest_question_is_answered_and_an_endless_one_given_up(page, faults):
    from explorer.hostile import ENDLESS, HOSTILE

    from convmatrix.explorer.server import serving

    with serving({"kind": "own", "input": "7"}, HOSTILE, port=0) as (url, _):
        page.goto(url)
        page.wait_for_selector("body[data-ready]")
        for size in (ENDLESS, 9, ENDLESS, ENDLESS, 8):
            page.get_by_label("input size").fill(str(size))
            page.get_by_label("input size").press("Enter")
        expect(page.get_by_role("heading", name=re.compile("output y · 1×8$"))).to_be_visible()
    faults.clear()


def slowly(page):
    """Answers that take their time, so that what is typed meanwhile shows."""
    page.evaluate(
        "() => { const ask = fetch; window.fetch = async (...what) => {"
        "await new Promise((done) => setTimeout(done, 400)); return ask(...what); }; }"
    )


def test_an_edit_behind_an_edit_is_not_lost(visit):
    page = visit(input="4x4", kernel="2")
    slowly(page)
    for i, text in ((0, "50"), (1, "60")):
        cell(page, "input", i).dblclick()
        page.get_by_label(re.compile("value of input")).fill(text)
        page.keyboard.press("Enter")
    expect(cell(page, "input", 1)).to_have_attribute("aria-label", "input (0, 0, 1) = 60")
    expect(cell(page, "input", 0)).to_have_attribute("aria-label", "input (0, 0, 0) = 50")


def test_typing_goes_on_while_an_answer_comes(visit):
    page = visit(input="4x4", kernel="2")
    slowly(page)
    page.get_by_label("w[0,0,0,0]", exact=True).fill("50")
    page.keyboard.press("Tab")
    page.keyboard.type("60", delay=450)
    page.keyboard.press("Tab")
    expect(page.get_by_label("w[0,0,0,1]", exact=True)).to_have_value("60")
    expect(cell(page, "output", 0)).to_have_attribute("aria-label", re.compile("= 209$"))
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "w[0,0,1,0]"


def test_a_bad_value_leaves_no_trace(visit, faults):
    page = visit()
    cell(page, "input", 0).dblclick()
    page.get_by_label(re.compile("value of input")).fill("1,5")
    page.keyboard.press("Enter")
    expect(page.get_by_text("x 0 is '1_5', which is no number")).to_be_visible()
    page.get_by_label("stride", exact=True).fill("1")
    expect(page.get_by_role("heading", name=re.compile("output y · 1×5×5"))).to_be_visible()
    assert "x=" not in page.url
    faults.clear()


def test_pins_stay_where_they_are(visit):
    page = visit(stride="2", padding="1")
    page.get_by_role("gridcell", name=re.compile(r"^input \(0, 1, 2\)")).click()
    page.get_by_label("input size").fill("6x6")
    expect(page.get_by_role("heading", name=re.compile("input x · 1×6×6"))).to_be_visible()
    expect(page.get_by_role("button", name="unpin A, input (0, 1, 2)")).to_be_visible()
    page.get_by_label("input size").fill("2x2")
    expect(page.get_by_role("heading", name=re.compile("input x · 1×2×2"))).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("unpin"))).to_have_count(0)


def test_other_dimensions_take_other_weights(visit):
    page = visit(weight="3 6 9; 4 8 12; 5 10 15")
    page.get_by_label("input size").fill("9")
    expect(page.get_by_role("heading", name=re.compile("output y · 1×7$"))).to_be_visible()


def test_upsample_and_back(visit):
    page = visit(padding="1", padding_mode="circular")
    page.get_by_label("kind").select_option("upsample")
    expect(page.get_by_label("padding mode")).to_have_value("nearest")
    page.get_by_label("scale").fill("3")
    expect(page.get_by_role("heading", name=re.compile("output y · 1×15×15"))).to_be_visible()
    page.get_by_label("scale").fill("2")
    page.get_by_label("padding mode").select_option("linear")
    expect(page.get_by_label(re.compile(r"^c\["))).to_have_count(100 * 4)
    page.get_by_label("kind").select_option("conv")
    expect(page.get_by_label("padding mode")).to_have_value("zeros")
