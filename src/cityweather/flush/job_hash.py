"""The hash of a job in Redis, made from its row.

A job that has not started enters Redis here. recovery.py rebuilds one that has; job_control copies what changes.
"""

import time
from collections.abc import Sequence
from typing import Any

import orjson

from cityweather.models import BulkJob
from cityweather.tracker.progress import Progress
from cityweather.tracker.scripts import Arg
from cityweather.tracker.tracker import Tracker

# Columns that a poll shows and no script needs. Redis has them as one JSON field, so the scripts need not know them.
FACTS = (
    "created_at", "rows_read", "duplicates", "rejected", "ambiguous", "unmatched", "file_name", "label", "owner",
    "schedule_id", "retry_of_id", "rerun_of_id", "phases",
)  # fmt: skip
COPIED = ("phase", "status", "imported", "max_rate")  # columns that change in the database first
COUNTERS = ("total", "processed", "succeeded", "failed")


def install_new(jobs: Sequence[BulkJob], tracker: Tracker) -> None:
    """Put jobs that have not started into Redis. One that Redis has got meanwhile stays as it is.

    They have no results, so nothing is written to the database, where imports may be waiting.
    """
    stored = BulkJob.objects.live().filter(pk__in=[job.pk for job in jobs])
    tracker.install_new({str(job.job_id): {"epoch": job.epoch, **fields(job)} for job in stored})


def fields(job: BulkJob) -> dict[str, Arg]:
    """The whole hash as the database knows it. Claiming starts again at 0 and skips the rows done."""
    started = int(job.started_at.timestamp() * 1000) if job.started_at else 0
    return {
        **copied(job),
        **{name: getattr(job, name) for name in COUNTERS},
        "next": 0,
        "error": job.error or "",
        "started_at": started,
        # The rate is measured from now on. From the start, it would be too low for a job that was rebuilt.
        "mark_at": int(time.time() * 1000) if started else 0,
        "mark_n": job.processed,
        "flushed": job.stream_position,
    }


def copied(job: BulkJob) -> dict[str, Arg]:
    """The part that is copied to Redis again after each change."""
    return {name: getattr(job, name) or 0 for name in COPIED} | {"facts": orjson.dumps(facts(job))}


def facts(job: BulkJob) -> dict[str, Any]:
    """In the types of JSON, as a poll reads them from Redis."""
    found: dict[str, Any] = orjson.loads(orjson.dumps({name: getattr(job, name) for name in FACTS}))
    return found


def agree(job: BulkJob, progress: Progress) -> bool:
    """True if Redis has what the row has. Newer code may have put more facts there."""
    same = all(getattr(progress, name) == getattr(job, name) for name in COPIED)
    return same and facts(job).items() <= progress.facts.items()
