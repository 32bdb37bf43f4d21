"""A million real names, imported and, for comparison, written by the bare statements.

`DATABASE_URL=… python -m tests.ingest.speed FILE` empties that database first. Prints one JSON object:
rows a second of the two halves, of both together and of the bare COPY + INSERT of the same rows; the same two in
seconds of CPU (ours and the server's), which a busy machine does not blur; peak MB of the process, which has loaded
what a web process loads; bytes a row of every table and index. The server must run on this machine.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import django
import psutil

TABLES = "cityweather_jobresult, cityweather_rejectedrow, cityweather_city, cityweather_bulkjob"
SIZES = """
    SELECT relname, pg_relation_size(oid) FROM pg_class
    WHERE relkind IN ('r', 'i') AND relname ~ '^(cityweather_(city|jobresult)|result_|rejected_)'
    ORDER BY relname
"""


def measure(file: Path) -> dict[str, Any]:
    from cityweather.ingest.importer import import_spool
    from cityweather.ingest.spool import spool_upload
    from cityweather.ingest.upload import file_chunks
    from tests.ingest.giants import peak

    empty()
    began, cpu_began = time.monotonic(), cpu()
    with spool_upload(file_chunks(file), file_name=file.name) as spool:
        spooled = time.monotonic()
        import_spool(spool)
        ended = time.monotonic()
        figures: dict[str, Any] = {
            "rows": spool.total,
            "read_rows_s": round(spool.rows_read / (spooled - began)),
            "write_rows_s": round(spool.total / (ended - spooled)),
            "import_rows_s": round(spool.rows_read / (ended - began)),
            "import_cpu_s": round(cpu() - cpu_began, 1),
            "peak_mb": round(peak()),
            "bytes_a_row": sizes(spool.total),
        }
        rows = [row for chunk in spool.names(50_000) for row in chunk]
    empty()
    cpu_began = cpu()
    figures["bare_rows_s"] = round(len(rows) / bare(rows))
    figures["bare_cpu_s"] = round(cpu() - cpu_began, 1)
    figures["of_bare"] = round(figures["import_rows_s"] / figures["bare_rows_s"], 2)
    figures["of_bare_by_cpu"] = round(figures["bare_cpu_s"] / figures["import_cpu_s"], 2)
    return figures


def cpu() -> float:
    """Seconds that this process and its server process have worked."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = psutil.Process(cursor.fetchone()[0]).cpu_times()
    return time.process_time() + float(server.user + server.system)


def empty() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE")
        cursor.execute("CHECKPOINT")


def bare(rows: list[Any]) -> float:
    """Seconds for what no import can do without, in one transaction and without any care for others."""
    from django.db import connection, transaction

    from cityweather.ingest.rows import copy
    from cityweather.models import BulkJob

    job = BulkJob.objects.create()
    began = time.monotonic()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE bare (position int, line int, name text, key text) ON COMMIT DROP")
        copy(cursor, "bare", rows)
        cursor.execute("INSERT INTO cityweather_city (name, key) SELECT name, key FROM bare ON CONFLICT DO NOTHING")
        cursor.execute("ANALYZE bare")
        cursor.execute(
            "INSERT INTO cityweather_jobresult (job_id, position, line, city_id) "
            "SELECT %s, position, line, city.id FROM bare JOIN cityweather_city city USING (key)",
            [job.pk],
        )
    return time.monotonic() - began


def sizes(rows: int) -> dict[str, int]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(SIZES)
        return {name: round(size / rows) for name, size in cursor if size > rows}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")
    django.setup()
    from django.core.management import call_command
    from django.urls import get_resolver

    call_command("migrate", verbosity=0, skip_checks=True)
    _ = get_resolver().url_patterns
    sys.stdout.write(json.dumps(measure(Path(sys.argv[1]))))
