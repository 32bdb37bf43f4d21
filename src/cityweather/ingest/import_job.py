"""The job of an import while it is being written: inserted once for each Idempotency-Key, then kept by a heartbeat."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from cityweather.errors import ImportInProgress, KeyReused
from cityweather.ingest import open_jobs
from cityweather.ingest.spool import Spool
from cityweather.models import BulkJob

PAUSE = 0.2  # seconds between two looks at the job of the request that came first
WAIT = 30.0  # seconds; proxies give up after 60
ASK_AGAIN = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Clock:
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def begin_job(
    spool: Spool, owner: str, key: str | None, *, clock: Clock | None = None, **fields: Any
) -> tuple[BulkJob, bool]:
    """(the job, whether it is new and the caller must write it). `fields`: further columns of a new one.

    Raises TooManyJobs, KeyReused, ImportInProgress.
    """
    clock = clock or Clock()
    deadline = clock.now() + WAIT
    while True:
        job = key and BulkJob.objects.filter(owner=owner, idempotency_key=key).first()
        if not job:
            if job := _insert(spool, owner, key, fields):
                return job, True
            continue  # another request has just inserted it
        if job.content_hash != spool.content_hash:
            raise KeyReused
        if job.phase != BulkJob.Phase.READING:
            return job, False
        if clock.now() >= deadline:
            raise ImportInProgress(retry_after=ASK_AGAIN)
        clock.sleep(PAUSE)


def _insert(spool: Spool, owner: str, key: str | None, fields: dict[str, Any]) -> BulkJob | None:
    """None when another request has inserted a job with this key."""
    now = database_now()
    try:
        with transaction.atomic():
            open_jobs.enter_alone(owner)
            open_jobs.check(owner, key)
            return BulkJob.objects.create(
                phases=[[BulkJob.Phase.READING.value, now.isoformat(timespec="milliseconds")]],
                total=spool.total,
                rows_read=spool.rows_read,
                duplicates=spool.duplicates,
                rejected=spool.rejected,
                file_name=spool.file_name,
                content_hash=spool.content_hash,
                owner=owner,
                idempotency_key=key,
                created_at=now,
                heartbeat_at=now,
                **fields,
            )
    except IntegrityError:
        if key is None:
            raise
        return None


def renew(job: BulkJob, now: datetime) -> bool:
    """Compare and swap the heartbeat. False when another process has taken the import over.

    The import belongs to the process that changed its heartbeat last.
    """
    mine = BulkJob.objects.reading().filter(pk=job.pk, heartbeat_at=job.heartbeat_at)
    job.heartbeat_at = now
    return bool(mine.update(heartbeat_at=now))


def database_now() -> datetime:
    """By the database's clock: those of the machines that write and sweep may differ by more than a minute."""
    if connection.vendor != "postgresql":
        return timezone.now()  # SQLite has no clock but ours
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
