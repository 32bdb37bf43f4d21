"""A million real names, sent to the service as `up` runs it on PostgreSQL, and written by the bare statements.

`python -m tests.ingest.speed [COUNT]` prints one JSON object: rows a second from the first byte sent to the answer 202,
of the reader alone, and of the bare COPY + INSERT of the same rows; import and bare once more in seconds of CPU (client
aside), which a busy machine blurs less; the most memory of a web process; seconds from the answer, which follows the
commit, to the first result; bytes a row of every table and index.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import django
import psutil
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
        with environment(**servers.environment()):
            figures |= by_hand(file)
    figures["of_bare"] = round(figures["import_rows_s"] / figures["bare_rows_s"], 2)
    figures["of_bare_by_cpu"] = round(figures["bare_cpu_s"] / figures["import_cpu_s"], 2)
    return figures


def through_the_web(servers: Stage, file: Path) -> dict[str, Any]:
    with ours.running(servers) as system:
        meter, began = system.meter(), time.monotonic()
        job = system.service.send_file(file, {}, None)
        answered = time.monotonic()
        used, peaks = meter.used(), meter.peaks()
        while not system.service.job(job["job_id"])["processed"]:
            time.sleep(0.01)
        first = time.monotonic() - answered
        requests.post(system.stack.url + job["status_url"] + "/cancel", headers=key(system), timeout=30)
        sizes = servers.ask(SIZES)[0]
    rows = job["rows_read"]
    return {
        "rows": rows,
        "import_rows_s": round(rows / (answered - began)),
        "import_cpu_s": round(used["web"] + used["postgresql"], 1),
        "web_peak_mb": round(peaks["web"] / 1024**2),
        "first_result_s": round(first, 2),
        "bytes_a_row": {name: round(size / rows) for name, size in sorted(sizes.items()) if size > rows},
    }


def key(system: ours.System) -> dict[str, str]:
    return {"X-API-Key": system.stack.api_key}


def by_hand(file: Path) -> dict[str, Any]:
    from django.db import connection

    from cityweather.ingest.spool import spool_upload
    from cityweather.ingest.upload_stream import file_chunks

    django.setup()
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE")
        cursor.execute("CHECKPOINT")
    began = time.monotonic()
    with spool_upload(file_chunks(file), file_name=file.name) as spool:
        spooled = time.monotonic() - began
        rows = [row for chunk in spool.names(50_000) for row in chunk]
    cpu_began = cpu()
    return {
        "read_rows_s": round(len(rows) / spooled),
        "bare_rows_s": round(len(rows) / bare(rows)),
        "bare_cpu_s": round(cpu() - cpu_began, 1),
    }


def cpu() -> float:
    """Seconds that this process and its server process have worked."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = psutil.Process(cursor.fetchone()[0]).cpu_times()
    return time.process_time() + float(server.user + server.system)


def bare(rows: list[Any]) -> float:
    """Seconds for what no import can do without, in one transaction and without any care for others."""
    from django.db import connection, transaction

    from cityweather.ingest.bulk_writer import copy
    from cityweather.models import BulkJob

    job = BulkJob.objects.create()
    began = time.monotonic()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE bare (position int, line int, name text, key text) ON COMMIT DROP")
        copy(cursor, "bare", (row[:4] for row in rows))
        cursor.execute("INSERT INTO cityweather_city (name, key) SELECT name, key FROM bare ON CONFLICT DO NOTHING")
        cursor.execute("ANALYZE bare")
        cursor.execute(
            "INSERT INTO cityweather_jobresult (job_id, position, line, city_id) "
            "SELECT %s, position, line, city.id FROM bare JOIN cityweather_city city USING (key)",
            [job.pk],
        )
    return time.monotonic() - began


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")
    json.dump(measure(cities.csv(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)), sys.stdout, indent=1)
