"""Rows and live jobs for the tests of the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cityweather.flush import job_hash
from cityweather.models import BulkJob, City, JobResult, Status
from cityweather.runtime import connections
from cityweather.tracker.results import Result

KEY = "test-key"  # tests/hermetic.py sets it, by the name "test"
START = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def make_job(outcomes: str = "", **fields: Any) -> BulkJob:
    """One row for each letter: s(uccess), f(ailed), p(ending), refreshed a second apart."""
    succeeded, failed = outcomes.count("s"), outcomes.count("f")
    defaults: dict[str, Any] = {
        "total": len(outcomes), "imported": len(outcomes), "rows_read": len(outcomes), "succeeded": succeeded,
        "failed": failed, "processed": succeeded + failed, "status": "running", "phase": "fetching",
        "created_at": START, "started_at": START,
    }  # fmt: skip
    job = BulkJob.objects.create(**defaults | fields)
    cities = [make_city(f"City {n:04}") for n in range(len(outcomes))]
    JobResult.objects.bulk_create([make_result(job, n, outcomes[n], city) for n, city in enumerate(cities)])
    return job


def make_city(name: str, **fields: Any) -> City:
    return City.objects.get_or_create(key=name.casefold(), defaults={"name": name, "country": "NO"} | fields)[0]


def make_result(job: BulkJob, position: int, letter: str, city: City) -> JobResult:
    row = JobResult(job=job, position=position, line=position + 2, city=city, asked=city.name)
    if letter != "p":
        row.refreshed_at = START + timedelta(seconds=position)
    if letter == "s":
        row.status, row.temperature, row.condition, row.humidity = Status.SUCCESS, 1.5, "Clouds", 80
    if letter == "f":
        row.status, row.error = Status.FAILED, "unknown_city"
    return row


def go_live(job: BulkJob, succeeded: int = 0, failed: int = 0, **fields: Any) -> None:
    """Put the job into Redis with this many rows counted."""
    tracker, job_id = connections.tracker(), str(job.job_id)
    tracker.install(job_id, 1, "1-1", b"", {**job_hash.fields(job), "flushed": "1-1", **fields})
    token = "t"
    claim = tracker.claim(job_id, 1, token, job.total, missing=True)
    errors = [None] * succeeded + ["unknown_city"] * failed
    results = [Result(at, START.timestamp(), error) for at, error in zip(claim.positions, errors, strict=False)]
    assert tracker.record(job_id, 1, token, results).counted == succeeded + failed
