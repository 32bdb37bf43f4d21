"""What is old goes, in small transactions that let the flush in between."""

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from cityweather.models import BulkJob, BulkJobs, JobResult, RejectedRow, SearchHistory

log = logging.getLogger(__name__)

CHUNK = 10_000  # rows a transaction


def hide(jobs: BulkJobs) -> int:
    """Delete those that have ended: from now on nobody knows them, and the next ticks delete their rows. How many."""
    ended = jobs.filter(phase=BulkJob.Phase.ENDED)
    return ended.update(phase=BulkJob.Phase.READING, heartbeat_at=timezone.now(), idempotency_key=None)


def delete_job(job: BulkJob, until: float = float("inf")) -> bool:
    """False when time (monotonic seconds) ran out; called again it goes on.

    Rows first: a crash in between leaves a job that can be deleted again, never rows without a job.
    """
    # In the order of an index that begins with the job: in that of `id` each chunk would pass all older rows.
    results = JobResult.objects.filter(job=job).order_by("position")
    rejected = RejectedRow.objects.filter(job=job).order_by("id")
    if not (delete_in_chunks(results, until) and delete_in_chunks(rejected, until)):
        return False
    job.delete()
    return True


def delete_in_chunks(rows: models.QuerySet[Any], until: float = float("inf")) -> bool:
    while ids := list(rows.values_list("pk", flat=True)[:CHUNK]):
        rows.model.objects.filter(pk__in=ids).delete()
        if time.monotonic() > until:
            return False
    return True


def prune(now: datetime, seconds: float = 2.0) -> None:
    """Deleted jobs, and what is past its retention (RETENTION_DAYS_JOBS, RETENTION_DAYS_HISTORY; 0 keeps all).

    For so many seconds at most: the next tick goes on, and the flush has its turn in between.
    """
    until = time.monotonic() + seconds
    if settings.RETENTION_DAYS_JOBS:
        before = now - timedelta(days=settings.RETENTION_DAYS_JOBS)
        hide(BulkJob.objects.filter(finished_at__lt=before))
    for job in BulkJob.objects.deleted():
        job_id = str(job.job_id)
        if not delete_job(job, until):
            return
        log.info("job_pruned", extra={"job_id": job_id})
    if settings.RETENTION_DAYS_HISTORY:
        before = now - timedelta(days=settings.RETENTION_DAYS_HISTORY)
        delete_in_chunks(SearchHistory.objects.filter(timestamp__lt=before).order_by("timestamp"), until)
