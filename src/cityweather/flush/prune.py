"""What is old goes, in small transactions that let the flush in between."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models

from cityweather.models import BulkJob, JobResult, RejectedRow, SearchHistory

log = logging.getLogger(__name__)

CHUNK = 10_000  # rows a transaction


def delete_job(job: BulkJob) -> None:
    """Rows first: a crash in between leaves a job that can be deleted again, never rows without a job."""
    for model in (JobResult, RejectedRow):
        delete_in_chunks(model.objects.filter(job=job))
    job.delete()


def delete_in_chunks(rows: models.QuerySet[Any]) -> int:
    deleted = 0
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        deleted += rows.model.objects.filter(pk__in=ids).delete()[0]
    return deleted


def prune(now: datetime) -> None:
    """Ended jobs and history past their retention (RETENTION_DAYS_JOBS, RETENTION_DAYS_HISTORY; 0 keeps all)."""
    if settings.RETENTION_DAYS_JOBS:
        before = now - timedelta(days=settings.RETENTION_DAYS_JOBS)
        for job in BulkJob.objects.filter(phase=BulkJob.Phase.ENDED, finished_at__lt=before).order_by("created_at"):
            delete_job(job)
            log.info("job_pruned", extra={"job_id": str(job.job_id)})
    if settings.RETENTION_DAYS_HISTORY:
        before = now - timedelta(days=settings.RETENTION_DAYS_HISTORY)
        delete_in_chunks(SearchHistory.objects.filter(timestamp__lt=before))
