"""Inserts an import's job, once for each Idempotency-Key however many ask at the same time."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from cityweather.errors import ImportInProgress, KeyReused, TooManyJobs
from cityweather.ingest.heartbeat import database_now
from cityweather.ingest.spool import Spool
from cityweather.models import BulkJob

PAUSE = 0.2  # seconds between two looks at the job of the one who came first
WAIT = 30.0  # seconds; proxies give up after 60
ASK_AGAIN = 5.0  # seconds
JOBS_WAIT = 30.0  # seconds after which one of the open jobs may have ended


@dataclass(frozen=True, slots=True)
class Clock:
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def check_open_jobs(owner: str, key: str | None) -> None:
    """Raises TooManyJobs when the owner has IMPORT_MAX_OPEN_JOBS that have not ended, none of them by this key."""
    if key and BulkJob.objects.filter(owner=owner, idempotency_key=key).exists():
        return
    limit = settings.IMPORT_MAX_OPEN_JOBS
    open_jobs = BulkJob.objects.filter(owner=owner).exclude(status__in=BulkJob.ENDED).count()
    if open_jobs >= limit:
        raise TooManyJobs(open_jobs=open_jobs, limit=limit, retry_after=JOBS_WAIT)


def begin_job(
    spool: Spool, owner: str, key: str | None, callback_url: str | None, clock: Clock | None = None
) -> tuple[BulkJob, bool]:
    """(the job, whether it is new, so that the caller writes it). Raises TooManyJobs, KeyReused, ImportInProgress."""
    clock = clock or Clock()
    deadline = clock.now() + WAIT
    while True:
        job = key and BulkJob.objects.filter(owner=owner, idempotency_key=key).first()
        if not job:
            if job := _insert(spool, owner, key, callback_url):
                return job, True
            continue  # another was quicker
        if job.content_hash != spool.content_hash:
            raise KeyReused
        if job.phase != BulkJob.Phase.READING:
            return job, False
        if clock.now() >= deadline:
            raise ImportInProgress(retry_after=ASK_AGAIN)
        clock.sleep(PAUSE)


def _insert(spool: Spool, owner: str, key: str | None, callback_url: str | None) -> BulkJob | None:
    now = database_now()
    try:
        with transaction.atomic():
            enter_alone(owner)
            check_open_jobs(owner, key)
            return BulkJob.objects.create(
                phases=[[BulkJob.Phase.READING.value, now.isoformat(timespec="seconds")]],
                total=spool.total,
                rows_read=spool.rows_read,
                duplicates=spool.duplicates,
                rejected=spool.rejected,
                file_name=spool.file_name,
                content_hash=spool.content_hash,
                owner=owner,
                idempotency_key=key,
                callback_url=callback_url,
                created_at=now,
                heartbeat_at=now,
            )
    except IntegrityError:
        if key is None:
            raise
        return None


def enter_alone(owner: str) -> None:
    """Until the transaction ends: of all who count this owner's jobs and see room for one more, one is right."""
    if connection.vendor == "postgresql":  # on SQLite the transaction itself lets nobody else begin one
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('cityweather.import'), hashtext(%s))", [owner])
