"""The flush alone, and what recording costs: a job's stream is filled without workers and then flushed by one process.

Runs in a process of its own, which is the bookkeeper: `python -m tests.benchmarks.flushing ROWS`, in the stage's
environment. Prints one JSON object; times in CPU seconds except `wall`.
"""

import json
import sys
import time
from typing import Any

import django

COUNT = 500  # results a call


def prepare(rows: int) -> Any:
    from django.db import connection

    from cityweather.models import BulkJob

    job = BulkJob.objects.create(total=rows, status="running", phase="fetching", rows_read=rows)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO cityweather_city (name, key) SELECT 'Some city ' || n, 'some city ' || n "
            "FROM generate_series(1, %s) AS n ORDER BY random() RETURNING id",
            [rows],
        )
        cursor.execute(
            "INSERT INTO cityweather_jobresult (job_id, position, line, city_id, asked) "
            "SELECT %s, row_number() OVER () - 1, row_number() OVER (), id, name FROM cityweather_city",
            [job.pk],
        )
    return job


def results(first: int, count: int) -> list[Any]:
    from cityweather.tracker.results import Result
    from cityweather.weather.providers.base import AskedPlace, Response
    from cityweather.weather.providers.openweather import OpenWeather
    from tests.benchmarks.upstream import END, answers

    provider, place = OpenWeather("http://localhost", "key"), AskedPlace("x")
    made = []
    now = time.time()
    for n, answer in enumerate(answers()):
        (weather,) = provider.parse([place], Response(200, {}, answer.partition(END)[2]))
        made.append((now + n / 1000, weather.pack()))  # type: ignore[union-attr]
    return [Result(first + n, made[n % 64][0], None, made[n % 64][1]) for n in range(count)]


def fill(job: Any) -> float:
    """CPU seconds of this process, the worker's part of recording."""
    from cityweather.flush import flusher
    from cityweather.runtime import connections

    tracker = connections.tracker()
    while tracker.progress(str(job.pk)) is None:  # the first round installs the job
        flusher.flush_job(str(job.pk))
    state = tracker.progress(str(job.pk))
    assert state is not None
    used = 0.0
    for first in range(0, job.total, COUNT):
        batch = results(first, min(COUNT, job.total - first))
        began = time.process_time()
        tracker.record(str(job.pk), state.epoch, "none", batch)
        used += time.process_time() - began
    return used


def flush(job: Any) -> None:
    from cityweather.flush import flusher

    while not job.ended:
        while flusher.flush_job(str(job.pk)):
            pass
        job.refresh_from_db()


def main(rows: int) -> dict[str, Any]:
    from cityweather.runtime import connections
    from tests.benchmarks.costs import Meter

    job = prepare(rows)
    pids = json.loads(sys.argv[2])
    server: Any = connections.redis_client()
    server.config_resetstat()
    meter = Meter(pids)
    recorded, redis_recording = fill(job), meter.used()["redis"]
    script = server.info("commandstats")["cmdstat_evalsha"]["usec"] / 1e6
    meter, began, own = Meter(pids), time.monotonic(), time.process_time()
    flush(job)
    wall = time.monotonic() - began
    return {
        "rows": rows, "wall": wall, "bookkeeper": time.process_time() - own, **meter.used(),
        "record_worker": recorded, "record_redis": redis_recording, "record_script": script,
        "exact": job.processed == rows,
    }  # fmt: skip


if __name__ == "__main__":
    django.setup()
    print(json.dumps(main(int(sys.argv[1]))))
