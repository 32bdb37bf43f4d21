"""Cancel, pause, resume, rate, label, delete.

A command commits to the database first and is then copied to Redis. Every dispatch tick compares the two (sync), so a
copy that failed or came late is made good within a second.
"""

import logging
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from cityweather.errors import JobConflict, JobNotFound
from cityweather.flush import job_hash
from cityweather.models import BulkJob, Schedule
from cityweather.runtime import connections
from cityweather.tracker.progress import Progress
from cityweather.tracker.tracker import Tracker

log = logging.getLogger(__name__)

Phase = BulkJob.Phase
NO_SOURCE = "The job whose cities it refreshes was deleted. Make a new schedule from another job."
RUNS = (Phase.IMPORTING, Phase.QUEUED, Phase.FETCHING)
ACTIVE = (*RUNS, Phase.PAUSED)


def get(job_id: str) -> BulkJob:
    job = BulkJob.objects.visible().filter(pk=job_id).first()
    if job is None:
        raise JobNotFound
    return job


def cancel(job_id: str) -> BulkJob:
    """Dispatch stops at once, batches under way stop at their next check. A second call changes nothing."""
    return _enter(job_id, Phase.CANCELLING, ACTIVE, already=(Phase.CANCELLING, BulkJob.Status.CANCELLED))


def pause(job_id: str) -> BulkJob:
    """Nothing more is dispatched; batches under way finish."""
    return _enter(job_id, Phase.PAUSED, RUNS, already=(Phase.PAUSED,))


def resume(job_id: str) -> BulkJob:
    return _enter(job_id, None, (Phase.PAUSED,), already=RUNS)


def set_rate(job_id: str, per_minute: int | None) -> BulkJob:
    """`per_minute` cities at most, None for no limit, from now on."""
    job = get(job_id)
    if not BulkJob.objects.filter(pk=job.pk, phase__in=ACTIVE).update(max_rate=per_minute):
        raise conflict(job)
    return _copied(job)


def set_label(job_id: str, label: str) -> BulkJob:
    """Also of an ended job."""
    job = get(job_id)
    BulkJob.objects.filter(pk=job.pk).update(label=label)
    return _copied(job)


def _enter(job_id: str, phase: Phase | None, only_from: Sequence[Phase], already: Sequence[str]) -> BulkJob:
    """As enter(). `already`: the states in which there is nothing to do. Raises JobNotFound, JobConflict."""
    job = get(job_id)
    if _state(job) not in already and not enter(job, phase, only_from):
        job = get(job_id)
        if _state(job) not in already:
            raise conflict(job)
    return _copied(job)


def _state(job: BulkJob) -> str:
    """The phase, because the status may be "running" while the job is being cancelled; the status once it has ended."""
    return job.status if job.ended else job.phase


def conflict(job: BulkJob) -> JobConflict:
    return JobConflict(state=_state(get(str(job.job_id))))


def _copied(job: BulkJob) -> BulkJob:
    """Copy the command to Redis now. While Redis is unreachable, the next dispatch tick copies it."""
    job = get(str(job.job_id))
    try:
        if not job.ended:
            copy(job, None, connections.tracker())
    except RedisError:
        log.warning("command_not_copied", extra={"job_id": str(job.job_id)})
    return job


# --- the database first --------------------------------------------------------------------------------------------


def enter(job: BulkJob, phase: Phase | None, only_from: Sequence[Phase], **changes: Any) -> bool:
    """Move the stored job to a phase, if it is in one of `only_from`. `changes`: columns that are set with it.

    None is the phase in which it runs, read from the locked row: the job may have changed since it was read.
    """
    with transaction.atomic():
        stored = BulkJob.objects.select_for_update().filter(pk=job.pk).first()
        if stored is None or stored.phase not in only_from:
            return False
        stored.enter(phase or stored.running_phase)
        for name, value in changes.items():
            setattr(stored, name, value)
        stored.save(update_fields=["phase", "phases", *changes])
    job.phase = stored.phase
    return True


def start(jobs: Sequence[BulkJob]) -> list[BulkJob]:
    """Their first rows are about to be claimed: they run, though a pause may have come since they were read.

    Returns them as stored, without those that have ended.
    """
    ids = [job.pk for job in jobs]
    with transaction.atomic():
        stored = list(BulkJob.objects.live().select_for_update().filter(pk__in=ids).order_by("pk"))
        for job in stored:
            if job.phase == Phase.QUEUED:
                job.enter(Phase.FETCHING)
            job.status = BulkJob.Status.RUNNING
            job.started_at = job.started_at or timezone.now()
            job.save(update_fields=["phase", "phases", "status", "started_at"])
    return stored


# --- then Redis ----------------------------------------------------------------------------------------------------


def sync(job: BulkJob, progress: Progress, tracker: Tracker) -> bool:
    """Make Redis agree with the job's row. True if its phase lets rows be dispatched.

    Only a failure of the whole job goes the other way: a worker sets it in Redis, this writes it into the row.
    """
    if job_hash.agree(job, progress):
        return job.phase in RUNS
    # Race: the caller read the row up to a second ago, and a command may have come since.
    job.refresh_from_db()
    if progress.phase == Phase.FAILING and job.phase in ACTIVE:
        enter(job, Phase.FAILING, ACTIVE, error=progress.error)
        job.refresh_from_db()
    if not job.ended and not job_hash.agree(job, progress):
        copy(job, progress.epoch, tracker)
    return job.phase in RUNS


def copy(job: BulkJob, epoch: int | None, tracker: Tracker) -> None:
    """Write into the job's hash what changes in its row."""
    tracker.copy_row(str(job.job_id), epoch, job_hash.copied(job))


def copy_start(job: BulkJob, progress: Progress, tracker: Tracker) -> None:
    """Write the start into the job's hash, with a first sample for the rate."""
    assert job.started_at is not None  # noqa: S101  # start() has set it
    ms = int(job.started_at.timestamp() * 1000)
    times = {"started_at": ms, "mark_at": ms, "mark_n": progress.processed}
    tracker.set_fields(str(job.job_id), progress.epoch, **times)
    copy(job, progress.epoch, tracker)


# --- delete -----------------------------------------------------------------------------------------------------------


def delete(job_id: str) -> None:
    """Delete an ended job with its results: it is invisible at once, and the pruning deletes its rows. Cities stay.

    Its schedules are paused, with the reason.
    """
    job = get(job_id)
    if not BulkJob.objects.filter(pk=job.pk).hide():
        raise JobConflict("The job has not ended. Cancel it first, or wait for its end.")
    Schedule.objects.filter(source=job, paused=False).update(paused=True, pause_reason=NO_SOURCE, next_at=None)
    try:
        connections.tracker().delete(job_id)
    except RedisError:
        log.warning("keys_left_to_expire", extra={"job_id": job_id})
