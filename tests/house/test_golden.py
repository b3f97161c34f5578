"""What must not move by a letter: certificates, packed taps, graph files, as they were written.

`python tests/test_golden.py` writes the digests anew, for a change that is meant.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from cases import LINEAR, NONLINEAR, integers

import convmatrix as cm
from convmatrix.proof.engines.certificate import FORMAT, program_hash

KEPT = Path(__file__).parent / "golden.json"

SUFFIXES = (".graphml", ".gexf", ".gml", ".dot", ".json", ".cyjs", ".csv", ".mtx", ".mmd", ".tex")


def branching():
    """A network with a stack within, a branch that is added and one that is stacked."""
    graph = nx.DiGraph()
    graph.add_node("a", layer=cm.conv2d(2, 2, 3, padding=1, weight=integers((2, 2, 3, 3))))
    inner = cm.sequential(
        cm.conv2d(2, 3, 3, padding=1, weight=integers((3, 2, 3, 3), 1)),
        cm.pointwise(3, 2, weight=integers((2, 3, 1, 1), 2)),
    )
    graph.add_node("b", layer=inner)
    graph.add_node("skip", layer=cm.pad(0))
    graph.add_node("cat", layer=cm.pointwise(6, 2, weight=integers((2, 6, 1, 1), 3)), join="concat")
    graph.add_node("out")
    graph.add_edges_from(
        [("a", "cat"), ("b", "cat"), ("skip", "cat"), ("cat", "out"), ("skip", "out")]
    )
    return cm.network(graph).on(5, 4)


def maps():
    """Every case, its transpose, products and a network, by name."""
    for name, layer, size in LINEAR + NONLINEAR:
        a = layer.on(*size)
        yield name, a
        if a.is_linear:
            yield f"{name}.T", a.T
    first = cm.conv2d(2, 3, 3, stride=2, padding=1, padding_mode="circular", flip=True)
    a = first.with_weight(integers(first.weight_shape)).on(6, 5)
    yield "product", a.T @ a
    yield "network", branching()
    yield "network.T", branching().T
    last = cm.conv2d(2, 1, 3, weight=integers((1, 2, 3, 3)))
    yield "composed-network", last.on(5, 4) @ branching()
    yield "composed-network.T", (last.on(5, 4) @ branching()).T


MAPS = dict(maps())


def digest(*texts):
    return hashlib.sha256("\n".join(map(str, texts)).encode()).hexdigest()[:16]


def of_map(a):
    """Its pattern and what it says of itself."""
    p = a.pattern
    arrays = [array.astype(np.int64).tolist() for array in (p.indptr, p.indices, p.tap)]
    lines = [*arrays, p.shape, p.tap_counts, repr(a), a.describe(), a.nnz, a.entries]
    matrix = a.to_scipy() if a.is_linear and a.has_weights else None
    return digest(*lines, *([] if matrix is None else [matrix.indices.tolist(), matrix.data]))


def of_walks(a):
    """What is answered without listing it: links, reach, paths, arrays there and back."""
    ends = [(shape, tuple(n // 2 for n in shape)) for shape in (a.in_shape, a.out_shape)]
    picked = [[(0,) * len(shape), middle, tuple(n - 1 for n in shape)] for shape, middle in ends]
    sources, outputs = picked
    lines = [[a.outputs_of(e) for e in sources], [a.inputs_of(e) for e in outputs]]
    lines += [a.reach(sources), a.reach(outputs, back=True)]
    lines += [[a.path_count(s, o) for s in sources for o in outputs]]
    if a.has_weights:
        x = np.arange(a.shape[1]).reshape(1, *a.in_shape) % 7 - 3
        lines.append(np.round(a(x).astype(float), 9).tolist())
    if a.has_weights and a.is_linear:
        y = np.arange(a.shape[0]).reshape(1, *a.out_shape) % 5 - 2
        lines.append(np.round(a.T(y).astype(float), 9).tolist())
        lines.append([a.T.outputs_of(outputs[1]), a.T.inputs_of(sources[1])])
    lines.append([cm.connectivity(a).reads.tolist(), cm.connectivity(a).feeds.tolist()])
    return digest(*lines)


def of_files(a):
    """The graph files of every view."""
    texts = []
    with tempfile.TemporaryDirectory() as folder:
        for view in ("bipartite", "layered", "channels", "axis"):
            for suffix in SUFFIXES:
                path = Path(folder) / f"g{suffix}"
                try:
                    cm.write_graph(a, path, view=view)
                    texts.append(path.read_bytes())
                except cm.ConvMatrixError as error:
                    texts.append(type(error).__name__)
    return digest(*texts)


def of_certificate(certificate):
    """A catalogue's certificate, but for the versions that made it and the steps that a linear
    program found, which may differ from one SciPy to the next."""
    data = {k: v for k, v in certificate.data.items() if k not in ("digest", "versions")}
    found = ("steps", "cuts", "witness")
    lemmas = [{k: v for k, v in lemma.items() if k not in found} for lemma in data["lemmas"]]
    return digest(json.dumps({**data, "lemmas": lemmas}, sort_keys=True))


def certificates():
    proofs = {name: cm.prove(name) for name in cm.catalogue()}
    return {n: of_certificate(p.certificate) for n, p in proofs.items() if p.certificate}


FILED = [n for n in MAPS if n.split(".")[0] in ("network", "composed-network", "product")]
FILED += ["conv-circular-2d", "transpose-2d.T", "pixel-shuffle-2d", "avg-pool-exclude-1d"]


def kept():
    return json.loads(KEPT.read_text())


@pytest.mark.parametrize("name", MAPS)
def test_maps_are_as_they_were(name):
    assert of_map(MAPS[name]) == kept()["maps"][name]


@pytest.mark.parametrize("name", MAPS)
def test_walks_end_where_they_did(name):
    assert of_walks(MAPS[name]) == kept()["walks"][name]


@pytest.mark.parametrize("name", FILED)
def test_graph_files_are_as_they_were(name):
    assert of_files(MAPS[name]) == kept()["files"][name]


def test_certificates_are_as_they_were():
    assert (FORMAT, program_hash()) == tuple(kept()["program"])
    assert certificates() == kept()["certificates"]


def test_a_certificate_of_before_is_still_checked():
    text = (KEPT.parent / "golden_certificate.json").read_text()
    assert cm.Certificate.from_json(text).check()


if __name__ == "__main__":
    KEPT.write_text(
        json.dumps(
            {
                "program": [FORMAT, program_hash()],
                "maps": {name: of_map(a) for name, a in MAPS.items()},
                "walks": {name: of_walks(a) for name, a in MAPS.items()},
                "files": {name: of_files(MAPS[name]) for name in FILED},
                "certificates": certificates(),
            },
            indent=1,
        )
        + "\n"
    )
