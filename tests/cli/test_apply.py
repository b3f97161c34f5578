"""`convmatrix apply`: layouts are read as they are, images keep their depth."""

from __future__ import annotations

import re
from functools import partial

import numpy as np
import pytest
from cli.complaints import complains
from PIL import Image
from scipy.ndimage import correlate

SOBEL = "1 0 -1; 2 0 -2; 1 0 -1"
KERNEL = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])


@pytest.fixture
def run(run):
    return partial(run, "apply")


def filtered(x, axes):
    """SciPy's word: the kernel along two axes, zeros around."""
    shape = [1] * x.ndim
    for axis in axes:
        shape[axis] = 3
    return correlate(x.astype(float), KERNEL.reshape(shape).astype(float), mode="constant")


SHAPES = {"HW": (7, 9), "CHW": (2, 7, 9), "HWC": (7, 9, 3), "NCHW": (2, 3, 7, 9),
          "NHWC": (2, 7, 9, 3), "NHW": (5, 7, 9), "HCW": (7, 2, 9)}  # fmt: skip


@pytest.mark.parametrize("via", ["dense", "matrix"])
@pytest.mark.parametrize("layout", SHAPES)
def test_every_layout_is_read_and_written_as_it_is(run, layout, via):
    x = np.random.default_rng(0).integers(-9, 9, SHAPES[layout]).astype(float)
    np.save("x.npy", x)
    status, _, err = run("x.npy", "--layout", layout.lower(), "--weight", SOBEL, "--padding", 1,
                         "--via", via, "-o", "y.npy")  # fmt: skip
    assert (status, err) == (0, "")
    expected = filtered(x, (layout.index("H"), layout.index("W")))
    np.testing.assert_allclose(np.load("y.npy"), expected, atol=1e-9)


@pytest.mark.parametrize("shape", [(7, 9), (2, 7, 9), (5, 2, 7, 9)])
def test_without_a_layout_the_channels_come_first(run, shape):
    x = np.random.default_rng(0).standard_normal(shape)
    np.save("x.npy", x)
    assert run("x.npy", "--weight", SOBEL, "--padding", 1, "-o", "y.npy")[0] == 0
    np.testing.assert_allclose(np.load("y.npy"), filtered(x, (-2, -1)), atol=1e-9)


@pytest.mark.parametrize(
    ("shape", "layout"),
    [((9,), None), ((9,), "W"), ((2, 9), "CL"), ((9, 2), "LC"), ((3, 2, 9), "NCL")],
)
def test_lines(run, shape, layout):
    x = np.random.default_rng(0).integers(-9, 9, shape)
    np.save("x.npy", x)
    more = [] if layout is None else ["--layout", layout]
    assert run("x.npy", "--weight", "1 2", *more, "-o", "y.npy")[0] == 0
    axis = (layout or "L").replace("W", "L").index("L")
    first, last = (np.take(x, range(a, 8 + a), axis) for a in (0, 1))
    np.testing.assert_array_equal(np.load("y.npy"), first + 2 * last)


@pytest.mark.parametrize(("shape", "layout"), [
    ((4, 5, 6), "DHW"), ((4, 5, 6, 2), "DHWC"), ((2, 3, 4, 5, 6), None), ((3, 4, 5, 6), "CDHW"),
])  # fmt: skip
def test_volumes(run, shape, layout):
    x = np.random.default_rng(0).standard_normal(shape)
    np.save("x.npy", x)
    more = [] if layout is None else ["--layout", layout]
    pool = ["--kind", "max_pool", "--kernel", 2, "--stride", 1]
    assert run("x.npy", *pool, *more, "-o", "y.npy")[0] == 0
    from scipy.ndimage import maximum_filter

    letters = layout or "NCDHW"
    size = [2 if letter in "DHW" else 1 for letter in letters]
    whole = maximum_filter(x, size=size, origin=[-(n // 2) for n in size])
    inside = tuple(slice(None, -1) if letter in "DHW" else slice(None) for letter in letters)
    np.testing.assert_array_equal(np.load("y.npy"), whole[inside])


@pytest.mark.parametrize("shape", [(96, 128, 3), (96, 128, 4), (96, 128, 1), (2, 96, 128, 3)])
def test_channels_last_are_refused_rather_than_misread(run, shape):
    np.save("x.npy", np.ones(shape))
    pool = ("--kind", "avg_pool", "--kernel", "2")
    letters = "HWC" if len(shape) == 3 else "NHWC"
    first = "CHW" if len(shape) == 3 else "NCHW"
    complains(run("x.npy", *pool), "looks like channels last", f"--layout {letters}",
              f"--layout {first} if")  # fmt: skip
    assert "[" in run("x.npy", *pool, "--layout", letters)[1]
    if shape[-1] > 1:
        assert run("x.npy", *pool, "--layout", first)[0] == 0
    if len(shape) == 3 and shape[-1] > 1:  # or the layer says that these are the channels
        assert run("x.npy", *pool, "--in-channels", shape[0])[0] == 0


@pytest.mark.parametrize(
    ("shape", "words", "said"),
    [
        ((5, 5), ["--layout", "CHW"], "--layout CHW has 3 axes, x.npy has shape (5, 5)"),
        ((5, 5), ["--layout", "XY"], "--layout takes L, HW or DHW with C"),
        ((5, 5), ["--layout", "WH"], "--layout takes L, HW or DHW with C"),
        ((5, 5), ["--layout", "CC"], "--layout takes"),
        ((1,) * 6, [], "give an array of 1 to 5 axes"),
        ((2, 0, 5), [], "give an array with something in it"),
        ((3, 5, 5), ["--out-channels", "2"], "add --in-channels 3, or --kind depthwise"),
        ((3, 5, 5), ["--clip", "9:1"], "--clip takes LOW:HIGH"),
        ((3, 5, 5), ["--clip", "nan:1"], "--clip takes LOW:HIGH"),
        ((3, 5, 5), ["--depth", "8"], "--depth does nothing without an image to write"),
        ((5, 5), ["--weight", "1 2 3", "--kernel", "3"], "weight must have shape (1, 1, 3, 3)"),
    ],
)
def test_what_does_not_fit_is_refused(run, shape, words, said):
    np.save("x.npy", np.ones(shape))
    weight = [] if "--weight" in words else ["--weight", SOBEL]
    complains(run("x.npy", *weight, *words), said)


def test_several_outputs_of_a_flat_image_come_first(run):
    np.save("x.npy", np.ones((5, 6)))
    assert run("x.npy", "--out-channels", 2, "--weight", SOBEL, "-o", "y.npy")[0] == 0
    assert np.load("y.npy").shape == (2, 3, 4)


def test_a_bias_is_added_once_a_channel(run):
    x = np.arange(50.0).reshape(2, 5, 5)
    np.save("x.npy", x)
    words = ("x.npy", "--in-channels", 2, "--out-channels", 2, "--kind", "pointwise",
             "--weight", "[[[[1]],[[0]]],[[[0]],[[1]]]]", "--bias", "10 1/2")  # fmt: skip
    for via in ("dense", "matrix"):
        assert run(*words, "--via", via, "-o", "y.npy")[0] == 0
        np.testing.assert_array_equal(np.load("y.npy"), x + np.array([[[10]], [[0.5]]]))


def test_layers_that_keep_channels_apart_have_the_arrays_channels(run):
    np.save("x.npy", np.arange(64.0).reshape(4, 4, 4))
    shuffle = run("x.npy", "--kind", "pixel_shuffle", "--scale", 2, "--layout", "CHW")
    assert shuffle[1].startswith("[4, 4, 4] → [1, 8, 8]")
    depth = run("x.npy", "--kind", "depthwise", "--multiplier", 2, "--weight", "1",
                "--kernel", 1, "--layout", "CHW")  # fmt: skip
    assert depth[1].startswith("[4, 4, 4] → [8, 4, 4]")


# --------------------------------------------------------------------------------- images


def ramp(mode):
    """A small image of a mode that uses its whole range."""
    values = np.arange(48).reshape(6, 8)
    if mode == "1":
        return Image.fromarray((values % 3 == 0).astype(np.uint8) * 255).convert("1")
    top = {"L": 255, "RGB": 255, "I;16": 65535}.get(mode)
    if mode == "F":
        return Image.fromarray((values / 47 - 0.5).astype(np.float32))
    whole = np.rint(values * top / 47)
    if mode == "I;16":
        return Image.fromarray(whole.astype(np.uint16))
    grey = whole.astype(np.uint8)
    return Image.fromarray(grey if mode == "L" else np.stack([grey, grey[::-1], 255 - grey], -1))


@pytest.mark.parametrize(("mode", "name"), [
    ("1", "p.png"), ("L", "p.png"), ("RGB", "p.png"), ("I;16", "p.png"), ("1", "p.tif"),
    ("I;16", "p.tif"), ("F", "p.tif"), ("L", "p.bmp"),
])  # fmt: skip
def test_an_image_keeps_its_depth(run, mode, name):
    ramp(mode).save(name)
    out = f"out{name[1:]}"
    status, _, err = run(name, "--weight", "1", "--kernel", 1, "-o", out)
    assert (status, err) == (0, "")
    with Image.open(name) as before, Image.open(out) as after:
        assert after.mode == before.mode
        np.testing.assert_array_equal(np.asarray(after), np.asarray(before))


@pytest.mark.parametrize("mode", ["1", "L", "I;16", "RGB"])
def test_what_is_clipped_is_counted_and_said(run, mode):
    ramp(mode).save("p.png")
    status, _, err = run("p.png", "--weight", SOBEL, "--padding", 1, "-o", "out.png")
    assert status == 0
    with Image.open("p.png") as image:
        x = np.asarray(image).astype(float)
    top = {"1": 1, "I;16": 65535}.get(mode, 255)
    y = filtered(x, (0, 1))
    clipped = int(((y < 0) | (y > top)).sum())
    assert clipped
    assert err.startswith(f"wrote out.png: {clipped:,} of {y.size:,} values (")
    assert f"clipped to 0 to {top}; they were {y.min():.6g} to {y.max():.6g}" in err
    assert "--abs" in err
    assert err.count("\n") == 1
    with Image.open("out.png") as image:
        np.testing.assert_array_equal(np.asarray(image).astype(float), np.clip(y, 0, top))


def test_what_is_rounded_is_counted_and_said(run):
    ramp("L").save("p.png")
    _, _, err = run("p.png", "--kind", "avg_pool", "--kernel", 2, "-o", "out.png")
    assert re.match(r"wrote out.png: \d+ rounded to integers; they were ", err), err


def test_absolute_clipped_and_normalized(run):
    ramp("I;16").save("p.png")
    with Image.open("p.png") as image:
        y = filtered(np.asarray(image), (0, 1))
    words = ("p.png", "--weight", SOBEL, "--padding", 1)
    assert run(*words, "--abs", "-o", "y.npy")[2] == ""
    np.testing.assert_allclose(np.load("y.npy")[0], np.abs(y), atol=1e-6)
    assert run(*words, "--clip", "0:100", "-o", "out.png")[2] == ""
    with Image.open("out.png") as image:
        np.testing.assert_array_equal(np.asarray(image), np.clip(y, 0, 100))
    assert run(*words, "--normalize", "-o", "out.png")[2] == ""
    with Image.open("out.png") as image:
        expected = np.rint((y - y.min()) / (y.max() - y.min()) * 65535)
        np.testing.assert_array_equal(np.asarray(image), expected)
    assert run(*words, "--normalize", "--depth", 8, "-o", "out.png")[2] == ""
    with Image.open("out.png") as image:
        assert (image.mode, *image.getextrema()) == ("L", 0, 255)
    assert run(*words, "--normalize", "-o", "y.npy")[2] == ""
    assert (np.load("y.npy").min(), np.load("y.npy").max()) == (0, 1)


def test_arrays_as_images(run):
    x = np.linspace(-3, 3, 48).reshape(6, 8)
    np.save("x.npy", x)
    identity = ("x.npy", "--weight", "1", "--kernel", 1)
    assert run(*identity, "-o", "x.tif")[2] == ""
    with Image.open("x.tif") as image:
        np.testing.assert_array_equal(np.asarray(image), x.astype(np.float32))
    assert "24 of 48 values (50 %) clipped to 0 to 255" not in run(*identity, "-o", "x.tif")[2]
    assert "clipped to 0 to 255, " in run(*identity, "-o", "x.png")[2]
    np.save("x.npy", np.arange(48, dtype=np.uint16).reshape(6, 8) * 1000)
    run(*identity, "-o", "x.png")
    with Image.open("x.png") as image:
        np.testing.assert_array_equal(np.asarray(image), np.load("x.npy"))
    np.save("x.npy", np.arange(18, dtype=np.uint8).reshape(2, 3, 3))
    run("x.npy", "--layout", "HWC", "--weight", "1", "--kernel", 1, "-o", "x.png")
    with Image.open("x.png") as image:
        np.testing.assert_array_equal(np.asarray(image), np.load("x.npy"))


@pytest.mark.parametrize(
    ("mode", "said"),
    [("P", "a palette, read as RGB"), ("RGBA", "RGB with alpha, read as RGB, without its transp"),
     ("LA", "grey with alpha, read as RGB, without"), ("CMYK", "CMYK, read as RGB")],
)  # fmt: skip
def test_what_of_an_image_is_left_out_is_said(run, mode, said):
    name = "p.tif" if mode == "CMYK" else "p.png"
    ramp("RGB").convert(mode).save(name)
    status, _, err = run(name, "--weight", "1", "--kernel", 1, "-o", "out.png")
    assert status == 0
    assert err.startswith(f"convmatrix: warning: {name}: {said}")
    with Image.open(name) as before, Image.open("out.png") as after:
        np.testing.assert_array_equal(np.asarray(before.convert("RGB")), np.asarray(after))


def test_a_photograph_is_seen_as_it_was_taken(run):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    ramp("L").save("p.png", exif=exif)
    run("p.png", "--weight", "1", "--kernel", 1, "-o", "out.png")
    with Image.open("p.png") as before, Image.open("out.png") as after:
        np.testing.assert_array_equal(np.asarray(after), np.rot90(np.asarray(before), -1))


def test_several_pictures_in_a_file(run):
    ramp("L").save("p.gif", save_all=True, append_images=[ramp("L").rotate(180)])
    assert "2 pictures, of which the first is taken" in run("p.gif", "--kind", "relu")[2]


def test_what_an_image_cannot_hold(run):
    ramp("I;16").save("p.png")
    complains(run("p.png", "--weight", "1", "--kernel", 1, "-o", "out.jpg"),
              "out.jpg cannot hold 16-bit grey", "--depth 8")  # fmt: skip
    np.save("x.npy", np.full((5, 5), np.nan))
    complains(run("x.npy", "--weight", SOBEL, "-o", "out.png"), "an image holds no nan or inf")
    np.save("x.npy", np.ones((5, 5)) * 1j)
    complains(run("x.npy", "--weight", SOBEL, "-o", "out.png"), "no complex numbers; use --abs")
    complains(run("x.npy", "--weight", SOBEL, "--normalize"), "--abs")
    np.save("x.npy", np.ones((2, 5, 5)))
    complains(run("x.npy", "--weight", SOBEL, "-o", "out.png"), "1 or 3 channels")
    ramp("L").save("p.png")
    complains(run("p.png", "--weight", SOBEL, "--layout", "HW"), "--layout does nothing with an")
