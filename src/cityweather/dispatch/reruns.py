"""Refresh the rows of an ended job again, as a new job."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.db.models import Q, QuerySet

from cityweather.dispatch.job_control import copied, require_whole
from cityweather.errors import JobConflict, JobNotFound, KeyReused
from cityweather.ingest import chunk_writer, open_jobs
from cityweather.models import BulkJob, JobResult, Status


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows: those that are `only` ("failed" or "ambiguous"), and whose city was last refreshed so long ago."""

    only: str | None = None
    older_than: timedelta | None = None

    def of(self, job: BulkJob, now: datetime) -> QuerySet[JobResult]:
        rows = JobResult.objects.filter(job=job)
        if self.only == "failed":
            rows = rows.filter(status=Status.FAILED)
        if self.only == "ambiguous":
            rows = rows.filter(ambiguous__gt=0)
        if self.older_than is not None:
            before = now - self.older_than
            rows = rows.filter(Q(city__last_refreshed_at__lt=before) | Q(city__last_refreshed_at=None))
        return rows


def rerun(job_id: str, rows: Rows, *, owner: str, key: str | None, now: datetime) -> tuple[BulkJob, bool]:
    """(the new job, whether this call made it). `key`: the Idempotency-Key, by which a second call finds the first's.

    Raises JobNotFound, JobConflict, KeyReused, TooManyJobs.
    """
    request = sha256(f"rerun {job_id} {rows}".encode()).hexdigest()
    if earlier := _earlier(owner, key, request):
        return earlier, False
    with transaction.atomic():
        old = BulkJob.objects.visible().select_for_update().filter(pk=job_id).first()
        if old is None:
            raise JobNotFound
        open_jobs.enter_alone(owner)
        if earlier := _earlier(owner, key, request):  # a call at the same time was quicker
            return earlier, False
        require_whole(old)
        chosen = rows.of(old, now)
        if not chosen.exists():
            raise JobConflict("No row of this job fits, so there is nothing to refresh again.")
        open_jobs.check(owner, None)
        job = copied(old, chosen, rerun_of=old, owner=owner, idempotency_key=key, content_hash=request)
    chunk_writer.write_first(job)
    return job, True


def _earlier(owner: str, key: str | None, request: str) -> BulkJob | None:
    job = BulkJob.objects.filter(owner=owner, idempotency_key=key).first() if key else None
    if job and job.content_hash != request:
        raise KeyReused("This Idempotency-Key was used with another request. Send another key.")
    return job
