"""Rows on their way into the database, packed: about 10 bytes a row.

A chunk is committed with its job, before the client gets its answer. `chunk_writer` makes its rows afterwards.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from cityweather.runtime.batched import batched

ROWS = 2_000  # of a chunk, at most
FAST = 1  # zlib's level: the higher ones save a tenth and take three times as long


class Row(NamedTuple):
    """A row of an upload. `line` from 1. Degrees; either both coordinates or none."""

    line: int
    name: str
    region: str = ""
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None


class StoredRow(NamedTuple):
    """What a JobResult has before its city was asked for. Degrees, as the row gave them."""

    line: int
    city_id: int
    asked: str
    latitude: float | None
    longitude: float | None
    ambiguous: int


class Packed(NamedTuple):
    rows: int
    data: bytes


def pack(rows: Sequence[Row] | Sequence[StoredRow]) -> Packed:
    return Packed(len(rows), zlib.compress(orjson.dumps(list(map(tuple, rows))), FAST))


def unpack(data: bytes) -> list[list[Any]]:
    """Each row as the list of its fields."""
    rows: list[list[Any]] = orjson.loads(zlib.decompress(data))
    return rows


def packed(rows: Iterable[StoredRow]) -> Iterator[Packed]:
    return map(pack, batched(rows, ROWS))
