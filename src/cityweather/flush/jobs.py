"""Which jobs are live, and whose turn it is: the lock that decides who flushes."""

from django.db import connection

from cityweather.models import BulkJob

# How a phase of the job's row reads as a command in the tracker's hash.
COMMANDS = {
    BulkJob.Phase.PAUSED: "pause",
    BulkJob.Phase.CANCELLING: "cancel",
    BulkJob.Phase.FAILING: "fail",
}


def live() -> list[BulkJob]:
    """Jobs that are written and have not ended, oldest first."""
    return [job for job in BulkJob.objects.exclude(phase="ended").order_by("created_at") if job.phase != "reading"]


def lock(job_id: str) -> BulkJob | None:
    """The job's row, locked until the transaction ends; None when another flusher has it or it has ended.

    SQLite needs no row lock: its transactions begin IMMEDIATE, so there is one writer at a time.
    """
    rows = BulkJob.objects.filter(pk=job_id).exclude(phase__in=(BulkJob.Phase.READING, BulkJob.Phase.ENDED))
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True)
    return rows.first()
