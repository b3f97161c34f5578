"""What is connected: queries against the pattern, counts, checkerboards, dead inputs."""

from __future__ import annotations

import json
from itertools import product
from math import prod

import numpy as np
import pytest
from graph_cases import LINEAR, MAPS, counted, elements

import convmatrix as cm


@pytest.mark.parametrize("name", MAPS)
def test_queries_against_the_pattern(name):
    maps = [MAPS[name]] + ([MAPS[name].T] if name in LINEAR else [])
    for a in maps:
        matrix, inputs, outputs = counted(a), elements(a.in_shape), elements(a.out_shape)
        for j, element in enumerate(inputs):
            reached = [outputs[r] for r in np.flatnonzero(matrix[:, j])]
            assert a.reach(element) == reached
            for r in range(0, len(outputs), 3):
                assert a.path_count(element, outputs[r]) == matrix[r, j]
        some = outputs[:: max(1, len(outputs) // 3)]
        rows = matrix[[outputs.index(e) for e in some]].sum(axis=0)
        assert a.reach(some, back=True) == [inputs[c] for c in np.flatnonzero(rows)]
        assert a.reach([]) == []


def test_queries_go_where_no_pattern_could():
    deep = cm.sequential(*(cm.conv2d(8, 8, 3, padding=1) for _ in range(8))).on(2000, 2000)
    assert deep.path_count((0, 1000, 1000), (0, 1000, 1000)) > 10**12
    assert len(deep.reach((0, 1000, 1000), back=True)) == 8 * 17 * 17


@pytest.mark.parametrize("ask", ["reach", "inputs_of", "outputs_of"])
@pytest.mark.parametrize("element", [(0, 5, 0), (1, 0, 0), (0, 5), (0, -6, 0), (0, 0.5, 0), "abc"])
def test_elements_that_are_not_there(ask, element):
    with pytest.raises(cm.ShapeError, match="element"):
        getattr(MAPS["figure"], ask)(element)


@pytest.mark.parametrize("name", MAPS)
def test_connectivity_counts_the_pattern(name):
    a = MAPS[name]
    found, matrix = cm.connectivity(a), counted(a)
    assert (found.reads.reshape(-1) == matrix.sum(axis=1)).all()
    assert (found.feeds.reshape(-1) == matrix.sum(axis=0)).all()
    assert found.dead_inputs == [e for e, n in zip(elements(a.in_shape), matrix.sum(axis=0),
                                                   strict=True) if n == 0]  # fmt: skip
    middle = (0, *(n // 2 for n in a.out_shape[1:]))
    seen = a.reach(middle, back=True)
    for j, (first, last) in enumerate(found.field):
        assert (min(e[1 + j] for e in seen), max(e[1 + j] for e in seen)) == (first, last)
    box = prod(last - first + 1 for first, last in found.field)
    assert found.unseen == pytest.approx(1 - len({e[1:] for e in seen}) / box)
    json.dumps(found.to_dict())
    assert "connections" in str(found)


def test_checkerboards_are_where_the_stride_does_not_divide_the_kernel():
    for k, s in product(range(1, 7), range(1, 4)):
        found = cm.connectivity(cm.conv_transpose1d(1, 1, k, stride=s), 24)
        assert found.uniform == (k % s == 0), (k, s)
    assert cm.connectivity(cm.conv_transpose2d(1, 1, 3, stride=2), 8, 8).inside == (1, 2, 4)
    assert cm.connectivity(cm.conv_transpose2d(1, 1, 4, stride=2), 8, 8).inside == (4,)


def test_dead_inputs_and_gridding():
    skipping = cm.connectivity(cm.conv1d(1, 1, 2, stride=3), 12)
    assert skipping.dead_inputs == [(0, 2), (0, 5), (0, 8), (0, 11)]
    assert skipping.coverage == pytest.approx(8 / 12)
    dilated = cm.sequential(*(cm.conv2d(1, 1, 3, dilation=2) for _ in range(3)))
    found = cm.connectivity(dilated, 32, 32)
    assert [last - first + 1 for first, last in found.field] == [13, 13]
    assert found.unseen == pytest.approx(1 - 49 / 169)
    growing = cm.sequential(*(cm.conv2d(1, 1, 3, dilation=d) for d in (1, 2, 5)))
    assert cm.connectivity(growing, 40, 40).unseen == 0, "hybrid dilation leaves no holes"


@pytest.mark.parametrize("stack", [
    [(3, 2, 1, 1), (3, 1, 0, 2), (2, 2, 0, 1)], [(5, 1, 2, 1), (3, 3, 1, 1)], [(1, 2, 0, 1)],
])  # fmt: skip
def test_receptive_fields_by_reach_are_the_closed_form(stack):
    layer = cm.sequential(*(cm.conv1d(1, 1, k, stride=s, padding=p, dilation=d)
                            for k, s, p, d in stack))  # fmt: skip
    (closed,) = cm.receptive_field(layer)
    bound = layer.on(120)
    ends = [bound.reach((0, o), back=True) for o in range(bound.out_shape[1])]
    middle = len(ends) // 2
    assert ends[middle][-1][1] - ends[middle][0][1] + 1 == closed.size
    assert ends[middle + 1][0][1] - ends[middle][0][1] == closed.stride
    assert ends[middle][0][1] == middle * closed.stride - closed.padding


def test_path_counts_beyond_64_bits_are_exact():
    deep = cm.sequential(*(cm.conv1d(1, 1, 3, padding=1) for _ in range(45))).on(60)
    middle = deep.path_count((0, 30), (0, 30))
    assert middle > 2**63
    rows = np.eye(60, dtype=object)
    step = sum(np.eye(60, k=k, dtype=int) for k in (-1, 0, 1)).astype(object)
    for _ in range(45):
        rows = rows.dot(step)
    assert (deep.nnz, middle) == (rows.sum(), rows[30, 30])
    found = cm.connectivity(deep)
    assert found.to_dict()["connections"] == deep.nnz
    assert found.reads[0].tolist() == rows.sum(axis=1).tolist()
    assert cm.cost(deep.layer, 60).exact_macs == 45 * 178
    assert deep.to_networkx("layered").number_of_edges() == 45 * 178


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: cm.conv1d(1, 1, 3, stride=2).on(17).T, (1, 2)),
        (lambda: cm.sequential(cm.conv1d(1, 1, 3, stride=2),
                               cm.conv_transpose1d(1, 1, 3, stride=2)).on(35), (3, 6)),
        (lambda: cm.conv_transpose1d(1, 1, 3, stride=2).on(17) @ cm.conv1d(1, 1, 3, stride=2).on(35), (3, 6)),  # noqa: E501
        (lambda: cm.conv2d(1, 1, 3).on(9, 9).T, (9,)),
        (lambda: cm.sequential(cm.conv1d(1, 1, 4, stride=2),
                               cm.conv_transpose1d(1, 1, 4, stride=2)).on(34), (8,)),
    ],
)  # fmt: skip
def test_checkerboards_of_transposed_and_composed_maps(make, expected):
    assert cm.connectivity(make()).inside == expected


def test_channels_that_meet_nowhere_have_no_edge():
    nothing = cm.conv1d(1, 1, 1, stride=10, padding=5).on(1)
    assert nothing.nnz == 0
    assert not nothing.to_networkx("channels").edges
    assert "sees nothing" in str(cm.connectivity(nothing))


@pytest.mark.parametrize("given", [3.5, None, "0,1", [None]])
def test_reach_asks_for_elements(given):
    with pytest.raises(cm.ShapeError, match="an element is"):
        MAPS["figure"].reach(given)
