"""What the tests of proofs share: every claim proved once, and PyTorch."""

from __future__ import annotations

import time

import pytest
from proof.claims import NAMES

import convmatrix as cm


@pytest.fixture(scope="session")
def proofs():
    start = time.perf_counter()
    found = {name: cm.prove(name) for name in NAMES}
    found["seconds"] = time.perf_counter() - start
    return found


@pytest.fixture(scope="module")
def torch():
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # these tensors are tiny
    yield torch
    torch.set_num_threads(threads)
