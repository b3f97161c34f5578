"""The page for everyone: keyboards, screen readers, phones, languages, the dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser.seen import cell, lit

pytest.importorskip("playwright")
pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from playwright.sync_api import expect

import convmatrix as cm


def test_keyboard_alone(visit):
    page = visit(stride="2", padding="1")
    for _ in range(60):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.getAttribute('aria-label') || ''")
        if name.startswith("input (0, 0, 0)"):
            break
    else:
        pytest.fail("Tab does not reach the input grid")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("status")).to_contain_text("input (0, 1, 1)")
    assert lit(page, "output") == [0, 1, 3, 4]
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name=re.compile("unpin A"))).to_be_visible()
    page.keyboard.press("End")
    expect(page.get_by_role("status")).to_contain_text("input (0, 1, 4)")
    page.keyboard.press("Enter")
    page.keyboard.type("50")
    page.keyboard.press("Enter")
    expect(cell(page, "input", 9)).to_have_attribute("aria-label", "input (0, 1, 4) = 50")
    page.get_by_test_id("matrix").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("status")).to_contain_text("entry at row 0, column 1")


def test_language(visit):
    page = visit(lang="zh")
    expect(page.get_by_role("grid", name="输入")).to_be_visible()
    expect(page.get_by_label("步长")).to_have_value("2")
    page.get_by_label("语言").select_option("en")
    expect(page.get_by_role("grid", name="input")).to_be_visible()
    page.get_by_label("language").select_option("zh")
    assert "lang=zh" in page.url


def test_both_languages_fill_the_same_blanks():
    source = Path(cm.__file__).parent / "explorer" / "static" / "words.js"
    found = re.findall(r'^\t(\w+): \["(.*)", "(.*)"\],$', source.read_text("utf-8"), re.M)
    assert len(found) > 80
    for key, *phrases in found:
        english, chinese = (sorted(set(re.findall(r"\{\d\}", one))) for one in phrases)
        assert english == chinese, key
        assert all(phrases), key


@pytest.mark.parametrize(
    "state",
    [{}, {"theme": "dark"}, {"lang": "zh"}, {"turned": "1", "pins": "x6 x7"},
     {"kind": "depthwise_separable", "in_channels": "2", "out_channels": "2"},
     {"input": "1000x1000"}, {"input": "72x72"}, {"kind": "max_pool"}],
    ids=str,
)  # fmt: skip
def test_axe_finds_nothing_serious(visit, state):
    pytest.importorskip("axe_playwright_python")
    from axe_playwright_python.sync_playwright import Axe

    page = visit(**state)
    found = Axe().run(page).response["violations"]
    serious = [
        (v["id"], v["impact"], [n["html"][:120] for n in v["nodes"][:3]])
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_a_phone(page, visit):
    page.set_viewport_size({"width": 390, "height": 844})
    visit(pins="x6")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    cell(page, "input", 1).hover()
    assert lit(page, "output") == [0, 1, 3, 4]  # of the pin, and of this


def test_the_transpose_is_animated_where_motion_is_welcome(browser, address):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("body[data-ready]")
    page.get_by_role("switch", name="transpose").click()
    running = page.evaluate("document.getAnimations().length")
    assert running >= 1
    expect(page.get_by_role("heading", name="matrix Aᵀ")).to_be_visible(timeout=3000)
    context.close()


def test_language_while_an_error_shows(visit, faults):
    page = visit()
    page.get_by_label("kernel size").fill("9")
    expect(page.get_by_label("kernel size")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("language").focus()
    page.get_by_label("language").select_option("zh")
    expect(page.get_by_role("grid", name="输入")).to_be_visible()
    assert page.evaluate("document.activeElement.getAttribute('data-key')") == "language"
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    faults.clear()


def test_a_system_that_turns_dark(visit):
    page = visit()
    page.emulate_media(color_scheme="dark")
    expect(page.locator(".cm")).to_have_attribute("data-theme", "dark")
    page.get_by_label("colours").select_option("light")
    expect(page.locator(".cm")).to_have_attribute("data-theme", "light")
