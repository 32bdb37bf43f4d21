"""Spool → database. Until the last step the job is in phase `reading`, which no list, poll or dispatch shows."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction

from cityweather.errors import ImportLost
from cityweather.ingest import bulk_writer
from cityweather.ingest.import_job import Clock, begin_job, database_now, renew
from cityweather.ingest.row_matching import match_rows
from cityweather.ingest.spool import Spool
from cityweather.models import BulkJob

DEAD_AFTER = timedelta(seconds=60)
SMALL_CHUNK = 5_000  # rows
OnProgress = Callable[[int], None]
"""Called with the number of rows written so far."""
log = logging.getLogger(__name__)


def import_spool(
    spool: Spool,
    *,
    owner: str = "",
    idempotency_key: str | None = None,
    callback_url: str | None = None,
    label: str = "",
    refuse_ambiguous: bool = False,
    on_progress: OnProgress | None = None,
    clock: Clock | None = None,
) -> tuple[BulkJob, bool]:
    """(the job in phase `queued`, whether this call made it). A failed import leaves nothing but City rows.

    `refuse_ambiguous`: rows that fit several places fail without a request.

    Raises TooManyJobs, KeyReused, ImportInProgress, ImportLost.
    """
    job, created = begin_job(
        spool, owner, idempotency_key or None, clock=clock,
        callback_url=callback_url, label=label, refuse_ambiguous=refuse_ambiguous,
    )  # fmt: skip
    if created:
        try:
            _Import(job, spool, on_progress).write()
        except BaseException:
            _discard_quietly(job)
            raise
    return job, created


def sweep_imports(now: datetime | None = None) -> int:
    """Delete imports whose heartbeat is older than DEAD_AFTER. Returns how many."""
    now = now or database_now()
    silent = BulkJob.objects.reading().filter(heartbeat_at__lt=now - DEAD_AFTER)
    with transaction.atomic():
        # A locked row is being written, however slowly. A writer that only slept sees the new heartbeat and stops.
        dead = [job for job in silent.select_for_update(skip_locked=True) if renew(job, now)]
    for job in dead:
        job.delete_with_rows()
        log.warning("dead_import_deleted", extra={"job_id": str(job.pk)})
    return len(dead)


def _discard_quietly(job: BulkJob) -> None:
    """Delete a failed import; its City rows stay."""
    try:
        # The last commit may have succeeded although its answer was lost: then the job is no longer in phase `reading`
        # and must stay. The update waits for a commit that is still under way.
        if BulkJob.objects.reading().filter(pk=job.pk).update(heartbeat_at=database_now()):
            job.delete_with_rows()
    except DatabaseError:
        log.warning("failed_import_left", extra={"job_id": str(job.pk)}, exc_info=True)  # the sweep deletes it


class _Import:
    def __init__(self, job: BulkJob, spool: Spool, on_progress: OnProgress | None) -> None:
        self.job, self.spool, self.on_progress = job, spool, on_progress

    def write(self) -> None:
        writer = bulk_writer.writer()
        written = 0
        for names in self.spool.names(writer.chunk):
            rows = match_rows(names)
            with transaction.atomic():
                self._renew()
                bulk_writer.write(writer, self.job, rows)
            self.job.ambiguous += sum(row.ambiguous > 0 for row in rows)
            self.job.unmatched += sum(row.unmatched for row in rows)
            written += len(rows)
            names.clear()  # or two chunks would be in memory while the next is read
            rows.clear()
            if self.on_progress:
                self.on_progress(written)
        for refused in self.spool.refused(SMALL_CHUNK):
            with transaction.atomic():
                self._renew()
                bulk_writer.refused(self.job, refused)
        with transaction.atomic():
            self._renew()
            self.job.enter(BulkJob.Phase.QUEUED.value)
            self.job.save(update_fields=["phase", "phases", "ambiguous", "unmatched"])

    def _renew(self) -> None:
        """First in each transaction: its row lock makes the sweep wait until the commit. Raises ImportLost."""
        if not renew(self.job, database_now()):
            raise ImportLost
