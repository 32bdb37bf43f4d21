"""Cancel, pause, resume, rate, retry, delete. A command commits to the database first and is then copied to Redis."""

import logging

from django.db import connection, transaction
from django.db.models import QuerySet, Window
from django.db.models.functions import RowNumber
from redis.exceptions import RedisError

from cityweather.dispatch import job_commands
from cityweather.dispatch.job_commands import ACTIVE
from cityweather.errors import JobConflict, JobNotFound
from cityweather.ingest import open_jobs
from cityweather.models import BulkJob, JobResult, Status
from cityweather.runtime import connections

log = logging.getLogger(__name__)

Phase = BulkJob.Phase


def get(job_id: str) -> BulkJob:
    job = BulkJob.objects.visible().filter(pk=job_id).first()
    if job is None:
        raise JobNotFound
    return job


def cancel(job_id: str) -> BulkJob:
    """Dispatch stops at once, batches under way at their next check. Said again, the same answer."""
    return _enter(job_id, Phase.CANCELLING, ACTIVE, already=(BulkJob.Status.CANCELLED,))


def pause(job_id: str) -> BulkJob:
    """The window goes to nothing; batches under way finish."""
    return _enter(job_id, Phase.PAUSED, (Phase.QUEUED, Phase.FETCHING))


def resume(job_id: str) -> BulkJob:
    job = get(job_id)
    if job.phase in (Phase.QUEUED, Phase.FETCHING):
        return job
    return _enter(job_id, Phase.FETCHING if job.started_at else Phase.QUEUED, (Phase.PAUSED,))


def set_rate(job_id: str, per_minute: int | None) -> BulkJob:
    """`per_minute` cities at most, None for no limit, from now on."""
    job = get(job_id)
    if not BulkJob.objects.filter(pk=job.pk, phase__in=ACTIVE).update(max_rate=per_minute):
        raise _conflict(job)
    return _copied(job)


def _enter(
    job_id: str, phase: Phase, only_from: tuple[Phase, ...], already: tuple[BulkJob.Status, ...] = ()
) -> BulkJob:
    job = get(job_id)
    if job.phase != phase and job.status not in already and not job_commands.enter(job, phase, only_from):
        job = get(job_id)
        if job.phase != phase and job.status not in already:
            raise _conflict(job)
    return _copied(job)


def _conflict(job: BulkJob) -> JobConflict:
    """With what the job does now: its status may read "running" while it is being cancelled."""
    job = get(str(job.job_id))
    return JobConflict(state=job.status if job.ended else job.phase)


def _copied(job: BulkJob) -> BulkJob:
    """Tell Redis now; when it is away, the next tick tells it."""
    job = get(str(job.job_id))
    try:
        if not job.ended:
            job_commands.copy(job, None, connections.tracker())
    except RedisError:
        log.warning("command_not_copied", extra={"job_id": str(job.job_id)})
    return job


def retry(job_id: str, only: str | None = None, reason: str | None = None) -> BulkJob:
    """A new job of the rows of an ended job that did not succeed. Said twice, the same job twice.

    `only`: "failed" leaves out what a cancel left pending. `reason`: one error code.
    """
    with transaction.atomic():
        old = BulkJob.objects.visible().select_for_update().filter(pk=job_id).first()
        if old is None:
            raise JobNotFound
        if not old.ended:
            raise _conflict(old)
        wanted = f"{only or ''}:{reason or ''}"
        again = BulkJob.objects.visible().filter(retry_of=old, retry_filter=wanted).first()
        if again:
            return again
        rows = _unfinished(old, only, reason)
        if not rows.exists():
            raise JobConflict("No rows are left to retry.")
        open_jobs.enter_alone(old.owner)
        open_jobs.check(old.owner, None)
        return _copy(old, rows, wanted)


def _unfinished(job: BulkJob, only: str | None, reason: str | None) -> QuerySet[JobResult]:
    rows = JobResult.objects.filter(job=job).exclude(status=Status.SUCCESS)
    if only == "failed" or reason:
        rows = rows.filter(status=Status.FAILED)
    return rows.filter(error=reason) if reason else rows


def _copy(old: BulkJob, rows: QuerySet[JobResult], wanted: str) -> BulkJob:
    job = BulkJob.objects.create(
        retry_of=old,
        retry_filter=wanted,
        owner=old.owner,
        file_name=old.file_name,
        max_rate=old.max_rate,
        callback_url=old.callback_url,  # who wanted to hear of the job wants to hear of its rest
    )
    chosen = rows.annotate(dense=Window(RowNumber(), order_by="position")).values_list("dense", "city_id", "line")
    select, values = chosen.query.sql_with_params()
    into = "INSERT INTO cityweather_jobresult (job_id, position, city_id, line)"
    stored_id = job.job_id.hex if connection.vendor == "sqlite" else job.job_id
    with connection.cursor() as cursor:
        # One statement: a million rows need not travel through this process.
        cursor.execute(f"{into} SELECT %s, s.dense - 1, s.city_id, s.line FROM ({select}) s", [stored_id, *values])  # noqa: S608
        job.total = job.rows_read = cursor.rowcount
    job.enter(Phase.QUEUED)
    job.save(update_fields=["total", "rows_read", "phase", "phases"])
    return job


def delete(job_id: str) -> None:
    """An ended job with its results, whose rows the pruning deletes in its own time. Cities stay."""
    job = get(job_id)
    if not BulkJob.objects.filter(pk=job.pk).hide():
        raise _conflict(job)
    try:
        connections.tracker().forget(job_id)
    except RedisError:
        log.warning("keys_left_to_expire", extra={"job_id": job_id})
