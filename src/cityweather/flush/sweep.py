"""Removes what a crash left: keys of jobs that have ended or that the database does not know."""

import logging
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from cityweather.flush import quota_usage
from cityweather.models import BulkJob
from cityweather.runtime import connections
from cityweather.runtime.batched import batched
from cityweather.tracker.tracker import Tracker

log = logging.getLogger(__name__)

TOGETHER = 1000  # jobs a query


def sweep() -> None:
    """Every ten seconds."""
    quota_usage.restore()
    quota_usage.persist()
    release_ended()


def release_ended() -> None:
    """Set the TTL that is missing when a flusher dies between the commit of a job's end and tracker.finish()."""
    tracker = connections.tracker()
    lately = timezone.now() - timedelta(minutes=2)  # the scan finds older ones
    _release(BulkJob.objects.visible().filter(phase=BulkJob.Phase.ENDED, finished_at__gt=lately), tracker)


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
        _release((job for job in jobs.values() if job.phase == BulkJob.Phase.ENDED), tracker)
    return forgotten


def _release(ended: Iterable[BulkJob], tracker: Tracker) -> None:
    jobs = {str(job.job_id): job for job in ended}
    for job_id, state in zip(jobs, tracker.progresses(list(jobs)), strict=True):
        if state is None or state.ended:
            continue
        if state.processed == jobs[job_id].processed:
            tracker.finish({job_id: (state.epoch, jobs[job_id].status)})
        else:  # Redis came back with an old copy of a job that has ended meanwhile
            tracker.delete(job_id)
