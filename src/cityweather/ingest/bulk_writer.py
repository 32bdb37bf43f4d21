"""Writes the rows of a chunk: City rows first, in key order, then the JobResult rows that point at them.

No two transactions deadlock. Each inserts its new cities in the order of their keys, and only afterwards locks cities
that are there already, in the order of their ids, as the flush does.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple

import orjson
from django.db import connection
from django.db.backends.utils import CursorWrapper

from cityweather.ingest.chunks import StoredRow
from cityweather.ingest.row_matching import MatchedRow
from cityweather.models import BulkJob, City
from cityweather.places.identity import Identity

CITY_COLUMNS = "name, key, place_id, matched_name, region, country, latitude, longitude, ambiguous"  # of an Identity
RESULT_COLUMNS = "job_id, position, line, city_id, asked, latitude, longitude, ambiguous"  # of a StoredRow
INCOMING = (
    "json_to_recordset(%s) AS incoming (name text, key text, place_id int, matched_name text, region text, "
    "country text, latitude float8, longitude float8, ambiguous int)"
)
OF_PLACE = CITY_COLUMNS.split(", ")[2:]  # what a City takes over from its place


class _There(NamedTuple):
    """A City that is in the table."""

    id: int
    placeless: bool


def with_cities(rows: Sequence[MatchedRow]) -> list[StoredRow]:
    """Write the rows' cities, and return the rows with the ids. Several rows may share a City.

    A City that is there and has no place gets that of its row. Otherwise it does not change.
    """
    cities = sorted({row.city.key: row.city for row in rows}.values(), key=attrgetter("key"))
    ids = _write_to_postgresql(cities) if connection.vendor == "postgresql" else _write_to_sqlite(cities)
    ids = _with_renamed(ids, cities)
    return [
        StoredRow(row.line, ids[row.city.key], row.asked, row.latitude, row.longitude, row.ambiguous) for row in rows
    ]


def write_results(job: BulkJob, first_position: int, rows: Sequence[StoredRow]) -> None:
    """Insert one pending JobResult for each row."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            copied = ((job.pk, position, *row) for position, row in enumerate(rows, first_position))
            copy(cursor, f"cityweather_jobresult ({RESULT_COLUMNS})", copied)
        else:
            cursor.executemany(
                f"INSERT INTO cityweather_jobresult ({RESULT_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",  # noqa: S608
                [(job.pk.hex, position, *row) for position, row in enumerate(rows, first_position)],
            )


def _write_to_sqlite(cities: Sequence[Identity]) -> dict[str, int]:
    """Returns the ids by key. Plain statements: bulk_create takes seven times as long, and other writers wait."""
    adopt = ", ".join(f"{name} = excluded.{name}" for name in OF_PLACE)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO cityweather_city ({CITY_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) "  # noqa: S608
            f"ON CONFLICT (key) DO UPDATE SET {adopt} WHERE place_id IS NULL AND excluded.place_id IS NOT NULL "
            "ON CONFLICT (name) DO NOTHING",
            cities,
        )
    return dict(City.objects.filter(key__in=[city.key for city in cities]).values_list("key", "id"))


def _write_to_postgresql(cities: Sequence[Identity]) -> dict[str, int]:
    """Returns the ids by key. Looks first: a second import finds all its cities, and refused INSERTs cost more."""
    with connection.cursor() as cursor:
        there = _find(cursor, cities)
        new = [city for city in cities if city.key not in there]
        ids = _insert(cursor, new) if new else {}
        # Race: another import may have inserted the same cities since they were looked for.
        raced = [city for city in new if city.key not in ids]
        there |= _find(cursor, raced) if raced else {}
        if adopting := [city for city in cities if city.place_id and city.key in there and there[city.key].placeless]:
            _adopt(cursor, adopting, [there[city.key].id for city in adopting])
    return ids | {key: city.id for key, city in there.items()}


def _find(cursor: CursorWrapper, cities: Sequence[Identity]) -> dict[str, _There]:
    """Those that are there, by key."""
    cursor.execute(
        "SELECT key, id, place_id IS NULL FROM json_array_elements_text(%s) wanted "
        "JOIN cityweather_city ON key = wanted.value",
        [orjson.dumps([city.key for city in cities]).decode()],
    )
    return {key: _There(*city) for key, *city in cursor.fetchall()}


def _insert(cursor: CursorWrapper, cities: Sequence[Identity]) -> dict[str, int]:
    cursor.execute(
        f"INSERT INTO cityweather_city ({CITY_COLUMNS}) SELECT {CITY_COLUMNS} FROM {INCOMING} "  # noqa: S608
        "ON CONFLICT DO NOTHING RETURNING key, id",
        [_json(cities)],
    )
    return dict(cursor)


def _adopt(cursor: CursorWrapper, cities: Sequence[Identity], ids: list[int]) -> None:
    """Race: the flush, or another import, may change the same cities, so they are locked in the order of ids."""
    cursor.execute("SELECT id FROM cityweather_city WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [ids])
    values = ", ".join(f"{name} = incoming.{name}" for name in OF_PLACE)
    cursor.execute(
        f"UPDATE cityweather_city city SET {values} FROM {INCOMING} "  # noqa: S608
        "WHERE city.key = incoming.key AND city.place_id IS NULL",
        [_json(cities)],
    )


def _json(cities: Sequence[Identity]) -> str:
    return orjson.dumps([city._asdict() for city in cities]).decode()


def _with_renamed(ids: dict[str, int], cities: Sequence[Identity]) -> dict[str, int]:
    """Add the ids of cities whose name is there under another key, made by a Python with other Unicode tables."""
    missing = {city.name: city.key for city in cities if city.key not in ids} if len(ids) < len(cities) else {}
    renamed = City.objects.filter(name__in=missing).values_list("name", "id") if missing else ()
    return ids | {missing[name]: city for name, city in renamed}


def copy(cursor: CursorWrapper, target: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """None becomes NULL, and so does an empty text."""
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
