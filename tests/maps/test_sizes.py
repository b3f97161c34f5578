"""Every view of every huge geometry: an answer or the library's own refusal, in time and memory."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from bounds import run

GEOMETRIES = {
    "image 10⁴": "cm.conv2d(3, 8, 3, padding=1).on(10**4, 10**4)",
    "image 10⁶": "cm.conv2d(1, 1, 3, padding=1).on(10**6, 10**6)",
    "axis 10¹⁰": "cm.conv1d(1, 1, 3, padding=1).on(10**10)",
    "axis 10²⁰": "cm.conv1d(1, 1, 3, stride=2, padding=1).on(10**20)",
    "circular 10¹⁰": "cm.conv1d(1, 1, 3, padding=1, padding_mode='circular').on(10**10)",
    "reflect 10¹⁰": "cm.conv1d(1, 1, 5, padding=2, padding_mode='reflect').on(10**10)",
    "stride 10²⁰": "cm.conv1d(1, 1, 3, stride=10**20, padding=10**20).on(10**20)",
    "padding 10¹²": "cm.conv2d(1, 1, 3, padding=10**12).on(5, 5)",
    "kernel 10⁶": "cm.conv1d(1, 1, 10**6, padding=10**6 - 1).on(10**6)",
    "transposed 10⁹": "cm.conv_transpose2d(1, 1, 3, stride=10**9).on(1000, 1000)",
    "channels 10⁶": "cm.conv2d(10**6, 10**6, 3, padding=1).on(4, 4)",
    "stack 6000": "cm.sequential(*[cm.conv2d(1, 1, 3, padding=1)] * 2).on(6000, 6000)",
    "stack 10²⁶": "cm.sequential(cm.conv1d(1, 1, 3), cm.conv1d(1, 1, 3, stride=7)).on(10**26)",
}
FIRST = "(0,) * len(a.out_shape)"
START = "(0,) * len(a.in_shape)"
VIEWS = [
    "repr(a)", "a.shape", "a.nnz", "a.connections", "a.entries", "a.T", f"a.inputs_of({FIRST})",
    f"a.outputs_of({START})", f"a.T.inputs_of({START})", f"a.path_count({START}, {FIRST})",
    f"a.reach({START})", f"a.reach({FIRST}, back=True)", "a.pattern", "a.T.pattern",
    "weighted(a).to_scipy()", "weighted(a).T.to_scipy()", "weighted(a).to_dense()",
    "a.to_sympy()", "weighted(a).to_linear_operator().shape", "a.to_networkx()",
    "a.to_networkx('layered')", "a.to_networkx('channels')", "a.to_networkx('axis')",
    "lazy(a)", "len(a.to_networkx(lazy=True))", "next(iter(a.to_networkx(lazy=True)))",
    "cm.connectivity(a)", "cm.explain(a.layer, a.in_shape[1:])", "cm.cost(a.layer, a.in_shape[1:])",
    "cm.receptive_field(a.layer, a.in_shape[1:])", "cm.plan(a.layer, (1, *a.in_shape))",
    "cm.write_graph(a, '/dev/null', format='csv', window=[(0, 1)] * len(a.out_shape))",
    "a._repr_html_()",
]  # fmt: skip

PROGRAM = """
import json, resource, signal, sys, time
import numpy as np
import convmatrix as cm

def stop(*_):
    raise TimeoutError
signal.signal(signal.SIGALRM, stop)

def weighted(a):
    shapes = [leaf.layer.weight_shape for leaf in a.leaves]
    if any(np.prod([float(n) for n in s]) > 1e7 for s in shapes):
        raise cm.TooLargeError("no weight of this size is made here")
    return a.with_weights([np.ones(s) for s in shapes])

def lazy(a):
    graph = a.to_networkx(lazy=True)
    node = 'x_' + '_'.join(['0'] * len(a.in_shape))
    return graph.number_of_edges(), len(graph[node]), node in graph

geometry, views = json.loads(sys.argv[1])
a = eval(geometry)
found = []
for view in views:
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.alarm(SECONDS)
    start = time.perf_counter()
    try:
        eval(view)
        what = "answer"
    except cm.ConvMatrixError as error:
        what = "refused"
    except BaseException as error:
        what = f"{type(error).__name__}: {error}"[:200]
    signal.alarm(0)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) // 1024
    found.append((view, what, time.perf_counter() - start, grown))
print(json.dumps(found))
"""


@pytest.mark.parametrize("name", GEOMETRIES)
def test_views_of_huge_geometries(name):
    program = PROGRAM.replace("SECONDS", "10").replace(
        "sys.argv[1]", repr(json.dumps([GEOMETRIES[name], VIEWS]))
    )
    result = run(
        program, seconds=300, memory=2 << 30,
        env={"PYTHONPATH": ":".join(sys.path), "OPENBLAS_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-2000:]
    found = json.loads(result.stdout)
    assert len(found) == len(VIEWS)
    other = [(view, what) for view, what, *_ in found if what not in ("answer", "refused")]
    assert not other
    slow = [(view, seconds, grown) for view, what, seconds, grown in found
            if what == "refused" and (seconds > 2 or grown > 50)]  # fmt: skip
    assert not slow
