"""Writes chunks of the spool: City rows first, in key order, then the JobResult rows that point at them.

Every transaction takes its City rows in the order of their keys, so two imports that share cities never deadlock.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import itemgetter
from typing import Any, Protocol

from django.db import connection
from django.db.backends.utils import CursorWrapper

from cityweather.ingest.spool import Row
from cityweather.models import BulkJob, City, RejectedRow


class Writer(Protocol):
    """How one kind of database is written. `chunk` is the number of rows in a transaction."""

    chunk: int

    def cities(self, rows: list[Row]) -> dict[str, int]:
        """Insert the missing cities and leave the others alone. Returns the ids of all, by key."""
        ...

    def results(self, job: BulkJob, rows: list[Row], ids: dict[str, int]) -> None:
        """Insert one pending JobResult for each row."""
        ...


def writer() -> Writer:
    return CopyWriter() if connection.vendor == "postgresql" else SqliteWriter()


def refused(job: BulkJob, rows: Iterable[tuple[int, str, str]]) -> None:
    RejectedRow.objects.bulk_create(RejectedRow(job=job, line=line, code=code, text=text) for line, code, text in rows)


class SqliteWriter:
    """Other writers wait for each chunk. Plain statements: bulk_create takes seven times as long."""

    chunk = 5_000

    def cities(self, rows: list[Row]) -> dict[str, int]:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT OR IGNORE INTO cityweather_city (key, name) VALUES (%s, %s)", list(_by_key(rows))
            )
        ids = dict(City.objects.filter(key__in=[key for *_, key in rows]).values_list("key", "id"))
        return _with_renamed(ids, rows)

    def results(self, job: BulkJob, rows: list[Row], ids: dict[str, int]) -> None:
        lines = [(job.pk.hex, position, line, ids[key]) for position, line, _, key in rows]
        with connection.cursor() as cursor:
            query = "INSERT INTO cityweather_jobresult (job_id, position, line, city_id) VALUES (%s, %s, %s, %s)"
            cursor.executemany(query, lines)


class CopyWriter:
    """PostgreSQL: COPY, and one INSERT that returns the ids of the new cities."""

    chunk = 10_000

    def cities(self, rows: list[Row]) -> dict[str, int]:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE incoming (key text, name text) ON COMMIT DROP")
            copy(cursor, "incoming", _by_key(rows))
            cursor.execute(
                "INSERT INTO cityweather_city (name, key) SELECT name, key FROM incoming "
                "ON CONFLICT DO NOTHING RETURNING key, id"
            )
            ids = dict(cursor)
            if len(ids) < len(rows):
                cursor.execute("ANALYZE incoming")  # or the planner expects a handful and loops over all cities
                cursor.execute("SELECT key, city.id FROM incoming JOIN cityweather_city city USING (key)")
                ids = dict(cursor)
        return _with_renamed(ids, rows)

    def results(self, job: BulkJob, rows: list[Row], ids: dict[str, int]) -> None:
        with connection.cursor() as cursor:
            lines = ((job.pk, position, line, ids[key]) for position, line, _, key in rows)
            copy(cursor, "cityweather_jobresult (job_id, position, line, city_id)", lines)


def _with_renamed(ids: dict[str, int], rows: list[Row]) -> dict[str, int]:
    """Add the ids of cities whose name is there under another key, made by a Python with other Unicode tables."""
    missing = {name: key for *_, name, key in rows if key not in ids} if len(ids) < len(rows) else {}
    renamed = City.objects.filter(name__in=missing).values_list("name", "id") if missing else ()
    return ids | {missing[name]: city for name, city in renamed}


def copy(cursor: CursorWrapper, target: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with connection.wrap_database_errors:  # Django's cursor has no COPY, so this calls the driver's own method
        cursor.cursor.copy_expert(f"COPY {target} FROM STDIN (FORMAT csv)", _Lines(rows))


class _Lines:
    """A file made while it is read: the server works at the same time, and no chunk is in memory as text."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._rows = iter(rows)

    def read(self, _size: int = -1) -> str:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(islice(self._rows, 200))
        return text.getvalue()


def _by_key(rows: list[Row]) -> Iterator[tuple[str, str]]:
    return ((key, name) for _, _, name, key in sorted(rows, key=itemgetter(3)))
