"""Many threads at once, and forks: the same results, no error, and nothing that grows."""

from __future__ import annotations

import gc
import os
import sys
import threading
import weakref
from contextlib import contextmanager

import bounds
import numpy as np
import pytest

import convmatrix as cm
from convmatrix.dense import engine, threads
from convmatrix.kept import Kept, cached_property
from convmatrix.layers import base


@contextmanager
def switching():
    """Let threads take turns as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def at_once(number, work):
    """What so many threads raise that do the same, each given its number."""
    raised = []

    def guarded(k):
        try:
            work(k)
        except BaseException as error:
            raised.append(error)

    started = [threading.Thread(target=guarded, args=(k,)) for k in range(number)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return raised


def blas_threads():
    return [library.num_threads for library in threads._blas()]


def test_more_layers_than_engines_are_kept_called_by_many_threads(monkeypatch):
    """Few are kept, so that threads let go what others are about to use."""
    for kept in (engine._engines, base._bound, base._held):
        monkeypatch.setattr(kept, "most", 3)
    rng = np.random.default_rng(0)
    layers = [
        make(1, 1, 3, weight=rng.standard_normal((1, 1, 3)))
        for make in (cm.conv1d, cm.conv_transpose1d)
        for _ in range(3)
    ]
    x = rng.standard_normal((1, 12))
    expected = [layer.on(12).to_scipy() @ x[0] for layer in layers]

    def work(k):
        order = np.random.default_rng(k)
        for _ in range(100):
            j = int(order.integers(len(layers)))
            assert np.allclose(layers[j](x)[0], expected[j], rtol=1e-12, atol=1e-12)

    with switching():
        assert at_once(16, work) == []
    for kept in (engine._engines, base._bound, base._held):
        assert len(kept) <= 3


def test_a_table_in_threads_keeps_its_bound_and_the_first_value():
    kept = Kept(2)
    owners = [{k} for k in range(6)]
    found = [[] for _ in owners]

    def work(k):
        for i in range(3000):
            j = (i * (k + 1)) % len(owners)
            value = kept.get(owners[j], "x")
            assert value is None or value[0] == j
            if value is None:
                assert kept.put(owners[j], "x", (j,))[0] == j
            assert len(kept) <= 2 + 16

    class Owner:
        pass

    owner, same = Owner(), object()
    assert kept.put(owner, "x", same) is kept.put(owner, "x", object()) is same
    del owner
    assert len(kept) == 0, "gone with its owner"
    owners = [Owner() for _ in found]
    with switching():
        assert at_once(16, work) == []
    assert len(kept) == 2


def test_a_thousand_layers_leave_no_weight_behind():
    dead = []
    for _ in range(300):
        layer = cm.conv2d(8, 8, 3, weight=np.ones((8, 8, 3, 3), np.float32))
        for method in ("auto", "direct", "winograd"):
            layer(np.ones((8, 9, 9), np.float32), method=method)
        dead.append(weakref.ref(layer.weight.base))
    del layer
    gc.collect()
    assert not any(ref() is not None for ref in dead)


def test_a_cached_property_is_one_object_for_all_threads():
    class Slow:
        @cached_property
        def made(self):
            return [threading.get_ident()]

    def work(_):
        seen.extend((thing, thing.made) for thing in things)

    things, seen = [Slow() for _ in range(300)], []
    with switching():
        assert at_once(8, work) == []
    assert all(made is thing.made for thing, made in seen)
    maps = [cm.conv1d(1, 1, 3).on(9) for _ in range(300)]
    turned = []
    with switching():
        assert at_once(8, lambda _: turned.extend((a, a.T) for a in maps)) == []
    assert all(a.T is b and b.T is a for a, b in turned)


WIDE = cm.conv2d(32, 32, 3, padding=1, weight=np.ones((32, 32, 3, 3), np.float32))
IMAGE = np.ones((32, 32, 32), np.float32)


def test_calls_of_many_threads_that_share_helpers_are_right_and_restore_blas():
    before = blas_threads()
    expected = {name: WIDE(IMAGE, method=name, threads=1) for name in ("direct", "winograd")}

    def work(k):
        for i in range(6):
            name = ("direct", "winograd")[(i + k) % 2]
            assert np.allclose(WIDE(IMAGE, method=name, threads=2 + k % 3), expected[name])

    with switching():
        assert at_once(8, work) == []
    assert blas_threads() == before
    assert not threads._limit._users


def test_a_call_where_no_thread_can_be_had_does_all_itself(monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "_helpers", threads._Helpers())
    monkeypatch.setattr(threads, "start_new_thread", refuse)
    assert np.allclose(WIDE(IMAGE, threads=3), WIDE(IMAGE, threads=1))


def test_what_a_helper_raises_reaches_the_caller():
    begun, caller = threading.Event(), threading.get_ident()

    def job(_):
        if threading.get_ident() != caller:
            begun.set()
            raise ValueError("in a helper")
        begun.wait(10)

    before = blas_threads()
    with pytest.raises(ValueError, match="in a helper"):
        threads.run(2, (job, range(2)))
    assert blas_threads() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_child_forked_in_the_middle_of_calls_starts_clean():
    before = blas_threads()
    expected = WIDE(IMAGE, threads=2)
    lowered, go_on = threading.Event(), threading.Event()

    def job(_):
        lowered.set()
        go_on.wait(30)

    caller = threading.Thread(target=threads.run, args=(2, (job, range(2))))
    caller.start()
    lowered.wait(30)
    held = threads._limit._lock
    with held:  # as if it were taken when the fork comes
        child = os.fork()
        if child == 0:
            ok = False
            try:
                with bounds.within(20):
                    clean = not threads._limit._users and not threads._limit.before
                    ok = clean and blas_threads() == before
                    ok = ok and np.array_equal(WIDE(IMAGE, threads=2), expected)
                    ok = ok and blas_threads() == before
            finally:
                os._exit(0 if ok else 1)
    _, status = os.waitpid(child, 0)
    go_on.set()
    caller.join()
    assert os.waitstatus_to_exitcode(status) == 0
    assert blas_threads() == before
