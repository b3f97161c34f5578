"""Lemmas that carry a proof from one axis to whole arrays: channels, groups and flat indices."""

from __future__ import annotations

from convmatrix.proof.algebra.finder import provable
from convmatrix.proof.algebra.lemmas import Lemma, at_least, is_zero
from convmatrix.proof.algebra.polynomial import variables
from convmatrix.relation import Index
from convmatrix.shapes import ravel
from convmatrix.stencil import read_channel

__all__ = ["PRODUCT", "channel_lemmas", "products_hold", "raveling_lemma", "swapped_index"]

PRODUCT = (
    "Axes and channels have variables of their own, so that a connection of the whole is one "
    "connection an axis and one of channels; equal on each, the products are equal, and flat "
    "indices name elements and weights uniquely."
)
"""Why it is enough to prove each axis and the channels by themselves."""


def products_hold() -> bool:
    """Whether the lemmas of this file are proved: for engines that only look at the axes."""
    return all(provable(lemma) for lemma in (*channel_lemmas(), raveling_lemma()))


def swapped_index(o: Index, c: Index, A: Index, B: Index) -> tuple[Index, Index]:
    """Where weight `(o, c)` stands when output and input channels are swapped within groups of
    `A` outputs and `B` inputs: the channel it reads, and its place in its own group."""
    return read_channel(o, c, A, B), o % A


def channel_lemmas() -> tuple[Lemma, Lemma]:
    """Swapping the channels within each group reverses who reads whom, weight by weight, and is
    its own inverse (hence a bijection of the weights)."""
    o, c, A, B, groups = variables("o c A B g")
    given = tuple(at_least(A - 1, B - 1, groups - 1))
    where = tuple(at_least(o, groups * A - 1 - o, c, B - 1 - c))
    i, a = swapped_index(o, c, A, B)
    back = swapped_index(i, a, B, A)
    reverse = Lemma(
        "channels: who reads whom is reversed",
        given,
        where,
        (*at_least(i, groups * B - 1 - i, a, A - 1 - a), *is_zero(read_channel(i, a, B, A) - o)),
        f"output channel {o} reads input channel {i}; swapped, {i} reads {o}",
    )
    bijection = Lemma(
        "channels: swapping the weights twice changes nothing",
        given,
        where,
        tuple(is_zero(back[0] - o, back[1] - c)),
        f"weight ({o}, {c}) stands at ({i}, {a}) of the swapped weights",
    )
    return reverse, bijection


def raveling_lemma() -> Lemma:
    """Two elements with the same flat index are the same; applied once an axis, for any number."""
    x, y, u, v, height, width = variables("x y u v N n")
    same = ravel((x, y), (height, width)) - ravel((u, v), (height, width))
    return Lemma(
        "flat indices: raveling is injective",
        tuple(at_least(width - 1, height - 1)),
        (*at_least(y, width - 1 - y, v, width - 1 - v), *is_zero(same)),
        tuple(is_zero(x - u, y - v)),
        f"({x}, {y}) and ({u}, {v}) of a grid {width} wide",
    )
