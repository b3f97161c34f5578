"""The explorer in a real browser, against the matrices."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

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


def cell(page, role, i):
    return page.get_by_role("grid", name=role, exact=True).get_by_role("gridcell").nth(i)


def lit(page, role):
    """The flat indices of the cells that are lit in a grid."""
    cells = page.get_by_role("grid", name=role, exact=True).get_by_role("gridcell")
    found = cells.evaluate_all("all => all.map(c => c.getAttribute('aria-selected') === 'true')")
    return [i for i, on in enumerate(found) if on]


def some(count):
    """First, last, and two between."""
    return sorted({0, count // 3, (2 * count) // 3, count - 1})


def connected(bound):
    """A Boolean matrix of who is connected: the SciPy matrix's pattern, or the queries'."""
    if bound.is_linear:
        matrix = bound.to_scipy(dtype=float) if bound.dtype.kind != "O" else None
        if matrix is not None:
            matrix.data[:] = 1
            return matrix.toarray().astype(bool)
    table = np.zeros(bound.shape, bool)
    for row, output in enumerate(np.ndindex(*bound.out_shape)):
        for source, _ in bound.inputs_of(output):
            table[row, np.ravel_multi_index(source, bound.in_shape)] = True
    return table


def check_grids(page, matrix):
    rows, columns = matrix.shape
    grids = [page.get_by_role("grid", name=n, exact=True) for n in ("input", "output")]
    assert [g.get_by_role("gridcell").count() for g in grids] == [columns, rows]
    for j in some(columns):
        cell(page, "input", j).hover()
        assert lit(page, "output") == np.flatnonzero(matrix[:, j]).tolist(), f"column {j}"
        assert lit(page, "input") == []
    for i in some(rows):
        cell(page, "output", i).hover()
        assert lit(page, "input") == np.flatnonzero(matrix[i]).tolist(), f"row {i}"


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


def values(page, role):
    cells = page.get_by_role("grid", name=role, exact=True).get_by_role("gridcell")
    names = cells.evaluate_all("all => all.map(c => c.getAttribute('aria-label'))")
    return [float(name.split(" = ")[1]) for name in names]


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


def test_a_truncated_address_says_so_and_shows_the_rest(visit, faults):
    page = visit(stride="2", padding="1", weight="1 2 3 4 5 6 7")
    expect(page.get_by_role("alert").filter(has_text="could not be read whole")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("output y · 1×3×3"))).to_be_visible()
    faults.clear()
    page = visit(kernel="99999", pins="x99999 nonsense", turned="x", step="1e9")
    expect(page.get_by_role("alert").filter(has_text="could not be read whole")).to_be_visible()
    expect(page.get_by_role("grid", name="input")).to_be_visible()
    faults.clear()


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


def test_the_newest_question_is_answered_and_an_endless_one_given_up(page, faults):
    from hostile import ENDLESS, HOSTILE

    from convmatrix.explorer.server import serving

    with serving({"kind": "own", "input": "7"}, HOSTILE, port=0) as (url, _):
        page.goto(url)
        page.wait_for_selector("body[data-ready]")
        for size in (ENDLESS, 9, ENDLESS, ENDLESS, 8):
            page.get_by_label("input size").fill(str(size))
            page.get_by_label("input size").press("Enter")
        expect(page.get_by_role("heading", name=re.compile("output y · 1×8$"))).to_be_visible()
    faults.clear()


# ---------------------------------------------------------------------- the page by itself


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


# ---------------------------------------------------------------------------- accessibility


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


def test_the_words_of_the_address_are_the_command_lines():
    told = json.loads(json.dumps(PRESETS))
    assert told[0]["state"] == {"kernel": "3", "stride": "2", "padding": "1", "input": "5x5"}


# ----------------------------------------------------------- found by a hostile user


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


def test_a_system_that_turns_dark(visit):
    page = visit()
    page.emulate_media(color_scheme="dark")
    expect(page.locator(".cm")).to_have_attribute("data-theme", "dark")
    page.get_by_label("colours").select_option("light")
    expect(page.locator(".cm")).to_have_attribute("data-theme", "light")
