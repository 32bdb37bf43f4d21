"""What an import of an upload would do, found without keeping anything."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from redis import RedisError

from cityweather.ingest.csv_columns import label
from cityweather.ingest.csv_layout import NO_DELIMITER
from cityweather.ingest.csv_reader import Rejected
from cityweather.ingest.errors import Column
from cityweather.ingest.options import DELIMITERS
from cityweather.ingest.row_matching import MatchedRow, match_rows
from cityweather.ingest.spool import Spool
from cityweather.weather import factory

FIRST = 10  # rows, and rejected rows, that are shown
SAMPLE = 2_000  # rows that are matched


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the whole file would cost, estimated from a sample when it is large.

    `requests` to the provider. `seconds` until its quota allowed the last of them, None without a known quota.
    """

    ambiguous: int
    unmatched: int
    requests: int
    seconds: float | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class DryRun:
    """`delimiter`: its name, None for a file of one column. `columns_by_part`: labels, None for a missing column."""

    encoding: str
    compression: str | None
    delimiter: str | None
    header: bool
    header_line: int | None
    first_lines: Sequence[dict[str, Any]]
    columns_by_part: dict[str, str | int | None]
    columns: Sequence[Column]
    rows: Sequence[MatchedRow]
    total: int
    duplicates: int
    rejected: int
    reasons: Sequence[Rejected]
    sampled: int
    estimate: Estimate


def dry_run(spool: Spool) -> DryRun:
    """Raises DatabaseError."""
    shape = spool.shape
    layout = shape.layout
    rows = match_rows(spool.sample(SAMPLE))
    return DryRun(
        encoding=shape.encoding,
        compression=shape.compression,
        delimiter=_delimiter(layout.delimiter),
        header=bool(layout.header),
        header_line=layout.header_line,
        first_lines=layout.first_lines,
        columns_by_part={part: label(layout.header, column) for part, column in layout.columns.by_part().items()},
        columns=layout.listed,
        rows=rows[:FIRST],
        total=spool.total,
        duplicates=spool.duplicates,
        rejected=spool.rejected,
        reasons=[Rejected(*row) for row in next(spool.rejected_rows(FIRST), [])],
        sampled=len(rows),
        estimate=_estimate(rows, spool.total / len(rows)),
    )


def _delimiter(sign: str) -> str | None:
    return None if sign == NO_DELIMITER else next(name for name, known in DELIMITERS.items() if known == sign)


def _estimate(rows: Sequence[MatchedRow], scale: float) -> Estimate:
    """`scale`: rows of the file for each of these. Rows of one City share its request."""
    cities = {row.city.key: row for row in rows}
    unknown = sum(row.geocoded for row in cities.values())  # the provider's geocoder is asked for each
    located, geocoded = round(len(cities) * scale), round(unknown * scale)
    seconds = _seconds(located + geocoded)
    return Estimate(
        ambiguous=round(sum(row.ambiguous > 0 for row in rows) * scale),
        unmatched=round(sum(row.unmatched for row in rows) * scale),
        requests=math.ceil(located / factory.provider().per_request) + geocoded,
        seconds=seconds,
        finished_at=None if seconds is None else timezone.now() + timedelta(seconds=seconds),
    )


def _seconds(tokens: int) -> float | None:
    """Until the quota has allowed so many places, when no other job takes any."""
    if not any(window.limit for window in factory.provider().windows):
        return None
    try:
        return round(factory.rate_limiter().forecast().seconds_for(tokens), 1)
    except RedisError:
        return None
