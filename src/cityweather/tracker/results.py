"""The outcome of one row, and the entries of a job's stream, which carry outcomes from workers to the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import orjson

from cityweather.errors import UnknownFormat

# First in every entry. A new format may only append fields to a result or to its weather: then newer code reads older
# entries, which lack them. A flusher leaves an entry of a newer format in place.
FORMAT = 3  # 2: a result without its number of other places, 1: a weather without its region, too
TOLERANCE = 2.0  # seconds an entry may take from the worker to Redis


class Result(NamedTuple):
    """`refreshed_at` in Unix seconds. `error`: a reason code, None for success. `weather`: of packed_at().

    `ambiguous`: how many other places the geocoder found that fit.
    """

    position: int
    refreshed_at: float
    error: str | None = None
    weather: list[Any] | None = None
    ambiguous: int = 0


def encode(results: Sequence[Result], now: float) -> bytes:
    """[format, now, [[position, refreshed_at, error, weather, ambiguous], …]] as JSON.

    `now`: the worker's clock (Unix seconds).
    """
    return orjson.dumps([FORMAT, now, list(map(tuple, results))])


def decode(entry: bytes, received_at: float) -> list[Result]:
    """The results, their times by the clock of Redis. Raises UnknownFormat for an entry that newer code wrote.

    `received_at`: when Redis took the entry (Unix seconds). A worker's clock that differs from it by more than
    TOLERANCE is wrong, and its times are corrected by the difference.
    """
    number, *content = orjson.loads(entry)
    if number > FORMAT:
        raise UnknownFormat(format=number)
    sent_at, rows = content
    skew = received_at - sent_at
    results = [Result(*row) for row in rows]
    if abs(skew) <= TOLERANCE:
        return results
    return [result._replace(refreshed_at=result.refreshed_at + skew) for result in results]


@dataclass(frozen=True)
class Entry:
    """The results that one record call counted. The marker entry has none."""

    id: str
    blob: bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.blob)

    @cached_property
    def results(self) -> list[Result]:
        """Decoded on demand, because a flush may read more entries than it takes. Raises UnknownFormat."""
        return decode(self.blob, order(self.id)[0] / 1000) if self.blob else []


def entry_of(name: bytes, fields: dict[bytes, bytes]) -> Entry:
    """`name` and `fields` are what Redis returns."""
    return Entry(name.decode(), fields.get(b"r", b""))


def order(entry_id: str) -> tuple[int, int]:
    """Stream IDs compare as two numbers, never as text."""
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)


def following(entry_id: str) -> str:
    milliseconds, sequence = order(entry_id)
    return f"{milliseconds}-{sequence + 1}"
