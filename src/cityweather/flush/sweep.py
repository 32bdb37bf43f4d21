"""Tidies up what a crash left: keys of jobs that ended or that the database does not know, dead imports."""

import logging
from datetime import timedelta

from django.utils import timezone

from cityweather import connections
from cityweather.flush import quota_log
from cityweather.ingest.importer import sweep_imports
from cityweather.models import BulkJob

log = logging.getLogger(__name__)


def sweep() -> None:
    """Every ten seconds."""
    quota_log.tell()
    quota_log.keep()
    sweep_imports(timezone.now())
    release_ended()


def release_ended() -> None:
    """A crash between an ended job's commit and its farewell to Redis leaves keys without a TTL."""
    tracker = connections.tracker()
    lately = timezone.now() - timedelta(hours=1)
    for job in BulkJob.objects.filter(phase=BulkJob.Phase.ENDED, finished_at__gt=lately):
        if tracker.progress(str(job.job_id)):
            tracker.finish(str(job.job_id), job.status)


def forget_unknown() -> int:
    """Every ten minutes, since it scans: keys of jobs that the database has no live row of. Returns how many."""
    tracker = connections.tracker()
    forgotten = 0
    for job_id in tracker.known():
        job = BulkJob.objects.filter(pk=job_id).first()
        if job is None:
            tracker.forget(job_id)
            forgotten += 1
            log.warning("unknown_job_forgotten", extra={"job_id": job_id})
        elif job.phase == BulkJob.Phase.ENDED and tracker.progress(job_id):
            tracker.finish(job_id, job.status)
    return forgotten
