"""One row's outcome on its way from a worker through the stream into the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from cityweather.errors import UnknownFormat

FORMAT = 1  # first in every entry; a flusher leaves in place what it does not know


@dataclass(frozen=True, slots=True)
class Result:
    """`refreshed_at` in Unix seconds; `error` None for success, else a reason code; `weather` as packed."""

    position: int
    refreshed_at: float
    error: str | None = None
    weather: list[Any] | None = None


def encode(results: Sequence[Result]) -> bytes:
    return orjson.dumps([FORMAT, [[r.position, r.refreshed_at, r.error, r.weather] for r in results]])


def decode(entry: bytes) -> list[Result]:
    """Raises UnknownFormat for an entry that newer code wrote."""
    number, rows = orjson.loads(entry)
    if number != FORMAT:
        raise UnknownFormat(format=number)
    return [Result(*row) for row in rows]
