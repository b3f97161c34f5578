"""The notebook widget, in marimo: the same module, on anywidget's contract."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

pytest.importorskip("playwright")
pytest.importorskip("anywidget")
pytest.importorskip("marimo")

from playwright.sync_api import expect

NOTEBOOK = """
import marimo

app = marimo.App()

@app.cell
def shown():
    import marimo as mo
    import convmatrix as cm
    explorer = mo.ui.anywidget(cm.conv2d(1, 1, 3, stride=2, padding=1).on(5, 5).widget())
    explorer
    return explorer, mo

@app.cell
def told(explorer, mo):
    told = explorer.value
    mo.md(f"pinned in Python: {told['selection']}; shape {told['view']['shape']}")
    return

if __name__ == "__main__":
    app.run()
"""


@pytest.fixture
def notebook(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = tmp_path / "notebook.py"
    path.write_text(NOTEBOOK)
    command = [sys.executable, "-m", "marimo", "run", str(path), "--headless", "--no-token",
               "--port", str(port), "--host", "127.0.0.1"]  # fmt: skip
    quiet = {**os.environ, "MARIMO_SKIP_UPDATE_CHECK": "1"}
    running = subprocess.Popen(
        command, cwd=tmp_path, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=1)
            break
        except OSError:
            time.sleep(0.1)
    yield url
    running.terminate()
    running.wait(10)


def test_the_widget_in_marimo(page, notebook):
    page.goto(notebook)
    grid = page.get_by_role("grid", name="input", exact=True)
    expect(grid).to_be_visible(timeout=60_000)
    output = page.get_by_role("grid", name="output", exact=True).get_by_role("gridcell")
    grid.get_by_role("gridcell").nth(6).hover()
    on = "all => all.map(c => c.getAttribute('aria-selected') === 'true')"
    assert [i for i, lit in enumerate(output.evaluate_all(on)) if lit] == [0, 1, 3, 4]
    grid.get_by_role("gridcell").nth(6).click()
    expect(page.get_by_text(re.compile("pinned in Python: .*'i': 6"))).to_be_visible()
    page.get_by_label("stride", exact=True).fill("1")
    expect(page.get_by_text("shape [25, 25]")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("output y · 1×5×5"))).to_be_visible()
    page.get_by_label("w[0,0,1,1]", exact=True).fill("-2")
    page.keyboard.press("Enter")
    expect(output.nth(0)).to_have_attribute("aria-label", re.compile(r"= 121$"))
    page.get_by_role("button", name=re.compile("open the proof")).click()
    expect(page.get_by_role("dialog")).to_contain_text("polynomial certificate", timeout=20_000)
