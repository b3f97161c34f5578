"""The explorer's page by itself, without a network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser.seen import cell, check_grids, connected, lit

pytest.importorskip("playwright")
pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from playwright.sync_api import expect

import convmatrix as cm
from convmatrix.explorer.state import understand


@pytest.fixture
def offline(page, context, tmp_path, faults):
    from convmatrix.explorer.page import page as whole

    def go(state=None, own=None, suffix=""):
        path = tmp_path / "page.html"
        path.write_text(whole(state, own), encoding="utf-8")
        context.set_offline(True)
        page.goto(path.as_uri() + suffix)
        page.wait_for_selector("body[data-ready]")
        return page

    return go


def test_the_offline_page(offline):
    page = offline()
    cell(page, "input", 6).hover()
    assert lit(page, "output") == [0, 1, 3, 4]
    page.get_by_label("stride", exact=True).fill("1")
    expect(page.get_by_role("heading", name=re.compile("output y · 1×5×5"))).to_be_visible()
    page.get_by_label("kind").select_option("conv_transpose")
    bound = understand({"kind": "conv_transpose", "padding": "1"}).map
    expect(page.get_by_role("heading", name=re.compile("output y · 1×5×5"))).to_be_visible()
    check_grids(page, connected(bound))
    page.get_by_label("dilation").fill("5")
    expect(page.get_by_text("For this one run: convmatrix explore --kind")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("output y · 1×5×5"))).to_be_visible()
    page.get_by_role("button", name=re.compile("open the proof")).click()
    expect(page.get_by_role("dialog")).to_contain_text("zero_insert → pad")


def test_the_offline_page_keeps_its_state_in_its_address(offline):
    page = offline(suffix="?stride=3&turned=1&pins=y0")
    expect(page.get_by_label("stride", exact=True)).to_have_value("3")
    expect(page.get_by_role("switch", name="transpose")).to_have_attribute("aria-checked", "true")
    page.get_by_label("stride", exact=True).fill("1")
    expect(page.get_by_role("heading", name=re.compile("input y · 1×3×3"))).to_be_visible()
    shown = page.url
    page.goto("about:blank")
    page.goto(shown)
    page.wait_for_selector("body[data-ready]")
    expect(page.get_by_label("stride", exact=True)).to_have_value("1")


def test_the_offline_page_of_a_stack(offline):
    net = cm.sequential(cm.conv2d(1, 2, 3, padding=1), cm.pointwise(2, 1))
    from convmatrix.explorer.live import start

    page = offline(*start(net.on(4, 4)))
    check_grids(page, connected(understand({"kind": "own", "input": "4x4"}, net).map))


def test_files_are_small():
    folder = Path(cm.__file__).parent / "explorer" / "static"
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 100_000
