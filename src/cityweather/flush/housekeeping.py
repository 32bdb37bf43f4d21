"""Keeps the quota's use in the database, too, and removes what nobody needs any more.

That is in Redis what a crash left, in the database what is past its retention.
"""

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from cityweather.flush import quota_usage
from cityweather.models import BulkJob, ImportChunk, JobResult, RejectedRow, SearchHistory
from cityweather.runtime import connections
from cityweather.runtime.batched import batched
from cityweather.tracker.tracker import Tracker

log = logging.getLogger(__name__)

TOGETHER = 1000  # jobs a query
AT_ONCE = 10_000  # rows a transaction, so that the flush has its turn in between


def sweep() -> None:
    """Every ten seconds: copy the quota's use between Redis and the database, and let the keys of ended jobs expire."""
    quota_usage.restore()
    quota_usage.persist()
    expire_ended()


def expire_ended() -> None:
    """Set the TTL that is missing when a flusher dies between the commit of a job's end and tracker.finish()."""
    tracker = connections.tracker()
    lately = timezone.now() - timedelta(minutes=2)  # the scan finds older ones
    _expire(BulkJob.objects.visible().filter(phase=BulkJob.Phase.ENDED, finished_at__gt=lately), tracker)


def forget_unknown() -> int:
    """Delete keys of jobs that the database does not know. Every ten minutes, because it scans. Returns how many."""
    tracker = connections.tracker()
    forgotten = 0
    for job_ids in batched(tracker.known_job_ids(), TOGETHER):
        jobs = BulkJob.objects.in_bulk([UUID(job_id) for job_id in job_ids])
        for job_id in job_ids:
            job = jobs.get(UUID(job_id))
            if job is None:
                tracker.delete(job_id)
                forgotten += 1
                log.warning("unknown_job_forgotten", extra={"job_id": job_id})
        _expire((job for job in jobs.values() if job.phase == BulkJob.Phase.ENDED), tracker)
    return forgotten


def _expire(ended: Iterable[BulkJob], tracker: Tracker) -> None:
    jobs = {str(job.job_id): job for job in ended}
    for job_id, state in zip(jobs, tracker.progresses(list(jobs)), strict=True):
        if state is None or state.ended:
            continue
        if state.processed == jobs[job_id].processed:
            tracker.finish({job_id: (state.epoch, jobs[job_id].status)})
        else:  # Redis came back with an old copy of a job that has ended meanwhile
            tracker.delete(job_id)


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
