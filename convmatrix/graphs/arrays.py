"""Graphs as arrays of numbers: Parquet, one row an edge, and Matrix Market, one line an entry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from convmatrix.errors import GeometryError, MissingExtraError
from convmatrix.graphs.lines import filled
from convmatrix.graphs.table import Edges, GraphTable, Space, as_list
from convmatrix.typing import Array

__all__ = ["write_matrix_market", "write_parquet"]


DENSE = 8
"""Where elements lie closer than this they are marked, not sorted."""
TOO_LARGE = "weights beyond 64 bits do not go into this file; write .csv or .json"


def write_parquet(table: GraphTable, file: BinaryIO) -> None:
    """One row an edge: the ids of source and target, their flat indices, and the attributes; of
    several spaces also which. The shapes are in the schema's metadata (`in_shape`, `out_shape`)."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtraError("pyarrow", "parquet", "a Parquet file") from None
    kinds = {"long": pa.int64(), "double": pa.float64(), "string": pa.string()}
    largest = max(space.size for space in table.spaces)
    flat = pa.int32() if largest < 2**31 else pa.int64()
    ids = pa.dictionary(pa.int32(), pa.string())
    spaces = len(table.spaces) > 2
    schema = pa.schema(
        [
            ("source", ids), ("target", ids), ("source_index", flat), ("target_index", flat),
            *([("from", pa.string()), ("to", pa.string())] if spaces else []),
            *((name, kinds[kind]) for name, kind in table.fields),
        ],
        metadata={**table.attributes, "creator": "convmatrix"},
    )  # fmt: skip
    numbers = ["source_index", "target_index"]
    rest = [name for name in schema.names if name not in numbers]
    with pq.ParquetWriter(
        file, schema, compression="zstd", compression_level=1, use_dictionary=rest,
        write_statistics=[*numbers, *(name for name, _ in table.fields)],
    ) as writer:  # fmt: skip
        for edges in table.edges():
            if not len(edges.sources):
                continue
            columns = [
                _ids(edges.source, edges.sources), _ids(edges.target, edges.targets),
                pa.array(edges.sources, flat), pa.array(edges.targets, flat),
            ]  # fmt: skip
            if spaces:
                count = len(edges.sources)
                columns += [pa.array([s.letter] * count) for s in (edges.source, edges.target)]
            try:
                columns += [
                    pa.array(column, schema.field(name).type)
                    for (name, _), column in zip(table.fields, edges.columns, strict=True)
                ]
            except OverflowError:
                raise GeometryError(TOO_LARGE) from None
            writer.write_batch(pa.record_batch(columns, schema=schema))


def _ids(space: Space, flat: Array) -> Any:
    """The ids of elements, each text stored once."""
    import pyarrow as pa
    from pyarrow import compute

    low, high = int(flat.min()), int(flat.max())
    if high - low < DENSE * len(flat):
        occurs = np.zeros(high - low + 1, bool)
        occurs[flat - low] = True
        occurring, places = np.flatnonzero(occurs) + low, (np.cumsum(occurs) - 1)[flat - low]
    else:
        occurring, places = np.unique(flat, return_inverse=True)
    axes = [pa.array(axis).cast("string") for axis in np.unravel_index(occurring, space.shape)]
    names = compute.binary_join_element_wise(space.letter, *axes, "_")
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), names)


def write_matrix_market(table: GraphTable, file: BinaryIO, *, merge: bool = False) -> None:
    """The matrix, an entry an edge: row its target, column its source, value its weight; without
    weights a pattern. The format holds one entry a place: with `merge` parallel edges are added."""
    if len(table.spaces) > 2:
        raise GeometryError(
            "a Matrix Market file holds one matrix, from inputs to outputs; use view='bipartite'"
        )
    if table.multi and not merge:
        raise GeometryError(
            "a Matrix Market file holds one entry a place, and here taps collide: their entries "
            "would be added and their taps lost; add merge=True, or write .csv"
        )
    names = [name for name, _ in table.fields]
    kind = dict(table.fields).get("weight")
    if kind == "string":
        raise GeometryError(
            "complex weights do not go into this file; use write_matrix(A, 'file.mtx')"
        )
    source, target = table.spaces
    word = {None: "integer" if table.multi else "pattern", "long": "integer", "double": "real"}
    blocks: Any = (_merged if table.multi else _plain)(table, names, kind)
    count = table.count
    if table.multi:
        blocks = list(blocks)
        count = sum(len(rows) for rows, _, _ in blocks)
    file.write(
        f"%%MatrixMarket matrix coordinate {word[kind]} general\n"
        f"{target.size} {source.size} {count}\n".encode()
    )
    for rows, columns, values in blocks:
        if kind == "long" and any(abs(v) >= 2**63 for v in values or ()):
            raise GeometryError(TOO_LARGE)
        if values is None:
            file.write(filled("%d %d\n", [rows + 1, columns + 1]))
        else:
            file.write(filled("%d %d %r\n", [rows + 1, columns + 1, values]))


def _plain(table: GraphTable, names: list[str], kind: str | None) -> Iterator[Any]:
    for edges in table.edges():
        yield edges.targets, edges.sources, _weights(edges, names, kind)


def _weights(edges: Edges, names: list[str], kind: str | None) -> list[Any] | None:
    return None if kind is None else as_list(edges.columns[names.index("weight")])


def _merged(table: GraphTable, names: list[str], kind: str | None) -> Iterator[Any]:
    """The edges with parallel ones added, in one block."""
    found = []
    for edges in table.edges():
        places = edges.targets.astype(np.int64) * table.spaces[0].size + edges.sources
        values = _weights(edges, names, kind) or [1] * len(places)
        found.append(_summed(places, np.array(values, np.float64 if kind == "double" else object)))
    every = [np.concatenate(parts) for parts in zip(*found, strict=True)] if found else None
    if every is not None:
        unique, sums = _summed(*every)
        rows, columns = np.divmod(unique, table.spaces[0].size)
        yield rows, columns, sums.tolist()


def _summed(places: Array, values: Array) -> tuple[Array, Array]:
    """Every place once, with the sum of its values."""
    unique, inverse = np.unique(places, return_inverse=True)
    sums = np.zeros(len(unique), values.dtype)
    np.add.at(sums, inverse, values)
    return unique, sums
