"""A million real names, sent to the service as `up` runs it on PostgreSQL, and written by the bare statements.

`python -m tests.benchmarks.importing [COUNT]` prints one JSON object: seconds from the first byte sent to the answer
202, of the reader alone, from the answer to the first result, and until all rows are written; rows a second of the
import tick with the fetching beside it, of the import tick behind a drain, and of the bare COPY + INSERT of the same
rows; the most memory of a web process and of a bookkeeper; bytes a row of every table and index.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import django
import requests

from tests.benchmarks import cities, ours
from tests.benchmarks.stage import Stage, environment, stage

TABLES = "cityweather_jobresult, cityweather_rejectedrow, cityweather_city, cityweather_bulkjob"
SIZES = """
    SELECT json_object_agg(relname, pg_relation_size(oid)) FROM pg_class
    WHERE relkind IN ('r', 'i') AND relname ~ '^(cityweather_(city|jobresult)|result_|rejected_)'
"""


def measure(file: Path) -> dict[str, Any]:
    with stage() as servers:
        figures = through_the_web(servers, file)
        servers.clear()
        figures["alone_rows_s"] = alone(servers, file)
        with environment(**servers.environment()):
            figures |= by_hand(file)
    for name in ("tick", "alone"):
        figures[f"{name}_of_bare"] = round(figures[f"{name}_rows_s"] / figures["bare_rows_s"], 2)
    return figures


def through_the_web(servers: Stage, file: Path) -> dict[str, Any]:
    with ours.running(servers) as system:
        meter, began = system.meter(), time.monotonic()
        job = system.service.send_file(file, {}, None)
        answered = time.monotonic()
        first, written = result_and_import(system, job["job_id"])
        peaks = meter.peaks()
        requests.post(system.stack.url + job["status_url"] + "/cancel", headers=key(system), timeout=30)
        sizes = servers.ask(SIZES)[0]
    rows = job["total"]
    return {
        "rows": rows,
        "answer_s": round(answered - began, 1),
        "first_result_s": round(first - answered, 2),
        "written_s": round(written - answered, 1),
        "tick_rows_s": round((rows - job["imported"]) / (written - answered)),
        "web_peak_mb": round(peaks["web"] / 1024**2),
        "bookkeeper_peak_mb": round(peaks["bookkeeper"] / 1024**2),
        "bytes_a_row": {name: round(size / rows) for name, size in sorted(sizes.items()) if size > rows},
    }


def alone(servers: Stage, file: Path) -> int:
    """Rows a second of the import tick while nothing is fetched."""
    with ours.running(servers) as system:
        system.drain(True)
        job = system.service.send_file(file, {}, None)
        answered = time.monotonic()
        while system.service.job(job["job_id"])["imported"] < job["total"]:
            system.tend(0.2)
        return round((job["total"] - job["imported"]) / (time.monotonic() - answered))


def result_and_import(system: ours.System, job_id: str) -> tuple[float, float]:
    """When the first result was counted, and when the last row was written (monotonic seconds)."""
    first = None
    while True:
        job = system.service.job(job_id)
        if job["processed"] and first is None:
            first = time.monotonic()
        if first and job["imported"] == job["total"]:
            return first, time.monotonic()
        system.tend(0.02)


def key(system: ours.System) -> dict[str, str]:
    return {"X-API-Key": system.stack.api_key}


def by_hand(file: Path) -> dict[str, Any]:
    from django.db import connection

    from cityweather.ingest.spool import spool_upload
    from cityweather.places.names import key as key_of

    django.setup()
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE")
        cursor.execute("CHECKPOINT")
    began = time.monotonic()
    with file.open("rb") as content, spool_upload(content, file_name=file.name) as spool:
        spooled = time.monotonic() - began
        rows = [(position, row.line, row.name, key_of(row.name)) for position, row in enumerate(spool.rows())]
    return {"read_s": round(spooled, 1), "bare_rows_s": round(len(rows) / bare(rows))}


def bare(rows: list[Any]) -> float:
    """Seconds for what no import can do without, in one transaction and without any care for others."""
    from django.db import connection, transaction

    from cityweather.ingest.bulk_writer import copy
    from cityweather.models import BulkJob

    job = BulkJob.objects.create()
    began = time.monotonic()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE bare (position int, line int, name text, key text) ON COMMIT DROP")
        copy(cursor, "bare", rows)
        cursor.execute("INSERT INTO cityweather_city (name, key) SELECT name, key FROM bare ON CONFLICT DO NOTHING")
        cursor.execute("ANALYZE bare")
        cursor.execute(
            "INSERT INTO cityweather_jobresult (job_id, position, line, city_id, asked) "
            "SELECT %s, position, line, city.id, bare.name FROM bare JOIN cityweather_city city USING (key)",
            [job.pk],
        )
    return time.monotonic() - began


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")
    json.dump(measure(cities.named(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)), sys.stdout, indent=1)
