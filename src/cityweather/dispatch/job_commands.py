"""What people say to a running job: first into the database, then copied to the tracker by every tick."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from cityweather.flush import job_lock
from cityweather.models import BulkJob
from cityweather.tracker.progress import Progress
from cityweather.tracker.tracker import Tracker

ACTIVE = (BulkJob.Phase.QUEUED, BulkJob.Phase.FETCHING, BulkJob.Phase.PAUSED)


def enter(job: BulkJob, phase: BulkJob.Phase, only_from: tuple[BulkJob.Phase, ...], **changes: Any) -> bool:
    """Move the stored job to a phase, if it still is in one of those named; `changes` are columns set with it."""
    with transaction.atomic():
        stored = BulkJob.objects.select_for_update().filter(pk=job.pk).first()
        if stored is None or stored.phase not in only_from:
            return False
        started = phase == BulkJob.Phase.QUEUED and stored.started_at  # meanwhile
        stored.enter(BulkJob.Phase.FETCHING if started else phase)
        for name, value in changes.items():
            setattr(stored, name, value)
        stored.save(update_fields=["phase", "phases", *changes])
    job.phase = stored.phase
    return True


def start(job: BulkJob) -> BulkJob | None:
    """The job's first rows are claimed: it runs, though a pause may have come since the claim. None: it has ended."""
    with transaction.atomic():
        stored = BulkJob.objects.live().select_for_update().filter(pk=job.pk).first()
        if stored is None:
            return None
        if stored.phase == BulkJob.Phase.QUEUED:
            stored.enter(BulkJob.Phase.FETCHING)
        stored.status = BulkJob.Status.RUNNING
        stored.started_at = stored.started_at or timezone.now()
        stored.save(update_fields=["phase", "phases", "status", "started_at"])
    return stored


def sync(job: BulkJob, state: Progress, tracker: Tracker) -> str:
    """The command in force. A worker's verdict that the whole job fails goes the other way, into the database."""
    if _agree(job, state):
        return state.command
    # The caller read the row up to a second ago, and a command may have come since.
    job.refresh_from_db(fields=["phase", "status", "max_rate"])
    if job.ended:
        return "ended"
    wanted = job_lock.command(job)
    if state.command == "fail" and wanted in ("", "pause"):
        enter(job, BulkJob.Phase.FAILING, ACTIVE, error=state.error)
        return "fail"
    if not _agree(job, state):
        copy(job, state.epoch, tracker)
    return wanted


def copy(job: BulkJob, epoch: int | None, tracker: Tracker) -> None:
    """The stored command into the tracker's hash."""
    tracker.command(
        str(job.job_id), epoch, job_lock.command(job), phase=job.phase, status=job.status, max_rate=job.max_rate
    )


def _agree(job: BulkJob, state: Progress) -> bool:
    return (state.command, state.phase, state.status, state.max_rate) == (
        job_lock.command(job), job.phase, job.status, job.max_rate,
    )  # fmt: skip
