"""The explorer in a real browser, against the matrices."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from browser.seen import cell, check_grids, connected, lit

pytest.importorskip("playwright")
pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from playwright.sync_api import expect

import convmatrix as cm
from convmatrix.explorer.presets import PRESETS
from convmatrix.explorer.state import understand
from convmatrix.words import KINDS

GEOMETRIES = {
    "conv": [
        {"stride": "2", "padding": "1"},
        {"input": "6x5", "kernel": "3x2", "padding": "1:2x0:1", "dilation": "1x2", "flip": "1",
         "in_channels": "2", "out_channels": "4", "groups": "2"},
        {"input": "7", "kernel": "3", "padding": "2", "padding_mode": "circular"},
        {"input": "3x4x3", "kernel": "2", "padding": "1", "padding_mode": "replicate"},
    ],
    "conv_transpose": [
        {"input": "3x3", "stride": "2", "padding": "1"},
        {"input": "3x2", "stride": "2x3", "output_padding": "1x2", "in_channels": "2",
         "out_channels": "2", "groups": "2"},
        {"input": "4", "stride": "2", "padding": "1", "padding_mode": "reflect"},
    ],
    "pointwise": [{"in_channels": "3", "out_channels": "2", "input": "3x3"},
                  {"stride": "2"}, {"input": "5", "in_channels": "2"}],
    "depthwise": [{"in_channels": "2", "input": "4x4"}, {"padding": "same", "stride": "2"},
                  {"input": "9", "dilation": "3", "in_channels": "2"}],
    "depthwise_separable": [{"in_channels": "2", "out_channels": "3", "input": "4x4"},
                            {"stride": "2", "padding": "1"}, {"input": "6", "in_channels": "2"}],
    "spatially_separable": [{}, {"kernel": "2x3", "input": "4x5"},
                            {"stride": "2", "padding": "1", "weight": "3 4 5 | 1 2 3"}],
    "avg_pool": [{"kernel": "2", "stride": "2", "input": "4x4"}, {"padding": "1"},
                 {"input": "6", "kernel": "3"}],
    "max_pool": [{"kernel": "2", "stride": "2", "input": "4x4"}, {"padding": "1"},
                 {"input": "6", "kernel": "3", "dilation": "2"}],
    "upsample": [{"input": "3x3"}, {"input": "3x2", "padding_mode": "linear"},
                 {"input": "4", "scale": "1.5"}],
    "pixel_shuffle": [{"in_channels": "4", "input": "2x3"}, {"in_channels": "8", "input": "2x2"},
                      {"in_channels": "9", "scale": "3", "input": "2x2"}],
    "pixel_unshuffle": [{"input": "4x4"}, {"input": "6x6", "scale": "3"},
                        {"input": "4x2", "in_channels": "2"}],
    "channel_shuffle": [{"in_channels": "4", "groups": "2", "input": "2x2"},
                        {"in_channels": "6", "groups": "3", "input": "2"},
                        {"in_channels": "6", "groups": "2", "input": "2x1"}],
    "zero_insert": [{"stride": "2", "input": "3x3"}, {"stride": "3", "input": "4"},
                    {"stride": "1x2", "input": "3x3"}],
    "sample": [{"stride": "2"}, {"stride": "3", "input": "8"}, {"stride": "2x1", "input": "4x3"}],
    "pad": [{"padding": "1", "input": "3x3"}, {"padding": "-1"},
            {"padding": "2:1", "input": "5", "padding_mode": "reflect"}],
    "relu": [{"input": "3x3"}, {"input": "5"}, {"input": "2x2", "in_channels": "2"}],
}  # fmt: skip
CASES = [
    pytest.param({"kind": kind, **state}, id="-".join([kind, *state.values()]).replace(" ", ""))
    for kind, states in GEOMETRIES.items()
    for state in states
]


def test_every_kind_has_three_geometries():
    assert set(GEOMETRIES) == set(KINDS)
    assert all(len(states) >= 3 for states in GEOMETRIES.values())


@pytest.mark.parametrize("state", CASES)
def test_lit_cells_are_the_matrix_both_ways(visit, state):
    page = visit(**state)
    bound = understand(state).map
    matrix = connected(bound)
    check_grids(page, matrix)
    turn = page.get_by_role("switch", name="transpose")
    if not bound.is_linear:
        expect(turn).to_be_disabled()
        return
    turn.click()
    expect(page.get_by_role("heading", name="matrix Aᵀ")).to_be_visible()
    check_grids(page, connected(bound.T) if bound.dtype.kind != "O" else matrix.T)


def test_a_tap_and_an_entry_light_their_pairs(visit):
    page = visit(stride="2", padding="1")
    bound = cm.conv2d(1, 1, 3, stride=2, padding=1).on(5, 5)
    page.get_by_label("w[0,0,0,1]", exact=True).hover()
    at = np.flatnonzero(bound.pattern.tap == 1)
    assert lit(page, "output") == sorted(set(bound.pattern.rows[at].tolist()))
    assert lit(page, "input") == sorted(set(bound.pattern.indices[at].tolist()))
    expect(page.get_by_role("status")).to_contain_text(f"is used by {len(at)} connections")
    box = page.get_by_test_id("matrix").bounding_box()
    size = (box["width"] - 2) / 25
    page.mouse.move(box["x"] + 1 + 6.5 * size, box["y"] + 1 + 4.5 * size)  # row 4, column 6
    assert (lit(page, "output"), lit(page, "input")) == ([4], [6])
    expect(page.get_by_role("status")).to_contain_text("row 4, column 6")
    expect(page.get_by_role("status")).to_contain_text("w[0,0,0,0]")


def test_the_graph_lights_a_node(visit):
    page = visit(input="4x4")
    box = page.get_by_test_id("graph").bounding_box()
    gap = min(28, (box["height"] - 24) / 15)
    start = (box["height"] - 15 * gap) / 2
    page.mouse.move(box["x"] + 62, box["y"] + start + 5 * gap)
    assert lit(page, "output") == [0, 1, 2, 3]


def test_the_figure_has_its_letters(visit):
    page = visit()
    letters = {"a": [0], "b": [0, 1], "c": [1], "d": [0, 1, 3, 4]}  # the article's claim
    for letter, outputs in letters.items():
        page.get_by_role("gridcell", name=re.compile(rf"^input .*\({letter}\)")).hover()
        assert lit(page, "output") == outputs


def test_pins_compare(visit):
    page = visit(stride="2", padding="1")
    cell(page, "input", 0).click()
    cell(page, "input", 1).click()
    expect(page.get_by_role("status")).to_contain_text("A, B: (0, 0, 0) in common")
    assert lit(page, "output") == [0, 1]
    assert "pins=x0+x1" in page.url
    cell(page, "input", 1).click()  # a second click lets go of this one, and of no other
    assert "pins=x0&" in page.url + "&"
    cell(page, "input", 1).click()
    page.get_by_role("button", name=re.compile("unpin A")).click()
    expect(page.get_by_role("button", name=re.compile("unpin"))).to_have_count(1)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert lit(page, "output") == [0, 1]  # what b feeds
    expect(page.get_by_role("button", name=re.compile("unpin A, input"))).to_be_visible()


def test_the_window_steps_and_plays(visit):
    page = visit(stride="2", padding="1")
    page.get_by_role("button", name="next step").click()
    assert lit(page, "input") == [0 + 1, 2, 3, 6, 7, 8]
    expect(page.locator(".sum")).to_contain_text("3 taps fall on zeros")
    page.get_by_label("step", exact=True).fill("4")
    assert lit(page, "input") == [6, 7, 8, 11, 12, 13, 16, 17, 18]
    page.get_by_role("button", name="play").click()
    expect(page.get_by_label("step", exact=True)).to_have_value("6", timeout=4000)
    page.get_by_role("button", name="pause").click()
    page.get_by_role("switch", name="transpose").click()
    expect(page.get_by_text("textbook view")).to_be_visible()


def test_the_proof_opens(visit):
    page = visit()
    page.get_by_role("button", name=re.compile("open the proof")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("polynomial certificate")
    expect(dialog).to_contain_text("all n0 ≥ 1, n1 ≥ 1")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_overlap_of_a_checkerboard(visit):
    page = visit(kind="conv_transpose", input="4x4", stride="2")
    expect(page.locator(".facts-pane")).to_contain_text("checkerboard")
    page.get_by_role("switch", name="shade by overlap").click()
    shades = page.locator('.cell[data-space="y"]').evaluate_all(
        "all => all.map(c => parseInt(c.style.getPropertyValue('--shade')))"
    )
    reads = understand({"kind": "conv_transpose", "input": "4x4", "stride": "2"}).map
    counts = np.bincount(reads.pattern.rows, minlength=81)
    assert shades == [round(70 * c / 4) for c in counts.tolist()]


def test_downloads_and_python(visit, tmp_path):
    page = visit(stride="2", padding="1")
    for name in ("input", "output", "matrix", "graph", "sliding window"):
        for kind in ("SVG", "PNG"):
            with page.expect_download() as waiting:
                page.get_by_role("button", name=f"download {name} as {kind}").click()
            path = tmp_path / waiting.value.suggested_filename
            waiting.value.save_as(path)
            start = b"<svg xmlns" if kind == "SVG" else b"\x89PNG"
            assert path.read_bytes().startswith(start)
    drawn = (tmp_path / "convmatrix-matrix.svg").read_text("utf-8")
    assert len(re.findall(r'fill="rgb', drawn)) == 49
    code = page.get_by_label("Python", exact=True).inner_text()
    scope = {}
    exec(code, scope)
    assert scope["A"].shape == (9, 25)


def test_a_large_map_is_seen_through_a_window(visit):
    page = visit(input="1000x1000", padding="1", in_channels="2", out_channels="4", groups="2")
    bound = cm.conv2d(2, 4, 3, padding=1, groups=2).on(1000, 1000)
    field = page.get_by_label("window", exact=True)
    field.fill("3:4x500:504x996:1000")
    field.press("Enter")
    expect(cell(page, "output", 0)).to_have_attribute("aria-label", "output (3, 500, 996)")
    cell(page, "output", 5).hover()
    names = (
        page.get_by_role("grid", name="input")
        .get_by_role("gridcell")
        .evaluate_all(
            "all => all.filter(c => c.getAttribute('aria-selected') === 'true')"
            ".map(c => c.getAttribute('aria-label'))"
        )
    )
    read = [f"input {e}" for e, _ in bound.inputs_of((3, 501, 997))]
    assert sorted(names) == sorted(read)
    page.get_by_role("button", name="move the window left").click()
    expect(cell(page, "output", 0)).to_have_attribute("aria-label", "output (3, 500, 992)")


def test_a_canvas_above_five_thousand_cells(visit):
    page = visit(input="72x72", padding="1")
    grid = page.get_by_role("application", name="input")
    box = grid.bounding_box()
    size = box["width"] / 72
    page.mouse.move(box["x"] + 10.5 * size, box["y"] + 20.5 * size)
    expect(page.get_by_role("status")).to_contain_text("input (0, 20, 10) feeds 9 outputs")
    grid.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("status")).to_contain_text("input (0, 0, 1)")


@pytest.mark.parametrize("preset", PRESETS, ids=lambda p: p["name"])
def test_presets_show(visit, preset):
    page = visit()
    page.get_by_label("example").select_option(label=preset["en"])
    bound = understand(preset["state"]).map
    shape = "×".join(map(str, bound.out_shape))
    expect(page.get_by_role("heading", name=re.compile(f"output y · {shape}$"))).to_be_visible()
    expect(page.get_by_label("example").locator("option:checked")).to_have_text(preset["en"])


@pytest.mark.parametrize(
    ("lang", "entries", "connections", "paths"),
    [("en", "stored entries", "connections", "paths"), ("zh", "存储元素", "连接", "路径")],
)
def test_entries_connections_and_paths_have_their_own_names(
    visit, lang, entries, connections, paths
):
    def fact(name):
        return page.locator("dt", has_text=re.compile(f"^{name}$")).locator(
            "xpath=following::dd[1]"
        )

    state = {"kind": "spatially_separable", "input": "5x5"}
    page = visit(lang=lang, **state)
    matrix = connected(understand(state).map)
    expect(fact(entries)).to_contain_text(f"{matrix.sum()}")
    expect(fact(entries)).to_contain_text(f"{100 * matrix.mean():.1f} %")
    expect(fact(connections)).to_have_text("45 + 27")
    expect(fact(paths)).to_have_text("81")
    page = visit(lang=lang, padding="1", padding_mode="replicate", input="5x5")
    matrix = connected(understand({"padding": "1", "padding_mode": "replicate"}).map)
    expect(fact(entries)).to_contain_text(f"{matrix.sum()}")
    expect(fact(connections)).to_have_text("225")
    expect(fact(paths)).to_have_count(0)


def test_the_words_of_the_address_are_the_command_lines():
    told = json.loads(json.dumps(PRESETS))
    assert told[0]["state"] == {"kernel": "3", "stride": "2", "padding": "1", "input": "5x5"}


def test_maxima_do_not_fall_on_zeros(visit):
    page = visit(kind="max_pool", padding="1", input="4x4", x=" ".join(map(str, range(-16, 0))))
    cell(page, "output", 0).hover()
    expect(page.locator(".sum")).to_contain_text("max(-16, -15, -12, -11) = -11")
    expect(page.locator(".sum")).not_to_contain_text("zeros")


def test_colliding_taps_are_added_in_the_matrix(visit):
    page = visit(input="2", kernel="3", padding="1", padding_mode="circular", weight="1 2 3")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="download matrix as SVG").click()
    drawn = Path(waiting.value.path()).read_text("utf-8")
    assert re.findall(r">([^<>]+)</text>", drawn) == ["2", "1+3", "1+3", "2"]


def test_long_maps_have_pictures(visit, tmp_path):
    page = visit(input="5700")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="download input as PNG").click()
    waiting.value.save_as(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 1000
