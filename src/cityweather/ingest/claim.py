"""Inserts an import's job, once for each Idempotency-Key however many ask at the same time."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from cityweather.errors import ImportInProgress, KeyReused, TooManyJobs
from cityweather.ingest.spool import Spool
from cityweather.models import BulkJob

PAUSE = 0.2  # seconds between two looks at the job of the one who came first
WAIT = 30.0  # seconds; proxies give up after 60
ASK_AGAIN = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Clock:
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def check_open_jobs(owner: str) -> None:
    """Raises TooManyJobs when this key has IMPORT_MAX_OPEN_JOBS that have not ended."""
    limit = settings.IMPORT_MAX_OPEN_JOBS
    open_jobs = BulkJob.objects.filter(owner=owner).exclude(status__in=BulkJob.ENDED).count()
    if open_jobs >= limit:
        raise TooManyJobs(open_jobs=open_jobs, limit=limit)


def claim(
    spool: Spool, owner: str, key: str | None, callback_url: str | None, clock: Clock | None = None
) -> tuple[BulkJob, bool]:
    """(the job, whether it is new, so that the caller writes it). Raises TooManyJobs, KeyReused, ImportInProgress."""
    clock = clock or Clock()
    deadline = clock.now() + WAIT
    while True:
        job = key and BulkJob.objects.filter(owner=owner, idempotency_key=key).first()
        if not job:
            check_open_jobs(owner)
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
    now = timezone.now()
    try:
        with transaction.atomic():
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
