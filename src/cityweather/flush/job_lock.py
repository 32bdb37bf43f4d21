"""Which jobs are live, and whose turn it is: the lock that decides who flushes."""

from django.db import connection

from cityweather.models import BulkJob

_COMMANDS: dict[str, str] = {
    BulkJob.Phase.PAUSED: "pause",
    BulkJob.Phase.CANCELLING: "cancel",
    BulkJob.Phase.FAILING: "fail",
}


def command(job: BulkJob) -> str:
    """How the phase of the job's row reads as a command in the tracker's hash."""
    return _COMMANDS.get(job.phase, "")


def live() -> list[BulkJob]:
    """Oldest first."""
    return list(BulkJob.objects.live().order_by("created_at"))


def lock(job_id: str) -> BulkJob | None:
    """The job's row, locked until the transaction ends; None when another flusher has it or it has ended.

    SQLite needs no row lock: its transactions begin IMMEDIATE, so there is one writer at a time.
    """
    rows = BulkJob.objects.live().filter(pk=job_id)
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True)
    return rows.first()
