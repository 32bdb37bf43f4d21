"""What people say to a running job: first into the database, then copied to the tracker by every tick."""

from typing import Any

from django.db import transaction

from cityweather.flush import jobs
from cityweather.models import BulkJob
from cityweather.tracker.progress import Progress
from cityweather.tracker.tracker import Tracker


def enter(job: BulkJob, phase: BulkJob.Phase, only_from: tuple[BulkJob.Phase, ...], **changes: Any) -> bool:
    """Move the stored job to a phase, if it still is in one of those named; `changes` are columns set with it."""
    with transaction.atomic():
        stored = BulkJob.objects.select_for_update().get(pk=job.pk)
        if stored.phase not in only_from:
            return False
        stored.enter(phase)
        for name, value in changes.items():
            setattr(stored, name, value)
        stored.save(update_fields=["phase", "phases", *changes])
    job.phase = stored.phase
    return True


def sync(job: BulkJob, state: Progress, tracker: Tracker) -> str:
    """The command in force. A worker's verdict that the whole job fails goes the other way, into the database."""
    if _agree(job, state):
        return state.command
    # The caller read the row up to a second ago, and a command may have come since.
    job.refresh_from_db(fields=["phase", "max_rate"])
    wanted = jobs.command(job)
    if state.command == "fail" and wanted in ("", "pause"):
        active = (BulkJob.Phase.QUEUED, BulkJob.Phase.FETCHING, BulkJob.Phase.PAUSED)
        enter(job, BulkJob.Phase.FAILING, active, error=state.error)
        return "fail"
    if not _agree(job, state):
        copy(job, state.epoch, tracker)
    return wanted


def copy(job: BulkJob, epoch: int | None, tracker: Tracker) -> None:
    """The stored command into the tracker's hash."""
    tracker.set(str(job.job_id), epoch, command=jobs.command(job), phase=job.phase, max_rate=job.max_rate or 0)


def _agree(job: BulkJob, state: Progress) -> bool:
    return (state.command, state.max_rate) == (jobs.command(job), job.max_rate)
