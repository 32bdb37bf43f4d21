"""Checks that a job is exact: bits = processed = succeeded + failed = rows in the database (invariants 1 and 2).

It also lists the rows that are missing, and the reason why the job has not ended.
"""

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from cityweather.errors import UnknownFormat
from cityweather.flush import bitmap, flusher, live_jobs, recovery
from cityweather.models import BulkJob, JobResult, Status
from cityweather.runtime import connections
from cityweather.tracker.tracker import TrackedJob, Tracker

log = logging.getLogger(__name__)

SHOWN = 20  # positions that a report lists at most


@dataclass
class Report:
    """`faults`: sentences on what disagrees, none when the job is exact. `left`: those that a repair left."""

    job_id: UUID
    status: str
    total: int
    processed: int
    faults: list[str] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)  # the first positions not done
    why: str = ""  # one sentence on why the job is not finished
    left: list[str] = field(default_factory=list)


def audit(job_id: str, *, repair: bool = False) -> Report | None:
    """Flush first, so that only real faults are left. None: no such job, or a flusher has it at this moment."""
    try:
        flusher.flush_job(job_id)
        return _audit(job_id, connections.tracker(), repair=repair)
    except UnknownFormat as error:
        job = BulkJob.objects.get(pk=job_id)
        return Report(job.job_id, job.status, job.total, job.processed, [error.detail], left=[error.detail])


def _audit(job_id: str, tracker: Tracker, *, repair: bool) -> Report | None:
    with transaction.atomic():
        job = live_jobs.lock(job_id) or BulkJob.objects.visible().filter(pk=job_id, phase=BulkJob.Phase.ENDED).first()
        if job is None:
            return None
        report = _look(job, tracker)
        if repair and report.faults:
            _repair(job, tracker)
            report = replace(_look(job, tracker), faults=report.faults)
    return report


def _look(job: BulkJob, tracker: Tracker) -> Report:
    done, snapshot = recovery.done(job), tracker.snapshot(str(job.job_id))
    if job.ended and snapshot and not snapshot.seen:
        snapshot = None  # its keys have a TTL, so Redis may have evicted one of them
    faults = _database_faults(job)
    if snapshot or not job.ended:
        faults += _redis_faults(snapshot, done)
    gaps = bitmap.first(bitmap.without(bitmap.of(range(job.total), job.total), done), SHOWN)
    why = "" if job.ended else _why(job, snapshot, tracker)
    return Report(job.job_id, job.status, job.total, job.processed, faults, gaps, why, left=faults)


def audit_recent(since: datetime) -> int:
    """Audit every live job and those that ended since. Faults go to the log. Returns the number of jobs with faults."""
    recent = BulkJob.objects.visible().exclude(finished_at__lt=since)
    faulty = 0
    for job_id in recent.values_list("job_id", flat=True):
        report = audit(str(job_id))
        if report and report.faults:
            faulty += 1
            log.error("audit_found_faults", extra={"job_id": str(job_id), "faults": report.faults})
    return faulty


def _database_faults(job: BulkJob) -> list[str]:
    counts = dict(JobResult.objects.filter(job=job).values_list("status").annotate(Count("id")))
    succeeded, failed = counts.get(Status.SUCCESS, 0), counts.get(Status.FAILED, 0)
    rows = sum(counts.values())
    faults = []
    if not (job.imported <= rows <= job.total):  # rows that are just being written are there before they are counted
        faults.append(f"{rows} rows are stored of {job.imported}.")
    if (job.processed, job.succeeded, job.failed) != (succeeded + failed, succeeded, failed):
        faults.append(
            f"The job's counters are {job.processed} = {job.succeeded} + {job.failed}, "
            f"its rows {succeeded + failed} = {succeeded} + {failed}."
        )
    if job.status == BulkJob.Status.DONE and job.processed != job.total:
        faults.append(f"The job is done, but only {job.processed} of its {job.total} rows were processed.")
    return faults


def _redis_faults(snapshot: TrackedJob | None, done: bytes) -> list[str]:
    if snapshot is None:
        return ["Redis does not know the job; the next flush rebuilds it."]
    state, faults = snapshot.state, []
    if not (state.processed == state.succeeded + state.failed == snapshot.bits):
        faults.append(
            f"Redis counts {state.processed} = {state.succeeded} + {state.failed}, but {snapshot.bits} bits are set."
        )
    explained = bitmap.union(done, bitmap.of(snapshot.unflushed, state.total))
    lost, forgotten = bitmap.without(snapshot.seen, explained), bitmap.without(explained, snapshot.seen)
    if any(lost):
        names = bitmap.first(lost, SHOWN)
        faults.append(f"{bitmap.count(lost)} rows are counted in Redis, yet neither stored nor in the stream: {names}.")
    if any(forgotten):
        names = bitmap.first(forgotten, SHOWN)
        faults.append(f"{bitmap.count(forgotten)} rows are done, but not counted in Redis: {names}.")
    return faults


def _why(job: BulkJob, snapshot: TrackedJob | None, tracker: Tracker) -> str:
    if snapshot is None:
        return "Redis does not know the job yet: it waits for the next flush tick. Is beat running?"
    state = snapshot.state
    reasons = (
        (state.processed == job.total, "Every row is done; it ends with the next flush tick."),
        (job.phase == BulkJob.Phase.PAUSED, "It is paused; resume it."),
        (tracker.draining(), "Dispatch of all jobs is parked; `cityweather resume` lets it go on."),
        (bool(state.waiting_for), f"It waits for the {state.waiting_for}."),
    )
    return next((text for holds, text in reasons if holds), None) or _why_by_leases(job, tracker)


def _why_by_leases(job: BulkJob, tracker: Tracker) -> str:
    now, (leases,) = tracker.leases_of([str(job.job_id)])
    if any(lease.state == "running" and lease.deadline > now for lease in leases):
        return "Workers are fetching its rows."
    if any(lease.state == "queued" for lease in leases):
        return "Its batches wait in the fetch queue. Is a worker running?"
    return "No batch is under way: it waits for the next dispatch tick. Is beat running?"


def _repair(job: BulkJob, tracker: Tracker) -> None:
    job_id = str(job.job_id)
    failed = JobResult.objects.filter(job=job, status=Status.FAILED).count()
    job.processed = bitmap.count(recovery.done(job))
    job.failed, job.succeeded = failed, job.processed - failed
    job.save(update_fields=["processed", "succeeded", "failed"])
    if job.ended:
        tracker.delete(job_id)  # the database knows all about an ended job
    else:
        recovery.rebuild(job, tracker.progress(job_id), tracker)
