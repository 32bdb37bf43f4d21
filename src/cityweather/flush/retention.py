"""Deletes what is older than its retention, and deleted jobs, in small transactions that let the flush in between."""

import logging
import time
from datetime import datetime, timedelta

from django.conf import settings

from cityweather.models import BulkJob, SearchHistory, delete_in_chunks

log = logging.getLogger(__name__)


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
        if not job.delete_with_rows(until):
            return
        log.info("job_pruned", extra={"job_id": job_id})
    if settings.RETENTION_DAYS_HISTORY:
        before = now - timedelta(days=settings.RETENTION_DAYS_HISTORY)
        delete_in_chunks(SearchHistory.objects.filter(timestamp__lt=before).order_by("timestamp"), until)
