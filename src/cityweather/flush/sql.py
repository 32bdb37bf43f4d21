"""The two set-based updates of a flush, for PostgreSQL (arrays) and SQLite (one JSON text)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from django.db import connection

from cityweather.errors import AmbiguousCity
from cityweather.tracker.results import Result
from cityweather.weather.providers.base import Weather

# A new table has no statistics, and even with them a planner that may use hash joins reads every row of the job, or
# every city, for each flush. OFFSET 0 makes it look up row by row; the joins that follow use the primary key.
BY_INDEX = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off"
RESULTS_POSTGRESQL = """
WITH i AS MATERIALIZED (
  SELECT i.*, r.id
  FROM unnest(%s::int[], %s::text[], %s::timestamptz[], %s::text[], %s::float8[], %s::text[], %s::int[])
       AS i (position, status, refreshed_at, error, temperature, condition, humidity)
  CROSS JOIN LATERAL (SELECT id FROM cityweather_jobresult
                      WHERE job_id = %s AND position = i.position AND status = 'pending' OFFSET 0) AS r)
UPDATE cityweather_jobresult AS r
SET status = i.status, refreshed_at = i.refreshed_at, error = i.error,
    temperature = i.temperature, condition = i.condition, humidity = i.humidity
FROM i WHERE r.id = i.id
RETURNING r.position, r.city_id
"""
# MATERIALIZED and CROSS JOIN fix the order. Without them SQLite reads all rows of the job once for every result.
RESULTS_SQLITE = """
WITH i AS MATERIALIZED (
  SELECT r.id AS id, json_extract(value, '$[1]') AS status, json_extract(value, '$[2]') AS refreshed_at,
         json_extract(value, '$[3]') AS error, json_extract(value, '$[4]') AS temperature,
         json_extract(value, '$[5]') AS condition, json_extract(value, '$[6]') AS humidity
  FROM json_each(%s) CROSS JOIN cityweather_jobresult AS r
  WHERE r.job_id = %s AND r.position = json_extract(value, '$[0]') AND +r.status = 'pending')
UPDATE cityweather_jobresult
SET status = i.status, refreshed_at = i.refreshed_at, error = i.error,
    temperature = i.temperature, condition = i.condition, humidity = i.humidity
FROM i WHERE cityweather_jobresult.id = i.id
RETURNING position, city_id
"""
# Two jobs may share cities: flushes that lock them in id order wait for each other instead of deadlocking.
LOCK_CITIES = "SELECT id FROM cityweather_city WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE"
# A failure leaves the last known weather, and the time it was refreshed, as they are.
CITY_COLUMNS = (
    ("temperature", "float8"), ("condition", "text"), ("humidity", "int"), ("observed_at", "timestamptz"),
    ("feels_like", "float8"), ("description", "text"), ("wind_speed", "float8"),
)  # fmt: skip
# A City keeps its place, of the gazetteer or of the first answer. Another answer must not move the city.
PLACE_COLUMNS = (
    ("latitude", "float8"), ("longitude", "float8"), ("country", "text"), ("region", "text"), ("matched_name", "text"),
    ("ambiguous", "int"),
)  # fmt: skip
_SET = ", ".join(
    [f"{name} = coalesce(i.{name}, cityweather_city.{name})" for name, _ in CITY_COLUMNS]
    + [
        f"{name} = CASE WHEN cityweather_city.latitude IS NULL THEN i.{name} ELSE cityweather_city.{name} END"
        for name, _ in PLACE_COLUMNS
    ]
)
COLUMNS = (*CITY_COLUMNS, *PLACE_COLUMNS)
_NAMES = ", ".join(name for name, _ in COLUMNS)
_CITIES = (
    "UPDATE cityweather_city SET last_status = i.status, last_error = i.error, "  # noqa: S608
    "last_refreshed_at = CASE i.status WHEN 'success' THEN i.refreshed_at "
    "ELSE cityweather_city.last_refreshed_at END, "
    f"{_SET} FROM {{source}} AS i{{columns}} WHERE cityweather_city.id = i.id "
    "AND (cityweather_city.last_refreshed_at IS NULL OR cityweather_city.last_refreshed_at < i.refreshed_at)"
)
CITIES_POSTGRESQL = _CITIES.format(
    source="unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::text[], "
    + ", ".join(f"%s::{kind}[]" for _, kind in COLUMNS)
    + ")",
    columns=f" (id, refreshed_at, status, error, {_NAMES})",
)
CITIES_SQLITE = _CITIES.format(
    source="(SELECT "  # noqa: S608
    + ", ".join(
        f"json_extract(value, '$[{n}]') AS {name}"
        for n, name in enumerate(["id", "refreshed_at", "status", "error", *[name for name, _ in COLUMNS]])
    )
    + " FROM json_each(%s))",
    columns="",
)


@lru_cache(maxsize=10_000)  # a flush has few distinct times, and formatting one costs as much as the rest of its row
def _time(seconds: float | None) -> str | None:
    """As SQLite stores it. PostgreSQL reads it, too, because its connection is in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _status(result: Result) -> str:
    return "success" if result.error is None else "failed"


def _text(value: Any, most: int) -> str | None:
    """A text that the column takes: one value that it refuses would stop the flush of the whole job."""
    return str(value).replace("\0", "")[:most] if value is not None else None


def _percent(value: Any) -> int | None:
    return int(value) if value is not None and 0 <= value <= 100 else None


def _result_row(result: Result, now: float) -> list[Any]:
    temperature, condition, humidity = (result.weather or [None] * 3)[:3]
    head = [result.position, _status(result), _time(min(result.refreshed_at, now)), _text(result.error, 50)]
    return [*head, temperature, _text(condition, 50), _percent(humidity)]


def _city_row(city_id: int, result: Result, now: float) -> list[Any]:
    """A time ahead of now becomes now: until that time nothing newer could replace the result."""
    head = [city_id, _time(min(result.refreshed_at, now)), _status(result), _text(result.error, 200)]
    if result.weather is None:
        return [*head, *[None] * (len(COLUMNS) - 1), 0]
    w = Weather.unpack(result.weather)
    return [
        *head, w.temperature, _text(w.condition, 50), _percent(w.humidity), _time(w.observed_at), w.feels_like,
        _text(w.description, 100), w.wind_speed, w.latitude, w.longitude, _text(w.country, 2), _text(w.region, 200),
        _text(w.name, 200), result.ambiguous,
    ]  # fmt: skip


def _array(values: Sequence[Any]) -> str:
    """The text of a PostgreSQL array. psycopg2's own ARRAY[…] is slower: each element is parsed as an expression."""
    text = orjson.dumps(values).decode()
    if "\\" in text:  # JSON has escapes that PostgreSQL does not know
        text = "[" + ",".join(map(_element, values)) + "]"
    return "{" + text[1:-1] + "}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)


def _order(result: Result) -> tuple[float, bool]:
    """Among results of the same time a success comes last."""
    return result.refreshed_at, result.error is None


def update_results(job_id: str, results: Sequence[Result], now: float) -> list[tuple[int, int]]:
    """Write the rows that are still pending. Returns (position, city id) of those that changed. `now`: Unix seconds."""
    rows = [_result_row(result, now) for result in results]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(BY_INDEX)
            cursor.execute(RESULTS_POSTGRESQL, [*map(_array, zip(*rows, strict=True)), job_id])
        else:
            cursor.execute(RESULTS_SQLITE, [orjson.dumps(rows).decode(), job_id.replace("-", "")])
        return [(position, city_id) for position, city_id in cursor.fetchall()]


def update_cities(results: Sequence[tuple[int, Result]], now: float) -> None:
    """Write each (city id, result) into its City row, unless that row is newer. `now`: Unix seconds.

    Of several results of a city the newest counts. A row that failed as ambiguous is no refresh of its city.
    """
    newest: dict[int, Result] = {}
    for city_id, result in results:
        if result.error != AmbiguousCity.code and (city_id not in newest or _order(newest[city_id]) <= _order(result)):
            newest[city_id] = result
    if not newest:
        return
    rows = [_city_row(city_id, newest[city_id], now) for city_id in sorted(newest)]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            columns = [_array(column) for column in zip(*rows, strict=True)]
            cursor.execute(LOCK_CITIES, [columns[0]])
            cursor.execute(CITIES_POSTGRESQL, columns)
        else:
            cursor.execute(CITIES_SQLITE, [orjson.dumps(rows).decode()])
