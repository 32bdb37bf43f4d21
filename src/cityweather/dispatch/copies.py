"""A new job made of an ended job's rows: a retry of those that did not succeed, or a rerun."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from cityweather.dispatch.job_control import conflict
from cityweather.errors import JobConflict, JobNotFound
from cityweather.ingest import chunk_writer, open_jobs
from cityweather.ingest.chunks import ROWS, StoredRow, packed
from cityweather.ingest.importer import store_chunks
from cityweather.models import BulkJob, ImportChunk, JobResult, Status

TAKEN_OVER = ("file_name", "label", "max_rate", "refuse_ambiguous", "callback_url")  # by the new job


def retry(job_id: str, only: str | None = None, reason: str | None = None) -> BulkJob:
    """A new job of the rows of an ended job that did not succeed.

    `only`: "failed" leaves out what a cancel left pending. `reason`: one error code. The same retry again returns the
    same job while that runs, or when all its rows succeeded; else a new job of all rows that it left.
    """
    with transaction.atomic():
        old = BulkJob.objects.visible().select_for_update().filter(pk=job_id).first()
        if old is None:
            raise JobNotFound
        require_whole(old)
        wanted = f"{only or ''}:{reason or ''}"
        last = BulkJob.objects.visible().filter(retry_of=old, retry_filter=wanted).order_by("-created_at").first()
        if last and not last.ended:
            return last
        if last:
            require_whole(last)
        rows = _unfinished(last) if last else _unfinished(old, only, reason)
        if not rows.exists():
            if last:
                return last
            raise JobConflict("No rows are left to retry.")
        open_jobs.reserve(old.owner)
        job = copied(old, rows, retry_of=old, retry_filter=wanted, owner=old.owner)
    chunk_writer.write_first(job)
    return job


def _unfinished(job: BulkJob, only: str | None = None, reason: str | None = None) -> QuerySet[JobResult]:
    rows = JobResult.objects.filter(job=job).exclude(status=Status.SUCCESS)
    if only == "failed" or reason:
        rows = rows.filter(status=Status.FAILED)
    return rows.filter(error=reason) if reason else rows


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
    with transaction.atomic():
        old = BulkJob.objects.visible().select_for_update().filter(pk=job_id).first()
        if earlier := open_jobs.reserve(owner, key, request):  # although `old` may be deleted by now
            return earlier, False
        if old is None:
            raise JobNotFound
        require_whole(old)
        chosen = rows.of(old, now)
        if not chosen.exists():
            raise JobConflict("No row of this job fits, so there is nothing to refresh again.")
        job = copied(old, chosen, rerun_of=old, owner=owner, idempotency_key=key, content_hash=request)
    chunk_writer.write_first(job)
    return job, True


def require_whole(job: BulkJob) -> None:
    """Raises JobConflict unless the job has ended and all its rows are there, so that none is left out of a copy."""
    if not job.ended:
        raise conflict(job)
    if job.imported < job.total:
        if not ImportChunk.objects.filter(job=job).exists():
            raise JobConflict("Not all rows of this job could be written. Import its file again.")
        raise JobConflict("The rows of this job are still being written. Try again in a minute.")


def copied(old: BulkJob, rows: QuerySet[JobResult], **fields: Any) -> BulkJob:
    """A job of these rows, in their order, as chunks, with the options of `old`. Inside the caller's transaction.

    `fields`: what the new job does not take over from the old one.
    """
    taken = {name: getattr(old, name) for name in TAKEN_OVER}
    job = BulkJob.objects.create(**{**taken, **fields})
    found = rows.order_by("position").values_list(*StoredRow._fields).iterator(chunk_size=ROWS)
    job.total = job.rows_read = store_chunks(job, ImportChunk.Kind.COPY, packed(map(StoredRow._make, found)))
    job.save(update_fields=["total", "rows_read"])
    return job
