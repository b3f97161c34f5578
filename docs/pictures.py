"""Draw the pictures of the README: `python docs/pictures.py`."""

from __future__ import annotations

import shutil
from pathlib import Path

import matplotlib as mpl

import convmatrix as cm
from convmatrix.draw import draw_figure, draw_grids

mpl.use("Agg")

NAMES = {
    "input": {(0, 0, 0): "a", (0, 0, 1): "b", (0, 0, 2): "c", (0, 1, 1): "d"},
    "output": {(0, 0, 0): "1", (0, 0, 1): "2", (0, 1, 0): "3", (0, 1, 1): "4"},
}

A = cm.conv2d(1, 1, 3, stride=2, padding=1).on(5, 5)
HERE = Path(__file__).parent


def explorer() -> None:
    """The live page, with the figure's element d lit; needs `'.[peers]'` and Chromium."""
    from playwright.sync_api import sync_playwright

    from convmatrix.explorer.server import serving

    with serving(port=0) as (address, _), sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1180, "height": 985})
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        page.get_by_role("gridcell", name="(d)").hover()
        page.screenshot(path=HERE / "explorer.png")
        browser.close()


draw_figure(A, names=NAMES).savefig(HERE / "figure.png", dpi=90)
draw_grids(A, names=NAMES).figure.savefig(HERE / "grids.png", dpi=90)
explorer()
