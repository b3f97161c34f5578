"""Layers that no limit stops: at one size a question about them never ends, at another it takes all
the memory that it is given. They are here, importable, since a server's processes unpickle them."""

from __future__ import annotations

import convmatrix as cm

ENDLESS, GREEDY = 5, 6


class Hostile(type(cm.relu())):
    """A layer of one axis for ``kind=own``."""

    def bind(self, size):
        if size == (ENDLESS,):
            return sum(range(10**12))  # no bytecode between, at which a thread would be stopped
        if size == (GREEDY,):
            kept = []
            while True:
                kept.append(bytearray(1 << 20))
        return super().bind(size)


HOSTILE = Hostile(spatial=1)


def own(size):
    """The state that asks about it."""
    return {"kind": "own", "input": str(size)}
