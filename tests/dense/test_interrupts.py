"""An interrupt may hit any line: nothing is left behind, and the next call is right."""

from __future__ import annotations

import os
import signal
import sys
import timeit
from contextlib import contextmanager
from functools import cache
from itertools import cycle

import numpy as np
import pytest

import convmatrix as cm
from convmatrix.dense import engine, threads
from convmatrix.layers import remembered

RNG = np.random.default_rng(0)


def weighted(layer, dtype=np.float32):
    return layer.with_weight(RNG.integers(-3, 4, layer.weight_shape).astype(dtype))


def image(*shape, dtype=np.float32):
    return RNG.integers(-9, 10, shape).astype(dtype)


TINY, SMALL = weighted(cm.conv2d(1, 1, 3, padding=1)), image(1, 5, 5)
WIDE, MANY = weighted(cm.conv2d(16, 16, 3, padding=1)), image(2, 16, 12, 12)
DEPTH, LAYERS = weighted(cm.depthwise(4, 3, padding=1)), image(4, 24, 24)
UP = weighted(cm.conv_transpose2d(16, 8, 4, stride=2, padding=1))
WHOLE = weighted(cm.conv2d(2, 2, 3), np.int64)
HALF = weighted(cm.conv2d(1, 1, 3), np.float16)
STACK = cm.sequential(TINY, cm.relu(), cm.max_pool(2))
BROKEN = MANY.copy()
BROKEN[0, 0, 3, 3] = np.nan
FEW = image(8, 5, 5)
SHARED = weighted(cm.conv2d(8, 32, 3))


def fresh(layer):
    return layer.with_weight(layer.weight)


def matrix(a):
    built = a.to_scipy()
    return np.concatenate([built.indptr, built.indices, built.data])


CALLS = {
    "tiny": (600, lambda _: TINY(SMALL)),
    "tiny map": (300, lambda _: TINY.on(5, 5)(SMALL)),
    "new layer": (500, lambda _: fresh(TINY)(SMALL)),
    "winograd": (500, lambda _: WIDE(MANY, method="winograd", threads=2)),
    "winograd in stages": (500, lambda _: WIDE(MANY[0], method="winograd", threads=2)),
    "direct": (500, lambda _: WIDE(MANY, method="direct", threads=2)),
    "direct shared": (400, lambda _: SHARED(FEW, method="direct", threads=2)),
    "rows": (300, lambda _: DEPTH(LAYERS, method="direct", threads=2)),
    "toeplitz": (300, lambda _: DEPTH(LAYERS, method="toeplitz", threads=2)),
    "lowrank": (300, lambda _: DEPTH(LAYERS, method="lowrank", threads=2)),
    "fft": (300, lambda _: DEPTH(LAYERS, method="fft", threads=2)),
    "phases": (600, lambda _: UP(MANY, method="phases", threads=2)),
    "new phases": (200, lambda _: fresh(UP)(MANY, method="phases", threads=2)),
    "fold": (200, lambda _: UP(MANY, method="fold")),
    "not finite": (300, lambda _: WIDE(BROKEN, method="winograd", threads=2)),
    "integers": (200, lambda _: WHOLE(image(2, 6, 6, dtype=np.int64) * 0 + 1)),
    "half": (300, lambda _: HALF(SMALL.astype(np.float16))),
    "stack": (200, lambda _: STACK(image(1, 6, 6) * 0 + 1)),
    "matrix": (300, lambda _: matrix(TINY.on(6, 6))),
    "transpose": (200, lambda _: matrix(TINY.on(6, 6).T)),
    "pattern": (150, lambda _: STACK.on(6, 6).pattern.indices),
    "separability": (100, lambda _: bool(cm.separability(np.outer([1, 2], [3, 4])))),
    "claim": (40, lambda _: cm.prove("sizes").holds),
    "equal": (60, lambda _: cm.prove_equal(TINY.on(3, 3), TINY.on(3, 3).T.T).holds),
    "write graph": (150, lambda place: written(cm.write_graph, TINY.on(4, 4), place / "a.csv")),
    "write matrix": (150, lambda place: written(cm.write_matrix, TINY.on(4, 4), place / "a.mtx")),
}
"""How many interrupts hit a call, and the call."""


def written(write, a, place):
    write(a, place)
    return np.frombuffer(place.read_bytes(), np.uint8)


def test_there_are_as_many_interrupts_as_were_promised():
    assert sum(number for number, _ in CALLS.values()) >= 7000


class Lines:
    """Counts the lines of this thread, whoever wrote them, and interrupts one."""

    def __init__(self, at=None):
        self.at, self.count, self.place = at, 0, None

    def __call__(self, frame, event, _):
        if event == "line":
            self.count += 1
            if self.count == self.at:
                self.place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                raise KeyboardInterrupt
        return self

    @contextmanager
    def watching(self):
        before = sys.gettrace()
        sys.settrace(self)
        try:
            yield
        finally:
            sys.settrace(before)


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def state():
    """What a call must leave as it was."""
    return {
        "blas": [library.num_threads for library in threads._blas()],
        "limit": (threads._limit.before, set(threads._limit._users)),
        "lock is held": threads._limit._lock._is_owned(),
        "warnings": np.geterr(),
        "umask": umask(),
        "signals": [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)],
    }


@cache
def helpers_at_most():
    return len(threads._helpers._started) + 1


@pytest.mark.parametrize("name", CALLS)
def test_an_interrupt_at_any_line_leaves_nothing_behind(name, tmp_path):
    number, call = CALLS[name]
    expected = call(tmp_path)  # and all that is loaded once, is
    lines = Lines()
    with lines.watching():
        call(tmp_path)
    before = state()
    names = set(os.listdir(tmp_path))
    every = np.random.default_rng(1).permutation(np.arange(1, lines.count + 1))
    places = cycle(every)  # of calls by two threads, the caller's share differs: some are missed
    hits = 0
    while hits < number:
        hit = Lines(int(next(places)))
        try:
            with hit.watching():
                call(tmp_path)
        except KeyboardInterrupt:
            pass
        assert state() == before, hit.place
        assert set(os.listdir(tmp_path)) <= names, hit.place
        assert np.allclose(call(tmp_path), expected, rtol=1e-5, equal_nan=True), hit.place
        hits += hit.place is not None
    for kept in (engine._engines, remembered.geometries, remembered.held):
        assert len(kept) <= kept.most
    assert len(threads._helpers._started) <= helpers_at_most() + number // 100


def test_interrupts_by_a_signal_in_calls_that_share_their_work():
    """They come between two steps of the interpreter, not lines, and while threads wait."""
    layer = weighted(cm.conv2d(64, 64, 3, padding=1))
    x = image(2, 64, 28, 28)

    def stop(*_):
        raise KeyboardInterrupt

    expected = {how: layer(x, method=how, threads=2) for how in ("direct", "winograd")}
    takes = min(timeit.repeat(lambda: layer(x, method="direct", threads=2), number=1, repeat=5))
    before, handler = state(), signal.signal(signal.SIGALRM, stop)
    hits = 0
    try:
        for k in range(120):
            how = ("direct", "winograd")[k % 2]
            try:
                signal.setitimer(signal.ITIMER_REAL, float(RNG.uniform(1e-5, 2 * takes)))
                layer(x, method=how, threads=2)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                hits += 1
            assert state() == before
            assert np.array_equal(layer(x, method=how, threads=2), expected[how])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert hits > 30
