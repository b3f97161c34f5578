"""A call that does not fit a function is told what fits, under the name that people know."""

from __future__ import annotations

import inspect

import pytest

import convmatrix as cm

WRONG = {
    "unknown": (
        lambda: cm.conv2d(1, 1, 3, pad=1),
        "conv2d has no argument 'pad'; did you mean 'padding'?",
    ),
    "unknown_in_1d": (
        lambda: cm.conv1d(1, 1, 3, strides=2),
        "conv1d has no argument 'strides'; did you mean 'stride'?",
    ),
    "unknown_alias": (
        lambda: cm.depthwise(3, 3, mult=2),
        "depthwise has no argument 'mult'; did you mean 'multiplier'?",
    ),
    "unknown_far": (
        lambda: cm.relu(shape=3),
        "relu has no argument 'shape'; it takes ndim, channels",
    ),
    "handed_on": (  # the held convolution would take it
        lambda: cm.conv_transpose2d(1, 1, 3, flip=True),
        "conv_transpose2d has no argument 'flip'; it takes in_channels, out_channels, kernel_size,"
        " stride, padding, dilation, padding_mode, groups, output_padding, weight, bias",
    ),
    "by_name_only": (
        lambda: cm.upsample(2),
        "upsample takes no argument without a name, got 1; name the others: size=, scale_factor=, "
        "mode=, align_corners=, ndim=, channels=",
    ),
    "too_many": (
        lambda: cm.sample(2, 2),
        "sample takes only stride without a name, got 2; name the others: ndim=, channels=",
    ),
    "too_many_of_none": (
        lambda: cm.catalogue(1),
        "catalogue takes no argument without a name, got 1; leave the others out",
    ),
    "missing": (
        lambda: cm.pixel_shuffle(2),
        "pixel_shuffle needs channels; write pixel_shuffle(factor, channels=...)",
    ),
    "missing_last": (
        lambda: cm.conv2d(3, 8),
        "conv2d needs kernel_size; write conv2d(in_channels, out_channels, kernel_size)",
    ),
    "missing_all": (
        lambda: cm.conv2d(),
        "conv2d needs in_channels, out_channels, kernel_size; write conv2d(in_channels, "
        "out_channels, kernel_size)",
    ),
    "twice": (
        lambda: cm.conv2d(1, 1, 3, in_channels=1),
        "conv2d got in_channels twice, with and without its name; give it once",
    ),
}


@pytest.mark.parametrize(("call", "message"), WRONG.values(), ids=WRONG)
def test_message(call, message):
    with pytest.raises(cm.ArgumentError) as caught:
        call()
    assert str(caught.value) == message
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, cm.ConvMatrixError)
    assert caught.value.__cause__ is None


PUBLIC = {n: getattr(cm, n) for n in cm.__all__ if inspect.isfunction(getattr(cm, n))}


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_function_says_so_itself(name):
    function, parameters = PUBLIC[name], inspect.signature(PUBLIC[name]).parameters.values()
    if name != "prove":  # it takes any name, and knows better which ones a statement has
        with pytest.raises(cm.ArgumentError, match=f"^{name} has no argument 'nonsense_'"):
            function(nonsense_=1)
    if not any(p.kind is p.VAR_POSITIONAL for p in parameters):
        with pytest.raises(cm.ArgumentError, match=f"^{name} takes "):
            function(*range(20))
    if any(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters):
        with pytest.raises(cm.ArgumentError, match=f"^{name} needs "):
            function()


def test_a_type_error_of_the_inside_is_not_hidden():
    with pytest.raises(TypeError, match="my own") as caught:
        cm.sequential(_broken())
    assert not isinstance(caught.value, cm.ArgumentError)


def _broken():
    yield cm.conv1d(1, 1, 3)
    raise TypeError("my own")


@pytest.mark.parametrize("word", ["SAME", "Same", "VALID", "same_LOWER"])
def test_padding_words_in_any_case(word):
    layers = cm.conv2d(1, 1, 3, padding=word), cm.conv2d(1, 1, 3, padding=word.lower())
    assert layers[0] == layers[1]
    assert cm.max_pool(2, padding=word) == cm.max_pool(2, padding=word.lower())


def test_padding_modes_in_any_case():
    assert cm.conv1d(1, 1, 3, padding_mode="Circular").padding_mode == "circular"
    assert cm.pad(1, mode="REFLECT").mode == "reflect"
    assert cm.pad(((1, -1),), mode="Circular") == cm.pad(((1, -1),), mode="circular")
