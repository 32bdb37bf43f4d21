"""Deletes what is older than its retention, and deleted jobs, in small transactions that let the flush in between."""

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from cityweather.models import BulkJob, ImportChunk, JobResult, RejectedRow, SearchHistory

log = logging.getLogger(__name__)

AT_ONCE = 10_000  # rows a transaction, so that the flush has its turn in between


def prune(now: datetime, seconds: float = 2.0) -> None:
    """Delete for so many seconds at most; the next tick goes on.

    RETENTION_DAYS_JOBS and RETENTION_DAYS_HISTORY set how long jobs and searches are kept; 0 keeps all.
    """
    until = time.monotonic() + seconds
    if settings.RETENTION_DAYS_JOBS:
        old = BulkJob.objects.filter(finished_at__lt=now - timedelta(days=settings.RETENTION_DAYS_JOBS))
        old.filter(schedules=None).hide()  # a schedule needs the rows of its source
    for job in BulkJob.objects.deleted():
        job_id = str(job.job_id)
        if not delete_with_rows(job, until):
            return
        log.info("job_pruned", extra={"job_id": job_id})
    if settings.RETENTION_DAYS_HISTORY:
        before = now - timedelta(days=settings.RETENTION_DAYS_HISTORY)
        delete_in_parts(SearchHistory.objects.filter(timestamp__lt=before).order_by("timestamp"), until)


def delete_with_rows(job: BulkJob, until: float = float("inf")) -> bool:
    """Delete the job in small transactions; cities stay. False when time (monotonic seconds) ran out: call again.

    The rows go first: a crash in between leaves a job that can be deleted again, never rows without a job. Chunks
    go before them, or the import tick would write more.
    """
    ImportChunk.objects.filter(job=job).delete()
    # The order is that of an index that begins with the job. In the order of `id` each part would first read the
    # rows of all older jobs.
    results = JobResult.objects.filter(job=job).order_by("position")
    rejected = RejectedRow.objects.filter(job=job).order_by("id")
    if not (delete_in_parts(results, until) and delete_in_parts(rejected, until)):
        return False
    job.delete()
    return True


def delete_in_parts(rows: QuerySet[Any], until: float = float("inf")) -> bool:
    """False when time (monotonic seconds) ran out before all were deleted."""
    while ids := list(rows.values_list("pk", flat=True)[:AT_ONCE]):
        rows.model.objects.filter(pk__in=ids).delete()
        if time.monotonic() > until:
            return False
    return True
