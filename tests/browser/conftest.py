"""A real Chromium, a live page, and a page object that fails on any error or outside request."""

from __future__ import annotations

import os
import shutil

import pytest

ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
LOCAL = ("http://127.0.0.1:", "file:", "data:", "blob:", "about:")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no chromium; install Debian's chromium or set CHROMIUM")
    return {**browser_type_launch_args, "executable_path": found, "args": ARGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {
        **browser_context_args, "viewport": {"width": 1280, "height": 900},
        "reduced_motion": "reduce", "locale": "en-US",
    }  # fmt: skip


@pytest.fixture(scope="session")
def address():
    from convmatrix.explorer.server import serving

    with serving(port=0) as (url, _):
        yield url


@pytest.fixture
def faults(page):
    """What the page did wrong; a test that expects some clears it."""
    found = []
    page.on("console", lambda m: found.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("request", lambda r: None if r.url.startswith(LOCAL) else found.append(r.url))
    yield found
    assert found == []


@pytest.fixture
def visit(page, address, faults):
    """Open the live page on a state and wait until it is drawn."""
    from urllib.parse import urlencode

    def go(**state):
        page.goto(f"{address}?{urlencode(state)}")
        page.wait_for_selector("body[data-ready]")
        return page

    return go
