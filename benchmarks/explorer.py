"""`python -m benchmarks explorer`: how fast the page loads and answers the pointer, in Chromium."""

from __future__ import annotations

import os
import random
import shutil
from statistics import median
from typing import Any

from benchmarks.timing import header, write

__all__ = ["explorer"]

ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
MOVES, LOADS = 60, 7
HEAD = [
    "| map | what | median | worst | asked |",
    "| --- | --- | ---: | ---: | ---: |",
]
WATCH = """() => {
  window.answers = [];
  document.addEventListener("pointermove", (event) => {
    const since = event.timeStamp;
    requestAnimationFrame(() => {  // behind the handlers, then the frame that they caused
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => window.answers.push(performance.now() - since);
      port2.postMessage(0);
    });
  }, { capture: true });
}"""
LOADED = """() => new Promise((done) => requestAnimationFrame(
  () => requestAnimationFrame(() => done(performance.now()))))"""


def explorer() -> None:
    """From navigation to the drawn page; from the pointer's event to the frame that it lights."""
    from playwright.sync_api import sync_playwright

    from convmatrix.explorer.server import serving

    about = header("playwright")
    rows: list[dict[str, Any]] = []
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with serving(port=0) as (address, _), sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=ARGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        print("\n".join(["", *HEAD]))
        for side, load, answer in ((16, 1000, 50), (64, 3000, 100)):
            url = f"{address}?input={side}x{side}&padding=1"
            taken = [_load(page, url) for _ in range(LOADS)]
            _row(rows, side, "load", taken, load)
            _row(rows, side, "pointer over cells", _cells(page, side), answer)
            _row(rows, side, "pointer over the matrix", _matrix(page), answer)
        browser.close()
    write("explorer", about, rows, [*HEAD, *map(_line, rows)])


def _load(page: Any, url: str) -> float:
    page.goto(url)
    page.wait_for_selector("body[data-ready]")
    return float(page.evaluate(LOADED))


def _cells(page: Any, side: int) -> list[float]:
    """Moves from cell to cell, at random over both grids."""
    rng = random.Random(0)
    spots = []
    for name in ("input", "output"):
        box = page.get_by_role("grid", name=name, exact=True).bounding_box()
        size = box["width"] / side
        spots += [(box, size)]
    page.mouse.move(1, 1)
    page.evaluate(WATCH)
    for move in range(MOVES):
        box, size = spots[move % 2]
        x, y = (rng.randrange(side) for _ in range(2))
        page.mouse.move(box["x"] + (x + 0.5) * size, box["y"] + (y + 0.5) * size)
        page.wait_for_timeout(30)
    return list(page.evaluate("window.answers"))


def _matrix(page: Any) -> list[float]:
    """Moves along the diagonal of the matrix, from row to row."""
    page.get_by_test_id("matrix").scroll_into_view_if_needed()
    box = page.get_by_test_id("matrix").bounding_box()
    page.evaluate("window.answers.length = 0")
    for move in range(MOVES):
        share = (move + 0.5) / MOVES
        page.mouse.move(box["x"] + share * box["width"], box["y"] + share * box["height"])
        page.wait_for_timeout(30)
    return list(page.evaluate("window.answers"))


def _row(rows: list[dict[str, Any]], side: int, what: str, taken: list[float], most: int) -> None:
    rows.append({
        "map": f"{side}×{side} → {side}×{side}", "what": f"{what}, {len(taken)} times",
        "median": round(median(taken), 1), "worst": round(max(taken), 1), "asked": most,
    })  # fmt: skip
    print(_line(rows[-1]), flush=True)


def _line(row: dict[str, Any]) -> str:
    return (
        f"| {row['map']} | {row['what']} | {row['median']} ms | {row['worst']} ms | "
        f"{row['asked']} ms |"
    )
