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
from dense_cases import CASES, blas_threads

import convmatrix as cm
from convmatrix.dense import engine, threads
from convmatrix.kept import Kept, cached_property
from convmatrix.layers import remembered


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


def test_more_layers_than_engines_are_kept_called_by_many_threads(monkeypatch):
    """Few are kept, so that threads let go what others are about to use."""
    for kept in (engine._engines, remembered.geometries, remembered.held):
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
    for kept in (engine._engines, remembered.geometries, remembered.held):
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


def test_blas_threads_are_restored_after_errors_interrupts_and_from_several_callers():
    before = blas_threads()
    layer = cm.conv2d(64, 64, 3, padding=1).with_weight(np.ones((64, 64, 3, 3), np.float32))
    x = np.ones((2, 64, 40, 40), np.float32)
    expected = layer(x, threads=1)
    results = []
    callers = [
        threading.Thread(target=lambda: results.append(layer(x, threads=2))) for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert all(np.array_equal(y, expected) for y in results)
    assert blas_threads() == before
    for error in (KeyboardInterrupt, ValueError):

        def job(block, error=error):
            if block == 3:
                raise error

        with pytest.raises(error):
            threads.run(2, (job, range(8)))
        assert blas_threads() == before


def test_threads_do_not_change_a_result_but_for_rounding():
    rng = np.random.default_rng(6)
    for layer, size, batch in CASES[:40]:
        x = rng.standard_normal((batch, *layer.on(size).in_shape))
        one, two = (layer(x, method="direct", threads=t) for t in (1, 2))
        assert np.allclose(one, two, rtol=1e-12, atol=1e-12), "blocks differ, the sums do not"


SHARED = [
    (cm.conv2d(8, 32, 3, padding=1), (4, 5)),
    (cm.conv2d(7, 32, (2, 3), stride=(1, 2), padding=((0, 1), (2, 0)), flip=True), (5, 4)),
    (cm.conv2d(9, 40, 3, padding=2, dilation=2, padding_mode="reflect"), (4, 5)),
    (cm.conv2d(8, 32, 1), (4, 5)),
    (cm.conv1d(2, 16, 3), (9,)),
    (cm.conv2d(8, 64, 3, padding=1, groups=2), (4, 5)),
]


@pytest.mark.parametrize(("layer", "size"), SHARED, ids=repr)
def test_threads_share_out_the_inputs_of_one_block(layer, size):
    """Fewer outputs than channels: each thread sums over its part of the inputs."""
    rng = np.random.default_rng(11)
    layer = layer.with_weight(rng.integers(-5, 6, layer.weight_shape).astype(float))
    x = rng.integers(-5, 6, (1, layer.in_channels, *size)).astype(float)
    expected = layer.on(size).to_scipy() @ x.ravel()
    for number in (1, 2, 3, 5):
        for _ in range(2):
            found = layer(x, method="direct", threads=number)
            assert np.array_equal(found.ravel(), expected)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_threads_share_out_the_phases(number):
    rng = np.random.default_rng(12)
    for layer, size in (
        (cm.conv_transpose2d(6, 4, 3, stride=2, padding=1), (5, 6)),
        (cm.conv_transpose2d(6, 4, (3, 5), stride=(2, 3), dilation=(1, 2)), (5, 6)),
        (cm.conv_transpose2d(6, 4, (1, 2), stride=(2, 3), output_padding=(1, 0)), (5, 6)),
        (cm.conv_transpose1d(6, 4, 4, stride=3, groups=2), (7,)),
    ):
        layer = layer.with_weight(rng.integers(-5, 6, layer.weight_shape).astype(float))
        y = rng.integers(-5, 6, (2, 6, *size)).astype(float)
        matrix = layer.on(size).to_scipy()
        for kind in (np.float32, np.float64, np.complex128):
            z = (y * (1 + 1j)).astype(kind) if kind is np.complex128 else y.astype(kind)
            fitting = layer.with_weight(layer.weight.astype(kind))
            found = fitting(z, method="phases", threads=number)
            assert found.dtype == kind
            assert np.array_equal(found.reshape(2, -1), (matrix @ z.reshape(2, -1).T).T)
