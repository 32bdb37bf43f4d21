"""`python -m cityweather.local.counters JOB`: what Redis, the job's row and its result rows count, each by itself."""

import json
import os
import sys
from typing import Any


def count(job_id: str) -> dict[str, dict[str, int] | None]:
    """By witness: redis (None when it does not know the job), job, results. Needs Django to be set up."""
    from django.db.models import Count  # noqa: PLC0415  # after django.setup()

    from cityweather import connections  # noqa: PLC0415
    from cityweather.models import BulkJob, JobResult, Status  # noqa: PLC0415

    tracker = connections.tracker()
    live = tracker.state(job_id)  # also when it has ended
    job = BulkJob.objects.get(pk=job_id)
    rows: dict[str, int] = dict(JobResult.objects.filter(job=job).values_list("status").annotate(Count("id")))
    succeeded, failed = rows.get(Status.SUCCESS, 0), rows.get(Status.FAILED, 0)
    return {
        "redis": None if live is None else {**_counters(live), "bits": tracker.seen_count(job_id)},
        "job": _counters(job),
        "results": {
            "total": sum(rows.values()), "processed": succeeded + failed, "succeeded": succeeded, "failed": failed,
        },
    }  # fmt: skip


def _counters(source: Any) -> dict[str, int]:
    return {name: getattr(source, name) for name in ("total", "processed", "succeeded", "failed")}


def disagreements(counts: dict[str, dict[str, int] | None]) -> list[str]:
    """Sentences on what is not exact for a job that is done; none when all is well."""
    faults = []
    for witness, counters in counts.items():
        if counters is None:
            faults.append(f"{witness} does not know the job")
            continue
        shown = ", ".join(f"{name} {value}" for name, value in counters.items())
        if counters["processed"] != counters["succeeded"] + counters["failed"]:
            faults.append(f"{witness}: processed is not succeeded + failed ({shown})")
        if counters["processed"] != counters["total"] or counters.get("bits", counters["total"]) != counters["total"]:
            faults.append(f"{witness}: not every row is counted ({shown})")
        if any(counters[name] != (counts["results"] or {}).get(name) for name in ("total", "succeeded", "failed")):
            faults.append(f"{witness} disagrees with the stored results ({shown})")
    return faults


def main() -> None:
    import django  # noqa: PLC0415

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")
    django.setup()
    sys.stdout.write(json.dumps(count(sys.argv[1])))


if __name__ == "__main__":
    main()
